//! Outages as their rows tell them, in Unix time.

use super::super::fresh::Fresh;
use super::super::kinds::Happening;
use super::super::memory::Row;
use super::{Boot, Happened, Reader, Span, Unreadable};
use rebootping_core::history::outages::{Outage, Trouble};
use rusqlite::OptionalExtension;

/// More than fit into the file are not read.
const MOST: usize = 20_000;
/// The history is written at least every few minutes. When it was not for so long, nobody knows whether an outage goes on.
const STALE: i64 = 15 * 60 * 1_000_000_000;
/// All times there are.
const ALWAYS: Span = Span { from: i64::MIN / 2, until: i64::MAX / 2 };

/// An outage. Times here are Unix time, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptOutage {
    /// What the row says.
    pub(crate) outage: Outage,
    /// When its row says that it came to count.
    pub(crate) row: i64,
    /// When it began.
    pub(crate) begin: i64,
    /// Whether and when it ended.
    pub(crate) end: End,
    /// What is to be added to the times of its troubles to have Unix time.
    pub(crate) ahead: i64,
}

/// The end of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Then.
    At(i64),
    /// It goes on.
    GoesOn,
    /// Not before then: there the record breaks off.
    NotBefore(i64),
}

impl Reader {
    /// All outages that went on at that time or later, in the order in which they began; `now` is the wall clock, and `fresh` what the
    /// file does not have yet.
    pub(crate) fn outages(&self, since: i64, now: i64, fresh: &Fresh) -> Result<Vec<KeptOutage>, Unreadable> {
        let (boots, running) = self.boots_with(fresh)?;
        let rows = self.rows(fresh, running.as_ref())?;
        let heard = match running {
            Some(boot) => Some((boot.id, now)),
            None => self.last_heard(&boots)?,
        };
        let mut kept: Vec<KeptOutage> = Vec::new();
        // The newest first: what came later in the same boot says that an earlier one is over.
        let mut later: Option<i64> = None;
        for row in rows.into_iter().rev() {
            let Ok(outage) = serde_json::from_str::<Outage>(&row.body) else { continue };
            let Some(boot) = boots.iter().find(|boot| boot.id == row.boot) else { continue };
            let is_of_links = |trouble: &Trouble| trouble.link.is_some();
            let is_newest = !outage.troubles.iter().any(is_of_links) || later != Some(boot.id);
            let known = heard.filter(|(of, _)| *of == boot.id && is_newest).map(|(_, at)| at);
            let end = match (outage.end(), known) {
                (Some(end), _) => End::At(wall(end.as_nanos(), boot.ahead)),
                (None, Some(at)) if now.saturating_sub(at) < STALE => End::GoesOn,
                (None, known) => End::NotBefore(known.unwrap_or(row.wall)),
            };
            if outage.troubles.iter().any(is_of_links) {
                later = Some(boot.id);
            }
            let (began_in, ended) = (began_in(&outage, boot, &boots), end.known());
            let begin = began_in.map(|boot| wall(outage.begin().as_nanos(), boot.ahead));
            let begin = begin.or(ended).unwrap_or(row.wall);
            if ended.is_none_or(|ended| ended >= since) {
                kept.push(KeptOutage { outage, row: row.wall, begin, end, ahead: boot.ahead });
            }
        }
        kept.sort_by_key(|outage| outage.begin);
        Ok(kept)
    }

    /// The rows of all, the oldest first: what memory says of one stands for what the file does.
    fn rows(&self, fresh: &Fresh, running: Option<&Boot>) -> Result<Vec<Happened>, Unreadable> {
        let mut rows = self.happened(Happening::Outage, ALWAYS, MOST)?;
        let Some(boot) = running else { return Ok(rows) };
        for row in fresh.rows.iter().filter(|row| row.kind == Happening::Outage && row.boot.is_none()) {
            let wall = wall(row.at.as_nanos(), boot.ahead);
            let Row { subject, body, .. } = row.clone();
            let row = Happened { boot: boot.id, wall, subject, body };
            let is_it = |known: &Happened| (known.boot, known.wall, &known.subject) == (row.boot, wall, &row.subject);
            match rows.iter().position(is_it) {
                Some(place) => rows[place] = row,
                None => rows.push(row),
            }
        }
        rows.sort_by_key(|row| (row.boot, row.wall));
        Ok(rows)
    }

    /// The boot in which the judge was last heard of, and when that came to the disk.
    fn last_heard(&self, boots: &[Boot]) -> Result<Option<(i64, i64)>, Unreadable> {
        let question = "SELECT boot, at FROM stream
            WHERE hour = (SELECT coalesce(max(value), 0) FROM state WHERE name = 'hour') ORDER BY slot DESC LIMIT 1";
        let last: Option<(i64, i64)> =
            self.connection.query_row(question, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(last.and_then(|(id, at)| {
            let boot = boots.iter().find(|boot| boot.id == id)?;
            Some((id, at.saturating_add(boot.ahead)))
        }))
    }
}

impl End {
    /// When it ended, or was last known to go on.
    pub(crate) fn known(self) -> Option<i64> {
        match self {
            Self::At(at) | Self::NotBefore(at) => Some(at),
            Self::GoesOn => None,
        }
    }
}

/// The boot by whose time it began; none if that is no longer known.
fn began_in<'a>(outage: &Outage, ended_in: &'a Boot, boots: &'a [Boot]) -> Option<&'a Boot> {
    match &outage.began_in {
        None => Some(ended_in),
        Some(name) => boots.iter().find(|boot| boot.name == *name),
    }
}

fn wall(at: u64, ahead: i64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX).saturating_add(ahead)
}

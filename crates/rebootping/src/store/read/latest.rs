//! What happened, the newest first, page by page: rows of all kinds in one order, those that memory has among them.

use super::super::boots::of_time;
use super::super::fresh::Fresh;
use super::super::kinds::Happening;
use super::super::memory::Row;
use super::{Boot, Reader, Span, Unreadable};
use crate::clock::Moment;
use rusqlite::params;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Rows of one instant that a page's end may cut apart.
const AT_ONE_INSTANT: usize = 256;

/// Where a row stands in the order of all: by boot, by the time since it, and where that is the same, by what it says. It is the same
/// before and after the disk has the row, and whatever the wall clock does meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    boot: i64,
    at: i64,
    mark: u32,
}

/// Something that happened, and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Placed {
    /// Its place, by which the next page is asked for.
    pub(crate) place: Place,
    /// What kind of thing it is.
    pub(crate) kind: Happening,
    /// When, in nanoseconds since 1970.
    pub(crate) wall: i64,
    /// What it is about.
    pub(crate) subject: String,
    /// All of it, as JSON.
    pub(crate) body: String,
}

/// Which rows are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Which<'a> {
    /// Of these kinds.
    pub(crate) kinds: &'a [Happening],
    /// About these; about all if there are none. An order is about whatever it mentions.
    pub(crate) subjects: &'a [String],
    /// Before this one.
    pub(crate) before: Option<Place>,
    /// At most so many.
    pub(crate) most: usize,
}

impl Reader {
    /// What happened, the newest first.
    pub(crate) fn latest(&self, which: &Which<'_>, fresh: &Fresh) -> Result<Vec<Placed>, Unreadable> {
        let (mut boots, running) = self.boots_with(fresh)?;
        boots.retain(|boot| which.before.is_none_or(|before| boot.id <= before.boot));
        let mut found = BTreeSet::new();
        let mut placed = Vec::new();
        let mut add = |placed: &mut Vec<Placed>, row: Placed| {
            if which.before.is_none_or(|before| row.place < before) && found.insert((row.place, row.kind)) {
                placed.push(row);
            }
        };
        let of_memory = fresh.rows.iter().filter(|row| row.boot.is_none() && which.names(row));
        if let Some(boot) = running {
            of_memory.for_each(|row| add(&mut placed, Placed::of(row, &boot)));
        }
        for boot in boots.iter().rev() {
            if placed.iter().filter(|row| row.place.boot > boot.id).count() >= which.most {
                break;
            }
            for kind in which.kinds {
                self.latest_of(which, *kind, boot)?.into_iter().for_each(|row| add(&mut placed, row));
            }
        }
        placed.sort_by_key(|row| Reverse(row.place));
        placed.truncate(which.most);
        Ok(placed)
    }

    /// What happened of a kind about something in a time, and what did last before it, if anything; the oldest first, of too many the
    /// newest.
    pub(crate) fn within(
        &self,
        kind: Happening,
        subject: &str,
        span: Span,
        most: usize,
        fresh: &Fresh,
    ) -> Result<(Option<Placed>, Vec<Placed>), Unreadable> {
        let (boots, running) = self.boots_with(fresh)?;
        let subjects = [subject.to_owned()];
        let mut rows: BTreeMap<Place, Placed> = BTreeMap::new();
        let which =
            |before| Which { kinds: &[], subjects: &subjects, before: Some(before), most: most.saturating_add(1) };
        for boot in boots.iter().rev() {
            let is_enough = rows.len() > most || rows.values().any(|row| row.wall < span.from);
            if is_enough {
                break;
            }
            let end = Place { boot: boot.id, at: span.until.saturating_sub(boot.ahead), mark: 0 };
            let found = self.latest_of(&which(end), kind, boot)?;
            rows.extend(found.into_iter().filter(|row| row.place < end).map(|row| (row.place, row)));
        }
        if let Some(boot) = running {
            let its = fresh.rows.iter().filter(|row| row.boot.is_none() && row.kind == kind && row.subject == subject);
            rows.extend(
                its.map(|row| Placed::of(row, &boot)).filter(|row| row.wall < span.until).map(|row| (row.place, row)),
            );
        }
        let (before, mut rows): (Vec<Placed>, Vec<Placed>) = rows.into_values().partition(|row| row.wall < span.from);
        let mut before = before.into_iter().next_back();
        let surplus = rows.len().saturating_sub(most);
        before = rows.drain(..surplus).next_back().or(before);
        Ok((before, rows))
    }

    /// All boots, and that which runs, which the file may not know yet.
    pub(crate) fn boots_with(&self, fresh: &Fresh) -> Result<(Vec<Boot>, Option<Boot>), Unreadable> {
        let mut boots = self.boots()?;
        if fresh.boot.is_empty() {
            return Ok((boots, None));
        }
        if let Some(boot) = boots.iter().find(|boot| boot.name == fresh.boot) {
            let running = boot.clone();
            return Ok((boots, Some(running)));
        }
        let id = boots.iter().map(|boot| boot.id).max().unwrap_or(0).saturating_add(1);
        let running = Boot { id, name: fresh.boot.clone(), began: 0, ahead: Moment::now().ahead() };
        boots.push(running.clone());
        Ok((boots, Some(running)))
    }

    fn latest_of(&self, which: &Which<'_>, kind: Happening, boot: &Boot) -> Result<Vec<Placed>, Unreadable> {
        let up_to = which.before.filter(|before| before.boot == boot.id).map_or(i64::MAX, |before| before.at);
        // Those of the same instant as the last of the page before are read once more.
        let most = which.most.saturating_add(AT_ONE_INSTANT) as i64;
        let subjects: Vec<Option<&str>> = match which.subjects {
            [] => vec![None],
            some => some.iter().map(|subject| Some(subject.as_str())).collect(),
        };
        let mut found = Vec::new();
        for subject in subjects {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT at, subject, body FROM {} WHERE boot = ?1 AND at <= ?2 AND (?3 IS NULL OR {})
                 ORDER BY at DESC LIMIT ?4",
                kind.table(),
                if kind == Happening::Audit { "instr(body, ?3)" } else { "subject = ?3" },
            ))?;
            let rows = statement.query_map(params![boot.id, up_to, subject, most], |row| {
                Ok(Placed::new(kind, boot, row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
            for row in rows {
                found.push(row?);
            }
        }
        Ok(found)
    }
}

impl Which<'_> {
    fn names(&self, row: &Row) -> bool {
        let is_about = |subject: &String| match row.kind {
            Happening::Audit => row.body.contains(subject),
            Happening::Verdict | Happening::Applied | Happening::Outage | Happening::Event => row.subject == *subject,
        };
        self.kinds.contains(&row.kind) && (self.subjects.is_empty() || self.subjects.iter().any(is_about))
    }
}

impl Placed {
    fn new(kind: Happening, boot: &Boot, at: i64, subject: String, body: String) -> Self {
        // One that goes on is told anew as it does, and stays the same.
        let said = if kind == Happening::Outage { "" } else { &body };
        let mark = mark(&[kind.table(), &subject, said]);
        let wall = at.saturating_add(boot.ahead);
        Self { place: Place { boot: boot.id, at, mark }, kind, wall, subject, body }
    }

    fn of(row: &Row, boot: &Boot) -> Self {
        Self::new(row.kind, boot, of_time(row.at), row.subject.clone(), row.body.clone())
    }
}

/// Tells apart what happened at one instant (FNV-1a, 32 bits).
fn mark(parts: &[&str]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0x811c_9dc5, |mark, byte| (mark ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Hexadecimal digits of one length, so that their order as text is the order of places.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:016x}{:08x}", self.boot, self.at, self.mark)
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = |from: usize, to: usize| text.get(from..to).and_then(|part| i64::from_str_radix(part, 16).ok());
        let read = || {
            let (boot, at, mark) = (number(0, 8)?, number(8, 24)?, number(24, 32)?);
            Some(Self { boot, at, mark: u32::try_from(mark).ok()? })
        };
        is_digits.then(read).flatten().ok_or("this is no event's id")
    }
}

//! The hour that is not over: from the observer, which has it in memory, or from what the disk has of it.

use super::super::boots::of_time;
use super::super::fresh::Fresh;
use super::super::hour::{Hour, Made, Wanted};
use super::super::kinds::Stretch;
use super::super::memory::{Block, Part, Sum};
use super::super::stream::{self, Heard};
use super::{Boot, Found, Reader, Unreadable};
use crate::clock::{self, Moment};
use crate::ipc::observer::Fact;
use crate::observer::questions;
use rebootping_core::link::Family;
use rebootping_core::time::Time;
use std::io;
use std::path::Path;

/// One series of an hour that is not over, as its block would have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// Of what.
    pub(crate) kind: Stretch,
    /// Which series.
    pub(crate) series: String,
    /// Its bytes, and when.
    pub(crate) found: Found,
}

impl Reader {
    /// The hour that is not over, as far as the disk has it: all kinds, all series.
    pub(crate) fn open_hour(&self) -> Result<Vec<Open>, Unreadable> {
        let heard = stream::read(&self.connection)?;
        let boots = self.boots()?;
        Ok(boots.iter().flat_map(|boot| opened(&heard, boot).0).collect())
    }

    /// What was moved in it, likewise.
    pub(crate) fn open_sums(&self) -> Result<Vec<Sum>, Unreadable> {
        let heard = stream::read(&self.connection)?;
        let boots = self.boots()?;
        Ok(boots.iter().flat_map(|boot| opened(&heard, boot).1).collect())
    }

    /// What the file does not have yet, as memory has it: stretches of hours that are over, and of the one that is not as if it ended
    /// now. Where memory said nothing, the file's own hour.
    pub(crate) fn open_hour_of(&self, fresh: &Fresh) -> Result<Vec<Open>, Unreadable> {
        let (_, running) = self.boots_with(fresh)?;
        let Some(boot) = running else { return self.open_hour() };
        let heard = Heard { boot: boot.id, at: of_time(clock::now()), bytes: fresh.hour.clone() };
        let (mut open, _) = opened(&[heard], &boot);
        open.extend(fresh.blocks.iter().filter(|block| block.boot.is_none()).flat_map(|block| as_found(block, &boot)));
        let mut missing = Vec::new();
        for open in open {
            if !self.has_block(&open)? {
                missing.push(open);
            }
        }
        Ok(missing)
    }

    /// Whether it came to the file after memory was asked.
    fn has_block(&self, open: &Open) -> Result<bool, Unreadable> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM block WHERE kind = ?1 AND boot = ?2 AND begins = ?3")?;
        Ok(statement.exists([open.kind.number(), open.found.boot, open.found.begins])?)
    }

    /// What is in no block yet of some series, samples or minutes of traffic: of the observer with this run folder, which has it in
    /// memory, else what the disk has of it.
    pub(crate) fn recent(&self, run: &Path, wanted: &Wanted) -> Result<Vec<Open>, Unreadable> {
        let is_wanted = |open: &Open| {
            matches!(open.kind, Stretch::Samples | Stretch::TrafficMinutes) && open.series.starts_with(&wanted.series)
        };
        match self.recent_of_observer(run, wanted) {
            Ok(parts) => Ok(parts),
            Err(_) => Ok(self.open_hour()?.into_iter().filter(is_wanted).collect()),
        }
    }

    fn recent_of_observer(&self, run: &Path, wanted: &Wanted) -> io::Result<Vec<Open>> {
        let boot = self.boots().map_err(|why| io::Error::other(why.to_string()))?.pop();
        let Some(boot) = boot else { return Ok(Vec::new()) };
        let (begins, ends) = (of_time(wanted.since), i64::MAX);
        let parts: Vec<Part> = serde_json::from_str(&questions::ask(run, Fact::Recent(wanted.clone()))?)?;
        let is_traffic = |series: &str| !Family::ALL.iter().any(|family| series.starts_with(family.name()));
        let open = |Part { series, bytes }| Open {
            kind: if is_traffic(&series) { Stretch::TrafficMinutes } else { Stretch::Samples },
            series,
            found: Found { boot: boot.id, ahead: boot.ahead, begins, ends, bytes },
        };
        Ok(parts.into_iter().map(open).collect())
    }

    /// What the series that begin so moved in the hour that is not over: the observer's, or what the disk has of it.
    pub(crate) fn recent_sums(&self, run: &Path, beginning: &str) -> Result<Vec<Sum>, Unreadable> {
        let asked = questions::ask(run, Fact::Moved(beginning.to_owned()));
        let told = asked.and_then(|answer| Ok(serde_json::from_str(&answer)?));
        let of_disk = || Ok(self.open_sums()?.into_iter().filter(|sum| sum.series.starts_with(beginning)).collect());
        told.or_else(|_| of_disk())
    }
}

/// What an hour would become if it ended now, of what was heard of it in one boot: its blocks, and what was moved in it.
fn opened(heard: &[Heard], boot: &Boot) -> (Vec<Open>, Vec<Sum>) {
    let of_boot: Vec<_> = heard.iter().filter(|heard| heard.boot == boot.id).cloned().collect();
    let last = of_boot.iter().map(|heard| u64::try_from(heard.at).unwrap_or(0)).max();
    let Some(last) = last else { return (Vec::new(), Vec::new()) };
    let then = Moment::of_boot(Time::from_nanos(last), boot.ahead);
    let mut hour = Hour::new(then.time(), &boot.name, clock::zone());
    hour.recall(&of_boot, then);
    let (mut open, mut sums) = (Vec::new(), Vec::new());
    for made in hour.turn(then) {
        match made {
            Made::Block(block) => open.extend(as_found(&block, boot)),
            Made::Sum(sum) => sums.push(sum),
            // The disk has it already.
            Made::Row(_) => {}
        }
    }
    (open, sums)
}

/// The series of a block.
fn as_found(block: &Block, boot: &Boot) -> Vec<Open> {
    let (begins, ends) = (of_time(block.begins), of_time(block.ends));
    let (boot, ahead) = (boot.id, boot.ahead);
    let open = block.parts.iter().map(|Part { series, bytes }| Open {
        kind: block.kind,
        series: series.clone(),
        found: Found { boot, ahead, begins, ends, bytes: bytes.clone() },
    });
    open.collect()
}

//! The hour that is not over: from the observer, which has it in memory, or from what the disk has of it.

use super::super::boots::of_time;
use super::super::fresh::Fresh;
use super::super::hour::{Hour, Made, Wanted};
use super::super::kinds::Stretch;
use super::super::memory::{Block, Part};
use super::super::stream::{self, Heard};
use super::{Boot, Found, Reader, Unreadable};
use crate::clock::{self, Moment};
use crate::ipc::observer::Fact;
use crate::observer::questions;
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
    /// What the hour that is not over would become if it ended now, as far as the disk has it: all kinds, all series.
    pub(crate) fn open_hour(&self) -> Result<Vec<Open>, Unreadable> {
        let heard = stream::read(&self.connection)?;
        let boots = self.boots()?;
        Ok(boots.iter().flat_map(|boot| opened(&heard, boot)).collect())
    }

    /// What the file does not have yet, as memory has it: stretches of hours that are over, and of the one that is not as if it ended
    /// now. Where memory said nothing, the file's own hour.
    pub(crate) fn open_hour_of(&self, fresh: &Fresh) -> Result<Vec<Open>, Unreadable> {
        let (_, running) = self.boots_with(fresh)?;
        let Some(boot) = running else { return self.open_hour() };
        let heard = Heard { boot: boot.id, at: of_time(clock::now()), bytes: fresh.hour.clone() };
        let mut open = opened(&[heard], &boot);
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

    /// The samples that the observer with this run folder has in no block yet. `NotFound` and `ConnectionRefused` mean there is none.
    pub(crate) fn recent(&self, run: &Path, wanted: Wanted) -> io::Result<Vec<Found>> {
        let boot = self.boots().map_err(|why| io::Error::other(why.to_string()))?.pop();
        let Some(boot) = boot else { return Ok(Vec::new()) };
        let (begins, ends) = (of_time(wanted.since), i64::MAX);
        let parts: Vec<Part> = serde_json::from_str(&questions::ask(run, Fact::Recent(wanted))?)?;
        let found = |part: Part| Found { boot: boot.id, ahead: boot.ahead, begins, ends, bytes: part.bytes };
        Ok(parts.into_iter().map(found).collect())
    }
}

/// What an hour would become if it ended now: what was heard of it in one boot.
fn opened(heard: &[Heard], boot: &Boot) -> Vec<Open> {
    let of_boot: Vec<_> = heard.iter().filter(|heard| heard.boot == boot.id).cloned().collect();
    let Some(last) = of_boot.iter().map(|heard| u64::try_from(heard.at).unwrap_or(0)).max() else { return Vec::new() };
    let then = Moment::of_boot(Time::from_nanos(last), boot.ahead);
    let mut hour = Hour::new(then.time(), &boot.name);
    hour.recall(&of_boot, then);
    let blocks = hour.turn(then).into_iter().filter_map(|made| match made {
        Made::Block(block) => Some(block),
        Made::Row(_) | Made::Sum(_) => None,
    });
    blocks.flat_map(|block| as_found(&block, boot)).collect()
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

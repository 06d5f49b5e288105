//! The hour that is not over: from the observer, which has it in memory, or from what the disk has of it.

use super::super::boots::of_time;
use super::super::hour::{Hour, Made, Wanted};
use super::super::kinds::Stretch;
use super::super::memory::Part;
use super::super::stream;
use super::{Found, Reader, Unreadable};
use crate::clock::Moment;
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
        let mut open = Vec::new();
        for boot in self.boots()? {
            let of_boot: Vec<_> = heard.iter().filter(|heard| heard.boot == boot.id).cloned().collect();
            let Some(last) = of_boot.iter().map(|heard| u64::try_from(heard.at).unwrap_or(0)).max() else { continue };
            let then = Moment::of_boot(Time::from_nanos(last), boot.ahead);
            let mut hour = Hour::new(then.time());
            hour.recall(&of_boot, then);
            for made in hour.turn(then) {
                let Made::Block(block) = made else { continue };
                let (begins, ends) = (of_time(block.begins), of_time(block.ends));
                open.extend(block.parts.into_iter().map(|Part { series, bytes }| Open {
                    kind: block.kind,
                    series,
                    found: Found { boot: boot.id, ahead: boot.ahead, begins, ends, bytes },
                }));
            }
        }
        Ok(open)
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

//! Names that nobody answers, while links do.

use super::told::{Noticed, Outage, Place, Trouble};
use crate::time::Time;
use core::time::Duration;

/// So many spans running must be silent.
const SPANS: u32 = 2;
/// Nobody has asked for so long: whether names are answered again is not known, and it is over.
const FORGOTTEN: Duration = Duration::from_secs(5 * 60);

/// How names were answered lately.
#[derive(Clone, Default, Debug)]
pub(super) struct Names {
    pub(super) silent: Option<Silent>,
}

/// Names have not been answered.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Silent {
    /// When the first silent span began.
    pub(super) begin: Time,
    /// How many there were.
    pub(super) spans: u32,
    /// When the last one ended.
    pub(super) last: Time,
    /// When there were enough.
    pub(super) counted: Time,
}

impl Names {
    /// A span of time in which names were asked for is over; hands out what there is to tell.
    pub(super) fn handle_span(&mut self, from: Time, to: Time, answered: bool, links_answer: bool) -> Option<Outage> {
        if answered || !links_answer {
            let over = if answered { Some(from) } else { None };
            return self.end(over);
        }
        let silent = self.silent.get_or_insert(Silent { begin: from, ..Silent::default() });
        silent.spans = silent.spans.saturating_add(1);
        silent.last = to;
        if silent.spans != SPANS {
            return None;
        }
        silent.counted = to;
        silent.outage(None)
    }

    /// Ends what nobody has asked about for long.
    pub(super) fn handle_wake(&mut self, now: Time) -> Option<Outage> {
        let is_forgotten = |silent: &Silent| now.since(silent.last) > FORGOTTEN;
        if self.silent.as_ref().is_some_and(is_forgotten) { self.end(None) } else { None }
    }

    /// It is over, then, or when the last silent span was.
    pub(super) fn end(&mut self, at: Option<Time>) -> Option<Outage> {
        let silent = self.silent.take()?;
        silent.outage(Some(at.unwrap_or(silent.last)))
    }
}

impl Silent {
    fn outage(&self, end: Option<Time>) -> Option<Outage> {
        let trouble = Trouble { place: Place::Names, link: None, is_out: false, begin: self.begin, end };
        (self.spans >= SPANS).then(|| Outage::of(trouble, Noticed::NothingWorked, self.counted))
    }
}

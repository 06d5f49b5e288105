//! Names that nobody answers, while links do.

use super::{Noticed, Outage, Place, Trouble};
use core::time::Duration;

/// Fewer questions in a span say nothing when they are not answered.
const ENOUGH: u32 = 5;
/// So many spans running must be silent.
const SPANS: u32 = 2;

/// How names were answered lately.
#[derive(Clone, Default, Debug)]
pub(super) struct Names {
    /// When the first silent span began, and how many there were.
    silent: Option<(Duration, u32)>,
    /// When the last silent span ended.
    last: Duration,
}

impl Names {
    /// A span of time in which names were asked for; hands out the outage that it ends.
    pub(super) fn handle_span(
        &mut self,
        (from, to): (Duration, Duration),
        asked: u32,
        answered: u32,
        links_answer: bool,
    ) -> Option<Outage> {
        if answered > 0 || !links_answer {
            let over = self.outage(Some(if links_answer { from } else { self.last }));
            self.silent = None;
            return over;
        }
        if asked >= ENOUGH {
            let (begin, spans) = self.silent.unwrap_or((from, 0));
            (self.silent, self.last) = (Some((begin, spans.saturating_add(1))), to);
        }
        None
    }

    /// The outage that goes on, if there is one.
    pub(super) fn take(&mut self) -> Option<Outage> {
        let outage = self.outage(None);
        self.silent = None;
        outage
    }

    fn outage(&self, end: Option<Duration>) -> Option<Outage> {
        let (begin, _) = self.silent.filter(|(_, spans)| *spans >= SPANS)?;
        let trouble = Trouble { place: Place::Names, link: None, begin, end };
        Some(Outage { noticed: Noticed::NothingWorked, dead: Duration::ZERO, troubles: [trouble].into() })
    }
}

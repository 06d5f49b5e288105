//! The judge's notes for the history: kept until the history has them, handed over as far as the committer listens.

use super::listener::Listener;
use crate::ipc::FromJudge;
use rebootping_core::history::relay::{Outbox, Receipt};
use rebootping_core::link::Family;
use rebootping_core::link::decide::{Decider, Entry};
use rebootping_core::time::Time;

/// Bytes of notes in one message: as JSON each takes up to four, and a message has at most 64 KiB.
const FRAME: usize = 12 * 1024;

/// Notes on their way.
#[derive(Debug)]
pub(super) struct Notes {
    outbox: Outbox,
    dropped: u64,
}

impl Notes {
    /// No two judges may have the same number.
    pub(super) fn new(number: u64) -> Self {
        Self { outbox: Outbox::new(number), dropped: 0 }
    }

    /// The decisions of a family begin.
    pub(super) fn begin(&mut self, decider: &Decider, now: Time) {
        self.outbox.begin(decider, now);
    }

    /// Something was decided on.
    pub(super) fn note(&mut self, family: Family, entry: &Entry, now: Time) {
        self.outbox.note(family, entry, now);
    }

    /// The history has so many.
    pub(super) fn handle_receipt(&mut self, receipt: &Receipt) {
        self.outbox.handle_receipt(receipt);
    }

    /// Hands over what the listener takes without delay.
    pub(super) fn deliver(&mut self, listener: &mut Listener) {
        while listener.is_clear() {
            let Some(frame) = self.outbox.next_frame(FRAME) else { break };
            listener.tell(&FromJudge::Notes(frame));
        }
        if self.dropped == 0 && self.outbox.dropped() > 0 {
            listener.tell(&FromJudge::Warning(
                "for an hour nobody has taken what is decided into the history; what is older is lost to it".into(),
            ));
        }
        self.dropped = self.outbox.dropped();
    }
}

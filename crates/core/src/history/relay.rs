//! The history's way from the judge, who never waits, to the store, who may stall, die, and be started anew.
//!
//! The outbox keeps what was noted until it is acknowledged, an hour of it at most, and with it the deciders as they stood when
//! what is no longer kept had happened. So whoever asks for it again is told where the decisions stood, and all that followed; what
//! had to be dropped before it was acknowledged is counted, and leaves a gap and no false state.
//!
//! ```text
//! judge ─ notes ─► outbox ─ frames: epoch, attempt, number, parcel… ─► inbox ─ messages ─► store
//!                     ▲                                                  │                   │
//!                     └────── receipt: kept up to number N; again? ──────┴───────────────────┘
//! ```
//!
//! Frames may be lost on the way. An inbox that was handed one that does not follow on what it has asks for everything again; the
//! outbox then begins a new attempt, and what was asked in an older one is settled.

mod inbox;
mod outbox;

pub use inbox::{Inbox, Message};
pub use outbox::Outbox;

use crate::coder::{Decoder, Encoder};
use crate::link::Family;
use serde::{Deserialize, Serialize};

/// What the store tells the judge.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// Which judge it is for.
    pub epoch: u64,
    /// Which of its attempts was last heard of.
    pub attempt: u64,
    /// All up to this number is kept for good; 0 if nothing is.
    pub up_to: u64,
    /// What was handed over since does not fit together: all above that number is asked for again.
    pub again: bool,
}

/// What stands at the beginning of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Head {
    epoch: u64,
    attempt: u64,
    /// It is the attempt's first.
    is_first: bool,
    /// Number of the first numbered parcel.
    number: u64,
}

/// What a parcel is; its bytes stand behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Where a family's decisions stood before the first numbered parcel. It has no number.
    Stood,
    /// A family's decisions begin.
    Begin,
    /// What happened in a family.
    Note(Family),
}

const KINDS: [Kind; 4] = [Kind::Stood, Kind::Begin, Kind::Note(Family::Ipv4), Kind::Note(Family::Ipv6)];

impl Head {
    fn write(self, encoder: &mut Encoder) {
        for number in [self.epoch, self.attempt, u64::from(self.is_first), self.number] {
            encoder.put(number);
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Option<Self> {
        let [epoch, attempt, is_first, number] = [(); 4].map(|()| decoder.take());
        let head = Self { epoch, attempt, is_first: is_first > 0, number };
        (!decoder.is_damaged()).then_some(head)
    }
}

#[cfg(test)]
mod tests;

//! What became of the echoes one link was sent in one round, target by target.

use super::Targets;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The echoes one target was sent over one link in one round.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Echoes {
    /// The target's place in its list.
    pub target: u8,
    /// How many were sent.
    pub sent: u8,
    /// Which of them were answered in time, the first in the lowest bit.
    pub answered: u32,
    /// The shortest round trip.
    pub best: Option<Duration>,
}

/// Targets that were asked.
pub fn asked(echoes: &[Echoes]) -> Targets {
    targets(echoes, |echoes| echoes.sent > 0)
}

/// Targets that answered any echo.
pub fn answered(echoes: &[Echoes]) -> Targets {
    targets(echoes, |echoes| echoes.answered != 0)
}

/// Whether no target answered the last echo it was sent: the link went silent before the round was over.
pub fn fell_silent(echoes: &[Echoes]) -> bool {
    !asked(echoes).is_empty() && targets(echoes, Echoes::last_was_answered).is_empty()
}

fn targets(echoes: &[Echoes], hold: impl Fn(&Echoes) -> bool) -> Targets {
    let places = echoes.iter().filter(|echoes| hold(echoes)).map(|echoes| usize::from(echoes.target));
    places.fold(Targets::NONE, |all, place| all.or(Targets::one(place)))
}

impl Echoes {
    /// Takes note of one that was sent, and of its round trip if it was answered in time.
    pub(super) fn note(&mut self, round_trip: Option<Duration>) {
        if let Some(round_trip) = round_trip {
            self.answered |= 1_u32.checked_shl(u32::from(self.sent)).unwrap_or(0);
            self.best = Some(self.best.map_or(round_trip, |best| best.min(round_trip)));
        }
        self.sent = self.sent.saturating_add(1);
    }

    fn last_was_answered(&self) -> bool {
        let last = u32::from(self.sent).saturating_sub(1);
        self.answered & 1_u32.checked_shl(last).unwrap_or(0) != 0
    }
}

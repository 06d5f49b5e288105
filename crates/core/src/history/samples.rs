//! What one target answered over one link, round by round, in about a byte a round.
//!
//! Rounds follow one another at a fixed interval, so a block needs no times: whoever keeps it keeps when it begins. A round in
//! which nobody watched has its place too. Most rounds are like the one before, all echoes answered, and cost next to nothing; what
//! costs is the round trip, because it is mostly noise. See `samples/trips.rs` for how that is coded near its entropy.

mod shape;
mod trips;

use super::range::{Coder, Decoder, Encoder, Number};
use alloc::vec::Vec;
use core::time::Duration;
use shape::Shape;
use trips::Trips;

/// A block has no more samples than this: an hour at eighteen rounds a second.
pub const MOST: usize = 1 << 16;

/// Round trips are kept to this: it decides how large a history is, for what is below is noise.
const STEP: Duration = Duration::from_micros(10);
const HALF_A_STEP: Duration = Duration::from_micros(5);

/// One round of one target over one link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sample {
    /// Nobody watched: the daemon did not run.
    Unwatched,
    /// The link was not there.
    Absent,
    /// The link was there, and the target was not asked.
    NotAsked,
    /// None of the echoes was answered.
    Lost {
        /// Echoes sent.
        sent: u8,
    },
    /// Echoes were answered.
    Answered {
        /// Echoes sent.
        sent: u8,
        /// Echoes not answered: fewer than were sent.
        lost: u8,
        /// The shortest round trip.
        best: Trip,
    },
}

/// A round trip in steps of 10 µs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Trip(pub u32);

/// A block of samples, oldest first; those beyond [`MOST`] are left out.
pub fn encode(samples: &[Sample]) -> Vec<u8> {
    let count = samples.len().min(MOST);
    let (mut coder, mut model) = (Encoder::new(), Model::default());
    Number::default().code(&mut coder, count as u32);
    for sample in samples.iter().take(count) {
        model.code(&mut coder, *sample);
    }
    coder.finish()
}

/// The samples of a block, oldest first. Of damaged bytes, at most [`MOST`] samples that mean nothing.
pub fn decode(bytes: &[u8]) -> impl Iterator<Item = Sample> {
    let (mut coder, mut model) = (Decoder::new(bytes), Model::default());
    let count = (Number::default().code(&mut coder, 0) as usize).min(MOST);
    (0..count).map(move |_| model.code(&mut coder, Sample::Unwatched))
}

/// What is expected of the next sample.
#[derive(Debug, Default)]
struct Model {
    shape: shape::Model,
    trips: Trips,
}

impl Model {
    fn code(&mut self, coder: &mut impl Coder, sample: Sample) -> Sample {
        let (shape, best) = Shape::of(sample);
        let shape = self.shape.code(coder, shape);
        shape.with(|| self.trips.code(coder, best))
    }
}

impl Sample {
    /// What became of the echoes a target was sent in a round, if the link was there.
    pub fn new(sent: u8, answered: u8, best: Option<Duration>) -> Self {
        match best {
            _ if sent == 0 => Self::NotAsked,
            Some(best) if answered > 0 => {
                Self::Answered { sent, lost: sent.saturating_sub(answered), best: Trip::from(best) }
            }
            Some(_) | None => Self::Lost { sent },
        }
    }
}

impl From<Duration> for Trip {
    fn from(time: Duration) -> Self {
        let rounded = time.saturating_add(HALF_A_STEP).as_nanos().checked_div(STEP.as_nanos()).unwrap_or_default();
        Self(u32::try_from(rounded).unwrap_or(u32::MAX))
    }
}

impl From<Trip> for Duration {
    fn from(trip: Trip) -> Self {
        STEP.saturating_mul(trip.0)
    }
}

#[cfg(test)]
mod tests;

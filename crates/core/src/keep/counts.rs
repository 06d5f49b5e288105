//! What became of every frame, and how full the tables are.

use serde::{Deserialize, Serialize};

/// Frames, and their bytes as they were on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub frames: u64,
    /// Their lengths together.
    pub bytes: u64,
}

impl Tally {
    pub(super) fn add(&mut self, bytes: u32) {
        // Centuries before they wrap, and saturating shows in the time a frame takes.
        self.frames = self.frames.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(u64::from(bytes));
    }
}

/// Since the start. A frame with two owners is counted for each of them, by what became of it there; one without owners once.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Counts {
    /// All that were handed in, each once.
    pub seen: Tally,
    /// Kept whole.
    pub kept: Tally,
    /// Cut because the flow had been kept long enough.
    pub cut: Tally,
    /// Not kept because they only acknowledge what was cut, and others like them are kept.
    pub thinned: Tally,
    /// Cut to their headers because the operator wants no more of them.
    pub headers: Tally,
    /// Not kept because the operator wants none of them.
    pub off: Tally,
    /// Put into the small ring, as long as their owner is not proven.
    pub unproven: Tally,
    /// Of an excluded stream.
    pub excluded: Tally,
    /// With a sender that no frame can have, all-zero or a group, or too short to have any.
    pub invalid: Tally,
    /// Forwarded by a bridge of this host, and captured before where they came in.
    pub forwarded: Tally,
    /// Of an interface not listed (yet), or one too many.
    pub unlisted: Tally,
    /// Proven MACs now.
    pub proven: u32,
    /// Of these, those proven only by talking with each other.
    pub proven_by_pair: u32,
    /// MACs now remembered that are not proven.
    pub candidates: u32,
    /// Times a MAC was not proven because there were too many.
    pub refused_full: u64,
    /// Times two MACs that talk to each other were not proven because too many had been.
    pub refused_pairs: u64,
    /// Frames the small ring no longer had when their owner was proven.
    pub lost_before_proof: u64,
    /// Frames the small ring had to overwrite, proven later or not.
    pub overheard_overwritten: u64,
    /// Interfaces beyond the number that is listed.
    pub interfaces_left_out: u32,
}

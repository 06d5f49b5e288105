//! The door to what the history keeps in blocks.

use rebootping_core::history::rollup::{self, Rollup};
use rebootping_core::history::samples::{self, Sample};
use rebootping_core::history::traffic::{self, Moved};

/// Any bytes make a block of at most so many that means nothing; so many of it are looked at.
const LOOKED_AT: usize = 300;

/// Blocks of samples, of rollups and of traffic: what was read can be kept, and is read the same again.
pub fn blocks(data: &[u8]) {
    let samples: Vec<Sample> = samples::decode(data).take(LOOKED_AT).collect();
    assert!(samples::decode(&samples::encode(&samples)).eq(samples));
    let rollups: Vec<Rollup> = rollup::decode(data).take(LOOKED_AT).collect();
    assert!(rollup::decode(&rollup::encode(&rollups)).eq(rollups.iter().cloned()));
    for rollup in &rollups {
        let told = rollup.quantiles([0, 250, 500, 1000]);
        let (Some(told), Some(min), Some(max)) = (told, rollup.min(), rollup.max()) else { continue };
        assert!(told.is_sorted() && min <= told[0] && told[3] <= max, "{rollup:?} {told:?}");
    }
    let moved: Vec<Moved> = traffic::decode(data).take(LOOKED_AT).collect();
    assert!(traffic::decode(&traffic::encode(&moved)).eq(moved));
}

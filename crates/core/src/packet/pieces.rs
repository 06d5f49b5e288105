//! One run of bytes out of pieces that come in any order, twice, or never.

use alloc::vec::Vec;

/// The beginning of a stream as far as it has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    whole: Vec<u8>,
}

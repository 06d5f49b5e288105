//! Sending no faster than is written, so that no machine is too slow for a test that must lose nothing.
//!
//! What is sent comes in pieces, two of which at most are on their way to the files. Both must fit into the ring, and twice
//! into the writer's memory.

use rebootping_lab::{Daemon, wait_until};

use crate::support::{WRITE_LIMIT, capture};

/// The pieces sent so far.
pub(crate) struct Pace<'a> {
    daemon: &'a Daemon,
    /// Records of all pieces but the last.
    before: u64,
    last: u64,
}

impl<'a> Pace<'a> {
    /// So many records are in the files, or on their way, since the observer started.
    pub(crate) const fn from(daemon: &'a Daemon, records: u64) -> Self {
        Self { daemon, before: 0, last: records }
    }

    /// A piece was sent that makes so many records: waits until those before it are in the files, or lost.
    #[track_caller]
    pub(crate) fn sent(&mut self, records: u64) {
        self.before += self.last;
        self.last = records;
        wait_until(&format!("{} records are in the files", self.before), WRITE_LIMIT, || {
            let capture = capture(self.daemon);
            let lost = capture["dropped"].as_object().into_iter().flatten().filter_map(|(_, packets)| packets.as_u64());
            capture["written"].as_u64().map(|written| written + lost.sum::<u64>()) >= Some(self.before)
        });
    }
}

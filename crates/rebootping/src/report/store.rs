//! How the history is kept, as JSON and in a line.

use super::amount::{bytes, count};
use crate::ipc::observer::StoreReport;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;

/// How much of the history there is, what waits, and what is lost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct StoreStatus {
    /// Bytes of its file.
    pub(crate) bytes: u64,
    /// Bytes that wait for the disk.
    pub(crate) waiting_bytes: u64,
    /// Bytes of memory it takes: what waits, the hour that is not over, and caches.
    pub(crate) memory_bytes: u64,
    /// When the disk last had all of it, RFC 3339.
    pub(crate) written: Option<String>,
    /// What never came to the disk since the observer started: blocks and rows, by kind.
    pub(crate) lost: BTreeMap<String, u64>,
    /// Why nothing is kept, if nothing is.
    pub(crate) error: Option<String>,
}

impl StoreStatus {
    /// Labels what the observer reported.
    pub(crate) fn new(report: &StoreReport) -> Self {
        let label = |nanos| Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or_default().to_string();
        Self {
            bytes: report.bytes,
            waiting_bytes: report.waiting_bytes,
            memory_bytes: report.memory,
            written: report.written.map(label),
            lost: report.lost.clone(),
            error: report.error.clone(),
        }
    }
}

/// Nothing while all is well: one line for what is not kept, one for what is lost.
pub(crate) fn lines(store: &StoreStatus) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    if let Some(error) = &store.error {
        let waiting = bytes(store.waiting_bytes);
        let _ =
            writeln!(text, "HISTORY NOT KEPT: {error}; {waiting} wait in memory, and links are judged all the same");
    }
    for (kind, lost) in &store.lost {
        let _ = writeln!(text, "history: {} of {} never came to the disk", count(*lost), kind.replace('_', " "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_is_said_and_nothing_else() {
        let mut store = StoreStatus::new(&StoreReport { bytes: 9_000_000, ..StoreReport::default() });
        assert_eq!(lines(&store), "");
        store.error = Some("the disk is full".into());
        store.lost.insert("samples".into(), 3);
        assert_eq!(
            lines(&store),
            "HISTORY NOT KEPT: the disk is full; 0 B wait in memory, and links are judged all the same\n\
             history: 3 of samples never came to the disk\n"
        );
    }
}

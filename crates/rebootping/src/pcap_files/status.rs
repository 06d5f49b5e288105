//! What the writer has done and how it fares, told without waiting for it.

use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Packets, and the bytes of their blocks in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

impl Tally {
    pub(super) fn add(&mut self, records: u64, bytes: u64) {
        self.records += records;
        self.bytes += bytes;
    }
}

/// What an owner has on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwnerStatus {
    pub(crate) bytes: u64,
    pub(crate) segments: usize,
    /// The time in the oldest segment's name, in nanoseconds since 1970.
    pub(crate) oldest: u64,
    /// The stamp of the newest packet.
    pub(crate) newest: u64,
}

/// What the start found and mended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recovered {
    pub(crate) segments: u64,
    pub(crate) bytes: u64,
    /// Segments whose torn end was cut off.
    pub(crate) cut: u64,
    pub(crate) cut_bytes: u64,
    /// Files with a segment's name and nothing whole in them, removed.
    pub(crate) removed: u64,
    /// Files and folders that could not be read or mended, or were more than a start reads.
    pub(crate) left_out: u64,
}

/// How the packet files fare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// Since the start.
    pub(crate) written: Tally,
    /// Bytes that files grew by since the start: packets, and what describes them.
    pub(crate) written_bytes: u64,
    /// Not written since the start: the disk was too slow, or memory was at its bound.
    pub(crate) behind: Tally,
    /// Not written since the start: the disk refused.
    pub(crate) refused: Tally,
    /// Of the packets handed in, those kept shorter than they were.
    pub(crate) truncated: u64,
    /// Bytes of memory for packets on their way.
    pub(crate) memory: usize,
    /// Bytes on the disk.
    pub(crate) total: u64,
    /// By folder.
    pub(crate) owners: BTreeMap<Arc<str>, OwnerStatus>,
    /// Why packets are not written now, in words.
    pub(crate) trouble: Option<String>,
    /// It is because there is no captures folder, or none that we may use.
    pub(crate) lacks_folder: bool,
    /// None until the captures folder has been looked through.
    pub(crate) recovered: Option<Recovered>,
}

/// Where the writer and the syncer leave their part of it.
#[derive(Debug, Default)]
pub(super) struct Board {
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    status: Status,
    /// What the disk says.
    disk: Option<String>,
    /// What it says of single owners, and since when.
    owners: BTreeMap<Arc<str>, (Time, String)>,
    sync: Option<String>,
}

impl Board {
    /// Everything shown now.
    pub(super) fn status(&self) -> Status {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = shown.owners.iter().next_back().map(|(folder, (_, words))| format!("{folder}: {words}"));
        let trouble = shown.disk.clone().or(owner).or_else(|| shown.sync.clone());
        Status { trouble, ..shown.status.clone() }
    }

    pub(super) fn set_recovered(&self, recovered: Recovered) {
        self.change(|shown| shown.status.recovered = Some(recovered));
    }

    pub(super) fn set_owner(&self, folder: &Arc<str>, status: Option<OwnerStatus>, total: u64) {
        self.change(|shown| {
            shown.status.total = total;
            match status {
                Some(status) => match shown.status.owners.get_mut(folder) {
                    Some(known) => *known = status,
                    None => drop(shown.status.owners.insert(Arc::clone(folder), status)),
                },
                None => drop(shown.status.owners.remove(folder)),
            }
        });
    }

    /// Counts packets; bytes are those of their blocks.
    pub(super) fn written(&self, records: u64, bytes: u64) {
        self.change(|shown| shown.status.written.add(records, bytes));
    }

    /// Counts what files grew by.
    pub(super) fn grown(&self, bytes: u64) {
        self.change(|shown| shown.status.written_bytes += bytes);
    }

    pub(super) fn refused(&self, records: u64, bytes: u64) {
        self.change(|shown| shown.status.refused.add(records, bytes));
    }

    pub(super) fn set_disk_trouble(&self, words: Option<String>, lacks_folder: bool) {
        self.change(|shown| {
            shown.disk = words;
            shown.status.lacks_folder = lacks_folder;
        });
    }

    pub(super) fn set_owner_trouble(&self, folder: &Arc<str>, words: Option<(Time, String)>) {
        self.change(|shown| match words {
            Some(words) => drop(shown.owners.insert(Arc::clone(folder), words)),
            None => drop(shown.owners.remove(folder)),
        });
    }

    /// Forgets what was said of owners before then.
    pub(super) fn forget_trouble_before(&self, then: Time) {
        self.change(|shown| shown.owners.retain(|_, (at, _)| *at >= then));
    }

    pub(super) fn set_sync_trouble(&self, words: Option<String>) {
        self.change(|shown| shown.sync = words);
    }

    fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

//! What must outlive us: who is restricted, what the operator calls devices, and whom quarantine does not concern.

use crate::durable;
use rebootping_core::control::names::Names;
use rebootping_core::control::restriction::Restrictions;
use rebootping_core::inventory::report::Hardware;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bounded by what it holds: 4,096 each of restrictions, names and known devices.
const LONGEST: u64 = 4 << 20;
/// So many devices can be known to quarantine.
const MOST_KNOWN: usize = 4096;

/// All of it.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    pub(super) restrictions: Restrictions,
    pub(super) names: Names,
    /// Devices that quarantine does not concern.
    pub(super) known: BTreeSet<Hardware>,
    /// Interfaces that were guarded before: who was there when they began to be is known.
    pub(super) guarded: BTreeSet<String>,
    /// Interfaces that led to the Internet when we last knew: for the first second after a start.
    pub(super) internet: BTreeSet<String>,
    /// Rows of the audit up to this one are in the history.
    pub(super) in_history: u64,
}

impl Kept {
    /// What lies in the state folder; nothing if there is nothing, an error if it cannot be read.
    pub(super) fn read(state: &Path) -> io::Result<Self> {
        let mut text = Vec::new();
        match File::open(path(state)) {
            Ok(file) => file.take(LONGEST).read_to_end(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        Ok(serde_json::from_slice(&text)?)
    }

    /// Brings it to the disk.
    pub(super) fn write(&self, state: &Path) -> io::Result<()> {
        durable::replace(&path(state), &serde_json::to_vec(self)?)
    }

    /// Erases what is kept of these devices but their restrictions.
    pub(super) fn forget(&mut self, macs: &[Hardware]) {
        self.known.retain(|mac| !macs.contains(mac));
        for mac in macs {
            // To take a name back is never refused.
            drop(self.names.give(*mac, None));
        }
    }

    /// Quarantine does not concern these devices from now on, as far as there is room.
    pub(super) fn know(&mut self, macs: impl IntoIterator<Item = Hardware>) {
        for mac in macs {
            if self.known.len() < MOST_KNOWN {
                self.known.insert(mac);
            }
        }
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("control.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;
    use rebootping_core::control::restriction::{Mode, Restriction};

    #[test]
    fn what_was_kept_is_read_again_and_damage_is_said() {
        let scratch = Scratch::new("kept");
        assert_eq!(Kept::read(scratch.path()).expect("nothing is no error"), Kept::default());
        let mut kept = Kept::default();
        let mac = Hardware([2, 0, 0, 0, 0, 1]);
        let schedule = Some("mon-fri 21:00-07:00".parse().expect("hours"));
        let local = Restriction { mode: Mode::Local, until: Some(9), schedule };
        kept.restrictions.set(mac, Some(local)).expect("room");
        kept.know([mac]);
        kept.know([Hardware([2, 0, 0, 0, 0, 2])]);
        kept.forget(&[Hardware([2, 0, 0, 0, 0, 2])]);
        assert_eq!(kept.known, [mac].into());
        kept.write(scratch.path()).expect("a disk");
        assert_eq!(Kept::read(scratch.path()).expect("it was written"), kept);
        scratch.write("control.json", "{\"restrictions\":{\"x\":1}}");
        assert!(Kept::read(scratch.path()).is_err());
    }
}

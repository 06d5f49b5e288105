//! The file in which what is learnt of devices survives restarts, written by a thread of its own.
//!
//! Its versions are numbered, and each is said to be on the disk, or why it is not: an order is not done before.

use crate::config::observing::CaptureMode;
use crate::durable;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rebootping_core::inventory::kept::Kept;
use rebootping_core::inventory::report::Hardware;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

const NAME: &str = "devices.json.gz";
/// A file that unpacks to more is not ours: 16,384 devices with full tables take less.
const LONGEST: u64 = 512 << 20;

/// Versions whose outcome nobody has asked for yet: more than can be under way.
const OUTCOMES: usize = 16;

/// What is kept.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Memory {
    /// What was learnt, and what the operator said of it.
    pub(super) inventory: Kept,
    /// How much the operator wants kept of the packets of which device.
    pub(super) modes: BTreeMap<Hardware, CaptureMode>,
}

/// What became of a version of the file.
pub(super) struct Outcome {
    pub(super) version: u64,
    pub(super) result: Result<(), String>,
}

/// Writes what it is given; while it is at it, one more waits and further ones are let go.
pub(super) struct Keeper {
    orders: Option<SyncSender<(u64, Memory)>>,
    versions: u64,
    outcomes: Receiver<Outcome>,
    ended: Receiver<()>,
}

impl Keeper {
    /// Reads what was kept, and starts to keep. A file that cannot be read is set aside, and that is said.
    pub(super) fn start(state: &Path) -> (Self, Option<Memory>, Option<String>) {
        let path = state.join(NAME);
        let (kept, mut trouble) = match read(&path) {
            Ok(kept) => (kept, None),
            Err(error) => (None, Some(set_aside(&path, &error))),
        };
        let (orders, received) = sync_channel::<(u64, Memory)>(1);
        let (tell, outcomes) = sync_channel(OUTCOMES);
        let (alive, ended) = sync_channel(0);
        let thread = thread::Builder::new().name("devices".into()).spawn(move || {
            for (version, memory) in received {
                let told = |error| format!("what is known of devices cannot be kept: {}: {error}", path.display());
                let result = write(&path, &memory).map_err(told);
                // Somebody who does not listen has been told often enough.
                drop(tell.try_send(Outcome { version, result }));
            }
            drop(alive);
        });
        if let Err(error) = thread {
            trouble = Some(format!("what is known of devices will not be kept: {error}"));
        }
        (Self { orders: Some(orders), versions: 0, outcomes, ended }, kept, trouble)
    }

    /// Keeps this as the version of that number, unless the disk is so far behind that something waits already.
    pub(super) fn keep(&mut self, memory: Memory) -> Option<u64> {
        let version = self.versions + 1;
        self.orders.as_ref()?.try_send((version, memory)).ok()?;
        self.versions = version;
        Some(version)
    }

    /// What became of versions since it was last asked.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        self.outcomes.try_iter()
    }

    /// Keeps this last, and waits until the disk has it.
    pub(super) fn stop(&mut self, memory: Memory, timeout: Duration) {
        self.keep(memory);
        self.orders = None;
        // Nobody ever sends: the writer hangs up.
        let _hung_up = self.ended.recv_timeout(timeout);
    }
}

fn read(path: &Path) -> io::Result<Option<Memory>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    GzDecoder::new(file).take(LONGEST).read_to_end(&mut text)?;
    Ok(Some(serde_json::from_slice(&text)?))
}

fn write(path: &Path, memory: &Memory) -> io::Result<()> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut packed, memory)?;
    packed.flush()?;
    durable::replace(path, &packed.finish()?)
}

fn set_aside(path: &Path, error: &io::Error) -> String {
    let aside = aside(path);
    let what = format!("what was known of devices cannot be read ({error})");
    match fs::rename(path, &aside) {
        Ok(()) => format!("{what}; it was set aside as {}", aside.display()),
        Err(error) => format!("{what} nor set aside: {error}"),
    }
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("gz.damaged")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;
    use rebootping_core::inventory::vendor::Vendors;
    use rebootping_core::inventory::{Inventory, Settings};

    #[test]
    fn what_is_kept_is_read_again_and_what_is_damaged_is_set_aside() {
        let scratch = Scratch::new("keeper");
        let mac: Hardware = "02:00:00:00:00:05".parse().unwrap();
        let memory = || Memory {
            inventory: Inventory::new(Settings::live(), Vendors::new([]), 1).keep(),
            modes: BTreeMap::from([(mac, CaptureMode::Off)]),
        };
        let (mut keeper, nothing, trouble) = Keeper::start(scratch.path());
        assert!(nothing.is_none() && trouble.is_none());
        let version = keeper.keep(memory()).unwrap();
        let outcome = keeper.outcomes.recv().unwrap();
        assert_eq!((outcome.version, outcome.result), (version, Ok(())));
        keeper.stop(memory(), Duration::from_secs(60));
        let (_, again, trouble) = Keeper::start(scratch.path());
        assert!(trouble.is_none(), "{trouble:?}");
        assert_eq!(again.unwrap().modes, memory().modes);
        fs::write(scratch.path().join(NAME), b"no gzip").unwrap();
        let (_, nothing, trouble) = Keeper::start(scratch.path());
        assert!(nothing.is_none() && trouble.unwrap().contains("set aside"));
        assert_eq!(fs::read(aside(&scratch.path().join(NAME))).unwrap(), b"no gzip");
    }
}

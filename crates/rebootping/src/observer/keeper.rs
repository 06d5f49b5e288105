//! The file in which what is learnt of devices survives restarts, written by a thread of its own.

use crate::durable;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rebootping_core::inventory::kept::Kept;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

const NAME: &str = "devices.json.gz";
/// A file that unpacks to more is not ours: 16,384 devices with full tables take less.
const LONGEST: u64 = 512 << 20;

/// Writes what it is given; while it is at it, one more waits and further ones are let go.
pub(super) struct Keeper {
    orders: Option<SyncSender<Kept>>,
    failed: Receiver<String>,
    ended: Receiver<()>,
}

impl Keeper {
    /// Reads what was kept, and starts to keep. A file that cannot be read is set aside, and that is said.
    pub(super) fn start(state: &Path) -> (Self, Option<Kept>, Option<String>) {
        let path = state.join(NAME);
        let (kept, mut trouble) = match read(&path) {
            Ok(kept) => (kept, None),
            Err(error) => (None, Some(set_aside(&path, &error))),
        };
        let (orders, received) = sync_channel::<Kept>(1);
        let (fail, failed) = sync_channel(4);
        let (alive, ended) = sync_channel(0);
        let thread = thread::Builder::new().name("devices".into()).spawn(move || {
            for kept in received {
                if let Err(error) = write(&path, &kept) {
                    // Somebody who does not listen has been told often enough.
                    drop(
                        fail.try_send(format!("what is known of devices cannot be kept: {}: {error}", path.display())),
                    );
                }
            }
            drop(alive);
        });
        if let Err(error) = thread {
            trouble = Some(format!("what is known of devices will not be kept: {error}"));
        }
        (Self { orders: Some(orders), failed, ended }, kept, trouble)
    }

    /// Keeps this, unless the disk is so far behind that something waits already.
    pub(super) fn keep(&mut self, kept: Kept) {
        if let Some(orders) = &self.orders {
            drop(orders.try_send(kept));
        }
    }

    /// What went wrong since it was last asked.
    pub(super) fn failures(&self) -> impl Iterator<Item = String> {
        self.failed.try_iter()
    }

    /// Keeps this last, and waits until the disk has it.
    pub(super) fn stop(&mut self, kept: Kept, timeout: Duration) {
        self.keep(kept);
        self.orders = None;
        // Nobody ever sends: the writer hangs up.
        let _hung_up = self.ended.recv_timeout(timeout);
    }
}

fn read(path: &Path) -> io::Result<Option<Kept>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    GzDecoder::new(file).take(LONGEST).read_to_end(&mut text)?;
    Ok(Some(serde_json::from_slice(&text)?))
}

fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut packed, kept)?;
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
        let kept = || Inventory::new(Settings::live(), Vendors::new([]), 1).keep();
        let (mut keeper, nothing, trouble) = Keeper::start(scratch.path());
        assert!(nothing.is_none() && trouble.is_none());
        keeper.stop(kept(), Duration::from_secs(60));
        let (_, again, trouble) = Keeper::start(scratch.path());
        assert!(again.is_some() && trouble.is_none(), "{trouble:?}");
        fs::write(scratch.path().join(NAME), b"no gzip").unwrap();
        let (_, nothing, trouble) = Keeper::start(scratch.path());
        assert!(nothing.is_none() && trouble.unwrap().contains("set aside"));
        assert_eq!(fs::read(aside(&scratch.path().join(NAME))).unwrap(), b"no gzip");
    }
}

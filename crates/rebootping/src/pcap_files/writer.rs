//! The thread that writes: it alone touches the captures folder, and may wait for the disk as long as that takes.
//!
//! A disk that refuses everything (full, read-only, gone) is left alone and tried every five seconds; one owner whose file is
//! refused is left alone as long while the others go on. What cannot be written meanwhile is counted, and why is shown until
//! it is over.

use super::archive::{Archive, Limits, Refusal, of_folder};
use super::disk::Disk;
use super::lane::Handed;
use super::pcapng::Maker;
use super::recovery;
use super::ring;
use super::status::Board;
use super::sync::Unsynced;
use nix::errno::Errno;
use rebootping_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

const RETRY: Duration = Duration::from_secs(5);
const EXPIRY: Duration = Duration::from_secs(60);
/// What an owner's file was refused for is shown for so long if the owner is silent from then on.
const SHOWN: Duration = Duration::from_secs(60);

/// What the capture thread asks for, in its order.
#[derive(Debug)]
pub(super) enum Order {
    Write(Handed),
    /// So late it is.
    Tick(Time),
    Configure(Limits, Time),
    /// Remove everything of the owner with this folder.
    Forget(Arc<str>, Time),
    /// Say when all before this is done.
    Flush(SyncSender<()>),
    Stop,
}

/// The writing thread's state.
#[derive(Debug)]
pub(super) struct Writer {
    root: PathBuf,
    maker: Maker,
    limits: Limits,
    /// None until the captures folder could be looked through.
    archive: Option<Archive>,
    board: Arc<Board>,
    unsynced: Arc<Unsynced>,
    /// Where buffers go back to.
    emptied: SyncSender<Vec<u8>>,
    /// The disk refuses everything and is tried then.
    retry: Option<Time>,
    /// Owners whose files are refused, and when they are tried again.
    refused: BTreeMap<Arc<str>, Time>,
    /// Owners whose folders are to be removed: at once, or as soon as the disk lets us.
    forgotten: BTreeSet<Arc<str>>,
    expire: Time,
}

impl Writer {
    pub(super) fn new(
        root: PathBuf,
        maker: Maker,
        limits: Limits,
        board: Arc<Board>,
        unsynced: Arc<Unsynced>,
        emptied: SyncSender<Vec<u8>>,
    ) -> Self {
        Self {
            root,
            maker,
            limits,
            archive: None,
            board,
            unsynced,
            emptied,
            retry: None,
            refused: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            expire: Time::BOOT,
        }
    }

    /// Works until it is told to stop, or nobody is left to tell it.
    pub(super) fn run(mut self, orders: &Receiver<Order>, started: Time) {
        self.recover(started);
        while let Ok(order) = orders.recv() {
            match order {
                Order::Write(handed) => self.handle_packets(handed),
                Order::Tick(now) => self.handle_tick(now),
                Order::Configure(limits, now) => {
                    self.limits = limits;
                    self.change(now, |archive| archive.configure(limits, now));
                }
                Order::Forget(folder, now) => {
                    self.forgotten.insert(folder);
                    self.forget(now);
                }
                // Whoever asked may have stopped waiting.
                Order::Flush(done) => drop(done.try_send(())),
                Order::Stop => break,
            }
        }
        self.unsynced.end();
    }

    /// Looks through the captures folder.
    fn recover(&mut self, now: Time) {
        let found = Disk::open(&self.root).and_then(|disk| Ok((recovery::recover(&disk)?, disk)));
        match found {
            Ok(((rings, recovered), disk)) => {
                self.board.set_recovered(recovered);
                let mut archive = Archive::new(disk, self.maker.clone(), self.limits, rings, Arc::clone(&self.board));
                let limited = archive.configure(self.limits, now);
                self.archive = Some(archive);
                self.unsynced.add(recovered.cut_bytes);
                self.settle(now, limited);
            }
            Err(error) => self.fall_ill(now, &of_folder("reading it")(error)),
        }
    }

    fn handle_packets(&mut self, handed: Handed) {
        let mut left = &handed.blocks[..];
        if self.may_write(&handed) {
            self.write(&handed, &mut left);
        }
        let lost = ring::count(left);
        let written = handed.records.saturating_sub(lost);
        self.board.refused(lost, left.len() as u64);
        self.board.written(written, (handed.blocks.len() - left.len()) as u64);
        // There is room for every buffer there is.
        drop(self.emptied.try_send(handed.blocks));
    }

    fn write(&mut self, handed: &Handed, left: &mut &[u8]) {
        let Some(archive) = &mut self.archive else { return };
        let before = archive.grown();
        let result = write_making_room(archive, handed, left);
        let grown = archive.grown() - before;
        self.unsynced.add(grown);
        self.board.grown(grown);
        self.settle_owner(handed, result);
    }

    fn may_write(&mut self, handed: &Handed) -> bool {
        if self.retry.is_some() {
            self.try_again(handed.now);
        }
        self.retry.is_none() && self.refused.get(&handed.owner.folder).is_none_or(|at| *at <= handed.now)
    }

    /// Tries the disk that refused everything, if it is time.
    fn try_again(&mut self, now: Time) {
        if self.retry.is_none_or(|at| now < at) {
            return;
        }
        let Some(archive) = &mut self.archive else { return self.recover(now) };
        let tried = archive.try_again();
        self.settle(now, tried);
    }

    fn handle_tick(&mut self, now: Time) {
        self.try_again(now);
        if now >= self.expire {
            self.expire = now + EXPIRY;
            self.change(now, |archive| archive.expire(now));
        }
        if self.retry.is_none() {
            self.forget(now);
        }
        self.refused.retain(|_, at| *at + SHOWN > now);
        self.board.forget_trouble_before(now - SHOWN);
    }

    fn forget(&mut self, now: Time) {
        while let Some(folder) = self.forgotten.first().cloned() {
            let Some(archive) = &mut self.archive else { return };
            if let Err(refusal) = archive.forget(&folder) {
                return self.fall_ill(now, &refusal);
            }
            self.forgotten.remove(&folder);
        }
    }

    /// Changes the archive, if the disk is well.
    fn change(&mut self, now: Time, change: impl FnOnce(&mut Archive) -> Result<(), Refusal>) {
        if let Some(archive) = &mut self.archive {
            let result = change(archive);
            if result.is_err() || self.retry.is_none() {
                self.settle(now, result);
            }
        }
    }

    fn settle_owner(&mut self, handed: &Handed, result: Result<(), Refusal>) {
        let folder = &handed.owner.folder;
        match result {
            Ok(()) => {
                if self.refused.remove(folder).is_some() {
                    self.board.set_owner_trouble(folder, None);
                }
            }
            Err(refusal) if refusal.is_of_the_disk() => self.fall_ill(handed.now, &refusal),
            Err(refusal) => {
                self.refused.insert(Arc::clone(folder), handed.now + RETRY);
                self.board.set_owner_trouble(folder, Some((handed.now, refusal.to_string())));
            }
        }
    }

    fn settle(&mut self, now: Time, result: Result<(), Refusal>) {
        match result {
            Ok(()) => {
                self.retry = None;
                self.board.set_disk_trouble(None, false);
            }
            Err(refusal) => self.fall_ill(now, &refusal),
        }
    }

    fn fall_ill(&mut self, now: Time, refusal: &Refusal) {
        self.retry = Some(now + RETRY);
        self.board.set_disk_trouble(Some(refusal.to_string()), refusal.lacks_the_folder());
    }
}

/// Writes; where the disk is full of other things, the oldest capture makes room once.
fn write_making_room(archive: &mut Archive, handed: &Handed, left: &mut &[u8]) -> Result<(), Refusal> {
    match archive.write(handed, left) {
        Err(refusal) if refusal.is_full() && archive.give_one()? => archive.write(handed, left),
        other => other,
    }
}

impl Refusal {
    fn errno(&self) -> Option<Errno> {
        match self {
            Self::NoRoom(_) | Self::TooLong => None,
            Self::Disk { error, .. } | Self::Folder { error, .. } => error.raw_os_error().map(Errno::from_raw),
        }
    }

    /// Blocks, inodes or a quota of the file system are used up.
    fn is_full(&self) -> bool {
        matches!(self.errno(), Some(Errno::ENOSPC | Errno::EDQUOT))
    }

    /// There is no captures folder, or none that is ours.
    fn lacks_the_folder(&self) -> bool {
        const REASONS: [Errno; 4] = [Errno::EACCES, Errno::EPERM, Errno::ENOENT, Errno::ENOTDIR];
        matches!(self, Self::Folder { .. }) && self.errno().is_some_and(|errno| REASONS.contains(&errno))
    }

    /// It is the same for every owner.
    fn is_of_the_disk(&self) -> bool {
        match self {
            Self::NoRoom(_) | Self::Folder { .. } => true,
            Self::TooLong => false,
            Self::Disk { .. } => self.is_full() || matches!(self.errno(), Some(Errno::EROFS | Errno::ENODEV)),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoRoom(words) => f.write_str(words),
            Self::TooLong => f.write_str("a packet is longer than per_device"),
            Self::Disk { what, error } => write!(f, "{what}: {error}"),
            Self::Folder { what, error } => write!(f, "the captures folder cannot be used: {what}: {error}"),
        }
    }
}

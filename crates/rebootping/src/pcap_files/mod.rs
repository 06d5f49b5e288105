//! Keeps the newest packets of every owner on the disk as pcapng files, and never makes the capture wait for it.
//!
//! ```text
//! capture thread                          writer thread                     disk
//! append ─► a buffer for each owner ─queue─► archive: makes room, writes ─► FOLDER/TIME.pcapng
//!    ▲           (2 to 256 KB)                  │   └─ bytes written ─► sync thread ─► syncfs
//!    └────────── empty buffers ◄────────────────┘
//! ```
//!
//! A packet costs a copy into its owner's buffer. A buffer is handed on when it is full or half a second old. Memory is bounded
//! by the buffers there may be; when all are on their way to a disk that hangs, packets are dropped here and counted.

mod archive;
mod disk;
mod lane;
mod lanes;
mod memory;
pub(crate) mod name;
pub(crate) mod pcapng;
mod recovery;
mod ring;
mod status;
mod sync;
#[cfg(test)]
mod tests;
mod walk;
mod writer;

pub(crate) use archive::Limits;
pub(crate) use pcapng::{Maker, Record};
pub(crate) use status::{OwnerStatus, Status};

use lane::{Because, Handed};
use lanes::Lanes;
use pcapng::{SNAP_LENGTH, packet_length};
use rebootping_core::packet::frame::{InterfaceId, LinkType};
use rebootping_core::time::Time;
use status::{Board, Tally};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;
use sync::Unsynced;
use writer::{Order, Writer};

/// A packet waits no longer for others to be written with.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// How often waiting packets are looked for: while somebody follows them, they wait no longer.
const LOOK: Duration = Duration::from_millis(100);
/// How often the writer is told the time when there is nothing to write.
const TICK: Duration = Duration::from_secs(1);
/// As many as the smallest buffers that fit in memory.
const QUEUE: usize = memory::MOST / 2048;
/// Places in the queue that no packets take.
const RESERVED: usize = 64;

/// A dense number of an owner, stable while it is open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Slot(pub(crate) u32);

/// The writer is so far behind that it was not told; ask again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Behind;

/// Bytes available on the disk of `folder`, and how many of them are to stay free.
pub(crate) fn room(folder: &Path, limits: &Limits) -> io::Result<(u64, u64)> {
    let space = disk::space(folder)?;
    Ok((space.available, limits.keep_free(space)))
}

/// The packet files, as the capture thread has them.
#[derive(Debug)]
pub(crate) struct Files {
    lanes: Lanes,
    names: BTreeMap<InterfaceId, Arc<str>>,
    orders: SyncSender<Order>,
    emptied: Receiver<Vec<u8>>,
    /// Buffers the writer has.
    under_way: usize,
    /// Says when the writer has ended, by hanging up.
    ended: Receiver<()>,
    board: Arc<Board>,
    behind: Tally,
    truncated: u64,
    now: Time,
    look: Time,
    tick: Time,
    /// Until then somebody follows what is written.
    followed: Time,
}

impl Files {
    /// Starts to keep packets below the folder `root`, and to look through what lies there.
    pub(crate) fn start(root: &Path, maker: Maker, limits: Limits, now: Time) -> io::Result<Self> {
        let (orders, received) = sync_channel(QUEUE + RESERVED);
        let (give_back, emptied) = sync_channel(QUEUE);
        let (alive, ended) = sync_channel(0);
        let board = Arc::new(Board::default());
        let unsynced = Unsynced::start(root, Arc::clone(&board))?;
        let writer = Writer::new(root.to_owned(), maker, limits, Arc::clone(&board), unsynced, give_back);
        thread::Builder::new().name("pcap-write".into()).spawn(move || {
            writer.run(&received, now);
            drop(alive);
        })?;
        Ok(Self {
            lanes: Lanes::default(),
            names: BTreeMap::new(),
            orders,
            emptied,
            under_way: 0,
            ended,
            board,
            behind: Tally::default(),
            truncated: 0,
            now,
            look: now,
            tick: now,
            followed: now,
        })
    }

    /// Names an interface, or names it anew.
    pub(crate) fn set_interface(&mut self, interface: InterfaceId, name: &str) {
        if self.names.get(&interface).is_some_and(|known| **known == *name) {
            return;
        }
        let is_renamed = self.names.insert(interface, name.into()).is_some();
        for slot in self.lanes.slots().filter(|_| is_renamed) {
            if self.lanes.get(slot).is_some_and(|lane| lane.knows(interface)) {
                self.begin_section(slot);
            }
        }
    }

    /// Forgets the name of an interface that is gone; its number may be another's next.
    pub(crate) fn remove_interface(&mut self, interface: InterfaceId) {
        self.set_interface(interface, "");
        self.names.remove(&interface);
    }

    /// Opens a slot for the owner with this folder; what the slot held before is closed.
    pub(crate) fn open(&mut self, slot: Slot, folder: &str, link: LinkType) {
        self.close(slot);
        self.lanes.open(slot, folder, link);
    }

    /// Hands out what a slot holds and closes it; its files stay.
    pub(crate) fn close(&mut self, slot: Slot) {
        self.hand_out(slot, Because::Old);
        self.lanes.close(slot);
    }

    /// Removes the folder of an owner whose slot is closed, or was never open; what is received says when that was tried.
    pub(crate) fn erase(&mut self, folder: &str) -> Result<Receiver<()>, Behind> {
        self.tell(Order::Forget(folder.into(), self.now))?;
        let (done, tried) = sync_channel(1);
        self.tell(Order::Flush(done))?;
        Ok(tried)
    }

    /// Keeps a packet of an owner: a copy, and never a wait.
    #[inline]
    pub(crate) fn append(&mut self, slot: Slot, record: &Record<'_>) {
        let now = self.now;
        if self.lanes.get_mut(slot).is_some_and(|lane| lane.push(record, now)) {
            self.truncated += u64::from((record.bytes.len() as u64) < u64::from(record.original));
        } else {
            self.append_making_room(slot, record);
        }
    }

    /// The same where the interface is new to the owner, its buffer full or the packet above the snap length.
    #[cold]
    fn append_making_room(&mut self, slot: Slot, record: &Record<'_>) {
        let bytes = record.bytes.get(..SNAP_LENGTH as usize).unwrap_or(record.bytes);
        let record = Record { bytes, ..*record };
        let length = packet_length(bytes.len());
        self.number_interface(slot, record.interface);
        let has_room =
            self.lanes.get(slot).is_some_and(|lane| lane.has_room(length)) || self.renew_buffer(slot, length);
        let now = self.now;
        if has_room && self.lanes.get_mut(slot).is_some_and(|lane| lane.push(&record, now)) {
            self.truncated += u64::from((bytes.len() as u64) < u64::from(record.original));
        } else {
            self.behind.add(1, length as u64);
        }
    }

    fn number_interface(&mut self, slot: Slot, interface: InterfaceId) {
        let name = self.names.get(&interface).cloned();
        let name = name.unwrap_or_else(|| format!("interface {}", interface.0).into());
        if !self.lanes.number(slot, interface, &name) {
            self.begin_section(slot);
            self.lanes.number(slot, interface, &name);
        }
    }

    fn begin_section(&mut self, slot: Slot) {
        self.hand_out(slot, Because::Old);
        self.lanes.begin_section(slot);
    }

    /// Gives a slot an empty buffer with room for so many bytes; false if there is no memory for one.
    fn renew_buffer(&mut self, slot: Slot, length: usize) -> bool {
        self.hand_out(slot, Because::Full);
        self.take_back();
        while let Some(other) = self.lanes.in_the_way_of(slot, length) {
            self.hand_out(other, Because::Squeezed);
        }
        self.lanes.fill(slot, length)
    }

    /// Hands a slot's packets to the writer.
    fn hand_out(&mut self, slot: Slot, because: Because) {
        if let Some(handed) = self.lanes.hand_out(slot, because, self.now) {
            self.send(handed);
        }
    }

    /// Sends packets on their way, or drops them if too many are.
    fn send(&mut self, handed: Handed) {
        self.under_way += 1;
        let order = Order::Write(handed);
        let sent = if self.under_way <= QUEUE { self.orders.try_send(order) } else { Err(TrySendError::Full(order)) };
        if let Err(TrySendError::Full(Order::Write(handed)) | TrySendError::Disconnected(Order::Write(handed))) = sent {
            self.under_way -= 1;
            self.behind.add(handed.records, handed.blocks.len() as u64);
            self.lanes.give_back(handed.blocks);
        }
    }

    /// Takes back the buffers the writer has emptied.
    fn take_back(&mut self) {
        while let Ok(buffer) = self.emptied.try_recv() {
            self.under_way -= 1;
            self.lanes.give_back(buffer);
        }
    }

    /// Says how late it is, ten times a second or more often: hands out what has waited.
    pub(crate) fn tick(&mut self, now: Time) {
        self.now = now;
        if now < self.look {
            return;
        }
        self.look = now + LOOK;
        self.take_back();
        let wait = if now < self.followed { Duration::ZERO } else { LONGEST_WAIT };
        for slot in self.lanes.slots() {
            if self.lanes.get(slot).is_some_and(|lane| lane.waits_since(now - wait)) {
                self.hand_out(slot, Because::Old);
            }
        }
        if now >= self.tick {
            self.tick = now + TICK;
            // A writer that is behind learns the time from what it has to write.
            let _behind = self.tell(Order::Tick(now)).is_err();
        }
    }

    /// Until then nothing waits for more to be written with.
    pub(crate) fn follow_until(&mut self, until: Time) {
        self.followed = self.followed.max(until);
    }

    /// Changes the limits; smaller ones take effect at once.
    pub(crate) fn configure(&mut self, limits: Limits) -> Result<(), Behind> {
        self.tell(Order::Configure(limits, self.now))
    }

    /// Hands everything out and waits until it is written; false if that took too long.
    pub(crate) fn flush(&mut self, timeout: Duration) -> bool {
        for slot in self.lanes.slots() {
            self.hand_out(slot, Because::Old);
        }
        let (done, waiting) = sync_channel(1);
        let flushed = self.tell(Order::Flush(done)).is_ok() && waiting.recv_timeout(timeout).is_ok();
        self.take_back();
        flushed
    }

    /// Writes what is left and ends; false if the disk did not take it in time.
    pub(crate) fn stop(mut self, timeout: Duration) -> bool {
        self.flush(timeout) && self.tell(Order::Stop).is_ok() && {
            // Nobody ever sends: the writer hangs up.
            let hung_up = self.ended.recv_timeout(timeout);
            hung_up == Err(std::sync::mpsc::RecvTimeoutError::Disconnected)
        }
    }

    /// How it fares; asks nobody and waits for nobody.
    pub(crate) fn status(&self) -> Status {
        Status { behind: self.behind, truncated: self.truncated, memory: self.lanes.bytes(), ..self.board.status() }
    }

    fn tell(&self, order: Order) -> Result<(), Behind> {
        self.orders.try_send(order).map_err(|_| Behind)
    }
}

//! Keeps the newest packets of every owner on the disk as pcapng files, and never makes the capture wait for it.
//!
//! ```text
//! capture thread                          writer thread                     disk
//! append ─► a buffer for each owner ─queue─► archive: makes room, writes ─► FOLDER/TIME.pcapng
//!    ▲           (2 to 64 KB)                   │   └─ bytes written ─► sync thread ─► syncfs
//!    └────────── empty buffers ◄────────────────┘
//! ```
//!
//! A packet costs a copy into its owner's buffer. A buffer is handed on when it is full or half a second old. Memory is bounded
//! by the buffers there may be; when all are on their way to a disk that hangs, packets are dropped here and counted.

mod archive;
mod disk;
mod lane;
mod memory;
mod name;
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
pub(crate) use status::Status;

use lane::{Because, Lane};
use memory::{Memory, size_of};
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
/// How often waiting packets are looked for.
const LOOK: Duration = Duration::from_millis(100);
/// How often the writer is told the time when there is nothing to write.
const TICK: Duration = Duration::from_secs(1);
/// As many as the smallest buffers that fit in memory.
const QUEUE: usize = memory::MOST / 2048;
/// Places in the queue that no packets take.
const RESERVED: usize = 64;
/// More owners than can be proven (DESIGN: 4,096), and the interfaces.
const MOST_SLOTS: u32 = 1 << 16;

/// A dense number of an owner, stable while it is open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Slot(pub(crate) u32);

/// The writer is so far behind that it was not told; ask again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Behind;

/// The packet files, as the capture thread has them.
#[derive(Debug)]
pub(crate) struct Files {
    lanes: Vec<Option<Lane>>,
    /// The slots that hold a buffer, by its size.
    holders: BTreeMap<memory::Size, Vec<Slot>>,
    names: BTreeMap<InterfaceId, Arc<str>>,
    memory: Memory,
    orders: SyncSender<Order>,
    emptied: Receiver<Vec<u8>>,
    /// Buffers the writer has.
    under_way: usize,
    /// Says when the writer has ended, by hanging up.
    ended: Receiver<()>,
    board: Arc<Board>,
    sections: u64,
    behind: Tally,
    truncated: u64,
    now: Time,
    look: Time,
    tick: Time,
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
            lanes: Vec::new(),
            holders: BTreeMap::new(),
            names: BTreeMap::new(),
            memory: Memory::default(),
            orders,
            emptied,
            under_way: 0,
            ended,
            board,
            sections: 0,
            behind: Tally::default(),
            truncated: 0,
            now,
            look: now,
            tick: now,
        })
    }

    /// Names an interface, or names it anew.
    pub(crate) fn set_interface(&mut self, interface: InterfaceId, name: &str) {
        if self.names.get(&interface).is_some_and(|known| **known == *name) {
            return;
        }
        let is_renamed = self.names.insert(interface, name.into()).is_some();
        for slot in self.slots().filter(|_| is_renamed) {
            if self.lane(slot).is_some_and(|lane| lane.knows(interface)) {
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
        let index = slot.0 as usize;
        if slot.0 < MOST_SLOTS {
            let number = self.next_section();
            self.lanes.resize_with(self.lanes.len().max(index + 1), || None);
            self.lanes[index] = Some(Lane::new(folder, link, number));
        }
    }

    /// Hands out what a slot holds and closes it; its files stay.
    pub(crate) fn close(&mut self, slot: Slot) {
        self.hand_out(slot, Because::Old);
        if let Some(place) = self.lanes.get_mut(slot.0 as usize) {
            *place = None;
        }
    }

    /// Closes a slot and removes its owner's folder.
    pub(crate) fn forget(&mut self, slot: Slot) -> Result<(), Behind> {
        let Some(folder) = self.lane(slot).map(|lane| Arc::clone(lane.folder())) else { return Ok(()) };
        self.tell(Order::Forget(Arc::clone(&folder), self.now))?;
        self.close(slot);
        // What the slot still held was handed out after the first order.
        self.tell(Order::Forget(folder, self.now))
    }

    /// Keeps a packet of an owner: a copy, and never a wait.
    #[inline]
    pub(crate) fn append(&mut self, slot: Slot, record: &Record<'_>) {
        let now = self.now;
        if let Some(Some(lane)) = self.lanes.get_mut(slot.0 as usize) {
            if lane.push(record, now) {
                self.truncated += u64::from((record.bytes.len() as u64) < u64::from(record.original));
                return;
            }
        }
        self.append_making_room(slot, record);
    }

    /// The same where the interface is new to the owner, or its buffer full.
    #[cold]
    fn append_making_room(&mut self, slot: Slot, record: &Record<'_>) {
        let bytes = record.bytes.get(..SNAP_LENGTH as usize).unwrap_or(record.bytes);
        let record = Record { bytes, ..*record };
        let length = packet_length(bytes.len());
        self.number_interface(slot, record.interface);
        let has_room = self.lane(slot).is_some_and(|lane| lane.has_room(length)) || self.renew_buffer(slot, length);
        let now = self.now;
        let kept = match self.lanes.get_mut(slot.0 as usize) {
            Some(Some(lane)) if has_room => lane.push(&record, now),
            _ => false,
        };
        if kept {
            self.truncated += u64::from((bytes.len() as u64) < u64::from(record.original));
        } else {
            self.behind.add(1, length as u64);
        }
    }

    fn number_interface(&mut self, slot: Slot, interface: InterfaceId) {
        let names = &self.names;
        let name = || names.get(&interface).cloned().unwrap_or_else(|| format!("interface {}", interface.0).into());
        let Some(Some(lane)) = self.lanes.get_mut(slot.0 as usize) else { return };
        if !lane.number(interface, name) {
            self.begin_section(slot);
            let names = &self.names;
            let name = || names.get(&interface).cloned().unwrap_or_else(|| format!("interface {}", interface.0).into());
            if let Some(Some(lane)) = self.lanes.get_mut(slot.0 as usize) {
                lane.number(interface, name);
            }
        }
    }

    fn begin_section(&mut self, slot: Slot) {
        self.hand_out(slot, Because::Old);
        let number = self.next_section();
        if let Some(Some(lane)) = self.lanes.get_mut(slot.0 as usize) {
            lane.begin_section(number);
        }
    }

    fn next_section(&mut self) -> u64 {
        self.sections += 1;
        self.sections
    }

    /// Gives a slot an empty buffer with room for so many bytes; false if there is no memory for one.
    fn renew_buffer(&mut self, slot: Slot, length: usize) -> bool {
        self.hand_out(slot, Because::Full);
        self.take_back();
        let Some(size) = self.lane(slot).map(|lane| lane.wanted(length)) else { return false };
        while !self.memory.may_fill(size) {
            let Some(largest) = self.holders.values().next_back().and_then(|slots| slots.last().copied()) else {
                break;
            };
            self.hand_out(largest, Because::Squeezed);
        }
        let Some(buffer) = self.memory.take(size) else { return false };
        let holders = self.holders.entry(size_of(&buffer)).or_default();
        if let Some(Some(lane)) = self.lanes.get_mut(slot.0 as usize) {
            lane.position = holders.len();
            holders.push(slot);
            lane.fill(buffer);
        }
        true
    }

    /// Hands a slot's buffer to the writer, or drops what is in it if the queue is full.
    fn hand_out(&mut self, slot: Slot, because: Because) {
        let now = self.now;
        let Some(Some(lane)) = self.lanes.get_mut(slot.0 as usize) else { return };
        if !lane.holds_buffer() {
            return;
        }
        let position = lane.position;
        let handed = lane.hand_out(because, now);
        self.unlist(size_of(&handed.blocks), position);
        self.memory.handed_out(&handed.blocks);
        if handed.records == 0 {
            return self.memory.give_back(handed.blocks);
        }
        let refused = if self.under_way < QUEUE {
            self.orders.try_send(Order::Write(handed))
        } else {
            Err(TrySendError::Full(Order::Write(handed)))
        };
        match refused {
            Ok(()) => self.under_way += 1,
            Err(TrySendError::Full(order) | TrySendError::Disconnected(order)) => {
                if let Order::Write(handed) = order {
                    self.behind.add(handed.records, handed.blocks.len() as u64);
                    self.memory.give_back(handed.blocks);
                }
            }
        }
    }

    /// Takes a slot out of the list of those that hold a buffer of this size.
    fn unlist(&mut self, size: memory::Size, position: usize) {
        let Some(holders) = self.holders.get_mut(&size) else { return };
        if position < holders.len() {
            holders.swap_remove(position);
        }
        let moved = holders.get(position).copied();
        if holders.is_empty() {
            self.holders.remove(&size);
        }
        if let Some(Some(lane)) = moved.and_then(|slot| self.lanes.get_mut(slot.0 as usize)) {
            lane.position = position;
        }
    }

    /// Takes back the buffers the writer has emptied.
    fn take_back(&mut self) {
        while let Ok(buffer) = self.emptied.try_recv() {
            self.under_way -= 1;
            self.memory.give_back(buffer);
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
        for slot in self.slots() {
            if self.lane(slot).is_some_and(|lane| lane.waits_since(now - LONGEST_WAIT)) {
                self.hand_out(slot, Because::Old);
            }
        }
        if now >= self.tick {
            self.tick = now + TICK;
            // A writer that is behind learns the time from what it has to write.
            let _behind = self.tell(Order::Tick(now)).is_err();
        }
    }

    /// Changes the limits; smaller ones take effect at once.
    pub(crate) fn configure(&mut self, limits: Limits) -> Result<(), Behind> {
        self.tell(Order::Configure(limits, self.now))
    }

    /// Hands everything out and waits until it is written; false if that took too long.
    pub(crate) fn flush(&mut self, timeout: Duration) -> bool {
        for slot in self.slots() {
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
        Status { behind: self.behind, truncated: self.truncated, memory: self.memory.bytes(), ..self.board.status() }
    }

    fn tell(&self, order: Order) -> Result<(), Behind> {
        self.orders.try_send(order).map_err(|_| Behind)
    }

    fn lane(&self, slot: Slot) -> Option<&Lane> {
        self.lanes.get(slot.0 as usize)?.as_ref()
    }

    fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        (0..self.lanes.len() as u32).map(Slot)
    }
}

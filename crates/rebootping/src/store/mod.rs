//! The history on the disk: one SQLite file, written by one thread that nobody ever waits for, and read by anybody who may.
//!
//! ```text
//! judge's rounds, traffic ─► hour ── over ──► blocks ─┐            ┌─► stream (the hour as it was heard)
//! verdicts, commits, outages, events, orders ► rows ──┼─► memory ──┼─► rows, blocks, days, months
//!                                                     │ (bounded)  └── one transaction a flush ─► history.db ─► read
//! ```
//!
//! Rows and blocks carry the boot and the time since it. What waits for a disk that does not write is bounded, what is worth least goes
//! first, and `status` says what is not kept. A file that is damaged is set aside; one that a newer version wrote is left alone.

mod boots;
pub(crate) mod copy;
mod counted;
mod evict;
mod file;
mod flush;
mod forget;
mod fresh;
mod hour;
pub(crate) mod kinds;
#[doc(hidden)]
pub mod measuring;
mod memory;
pub(crate) mod notes;
mod pack;
pub(crate) mod read;
mod schema;
mod stream;
mod sums;
pub(crate) mod switched;
mod wal;
mod writer;

use crate::clock::{self, Moment};
use crate::config::observing::Store as Limits;
use crate::ipc::observer::LinkMoved;
pub(crate) use file::{COMPANIONS, NAME};
pub(crate) use fresh::{Door, Fresh, Wish};
pub(crate) use hour::{Circumstance, DeviceMinute, Wanted};
pub(crate) use memory::{Part, Row, Sum};
use rebootping_core::history::outages::Outage;
use rebootping_core::history::relay::Receipt;
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
pub(crate) use writer::Kept;
use writer::Writer;

/// Orders that may wait for the thread.
const ORDERS: usize = 1024;
/// A thread that has not shown itself for so long waits for a disk that hangs.
const HANGS_AFTER: Duration = Duration::from_secs(5);
/// Outcomes and sentences nobody asked for yet.
const MOST_SAID: usize = 256;

/// What the thread is told.
#[derive(Debug)]
enum Order {
    Row(Row),
    Heard(Vec<u8>),
    Moved(Vec<DeviceMinute>),
    Circumstance(Circumstance),
    Now(u64, Row),
    Configure(Box<(Limits, BTreeMap<String, u8>)>),
    Recent(Wanted, SyncSender<Vec<Part>>),
    Fresh(Wish, SyncSender<Fresh>),
    Sums(String, SyncSender<Vec<Sum>>),
    Forget(Forgetting),
}

/// Devices of which nothing is to be left.
#[derive(Debug)]
struct Forgetting {
    /// Their MACs, as rows and series have them.
    macs: Vec<String>,
    /// Is told when nothing is left.
    done: SyncSender<()>,
}

/// How the history is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Bytes that wait for the disk.
    pub(crate) waiting_bytes: u64,
    /// Bytes of memory: what waits, the hour that is not over, and SQLite's.
    pub(crate) memory: u64,
    /// When the disk last took all of it.
    pub(crate) written: Option<Time>,
    /// Blocks and rows that never came to the disk, by kind.
    pub(crate) lost: BTreeMap<&'static str, u64>,
    /// Why nothing is kept, if nothing is.
    pub(crate) error: Option<String>,
    /// What links moved, once the clock is set.
    pub(crate) links: Vec<LinkMoved>,
}

/// The thread that writes the history, for those who give it something.
#[derive(Debug)]
pub(crate) struct Store {
    orders: Option<Arc<SyncSender<Order>>>,
    shared: Arc<Shared>,
    turned_away: u64,
    ended: Receiver<()>,
}

impl Store {
    /// Starts it. There is a store whatever becomes of the file: what cannot be kept is said.
    pub(crate) fn start(kept: Kept) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (orders, received) = sync_channel(ORDERS);
        let writer = Writer::new(kept, Arc::clone(&shared), Moment::now());
        let (alive, ended) = sync_channel(0);
        shared.is_alive(clock::now());
        thread::Builder::new().name("store".into()).spawn(move || {
            writer.run(&received);
            drop(alive);
        })?;
        Ok(Self { orders: Some(Arc::new(orders)), shared, turned_away: 0, ended })
    }

    /// Keeps a row with the next flush.
    pub(crate) fn keep(&mut self, row: Row) {
        self.give(Order::Row(row));
    }

    /// Keeps a row at once; [`Store::outcomes`] has the number when the disk has it, or why not.
    pub(crate) fn keep_now(&mut self, number: u64, row: Row) {
        if !self.give(Order::Now(number, row)) {
            self.shared.answer(number, Err("the disk is too far behind".into()));
        }
    }

    /// Takes a frame of the judge's notes; false if it was not taken, and the judge will be asked for it again.
    pub(crate) fn hear(&mut self, frame: Vec<u8>) -> bool {
        self.give(Order::Heard(frame))
    }

    /// Takes what devices moved.
    pub(crate) fn hear_moved(&mut self, minutes: Vec<DeviceMinute>) {
        self.give(Order::Moved(minutes));
    }

    /// Takes what happened that the judge's notes do not say.
    pub(crate) fn hear_circumstance(&mut self, circumstance: Circumstance) {
        self.give(Order::Circumstance(circumstance));
    }

    /// Goes on with other limits, and counts other links.
    pub(crate) fn configure(&mut self, limits: Limits, counted: BTreeMap<String, u8>) {
        self.give(Order::Configure(Box::new((limits, counted))));
    }

    /// Has what is in no block yet sent there.
    pub(crate) fn recent(&mut self, wanted: Wanted, reply: SyncSender<Vec<Part>>) {
        self.give(Order::Recent(wanted, reply));
    }

    /// Has what the series that begin so moved in the hour that is not over sent there.
    pub(crate) fn moved(&mut self, beginning: String, reply: SyncSender<Vec<Sum>>) {
        self.give(Order::Sums(beginning, reply));
    }

    /// Erases all that mentions these MACs, and says so; false if the thread is too far behind.
    pub(crate) fn forget(&mut self, macs: Vec<String>, done: SyncSender<()>) -> bool {
        self.give(Order::Forget(Forgetting { macs, done }))
    }

    /// What became of rows that were to be kept at once.
    pub(crate) fn outcomes(&self) -> Vec<(u64, Result<(), String>)> {
        std::mem::take(&mut self.shared.locked().outcomes)
    }

    /// What the judge is to be told, if that is news.
    pub(crate) fn receipt(&self) -> Option<Receipt> {
        self.shared.locked().receipt.take()
    }

    /// What the operator should be told.
    pub(crate) fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.locked().said)
    }

    /// What is new of outages of this boot.
    pub(crate) fn outages(&self) -> Vec<Outage> {
        std::mem::take(&mut self.shared.locked().outages)
    }

    /// How it is kept.
    pub(crate) fn status(&self, now: Time) -> Status {
        let mut status = self.shared.locked().status.clone();
        let silent = now.since(Time::from_nanos(self.shared.alive.load(Ordering::SeqCst)));
        if silent > HANGS_AFTER {
            status.error = Some(format!("the disk has not answered for {} s", silent.as_secs()));
        }
        if self.turned_away > 0 {
            *status.lost.entry("turned_away").or_default() += self.turned_away;
        }
        status
    }

    /// Writes all that is left, as far as the disk takes it in time.
    pub(crate) fn stop(mut self, timeout: Duration) {
        self.orders = None;
        // Nobody ever sends: the thread hangs up.
        let _hung_up = self.ended.recv_timeout(timeout);
    }

    /// False if the thread is so far behind that it was not taken.
    fn give(&mut self, order: Order) -> bool {
        let given = self.orders.as_ref().map(|orders| orders.try_send(order));
        match given {
            Some(Ok(())) => true,
            // What was heard is told again by who has it.
            Some(Err(TrySendError::Full(Order::Heard(_)))) => false,
            _ => {
                self.turned_away += 1;
                false
            }
        }
    }
}

/// What the thread shows.
#[derive(Debug, Default)]
struct Shared {
    alive: AtomicU64,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    status: Status,
    outcomes: Vec<(u64, Result<(), String>)>,
    said: Vec<String>,
    outages: Vec<Outage>,
    receipt: Option<Receipt>,
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_alive(&self, now: Time) {
        self.alive.store(now.as_nanos(), Ordering::SeqCst);
    }

    fn show(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.locked().status);
    }

    fn error(&self) -> Option<String> {
        self.locked().status.error.clone()
    }

    fn answer(&self, number: u64, result: Result<(), String>) {
        let mut told = self.locked();
        if told.outcomes.len() < MOST_SAID {
            told.outcomes.push((number, result));
        }
    }

    fn say(&self, text: Option<String>) {
        let mut told = self.locked();
        if told.said.len() < MOST_SAID {
            told.said.extend(text);
        }
    }

    fn tell(&self, outage: Outage) {
        let mut told = self.locked();
        if told.outages.len() < MOST_SAID {
            told.outages.push(outage);
        }
    }

    fn acknowledge(&self, receipt: Receipt) {
        self.locked().receipt = Some(receipt);
    }
}

#[cfg(test)]
mod tests;

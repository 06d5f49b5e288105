//! The thread that writes: it gathers what it is told, and brings it to the disk in one transaction a flush.
//!
//! Whatever the disk does, it goes on: what cannot be written waits in bounded memory, and is said. A damaged file is set aside, and
//! all of the hour that memory still has begins the new one.

use super::boots::Boot;
use super::counted::Counted;
use super::file;
use super::flush::{Coming, File, Unfinished};
use super::hour::{Circumstance, Hour, Made};
use super::kinds::{Happening, Stretch};
use super::memory::{Block, Day, Memory, Row, Sum};
use super::{Forgetting, Fresh, Order, Shared, Wish};
use crate::clock::{self, Moment};
use crate::config::observing::Store as Limits;
use crate::sys::heap;
use jiff::tz::TimeZone;
use rebootping_core::history::outages::Outages;
use rebootping_core::time::Time;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// A file that could not be opened, and a disk that refused, are tried again after this.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// How often what is too old is looked for, and what is free is given back.
const TEND_EVERY: Duration = Duration::from_secs(60);
/// How often it is shown what links moved.
const COUNT_EVERY: Duration = Duration::from_secs(10);
/// It shows this often that it is alive.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// Orders taken at once before it is looked whether something is due.
const BATCH: usize = 256;

/// What is kept, and how.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The file.
    pub(crate) path: PathBuf,
    /// How much, how often.
    pub(crate) limits: Limits,
    /// Of each link whose traffic is told, the day of the month on which the count of its cap begins.
    pub(crate) counted: BTreeMap<String, u8>,
    /// The name of the boot that runs.
    pub(crate) boot: String,
    /// The operator's, by which days begin: a process without powers cannot ask the system any more.
    pub(crate) zone: TimeZone,
}

/// What is known between two flushes.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    limits: Limits,
    boot: Boot,
    zone: TimeZone,
    file: Option<File>,
    memory: Memory,
    hour: Hour,
    /// Orders that are answered once the disk has them.
    answers: Vec<u64>,
    /// Devices that are to be forgotten; tried with each flush until it is done.
    forgetting: Vec<Forgetting>,
    flush_at: Time,
    tend_at: Time,
    open_at: Time,
    counted: Counted,
    count_at: Time,
    shared: Arc<Shared>,
}

impl Writer {
    pub(super) fn new(kept: Kept, shared: Arc<Shared>, now: Moment) -> Self {
        let Kept { path, limits, counted, boot, zone } = kept;
        Self {
            path,
            hour: Hour::new(now.time(), &boot, zone.clone()),
            boot: Boot::new(boot),
            zone,
            file: None,
            memory: Memory::default(),
            answers: Vec::new(),
            forgetting: Vec::new(),
            flush_at: now.time() + limits.flush,
            tend_at: now.time() + TEND_EVERY,
            open_at: now.time(),
            counted: Counted::new(counted),
            count_at: now.time(),
            limits,
            shared,
        }
    }

    /// Writes until nobody can give orders any more, and then all that is left.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        self.tick(Moment::now());
        loop {
            let wait = clock::until(self.flush_at.min(self.tend_at)).min(LONGEST_SLEEP);
            match orders.recv_timeout(wait) {
                Ok(order) => {
                    self.take(order, Moment::now());
                    for order in orders.try_iter().take(BATCH) {
                        self.take(order, Moment::now());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.tick(Moment::now());
        }
        self.end(Moment::now());
    }

    /// Writes all that is left.
    pub(super) fn end(mut self, now: Moment) {
        self.flush(now);
        if let Some(file) = self.file.take() {
            file.close();
        }
    }

    /// Takes an order; what it brings goes to the disk with the next flush.
    pub(super) fn take(&mut self, order: Order, now: Moment) {
        match order {
            Order::Row(row) => self.absorb([Made::Row(row)]),
            Order::Heard(frame) => {
                let made = self.hour.hear(&frame, now);
                self.absorb(made);
                if self.hour.is_torn() {
                    self.acknowledge();
                }
            }
            Order::Moved(minutes) => self.hour.hear_moved(&minutes, now.time()),
            Order::Circumstance(circumstance) => {
                let made = self.hour.hear_circumstance(circumstance);
                self.absorb(made);
            }
            Order::Now(number, row) => {
                if let Some(circumstance) = Circumstance::of_applied(&row) {
                    let made = self.hour.hear_circumstance(circumstance);
                    self.absorb(made);
                }
                self.absorb([Made::Row(row)]);
                self.answers.push(number);
                self.flush_at = now.time();
            }
            Order::Configure(other) => {
                let (limits, counted) = *other;
                self.flush_at = self.flush_at.min(now.time() + limits.flush);
                (self.limits, self.counted, self.count_at) = (limits, Counted::new(counted), now.time());
            }
            Order::Forget(forgetting) => {
                self.memory.forget(&forgetting.macs);
                self.hour.forget(&forgetting.macs);
                self.forgetting.push(forgetting);
                self.flush_at = now.time();
            }
            // Who asked may have gone.
            Order::Recent(wanted, reply) => drop(reply.try_send(self.hour.recent(&wanted))),
            Order::Sums(beginning, reply) => drop(reply.try_send(self.sums(&beginning, now))),
            Order::Fresh(wish, reply) => drop(reply.try_send(self.fresh(&wish, now))),
        }
    }

    /// What the series that begin so moved, as far as no day in the file has it.
    fn sums(&self, beginning: &str, now: Moment) -> Vec<Sum> {
        let mut sums = self.hour.sums(beginning, now);
        sums.extend(self.memory.sums(beginning));
        sums
    }

    /// What the file does not have yet.
    fn fresh(&self, wish: &Wish, now: Moment) -> Fresh {
        let mut fresh = Fresh {
            boot: self.boot.name().to_owned(),
            rows: self.memory.rows.iter().cloned().collect(),
            ..Fresh::default()
        };
        for wanted in &wish.samples {
            fresh
                .blocks
                .extend(self.memory.blocks.iter().filter_map(|block| block.of(Stretch::Samples, &wanted.series)));
            fresh.blocks.extend(self.hour.samples(wanted));
        }
        if let Some(beginning) = &wish.traffic {
            let minutes = |block: &Block| block.of(Stretch::TrafficMinutes, beginning);
            fresh.blocks.extend(self.memory.blocks.iter().filter_map(minutes));
            fresh.blocks.extend(self.hour.traffic(beginning, now.time()));
            fresh.sums = self.sums(beginning, now);
        }
        if wish.hour {
            fresh.blocks = self.memory.blocks.iter().cloned().collect();
            fresh.hour = self.hour.heard().to_vec();
        }
        fresh
    }

    /// Keeps what came of something until the disk has it.
    pub(super) fn absorb(&mut self, made: impl IntoIterator<Item = Made>) {
        for made in made {
            match made {
                Made::Row(row) => {
                    self.tell(&row);
                    self.memory.push_row(row);
                }
                Made::Block(block) => self.memory.push_block(block),
                Made::Sum(sum) => self.memory.push_sum(sum),
            }
        }
    }

    /// An outage of this boot is news for others too.
    fn tell(&self, row: &Row) {
        if row.kind == Happening::Outage && row.boot.is_none() {
            // It was written a moment ago, by us.
            if let Ok(outage) = serde_json::from_str(&row.body) {
                self.shared.tell(outage);
            }
        }
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Moment) {
        self.shared.is_alive(now.time());
        if self.file.is_none() && now.time() >= self.open_at {
            self.open(now);
        }
        if now.time() >= self.flush_at {
            self.flush(now);
        }
        if now.time() >= self.tend_at {
            self.tend(now);
        }
        if now.time() >= self.count_at {
            self.count(now);
        }
        self.shared.show(|status| {
            status.waiting_bytes = (self.memory.bytes() + self.hour.unwritten().len()) as u64;
            status.memory = (self.memory.bytes() + self.hour.heard().len()) as u64 + heap::of_sqlite();
            status.lost.clone_from(self.memory.lost());
        });
    }

    fn open(&mut self, now: Moment) {
        self.open_at = now.time() + TRY_AGAIN;
        match file::open(&self.path, &label(now)) {
            Ok((connection, said)) => {
                self.shared.say(said);
                match self.take_over(connection, now) {
                    Ok(file) => self.file = Some(file),
                    Err(error) if file::is_damage(&error) => self.give_up(&error.to_string(), now),
                    Err(error) => self.trouble(format!("{}: {error}", self.path.display())),
                }
            }
            Err(why) => self.trouble(format!("{}: {why}", self.path.display())),
        }
    }

    /// Takes what the file has of the hour that was not over when it was last written.
    fn take_over(&mut self, connection: Connection, now: Moment) -> rusqlite::Result<File> {
        let file = File::new(connection, &self.path, self.zone.clone())?;
        self.boot.forget();
        let mut stood = Outages::default();
        self.counted.look_again();
        for found in file.unfinished(&self.boot)? {
            stood = self.take_unfinished(&found, stood, now);
        }
        self.hour.go_on_from(stood);
        self.shared.show(|status| status.error = None);
        Ok(file)
    }

    /// Goes on with an hour of this boot; one of an earlier boot is over. How outages stood after it, if others go on from there.
    fn take_unfinished(&mut self, found: &Unfinished, stood: Outages, now: Moment) -> Outages {
        let last = found.heard.iter().map(|heard| u64::try_from(heard.at).unwrap_or(0)).max().unwrap_or(0);
        let then = if found.runs { now } else { Moment::of_boot(Time::from_nanos(last), found.ahead) };
        let mut hour = Hour::new(then.time(), &found.name, self.zone.clone());
        for (kind, series, part) in &found.days {
            hour.recall_day(*kind, series, part);
        }
        hour.go_on_from(stood);
        if found.runs {
            hour.end_before(&self.hour);
        }
        hour.recall(&found.heard, then);
        if found.runs && self.hour.is_empty() {
            self.hour = hour;
            return Outages::default();
        }
        let of_boot = |made| match made {
            Made::Block(block) => Made::Block(Block { boot: Some(found.boot), ..block }),
            Made::Row(row) => Made::Row(Row { boot: Some(found.boot), ..row }),
            Made::Sum(Sum { day: Day::Unknown(_, at), series, sent, received }) => {
                Made::Sum(Sum { day: Day::Unknown(Some(found.boot), at), series, sent, received })
            }
            Made::Sum(_) => made,
        };
        let (over, stood) = hour.end_outages();
        let made = hour.turn(then);
        self.absorb(over.into_iter().chain(made).map(of_boot));
        self.hour.void_older();
        if found.runs { Outages::default() } else { stood }
    }

    /// Brings all that waits to the disk, or keeps it for later.
    fn flush(&mut self, now: Moment) {
        self.flush_at = now.time() + self.limits.flush;
        self.turn(now);
        let result = self.write(now);
        if result.is_err() {
            self.flush_at = self.flush_at.min(now.time() + TRY_AGAIN);
        }
        for number in self.answers.drain(..) {
            self.shared.answer(number, result.clone());
        }
        if let Err(why) = result.and_then(|()| self.forget()) {
            self.trouble(why);
        }
    }

    /// Erases from the file what is to be forgotten.
    fn forget(&mut self) -> Result<(), String> {
        let Some(file) = &mut self.file else { return Ok(()) };
        while let Some(forgetting) = self.forgetting.last() {
            file.forget(&forgetting.macs).map_err(|why| format!("a device is not forgotten yet: {}", why.text))?;
            // Who waited may have gone.
            let _is_told = forgetting.done.try_send(()).is_ok();
            self.forgetting.pop();
        }
        Ok(())
    }

    /// Makes blocks of the hour if it is over.
    fn turn(&mut self, now: Moment) {
        if self.file.as_ref().is_some_and(File::hour_is_full) || self.hour.is_over(now.time()) {
            let made = self.hour.turn(now);
            self.absorb(made);
        }
    }

    /// Tells the judge what the disk has.
    fn acknowledge(&self) {
        self.shared.acknowledge(self.hour.receipt());
    }

    fn write(&mut self, now: Moment) -> Result<(), String> {
        let Some(file) = &mut self.file else { return Err(self.shared.error().unwrap_or_default()) };
        if self.hour.has_turned() {
            file.next_hour();
        }
        let coming = Coming { memory: &self.memory, heard: self.hour.unwritten(), now };
        match file.write(&coming, &mut self.boot, &self.limits) {
            Ok(size) => {
                self.memory.clear();
                self.counted.look_again();
                self.hour.written();
                self.acknowledge();
                self.shared.show(|status| {
                    status.bytes = size.file;
                    status.written = Some(now.time());
                    status.error = None;
                });
                Ok(())
            }
            Err(why) => {
                self.boot.forget();
                if why.is_damage {
                    self.give_up(&why.text, now);
                }
                Err(why.text)
            }
        }
    }

    /// Sets the file aside; the next one begins with all of this hour.
    fn give_up(&mut self, why: &str, now: Moment) {
        self.file = None;
        self.open_at = now.time();
        self.hour.write_again();
        match file::set_aside(&self.path, &label(now), why) {
            Ok(said) => self.shared.say(Some(said)),
            Err(error) => {
                self.trouble(format!("{} is damaged ({why}) and cannot be set aside: {error}", self.path.display()));
            }
        }
    }

    /// Shows what links moved, as far as it is known on which days.
    fn count(&mut self, now: Moment) {
        self.count_at = now.time() + COUNT_EVERY;
        if !now.is_dated() {
            return;
        }
        let today = now.label(now.time()).to_zoned(self.zone.clone()).date();
        let looked = self.file.as_ref().map_or(Ok(()), |file| self.counted.look(file, today));
        if let Err(error) = looked {
            self.trouble(format!("{}: {error}", self.path.display()));
        }
        let mut waiting = self.sums("link/", now);
        waiting.extend(self.sums("probes/", now));
        let links = self.counted.count(today, &waiting);
        self.shared.show(|status| status.links = links);
    }

    fn tend(&mut self, now: Moment) {
        self.tend_at = now.time() + TEND_EVERY;
        let Some(file) = &mut self.file else { return };
        match file.tend(&self.limits, now) {
            Ok(is_more) if is_more => self.tend_at = now.time() + LONGEST_SLEEP,
            Ok(_) => {}
            Err(why) => self.trouble(why.text),
        }
    }

    fn trouble(&mut self, why: String) {
        self.shared.show(|status| status.error = Some(why));
    }
}

/// The time, as it stands in names of files.
fn label(now: Moment) -> String {
    now.label(now.time()).strftime("%Y%m%dT%H%M%SZ").to_string()
}

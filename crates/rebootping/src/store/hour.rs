//! The hour that is not over, in memory: what was heard in it, what will become of that, and how much of it the disk has.
//!
//! What is heard comes to the disk as it is, each flush, so that an observer that is started anew knows it again; when the hour is
//! over, it is made into blocks. Hours are those since boot. The rollups of a day are written anew each hour, as they grow.

mod judged;
mod moved;
mod outages;
mod records;
mod trips;

use super::kinds::Stretch;
use super::memory::{Block, Part, Row, Sum};
use super::pack::take;
use super::stream::Heard;
use crate::clock::Moment;
use jiff::tz::TimeZone;
use judged::Families;
pub(super) use judged::family_name;
use moved::Traffic;
pub(crate) use outages::Circumstance;
use outages::Watch;
use rebootping_core::history::outages::Outages;
use rebootping_core::history::relay::{Inbox, Message, Outbox, Receipt};
use rebootping_core::history::rollup::{self, Span};
use rebootping_core::history::traffic::{self, Moved};
use rebootping_core::link::Family;
use rebootping_core::link::decide::Entry;
use rebootping_core::time::Time;
use records::{CIRCUMSTANCE, MARK, MOVED, NOTES, STANDS};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use trips::Trips;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The last notes of an hour come a little later; when none have come for so long, none will.
const GRACE: Duration = Duration::from_secs(60);
/// An hour in which more is heard ends early, in bytes.
const MOST: usize = 4 << 20;

/// What comes of what was heard.
#[derive(Debug)]
pub(super) enum Made {
    Row(Row),
    Block(Block),
    Sum(Sum),
}

/// What a device moved in a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceMinute {
    /// The series: the device.
    pub(crate) series: String,
    /// When the minute began.
    pub(crate) begins: Time,
    /// Bytes.
    pub(crate) moved: Moved,
}

/// What somebody wants to see of the hour that is not over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// How the names of its series begin: `ipv4/wan1/` for samples, `device/` or `link/wan1` for traffic.
    pub(crate) series: String,
    /// Samples of rounds that began then or later.
    pub(crate) since: Time,
}

/// How far the judge's notes are known: of which judge, up to which number.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Mark {
    epoch: u64,
    number: u64,
}

/// What was heard.
#[derive(Debug)]
pub(super) struct Hour {
    /// When it began, once something was heard of it.
    began: Option<Time>,
    last_heard: Time,
    stream: Vec<u8>,
    written: usize,
    inbox: Inbox,
    /// Taken, and on the disk.
    taken: Mark,
    kept: Mark,
    /// Writes down notes so that each hour's stand for themselves, and the number of this hour's.
    again: Outbox,
    number: u64,
    families: Families,
    watch: Watch,
    trips: Trips,
    traffic: Traffic,
    turned: bool,
    /// Of each family the first round that was heard of, not recalled.
    heard_since: BTreeMap<Family, Time>,
    /// Another has these rounds and later ones, so that they are not recalled.
    recalled_until: BTreeMap<Family, Time>,
}

impl Hour {
    /// One that begins now, in the boot of that name; days begin as in that zone.
    pub(super) fn new(now: Time, boot: &str, zone: TimeZone) -> Self {
        Self {
            began: None,
            last_heard: now,
            stream: Vec::new(),
            written: 0,
            inbox: Inbox::default(),
            taken: Mark::default(),
            kept: Mark::default(),
            again: Outbox::new(now.as_nanos()),
            number: now.as_nanos(),
            families: Families::default(),
            watch: Watch::new(boot),
            trips: Trips::default(),
            traffic: Traffic::new(zone),
            turned: false,
            heard_since: BTreeMap::new(),
            recalled_until: BTreeMap::new(),
        }
    }

    /// What the other has heard itself is not recalled: the judge tells again what the disk has when nobody could say that it has it.
    pub(super) fn end_before(&mut self, other: &Self) {
        self.recalled_until.clone_from(&other.heard_since);
    }

    /// Takes a frame of the judge's notes.
    pub(super) fn hear(&mut self, frame: &[u8], now: Moment) -> Vec<Made> {
        self.last_heard = now.time();
        let messages = self.inbox.take(frame);
        let (epoch, _) = self.inbox.position();
        let mut made = Vec::new();
        for (number, message) in messages {
            let mark = Mark { epoch, number };
            if mark.epoch == self.taken.epoch && mark.number <= self.taken.number {
                continue;
            }
            if self.belongs_to_another_hour(&message) {
                made.extend(self.turn(now));
            }
            if let Message::Note(family, Entry::Round(observed)) = &message {
                self.heard_since.entry(*family).or_insert(observed.at);
            }
            made.extend(self.apply(&message, now.time()));
            made.extend(self.watch.news());
            self.taken = mark;
        }
        self.write_down();
        made
    }

    /// Takes what devices moved.
    pub(super) fn hear_moved(&mut self, minutes: &[DeviceMinute], now: Time) {
        // Where there is no link, hours begin with what devices do.
        self.began.get_or_insert(now);
        let mut record = Vec::new();
        for minute in minutes {
            self.traffic.note(&minute.series, minute.begins, minute.moved);
            records::put_minute(minute, &mut record);
        }
        self.record(MOVED, &record);
    }

    /// Takes what the judge's notes do not say.
    pub(super) fn hear_circumstance(&mut self, circumstance: Circumstance) -> Vec<Made> {
        let record = serde_json::to_vec(&circumstance).unwrap_or_default();
        self.record(CIRCUMSTANCE, &record);
        self.watch.hear(circumstance);
        self.watch.news()
    }

    /// Its boot is over, or its record broke off: the outages that this ends, and how things stood.
    pub(super) fn end_outages(&mut self) -> (Vec<Made>, Outages) {
        self.watch.end()
    }

    /// Goes on from how things stood when an earlier hour ended, unless more is known.
    pub(super) fn go_on_from(&mut self, outages: Outages) {
        if self.watch.go_on_from(outages) {
            self.record(STANDS, &self.watch.write());
        }
    }

    /// The samples, or the minutes of traffic, that are in no block yet, as a block would have them.
    pub(super) fn recent(&self, wanted: &Wanted) -> Vec<Part> {
        let mut parts = self.trips.recent(wanted);
        parts.extend(self.traffic.recent(&wanted.series));
        parts
    }

    /// What the series that begin so moved and that is in no day of the file yet.
    pub(super) fn sums(&self, beginning: &str, now: Moment) -> Vec<Sum> {
        self.traffic.sums(beginning, now)
    }

    /// The same as a block, if there are any.
    pub(super) fn samples(&self, wanted: &Wanted) -> Option<Block> {
        let (begins, parts) = (self.began?, self.trips.recent(wanted));
        let block = Block { kind: Stretch::Samples, boot: None, begins, ends: self.last_heard, parts };
        (!block.parts.is_empty()).then_some(block)
    }

    /// The minutes of traffic of the series that begin so as a block, likewise.
    pub(super) fn traffic(&self, beginning: &str, now: Time) -> Option<Block> {
        let (begins, parts) = (self.began?, self.traffic.recent(beginning));
        let block = Block { kind: Stretch::TrafficMinutes, boot: None, begins, ends: now, parts };
        (!block.parts.is_empty()).then_some(block)
    }

    /// Nothing is left of these devices; what the disk has of the hour is written anew.
    pub(super) fn forget(&mut self, macs: &[String]) {
        self.traffic.forget(macs);
        let stream = std::mem::take(&mut self.stream);
        let mut rest = stream.as_slice();
        while let Some((kind, record)) = records::take_record(&mut rest) {
            if kind == MOVED {
                self.record(MOVED, &records::without(record, macs));
            } else {
                self.record(kind, record);
            }
        }
        self.void_older();
    }

    /// All of it, as it was heard.
    pub(super) fn heard(&self) -> &[u8] {
        &self.stream
    }

    /// What the disk does not have yet.
    pub(super) fn unwritten(&self) -> &[u8] {
        self.stream.get(self.written..).unwrap_or_default()
    }

    /// The disk has all of it.
    pub(super) fn written(&mut self) {
        self.written = self.stream.len();
        self.kept = self.taken;
        self.turned = false;
    }

    /// The disk lost what it had of it.
    pub(super) fn write_again(&mut self) {
        self.written = 0;
    }

    /// What the judge is to be told: all that the disk has.
    pub(super) fn receipt(&self) -> Receipt {
        self.inbox.receipt((self.kept.epoch, self.kept.number))
    }

    /// The judge must be told at once: something is missing.
    pub(super) fn is_torn(&self) -> bool {
        self.inbox.is_torn()
    }

    /// It became blocks since the disk last had all of it.
    pub(super) fn has_turned(&self) -> bool {
        self.turned
    }

    /// Whether it is over though nothing more was heard, or has to be.
    pub(super) fn is_over(&self, now: Time) -> bool {
        let is_late = self.began.is_some_and(|began| begin(began, HOUR) != begin(now, HOUR));
        let is_quiet = now.since(self.last_heard) > GRACE;
        (is_late && is_quiet) || self.stream.len() > MOST
    }

    /// Makes blocks of it; the next begins.
    pub(super) fn turn(&mut self, now: Moment) -> Vec<Made> {
        let ends = now.time();
        let began = self.began.take().unwrap_or(ends);
        let day = begin(began, DAY);
        self.trips.forget_before(day);
        self.traffic.forget_before(day);
        let mut blocks = self.families.turn();
        let sums = self.traffic.sums("", now);
        let mut block = |kind, begins, parts: Vec<Part>| {
            if !parts.is_empty() {
                blocks.push(Block { kind, boot: None, begins, ends, parts });
            }
        };
        block(Stretch::Samples, began, self.trips.take_samples());
        block(Stretch::Minutes, began, self.trips.take_minutes());
        block(Stretch::TrafficMinutes, began, self.traffic.take_minutes());
        block(Stretch::Quarters, day, trips::parts(&self.trips.quarters, Span::Quarter));
        block(Stretch::FourHours, day, trips::parts(&self.trips.four_hours, Span::FourHours));
        block(Stretch::TrafficQuarters, day, moved::parts(&self.traffic.quarters, Span::Quarter));
        (self.stream, self.written, self.turned) = (Vec::new(), 0, true);
        self.begin_again(now.time());
        blocks.into_iter().map(Made::Block).chain(sums.into_iter().map(Made::Sum)).collect()
    }

    /// Takes what the disk has of it: what came of that at once is there too.
    pub(super) fn recall(&mut self, heard: &[Heard], now: Moment) {
        let mut inbox = Inbox::default();
        let mut over = BTreeSet::new();
        for heard in heard {
            let mut rest = heard.bytes.as_slice();
            while let Some((kind, record)) = records::take_record(&mut rest) {
                match kind {
                    NOTES => {
                        for (_, message) in inbox.take(record) {
                            if !self.is_told_again(&message, &mut over) {
                                let _on_the_disk = self.take(&message);
                            }
                        }
                    }
                    MOVED => self.recall_moved(record, Time::from_nanos(u64::try_from(heard.at).unwrap_or(0))),
                    MARK => self.recall_mark(record),
                    STANDS => self.watch.read(record),
                    CIRCUMSTANCE => self.recall_circumstance(record),
                    _ => {}
                }
            }
            self.stream.extend_from_slice(&heard.bytes);
        }
        drop(self.watch.news());
        self.written = self.stream.len();
        self.kept = self.taken;
        self.begin_again(now.time());
    }

    /// Whether another has what this tells; nothing of a family follows its first such round.
    fn is_told_again(&self, message: &Message, over: &mut BTreeSet<Family>) -> bool {
        let family = match message {
            Message::Begin(decider) => decider.opening().family,
            Message::Note(family, entry) => {
                let until = self.recalled_until.get(family);
                if matches!(entry, Entry::Round(observed) if until.is_some_and(|until| observed.at >= *until)) {
                    over.insert(*family);
                }
                *family
            }
        };
        over.contains(&family)
    }

    /// What the disk has of any hour was made into blocks.
    pub(super) fn void_older(&mut self) {
        (self.written, self.turned) = (0, true);
    }

    /// Nothing is known of it.
    pub(super) fn is_empty(&self) -> bool {
        self.stream.is_empty()
    }

    /// Takes the rollups of the day as a block has them.
    pub(super) fn recall_day(&mut self, kind: Stretch, series: &str, mut part: &[u8]) {
        let Some(first) = take(&mut part) else { return };
        let span = match kind {
            Stretch::FourHours => Span::FourHours,
            _ => Span::Quarter,
        };
        let at = |number: u64| Time::from_nanos(number.saturating_mul(span.length().as_nanos() as u64));
        if kind == Stretch::TrafficQuarters {
            let moved = (first..).map(at).zip(traffic::decode(part)).collect();
            self.traffic.quarters.insert(series.to_owned(), moved);
            return;
        }
        let rollups = (first..).map(at).zip(rollup::decode(part)).collect();
        let into = if kind == Stretch::FourHours { &mut self.trips.four_hours } else { &mut self.trips.quarters };
        into.insert(series.to_owned(), rollups);
    }

    fn belongs_to_another_hour(&self, message: &Message) -> bool {
        match message {
            Message::Begin(decider) => self.trips.is_of_other_rounds(decider.opening().interval),
            Message::Note(family, entry) => {
                let at = self.families.opening(*family).map(|opening| entry.at(opening.interval));
                let differs = |(began, at)| begin(began, HOUR) != begin(at, HOUR);
                self.began.zip(at).is_some_and(differs)
            }
        }
    }

    /// Does what a message says, and writes it down.
    fn apply(&mut self, message: &Message, now: Time) -> Option<Made> {
        match message {
            Message::Begin(decider) => self.again.begin(decider, now),
            Message::Note(family, entry) => self.again.note(*family, entry, now),
        }
        self.take(message)
    }

    fn take(&mut self, message: &Message) -> Option<Made> {
        let made = self.families.take(message, &mut self.trips, &mut self.traffic);
        self.watch.take(message);
        if let (None, Message::Note(family, entry)) = (self.began, message) {
            self.began = self.families.opening(*family).map(|opening| entry.at(opening.interval));
        }
        made
    }

    /// From here on notes are written down so that they stand for themselves.
    fn begin_again(&mut self, now: Time) {
        self.record(STANDS, &self.watch.write());
        // No two streams of one file have the same number.
        self.number = self.number.max(now.as_nanos()) + 1;
        self.again = Outbox::new(self.number);
        for decider in self.families.deciders() {
            self.again.begin(&decider.beginning(now), now);
        }
        self.write_down();
    }

    fn write_down(&mut self) {
        while let Some(frame) = self.again.next_frame(MOST) {
            self.record(NOTES, &frame);
        }
        self.again.handle_receipt(&Receipt { epoch: self.number, attempt: 0, up_to: u64::MAX, again: false });
        self.record(MARK, &records::mark(self.taken));
    }

    fn record(&mut self, kind: u64, bytes: &[u8]) {
        records::put_record(kind, bytes, &mut self.stream);
    }

    fn recall_moved(&mut self, mut record: &[u8], flushed: Time) {
        self.began.get_or_insert(flushed);
        while let Some(DeviceMinute { series, begins, moved }) = records::take_minute(&mut record) {
            self.traffic.note(&series, begins, moved);
        }
    }

    fn recall_circumstance(&mut self, record: &[u8]) {
        if let Ok(circumstance) = serde_json::from_slice(record) {
            self.watch.hear(circumstance);
        }
    }

    fn recall_mark(&mut self, record: &[u8]) {
        self.taken = records::read_mark(record).unwrap_or(self.taken);
    }
}

/// When the hour or day of a time began, counted from boot.
fn begin(at: Time, length: Duration) -> Time {
    let length = length.as_nanos() as u64;
    Time::from_nanos(at.as_nanos() / length * length)
}

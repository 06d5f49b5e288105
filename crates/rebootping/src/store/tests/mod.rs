//! A store in a folder of its own, with a clock that the test moves.

mod bounds;
mod dates;
mod engines;
mod files;
mod hour;
mod latest;
mod minutes;
mod outages;
mod quantiles;
mod schemas;

use super::hour::Made;
use super::kinds::{Happening, Stretch};
use super::memory::{Block, Day, Part, Sum};
use super::read::{Reader, Span};
use super::writer::{Kept, Writer};
use super::{Order, Row, Shared, Status, file};
use crate::clock::Moment;
use crate::committer::scratch::Scratch;
use crate::config::observing::Store as Limits;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
const HOUR: Duration = Duration::from_secs(3600);
/// All days there are caps for.
const EVER: (Date, Date) = (date(2026, 10, 1), date(2026, 12, 31));
/// All times there are.
const ALWAYS: Span = Span { from: i64::MIN / 2, until: i64::MAX / 2 };

/// A store, and the time it is given.
struct Bench {
    scratch: Scratch,
    writer: Option<Writer>,
    shared: Arc<Shared>,
    limits: Limits,
    boot: String,
    since_boot: Duration,
    wall: Timestamp,
    zone: TimeZone,
}

impl Bench {
    fn new(name: &str) -> Self {
        Self::with(name, Limits::default())
    }

    fn with(name: &str, limits: Limits) -> Self {
        let mut bench = Self {
            scratch: Scratch::new(&format!("store-{name}")),
            writer: None,
            shared: Arc::default(),
            limits,
            boot: "first".into(),
            since_boot: Duration::from_secs(100),
            wall: "2026-11-22T12:00:00Z".parse().unwrap(),
            zone: TimeZone::UTC,
        };
        bench.start();
        bench
    }

    /// Starts a store, as a process that begins does.
    fn start(&mut self) {
        self.shared = Arc::default();
        let kept = Kept {
            path: self.path(),
            limits: self.limits.clone(),
            counted: BTreeMap::from([("wan1".into(), 5)]),
            boot: self.boot.clone(),
            zone: self.zone.clone(),
        };
        let writer = Writer::new(kept, Arc::clone(&self.shared), self.now());
        self.writer = Some(writer);
        self.pass(Duration::ZERO);
    }

    /// Ends it without a word, as a process that is killed does.
    fn kill(&mut self) {
        self.writer = None;
    }

    /// Ends it as it should be ended.
    fn end(&mut self) {
        let now = self.now();
        self.writer.take().unwrap().end(now);
    }

    /// The machine boots anew, which takes a minute.
    fn reboot(&mut self, boot: &str) {
        self.kill();
        self.boot = boot.into();
        self.since_boot = Duration::from_secs(10);
        self.wall += Duration::from_secs(60);
    }

    fn path(&self) -> PathBuf {
        self.scratch.path().join(file::NAME)
    }

    fn now(&self) -> Moment {
        Moment::at(Time::BOOT + self.since_boot, self.wall)
    }

    /// Lets time pass, and the store do what is due then.
    fn pass(&mut self, time: Duration) {
        self.since_boot += time;
        self.wall += time;
        let now = self.now();
        self.writer.as_mut().unwrap().tick(now);
    }

    fn give(&mut self, order: Order) {
        let now = self.now();
        self.writer.as_mut().unwrap().take(order, now);
    }

    fn flush(&mut self) {
        self.pass(self.limits.flush);
    }

    /// Something happens now.
    fn happen(&mut self, kind: Happening, body: &str) {
        let at = self.now().time();
        self.give(Order::Row(Row { kind, boot: None, at, subject: "wan1".into(), body: body.into() }));
    }

    /// An hour of so many bytes is over now.
    fn stretch(&mut self, kind: Stretch, bytes: usize) {
        let ends = self.now().time();
        let bytes = (0..bytes as u64).map(|n| (n.wrapping_mul(0x9e37_79b9) >> 7) as u8).collect();
        let parts = vec![Part { series: "all".into(), bytes }];
        let block = Block { kind, boot: None, begins: ends - HOUR, ends, parts };
        self.writer.as_mut().unwrap().absorb([Made::Block(block)]);
    }

    fn reader(&self) -> Reader {
        Reader::open(self.scratch.path()).unwrap()
    }

    /// What rows of a kind say, and when.
    fn happened(&self, kind: Happening) -> Vec<(String, String)> {
        let happened = self.reader().happened(kind, ALWAYS, 1000).unwrap();
        happened.into_iter().map(|it| (label(it.wall), it.body)).collect()
    }

    fn status(&self) -> Status {
        self.shared.locked().status.clone()
    }
}

fn label(wall: i64) -> String {
    Timestamp::from_nanosecond(wall.into()).unwrap().to_string()
}

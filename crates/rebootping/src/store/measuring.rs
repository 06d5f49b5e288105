//! A door for those who measure what the history takes: a store that is told what time it is.

use super::read::Reader;
use super::writer::{Kept, Writer};
use super::{DeviceMinute, Order, Shared, file};
use crate::clock::Moment;
use crate::config::observing::Store as Limits;
use jiff::tz::TimeZone;
use rebootping_core::history::relay::Receipt;
use rebootping_core::history::traffic::Moved;
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The machine booted then, in unix seconds: a Sunday in June 2025. What it is measured against takes no samples of the future.
pub const BOOTED: i64 = 1_748_736_000;

/// A store whose file lies in a folder.
pub struct Measured {
    folder: PathBuf,
    writer: Writer,
    shared: Arc<Shared>,
}

impl Measured {
    /// Begins at boot, with an empty folder.
    pub fn start(folder: &Path, flush: Duration) -> Self {
        let limits = Limits { flush, ..Limits::default() };
        let shared = Arc::default();
        let now = moment(Time::BOOT);
        let path = folder.join(file::NAME);
        let kept = Kept { path, limits, counted: BTreeMap::new(), boot: "measured".into(), zone: TimeZone::UTC };
        let writer = Writer::new(kept, Arc::clone(&shared), now);
        Self { folder: folder.to_owned(), writer, shared }
    }

    /// Takes a frame of the judge's notes, and does what is due; says what the disk has, if that is news.
    pub fn hear(&mut self, frame: Vec<u8>, now: Time) -> Option<Receipt> {
        self.writer.take(Order::Heard(frame), moment(now));
        self.writer.tick(moment(now));
        assert_eq!(self.shared.error(), None, "the disk takes it");
        self.shared.locked().receipt.take()
    }

    /// Takes what devices moved in the minute that is: their MACs, and bytes sent and received.
    pub fn move_bytes(&mut self, moved: impl Iterator<Item = (String, u64, u64)>, now: Time) {
        let minute = |(mac, sent, received)| DeviceMinute {
            series: format!("device/{mac}"),
            begins: now,
            moved: Moved { sent, received, ..Moved::default() },
        };
        self.writer.take(Order::Moved(moved.map(minute).collect()), moment(now));
    }

    /// Ends it; the folder holds all there is.
    pub fn end(self, now: Time) -> Drawn {
        self.writer.end(moment(now));
        Drawn { folder: self.folder }
    }
}

/// A file that nobody writes any more.
pub struct Drawn {
    folder: PathBuf,
}

impl Drawn {
    /// Draws the graph of a series from one time to another, in unix seconds; how many of its columns have an answer.
    pub fn draw(&self, series: &str, time: (i64, i64), points: usize) -> usize {
        let reader = Reader::open(&self.folder).expect("it was written");
        let columns = reader.columns(series, time, points, &[]).expect("it can be read");
        columns.iter().filter(|column| column.trips.is_some()).count()
    }
}

fn moment(now: Time) -> Moment {
    Moment::of_boot(now, BOOTED * 1_000_000_000)
}

//! How much was written since midnight, over restarts of this process too.
//!
//! A file says how much it was a minute ago, written by a thread of its own: a disk that hangs holds nobody up. It is not synced,
//! for flash wears by that; lost power may cost the count of a day.

use crate::durable;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

const NAME: &str = "written";
/// A date and a number are shorter.
const LONGEST: u64 = 64;
/// Seconds.
const KEEP_EVERY: i64 = 60;
/// A disk that is minutes behind gets no more.
const WAITING: usize = 8;

/// What was added to a counter on the day that is.
#[derive(Debug)]
pub(super) struct Today {
    zone: TimeZone,
    date: Option<Date>,
    /// Of that day, before the counter began at zero.
    before: u64,
    at_midnight: u64,
    kept_at: Option<Timestamp>,
    keeper: Keeper,
}

impl Today {
    /// Goes on from what lies in `state`; days are as this zone has them. An error says that the next start begins at zero.
    pub(super) fn start(state: &Path, zone: TimeZone) -> (Self, Option<io::Error>) {
        let path = state.join(NAME);
        // What cannot be read is like a day on which nothing was written.
        let (date, before) = read(&path).map_or((None, 0), |(date, bytes)| (Some(date), bytes));
        let (keeper, trouble) = Keeper::start(path);
        (Self { zone, date, before, at_midnight: 0, kept_at: None, keeper }, trouble)
    }

    /// What was added today, given what the counter is now.
    pub(super) fn of(&mut self, counter: u64, now: Timestamp) -> u64 {
        let date = now.to_zoned(self.zone.clone()).date();
        if self.date.is_some_and(|known| known != date) {
            self.before = 0;
            // Of what this process wrote before it first asked, all is of today.
            self.at_midnight = if self.kept_at.is_some() { counter } else { 0 };
        }
        self.date = Some(date);
        let today = self.before.saturating_add(counter.saturating_sub(self.at_midnight));
        if self.kept_at.is_none_or(|at| (now.as_second() - at.as_second()).abs() >= KEEP_EVERY) {
            self.kept_at = Some(now);
            self.keeper.keep(date, today);
        }
        today
    }

    /// Keeps the last, and waits until the disk has it.
    pub(super) fn stop(mut self, counter: u64, now: Timestamp, timeout: Duration) {
        self.kept_at = None;
        self.of(counter, now);
        self.keeper.stop(timeout);
    }
}

/// The thread that writes the file.
#[derive(Debug)]
struct Keeper {
    orders: SyncSender<(Date, u64)>,
    ended: Receiver<()>,
}

impl Keeper {
    fn start(path: PathBuf) -> (Self, Option<io::Error>) {
        let (orders, received) = sync_channel::<(Date, u64)>(WAITING);
        let (alive, ended) = sync_channel(0);
        let thread = thread::Builder::new().name("written".into()).spawn(move || {
            for (date, bytes) in received {
                // Of a disk that takes nothing the captures tell.
                drop(durable::swap(&path, format!("{date} {bytes}\n").as_bytes()));
            }
            drop(alive);
        });
        (Self { orders, ended }, thread.err())
    }

    fn keep(&self, date: Date, bytes: u64) {
        // On a disk so far behind the next may find room.
        let _is_behind = self.orders.try_send((date, bytes)).is_err();
    }

    fn stop(self, timeout: Duration) {
        drop(self.orders);
        // Nobody ever sends: the thread hangs up.
        let _hung_up = self.ended.recv_timeout(timeout);
    }
}

fn read(path: &Path) -> Option<(Date, u64)> {
    let mut text = String::new();
    File::open(path).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    let (date, bytes) = text.trim_end().split_once(' ')?;
    Some((date.parse().ok()?, bytes.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("rebootping-today-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn today(&self) -> Today {
            let (today, trouble) = Today::start(&self.0, TimeZone::fixed(jiff::tz::offset(2)));
            assert!(trouble.is_none());
            today
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn at(label: &str) -> Timestamp {
        label.parse().unwrap()
    }

    #[test]
    fn a_day_ends_at_midnight_of_its_zone() {
        let folder = Folder::new("midnight");
        let mut today = folder.today();
        let mut check = |counter, now: &str, expected| assert_eq!(today.of(counter, at(now)), expected);
        check(5, "2026-11-22T10:00:00Z", 5);
        check(9, "2026-11-22T21:59:59Z", 9);
        check(11, "2026-11-22T22:00:00Z", 0);
        check(30, "2026-11-23T21:00:00Z", 19);
    }

    #[test]
    fn a_day_goes_on_after_a_restart_and_another_day_begins_at_zero() {
        const LIMIT: Duration = Duration::from_secs(60);
        let folder = Folder::new("restart");
        folder.today().stop(7, at("2026-11-22T10:00:00Z"), LIMIT);
        let mut again = folder.today();
        assert_eq!(again.of(0, at("2026-11-22T10:00:01Z")), 7);
        again.stop(5, at("2026-11-22T10:00:02Z"), LIMIT);
        assert_eq!(folder.today().of(1, at("2026-11-22T11:00:00Z")), 13);
        assert_eq!(folder.today().of(1, at("2026-11-23T11:00:00Z")), 1);
    }

    #[test]
    fn what_is_no_date_and_number_counts_as_nothing() {
        let folder = Folder::new("damaged");
        for text in ["", "2026-11-22", "2026-11-22 -1", "yesterday 5", "\0\0\0"] {
            fs::write(folder.0.join(NAME), text).unwrap();
            assert_eq!(read(&folder.0.join(NAME)), None, "{text:?}");
        }
    }
}

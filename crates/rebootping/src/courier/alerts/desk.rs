//! The desk: takes in what happens, decides what people are told, keeps what waits, and gives each place its next message.

use super::super::errand::Outlet;
use super::file::{Kept, KeptFile, unix};
use super::places::Letter;
use super::words::Words;
use crate::clock::{self, Moment};
use crate::config::alerts::Alerts as Settings;
use crate::ipc::courier::{AlertsReport, FromCourier, News, SinkReport, Told};
use jiff::Timestamp;
use rebootping_core::alerts::outbox::{Delivery, Sink};
use rebootping_core::alerts::{Event, Message, Standing, What};
use rebootping_core::time::Time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

/// Whether hours are quiet is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// A clock that was never set is looked at this often.
const WAIT_FOR_DATE: Duration = Duration::from_secs(1);

/// So much of what happens until then is remembered.
const MOST_EARLY: usize = 512;

/// What the desk is told.
#[derive(Debug)]
pub(super) enum Input {
    /// Something happened then, since boot.
    Happened(u64, Time, News),
    /// This is how things are since then, since boot.
    Stands(Time, Standing),
    /// This became of the message that a place was given.
    Delivered(Sink, Delivery),
    /// Nothing more is to be sent, for somebody else will.
    End,
}

/// The ways to those who send.
type Jobs = BTreeMap<Sink, SyncSender<Letter>>;

/// What is known at the desk.
pub(super) struct Counter {
    settings: Settings,
    folder: PathBuf,
    gateway: String,
    boot: String,
    sinks: BTreeSet<Sink>,
    jobs: Jobs,
    outlet: Outlet,
    /// All that happened up to this number is taken in, and the committer was told so up to the other.
    taken: (u64, u64),
    shown: AlertsReport,
    not_kept: Option<String>,
    is_ending: bool,
    has_ended: Arc<AtomicBool>,
}

impl Counter {
    /// Prepares it while files can be read.
    pub(super) fn new(
        settings: &Settings,
        folder: PathBuf,
        gateway: String,
        (sinks, jobs): (BTreeSet<Sink>, Jobs),
        outlet: Outlet,
    ) -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
        Self {
            settings: settings.clone(),
            folder,
            gateway,
            boot,
            sinks,
            jobs,
            outlet,
            taken: (0, 0),
            shown: AlertsReport::default(),
            not_kept: None,
            is_ending: false,
            has_ended: Arc::default(),
        }
    }

    /// Becomes true once it was to end and nothing is on its way any more.
    pub(super) fn has_ended(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.has_ended)
    }

    /// Works until nobody can tell it anything any more.
    pub(super) fn run(mut self, inputs: &Receiver<Input>) {
        let (mut file, mut kept, trouble) = KeptFile::open(&self.folder);
        if let Some(trouble) = trouble {
            self.outlet.say(&FromCourier::Warning(format!("alerts: {trouble}")));
        }
        kept.outbox.set_sinks(&self.sinks);
        // Until the clock is set nobody could say when anything happened.
        let mut early = VecDeque::new();
        while !Moment::now().is_dated() {
            match inputs.recv_timeout(WAIT_FOR_DATE) {
                Ok(input) => {
                    early.push_back(input);
                    // The latest says most.
                    early.drain(..early.len().saturating_sub(MOST_EARLY));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        for input in early {
            self.take(&mut kept, input, Moment::now());
        }
        loop {
            self.go_on(&mut kept, &mut file, Moment::now());
            match inputs.recv_timeout(self.idle(&kept, Moment::now())) {
                Ok(input) => self.take(&mut kept, input, Moment::now()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// How long nothing is due.
    fn idle(&self, kept: &Kept, now: Moment) -> Duration {
        let deadlines = [kept.alerts.next_deadline(&self.settings.settings), kept.outbox.next_deadline()];
        let next = deadlines.into_iter().flatten().min().map(|at| at.since(dated(now)));
        // What is due in quiet hours stays so.
        let least = if self.is_quiet(now) { LOOK_EVERY } else { Duration::from_millis(10) };
        next.unwrap_or(LOOK_EVERY).clamp(least, LOOK_EVERY)
    }

    fn take(&mut self, kept: &mut Kept, input: Input, now: Moment) {
        kept.note_boot(&self.boot, now.ahead());
        let settings = &self.settings.settings;
        match input {
            // Told once more, for it was not known here that it had been told.
            Input::Happened(number, ..) if number <= self.taken.0 => {}
            Input::Happened(number, at, news) => {
                let at = unix(at, now.ahead());
                match news {
                    News::Event(Event::Outage(outage)) => {
                        let outage = kept.dated(outage, now);
                        kept.alerts.handle_event(Event::Outage(outage), at, settings);
                    }
                    News::Event(event) => kept.alerts.handle_event(event, at, settings),
                    News::Forget(macs) => {
                        kept.alerts.forget(&macs);
                        kept.outbox.forget(&macs);
                        let macs: Vec<String> = macs.iter().map(ToString::to_string).collect();
                        kept.latest.retain(|told| !macs.iter().any(|mac| told.text.contains(mac)));
                    }
                }
                self.taken.0 = number;
            }
            Input::Stands(at, standing) => kept.alerts.handle_standing(standing, unix(at, now.ahead()), settings),
            Input::Delivered(sink, delivery) => kept.outbox.handle_delivery(sink, delivery, dated(now)),
            Input::End => self.is_ending = true,
        }
    }

    /// Does what is due: tells, keeps, sends, and says how it goes.
    fn go_on(&mut self, kept: &mut Kept, file: &mut KeptFile, now: Moment) {
        kept.alerts.handle_wake(dated(now), &self.settings.settings);
        while let Some(message) = kept.alerts.poll_output() {
            let mut told = self.told(kept, &message);
            told.number = kept.outbox.push(message);
            kept.latest.push_front(told);
            kept.latest.truncate(AlertsReport::MOST);
        }
        self.not_kept = file.keep(kept).err().map(|error| error.to_string());
        if self.taken.0 > self.taken.1 && self.outlet.say(&FromCourier::Kept(self.taken.0)) {
            // What the disk does not take is in memory all the same.
            self.taken.1 = self.taken.0;
        }
        if self.is_ending {
            self.has_ended.store(!kept.outbox.is_sending(), Ordering::Release);
            return;
        }
        let is_quiet = self.is_quiet(now);
        for sink in self.sinks.clone() {
            if let Some(message) = kept.outbox.take_due(sink, dated(now), is_quiet) {
                self.send(kept, sink, &message, now);
            }
        }
        self.show(kept, is_quiet);
    }

    fn send(&mut self, kept: &mut Kept, sink: Sink, message: &Message, now: Moment) {
        let letter =
            Letter { words: Words::of(message, &kept.alerts, &self.gateway), at: message.at, number: message.number };
        let given = match self.jobs.get(&sink) {
            Some(job) => job.try_send(letter).is_ok(),
            None => self.outlet.say(&FromCourier::Hook(Box::new(letter.words.paper()))),
        };
        if !given {
            let failed = Delivery::Failed("it is still busy with the one before".to_owned());
            kept.outbox.handle_delivery(sink, failed, dated(now));
        }
    }

    fn is_quiet(&self, now: Moment) -> bool {
        let civil = clock::civil(timestamp(dated(now)), &clock::zone());
        self.settings.quiet.iter().any(|hours| hours.holds(civil))
    }

    fn told(&self, kept: &Kept, message: &Message) -> Told {
        let words = Words::of(message, &kept.alerts, &self.gateway);
        Told { number: message.number, time: timestamp(message.at).to_string(), text: words.text.clone() }
    }

    /// Says how it goes, if that is news.
    fn show(&mut self, kept: &Kept, is_quiet: bool) {
        let sinks = kept.outbox.queues().map(|(sink, queue)| SinkReport {
            sink,
            waiting: queue.waiting().len() as u64,
            tests: queue.waiting().filter(|message| message.what == What::Test).count() as u64,
            taken: queue.taken,
            refused: queue.refused,
            dropped: queue.dropped,
            last_taken: queue.last_taken.map(|at| timestamp(at).to_string()),
            attempts: queue.attempts,
            error: queue.error.clone(),
        });
        let longest = kept.outbox.queues().map(|(_, queue)| queue).max_by_key(|queue| queue.waiting().len());
        let waiting = longest.into_iter().flat_map(|queue| queue.waiting().take(AlertsReport::MOST));
        let report = AlertsReport {
            sinks: sinks.collect(),
            waiting: waiting.map(|message| self.told(kept, message)).collect(),
            latest: kept.latest.iter().cloned().collect(),
            is_quiet,
            not_kept: self.not_kept.clone(),
        };
        if report != self.shown && self.outlet.say(&FromCourier::Alerts(Box::new(report.clone()))) {
            self.shown = report;
        }
    }
}

/// That moment as Unix time.
fn dated(now: Moment) -> Time {
    unix(now.time(), now.ahead())
}

/// A Unix time for people.
pub(super) fn timestamp(time: Time) -> Timestamp {
    Timestamp::from_nanosecond(time.as_nanos().into()).unwrap_or_default()
}

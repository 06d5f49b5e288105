//! The history's door in the observer: what it is given, what the judge and the committer are told of it.

use super::devices::Learnt;
use super::questions::Answer;
use crate::clock::{Line, Moment};
use crate::config::observing::Store as Limits;
use crate::ipc::observer::{FromObserver, Happened, ObserverSettings, StoreReport};
use crate::store::kinds::Happening;
use crate::store::{Circumstance, DeviceMinute, Door, Kept, NAME, Row, Store, Wanted};
use jiff::tz::TimeZone;
use rebootping_core::history::traffic::Moved;
use rebootping_core::inventory::report::Hardware;
use rebootping_core::inventory::traffic::Minute;
use rebootping_core::packet::neighbour::Mac;
use std::collections::BTreeMap;
use std::fs;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

/// A store whose disk hangs answers nobody.
const PATIENCE: Duration = Duration::from_secs(2);

/// The name of this boot (random(4)), which must be read before the sandbox closes.
pub(super) fn boot_name() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// The store, as long as its thread could be started.
pub(super) struct History {
    store: Option<Store>,
    limits: Limits,
    counted: BTreeMap<String, u8>,
    told: StoreReport,
}

impl History {
    /// Starts it; that it could not be is said.
    pub(super) fn start(settings: &ObserverSettings, boot: String, zone: TimeZone) -> (Self, Option<FromObserver>) {
        let (limits, counted) = (settings.store.clone(), settings.counted.clone());
        let path = settings.state.join(NAME);
        let (store, trouble) =
            match Store::start(Kept { path, limits: limits.clone(), counted: counted.clone(), boot, zone }) {
                Ok(store) => (Some(store), None),
                Err(error) => (None, Some(FromObserver::Warning(format!("no history is kept: {error}")))),
            };
        (Self { store, limits, counted, told: StoreReport::default() }, trouble)
    }

    /// Goes on with other limits, and other links.
    pub(super) fn configure(&mut self, settings: &ObserverSettings) {
        if self.limits == settings.store && self.counted == settings.counted {
            return;
        }
        self.limits.clone_from(&settings.store);
        self.counted.clone_from(&settings.counted);
        if let Some(store) = &mut self.store {
            store.configure(self.limits.clone(), self.counted.clone());
        }
    }

    /// Takes notes of the judge's; those that are not taken it is asked for again.
    pub(super) fn hear(&mut self, notes: Vec<u8>) {
        if let Some(store) = &mut self.store {
            let _is_taken = store.hear(notes);
        }
    }

    /// Keeps at once what the committer did, or an operator.
    pub(super) fn keep(&mut self, number: u64, happened: Happened) {
        let Happened { kind, at, subject, body } = happened;
        if let Some(store) = &mut self.store {
            store.keep_now(number, Row { kind, boot: None, at, subject, body });
        }
    }

    /// Keeps what was learnt of devices; times of the line become times since boot.
    pub(super) fn learn(&mut self, learnt: Learnt, line: Line) {
        let Some(store) = &mut self.store else { return };
        let minute = |(mac, minute): (Mac, Minute)| DeviceMinute {
            series: format!("device/{}", Hardware(mac)),
            begins: line.since_boot(minute.begins),
            moved: Moved {
                sent: minute.sent,
                received: minute.received,
                sent_packets: minute.sent_packets.into(),
                received_packets: minute.received_packets.into(),
            },
        };
        if !learnt.minutes.is_empty() {
            store.hear_moved(learnt.minutes.into_iter().map(minute).collect());
        }
        for (begins, ends, answered) in learnt.names {
            let (begins, ends) = (line.since_boot(begins), line.since_boot(ends));
            store.hear_circumstance(Circumstance::Names { begins, ends, answered });
        }
        for event in learnt.events {
            let body = serde_json::to_string(&event).unwrap_or_default();
            let (at, subject) = (line.since_boot(event.time), event.mac.to_string());
            store.keep(Row { kind: Happening::Event, boot: None, at, subject, body });
        }
    }

    /// A way to ask for what its file does not have yet, if it is kept.
    pub(super) fn door(&self) -> Option<Door> {
        self.store.as_ref().map(Store::door)
    }

    /// Erases what it has of a device; says when that is done. None if there is no history, or it is too far behind.
    pub(super) fn forget(&mut self, macs: &[Hardware]) -> Option<Receiver<()>> {
        let (done, erased) = sync_channel(1);
        self.store.as_mut()?.forget(macs.iter().map(ToString::to_string).collect(), done).then_some(erased)
    }

    /// What is in no block yet, or nothing where the disk hangs; whoever asks waits for it, not we.
    pub(super) fn recent(&mut self, wanted: Wanted) -> Answer {
        let (reply, answered) = sync_channel(1);
        if let Some(store) = &mut self.store {
            store.recent(wanted, reply);
        }
        Box::new(move || serde_json::to_string(&answered.recv_timeout(PATIENCE).ok()))
    }

    /// What series moved in the hour that is not over, likewise.
    pub(super) fn moved(&mut self, beginning: String) -> Answer {
        let (reply, answered) = sync_channel(1);
        if let Some(store) = &mut self.store {
            store.moved(beginning, reply);
        }
        Box::new(move || serde_json::to_string(&answered.recv_timeout(PATIENCE).ok()))
    }

    /// What others are to be told.
    pub(super) fn said(&mut self, now: Moment) -> Vec<FromObserver> {
        let Some(store) = &self.store else { return Vec::new() };
        let kept = store.outcomes().into_iter().map(|(number, result)| FromObserver::Kept { number, result });
        let warnings = store.said().into_iter().map(FromObserver::Warning);
        let mut said: Vec<FromObserver> = kept.chain(warnings).collect();
        said.extend(store.outages().into_iter().map(|outage| FromObserver::Outage(Box::new(outage))));
        said.extend(store.receipt().map(FromObserver::Receipt));
        let report = report(store, now);
        if report != self.told {
            self.told = report.clone();
            said.push(FromObserver::Store(Box::new(report)));
        }
        said
    }

    /// Writes all that is left, as far as the disk takes it in time.
    pub(super) fn stop(self, timeout: Duration) {
        if let Some(store) = self.store {
            store.stop(timeout);
        }
    }
}

fn report(store: &Store, now: Moment) -> StoreReport {
    let status = store.status(now.time());
    StoreReport {
        bytes: status.bytes,
        waiting_bytes: status.waiting_bytes,
        memory: status.memory,
        written: status.written.and_then(|at| u64::try_from(now.label(at).as_nanosecond()).ok()),
        lost: status.lost.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect(),
        error: status.error,
        links: status.links,
    }
}

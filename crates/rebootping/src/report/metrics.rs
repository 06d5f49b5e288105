//! The daemon's state as numbers for monitoring that asks.

use super::captures::CaptureStatus;
use super::sending::AlertsStatus;
use super::status::{LinkStatus, Process, State, Status};
use super::store::StoreStatus;
use crate::ipc::courier::MinutesReport;
use jiff::Timestamp;
use rebootping_core::link;
use rebootping_core::link::probe::Fate;
use rebootping_core::metrics::minute::add_verdicts;
use rebootping_core::metrics::names::{self, Name};
use rebootping_core::metrics::{Family, Value};

/// All families but those of devices.
pub(crate) fn families(status: &Status) -> Vec<Family> {
    let mut all = of_daemon(status);
    all.extend(of_links(&status.links));
    all.extend(of_states(&status.links));
    all.extend(status.capture.as_ref().map(of_captures).unwrap_or_default());
    all.extend(status.store.as_ref().map(of_history).unwrap_or_default());
    all.extend(status.alerts.as_ref().map(of_alerts).unwrap_or_default());
    all.extend(status.remote_write.as_ref().map(of_minutes).unwrap_or_default());
    all
}

fn of_daemon(status: &Status) -> Vec<Family> {
    let mut build = Family::new(names::BUILD);
    build.add(&[("version", env!("CARGO_PKG_VERSION"))], Value::Whole(1));
    let started = one(names::STARTED, unix(Some(&status.started)));
    let mut commits = Family::new(names::COMMITS);
    commits.add(&[("result", "applied")], Value::Whole(status.commit.counts.applied));
    commits.add(&[("result", "failed")], Value::Whole(status.commit.counts.failed));
    let applied = one(names::COMMIT_APPLIED, Some(Value::from(status.commit.state == "applied")));
    let [mut running, mut restarts] = [names::PROCESS_RUNNING, names::PROCESS_RESTARTS].map(Family::new);
    for Process { name, state, restarts: times, memory_bytes: _ } in &status.processes {
        running.add(&[("process", name)], Value::from(state == "running"));
        restarts.add(&[("process", name)], Value::Whole(*times));
    }
    let mut replies = Family::new(names::REPLIES);
    for (family, fates) in &status.replies {
        for (fate, count) in fates {
            replies.add(&[("family", family.name()), ("fate", fate_name(*fate))], Value::Whole(*count));
        }
    }
    vec![build, started, running, restarts, commits, applied, replies]
}

/// What a link has once, whatever the family.
fn of_links(links: &[LinkStatus]) -> Vec<Family> {
    let [mut info, mut metered, mut cap, mut used, mut received, mut sent] = [
        names::LINK_INFO,
        names::LINK_METERED,
        names::LINK_CAP,
        names::LINK_CAP_USED,
        names::LINK_RECEIVED,
        names::LINK_SENT,
    ]
    .map(Family::new);
    for link in links {
        let of_link = labels(link);
        let provider = ("provider", link.provider.as_deref().unwrap_or_default());
        info.add(&[of_link[0], of_link[1], provider], Value::Whole(1));
        metered.add(&of_link, Value::from(link.own.metered));
        cap.add_if(&of_link, link.cap.as_ref().map(|cap| Value::Whole(cap.bytes)));
        used.add_if(&of_link, link.cap.as_ref().map(|cap| Value::Whole(cap.used)));
        received.add(&of_link, Value::Whole(link.moved.received));
        sent.add(&of_link, Value::Whole(link.moved.sent));
    }
    vec![info, metered, cap, used, received, sent]
}

/// What it has in each family.
fn of_states(links: &[LinkStatus]) -> Vec<Family> {
    let [mut healthy, mut used, mut committed, mut loss, mut hold_down, mut sent, mut lost, mut trips, mut verdicts] =
        [
            names::LINK_HEALTHY,
            names::LINK_USED,
            names::LINK_COMMITTED,
            names::LINK_LOSS,
            names::LINK_HOLD_DOWN,
            names::ECHOES_SENT,
            names::ECHOES_LOST,
            names::ROUND_TRIPS,
            names::VERDICTS,
        ]
        .map(Family::new);
    for link in links {
        let [name, label] = labels(link);
        // A family that a link never had is not out; one without any is told by its IPv4.
        let has = |state: &State| state.source.is_some() || state.tally.sent > 0;
        let has_any = link.families.values().any(has);
        let is_told = |family, state: &State| has(state) || (!has_any && family == link::Family::Ipv4);
        for (family, state) in link.families.iter().filter(|(family, state)| is_told(**family, state)) {
            let State { tally, .. } = state;
            let labels = [name, label, ("family", family.name())];
            healthy.add(&labels, Value::from(state.healthy));
            used.add(&labels, Value::from(state.enabled));
            committed.add(&labels, Value::from(state.committed));
            // Nothing is lost where nothing is asked.
            loss.add_if(&labels, (state.expected > 0).then_some(Value::Real(state.loss)));
            hold_down.add(&labels, Value::Whole(state.hold_down_left_s));
            sent.add(&labels, Value::Whole(tally.sent));
            lost.add(&labels, Value::Whole(tally.lost));
            trips.add(&labels, Value::Trips(tally.trips.clone()));
            add_verdicts(&mut verdicts, labels, tally);
        }
    }
    vec![healthy, used, committed, loss, hold_down, sent, lost, trips, verdicts]
}

fn of_captures(capture: &CaptureStatus) -> Vec<Family> {
    let whole = |name: Name, number: u64| one(name, Some(Value::Whole(number)));
    let mut dropped = Family::new(names::DROPPED_PACKETS);
    let lost = capture.dropped;
    for (place, count) in [("ring", lost.ring), ("nic", lost.nic), ("softnet", lost.softnet), ("writer", lost.writer)] {
        dropped.add(&[("where", place)], Value::Whole(count));
    }
    vec![
        whole(names::CAPTURED_PACKETS, capture.packets),
        whole(names::CAPTURED_BYTES, capture.bytes),
        dropped,
        whole(names::REFUSED_MACS, capture.frames.refused_full + capture.frames.refused_pairs),
        whole(names::CAPTURES_KEPT, capture.kept_bytes),
        one(names::CAPTURES_WRITTEN, Some(Value::from(capture.error.is_none()))),
        whole(names::DEVICES, capture.devices),
    ]
}

fn of_history(store: &StoreStatus) -> Vec<Family> {
    let mut lost = Family::new(names::HISTORY_LOST);
    for (kind, count) in &store.lost {
        lost.add(&[("kind", kind)], Value::Whole(*count));
    }
    vec![
        one(names::HISTORY, Some(Value::Whole(store.bytes))),
        one(names::HISTORY_WAITING, Some(Value::Whole(store.waiting_bytes))),
        one(names::HISTORY_WRITTEN, Some(Value::from(store.error.is_none()))),
        lost,
    ]
}

fn of_alerts(alerts: &AlertsStatus) -> Vec<Family> {
    let [mut waiting, mut sent, mut last] = [names::ALERTS_WAITING, names::ALERTS, names::ALERTS_LAST].map(Family::new);
    for sink in &alerts.sinks {
        let of_sink = ("sink", sink.sink.name());
        waiting.add(&[of_sink], Value::Whole(sink.waiting));
        for (fate, number) in [("taken", sink.taken), ("refused", sink.refused), ("given_up", sink.dropped)] {
            sent.add(&[of_sink, ("fate", fate)], Value::Whole(number));
        }
        last.add_if(&[of_sink], unix(sink.last_taken.as_deref()));
    }
    vec![waiting, sent, last]
}

fn of_minutes(minutes: &MinutesReport) -> Vec<Family> {
    let mut samples = Family::new(names::MINUTES_SAMPLES);
    for (fate, number) in [("taken", minutes.taken), ("refused", minutes.refused)] {
        samples.add(&[("fate", fate)], Value::Whole(number));
    }
    vec![
        samples,
        one(names::MINUTES_WAITING, Some(Value::Whole(minutes.waiting_minutes))),
        one(names::MINUTES_TOO_OLD, Some(Value::Whole(minutes.too_old_minutes))),
        one(names::MINUTES_FAILED, Some(Value::Whole(minutes.failed))),
        one(names::MINUTES_LAST, unix(minutes.last_taken.as_deref())),
    ]
}

/// A time as seconds since 1970.
fn unix(time: Option<&str>) -> Option<Value> {
    let time: Timestamp = time?.parse().ok()?;
    Some(Value::Real(time.as_millisecond() as f64 / 1000.0))
}

fn labels(link: &LinkStatus) -> [(&'static str, &str); 2] {
    [("link", &link.name), ("label", link.label.as_deref().unwrap_or_default())]
}

/// A family of one number about everything, or of none.
fn one(name: Name, value: Option<Value>) -> Family {
    let mut family = Family::new(name);
    family.add_if(&[], value);
    family
}

const fn fate_name(fate: Fate) -> &'static str {
    match fate {
        Fate::Counted => "counted",
        Fate::Duplicate => "duplicate",
        Fate::Late => "late",
        Fate::Foreign => "foreign",
    }
}

//! What people read, under snapshot: every reason, the table, the prose, the events, and monitoring's exit codes.

use super::links::{Named, Names};
use super::reason::{self, Told};
use super::status::{Committed, Known, Process, Status};
use super::{events, table, why};
use crate::clock::Moment;
use crate::ipc::JudgedLink;
use insta::assert_snapshot;
use jiff::Timestamp;
use rebootping_core::commit::{Counts, State};
use rebootping_core::engine::{Event, FamilyReport, LinkReport, Report};
use rebootping_core::link::presence::{NextHop, Path};
use rebootping_core::link::recent::RoundTrips;
use rebootping_core::link::tally::Tally;
use rebootping_core::link::verdict::{Code, LinkVerdict, Load, Order, Reason, Spoilt, Verdict};
use rebootping_core::link::{Family, Leave, LinkId, Presence, Targets};
use rebootping_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn names() -> Names {
    let named = |interface: &str, label: Option<&str>, provider: &str| Named {
        interface: interface.into(),
        label: label.map(Into::into),
        provider: Some(provider.into()),
    };
    Names::new([named("wan1", Some("fibre"), "isp1"), named("wan2", None, "isp2")])
}

/// A link in one family that answered so many of four targets, with so many minutes to hold.
fn report(code: Code, answered: u32, enabled: bool, minutes_to_hold: u32) -> FamilyReport {
    let reason = Reason {
        code,
        answered,
        expected: 4,
        best: 4,
        outdone_by: if answered < 4 { vec![LinkId(1)] } else { vec![] },
        missed: Targets::first(4).without(Targets::first(answered as usize)),
        hold_left: minutes_to_hold * 60,
        behind_for: u32::from(answered < 4),
        load: Load { received: 125_000, sent: 900 },
        host_dropped: 0,
    };
    let missed = (answered + 1..5).map(|n| format!("192.0.2.{n}").parse().unwrap()).collect();
    FamilyReport {
        verdict: LinkVerdict { healthy: code == Code::Best, enabled, leave: Leave::Drain, reason },
        path: Path {
            presence: Presence::Present,
            index: Some(2),
            source: Some("198.51.100.2".parse().unwrap()),
            next_hop: Some(NextHop::Gateway("198.51.100.1".parse().unwrap())),
        },
        since: Time::BOOT,
        round_trips: (answered > 0).then_some(RoundTrips { min: 7.9, median: 8.13, p95: 12.25 }),
        loss: f64::from(4 - answered) / 4.0,
        tally: Tally::default(),
        next_hop_heard: Some(Duration::from_secs(3)),
        missed,
        left_out: vec![],
        silent: code == Code::NothingAnswers,
        resting: false,
    }
}

fn text(report: &FamilyReport) -> String {
    reason::text(&Told { report, code: report.verdict.reason.code, names: &names(), interval: Duration::from_secs(1) })
}

fn status_of(reports: [FamilyReport; 2], state: State, order: Option<(Order, Option<Duration>)>) -> Status {
    let linked = |report, order| LinkReport { families: [Some(report), None], order, moved: Load::default() };
    let [first, second] = reports;
    let report =
        Report { links: vec![linked(first, None), linked(second, order)], replies: [BTreeMap::new(), BTreeMap::new()] };
    let judged = |name: &str, label: Option<&str>| JudgedLink {
        name: name.into(),
        label: label.map(Into::into),
        metered: false,
    };
    let commit = Committed {
        backend: "shorewall",
        state,
        error: (state == State::Failing).then(|| "`shorewall disable isp2` ended with 1: no such provider".into()),
        links: BTreeSet::from([(Family::Ipv4, LinkId(0))]),
        left_alone: BTreeSet::new(),
        counts: Counts::default(),
    };
    let moment = Moment::at(Time::BOOT + 10 * MINUTE, "2026-11-22T12:10:00Z".parse().unwrap());
    Status::new(
        &Known {
            links: &[judged("wan1", Some("fibre")), judged("wan2", None)],
            names: &names(),
            report: Some((&report, moment)),
            commit: &commit,
            started: Timestamp::UNIX_EPOCH,
            interval: Duration::from_secs(1),
            capture: None,
            store: None,
            caps: &BTreeMap::new(),
            processes: vec![process("committer"), process("judge")],
            alerts: None,
            minutes: None,
        },
        "2026-11-22T12:10:00Z".parse().unwrap(),
    )
}

fn process(name: &str) -> Process {
    Process { name: name.into(), state: "running".into(), restarts: 0, memory_bytes: None }
}

/// The same on a host whose own queue was full.
fn host_dropping(mut report: FamilyReport) -> FamilyReport {
    report.verdict.reason.host_dropped = 81_234;
    report
}

#[test]
fn every_reason_reads_as_a_sentence() {
    let rows = [
        report(Code::Best, 4, true, 0),
        report(Code::Best, 3, true, 0),
        FamilyReport { resting: true, ..report(Code::Best, 4, true, 0) },
        report(Code::Behind, 3, false, 60),
        report(Code::Behind, 0, false, 60),
        FamilyReport { next_hop_heard: Some(2 * MINUTE), ..report(Code::Behind, 0, false, 60) },
        host_dropping(report(Code::Behind, 3, false, 60)),
        report(Code::HoldDown, 4, false, 41),
        report(Code::Incumbent, 3, true, 12),
        report(Code::SoleBest, 4, true, 12),
        report(Code::NothingAnswers, 0, true, 0),
        report(Code::NoCarrier, 0, false, 60),
        report(Code::NoAddress, 0, false, 0),
        report(Code::NoNextHop, 0, false, 0),
        report(Code::Pinned, 4, true, 0),
        report(Code::Pinned, 4, false, 0),
        report(Code::TakenOut, 4, false, 0),
        report(Code::Starting, 0, false, 0),
        report(Code::Absent, 0, false, 0),
    ];
    let told: Vec<String> =
        rows.iter().map(|row| format!("{:?}: fibre {}.", row.verdict.reason.code, text(row))).collect();
    assert_snapshot!(told.join("\n"));
}

#[test]
fn the_table_shows_shape_and_word_and_what_is_not_applied() {
    let well = status_of([report(Code::Best, 4, true, 0), report(Code::Best, 4, true, 0)], State::Applied, None);
    let out = status_of(
        [report(Code::Best, 4, true, 0), report(Code::HoldDown, 4, false, 41)],
        State::Failing,
        Some((Order::Out, Some(20 * MINUTE))),
    );
    let observing = status_of(
        [report(Code::Best, 4, true, 0), report(Code::Behind, 2, false, 60)],
        State::Observing,
        Some((Order::Pin, None)),
    );
    assert_snapshot!([well, out, observing].map(|status| table::status(&status, false)).join("----\n"));
}

#[test]
fn why_is_prose_of_at_most_ten_lines() {
    let status = status_of([report(Code::Best, 4, true, 0), report(Code::Behind, 3, false, 60)], State::Pending, None);
    let prose = status.links.iter().map(|link| why::prose(&status, link)).collect::<Vec<_>>();
    assert!(prose.iter().all(|prose| prose.lines().count() <= 10));
    assert_snapshot!(prose.join("----\n"));
}

#[test]
fn monitoring_reads_the_exit_code() {
    let code = |first, second| status_of([first, second], State::Applied, None).exit_code();
    let best = || report(Code::Best, 4, true, 0);
    assert_eq!(code(best(), best()), 0);
    assert_eq!(code(best(), report(Code::HoldDown, 4, false, 41)), 1);
    assert_eq!(code(report(Code::SoleBest, 4, true, 5), report(Code::Behind, 0, false, 60)), 2);
    assert_eq!(code(report(Code::NothingAnswers, 0, true, 0), report(Code::NothingAnswers, 0, true, 0)), 2);
    assert_eq!(code(report(Code::Starting, 0, true, 0), best()), 3);
    let mut nowhere = status_of([best(), best()], State::Applied, None);
    nowhere.links.clear();
    assert_eq!(nowhere.exit_code(), 2, "a gateway without a link has no Internet");
    let without = |place: usize| {
        let mut status = status_of([best(), best()], State::Applied, None);
        status.processes[place].state = "starting".into();
        status.exit_code()
    };
    assert_eq!([without(0), without(1)], [0, 3], "who judges is missed, and nobody else");
}

#[test]
fn a_process_that_had_to_be_started_again_is_told() {
    let mut status = status_of([report(Code::Best, 4, true, 0), report(Code::Best, 4, true, 0)], State::Applied, None);
    let told = [0, 1, 2, 3].map(|restarts| {
        status.processes[1].restarts = restarts;
        table::status(&status, false).lines().find_map(|line| line.strip_prefix("judge is ").map(str::to_owned))
    });
    let again = ["running, started again once", "running, started again twice", "running, started again 3 times"];
    assert_eq!(told, [None, Some(again[0].into()), Some(again[1].into()), Some(again[2].into())]);
}

#[test]
fn an_order_that_would_leave_nothing_is_objected_to() {
    let status = status_of([report(Code::Best, 4, true, 0), report(Code::Behind, 0, false, 60)], State::Applied, None);
    assert!(status.objection_to("wan1", Order::Out).is_some());
    assert!(status.objection_to("wan2", Order::Out).is_none());
    assert!(status.objection_to("wan1", Order::Pin).is_none());
    assert!(status.objection_to("wan2", Order::Pin).is_some());
}

#[test]
fn events_read_as_sentences() {
    let link = |code, enabled| report(code, if enabled { 4 } else { 1 }, enabled, 60).verdict;
    let verdict = Verdict {
        round: 7,
        choice: BTreeSet::from([LinkId(1)]),
        changed: true,
        silent: false,
        links: vec![link(Code::Behind, false), link(Code::Best, true)],
    };
    let target = "192.0.2.3".parse().unwrap();
    let all = [
        Event::Switched(Family::Ipv4, verdict),
        Event::TargetLeft(Family::Ipv4, target, LinkId(0)),
        Event::TargetReturned(Family::Ipv6, target),
        Event::Spoilt(Family::Ipv4, Spoilt::Late),
        Event::Spoilt(Family::Ipv4, Spoilt::SendFailed),
        Event::OrderEnded(LinkId(0)),
    ];
    assert_snapshot!(all.map(|event| events::described(&event, &names()).1).join("\n"));
}

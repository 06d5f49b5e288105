//! Outages are rows: exact to the round, each once, whatever becomes of the store, the machine and its clock.

use super::super::Fresh;
use super::hour::{Judge, run};
use super::*;
use crate::store::read::{End, KeptOutage};
use rebootping_core::history::outages::{Noticed, Place};

/// Rounds until wan1 does not answer, which is a minute of each quarter of an hour.
const GOOD: u64 = 840;

fn outages(bench: &Bench) -> Vec<KeptOutage> {
    let now = bench.now();
    bench.reader().outages(i64::MIN, now.time().as_nanos() as i64 + now.ahead(), &Fresh::default()).unwrap()
}

/// Place, begin, length in seconds: `-` where it goes on, `?` where nobody knows.
fn told(bench: &Bench) -> Vec<String> {
    let told = |kept: &KeptOutage| {
        let seconds = |end: i64| ((end - kept.begin) / SECOND as i64).to_string();
        let length = match kept.end {
            End::At(end) => seconds(end),
            End::GoesOn => "-".to_owned(),
            End::NotBefore(end) => format!("{}?", seconds(end)),
        };
        format!("{:?} {} {length}", kept.outage.place().unwrap(), label(kept.begin))
    };
    outages(bench).iter().map(told).collect()
}

/// A judge that was just started.
fn judge_anew(bench: &mut Bench, seconds: u64, kill_every: u64) {
    let mut judge = Judge::new(bench.now().time());
    run(bench, &mut judge, seconds, kill_every);
}

fn often() -> Limits {
    Limits { flush: Duration::from_secs(5), ..Limits::default() }
}

#[track_caller]
fn check_each_once(name: &str, limits: Limits, kill_every: u64) {
    let mut bench = Bench::with(name, limits);
    // Across the end of an hour, and into the fourth outage.
    bench.since_boot = Duration::from_secs(3600 - 1770);
    bench.kill();
    bench.start();
    let begins = bench.wall.as_second();
    let mut judge = Judge::new(bench.now().time());
    run(&mut bench, &mut judge, 3600, kill_every);
    bench.flush();
    let begin = |n: i64| Timestamp::from_second(begins + n * 900 + 840).unwrap();
    let expected: Vec<String> = (0..3).map(|n| format!("Beyond {} 60", begin(n))).collect();
    // The last minute is not ten good seconds past.
    let mut found = told(&bench);
    assert_eq!(found.pop(), Some(format!("Beyond {} -", begin(3))), "{name}");
    assert_eq!(found, expected, "{name}");
    for kept in outages(&bench) {
        let outage = kept.outage;
        assert_eq!((outage.noticed, outage.dead), (Noticed::OnTheSpare, Duration::ZERO));
        assert!(outage.used.iter().eq(["wan2"]) && outage.troubles.len() == 1, "{outage:?}");
    }
    assert_eq!(bench.happened(Happening::Outage).len(), 4);
}

#[test]
fn each_outage_is_told_once_and_exact_to_the_round() {
    check_each_once("outages", Limits::default(), u64::MAX);
}

#[test]
fn a_store_that_is_killed_in_an_outage_tells_it_once_all_the_same() {
    check_each_once("outages-killed", Limits::default(), 97);
    check_each_once("outages-often-killed", often(), 23);
}

#[test]
fn an_outage_is_told_while_it_goes_on_and_not_longer_than_somebody_watches() {
    let mut bench = Bench::with("outages-on", often());
    let mut judge = Judge::new(bench.now().time());
    judge.round = GOOD - 10;
    run(&mut bench, &mut judge, 30, u64::MAX);
    assert_eq!(told(&bench), ["Beyond 2026-11-22T12:00:10Z -"]);
    bench.kill();
    bench.wall += Duration::from_secs(600);
    bench.since_boot += Duration::from_secs(600);
    assert_eq!(told(&bench), ["Beyond 2026-11-22T12:00:10Z -"]);
    bench.wall += Duration::from_secs(600);
    bench.since_boot += Duration::from_secs(600);
    assert_eq!(told(&bench), ["Beyond 2026-11-22T12:00:10Z 20?"]);
}

#[test]
fn another_boot_ends_what_went_on_and_is_an_outage_itself_with_right_dates_after_1970() {
    let mut bench = Bench::with("outages-reboot", often());
    bench.kill();
    bench.wall = "1970-01-01T00:01:40Z".parse().unwrap();
    bench.start();
    let mut judge = Judge::new(bench.now().time());
    judge.round = GOOD - 10;
    run(&mut bench, &mut judge, 15, u64::MAX);
    bench.wall = "2026-11-22T12:00:15Z".parse().unwrap();
    run(&mut bench, &mut judge, 15, u64::MAX);
    bench.reboot("second");
    bench.start();
    let machine = "Machine 2026-11-22T12:00:30Z 60";
    judge_anew(&mut bench, 30, 7);
    assert_eq!(told(&bench), ["Beyond 2026-11-22T12:00:10Z 20", machine]);
    bench.flush();
    // A boot in which nobody judged is part of the next one's gap.
    bench.reboot("third");
    bench.start();
    bench.flush();
    bench.reboot("fourth");
    bench.start();
    judge_anew(&mut bench, 30, u64::MAX);
    bench.flush();
    assert_eq!(told(&bench)[2..], ["Machine 2026-11-22T12:02:00Z 130"]);
    assert_eq!(outages(&bench)[2].outage.place(), Some(Place::Machine));
}

#[test]
fn a_judge_that_was_away_in_one_boot_is_an_outage_of_ours_that_nobody_notices() {
    let mut bench = Bench::with("outages-daemon", often());
    judge_anew(&mut bench, 30, u64::MAX);
    bench.end();
    bench.since_boot += Duration::from_secs(300);
    bench.wall += Duration::from_secs(300);
    bench.start();
    judge_anew(&mut bench, 30, u64::MAX);
    assert_eq!(told(&bench), ["Daemon 2026-11-22T12:00:30Z 300"]);
    assert_eq!(outages(&bench)[0].outage.noticed, Noticed::Nothing);
}

#[test]
fn what_the_committer_did_and_how_names_were_answered_survives_the_store() {
    let mut bench = Bench::with("outages-told", often());
    let mut judge = Judge::new(bench.now().time());
    run(&mut bench, &mut judge, 5, u64::MAX);
    let applied = |bench: &mut Bench, links: &str| {
        let body = format!("{{\"family\":\"ipv4\",\"text\":\"the choice is applied\",\"in_force\":[{links}]}}");
        let row = Row { kind: Happening::Applied, boot: None, at: bench.now().time(), subject: String::new(), body };
        bench.give(Order::Now(1, row));
        bench.pass(Duration::ZERO);
    };
    // Only wan1 is in force: while it is silent nothing works, until the committer has followed.
    applied(&mut bench, "\"wan1\"");
    judge.round = GOOD;
    run(&mut bench, &mut judge, 10, 7);
    applied(&mut bench, "\"wan2\"");
    run(&mut bench, &mut judge, 70, 7);
    assert_eq!(told(&bench), ["Beyond 2026-11-22T12:00:05Z 60"]);
    assert_eq!(
        (outages(&bench)[0].outage.noticed, outages(&bench)[0].outage.dead.as_secs()),
        (Noticed::NothingWorked, 10)
    );
    for answered in [false, false, true] {
        let begins = bench.now().time();
        run(&mut bench, &mut judge, 10, 7);
        let ends = bench.now().time();
        bench.give(Order::Circumstance(crate::store::Circumstance::Names { begins, ends, answered }));
        bench.flush();
    }
    run(&mut bench, &mut judge, 10, 7);
    bench.flush();
    assert_eq!(told(&bench)[1..], ["Names 2026-11-22T12:01:25Z 30"]);
}

//! What the judge notes comes into blocks whole, however often the store is killed and the judge told nothing.

use super::*;
use crate::store::pack::take;
use rebootping_core::history::journal;
use rebootping_core::history::relay::Outbox;
use rebootping_core::history::rollup;
use rebootping_core::history::samples::{self, Sample};
use rebootping_core::link::decide::{Decider, Did, Entry, Neighbour, Observed, OpenLink, Opening};
use rebootping_core::link::echoes::Echoes;
use rebootping_core::link::standing::Held;
use rebootping_core::link::verdict::Load;
use rebootping_core::link::{Family, Presence};

/// A judge that notes a round a second.
pub(super) struct Judge {
    outbox: Outbox,
    decider: Decider,
    pub(super) round: u64,
    /// The choices it made.
    switches: usize,
}

const INTERVAL: Duration = Duration::from_secs(1);

fn link(name: &str) -> OpenLink {
    OpenLink {
        name: name.into(),
        metered: false,
        hold_down: Duration::from_secs(300),
        list: 0,
        targets: vec!["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()],
        echoes: 3,
        held: Held::default(),
        chosen: true,
    }
}

impl Judge {
    pub(super) fn new(now: Time) -> Self {
        let links = vec![link("wan1"), link("wan2")];
        let opening = Opening { family: Family::Ipv4, at: now, interval: INTERVAL, links, rounds: 0 };
        let decider = Decider::new(opening);
        let mut outbox = Outbox::new(now.as_nanos());
        outbox.begin(&decider, now);
        Self { outbox, decider, round: 0, switches: 0 }
    }

    /// A round ends; wan1 does not answer for a minute of each quarter of an hour.
    fn judge(&mut self, now: Time) {
        let is_down = self.round % 900 >= 840;
        let did = |place: u64| Did {
            presence: Presence::Present,
            order: None,
            resting: false,
            next_hop: Neighbour::Answers,
            load: Load { received: 1000 + place, sent: 100 },
            echoes: (0..2)
                .map(|target| Echoes {
                    target,
                    sent: 3,
                    answered: if is_down && place == 0 { 0 } else { 7 },
                    best: (!(is_down && place == 0)).then(|| Duration::from_micros(10_000 + self.round % 1000 * 10)),
                })
                .collect(),
        };
        let links = vec![did(0), did(1)];
        let entry = Entry::Round(Observed { at: now - INTERVAL, spoilt: None, host_dropped: 0, links });
        self.round += 1;
        self.switches += usize::from(self.decider.handle(&entry).verdict.changed);
        self.outbox.note(Family::Ipv4, &entry, now);
    }
}

/// Judges for so long; every so many seconds the store is killed and started again.
pub(super) fn run(bench: &mut Bench, judge: &mut Judge, seconds: u64, kill_every: u64) {
    for second in 1..=seconds {
        bench.since_boot += INTERVAL;
        bench.wall += INTERVAL;
        judge.judge(bench.now().time());
        if second % kill_every == 0 {
            bench.kill();
            bench.start();
        }
        while let Some(frame) = judge.outbox.next_frame(2000) {
            bench.give(Order::Heard(frame));
        }
        bench.pass(Duration::ZERO);
        let receipt = bench.shared.locked().receipt.take();
        if let Some(receipt) = receipt {
            judge.outbox.handle_receipt(&receipt);
        }
    }
}

fn found(bench: &Bench, kind: Stretch, series: &str) -> Vec<Vec<u8>> {
    bench.reader().stretches(kind, series, ALWAYS).unwrap().into_iter().map(|found| found.bytes).collect()
}

#[track_caller]
fn check(name: &str, kill_every: u64) {
    let mut bench = Bench::new(name);
    bench.since_boot = Duration::from_secs(7 * 3600 - 100);
    bench.kill();
    bench.start();
    let mut judge = Judge::new(bench.now().time());
    run(&mut bench, &mut judge, 2 * 3600 + 200, kill_every);

    // The journal decides the same again, every round of the hours that are over once.
    let (mut rounds, mut switches) = (0, 0);
    for block in found(&bench, Stretch::Journal, "ipv4") {
        let reader = journal::Reader::new(&block).expect("a whole block");
        let mut decider = reader.decider().clone();
        for entry in reader {
            rounds += u64::from(matches!(entry, Entry::Round(_)));
            switches += usize::from(decider.handle(&entry).verdict.changed);
        }
    }
    assert_eq!(rounds, 2 * 3600 + 100 - 1);
    assert_eq!(bench.happened(Happening::Verdict).len(), judge.switches);
    assert!(switches > 10 && switches.abs_diff(judge.switches) <= 1, "{switches} of {}", judge.switches);

    let mut samples = Vec::new();
    for block in found(&bench, Stretch::Samples, "ipv4/wan1/192.0.2.2") {
        let mut rest = block.as_slice();
        let (_, interval) = (take(&mut rest).unwrap(), take(&mut rest).unwrap());
        assert_eq!(interval, SECOND);
        samples.extend(samples::decode(rest));
    }
    assert_eq!(samples.len() as u64, rounds);
    let lost = samples.iter().filter(|sample| matches!(sample, Sample::Lost { sent: 3 })).count();
    assert_eq!(lost, 8 * 60);

    for (kind, series) in
        [(Stretch::Minutes, "ipv4/wan1"), (Stretch::Quarters, "ipv4/wan1"), (Stretch::FourHours, "ipv4/wan1")]
    {
        let blocks = found(&bench, kind, series);
        let decoded = blocks.iter().flat_map(|block| {
            let mut rest = block.as_slice();
            take(&mut rest).unwrap();
            rollup::decode(rest).collect::<Vec<_>>()
        });
        let (asked, lost) = decoded.fold((0, 0), |sum, it| (sum.0 + it.asked, sum.1 + it.lost));
        assert_eq!((u64::from(asked), lost), (rounds * 6, 8 * 60 * 6), "{kind:?}");
    }
    let moved = &bench.reader().days("link/wan2", EVER, &[]).unwrap()[0];
    assert_eq!((moved.sent, moved.received), (rounds * 100, rounds * 1001));
    let probes = &bench.reader().days("probes/wan2", EVER, &[]).unwrap()[0];
    assert_eq!(probes.sent, rounds * 6 * 36);
}

#[test]
fn a_graph_is_drawn_from_blocks_and_from_the_hour_that_is_not_over() {
    let mut bench = Bench::new("graph");
    bench.since_boot = Duration::from_secs(3 * 3600 - 600);
    bench.kill();
    bench.start();
    let mut judge = Judge::new(bench.now().time());
    let from = bench.wall.as_second();
    run(&mut bench, &mut judge, 1800, u64::MAX);
    bench.flush();
    let reader = bench.reader();
    let open = reader.open_hour().unwrap();
    let samples =
        open.into_iter().filter(|open| open.kind == Stretch::Samples && open.series.starts_with("ipv4/wan1/"));
    let recent: Vec<_> = samples.map(|open| open.found).collect();
    assert_eq!(recent.len(), 2);
    for points in [2000, 40, 3] {
        let columns = reader.columns("ipv4/wan1", (from, from + 1800), points, &recent).unwrap();
        let sum = columns.iter().fold((0, 0), |sum, column| (sum.0 + column.asked, sum.1 + column.lost));
        assert_eq!(sum, (1800 * 6, 120 * 6), "{points}");
        assert!(columns.len() <= points && columns.iter().any(|column| column.trips.is_some()));
    }
}

#[test]
fn a_link_without_ipv4_has_its_traffic_counted_once() {
    let mut bench = Bench::new("ipv6-only");
    let now = bench.now().time();
    let mut judge = Judge::new(now);
    let opening = Opening { family: Family::Ipv6, ..judge.decider.opening().clone() };
    judge.outbox.begin(&Decider::new(opening), now);
    let round = |at: Time, presence| {
        let load = Load { received: 1000, sent: 100 };
        let (order, resting, next_hop) = (None, false, Neighbour::Unasked);
        let did = Did { presence, order, resting, next_hop, load, echoes: Vec::new() };
        Entry::Round(Observed { at, spoilt: None, host_dropped: 0, links: vec![did.clone(), did] })
    };
    for _ in 0..90 {
        let at = bench.now().time();
        bench.since_boot += INTERVAL;
        bench.wall += INTERVAL;
        let now = bench.now().time();
        judge.outbox.note(Family::Ipv4, &round(at, Presence::NoAddress), now);
        judge.outbox.note(Family::Ipv6, &round(at, Presence::Present), now);
    }
    while let Some(frame) = judge.outbox.next_frame(60_000) {
        bench.give(Order::Heard(frame));
    }
    bench.flush();
    let counted = bench.status().links;
    let moved = counted.iter().find(|moved| moved.link == "wan1").expect("it has a cap");
    assert_eq!((moved.used.sent, moved.used.received), (9_000, 90_000));
}

#[test]
fn hours_become_blocks() {
    check("blocks", u64::MAX);
}

#[test]
fn a_store_that_is_killed_again_and_again_loses_no_round_and_has_none_twice() {
    check("killed", 97);
}

#[test]
fn the_hour_of_an_earlier_boot_becomes_blocks_of_that_boot() {
    let mut bench = Bench::new("earlier");
    let mut judge = Judge::new(bench.now().time());
    run(&mut bench, &mut judge, 600, u64::MAX);
    bench.flush();
    bench.reboot("second");
    bench.start();
    bench.flush();
    let found = bench.reader().stretches(Stretch::Samples, "ipv4/wan2/192.0.2.1", ALWAYS).unwrap();
    assert_eq!((found.len(), found[0].boot), (1, 1));
    assert_eq!(label(found[0].ahead + found[0].begins), "2026-11-22T12:00:01Z");
    bench.kill();
    bench.start();
    bench.flush();
    assert_eq!(bench.reader().stretches(Stretch::Samples, "ipv4/wan2/192.0.2.1", ALWAYS).unwrap().len(), 1);
}

//! What graphs show of realistic round trips is within 2 % of exact, from whatever part of the store they are drawn.

use super::*;
use rebootping_core::history::columns::{Column, Grid};
use rebootping_core::history::relay::Outbox;
use rebootping_core::history::samples::{Sample, Trip};
use rebootping_core::link::decide::{Decider, Did, Entry, Neighbour, Observed, OpenLink, Opening};
use rebootping_core::link::standing::Held;
use rebootping_core::link::verdict::Load;
use rebootping_core::link::{Family, Presence};
use round_trips::{LINKS, Link, TARGETS, echoes};

/// The same as the measurements are made with.
#[path = "../../../benches/store/round_trips.rs"]
mod round_trips;

/// Two hours that are blocks, and some minutes that are none yet.
const ROUNDS: u64 = 2 * 3600 + 600;
const INTERVAL: Duration = Duration::from_secs(1);
/// What a page asks for.
const POINTS: usize = 1200;
/// Of a thousand, as in [`Column`]'s spread.
const QUANTILES: [usize; 4] = [250, 500, 750, 950];

/// Round trips with when their rounds began, in unix seconds: by link and target.
type Exact = Vec<Vec<Vec<(i64, Trip)>>>;

#[test]
fn quantiles_are_within_2_percent_of_exact_in_every_graph() {
    let mut bench = Bench::new("quantiles");
    // Minutes since boot are those of the calendar, so that the same rounds are in the same columns.
    bench.since_boot = Duration::from_secs(8 * 3600);
    bench.kill();
    bench.start();
    let from = bench.wall.as_second();
    let exact = watched(&mut bench);
    let to = from + ROUNDS as i64;
    for (kind, targets) in LINKS.iter().zip(&exact) {
        let whole: Vec<_> = targets.concat();
        let one = format!("ipv4/{}/{}", kind.name, target(3));
        let all = format!("ipv4/{}", kind.name);
        let (day, month, year) = (86_400, 30 * 86_400, 365 * 86_400);
        check(&bench, &one, &targets[3], (from, to));
        check(&bench, &all, &whole, (from, to));
        for length in [day, month, year] {
            check(&bench, &one, &targets[3], (to - length, to));
            check(&bench, &all, &whole, (to - length, to));
        }
    }
}

/// Has the judge note all rounds, and the store keep them; what was noted.
fn watched(bench: &mut Bench) -> Exact {
    let open = |kind: &round_trips::Kind| OpenLink {
        name: kind.name.into(),
        metered: false,
        hold_down: Duration::from_secs(300),
        list: 0,
        targets: (0..TARGETS).map(target).collect(),
        echoes: 3,
        held: Held::default(),
        chosen: true,
    };
    let now = bench.now().time();
    let links = LINKS.iter().map(open).collect();
    let opening = Opening { family: Family::Ipv4, at: now, interval: INTERVAL, links, rounds: 0 };
    let mut outbox = Outbox::new(now.as_nanos());
    outbox.begin(&Decider::new(opening), now);
    let mut lines: Vec<Link> = (1..).zip(LINKS).map(|(seed, kind)| Link::new(kind, seed)).collect();
    let mut exact: Exact = vec![vec![Vec::new(); TARGETS]; LINKS.len()];
    for round in 1..=ROUNDS {
        let (at, wall) = (bench.now().time(), bench.wall.as_second());
        let mut links = Vec::new();
        for (line, exact) in lines.iter_mut().zip(&mut exact) {
            let samples = line.round();
            for (sample, exact) in samples.iter().zip(exact) {
                if let Sample::Answered { best, .. } = sample {
                    exact.push((wall, *best));
                }
            }
            links.push(did(&samples));
        }
        bench.since_boot += INTERVAL;
        bench.wall += INTERVAL;
        let entry = Entry::Round(Observed { at, spoilt: None, host_dropped: 0, links });
        outbox.note(Family::Ipv4, &entry, bench.now().time());
        if round % 60 == 0 {
            while let Some(frame) = outbox.next_frame(60_000) {
                bench.give(Order::Heard(frame));
            }
            bench.pass(Duration::ZERO);
            if let Some(receipt) = bench.shared.locked().receipt.take() {
                outbox.handle_receipt(&receipt);
            }
        }
    }
    bench.flush();
    exact
}

fn did(samples: &[Sample]) -> Did {
    let is_absent = samples.contains(&Sample::Absent);
    Did {
        presence: if is_absent { Presence::NoCarrier } else { Presence::Present },
        order: None,
        resting: false,
        next_hop: Neighbour::Answers,
        load: Load::default(),
        echoes: (0..).zip(samples).filter_map(|(target, sample)| echoes(target, *sample)).collect(),
    }
}

fn target(place: usize) -> std::net::IpAddr {
    [192, 0, 2, place as u8 + 1].into()
}

/// Every column of a graph holds the round trips of its time, and no quantile is further off than 2 %.
#[track_caller]
fn check(bench: &Bench, series: &str, exact: &[(i64, Trip)], (from, to): (i64, i64)) {
    let reader = bench.reader();
    let open = reader.open_hour().expect("it can be read");
    let is_its = |name: &str| name == series || name.strip_prefix(series).is_some_and(|rest| rest.starts_with('/'));
    let recent = open.into_iter().filter(|open| open.kind == Stretch::Samples && is_its(&open.series));
    let recent: Vec<_> = recent.map(|open| open.found).collect();
    let columns = reader.columns(series, (from, to), POINTS, &recent).expect("it can be read");
    let grid = Grid::new(from, to, POINTS);
    let mut of_column: Vec<Vec<u32>> = vec![Vec::new(); grid.count];
    for (time, trip) in exact {
        of_column[grid.place(*time).expect("it is in the graph")].push(trip.0);
    }
    let (mut known, mut worst) = (0, 0.0_f64);
    for (column, trips) in columns.iter().zip(&mut of_column) {
        trips.sort_unstable();
        known += usize::from(!trips.is_empty());
        worst = worst.max(off(column, trips));
    }
    println!("{series}, {} s a column, {known} of them: at most {:.2} % off", grid.step, 100.0 * worst);
    assert!(known > 0 && worst <= 0.02, "{series}: {worst}");
}

/// How far off the worst quantile of a column is, as a share of the exact one.
fn off(column: &Column, trips: &[u32]) -> f64 {
    let Some(spread) = &column.trips else {
        assert!(trips.is_empty(), "{column:?} has none of {} round trips", trips.len());
        return 0.0;
    };
    assert_eq!((spread.min.0, spread.max.0), (trips[0], trips[trips.len() - 1]), "{column:?}");
    let told = [spread.q1, spread.median, spread.q3, spread.p95];
    let each = QUANTILES.iter().zip(told).map(|(permille, told)| {
        let exact = trips[(trips.len() * permille).div_ceil(1000).max(1) - 1];
        f64::from(told.0.abs_diff(exact)) / f64::from(exact)
    });
    each.fold(0.0, f64::max)
}

//! How long a dead link keeps getting new connections: with rebootping, with lsm, and with dpinger where it is installed.
//!
//! All in the same kind of lab, with real Shorewall. A time runs from the moment before the fault to the one in which the kernel
//! shows the link out of the routing of new connections. Faults begin at a random phase of the round.

#[path = "failover/rival.rs"]
mod rival;
#[path = "../tests/lab/slow_disk.rs"]
#[expect(dead_code, reason = "the tests ask it more")]
mod slow_disk;
#[path = "../tests/lab/support.rs"]
#[expect(dead_code, reason = "the tests ask it more")]
mod support;

use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use rebootping_lab::{Daemon, Family, Lab, Watcher};
use rival::Rival;
use slow_disk::SlowDisk;
use support::{hold_down, lab, start, wait_in};

/// Far longer than anything measured here takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);
const BLACKHOLES: usize = 20;
const CARRIER_LOSSES: usize = 10;
/// A rival needs some 15 s for each.
const RIVALS_BLACKHOLES: usize = 10;

/// The times of one kind of fault under one program.
struct Row {
    who: &'static str,
    fault: &'static str,
    times: Vec<Duration>,
    promised: Option<Promise>,
}

#[derive(Clone, Copy)]
struct Promise {
    median: Duration,
    worst: Duration,
}

const UPSTREAM: Promise = Promise { median: Duration::from_millis(2500), worst: Duration::from_millis(3500) };
const CARRIER: Promise = Promise { median: Duration::from_millis(500), worst: Duration::from_millis(500) };

fn main() -> ExitCode {
    println!("{:12}{:32}{:>6}{:>10}{:>10}  promised", "program", "fault", "times", "median ms", "worst ms");
    let kept = ours();
    for rival in Rival::ALL {
        match rival.failovers(RIVALS_BLACKHOLES) {
            Some(times) => Row { who: rival.name(), fault: "upstream dead", times, promised: None }.print(),
            None => println!("!!! {0} IS NOT MEASURED: there is no {0} on PATH !!!", rival.name()),
        }
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures and prints; whether every promise is kept.
fn ours() -> bool {
    let lab = lab("bench").build();
    let daemon = start(&lab, &hold_down(2));
    let watcher = lab.gw().watch();
    let upstream = |on| lab.isp(1).blackhole(on);
    let carrier = |lost: bool| lab.isp(1).carrier(!lost);
    let measure = |fault, times, promised, break_it: &dyn Fn(bool) -> Instant| {
        let times = (0..times).map(|_| failover(&lab, &daemon, &watcher, break_it)).collect();
        let row = Row { who: "rebootping", fault, times, promised: Some(promised) };
        row.print();
        row.is_kept()
    };
    let mut kept = measure("upstream dead", BLACKHOLES, UPSTREAM, &upstream);
    kept &= measure("no carrier", CARRIER_LOSSES, CARRIER, &carrier);
    let _disk = SlowDisk::under(&daemon);
    kept &= measure("upstream dead, each fsync 30 s", BLACKHOLES, UPSTREAM, &upstream);
    kept & measure("no carrier, each fsync 30 s", CARRIER_LOSSES, CARRIER, &carrier)
}

/// Breaks the first link, measures how long it stays, and mends it.
fn failover(lab: &Lab, daemon: &Daemon, watcher: &Watcher, break_it: &dyn Fn(bool) -> Instant) -> Duration {
    wait_random_phase();
    let fault = break_it(true);
    let took = watcher.wait_left("wan1", Family::V4, fault, LIMIT);
    let mended = break_it(false);
    watcher.wait_entered("wan1", Family::V4, mended, LIMIT);
    wait_in(lab, daemon, "wan1", LIMIT);
    took
}

/// Waits up to a second, the length of everybody's round.
pub(crate) fn wait_random_phase() {
    thread::sleep(Duration::from_millis(RandomState::new().hash_one(()) % 1000));
}

impl Row {
    fn print(&self) {
        let promised = self.promised.map_or_else(String::new, |promise| {
            let verdict = if self.is_kept() { "kept" } else { "BROKEN" };
            format!("{} / {}: {verdict}", promise.median.as_millis(), promise.worst.as_millis())
        });
        let (median, worst) = (self.median().as_millis(), self.worst().as_millis());
        println!("{:12}{:32}{:>6}{median:>10}{worst:>10}  {promised}", self.who, self.fault, self.times.len());
    }

    fn is_kept(&self) -> bool {
        self.promised.is_none_or(|promise| self.median() <= promise.median && self.worst() <= promise.worst)
    }

    fn median(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort();
        times[times.len() / 2]
    }

    fn worst(&self) -> Duration {
        self.times.iter().max().copied().unwrap_or_default()
    }
}

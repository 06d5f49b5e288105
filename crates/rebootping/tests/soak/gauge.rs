//! What each process of a daemon holds of memory, descriptors and threads over time, and whether that stays as it is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::time::Instant;

use rebootping_lab::Daemon;
use serde_json::Value;

use crate::slope::{median, slope};

/// What `rebootping run` starts, beside itself.
const PROCESSES: [&str; 4] = ["judge", "observer", "web", "courier"];
/// Caches fill and tables reach their bounds in this share of a process's time; only what comes after is judged.
const WARM_UP: f64 = 1.0 / 3.0;
/// What a process holds may rise by so much, in KiB a second: three quarters of a leak of 1 MB in ten minutes.
const LEAK: f64 = 1.25;
/// What an allocator keeps in pieces beside that, in KiB, or as a share of what is resident.
const PIECES: f64 = 2_048.0;
const SHARE_OF_PIECES: f64 = 0.05;

/// What is measured of a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    /// Memory it says it holds, in KiB, without what it says has a bound: buffers of packets, and what the history has in memory.
    Held,
    /// Memory of its own, in KiB, likewise: neither files nor the ring of packets, which is shared with the kernel.
    Resident,
    Descriptors,
    Threads,
}

const ALL: [What; 4] = [What::Held, What::Resident, What::Descriptors, What::Threads];

impl What {
    fn of(self, name: &str, pid: u32, status: &Value) -> Option<f64> {
        let field = |name: &str| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            value.split_whitespace().next()?.parse::<f64>().ok()
        };
        match self {
            Self::Held => Some(held(name, status)? - bounded(name, status)?),
            Self::Resident => Some(field("RssAnon")? - bounded(name, status)?),
            Self::Descriptors => Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as f64),
            Self::Threads => field("Threads"),
        }
    }

    /// By how much it may grow in so many seconds.
    fn may_grow(self, held: f64, seconds: f64) -> f64 {
        match self {
            Self::Held => LEAK * seconds,
            Self::Resident => PIECES.max(held * SHARE_OF_PIECES),
            // One more or less is a question being answered just then; one more by the line is kept.
            Self::Descriptors | Self::Threads => 0.9,
        }
    }
}

/// What a process says it holds.
fn held(name: &str, status: &Value) -> Option<f64> {
    let processes = status["processes"].as_array()?;
    let process = processes.iter().find(|process| process["name"] == name)?;
    kib(&process["memory_bytes"])
}

/// What of it is known to have a bound of its own.
fn bounded(name: &str, status: &Value) -> Option<f64> {
    if name != "observer" {
        return Some(0.0);
    }
    Some(kib(&status["capture"]["buffer_bytes"])? + kib(&status["store"]["memory_bytes"])?)
}

fn kib(bytes: &Value) -> Option<f64> {
    Some(bytes.as_f64()? / 1024.0)
}

/// All that was measured, each with the seconds since the beginning.
#[derive(Debug)]
pub(crate) struct Gauge {
    began: Instant,
    pids: BTreeMap<&'static str, u32>,
    series: BTreeMap<(&'static str, What), Vec<(f64, f64)>>,
}

impl Gauge {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), pids: BTreeMap::new(), series: BTreeMap::new() }
    }

    /// Measures every process once, one that was started anew from its beginning on. One that is gone is found by status, which
    /// counts restarts.
    pub(crate) fn look(&mut self, daemon: &Daemon) {
        let status = daemon.status();
        let others = PROCESSES.into_iter().filter_map(|name| Some((name, u32::try_from(daemon.process(name)?).ok()?)));
        for (name, pid) in others.chain([("committer", daemon.pid())]) {
            if self.pids.insert(name, pid) != Some(pid) {
                self.series.retain(|(other, _), _| *other != name);
            }
            for what in ALL {
                if let Some(value) = what.of(name, pid, &status) {
                    let seconds = self.began.elapsed().as_secs_f64();
                    self.series.entry((name, what)).or_default().push((seconds, value));
                }
            }
        }
    }

    /// Prints what was measured, and fails where something grew.
    #[track_caller]
    pub(crate) fn assert_flat(&self) {
        let mut table = String::from("process    what         held       grew       may grow\n");
        let mut grew = Vec::new();
        for name in PROCESSES.into_iter().chain(["committer"]) {
            // The judge does not say what it holds.
            for what in ALL.into_iter().filter(|what| (name, *what) != ("judge", What::Held)) {
                let judged = self.judged(name, what);
                assert!(judged.len() > 20, "{name}: {what:?} was measured {} times after the warm-up", judged.len());
                let span = judged.last().map_or(0.0, |last| last.0) - judged.first().map_or(0.0, |first| first.0);
                let held = median(&mut judged.iter().map(|(_, value)| *value).collect::<Vec<f64>>());
                let line = slope(&judged) * span;
                let growth = if what == What::Held { line } else { line.min(rise(self.all(name, what))) };
                let limit = what.may_grow(held, span);
                let what = format!("{what:?}");
                writeln!(table, "{name:<10} {what:<11} {held:>8.0} {growth:>10.1} {limit:>10.1}").expect("a string");
                if growth > limit {
                    grew.push(format!("{name}: {what}"));
                }
                println!("{name} {what}: {}", course(&judged));
            }
        }
        println!("{table}");
        assert!(grew.is_empty(), "these grew: {grew:?}\n{table}\n{:?}", self.series);
    }

    fn all(&self, name: &'static str, what: What) -> &[(f64, f64)] {
        self.series.get(&(name, what)).map_or(&[], Vec::as_slice)
    }

    /// What was measured after the warm-up.
    fn judged(&self, name: &'static str, what: What) -> Vec<(f64, f64)> {
        let all = self.all(name, what);
        let (first, last) = (all.first().map_or(0.0, |first| first.0), all.last().map_or(0.0, |last| last.0));
        let from = first + (last - first) * WARM_UP;
        all.iter().copied().filter(|(seconds, _)| *seconds >= from).collect()
    }
}

/// By how much the highest of the second half is above the highest before: what an allocator gives back at times rises no further.
fn rise(points: &[(f64, f64)]) -> f64 {
    let highest = |points: &[(f64, f64)]| points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let (before, after) = points.split_at(points.len() / 2);
    highest(after) - highest(before)
}

/// A dozen of the values, in order.
fn course(points: &[(f64, f64)]) -> String {
    let every = points.len().div_ceil(12);
    let values: Vec<String> = points.iter().step_by(every).map(|(_, value)| format!("{value:.0}")).collect();
    values.join(" ")
}

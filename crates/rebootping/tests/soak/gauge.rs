//! What each process of a daemon holds of memory, descriptors and threads over time, and whether that stays as it is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::time::Instant;

use rebootping_lab::Daemon;

use crate::slope::{median, slope};

/// What `rebootping run` starts, beside itself.
const PROCESSES: [&str; 3] = ["judge", "observer", "web"];
/// Caches fill and tables reach their bounds in this share of the time; only what comes after is judged.
const WARM_UP: f64 = 1.0 / 3.0;
/// By so much memory a process may grow in the time that is judged, in KiB: what an allocator keeps in pieces. A leak of
/// a hundred bytes for each packet is a hundred times that.
const GROWTH: f64 = 2_048.0;
/// The same as a share of what it holds.
const GROWTH_SHARE: f64 = 0.05;
/// The observer's bounded tables go on filling while storms of invented MACs come, in KiB a second.
const STORMS: f64 = 8.0;

/// What is measured of a process, and by how much it may grow in all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    /// Memory of its own, in KiB: neither files nor the ring of packets, which is shared with the kernel.
    Memory,
    Descriptors,
    Threads,
}

const ALL: [What; 3] = [What::Memory, What::Descriptors, What::Threads];

impl What {
    fn of(self, pid: u32) -> Option<f64> {
        let field = |name: &str| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            value.split_whitespace().next()?.parse().ok()
        };
        match self {
            Self::Memory => field("RssAnon"),
            Self::Descriptors => Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as f64),
            Self::Threads => field("Threads"),
        }
    }

    fn may_grow(self, process: &str, held: f64, seconds: f64) -> f64 {
        match self {
            Self::Memory if process == "observer" => GROWTH.max(held * GROWTH_SHARE) + STORMS * seconds,
            Self::Memory => GROWTH.max(held * GROWTH_SHARE),
            // One more or less is a question being answered just then; one more by the line is kept.
            Self::Descriptors | Self::Threads => 0.9,
        }
    }
}

/// All that was measured, each with the seconds since the beginning.
#[derive(Debug)]
pub(crate) struct Gauge {
    began: Instant,
    series: BTreeMap<(&'static str, What), Vec<(f64, f64)>>,
}

impl Gauge {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), series: BTreeMap::new() }
    }

    /// Measures every process once. One that is gone is found by status, which counts restarts.
    pub(crate) fn look(&mut self, daemon: &Daemon) {
        let others = PROCESSES.into_iter().filter_map(|name| Some((name, u32::try_from(daemon.process(name)?).ok()?)));
        for (name, pid) in others.chain([("committer", daemon.pid())]) {
            for what in ALL {
                if let Some(value) = what.of(pid) {
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
            for what in ALL {
                let judged = self.judged(name, what);
                assert!(judged.len() > 20, "{name} was measured {} times after the warm-up", judged.len());
                let span = judged.last().map_or(0.0, |last| last.0) - judged.first().map_or(0.0, |first| first.0);
                let held = median(&mut judged.iter().map(|(_, value)| *value).collect::<Vec<f64>>());
                let growth = (slope(&judged) * span).min(rise(self.all(name, what)));
                let limit = what.may_grow(name, held, span);
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
        let from = all.last().map_or(0.0, |last| last.0) * WARM_UP;
        all.iter().copied().filter(|(seconds, _)| *seconds >= from).collect()
    }
}

/// By how much the highest of the second half is above the highest before: what is emptied and fills again rises no further.
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

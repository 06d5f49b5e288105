//! Many seeds over several threads, counted together.

use crate::fault::Kind;
use crate::record::Tally;
use crate::world::{Outcome, Wish, run};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Days in a seed of a long campaign, and how many links one has at the least on average: what it takes to know how many to run.
const DAYS: u64 = 10;
const LINKS: f64 = 2.7;
/// Hours in a year.
const YEAR: f64 = 8766.0;

/// A long campaign: which seeds, and what is wanted of each.
#[derive(Clone, Debug)]
pub struct Long {
    /// The seeds.
    pub seeds: Range<u64>,
    /// What is wanted of each.
    pub wish: Wish,
}

impl Long {
    /// As many long seeds as make so many link-years.
    pub fn years(years: u64) -> Self {
        let seeds = (years as f64 * YEAR / 24.0 / (DAYS as f64 * LINKS)).ceil() as u64;
        Self { seeds: 0..seeds, wish: Wish { days: Some(DAYS), ..Wish::default() } }
    }
}

/// One seed in so many is run twice, the second time without steps of the wall clock: both must agree event for event.
const TWICE: u64 = 20;

/// What many runs came to.
#[derive(Clone, Default, Debug)]
pub struct Sum {
    /// Seeds run.
    pub seeds: u64,
    /// Faults begun, by kind.
    pub faults: BTreeMap<Kind, u64>,
    /// Links times virtual time.
    pub link_time: Duration,
    /// Echoes sent.
    pub echoes: u64,
    /// Choices made.
    pub choices: u64,
    /// Commands given to firewalls.
    pub commands: u64,
    /// What was read again of what was recorded.
    pub record: Tally,
    /// Seeds with what each violated.
    pub broken: BTreeMap<u64, String>,
}

/// Runs these seeds; stops early when some were found broken.
pub fn play(seeds: Range<u64>, threads: usize, wish: Wish) -> Sum {
    let enough_broken = if wish.one_is_enough { 1 } else { 10 };
    let next = AtomicU64::new(seeds.start);
    let sum = Mutex::new(Sum::default());
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = twice_the_same(seed, wish);
                    let mut sum = sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    sum.add(seed, outcome);
                    if sum.broken.len() >= enough_broken {
                        return;
                    }
                }
            });
        }
    });
    sum.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn twice_the_same(seed: u64, wish: Wish) -> Outcome {
    let mut outcome = run(seed, wish);
    if seed % TWICE == 0 && !wish.verbose {
        let again = run(seed, Wish { steady_clock: true, ..wish });
        if again.digest != outcome.digest {
            outcome.broken.get_or_insert_with(|| {
                "two runs of the seed differ, one with and one without steps of the wall clock".into()
            });
        }
    }
    outcome
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.seeds += 1;
        self.link_time += outcome.link_time;
        self.echoes += outcome.echoes;
        self.choices += outcome.choices;
        self.commands += outcome.commands;
        self.record.entries += outcome.record.entries;
        self.record.bytes += outcome.record.bytes;
        self.record.blocks += outcome.record.blocks;
        for (kind, count) in outcome.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        if let Some(broken) = outcome.broken {
            self.broken.insert(seed, broken);
        }
    }

    /// How many faults began.
    pub fn fault_count(&self) -> u64 {
        self.faults.values().sum()
    }

    /// Hours of which the record was read again: entries of rounds of a second in two families.
    pub fn rounds_in_hours(&self) -> f64 {
        self.record.entries as f64 / 2.0 / 3600.0
    }

    /// Links times virtual time, in years.
    pub fn link_years(&self) -> f64 {
        self.link_time.as_secs_f64() / 3600.0 / YEAR
    }

    /// What was violated, with how to see it again; none if nothing was.
    pub fn complaint(&self, wish: Wish) -> Option<String> {
        let interval = wish.interval.map(|interval| format!(" --interval {}", interval.as_secs())).unwrap_or_default();
        let days = wish.days.map(|days| format!(" --days {days}{interval}")).unwrap_or_default();
        let line = |(seed, broken): (&u64, &String)| {
            format!(
                "seed {seed}: {broken}\n    cargo run --release -p rebootping-sim -- --seed {seed}{days} --verbose\n"
            )
        };
        (!self.broken.is_empty()).then(|| self.broken.iter().map(line).collect())
    }
}

/// What was played, without what was violated.
impl fmt::Display for Sum {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.faults {
            writeln!(to, "{count:>8}  {kind:?}")?;
        }
        let (faults, kinds, years) = (self.fault_count(), self.faults.len(), self.link_years());
        writeln!(to, "{} seeds, {faults} faults of {kinds} kinds, {years:.2} link-years", self.seeds)?;
        writeln!(to, "{} echoes, {} choices, {} commands", self.echoes, self.choices, self.commands)?;
        let Tally { entries, bytes, blocks } = self.record;
        write!(to, "{entries} entries of the record decided the same again, from {blocks} blocks of {bytes} bytes")
    }
}

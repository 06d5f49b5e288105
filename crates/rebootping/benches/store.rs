//! How many bytes a sample of history takes, beside `VictoriaMetrics`, rrdtool and plain rows in SQLite with the same round trips.
//!
//! Three links, ten targets each, one round a second for thirty days: 78 million samples, made up from a seed
//! (`store/round_trips.rs`). They go through a whole store, and all bytes of its file count: rollups, the journal, what SQLite takes.
//! rrdtool and SQLite get one day, for each day takes the same there.
//! `cargo bench --bench store -- DAYS` makes fewer days.

#[path = "store/blocks.rs"]
mod blocks;
#[path = "store/graphs.rs"]
mod graphs;
#[path = "store/kept.rs"]
mod kept;
#[path = "store/rivals.rs"]
mod rivals;
#[path = "store/round_trips.rs"]
mod round_trips;
#[path = "store/traffic.rs"]
mod traffic;
#[path = "store/victoria.rs"]
mod victoria;

use blocks::Blocks;
use kept::Kept;
use rebootping_core::history::samples::Sample;
use round_trips::{LINKS, Link, TARGETS};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::time::Duration;
use victoria::Victoria;

const DAYS: usize = 30;
const ROUNDS: usize = 86_400;
/// How much larger than `VictoriaMetrics`' our file may be, and how large the traffic of 200 devices in a year.
const VICTORIA: f64 = 1.15;
const TRAFFIC: usize = 60_000_000;
/// Bytes that may be written a day, by how often the store flushes. The second is measured for five days.
const OFTEN: (Duration, u64) = (Duration::from_secs(60), 40_000_000);
const SELDOM: (Duration, u64) = (Duration::from_secs(300), 20_000_000);
const SELDOM_DAYS: usize = 5;
/// A day and a year of all links are drawn in less.
const GRAPHS: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(20)];

/// The samples of one target over one link.
struct Series {
    link: &'static str,
    target: usize,
    samples: Vec<Sample>,
}

fn main() -> ExitCode {
    let days = env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(DAYS).max(1);
    let mut links: Vec<Link> = (1..).zip(LINKS).map(|(seed, kind)| Link::new(kind, seed)).collect();
    let names = LINKS.map(|kind| kind.name);
    let mut blocks = Blocks::default();
    let (mut often, mut seldom) = (Kept::start(&names, OFTEN.0), Kept::start(&names, SELDOM.0));
    let mut victoria = Victoria::start();
    let (mut rrdtool, mut rows) = (0, 0);
    for number in 0..days {
        let day: Vec<Series> = links.iter_mut().flat_map(day).collect();
        blocks.keep(&day);
        often.keep(&day);
        if number < SELDOM_DAYS {
            seldom.keep(&day);
        }
        victoria.import(&day, number);
        if number == 0 {
            (rrdtool, rows) = (rivals::rrdtool(&day), rivals::sqlite(&day));
        }
    }
    let samples = (days * ROUNDS * TARGETS * LINKS.len()) as f64;
    blocks.report(samples);
    let per_sample = |what: &str, bytes: u64, days: usize| {
        let bytes = bytes as f64 / samples * days as f64;
        println!("{what:25} {bytes:8.3}");
        bytes
    };
    let (often, seldom) = (often.finish(), seldom.finish());
    let ours = per_sample("our file", often.bytes, 1);
    let theirs = per_sample("VictoriaMetrics", victoria.finish(), 1);
    per_sample("rrdtool", rrdtool, days);
    per_sample("rows in SQLite", rows, days);
    println!("our file is {:.3} of VictoriaMetrics', {VICTORIA} allowed", ours / theirs);
    let mut held = ours <= theirs * VICTORIA && traffic::measure() <= TRAFFIC;
    for ((flush, most), outcome) in [(OFTEN, &often), (SELDOM, &seldom)] {
        println!("{:.1} MB written a day at a flush of {flush:?}", outcome.written as f64 / 1e6);
        held &= outcome.written <= most;
    }
    for ((what, time), most) in
        [("a day", often.drawn), ("a year", graphs::year(&blocks.links))].into_iter().zip(GRAPHS)
    {
        println!("{what} of all links drawn in {:.2} ms, {most:?} allowed", time.as_secs_f64() * 1e3);
        held &= time <= most;
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn day(link: &mut Link) -> Vec<Series> {
    let name = link.kind.name;
    let mut day: Vec<Series> =
        (0..TARGETS).map(|target| Series { link: name, target, samples: Vec::with_capacity(ROUNDS) }).collect();
    for _ in 0..ROUNDS {
        for (series, sample) in day.iter_mut().zip(link.round()) {
            series.samples.push(sample);
        }
    }
    day
}

/// A folder of a measurement, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("rebootping-store-{name}-{}", process::id()));
        fs::create_dir_all(&path).expect("a folder for the measurement");
        Self(path)
    }

    /// Bytes of all files in it.
    fn bytes(&self) -> u64 {
        bytes_below(&self.0)
    }
}

fn bytes_below(folder: &Path) -> u64 {
    // Files come and go while their server merges them.
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.flatten().map(bytes).sum()
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over is in the folder for temporary files.
        drop(fs::remove_dir_all(&self.0));
    }
}

//! `rebootping-sim`: runs seeds and says which violated what, or compares our rule with others over a month.

use rebootping_sim::campaign::{Long, Sum, play};
use rebootping_sim::docs;
use rebootping_sim::switches;
use rebootping_sim::world::Wish;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str =
    "usage: rebootping-sim [--seeds A..B | --seed N] [--days N [--interval S] | --years N] [--threads N] [--first] [--verbose]
       rebootping-sim false-switches [--write DIRECTORY]
  --seeds A..B   runs these seeds (0..1000), each a few hold-downs under fire
  --seed N       runs one
  --days N       each seed is N days with a few faults a day
  --interval S   of rounds of so many seconds, not of any length
  --years N      as many such seeds as make N link-years
  --threads N    as many at once (2)
  --first        stops at the first seed in which something is violated
  --verbose      prints what happens
  --write DIR    writes selection.md and selection.svg there";

struct Call {
    seeds: Range<u64>,
    threads: usize,
    wish: Wish,
    false_switches: bool,
    write: Option<String>,
}

fn main() -> ExitCode {
    let Some(call) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if call.false_switches {
        return false_switches(call.write.as_deref());
    }
    let began = Instant::now();
    let sum = play(call.seeds, call.threads, call.wish);
    print(&sum, call.wish, began.elapsed().as_secs_f64());
    if sum.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(mut words: impl Iterator<Item = String>) -> Option<Call> {
    let mut call = Call { seeds: 0..1000, threads: 2, wish: Wish::default(), false_switches: false, write: None };
    while let Some(word) = words.next() {
        let mut value = || words.next();
        match word.as_str() {
            "--seeds" => {
                let range = value()?;
                let (from, to) = range.split_once("..")?;
                call.seeds = from.parse().ok()?..to.parse().ok()?;
            }
            "--seed" => {
                let seed: u64 = value()?.parse().ok()?;
                call.seeds = seed..seed + 1;
            }
            "--days" => call.wish.days = Some(value()?.parse().ok()?),
            "--years" => {
                let long = Long::years(value()?.parse().ok()?);
                (call.seeds, call.wish.days) = (long.seeds, long.wish.days);
            }
            "--threads" => call.threads = value()?.parse().ok()?,
            "--interval" => call.wish.interval = Some(Duration::from_secs(value()?.parse().ok()?)),
            "--first" => call.wish.one_is_enough = true,
            "--verbose" => call.wish.verbose = true,
            "--write" => call.write = Some(value()?),
            "false-switches" => call.false_switches = true,
            _ => return None,
        }
    }
    Some(call)
}

fn print(sum: &Sum, wish: Wish, seconds: f64) {
    println!("{sum}");
    let (seeds, years) = (sum.seeds as f64 / seconds, sum.link_years() / seconds);
    println!("{seconds:.1} s: {seeds:.1} seeds a second, {years:.4} link-years a second");
    match sum.complaint(wish) {
        Some(complaint) => println!("\nVIOLATED in {} seeds:\n{complaint}", sum.broken.len()),
        None => println!("nothing was violated"),
    }
}

fn false_switches(write: Option<&str>) -> ExitCode {
    let results = switches::compare(switches::SEED, switches::DAYS);
    println!("{}", switches::table(&results));
    let Some(directory) = write.map(Path::new) else { return ExitCode::SUCCESS };
    for (name, content) in docs::files(&results) {
        if let Err(error) = std::fs::write(directory.join(name), content) {
            eprintln!("cannot write {}: {error}", directory.join(name).display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

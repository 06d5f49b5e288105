//! The record of ten thousand hours under fire and of three thousand days, read again and decided again, verdict for verdict.

use rebootping_sim::campaign::{Sum, play};
use rebootping_sim::world::Wish;
use std::time::Duration;

/// Short runs under fire: as many as make ten thousand hours.
const SEEDS: u64 = 26_000;
/// Long runs of a day, with rounds of a second.
const DAYS: u64 = 3_000;
/// The processors of a small machine.
const THREADS: usize = 2;

#[test]
#[ignore = "plays ten thousand hours under fire and three thousand days, hours on two processors; make test-long runs it"]
fn what_was_recorded_decides_the_same_again() {
    check(1);
}

#[test]
#[ignore = "plays a tenth of it, ten minutes on two processors; make test-long runs it"]
fn a_tenth_of_what_was_recorded_decides_the_same_again() {
    check(10);
}

/// Plays one part of so many.
#[track_caller]
fn check(parts: u64) {
    let day = Wish { days: Some(1), interval: Some(Duration::from_secs(1)), ..Wish::default() };
    let (fire, days) = (sound(SEEDS / parts, Wish::default()), sound(DAYS / parts, day));
    let wanted = 10_000.0 / parts as f64;
    assert!(fire.rounds_in_hours() >= wanted, "{:.0} hours under fire", fire.rounds_in_hours());
    let wanted = 24.0 * (DAYS / parts) as f64 * 0.99;
    assert!(days.rounds_in_hours() >= wanted, "{:.0} hours of days", days.rounds_in_hours());
}

fn sound(seeds: u64, wish: Wish) -> Sum {
    let sum = play(0..seeds, THREADS, wish);
    println!("{sum}");
    assert!(sum.complaint(wish).is_none(), "\n{}", sum.complaint(wish).unwrap_or_default());
    sum
}

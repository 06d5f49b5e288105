//! A hundred link-years of mostly quiet days, echo by echo.

use rebootping_sim::campaign::{Long, play};

/// As many link-years as one gateway with three links needs a working life for.
const YEARS: u64 = 100;
/// The processors of a small machine.
const THREADS: usize = 2;

#[test]
#[ignore = "plays a hundred link-years, some twenty minutes on two processors; make test-long runs it"]
fn in_a_hundred_link_years_nothing_that_must_be_true_is_not() {
    let long = Long::years(YEARS);
    let sum = play(long.seeds.clone(), THREADS, long.wish);
    println!("{sum}");
    assert!(sum.complaint(long.wish).is_none(), "\n{}", sum.complaint(long.wish).unwrap_or_default());
    assert!(sum.link_years() >= YEARS as f64, "{:.1} link-years", sum.link_years());
}

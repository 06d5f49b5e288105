//! A few dozen seeds at every build; `make test` runs ten thousand, optimised.

use rebootping_sim::campaign::{Sum, play};
use rebootping_sim::fault::KINDS;
use rebootping_sim::world::{Wish, run};

const SEEDS: u64 = 40;

#[test]
fn whatever_goes_wrong_what_must_be_true_is_true() {
    let wish = Wish::default();
    let sum: Sum = play(0..SEEDS, 2, wish);
    assert!(sum.complaint(wish).is_none(), "\n{}", sum.complaint(wish).unwrap_or_default());
    assert_eq!(sum.seeds, SEEDS);
    assert!(sum.rounds_in_hours() > 10.0, "the record of {:.1} hours was read again", sum.rounds_in_hours());
    assert!(sum.fault_count() >= 10 * SEEDS && sum.faults.len() == KINDS.len(), "{:?}", sum.faults);
}

#[test]
fn two_runs_of_a_seed_agree_event_for_event_and_steps_of_the_wall_clock_change_nothing() {
    for seed in 1000..1003 {
        let digest = |steady_clock| run(seed, Wish { steady_clock, ..Wish::default() }).digest;
        assert_eq!(digest(false), digest(false), "seed {seed}");
        assert_eq!(digest(false), digest(true), "seed {seed} without clock steps");
        assert_ne!(digest(false), run(seed + 1, Wish::default()).digest, "seed {seed} and the next");
    }
}

//! Waiting for something to become true, without guessing how long it takes.

use std::thread;
use std::time::{Duration, Instant};

/// How often a condition is looked at: far below every limit that tests state.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Five times the time within which a dead link must have left the routing: the machine that runs tests may be slow.
pub const SWITCH_LIMIT: Duration = Duration::from_millis(12_500);

/// Looks until `done` is true and returns how long that took; panics with `what` after `limit`.
#[track_caller]
pub fn wait_until(what: &str, limit: Duration, done: impl FnMut() -> bool) -> Duration {
    holds_within(limit, done).unwrap_or_else(|| panic!("waited {limit:?} in vain until {what}"))
}

/// Like [`wait_until`], with `None` instead of a panic.
pub(crate) fn holds_within(limit: Duration, mut done: impl FnMut() -> bool) -> Option<Duration> {
    let start = Instant::now();
    loop {
        if done() {
            return Some(start.elapsed());
        }
        if start.elapsed() >= limit {
            return None;
        }
        thread::sleep(LOOK_EVERY);
    }
}

//! The judge's beat, as its own memory of every round tells it, against a clock that nobody steps.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rebootping_lab::Lab;
use serde_json::Value;

/// A round under way at either end, and the one whose memory is being written.
const AT_THE_ENDS: u64 = 3;
/// Of so many rounds one may be lost to the machine that runs the tests, where others work too.
const ROUNDS_PER_LOST: u64 = 10;

/// A stretch of rounds, from its begin.
pub(crate) struct Beat {
    memory: PathBuf,
    begun: Instant,
    rounds: u64,
}

impl Beat {
    /// Begins to count the rounds of the daemon on this lab's gateway, which has a default interval of one second.
    #[track_caller]
    pub(crate) fn of(lab: &Lab) -> Self {
        let memory = lab.dir().join("run/judge/links.json");
        Self { begun: Instant::now(), rounds: rounds(&memory), memory }
    }

    /// Panics unless there was a round for every second since.
    #[track_caller]
    pub(crate) fn assert_unbroken(&self) {
        let (rounds, seconds) = (rounds(&self.memory) - self.rounds, self.begun.elapsed().as_secs());
        println!("{rounds} rounds in {seconds} s");
        let owed = (seconds - seconds / ROUNDS_PER_LOST).saturating_sub(AT_THE_ENDS);
        assert!(rounds >= owed, "{rounds} rounds in {seconds} s");
    }

    /// How long it has been counted.
    pub(crate) fn lasted(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// The number of rounds in the judge's memory at `path`.
#[track_caller]
pub(crate) fn rounds(path: &Path) -> u64 {
    memory(path)["kept"]["rounds"][0].as_u64().unwrap_or_else(|| panic!("{} counts rounds", path.display()))
}

/// Rounds that a link has still to hold in IPv4, as the judge's memory at `path` has it.
#[track_caller]
pub(crate) fn held(path: &Path, link: &str) -> u64 {
    let memory = memory(path);
    let of_link = memory["kept"]["links"].as_array().and_then(|all| all.iter().find(|kept| kept["name"] == link));
    let hold = of_link.and_then(|kept| kept["held"][0]["hold"].as_u64());
    hold.unwrap_or_else(|| panic!("{} knows {link}: {memory}", path.display()))
}

#[track_caller]
fn memory(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{} is not whole: {e}", path.display()))
}

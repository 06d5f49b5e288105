//! Observers and daemons that are killed while they write: the file opens, no round is missing, nothing that was answered is lost.

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use rebootping_lab::{Daemon, SWITCH_LIMIT, wait_until};

use crate::kept::Kept;
use crate::support::{lab, start};
use crate::{find, is_alive, times};

/// Often enough that most kills meet a flush.
pub(crate) const CONFIG: &str = "[store]\nflush = \"1s\"\n";
/// An observer that was killed is started again within a second, and has then to be told everything.
const RESTART_LIMIT: Duration = Duration::from_secs(60);
/// A round is a second, and may begin late by what the machine is busy with.
const ROUND: u64 = 1_000_000_000;

#[test]
fn an_observer_that_is_killed_again_and_again_loses_no_round() {
    let lab = lab("hist").build();
    let state = lab.dir().join("state");
    let daemon = start(&lab, CONFIG);
    for number in 0..times(6, 100) {
        let observer = wait_observer(&daemon);
        thread::sleep(Duration::from_millis(random(2_500)));
        if number % 3 == 0 {
            order(&daemon, number);
        }
        kill(observer, Signal::SIGKILL).expect("it lives");
        wait_until("it has ended", SWITCH_LIMIT, || !is_alive(observer));
        Kept::open(&state);
    }
    wait_observer(&daemon);
    wait_until("the last rounds are kept", RESTART_LIMIT, || {
        let status = daemon.status();
        status["store"]["error"].is_null() && status["store"]["written"].is_string()
    });
    assert!(daemon.terminate().0.success());
    let kept = Kept::open(&state);
    assert_complete(&kept.rounds());
    assert_eq!(kept.bodies("audit").len(), times(2, 34));
}

#[test]
fn a_daemon_that_is_killed_loses_no_more_than_a_flush_and_nothing_it_answered() {
    let lab = lab("gone").build();
    let state = lab.dir().join("state");
    for number in 0..times(3, 30) {
        let daemon = start(&lab, CONFIG);
        thread::sleep(Duration::from_millis(random(2_000)));
        order(&daemon, number);
        let children = [find(&daemon, "judge"), find(&daemon, "observer")];
        let before = now();
        daemon.kill9();
        wait_until("its processes have ended", RESTART_LIMIT, || !children.iter().flatten().any(|pid| is_alive(*pid)));
        let kept = Kept::open(&state);
        let last = *kept.rounds().last().expect("there are rounds");
        println!("kill {number}: the last round kept began {} ms before", before.saturating_sub(last) / 1_000_000);
        assert!(last + 4 * ROUND > before, "{last} {before}");
        assert_eq!(kept.bodies("audit").len(), number + 1);
    }
}

/// Every round follows the one before by an interval, and none is there twice.
#[track_caller]
pub(crate) fn assert_complete(rounds: &[u64]) {
    let gaps: Vec<u64> = rounds.windows(2).map(|pair| pair[1] - pair[0]).collect();
    println!("{} rounds are kept", rounds.len());
    assert!(rounds.len() > 10);
    let odd: Vec<&u64> = gaps.iter().filter(|gap| !(ROUND / 2..ROUND * 3 / 2).contains(gap)).collect();
    assert!(odd.is_empty(), "between rounds there were {odd:?} ns");
}

/// Has something done, and sees it answered.
#[track_caller]
pub(crate) fn order(daemon: &Daemon, number: usize) {
    let verb = if number % 2 == 0 { "pin" } else { "auto" };
    // A link that was never asked is pinned only so.
    let forced: &[&str] = if verb == "pin" { &["--force"] } else { &[] };
    let output = daemon.cli(&[&["link", verb, "wan1"], forced].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !said.contains("does not have it"), "{said}{output:?}");
}

#[track_caller]
fn wait_observer(daemon: &Daemon) -> nix::unistd::Pid {
    let mut found = None;
    wait_until("an observer keeps history", RESTART_LIMIT, || {
        found = find(daemon, "observer");
        found.is_some() && daemon.try_status().is_some_and(|status| status["store"]["written"].is_string())
    });
    found.expect("it was found")
}

/// Nanoseconds since boot, as the daemon has it.
pub(crate) fn now() -> u64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).expect("there is a clock");
    Duration::from(time).as_nanos() as u64
}

/// A moment that is another each time.
fn random(below: u64) -> u64 {
    RandomState::new().hash_one(()) % below
}

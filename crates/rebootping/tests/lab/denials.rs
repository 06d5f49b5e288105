//! That no sandbox ends a process at what it needs is asserted when a daemon of the lab ends, in every test: here, that this would be seen.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::wait_until;

use crate::support::{hold_down, lab, start};

/// The daemon looks after its processes all the time; a slow machine may not.
const SEEN_LIMIT: Duration = Duration::from_secs(60);

#[test]
#[should_panic(expected = "a sandbox forbade what its process needs")]
fn a_process_that_its_sandbox_ended_fails_the_test() {
    let lab = lab("denials").build();
    let daemon = start(&lab, &hold_down(10));
    // As the kernel does at a call that is not on the list (seccomp(2)).
    kill(Pid::from_raw(daemon.process("observer").expect("it runs")), Signal::SIGSYS).expect("it runs");
    wait_until("the daemon has seen it", SEEN_LIMIT, || daemon.log().contains("the observer ended"));
}

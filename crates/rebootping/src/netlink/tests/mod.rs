//! Bytes built by hand, bytes at random, and the real kernel in a network namespace of the test's own.

mod changes;
mod decoding;
mod following;

use nix::sched::{CloneFlags, unshare};
use std::process::Command;

/// Moves this test's thread, and the commands it runs, into a new network namespace that dies with them.
#[track_caller]
fn enter_new_namespace() {
    unshare(CloneFlags::CLONE_NEWNET).expect("this test makes a network namespace: run it as root");
}

/// Runs a command of words and returns what it printed.
#[track_caller]
fn run(command: &str) -> String {
    let mut words = command.split_whitespace();
    let output = Command::new(words.next().expect("a command")).args(words).output().expect(command);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs commands, one a line.
#[track_caller]
fn run_all(commands: &str) {
    for command in commands.lines().map(str::trim).filter(|command| !command.is_empty()) {
        run(command);
    }
}

//! The `isusable` script we ship, asked in every shell Shorewall may run under.

use super::scratch::Scratch;
use crate::command::{self, Command};
use nix::fcntl::{Flock, FlockArg};
use rebootping_core::time::Time;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

const SCRIPT: &str = include_str!("../../../../dist/shorewall/isusable");

/// Debian's `/bin/sh`, and the shells of other systems where they are installed.
fn shells() -> Vec<Vec<&'static str>> {
    let all = [vec!["/bin/sh"], vec!["/bin/dash"], vec!["/bin/bash"], vec!["/bin/busybox", "sh"]];
    all.into_iter().filter(|shell| shell.first().is_some_and(|program| Path::new(program).exists())).collect()
}

/// A state directory with a status file and a lock.
struct State {
    scratch: Scratch,
    lock: File,
}

impl State {
    fn new(name: &str, status: Option<&str>) -> Self {
        let scratch = Scratch::new(name);
        if let Some(status) = status {
            scratch.write("rebootping-wan1.status", status);
        }
        scratch.write("lock", "");
        let lock = File::open(scratch.path().join("lock")).expect("a lock");
        let state = Self { scratch, lock };
        state.trust(&format!("3600\n{}\n", state.scratch.path().join("lock").display()));
        state
    }

    fn trust(&self, text: &str) {
        self.scratch.write("rebootping.trust", text);
    }

    /// The file is as old as can be.
    fn age(&self) {
        let file = File::options().write(true).open(self.scratch.path().join("rebootping-wan1.status"));
        file.and_then(|file| file.set_modified(UNIX_EPOCH + Duration::from_secs(1))).expect("an old file");
    }

    #[track_caller]
    fn check(&self, usable: bool) {
        for shell in shells() {
            let text = format!("VARDIR='{}'\nask() {{\n{SCRIPT}\n}}\nask wan1\n", self.scratch.path().display());
            let (program, arguments) = shell.split_first().expect("a shell");
            let command = Command {
                program: program.into(),
                arguments: arguments.iter().copied().chain(["-s"]).map(Into::into).collect(),
                input: text.into_bytes(),
                timeout: Duration::from_secs(60),
                keep: command::OUTPUT_KEPT,
            };
            let ended = command::run(&command, || Time::BOOT).expect("a shell");
            let expected = (Some(i32::from(!usable)), String::new());
            assert_eq!(
                (ended.status.code(), String::from_utf8_lossy(&ended.output).into_owned()),
                expected,
                "{shell:?}"
            );
        }
    }
}

#[test]
fn only_a_one_takes_a_link_out() {
    let rows = [
        (None, true),
        (Some("0\n"), true),
        (Some("1\n"), false),
        (Some("1"), false),
        (Some(""), true),
        (Some("\n"), true),
        (Some("11\n"), true),
        (Some("garbage; exit 5\n"), true),
        (Some("1 1\n"), true),
        (Some("$(exit 1)\n"), true),
    ];
    for (status, usable) in rows {
        State::new("isusable-content", status).check(usable);
    }
}

#[test]
fn an_old_one_counts_only_while_the_lock_is_held() {
    let state = State::new("isusable-age", Some("1\n"));
    state.age();
    state.check(true);
    let held =
        Flock::lock(state.lock.try_clone().expect("a file"), FlockArg::LockExclusiveNonblock).expect("a free lock");
    state.check(false);
    drop(held);
    state.check(true);
}

#[test]
fn asking_never_takes_the_lock_away() {
    let state = State::new("isusable-lock", Some("1\n"));
    state.check(false);
    Flock::lock(state.lock, FlockArg::LockExclusiveNonblock).expect("a lock that nobody kept");
}

#[test]
fn a_damaged_trust_file_means_one_hour() {
    for trust in ["", "\n", "x\n/nowhere\n", "-5\n", "99999999999999999999\n", "08\n", "$(exit 3)\n"] {
        let state = State::new("isusable-trust", Some("1\n"));
        state.trust(trust);
        state.check(false);
        state.age();
        state.check(true);
    }
}

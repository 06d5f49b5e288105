//! Asks the `isusable` in force whether it reads our status file: installing such a script is the operator's consent.

use super::shorewall::Shorewall;
use super::status_files::StatusFiles;
use crate::command::{self, Command};
use rebootping_core::time::Time;
use std::fs;
use std::time::Duration;

/// An interface no machine has: 15 bytes at most, as the kernel wants it.
const NOBODY: &str = "rebootping-ask";
/// The function Shorewall compiles `isusable` into.
const FUNCTION: &str = "run_isusable_exit";
/// A script that takes longer to look at a file does something else.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The script in force says "not usable" when the status file says 1 and "usable" when it says 0. It is asked about an
/// interface that does not exist, by a shell, as Shorewall would; the file is removed afterwards.
pub(crate) fn is_given(shorewall: &Shorewall, files: &mut StatusFiles, now: impl Fn() -> Time + Copy) -> bool {
    let Some(function) = in_force(shorewall) else { return false };
    let script = format!(
        "VARDIR='{}'\nCOMMAND=reload\ng_family={}\n{function}\n{FUNCTION} \"$1\"\n",
        shorewall.vardir().display().to_string().replace('\'', "'\\''"),
        if shorewall.is_ipv6() { 6 } else { 4 },
    );
    let mut answers = |usable: bool| {
        let command = Command {
            program: "/bin/sh".into(),
            arguments: ["-s", "--", NOBODY].map(Into::into).into(),
            input: script.clone().into_bytes(),
            timeout: TIMEOUT,
            keep: command::OUTPUT_KEPT,
        };
        files.write(NOBODY, usable).ok()?;
        command::run(&command, now).ok().filter(|finished| !finished.timed_out)?.status.code()
    };
    let given = answers(false).is_some_and(|code| code != 0) && answers(true) == Some(0);
    files.remove(NOBODY);
    given
}

/// The script as a function: the compiled one, else the one that will be compiled next.
fn in_force(shorewall: &Shorewall) -> Option<String> {
    if let Ok(compiled) = fs::read(shorewall.compiled()) {
        return function_of(&String::from_utf8_lossy(&compiled));
    }
    let body = fs::read(shorewall.etc().join("isusable")).ok()?;
    Some(format!("{FUNCTION}() {{\n{}\n}}", String::from_utf8_lossy(&body)))
}

/// The function's text out of the compiled script, where it ends at the first line that is a brace alone.
pub(crate) fn function_of(compiled: &str) -> Option<String> {
    let lines: Vec<&str> = compiled.lines().collect();
    let begin = lines.iter().position(|line| line.starts_with(FUNCTION) && line.ends_with('{'))?;
    let function = lines.get(begin..)?;
    let end = function.iter().position(|line| *line == "}")?;
    Some(function.get(..=end)?.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;
    use rebootping_core::link::Family;

    const SEED: &str = "local status\nstatus=0\nfile=${VARDIR}/rebootping-${1}.status\n[ -f $file ] && status=$(cat $file)\nreturn $status\n";
    const HARDENED: &str = include_str!("../../../../dist/shorewall/isusable");

    #[track_caller]
    fn check(name: &str, isusable: Option<&str>, compiled: bool, expected: bool) {
        let scratch = Scratch::new(name);
        match isusable {
            Some(body) if compiled => {
                let script = format!("#!/bin/sh\nbefore() {{\n:\n}}\n{FUNCTION}() {{\n{body}\n}}\nexit 77\n");
                scratch.write("var/lib/shorewall/firewall", &script);
            }
            Some(body) => scratch.write("etc/shorewall/isusable", body),
            None => {}
        }
        scratch.write("var/lib/shorewall/state", "Stopped\n");
        let shorewall = Shorewall::below(scratch.path(), Family::Ipv4);
        let mut files = StatusFiles::new(None, shorewall.vardir()).expect("a thread");
        assert_eq!(is_given(&shorewall, &mut files, || Time::BOOT), expected, "{name}");
        assert!(!files.path(NOBODY).exists(), "the file is removed");
    }

    #[test]
    fn a_script_that_reads_our_file_gives_consent() {
        check("seed", Some(SEED), false, true);
        check("seed-compiled", Some(SEED), true, true);
        check("hardened", Some(HARDENED), false, true);
        check("hardened-compiled", Some(HARDENED), true, true);
    }

    #[test]
    fn no_other_script_does() {
        check("none", None, false, false);
        check("always", Some("return 0"), false, false);
        check("never", Some("return 1"), true, false);
        check("empty", Some(""), true, false);
        let lsm = "[ -f ${VARDIR}/${1}.status ] && return $(cat ${VARDIR}/${1}.status)\nreturn 0";
        check("lsm", Some(lsm), false, false);
        check("broken", Some("if then"), false, false);
    }
}

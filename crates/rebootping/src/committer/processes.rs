//! Which programs run in this network namespace: a server elsewhere serves somebody else.

use std::fs;
use std::path::PathBuf;

/// A process and its command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) arguments: Vec<String>,
}

impl Process {
    /// What stands behind an option on its command line.
    pub(crate) fn after(&self, option: &str) -> Option<PathBuf> {
        let at = self.arguments.iter().position(|argument| argument == option)?;
        self.arguments.get(at + 1).map(PathBuf::from)
    }
}

/// The processes of that program here, the oldest number first.
pub(crate) fn named(program: &str) -> Vec<Process> {
    let own = namespace("self");
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut pids: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    pids.retain(|pid| is(*pid, program) && own.is_some() && namespace(&pid.to_string()) == own);
    pids.into_iter().map(|pid| Process { pid, arguments: arguments(pid) }).collect()
}

/// Whether that process runs that program.
pub(crate) fn is(pid: i32, program: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == program)
}

fn namespace(process: &str) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{process}/ns/net")).ok()
}

fn arguments(pid: i32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let all = line.split(|byte| *byte == 0).map(|argument| String::from_utf8_lossy(argument).into_owned());
    all.filter(|argument| !argument.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_found_ourselves_and_nobody_is_what_no_program_is_called() {
        let own = i32::try_from(std::process::id()).expect("a number");
        let comm = fs::read_to_string("/proc/self/comm").expect("a name");
        assert!(named(comm.trim_end()).iter().any(|process| process.pid == own && !process.arguments.is_empty()));
        assert_eq!(named("no-such-program"), []);
        assert!(!is(own, "dnsmasq"));
    }
}

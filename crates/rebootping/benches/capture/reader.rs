//! Programs that capture, started on a gateway and asked at their end what they have.

use crate::load::Load;
use crate::processes::family_of;
use crate::support::{capture, prove, start};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Daemon, SWITCH_LIMIT, Yard, wait_until};
use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};

/// What this program is told to be the bare ring.
pub(crate) const BARE: &str = "bare-ring";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Nobody,
    Tcpdump,
    /// rebootping, which keeps every byte.
    Whole,
    /// rebootping as it is by default.
    Cut,
    Dumpcap,
    /// The ring alone.
    Bare,
}

/// What a reader has captured and dropped.
#[derive(Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) captured: u64,
    pub(crate) dropped: u64,
}

impl Reader {
    /// Those that are shown beside, with their names.
    pub(crate) const BESIDE: [(&str, Self); 3] = [
        ("rebootping by default", Self::Cut),
        ("dumpcap -b filesize:10000", Self::Dumpcap),
        ("the bare ring", Self::Bare),
    ];

    /// Whether it is rebootping, all of it.
    pub(crate) const fn is_ours(self) -> bool {
        matches!(self, Self::Whole | Self::Cut)
    }

    /// Starts it, and waits until it captures.
    pub(crate) fn start(self, yard: &Yard) -> Running<'_> {
        let file = yard.dir().join("file.pcap");
        let file = file.to_str().expect("UTF-8");
        let (program, arguments, ready) = match self {
            Self::Nobody => return Running { yard, pids: Vec::new(), who: Who::Nobody },
            Self::Whole => return ours(yard, "[capture]\nflow_cutoff = \"off\"\n"),
            Self::Cut => return ours(yard, "[capture]\n"),
            Self::Tcpdump => {
                let arguments = vec!["-i", "lan0", "-n", "-Z", "root", "-B", "32768", "-s", "0", "-w", file];
                (PathBuf::from("tcpdump"), arguments, "listening on")
            }
            Self::Dumpcap => {
                let arguments =
                    vec!["-i", "lan0", "-q", "-B", "32", "-b", "filesize:10000", "-b", "files:10", "-w", file];
                (PathBuf::from("dumpcap"), arguments, "File: ")
            }
            Self::Bare => (env::current_exe().expect("a program has a file"), vec![BARE], "counting"),
        };
        let log = yard.dir().join("reader.log");
        let output = File::create(&log).expect("a file can be made");
        let mut command: Command = yard.gw().command(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        let child = command.spawn().expect("`ip` starts");
        wait_until(&format!("the log says `{ready}`"), SWITCH_LIMIT, || read(&log).contains(ready));
        Running { yard, pids: vec![child.id()], who: Who::Stranger { child, log, reader: self } }
    }

    /// What it said at its end.
    fn told(self, text: &str) -> Told {
        let before = |words: &str| text.lines().find(|line| line.contains(words)).map(numbers).unwrap_or_default();
        let (captured, dropped) = match self {
            Self::Dumpcap => {
                let both = before("Packets received/dropped on interface");
                // The interface's own name ends in a number.
                (both.get(1).copied(), both.get(2).copied())
            }
            _ => (before(" packets captured").first().copied(), before(" packets dropped by kernel").first().copied()),
        };
        let number = |found: Option<u64>| found.unwrap_or_else(|| panic!("it did not say what it captured:\n{text}"));
        Told { captured: number(captured), dropped: number(dropped) }
    }
}

/// A reader at work.
pub(crate) struct Running<'a> {
    yard: &'a Yard,
    pids: Vec<u32>,
    who: Who,
}

enum Who {
    Nobody,
    /// With what it had counted before the load.
    Ours(Daemon, Told),
    Stranger {
        child: Child,
        log: PathBuf,
        reader: Reader,
    },
}

impl Running<'_> {
    /// The processes whose time counts.
    pub(crate) fn pids(&self) -> &[u32] {
        &self.pids
    }

    /// Ends it.
    pub(crate) fn end(self) -> Told {
        match self.who {
            Who::Nobody => Told::default(),
            Who::Ours(daemon, before) => {
                let after = counted(&daemon);
                assert!(daemon.terminate().0.success(), "the daemon ends well");
                Told { captured: after.captured - before.captured, dropped: after.dropped - before.dropped }
            }
            Who::Stranger { mut child, log, reader } => {
                kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("it has not been waited for");
                child.wait().expect("it can be waited for");
                let told = reader.told(&read(&log));
                // Tens of megabytes would wait to be written while the next run is measured.
                drop(fs::remove_file(self.yard.dir().join("file.pcap")));
                told
            }
        }
    }
}

fn ours<'a>(yard: &'a Yard, config: &str) -> Running<'a> {
    let daemon = start(yard, config);
    prove(yard, &daemon, &Load::devices());
    let observer = |pid: &u32| read(&PathBuf::from(format!("/proc/{pid}/cmdline"))).ends_with("\0observer\0");
    let pids: Vec<u32> = family_of(daemon.pid()).into_iter().filter(observer).collect();
    assert_eq!(pids.len(), 1, "there is one observer");
    let before = counted(&daemon);
    Running { yard, pids, who: Who::Ours(daemon, before) }
}

/// Packets read, and those lost between the kernel's ring and the files.
fn counted(daemon: &Daemon) -> Told {
    let capture = capture(daemon);
    let number = |value: &serde_json::Value| value.as_u64().expect("a number");
    let dropped = number(&capture["dropped"]["ring"]) + number(&capture["dropped"]["writer"]);
    Told { captured: number(&capture["packets"]) - number(&capture["dropped"]["ring"]), dropped }
}

/// Is the bare ring until it is interrupted.
pub(crate) fn count_frames() -> ExitCode {
    let (frames, drops) = rebootping::measuring::count_frames(|| eprintln!("counting")).expect("a ring opens");
    eprintln!("{frames} packets captured\n{drops} packets dropped by kernel");
    ExitCode::SUCCESS
}

/// The numbers in a line.
fn numbers(line: &str) -> Vec<u64> {
    line.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
}

fn read(path: &PathBuf) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

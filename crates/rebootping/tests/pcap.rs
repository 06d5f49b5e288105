//! `rebootping pcap` as an operator runs it: into pipes that close, under signals, beside a folder that grows.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const TV: &str = "aa:bb:cc:00:00:01";
const SEGMENT: &str = "20261122T101213.123456789Z.pcapng";
/// Bytes of a packet's block below with its frame of 64.
const BLOCK: usize = 96;

/// A folder with a configuration that names it, gone at the end.
struct Machine(PathBuf);

impl Machine {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rebootping-pcap-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("captures").join(TV)).expect("a folder");
        let paths = |key: &str| format!("{key} = \"{}\"\n", path.join(key).display());
        let text = format!("[paths]\n{}{}{}", paths("state"), paths("run"), paths("captures"));
        fs::write(path.join("config.toml"), text).expect("a file");
        Self(path)
    }

    fn segment(&self) -> PathBuf {
        self.0.join("captures").join(TV).join(SEGMENT)
    }

    fn append(&self, bytes: &[u8]) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.segment()).expect("a file");
        file.write_all(bytes).expect("it is written");
    }

    fn pcap(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rebootping"));
        command.arg("--config").arg(self.0.join("config.toml")).arg("pcap").args(arguments);
        command.env_remove("SSH_CONNECTION").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Section and interface of a segment.
fn beginning() -> Vec<u8> {
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    // Ethernet, snap length 262,144, name lan0, nanoseconds.
    let interface =
        [&[1, 0, 0, 0, 0, 0, 4, 0][..], &[2, 0, 4, 0], b"lan0", &[9, 0, 1, 0, 9, 0, 0, 0], &[0; 4]].concat();
    [block(0x0a0d_0d0a, &section), block(1, &interface)].concat()
}

fn packets(count: usize) -> Vec<u8> {
    let stamp = 1_795_342_333_123_456_789_u64;
    let words = [0, (stamp >> 32) as u32, stamp as u32, 64, 64].map(u32::to_le_bytes).concat();
    block(6, &[words, vec![7; 64]].concat()).repeat(count)
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, body, &length].concat()
}

fn wait(child: Child) -> Output {
    child.wait_with_output().expect("it ends")
}

/// What tcpdump makes of it.
fn lines_of_tcpdump(path: &Path) -> usize {
    let output = Command::new("tcpdump").args(["-n", "-e", "-r"]).arg(path).output().expect("tcpdump is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().count()
}

#[test]
fn history_goes_to_a_private_file_that_tcpdump_reads() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new("file");
    machine.append(&[beginning(), packets(1_000)].concat());
    let file = machine.0.join("tv.pcapng");
    let output = machine.pcap(&[TV, "-w", file.to_str().expect("UTF-8")]).output().expect("it runs");
    assert_eq!((output.status.code(), output.stdout, output.stderr), (Some(0), vec![], vec![]));
    assert_eq!(lines_of_tcpdump(&file), 1_000);
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn packets_are_not_written_to_a_terminal() {
    let machine = Machine::new("terminal");
    machine.append(&beginning());
    let pair = nix::pty::openpty(None, None).expect("a terminal");
    let output = machine.pcap(&[TV]).stdout(pair.slave).output().expect("it runs");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    let line = "rebootping: packets would garble this terminal; name a file with -w FILE, or append `| tcpdump -r -`\n";
    assert_eq!((output.status.code(), told.as_str()), (Some(1), line));
}

#[test]
fn what_is_unknown_ends_with_1_and_wrong_usage_with_2() {
    let machine = Machine::new("unknown");
    let code = |arguments: &[&str]| machine.pcap(arguments).output().expect("it runs").status.code();
    assert_eq!(code(&["aa:bb:cc:00:00:99"]), Some(1));
    assert_eq!(code(&[TV, "--since", "noon"]), Some(2));
    assert_eq!(code(&[]), Some(2));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let machine = Machine::new("closed");
    machine.append(&[beginning(), packets(20_000)].concat());
    let mut child = machine.pcap(&[TV]).spawn().expect("it runs");
    drop(child.stdout.take());
    let output = wait(child);
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
    // While nothing new comes, a closed pipe is noticed as well.
    let mut child = machine.pcap(&[TV, "--since", "1s", "--follow"]).spawn().expect("it runs");
    drop(child.stdout.take());
    assert_eq!(wait(child).status.code(), Some(0));
}

#[test]
fn what_is_appended_is_followed_within_a_second_and_sigterm_ends_behind_a_whole_packet() {
    let machine = Machine::new("follow");
    machine.append(&[beginning(), packets(3)].concat());
    let mut child = machine.pcap(&[TV, "--follow"]).spawn().expect("it runs");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut came = Vec::new();
    read_until(&mut stdout, &mut came, |came| packets_in(came) == 3);
    for round in 1..=5 {
        let appended = Instant::now();
        machine.append(&packets(2));
        read_until(&mut stdout, &mut came, |came| packets_in(came) == 3 + 2 * round);
        assert!(appended.elapsed() < Duration::from_secs(1), "{:?}", appended.elapsed());
    }
    let asked = Instant::now();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).expect("it runs");
    stdout.read_to_end(&mut came).expect("a pipe");
    let output = wait(child);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
    let file = machine.0.join("came.pcapng");
    File::create(&file).and_then(|mut file| file.write_all(&came)).expect("a file");
    assert_eq!(lines_of_tcpdump(&file), 13);
}

#[test]
fn sigterm_ends_it_even_when_nobody_reads_the_pipe() {
    let machine = Machine::new("stuck");
    machine.append(&[beginning(), packets(20_000)].concat());
    let mut child = machine.pcap(&[TV]).spawn().expect("it runs");
    let mut stdout = child.stdout.take().expect("a pipe");
    // Once something came it listens for signals, and more than a pipe holds is to come.
    stdout.read_exact(&mut [0; 1]).expect("a pipe");
    let asked = Instant::now();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).expect("it runs");
    let status = child.wait().expect("it ends");
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(status.code(), Some(0));
}

fn packets_in(bytes: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while let Some(head) = bytes.get(at..at + 8) {
        let word = |from: usize| head[from..from + 4].iter().rev().fold(0, |word, byte| word << 8 | usize::from(*byte));
        assert!(word(0) != 6 || word(4) >= BLOCK);
        count += usize::from(word(0) == 6 && bytes.len() >= at + word(4));
        at += word(4);
    }
    count
}

fn read_until(from: &mut impl Read, came: &mut Vec<u8>, is_enough: impl Fn(&[u8]) -> bool) {
    let mut buffer = [0; 4_096];
    while !is_enough(came) {
        let read = from.read(&mut buffer).expect("a pipe");
        assert!(read > 0, "it ended");
        came.extend_from_slice(&buffer[..read]);
    }
}

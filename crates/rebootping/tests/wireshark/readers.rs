//! Readers that take their time: what they miss is counted in what they read, and nobody else misses anything.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::process::{ChildStdout, Stdio};
use std::time::Duration;

use rebootping_lab::{Flood, udp_frame, wait_until};

use crate::machine::{Machine, TV};
use crate::support::{
    GATEWAY, KEEP_ALL, WRITE_LIMIT, assert_nothing_lost, capture, device, prove, start, text, wait_seen, yard,
};

/// Looks for what is deleted come every 50 ms; the machine may be busy.
const LOOK_LIMIT: Duration = Duration::from_secs(15);
/// More than a pipe and what waits to be written hold.
const MANY: usize = 20_000;

#[test]
fn what_a_stopped_reader_misses_is_written_into_the_statistics() {
    let machine = Machine::new("stopped");
    machine.write(TV, 0, "lan0", 1, MANY);
    let later = [(1, 10), (2, 200), (3, 3_000)].map(|(second, packets)| machine.write(TV, second, "lan0", 1, packets));
    let last = machine.write(TV, 4, "lan0", 1, 7);
    let mut child = machine.command(&["pcap", TV]).spawn().expect("it runs");
    let open = |wanted: &str| {
        let files = fs::read_dir(format!("/proc/{}/fd", child.id())).expect("it runs").flatten();
        files
            .filter_map(|file| fs::read_link(file.path()).ok())
            .filter(|path| path.to_string_lossy().ends_with(wanted))
            .count()
    };
    wait_until("what comes next is held open", LOOK_LIMIT, || open(&last.to_string_lossy()) == 1);
    for segment in later {
        fs::remove_file(segment).expect("it is there");
    }
    wait_until("what was deleted is counted and let go", LOOK_LIMIT, || open("(deleted)") == 0);
    let mut came = Vec::new();
    child.stdout.take().expect("a pipe").read_to_end(&mut came).expect("a pipe");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
    let packets = blocks(&came, 6).count();
    assert_eq!(packets, MANY + 7);
    let lost = 10 + 200 + 3_000;
    let counted: Vec<[u64; 3]> = blocks(&came, 5).map(statistics).collect();
    assert_eq!(counted, [[(packets + lost) as u64, lost as u64, 0]]);
}

#[test]
fn a_stopped_reader_holds_up_neither_the_capture_nor_another_reader() {
    let yard = yard("readers");
    let daemon = start(&yard, KEEP_ALL);
    prove(&yard, &daemon, &[device(1)]);
    let follow = |stdout: Stdio| {
        let mut command = yard.gw().command(env!("CARGO_BIN_EXE_rebootping"));
        command.arg("--config").arg(daemon.config_path()).args(["pcap", &text(device(1)), "--follow"]);
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null()).spawn().expect("`ip` starts")
    };
    let mut stopped = follow(Stdio::piped());
    let mut reading = follow(Stdio::piped());
    let frames = (0..MANY).map(|_| udp_frame(device(1), GATEWAY, 1, 200)).collect();
    Flood::of(frames).per_second(20_000).send_in(yard.street(), "lan0");
    wait_seen(&daemon, MANY as u64 + 2);
    let stdout = reading.stdout.take().expect("a pipe");
    assert!(reads(stdout, MANY + 2, WRITE_LIMIT), "the other reader has them all");
    assert_nothing_lost(&capture(&daemon));
    for child in [&mut stopped, &mut reading] {
        child.kill().and_then(|()| child.wait()).expect("it runs");
    }
}

/// Whether so many packets come in time.
fn reads(mut stdout: ChildStdout, packets: usize, limit: Duration) -> bool {
    // A socket between, for a pipe alone has no timeout.
    let (mut ours, mut theirs) = UnixStream::pair().expect("sockets");
    std::thread::spawn(move || std::io::copy(&mut stdout, &mut theirs));
    ours.set_read_timeout(Some(limit)).expect("a socket");
    let (mut came, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    while blocks(&came, 6).count() < packets {
        match ours.read(&mut buffer) {
            Ok(0) | Err(_) => return false,
            Ok(length) => came.extend_from_slice(&buffer[..length]),
        }
    }
    true
}

/// The bodies of whole blocks of a kind.
fn blocks(mut bytes: &[u8], kind: u32) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        loop {
            let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
            let (found, length) = (word(0)?, word(4)? as usize);
            let block = bytes.get(..length)?;
            bytes = &bytes[length..];
            if found == kind {
                return Some(&block[8..length - 4]);
            }
        }
    })
}

/// What an Interface Statistics Block counts: received, dropped by whoever wrote it, dropped before.
fn statistics(body: &[u8]) -> [u64; 3] {
    // Interface and stamp, then three options of eight bytes, each behind its code and length.
    [16, 28, 40].map(|at| u64::from_le_bytes(body[at..at + 8].try_into().expect("eight bytes")))
}

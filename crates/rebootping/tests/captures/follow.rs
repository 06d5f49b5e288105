//! `rebootping pcap` beside the daemon that writes: history merged, and what comes within a second.

use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rebootping_lab::{Daemon, Flood, Yard, udp_frame};

use crate::pcap::read;
use crate::support::{GATEWAY, KEEP_ALL, device, prove, start, text, wait_seen, yard};

const PROMISED: Duration = Duration::from_secs(1);
/// A machine that is busy with other things may be late now and then.
const AT_MOST: Duration = Duration::from_secs(10);

#[test]
fn two_devices_are_merged_in_time_order_and_what_they_share_is_there_once() {
    let yard = yard("merge");
    let daemon = start(&yard, KEEP_ALL);
    let [one, other] = [device(1), device(2)];
    let greetings = prove(&yard, &daemon, &[one, other]);
    let mut said = Vec::new();
    for number in 0..500 {
        said.extend([
            udp_frame(one, other, number, 80),
            udp_frame(other, one, number, 120),
            udp_frame(one, GATEWAY, number, 60),
        ]);
    }
    Flood::of(said.clone()).per_second(3_000).send_in(yard.street(), "lan0");
    wait_seen(&daemon, 4 + said.len() as u64);
    daemon.terminate();
    let daemon = start(&yard, KEEP_ALL);
    let file = yard.dir().join("both.pcapng");
    let output = daemon.cli(&["pcap", &text(one), &text(other), "-w", file.to_str().expect("UTF-8")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let kept = read(&file);
    assert!(kept.is_sorted_by_key(|packet| packet.stamp));
    let [asked, answered] = [0, 1].map(|side| greetings.iter().map(move |pair| pair[side].clone()));
    let sent: Vec<Vec<u8>> = asked.chain(answered).chain(said).collect();
    assert!(kept.into_iter().map(|packet| packet.bytes).eq(sent));
}

#[test]
fn what_comes_is_followed_within_a_second() {
    let yard = yard("follow");
    let daemon = start(&yard, KEEP_ALL);
    prove(&yard, &daemon, &[device(1)]);
    let mut followed = Followed::start(&yard, &daemon);
    followed.wait_for(2);
    let mut took: Vec<Duration> = (0..7)
        .map(|number| {
            let sent = Instant::now();
            Flood::of(vec![udp_frame(device(1), GATEWAY, number, 60)]).send_in(yard.street(), "lan0");
            followed.wait_for(3 + usize::from(number));
            sent.elapsed()
        })
        .collect();
    took.sort();
    assert!(took[3] < PROMISED, "{took:?}");
}

/// `rebootping pcap --follow` and what it has printed.
struct Followed {
    child: Child,
    printed: Vec<u8>,
}

impl Followed {
    fn start(yard: &Yard, daemon: &Daemon) -> Self {
        let mut command = yard.gw().command(env!("CARGO_BIN_EXE_rebootping"));
        command.arg("--config").arg(daemon.config_path()).args(["pcap", &text(device(1)), "--follow"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("`ip` starts");
        Self { child, printed: Vec::new() }
    }

    /// Reads until so many packets have come.
    #[track_caller]
    fn wait_for(&mut self, packets: usize) {
        let until = Instant::now() + AT_MOST;
        let stdout = self.child.stdout.as_mut().expect("piped");
        while packets_in(&self.printed) < packets {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left).expect("seconds");
            let ready = poll(&mut [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)], timeout).expect("it can be polled");
            assert!(ready > 0, "packet {packets} did not come");
            let mut buffer = [0; 8192];
            let count = stdout.read(&mut buffer).expect("a pipe");
            assert!(count > 0, "it has ended");
            self.printed.extend_from_slice(&buffer[..count]);
        }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        // It may have ended with its pipe.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How many whole packets there are in blocks of pcapng.
fn packets_in(mut blocks: &[u8]) -> usize {
    let mut count = 0;
    while let Some((head, _)) = blocks.split_first_chunk::<8>() {
        let [kind, length] = [0, 4].map(|at| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes")));
        let Some(rest) = blocks.get(length as usize..) else { break };
        count += usize::from(kind == 6);
        blocks = rest;
    }
    count
}

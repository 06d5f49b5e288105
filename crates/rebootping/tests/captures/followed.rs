//! `rebootping pcap --follow` of the first device, packet by packet.

use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Child, Stdio};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rebootping_lab::{Daemon, Yard};

use crate::support::{WRITE_LIMIT, device, text};

/// The command and what it has printed.
pub(crate) struct Followed {
    child: Child,
    printed: Vec<u8>,
}

impl Followed {
    pub(crate) fn start(yard: &Yard, daemon: &Daemon) -> Self {
        let mut command = yard.gw().command(env!("CARGO_BIN_EXE_rebootping"));
        command.arg("--config").arg(daemon.config_path()).args(["pcap", &text(device(1)), "--follow"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("`ip` starts");
        Self { child, printed: Vec::new() }
    }

    /// Reads until so many packets have come.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, packets: usize) {
        let until = Instant::now() + WRITE_LIMIT;
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

//! A namespace of the test's own with a capture in it, and what came out of that.

use crate::capture::interfaces::Captured;
use crate::capture::{Capture, Counters};
use crate::config::observing;
use crate::netlink::socket::RECEIVE_BUFFER;
use crate::netlink::watch::Watch;
use crate::sys::ring::Settings;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sched::{CloneFlags, unshare};
use rebootping_core::packet::frame::{Direction, LinkType};
use rebootping_lab::wait_until;
use std::os::fd::AsFd;
use std::process::Command;
use std::time::Duration;

/// The EtherType of the frames tests send (IEEE 802, local experiments): nothing else on the wires has it.
pub(super) const OURS: [u8; 2] = [0x88, 0xb5];
/// A frame of ours nobody asks anything, to and from a MAC that is nobody's.
pub(super) const SOMEBODY: [u8; 6] = [2, 0, 0, 0, 1, 1];
pub(super) const ELSE: [u8; 6] = [2, 0, 0, 0, 1, 2];
const GROUP: [u8; 6] = [1, 0, 0x5e, 0, 0, 1];
/// Far longer than a frame ever waits in the ring: a test fails by it, and never passes by it.
const LIMIT_MS: u16 = 60_000;

/// A frame of the test's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Caught {
    pub(super) interface: String,
    pub(super) direction: Direction,
    pub(super) link: LinkType,
    pub(super) bytes: Vec<u8>,
    pub(super) stamp: u64,
}

/// A capture that follows the interfaces of its namespace.
pub(super) struct Observer {
    capture: Capture,
    watch: Watch,
    wanted: observing::Capture,
}

impl Observer {
    /// Captures what is captured by default, through a ring of so many blocks.
    pub(super) fn start(blocks: u16) -> Self {
        let mut watch = Watch::open(RECEIVE_BUFFER).expect("a netlink socket");
        watch.settle().expect("the kernel answers");
        let wanted = observing::Capture::default();
        let captured = Captured::decide(watch.snapshot().links(), &wanted, &[]);
        let settings = Settings { blocks, retire: Duration::from_millis(5) };
        Self { capture: Capture::open(settings, captured).expect("a ring"), watch, wanted }
    }

    /// Hears of new interfaces, and captures them or not.
    pub(super) fn follow(&mut self) {
        self.watch.refresh().expect("a dump is asked for");
        self.watch.settle().expect("the kernel answers");
        let captured = Captured::decide(self.watch.snapshot().links(), &self.wanted, &[]);
        self.capture.set_interfaces(captured).expect("the filter is replaced");
    }

    /// The names of the captured interfaces.
    pub(super) fn captured(&self) -> Vec<&str> {
        self.capture.captured().interfaces.iter().map(|interface| interface.name.as_str()).collect()
    }

    /// The frames of ours caught until one satisfies `last`, that one included.
    pub(super) fn catch_until(&mut self, last: impl Fn(&Caught) -> bool) -> Vec<Caught> {
        let mut caught = Vec::new();
        while !caught.iter().any(&last) {
            let ready = poll(&mut [PollFd::new(self.capture.as_fd(), PollFlags::POLLIN)], LIMIT_MS).expect("poll");
            assert!(ready > 0, "the last frame has not come, {} others have", caught.len());
            self.take(&mut caught);
        }
        caught
    }

    /// What lay in the ring when it was closed.
    pub(super) fn close(self) -> Vec<Caught> {
        let links: Vec<_> = self.watch.snapshot().links().cloned().collect();
        let mut caught = Vec::new();
        let name = |index| links.iter().find(|link| link.index == index).map(|link| link.name.clone());
        let end = self.capture.close(|frame| caught.extend(Caught::of(frame, name(frame.interface.0))));
        end.expect("the ring is emptied");
        caught
    }

    pub(super) fn counters(&mut self) -> Counters {
        self.capture.counters(self.watch.snapshot()).expect("the kernel counts")
    }

    fn take(&mut self, caught: &mut Vec<Caught>) {
        let snapshot = self.watch.snapshot();
        self.capture.receive(|frame| {
            let name = snapshot.link(frame.interface.0).map(|link| link.name.clone());
            caught.extend(Caught::of(frame, name));
        });
    }
}

impl Caught {
    fn of(frame: &crate::capture::frame::Frame<'_>, interface: Option<String>) -> Option<Self> {
        let interface = interface.unwrap_or_else(|| format!("number {}", frame.interface.0));
        let (direction, link, stamp) = (frame.direction, frame.link, frame.stamp);
        let ours = link == LinkType::Ip || frame.bytes.windows(2).take(24).any(|word| word == OURS);
        assert!(frame.original as usize >= frame.bytes.len());
        ours.then(|| Self { interface, direction, link, bytes: frame.bytes.to_vec(), stamp })
    }

    /// Where it was, and which way it went.
    pub(super) fn seen(&self) -> (&str, Direction) {
        (&self.interface, self.direction)
    }
}

/// An Ethernet frame of ours; `tags` stand behind the MACs.
pub(super) fn frame(to: [u8; 6], tags: &[u8], payload: &[u8]) -> Vec<u8> {
    [&to[..], &ELSE, tags, &OURS, payload].concat()
}

/// A frame of ours to everybody, which ends a test.
pub(super) fn end() -> Vec<u8> {
    frame(GROUP, &[], b"end")
}

/// Whether it is such a frame.
pub(super) fn is_end(caught: &Caught) -> bool {
    caught.bytes == end()
}

/// Moves this test's thread, and the commands it runs, into a new network namespace that dies with them, and has them run.
#[track_caller]
pub(super) fn in_new_namespace(commands: &str) {
    unshare(CloneFlags::CLONE_NEWNET).expect("this test makes a network namespace: run it as root");
    run(commands);
}

/// Waits until a bridge hands frames to this port of its: the kernel looks at carriers in its own time.
#[track_caller]
pub(super) fn wait_forwarding(port: &str) {
    wait_until("the port forwards", Duration::from_secs(60), || {
        run(&format!("ip -details link show dev {port}")).contains("state forwarding")
    });
}

/// Runs commands of words, one a line, and returns what they printed.
#[track_caller]
pub(super) fn run(commands: &str) -> String {
    let mut printed = String::new();
    for command in commands.lines().map(str::trim).filter(|command| !command.is_empty()) {
        let mut words = command.split_whitespace();
        let output = Command::new(words.next().expect("a command")).args(words).output().expect(command);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        printed += &String::from_utf8_lossy(&output.stdout);
    }
    printed
}

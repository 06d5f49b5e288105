//! Doors for those who measure what capturing costs: the ring without anything behind it, and all that is behind it without the ring.

use super::desk::Desk;
use super::devices::Devices;
use crate::capture::frame::Frame;
use crate::capture::interfaces::{Captured, Interface, Treatment};
use crate::capture::{Capture, RING};
use crate::config::observing::CaptureMode;
use crate::netlink::snapshot::Snapshot;
use crate::pcap_files::{Files, Limits, Maker};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use rebootping_core::inventory;
use rebootping_core::keep::{self, Keep, Mode, Settings};
use rebootping_core::packet::frame::{Direction, InterfaceId, LinkType};
use rebootping_core::packet::neighbour::Mac;
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

/// The pace of the frames, that of 100,000 a second: how often buffers are handed out because they are old depends on it.
const BETWEEN_FRAMES: Duration = Duration::from_micros(10);
/// As many frames as fit in a block of the ring, between which the clock is read.
const BLOCK: usize = 1000;
/// Of tables that strangers fill; measurements are repeated with the same.
const SEED: u64 = 42;
/// An emulated machine writes slowly.
const PATIENCE: Duration = Duration::from_secs(60);
/// A Sunday in 2026.
const START: Time = Time::from_nanos(1_795_342_333_123_456_789);

/// Counts the frames of all interfaces until SIGINT, and those the ring had no room for; says when it begins.
pub fn count_frames(begins: impl FnOnce()) -> io::Result<(u64, u64)> {
    let interrupt = SigSet::from_iter([Signal::SIGINT]);
    interrupt.thread_block()?;
    let interrupt = SignalFd::new(&interrupt)?;
    let mut capture = Capture::open(RING, Captured::default())?;
    begins();
    let mut frames = 0;
    loop {
        let mut fds = [capture.as_fd(), interrupt.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        poll(&mut fds, PollTimeout::NONE)?;
        let is_over = fds[1].any() == Some(true);
        frames += capture.receive(|_| {}) as u64;
        if is_over {
            return Ok((frames, capture.counters(&Snapshot::default())?.drops.ring));
        }
    }
}

/// The observer's work on frames that lie in memory: whose each is, how much of it is kept, and its record for a file.
pub struct Passage {
    desk: Desk,
    now: Time,
}

impl Passage {
    /// Keeps packets in `captures` below `folder`; the gateway's interfaces have these MACs, and the devices are proven.
    pub fn new(folder: &Path, flow_cutoff: Option<u64>, gateway: &[Mac], devices: &[Mac]) -> io::Result<Self> {
        let limits = Limits { per_device: u64::MAX, total: u64::MAX, keep_free: Some(0), max_age: Duration::MAX };
        let maker = Maker { hardware: String::new(), system: String::new(), program: String::new() };
        let files = Files::start(&folder.join("captures"), maker, limits, START)?;
        let (inventory, _trouble) = Devices::start(&folder.join("state"), inventory::Settings::live(), SEED, START);
        let mut desk = Desk::new(Keep::new(Settings { flow_cutoff }, SEED), Some(files), inventory, START);
        let wires: Vec<Interface> = (0..).zip(gateway).map(|(number, mac)| wire(number, *mac)).collect();
        let interfaces: Vec<keep::Interface> = wires.iter().map(as_kept).collect();
        let captured = Captured { interfaces: wires, ..Captured::default() };
        desk.set_interfaces(&interfaces, &captured, START);
        desk.devices.set_interfaces(&captured, &[]);
        desk.handle_reachable(devices.iter().copied(), START);
        Ok(Self { desk, now: START })
    }

    /// Takes frames as if they came from the first interface's wire.
    #[inline(never)]
    pub fn pass(&mut self, frames: &[Vec<u8>]) {
        for block in frames.chunks(BLOCK) {
            self.desk.tick(self.now);
            for bytes in block {
                self.now = self.now + BETWEEN_FRAMES;
                self.take(0, false, bytes);
            }
        }
    }

    /// Takes a frame that an interface received or sent.
    pub fn take(&mut self, interface: u32, is_sent: bool, bytes: &[u8]) {
        let direction = if is_sent { Direction::Sent } else { Direction::Received };
        let (original, stamp) = (bytes.len() as u32, self.now.as_nanos());
        let (interface, link) = (InterfaceId(interface), LinkType::Ethernet);
        self.desk.take(&Frame { bytes, original, stamp, interface, direction, link }, self.now);
    }

    /// Lets time pass.
    pub fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        self.desk.tick(self.now);
    }

    /// Writes the rest, and says how many records were lost.
    pub fn end(self) -> u64 {
        let lost = self.desk.files().map_or(0, |files| files.status().behind.records);
        self.desk.stop(PATIENCE);
        lost
    }
}

fn wire(number: u32, mac: Mac) -> Interface {
    let treatment = Treatment { mode: CaptureMode::Full, devices: true };
    let (id, name, mac) = (InterfaceId(number), format!("eth{number}"), Some(mac));
    Interface { id, name, mac, link: LinkType::Ethernet, treatment, vlans: BTreeMap::new() }
}

fn as_kept(wire: &Interface) -> keep::Interface {
    let name = wire.name.clone();
    keep::Interface { id: wire.id, name, mac: wire.mac, bridge: None, mode: Mode::Full, vlans: BTreeMap::new() }
}

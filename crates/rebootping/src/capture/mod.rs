//! Every frame of every interface that is to be watched, as the kernel had it.
//!
//! ```text
//! netlink ─ links ─► interfaces (which, and what of each) ─► filter ─► kernel
//! kernel ─ ring ─► frame (tags put back) ─► whoever takes it
//!            └───► counters (what was lost, and where)
//! ```
//!
//! It is opened as root. Afterwards it needs no capability and these system calls: `poll`, `setsockopt` (another filter,
//! promiscuous interfaces), `getsockopt` (what was dropped), `pread64` (what processors dropped), `munmap` and `close`.

pub(crate) mod counters;
mod filter;
pub(crate) mod frame;
pub(crate) mod interfaces;

#[cfg(test)]
mod tests;

use crate::netlink::snapshot::Snapshot;
use crate::softnet::Softnet;
use crate::sys::ring::{Ring, Settings};
use counters::{Drops, Nics};
use filter::{MOST_LEFT_OUT, NOTHING, dropping};
use frame::{Frame, Frames, Skipped};
use interfaces::Captured;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rebootping_core::packet::frame::LinkType;
use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// 32 MB: at 1 Gbit/s a quarter of a second in which nobody reads; and 100 ms, the longest a frame waits in a quiet hour.
pub(crate) const RING: Settings = Settings { blocks: 32, retire: Duration::from_millis(100) };

/// The frames of the captured interfaces.
#[derive(Debug)]
pub(crate) struct Capture {
    ring: Ring,
    settings: Settings,
    captured: Captured,
    promiscuous: BTreeSet<u32>,
    nics: Nics,
    softnet: Softnet,
    skipped: Skipped,
}

/// What was captured and what was not, since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counters {
    /// Frames of captured interfaces, those the ring had no room for included.
    pub(crate) packets: u64,
    pub(crate) drops: Drops,
    pub(crate) skipped: Skipped,
}

impl Capture {
    /// Opens the ring; nothing of what is left out comes through it, not even at first.
    pub(crate) fn open(settings: Settings, captured: Captured) -> io::Result<Self> {
        let ring = Ring::open(settings, &dropping(&captured.left_out))?;
        let mut capture = Self {
            ring,
            settings,
            captured: Captured::default(),
            promiscuous: BTreeSet::new(),
            nics: Nics::default(),
            softnet: Softnet::open()?,
            skipped: Skipped::default(),
        };
        capture.set_interfaces(captured)?;
        Ok(capture)
    }

    /// Captures these interfaces from now on; an error says that one of them will not show frames between others.
    pub(crate) fn set_interfaces(&mut self, captured: Captured) -> io::Result<()> {
        if captured.left_out != self.captured.left_out {
            self.ring.attach(&dropping(&captured.left_out))?;
        }
        self.captured = captured;
        self.follow_promiscuous()
    }

    /// What is captured.
    pub(crate) fn captured(&self) -> &Captured {
        &self.captured
    }

    /// Hands on the frames that are ready, in the order in which the kernel had them and at most one turn of the ring;
    /// returns their number.
    pub(crate) fn receive(&mut self, mut take: impl FnMut(&Frame<'_>)) -> usize {
        let not_held = self.captured.left_out.get(MOST_LEFT_OUT..).unwrap_or_default();
        let mut taken = 0;
        for _ in 0..self.settings.blocks {
            let Some(mut block) = self.ring.next_block() else { break };
            let mut frames = Frames::of(block.bytes());
            while let Some(frame) = frames.next() {
                if not_held.is_empty() || not_held.binary_search(&frame.interface.0).is_err() {
                    take(&frame);
                    taken += 1;
                }
            }
            self.skipped.add(frames.skipped());
        }
        taken
    }

    /// What was captured and lost so far, as far as the snapshot knows of the interfaces.
    pub(crate) fn counters(&mut self, snapshot: &Snapshot) -> io::Result<Counters> {
        let captured = &self.captured.interfaces;
        self.nics.handle(captured.iter().filter_map(|interface| snapshot.link(interface.id.0)));
        let ring = self.ring.statistics()?;
        let queues = self.softnet.read()?;
        let drops =
            Drops { ring: ring.drops, nic: self.nics.lost(), softnet: queues.dropped, squeezed: queues.squeezed };
        Ok(Counters { packets: ring.packets, drops, skipped: self.skipped })
    }

    /// Hands on what the kernel still holds back, and ends: a block that is not full shows up only when it is retired.
    pub(crate) fn close(mut self, mut take: impl FnMut(&Frame<'_>)) -> io::Result<()> {
        self.ring.attach(&NOTHING)?;
        let wait = PollTimeout::try_from(self.settings.retire * 2).map_err(io::Error::other)?;
        while poll(&mut [PollFd::new(self.ring.as_fd(), PollFlags::POLLIN)], wait)? > 0 {
            self.receive(&mut take);
        }
        Ok(())
    }

    fn follow_promiscuous(&mut self) -> io::Result<()> {
        let ethernet = self.captured.interfaces.iter().filter(|interface| interface.link == LinkType::Ethernet);
        let wanted: BTreeSet<u32> = ethernet.map(|interface| interface.id.0).collect();
        let mut result = Ok(());
        for &index in self.promiscuous.symmetric_difference(&wanted) {
            match self.ring.set_promiscuous(index, wanted.contains(&index)) {
                // It is gone, which netlink will tell; the kernel forgot about it then.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENODEV | libc::EADDRNOTAVAIL)) => {}
                other => result = result.and(other),
            }
        }
        self.promiscuous = wanted;
        result
    }
}

impl AsFd for Capture {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }
}

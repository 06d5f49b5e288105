//! Keeps a [`Snapshot`] true: dumps everything at the start, and again whatever may have been missed.
//!
//! The kernel says nothing of the IPv4 routes it drops with an address or a device, and of IPv6 routes of several hops
//! it tells only parts; so the routes are asked for anew after each such change.

use super::message::{Message, Route};
use super::snapshot::Snapshot;
use super::socket::{Dump, Netlink};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Waits of this long for the kernel to answer, and how many: a dump takes a millisecond.
const ANSWER_SLICE_MS: u16 = 200;
const ANSWER_SLICES: usize = 10;

/// The kernel's networking, followed.
#[derive(Debug)]
pub(crate) struct Watch {
    netlink: Netlink,
    snapshot: Snapshot,
    due: BTreeSet<Dump>,
    running: Option<Running>,
    overruns: u64,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    kind: Dump,
    sequence: u32,
    interrupted: bool,
}

impl Watch {
    /// Begins to follow; `receive_buffer` in bytes, [`super::socket::RECEIVE_BUFFER`] outside tests.
    pub(crate) fn open(receive_buffer: usize) -> io::Result<Self> {
        let netlink = Netlink::open(&Dump::ALL, receive_buffer)?;
        let mut watch =
            Self { netlink, snapshot: Snapshot::default(), due: BTreeSet::new(), running: None, overruns: 0 };
        watch.refresh()?;
        Ok(watch)
    }

    /// The kernel's networking as far as it is known.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// No dump is running or due: the snapshot is complete.
    pub(crate) fn is_settled(&self) -> bool {
        self.running.is_none() && self.due.is_empty()
    }

    /// Waits until the snapshot is complete, at most 2 s.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        for _ in 0..ANSWER_SLICES {
            while self.receive()? {}
            if self.is_settled() {
                return Ok(());
            }
            let mut polled = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
            poll(&mut polled, PollTimeout::from(ANSWER_SLICE_MS))?;
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "the kernel did not finish its answer about routes and rules"))
    }

    /// How often messages were lost or a dump was interrupted.
    pub(crate) fn overruns(&self) -> u64 {
        self.overruns
    }

    /// How many messages and attributes were too short to be read.
    pub(crate) fn damaged(&self) -> u64 {
        self.netlink.damaged()
    }

    /// Dumps everything again; byte counts of the links come with it.
    pub(crate) fn refresh(&mut self) -> io::Result<()> {
        self.due.extend(Dump::ALL);
        self.start_next()
    }

    /// Asks for one device's byte counts; its [`Message::Link`] follows.
    pub(crate) fn request_link(&mut self, index: u32) -> io::Result<()> {
        self.netlink.request_link(index).map(drop)
    }

    /// Keeps the neighbours of these interfaces and no others.
    pub(crate) fn follow_neighbours(&mut self, interfaces: BTreeSet<u32>) -> io::Result<()> {
        if self.snapshot.follow_neighbours(interfaces) {
            self.due.insert(Dump::Neighbours);
        }
        self.start_next()
    }

    /// Takes in what has arrived; true if the snapshot changed in more than byte counts.
    pub(crate) fn receive(&mut self) -> io::Result<bool> {
        let mut changed = false;
        for message in self.netlink.receive()? {
            changed |= self.take(&message);
        }
        self.start_next()?;
        Ok(changed)
    }

    fn take(&mut self, message: &Message) -> bool {
        match message {
            Message::Link(_)
            | Message::LinkGone(_)
            | Message::Address(_)
            | Message::AddressGone(_)
            | Message::Route(_) => self.apply_and_ask_for_routes(message),
            Message::RouteGone(route) => self.lose_route(route, message),
            Message::Neighbour(_)
            | Message::NeighbourGone(_)
            | Message::Rule(_)
            | Message::RuleGone(_)
            | Message::Other(_) => self.snapshot.apply(message),
            Message::Done => self.end_dump(),
            Message::Overrun => self.overrun(),
            Message::Error { errno, sequence } => self.refused(*errno, *sequence),
        }
    }

    fn apply_and_ask_for_routes(&mut self, message: &Message) -> bool {
        let changed = self.snapshot.apply(message);
        if changed {
            self.due.insert(Dump::Routes);
        }
        changed
    }

    /// The hop that goes may be one of several, and the route known here only with all of them.
    fn lose_route(&mut self, route: &Route, message: &Message) -> bool {
        if route.is_default() {
            self.due.insert(Dump::Routes);
        }
        self.snapshot.apply(message)
    }

    fn end_dump(&mut self) -> bool {
        self.running.take().is_some_and(|running| !running.interrupted && self.snapshot.end_dump(running.kind))
    }

    fn overrun(&mut self) -> bool {
        self.overruns = self.overruns.saturating_add(1);
        self.due.extend(Dump::ALL);
        if let Some(running) = &mut self.running {
            running.interrupted = true;
        }
        false
    }

    /// A dump the kernel refused says nothing about what is gone; the next refresh asks again.
    fn refused(&mut self, errno: i32, sequence: u32) -> bool {
        self.running = self.running.filter(|running| errno == 0 || running.sequence != sequence);
        false
    }

    fn start_next(&mut self) -> io::Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let Some(&kind) = self.due.first() else { return Ok(()) };
        let sequence = self.netlink.dump(kind)?;
        self.due.remove(&kind);
        self.snapshot.begin_dump(kind);
        self.running = Some(Running { kind, sequence, interrupted: false });
        Ok(())
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.netlink.as_fd()
    }
}

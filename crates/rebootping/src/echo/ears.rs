//! The sockets the judge hears with: one for each interface that a link has, so that packets of all others cost nothing.
//!
//! They are opened while that is allowed, and bound as links come and go, which is always allowed; their filter is locked, so
//! that whoever might rule the judge cannot make them hear more.

use super::filter;
use crate::sys::packet_socket::PacketSocket;
use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// More interfaces than this are heard with one socket for all there are.
const MOST: usize = 32;
/// What a socket is bound to that hears every interface.
const ALL: u32 = 0;

/// The sockets the judge hears with.
#[derive(Debug)]
pub(super) struct Ears(Vec<Ear>);

#[derive(Debug)]
struct Ear {
    socket: PacketSocket,
    /// The interface it is bound to; none if it never was.
    index: Option<u32>,
}

impl Ears {
    /// Opens them; `identifier` marks our echoes.
    pub(super) fn open(identifier: u16) -> io::Result<Self> {
        let filter = filter::ours(identifier);
        let ear = |_| Ok(Ear { socket: PacketSocket::listening(&filter)?, index: None });
        (0..MOST).map(ear).collect::<io::Result<_>>().map(Self)
    }

    /// Hears these interfaces from now on. One that is gone by now is not heard, of which the kernel's news will tell.
    pub(super) fn follow(&mut self, wanted: &BTreeSet<u32>) {
        if wanted.len() > MOST {
            // Two that hear the same would tell everything twice.
            self.0.truncate(1);
        }
        if let [ear] = &mut self.0[..] {
            return ear.bind(ALL);
        }
        for &index in wanted {
            if self.0.iter().all(|ear| ear.index != Some(index)) {
                self.hear(index, wanted);
            }
        }
    }

    /// Binds a socket that hears nothing yet, or else one that hears what nobody wants any more.
    fn hear(&mut self, index: u32, wanted: &BTreeSet<u32>) {
        let is_idle = |ear: &&mut Ear| ear.index.is_none_or(|index| !wanted.contains(&index));
        if let Some(ear) = self.0.iter_mut().filter(is_idle).min_by_key(|ear| ear.index) {
            ear.bind(index);
        }
    }

    /// All that may have something to tell.
    pub(super) fn sockets(&self) -> impl Iterator<Item = &PacketSocket> {
        self.0.iter().filter(|ear| ear.index.is_some()).map(|ear| &ear.socket)
    }

    /// What to wait for.
    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sockets().map(AsFd::as_fd)
    }
}

impl Ear {
    fn bind(&mut self, index: u32) {
        if self.index != Some(index) && self.socket.hear_on(index).is_ok() {
            self.index = Some(index);
        }
    }
}

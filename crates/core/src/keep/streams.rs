//! The streams that are not captured: those by which an operator watches captures, which else would feed themselves.

use crate::packet::frame::{Packet, Transport};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

/// As many operators do not look at once.
const MOST: usize = 64;

/// A TCP connection, whoever of the two speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    ends: [(IpAddr, u16); 2],
}

impl Stream {
    /// The connection between two sockets; an IPv4 address that a socket of IPv6 shows is taken for what it is.
    pub fn new(one: SocketAddr, other: SocketAddr) -> Self {
        let mut ends = [one, other].map(|end| (end.ip().to_canonical(), end.port()));
        ends.sort_unstable();
        Self { ends }
    }

    fn of(packet: &Packet) -> Option<Self> {
        let Transport::Tcp { source, destination, .. } = packet.transport else { return None };
        let ip = packet.ip?;
        let mut ends = [(ip.source, source), (ip.destination, destination)];
        ends.sort_unstable();
        Some(Self { ends })
    }

    const fn ports(&self) -> [u16; 2] {
        let [(_, one), (_, other)] = self.ends;
        [one, other]
    }
}

/// The excluded streams.
#[derive(Default)]
pub(super) struct Excluded {
    streams: Vec<Stream>,
}

impl Excluded {
    /// Adds a stream, unless there are too many.
    pub(super) fn add(&mut self, stream: Stream) -> bool {
        if !self.streams.contains(&stream) {
            if self.streams.len() >= MOST {
                return false;
            }
            self.streams.push(stream);
        }
        true
    }

    pub(super) fn remove(&mut self, stream: Stream) {
        self.streams.retain(|other| *other != stream);
    }

    /// Whether the packet is of an excluded stream.
    #[inline]
    pub(super) fn contain(&self, packet: &Packet) -> bool {
        !self.streams.is_empty() && self.has_stream_of(packet)
    }

    fn has_stream_of(&self, packet: &Packet) -> bool {
        let Some(stream) = Stream::of(packet) else { return false };
        // Ports differ first: comparing them alone costs little for each of the many that are not excluded.
        self.streams.iter().any(|other| other.ports() == stream.ports() && *other == stream)
    }
}

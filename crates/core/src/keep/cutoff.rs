//! How much of a flow has been kept: its first bytes each way stay whole, of what follows only the headers.
//!
//! What fills a device's files is streams, and nobody reads a stream's bytes; the first of them tell who spoke to whom, and of
//! what. A table of fixed size counts each flow and direction apart, on each interface, VLAN and way through this host, so
//! that a packet seen on its way in and on its way out counts once for each. A SYN begins anew, and so does a flow that was
//! idle. What is no stream, such as ICMP or ARP, stays whole.
//!
//! A stream's receiver sends half as many acknowledgements as there are segments, and each says what the next says better (RFC 3449
//! section 5.2.3). Of those that do nothing but acknowledge what was cut one of four stays, drawn so that no pattern of packets
//! loses all of its own.

use super::hash::Hash;
use crate::packet::frame::{ACK, Direction, Ip, Packet, SYN, Seen, Transport};
use crate::time::Time;
use alloc::boxed::Box;
use alloc::vec;
use core::net::IpAddr;

/// 2 MiB: a thousand new flows a second are remembered for two minutes.
const FLOWS: usize = 131_072;
/// Four flows fill a cache line, so that a look costs one.
const WAYS: usize = 4;

/// Of bare acknowledgements of what was cut one of so many stays.
const ONE_OF: u64 = 4;

const TCP: u8 = 6;
const UDP: u8 = 17;
/// TCP's successors and the tunnels, which carry streams like it: IP in IP, IPv6 in IP, DCCP, GRE, ESP, L2TP, SCTP, UDP-Lite.
const OTHER_STREAMS: [u8; 8] = [4, 41, 33, 47, 50, 115, 132, 136];

/// TCP connections rest longer than others (RFC 5382 would have us wait hours, which only delays a restart that a SYN gives).
const TCP_IDLE: u32 = ticks(600);
/// What NATs give UDP at least (RFC 4787 section 4.3).
const UDP_IDLE: u32 = ticks(120);

/// One flow in one direction; all zero has been idle for ever.
#[derive(Clone, Copy, Default, Debug)]
struct Flow {
    tag: u32,
    /// When it was last seen, in ticks.
    seen: u32,
    /// Its bytes since it began, as they were on the wire.
    bytes: u64,
}

#[derive(Clone, Copy, Default, Debug)]
#[repr(align(64))]
struct Set([Flow; WAYS]);

/// All flows.
pub(super) struct Flows {
    hash: Hash,
    sets: Box<[Set]>,
    /// How often it was drawn which acknowledgement stays.
    drawn: u64,
}

impl Flows {
    pub(super) fn new(hash: Hash) -> Self {
        Self { hash, sets: vec![Set::default(); FLOWS / WAYS].into(), drawn: 0 }
    }

    /// How many bytes of the frame stay when every flow keeps `cutoff` bytes of what it carries; none of some acknowledgements.
    // Apart from its caller, which else would look at all that this looks at where no cut-off is set.
    #[inline(never)]
    pub(super) fn snap(&mut self, cutoff: u64, seen: &Seen<'_>, packet: &Packet) -> u32 {
        let whole = seen.frame.len() as u32;
        let Some(ip) = packet.ip.as_ref().filter(|ip| carries_streams(ip.protocol)) else { return whole };
        let beyond_capture = u64::from(seen.original).saturating_sub(u64::from(whole));
        let carried = (packet.payload.len() as u64).saturating_add(beyond_capture);
        let way = Way { ip: *ip, transport: packet.transport, direction: seen.direction };
        let before = self.spend(self.key(seen, packet, &way), packet.transport, seen.at, carried);
        let left = cutoff.saturating_sub(before);
        if left >= carried {
            let goes = carried == 0 && self.only_acknowledges(cutoff, seen, packet, way) && !self.draws();
            return if goes { 0 } else { whole };
        }
        u32::try_from((packet.payload.start as u64).saturating_add(left)).unwrap_or(whole).min(whole)
    }

    /// Counts bytes of a flow, and says how many it had before.
    fn spend(&mut self, key: u64, transport: Transport, at: Time, bytes: u64) -> u64 {
        let now = tick(at);
        let tag = tag_of(key);
        let (begins, idle) = match transport {
            Transport::Tcp { flags, .. } => (flags & SYN != 0, TCP_IDLE),
            Transport::Udp { .. } | Transport::Icmp { .. } | Transport::Other => (false, UDP_IDLE),
        };
        let Some(Set(set)) = self.sets.get_mut(place_of(key)) else { return 0 };
        let Some(flow) = place(set, tag) else { return 0 };
        if flow.tag != tag || begins || now.saturating_sub(flow.seen) > idle {
            *flow = Flow { tag, ..Flow::default() };
        }
        flow.seen = now;
        let before = flow.bytes;
        flow.bytes = before.saturating_add(bytes);
        before
    }

    /// Whether a packet without payload does nothing but acknowledge a flow of which `cutoff` bytes were kept.
    fn only_acknowledges(&self, cutoff: u64, seen: &Seen<'_>, packet: &Packet, way: Way) -> bool {
        if !matches!(way.transport, Transport::Tcp { flags: ACK, .. }) {
            return false;
        }
        let key = self.key(seen, packet, &way.back());
        let set = self.sets.get(place_of(key));
        set.is_some_and(|Set(set)| set.iter().any(|flow| flow.tag == tag_of(key) && flow.bytes >= cutoff))
    }

    fn draws(&mut self) -> bool {
        self.drawn = self.drawn.wrapping_add(1);
        self.hash.of_mac(self.drawn) % ONE_OF == 0
    }

    /// The flow of a packet. A later fragment has no ports and so belongs to that of its addresses and protocol.
    fn key(&self, seen: &Seen<'_>, packet: &Packet, way: &Way) -> u64 {
        let ports = match way.transport {
            Transport::Tcp { source, destination, .. } | Transport::Udp { source, destination } => {
                u64::from(source) << 16 | u64::from(destination)
            }
            Transport::Icmp { .. } | Transport::Other => 0,
        };
        // No VLAN is none of the 4,096 there are.
        let vlan = u64::from(packet.vlan.unwrap_or(u16::MAX));
        let sent = u64::from(way.direction == Direction::Sent);
        let rest = vlan << 16 | u64::from(way.ip.protocol) << 8 | sent;
        let key = self.hash.and(0, ports << 32 | u64::from(seen.interface.0), rest);
        match (&way.ip.source, &way.ip.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                self.hash.and(key, source.to_bits().into(), destination.to_bits().into())
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let [source, destination] = [source.to_bits(), destination.to_bits()];
                let key = self.hash.and(key, (source >> 64) as u64, source as u64);
                self.hash.and(key, (destination >> 64) as u64, destination as u64)
            }
            // No header holds two kinds.
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => key,
        }
    }
}

/// Which way packets of a flow go.
#[derive(Clone, Copy)]
struct Way {
    ip: Ip,
    transport: Transport,
    direction: Direction,
}

impl Way {
    /// The way back of TCP's packets.
    const fn back(mut self) -> Self {
        (self.ip.source, self.ip.destination) = (self.ip.destination, self.ip.source);
        if let Transport::Tcp { source, destination, .. } = &mut self.transport {
            (*source, *destination) = (*destination, *source);
        }
        self.direction = match self.direction {
            Direction::Received => Direction::Sent,
            Direction::Sent => Direction::Received,
            Direction::Overheard => Direction::Overheard,
        };
        self
    }
}

/// The number of the set a flow may be in.
const fn place_of(key: u64) -> usize {
    key as usize & (FLOWS / WAYS - 1)
}

const fn tag_of(key: u64) -> u32 {
    (key >> 32) as u32
}

/// The flow of this tag or, if it is not there, the one seen longest ago.
fn place(set: &mut [Flow; WAYS], tag: u32) -> Option<&mut Flow> {
    match set.iter().position(|flow| flow.tag == tag) {
        Some(place) => set.get_mut(place),
        None => set.iter_mut().min_by_key(|flow| flow.seen),
    }
}

fn carries_streams(protocol: u8) -> bool {
    matches!(protocol, TCP | UDP) || OTHER_STREAMS.contains(&protocol)
}

/// Time in units of 2³⁰ ns, about a second, because a shift is all it costs; 136 years fit.
const fn tick(at: Time) -> u32 {
    (at.as_nanos() >> 30) as u32
}

const fn ticks(seconds: u64) -> u32 {
    (seconds.saturating_mul(1_000_000_000) >> 30) as u32
}

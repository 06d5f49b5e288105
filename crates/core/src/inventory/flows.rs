//! Who is talking to whom: TCP and UDP flows in a table of fixed size, for proofs, first words and bytes.
//!
//! Every packet passes here, so a known flow costs one hash, one line of tags and one entry of two lines. The table is
//! set-associative: a flow has [`WAYS`] possible places and takes that of the one silent longest; nothing is chained, so no flood
//! can make it slow.

use super::devices::Whose;
use super::individual::Individual;
use super::ports::Protocol;
use super::seed::Seed;
use crate::packet::frame::{InterfaceId, Packet, Transport};
use crate::packet::neighbour::Mac;
use crate::time::Time;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

/// So many flows are known at a time, in 4 MB: ten new ones a second for an hour.
pub const MOST: usize = 32_768;
const WAYS: usize = 8;
const GROUPS: usize = MOST / WAYS;
/// A SYN may carry so much, which is acknowledged with it: what a frame of Ethernet has room for (RFC 7413).
const MOST_IN_SYN: u32 = 1500;

/// One end of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct End {
    /// As IPv6 has it; an IPv4 address mapped.
    ip: [u64; 2],
    pub(super) port: u16,
}

impl End {
    pub(super) fn new(ip: IpAddr, port: u16) -> Self {
        let ip = match ip {
            IpAddr::V4(v4) => [0, 0xffff_0000_0000 | u64::from(v4.to_bits())],
            IpAddr::V6(v6) => [(v6.to_bits() >> 64) as u64, v6.to_bits() as u64],
        };
        Self { ip, port }
    }

    /// It comes second in a key. Any order would do, as long as nothing branches to find it: who speaks is a coin's toss that no
    /// processor foresees.
    #[inline]
    #[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch")]
    const fn is_behind(self, other: Self) -> bool {
        let ([a, b], [c, d]) = (self.ip, other.ip);
        let is_higher = (b > d) | ((b == d) & (self.port > other.port));
        (a > c) | ((a == c) & is_higher)
    }

    pub(super) fn ip(self) -> IpAddr {
        IpAddr::V6(Ipv6Addr::from_bits(self.bits())).to_canonical()
    }

    fn bits(self) -> u128 {
        let [high, low] = self.ip;
        u128::from(high) << 64 | u128::from(low)
    }
}

/// What tells a flow from all others: its two ends, the smaller first, what it speaks, and where it was captured.
#[derive(Clone, Copy, Eq, Debug)]
pub(super) struct Key {
    ips: [[u64; 2]; 2],
    ports: [u16; 2],
    interface: u32,
    protocol: Protocol,
}

impl PartialEq for Key {
    // Word by word, for which a packet need not call anybody.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let differ = self.words().iter().zip(other.words()).fold(0, |differ, (one, other)| differ | (one ^ other));
        differ == 0 && self.protocol == other.protocol
    }
}

/// Which of a flow's two ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Low,
    High,
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

impl Key {
    /// The key of a packet's flow, and the side its sender is on; none for what has no ports.
    #[inline]
    pub(super) fn of(packet: &Packet, interface: InterfaceId) -> Option<(Self, Side)> {
        let (protocol, source, destination) = match packet.transport {
            Transport::Tcp { source, destination, .. } => (Protocol::Tcp, source, destination),
            Transport::Udp { source, destination } => (Protocol::Udp, source, destination),
            Transport::Icmp { .. } | Transport::Other => return None,
        };
        let ip = packet.ip.as_ref()?;
        Some(Self::new(End::new(ip.source, source), End::new(ip.destination, destination), protocol, interface.0))
    }

    #[inline]
    fn new(source: End, destination: End, protocol: Protocol, interface: u32) -> (Self, Side) {
        let is_swapped = source.is_behind(destination);
        let mask = u64::from(is_swapped).wrapping_neg();
        let [[a, b], [c, d]] = [source.ip, destination.ip];
        let ports = u32::from(source.port) | u32::from(destination.port) << 16;
        let [high, low] = [(a ^ c) & mask, (b ^ d) & mask];
        let ports = ports.rotate_left(mask as u32 & 16);
        let key = Self {
            ips: [[a ^ high, b ^ low], [c ^ high, d ^ low]],
            ports: [ports as u16, (ports >> 16) as u16],
            interface,
            protocol,
        };
        (key, if is_swapped { Side::High } else { Side::Low })
    }

    /// All of it but the protocol: addresses, and ports and interface in one.
    #[inline]
    fn words(&self) -> [u64; 5] {
        let ([[a, b], [c, d]], [low, high]) = (self.ips, self.ports);
        [a, b, c, d, u64::from(low) | u64::from(high) << 16 | u64::from(self.interface) << 32]
    }

    #[inline]
    fn hash(&self, seed: Seed) -> u64 {
        let [a, b, c, d, rest] = self.words();
        seed.of([a, b, c, d, if self.protocol == Protocol::Tcp { rest } else { !rest }])
    }
}

/// What is known of one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct HalfFlow {
    /// Bytes sent since the flow was last accounted for.
    pub(super) bytes: u64,
    /// Its neighbour on the wire.
    pub(super) mac: Individual,
    /// Whose that was when a packet last had to be looked at; a device's slot may be another's by now.
    pub(super) whose: Whose,
    /// It has sent anything.
    pub(super) has_spoken: bool,
    /// Packets with a payload that were looked into since one told something.
    pub(super) looks: u8,
    /// There is nothing more to learn from its payload.
    pub(super) is_read: bool,
}

impl HalfFlow {
    /// Counts a packet it sent.
    #[inline]
    pub(super) const fn count(&mut self, bytes: u32) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }
}

/// A flow, in two lines of the cache.
#[derive(Clone, PartialEq, Eq, Debug)]
#[repr(align(64))]
pub(super) struct Flow {
    key: Key,
    pub(super) last: Time,
    halves: [HalfFlow; 2],
    /// Who asked first; for TCP corrected by a SYN.
    pub(super) client: Side,
    /// The sequence number of the client's first byte, once known.
    pub(super) first_byte: Option<u32>,
    /// TCP: a SYN-ACK came. UDP: the client was answered.
    pub(super) is_answered: bool,
    /// TCP: the client acknowledged the SYN-ACK.
    pub(super) is_established: bool,
    /// UDP: every datagram may tell something.
    pub(super) is_talkative: bool,
    /// What was asked for in words of HTTP, last.
    pub(super) asked: Option<Asked>,
    /// A name the client gave the server.
    pub(super) name: Option<super::dictionary::NameId>,
}

const _: () = assert!(size_of::<Option<Flow>>() == 128, "a packet touches two lines of the cache");

/// What a request of HTTP asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    /// Something the server has: what comes behind its response is not the server's own words.
    Content,
    /// A tunnel (CONNECT): what comes behind the response is another server's.
    Tunnel,
}

impl Flow {
    fn new(key: Key, client: Side, now: Time) -> Self {
        Self {
            key,
            last: now,
            halves: [HalfFlow::default(); 2],
            client,
            first_byte: None,
            is_answered: false,
            is_established: false,
            is_talkative: false,
            asked: None,
            name: None,
        }
    }

    pub(super) const fn end(&self, side: Side) -> End {
        let [low, high] = self.key.ips;
        let [low_port, high_port] = self.key.ports;
        match side {
            Side::Low => End { ip: low, port: low_port },
            Side::High => End { ip: high, port: high_port },
        }
    }

    pub(super) const fn half(&self, side: Side) -> &HalfFlow {
        let [low, high] = &self.halves;
        match side {
            Side::Low => low,
            Side::High => high,
        }
    }

    pub(super) const fn half_mut(&mut self, side: Side) -> &mut HalfFlow {
        let [low, high] = &mut self.halves;
        match side {
            Side::Low => low,
            Side::High => high,
        }
    }

    /// The bytes of both sides since the last time, if there are any: the client's first.
    pub(super) fn take_bytes(&mut self) -> Option<(u64, u64)> {
        let client = core::mem::take(&mut self.half_mut(self.client).bytes);
        let server = core::mem::take(&mut self.half_mut(self.client.other()).bytes);
        (client | server != 0).then_some((client, server))
    }

    /// The client asks for this server from its packet of this length on; what the flow was before, with its bytes until then, if
    /// it asked for another.
    pub(super) fn rename(&mut self, name: Option<super::dictionary::NameId>, length: u32) -> Option<Self> {
        let known = core::mem::replace(&mut self.name, name);
        if known.is_none() || known == name {
            return None;
        }
        let mut before = self.split(self.client, length)?;
        before.name = known;
        Some(before)
    }

    /// A SYN-ACK that acknowledges so much may be of this connection; another's first byte is anywhere else.
    pub(super) fn may_accept(&self, acknowledgement: u32) -> bool {
        self.first_byte.is_some_and(|first| acknowledgement.wrapping_sub(first) <= MOST_IN_SYN)
    }

    /// Begins anew with a packet of one side and of this length, for the same ports are used again; what the flow was before, with
    /// its bytes until then, if there are any.
    pub(super) fn restart(&mut self, side: Side, length: u32, client: Side, first_byte: u32) -> Option<Self> {
        let before = self.split(side, length);
        for half in &mut self.halves {
            (half.looks, half.is_read) = (0, false);
        }
        self.client = client;
        self.first_byte = Some(first_byte);
        (self.is_answered, self.is_established) = (false, false);
        (self.asked, self.name) = (None, None);
        before
    }

    /// What the flow was, with all bytes but those of one side's packet of this length, which was counted: these stay. None if there
    /// are no others, as when a connection begins.
    fn split(&mut self, side: Side, length: u32) -> Option<Self> {
        let packet = self.half(side).bytes.min(length.into());
        let has_others = self.half(side).bytes != packet || self.half(side.other()).bytes != 0;
        let mut before = has_others.then(|| self.clone())?;
        self.take_bytes();
        self.half_mut(side).bytes = packet;
        let was = before.half_mut(side);
        was.bytes = was.bytes.saturating_sub(packet);
        Some(before)
    }
}

/// The place of a flow in the table, valid until the next flow is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct FlowId(u32);

/// Where in the table a flow may be.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    group: usize,
    tag: u16,
}

/// What looking for a packet's flow found: its place, or where it would begin.
#[derive(Clone, Copy)]
pub(super) struct Sought {
    pub(super) key: Key,
    /// The side of the packet's sender.
    pub(super) side: Side,
    pub(super) spot: Spot,
    pub(super) known: Option<FlowId>,
}

/// The table.
pub(super) struct Flows {
    seed: Seed,
    groups: Vec<Group>,
    entries: Vec<Option<Flow>>,
    /// Flows that had to go while they were talking: not silent for [`SILENT`] yet.
    pub(super) left_out: u64,
}

/// What is asked of the places of a group, in one line of the cache.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Group {
    /// Of the hash; zero for an empty place.
    tags: [u16; WAYS],
    /// When each was last heard of, in units of 2^30 ns.
    ages: [u32; WAYS],
}

fn age(now: Time) -> u32 {
    (now.as_nanos() >> 30) as u32
}

/// A flow silent so long is over, or will be recognised by its ports: 120 s, as conntrack has for UDP streams.
const SILENT: core::time::Duration = core::time::Duration::from_secs(120);

impl Flows {
    pub(super) const fn new(seed: Seed) -> Self {
        Self { seed, groups: Vec::new(), entries: Vec::new(), left_out: 0 }
    }

    /// Where a flow may be.
    #[inline]
    pub(super) fn spot(&self, key: &Key) -> Spot {
        let hash = key.hash(self.seed);
        // Zero stands for an empty place.
        Spot { group: hash as usize % GROUPS, tag: (hash >> 48) as u16 | 1 }
    }

    /// The place of a flow, if it is known.
    #[inline]
    pub(super) fn known(&self, key: &Key, Spot { group, tag }: Spot) -> Option<FlowId> {
        let Group { tags, .. } = self.groups.get(group)?;
        // All at once, which a processor can do in one step.
        let mut alike = tags.iter().enumerate().fold(0_u32, |alike, (way, t)| alike | u32::from(*t == tag) << way);
        while alike != 0 {
            let at = group.wrapping_mul(WAYS).wrapping_add(alike.trailing_zeros() as usize);
            if self.entries.get(at)?.as_ref().is_some_and(|flow| flow.key == *key) {
                return Some(FlowId(at as u32));
            }
            alike &= alike.wrapping_sub(1);
        }
        None
    }

    /// A known flow goes on.
    #[inline]
    pub(super) fn go_on(&mut self, id: FlowId, now: Time) -> Option<&mut Flow> {
        let at = id.0 as usize;
        let flow = self.entries.get_mut(at)?.as_mut()?;
        flow.last = flow.last.max(now);
        set(&mut self.groups.get_mut(at / WAYS)?.ages, at % WAYS, age(now));
        Some(flow)
    }

    /// The flow at a place.
    #[inline]
    pub(super) fn get_mut(&mut self, id: FlowId) -> Option<&mut Flow> {
        self.entries.get_mut(id.0 as usize)?.as_mut()
    }

    pub(super) fn get(&self, id: FlowId) -> Option<&Flow> {
        self.entries.get(id.0 as usize)?.as_ref()
    }

    /// Moves all times, as the clock they are read by was stepped.
    pub(super) fn shift(&mut self, shift: impl Fn(Time) -> Time) {
        for (group, flows) in self.groups.iter_mut().zip(self.entries.chunks_mut(WAYS)) {
            for (heard, flow) in group.ages.iter_mut().zip(flows) {
                if let Some(flow) = flow {
                    flow.last = shift(flow.last);
                    *heard = age(flow.last).max(1);
                }
            }
        }
    }

    /// All flows, to be changed.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Flow> {
        self.entries.iter_mut().flatten()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Flow> {
        self.entries.iter().flatten()
    }

    /// Forgets the flows of a device's MAC.
    pub(super) fn forget(&mut self, mac: Mac) {
        let mac = Individual::of(mac);
        if mac == Individual::NOBODY {
            return;
        }
        for (at, place) in self.entries.iter_mut().enumerate() {
            if place.as_ref().is_some_and(|flow| flow.halves.iter().any(|half| half.mac == mac)) {
                *place = None;
                if let Some(group) = self.groups.get_mut(at / WAYS) {
                    set(&mut group.tags, at % WAYS, 0);
                    set(&mut group.ages, at % WAYS, 0);
                }
            }
        }
    }

    /// Those that were heard of since then, as far as their times advance.
    pub(super) fn heard_since(&mut self, then: Time) -> impl Iterator<Item = &mut Flow> {
        let then = age(then);
        let groups = self.groups.iter().zip(self.entries.chunks_mut(WAYS));
        groups
            .flat_map(|(group, flows)| group.ages.iter().zip(flows))
            .filter(move |(age, _)| **age >= then)
            .filter_map(|(_, flow)| flow.as_mut())
    }

    /// Which MACs are whose has changed.
    pub(super) fn forget_whose(&mut self) {
        self.all_mut().flat_map(|flow| &mut flow.halves).for_each(|half| half.whose = Whose::Unknown);
    }

    /// Begins a flow with its sender as the client, in the place of the one silent longest, which is returned; an empty place
    /// has been silent for ever.
    pub(super) fn begin(&mut self, sought: &Sought, now: Time) -> (FlowId, Option<Flow>) {
        if self.entries.is_empty() {
            self.groups = vec![Group::default(); GROUPS];
            self.entries.resize_with(MOST, || None);
        }
        let Spot { group, tag } = sought.spot;
        let mut at = group.saturating_mul(WAYS);
        if let Some(Group { tags, ages }) = self.groups.get_mut(group) {
            let oldest = ages.iter().enumerate().min_by_key(|(_, age)| **age);
            let way = oldest.map_or(0, |(way, _)| way);
            set(tags, way, tag);
            set(ages, way, age(now).max(1));
            at = at.saturating_add(way);
        }
        let flow = Flow::new(sought.key, sought.side, now);
        let gone = self.entries.get_mut(at).and_then(|place| place.replace(flow));
        if gone.as_ref().is_some_and(|gone| now.since(gone.last) < SILENT) {
            self.left_out = self.left_out.saturating_add(1);
        }
        (FlowId(at as u32), gone)
    }
}

fn set<T>(ways: &mut [T; WAYS], way: usize, value: T) {
    if let Some(place) = ways.get_mut(way) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_of_a_flow_have_one_key() {
        let ips = ["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2", "2001:db9::1"].map(|ip| ip.parse().unwrap());
        let ends: Vec<End> = ips.iter().flat_map(|ip| [1, 443, 40_000].map(|port| End::new(*ip, port))).collect();
        for (place, &one) in ends.iter().enumerate() {
            for &other in ends.iter().skip(place.saturating_add(1)) {
                let [(key, side), (back, from_there)] =
                    [(one, other), (other, one)].map(|(from, to)| Key::new(from, to, Protocol::Tcp, 1));
                assert_eq!((key, side), (back, from_there.other()));
                let flow = Flow::new(key, side, Time::BOOT);
                assert_eq!((flow.end(side), flow.end(side.other())), (one, other));
            }
        }
    }
}

//! Packets that can teach nothing, which are nearly all: they only count.
//!
//! Where a flow's first words are read and nothing of it is left to prove, a packet costs one look for the flow and one at each
//! device's bytes: a flow remembers whose its two MACs were. All else goes the long way ([`super::frames`]), and so does a packet
//! that makes a minute end or a silence.

use super::Inventory;
use super::devices::{Devices, Whose};
use super::flows::{Flow, FlowId, HalfFlow, Side};
use super::frames::SILENCE;
use super::traffic::{Minutes, Traffic};
use crate::packet::frame::{Packet, RST, SYN, Seen, Transport};
use crate::packet::neighbour::{Mac, number};

impl Inventory {
    /// Counts a packet of a known flow; false if it may teach something, and then nothing was counted.
    #[inline]
    pub(super) fn counts_only(&mut self, seen: &Seen<'_>, packet: &Packet, id: FlowId, side: Side) -> bool {
        let Self { flows, devices, .. } = self;
        let [source, destination] = macs(packet);
        let Some(flow) = flows.get(id).filter(|flow| teaches_nothing(flow, side, packet)) else { return false };
        let (from, to) = (flow.half(side), flow.half(side.other()));
        let is_counted = from.mac == source || to.mac == destination;
        let sender = devices.whose_half(from, source);
        let receiver = devices.whose_half(to, destination).device();
        let minute = Minutes::of(seen.at);
        if receiver.is_some_and(|slot| devices.traffic(slot).is_none_or(|traffic| !traffic.is_of(minute))) {
            return false;
        }
        match sender {
            Whose::Ours => {}
            Whose::Unknown if source.is_none() => {}
            Whose::Unknown => return false,
            Whose::Device(slot) => match devices.traffic_mut(slot) {
                Some(traffic) if traffic.is_of(minute) && goes_on(traffic, seen) => {
                    traffic.sent_more(seen.original, seen.at);
                }
                _ => return false,
            },
        }
        if let Some(traffic) = receiver.and_then(|slot| devices.traffic_mut(slot)) {
            traffic.received_more(seen.original);
        }
        if let Some(flow) = flows.go_on(id, seen.at).filter(|_| is_counted) {
            flow.half_mut(side).count(seen.original);
        }
        true
    }
}

/// A device is where it was, and was not silent for long.
#[inline]
fn goes_on(traffic: &Traffic, seen: &Seen<'_>) -> bool {
    traffic.interface == Some(seen.interface.0) && seen.at < traffic.last_seen + SILENCE
}

/// The MACs of a frame's two interfaces: none for a group's, or where the link has none.
#[inline]
pub(super) fn macs(packet: &Packet) -> [Option<Mac>; 2] {
    packet.ether.map_or([None; 2], |ether| [ether.source, ether.destination].map(of_one))
}

/// A MAC that is one interface's: neither a group's nor nobody's.
#[inline]
fn of_one(mac: Mac) -> Option<Mac> {
    let number = number(mac);
    (number >> 40 & 1 == 0 && number != 0).then_some(mac)
}

#[inline]
fn teaches_nothing(flow: &Flow, side: Side, packet: &Packet) -> bool {
    let half = flow.half(side);
    let is_read = half.is_read || packet.payload.is_empty();
    half.has_spoken
        && match packet.transport {
            Transport::Tcp { flags, .. } => {
                let is_settled = flow.is_established || !flow.is_answered || flow.client != side;
                flags & (SYN | RST) == 0 && is_settled && is_read
            }
            Transport::Udp { .. } => {
                !flow.is_talkative && if flow.client == side { half.is_read } else { flow.is_answered }
            }
            Transport::Icmp { .. } | Transport::Other => false,
        }
}

impl Devices {
    /// Whose a MAC is; most often that of a flow's half, which remembers.
    #[inline]
    pub(super) fn whose_half(&self, half: &HalfFlow, mac: Option<Mac>) -> Whose {
        let Some(mac) = mac else { return Whose::Unknown };
        let is_known = half.mac == Some(mac)
            && match half.whose {
                Whose::Ours => true,
                Whose::Device(slot) => self.traffic(slot).is_some_and(|traffic| traffic.mac == mac),
                Whose::Unknown => false,
            };
        if is_known { half.whose } else { self.whose(mac) }
    }
}

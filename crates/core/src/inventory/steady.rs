//! Packets that can teach nothing, which are nearly all: they only count.
//!
//! Where a flow's first words are read and nothing of it is left to prove, a packet costs one look for the flow and one at each
//! device's bytes: a flow remembers whose its two MACs were. All else goes the long way ([`super::frames`]), and so does a packet
//! that makes a minute end or a silence.

use super::Inventory;
use super::devices::{Devices, Whose};
use super::flows::{Flow, FlowId, HalfFlow, Side};
use super::frames::{SILENCE, is_one, is_talkative};
use crate::packet::frame::{Packet, RST, SYN, Seen, Transport};
use crate::packet::neighbour::Mac;
use crate::time::Time;

impl Inventory {
    /// Counts a packet of a known flow; false if it may teach something, and then nothing was counted.
    #[inline]
    pub(super) fn counts_only(&mut self, seen: &Seen<'_>, packet: &Packet, id: FlowId, side: Side) -> bool {
        let Self { flows, devices, .. } = self;
        let [source, destination] = macs(packet);
        let Some(flow) = flows.get(id).filter(|flow| teaches_nothing(flow, side, packet)) else { return false };
        let (from, to) = (flow.half(side), flow.half(side.other()));
        let is_counted = from.mac == source || to.mac == destination;
        let (sender, receiver) = (devices.whose_half(from, source), devices.whose_half(to, destination));
        if !devices.sends_on(sender, source, seen) || !devices.is_of_minute(receiver, seen.at) {
            return false;
        }
        if let Some(traffic) = sender.device().and_then(|slot| devices.traffic_mut(slot)) {
            traffic.send(seen.original, seen.at);
        }
        if let Some(traffic) = receiver.device().and_then(|slot| devices.traffic_mut(slot)) {
            traffic.receive(seen.original, seen.at);
        }
        if let Some(flow) = flows.go_on(id, seen.at).filter(|_| is_counted) {
            flow.half_mut(side).count(seen.original);
        }
        true
    }
}

/// The MACs of a frame's two interfaces: none for a group's, or where the link has none.
#[inline]
pub(super) fn macs(packet: &Packet) -> [Option<Mac>; 2] {
    packet.ether.map_or([None; 2], |ether| [ether.source, ether.destination].map(|mac| Some(mac).filter(is_one)))
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
            Transport::Udp { source, destination } => {
                let is_known = if flow.client == side { half.is_read } else { flow.is_answered };
                is_known && !is_talkative(source) && !is_talkative(destination)
            }
            Transport::Icmp { .. } | Transport::Other => false,
        }
}

impl Devices {
    /// Whose a MAC is; most often that of a flow's half, which remembers.
    #[inline]
    fn whose_half(&self, half: &HalfFlow, mac: Option<Mac>) -> Whose {
        let Some(mac) = mac else { return Whose::Unknown };
        let is_known = half.mac == Some(mac)
            && match half.whose {
                Whose::Ours => true,
                Whose::Device(slot) => self.traffic(slot).is_some_and(|traffic| traffic.mac == mac),
                Whose::Unknown => false,
            };
        if is_known { half.whose } else { self.whose(mac) }
    }

    /// A sender is listed, is where it was, was not silent for long, and no minute of it is over.
    #[inline]
    fn sends_on(&self, whose: Whose, mac: Option<Mac>, seen: &Seen<'_>) -> bool {
        match whose {
            Whose::Ours => true,
            Whose::Unknown => mac.is_none(),
            Whose::Device(slot) => self.traffic(slot).is_some_and(|traffic| {
                traffic.interface == Some(seen.interface.0)
                    && traffic.is_counting(seen.at)
                    && seen.at.since(traffic.last_seen) < SILENCE
            }),
        }
    }

    /// No minute of whoever this is is over.
    #[inline]
    fn is_of_minute(&self, whose: Whose, now: Time) -> bool {
        whose.device().is_none_or(|slot| self.traffic(slot).is_some_and(|traffic| traffic.is_counting(now)))
    }
}

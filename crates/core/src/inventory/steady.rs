//! Packets that can teach nothing, which are nearly all: they only count.
//!
//! Where a flow's first words are read and nothing of it is left to prove, a packet costs one look for the flow and one at each
//! device's bytes: a flow remembers whose its two MACs were. All else goes the long way ([`super::frames`]), and so does a packet
//! that makes a minute end or a silence.

use super::Inventory;
use super::devices::{Devices, Whose};
use super::flows::{Flow, FlowId, HalfFlow, Side};
use super::frames::SILENCE;
use super::individual::Individual;
use super::traffic::{Minutes, Traffic};
use crate::packet::frame::{Packet, RST, SYN, Seen, Transport};
use crate::packet::neighbour::number;

impl Inventory {
    /// Counts a packet of a known flow, which goes on; false if it may teach something, and then nothing was counted.
    #[inline]
    pub(super) fn counts_only(&mut self, seen: &Seen<'_>, packet: &Packet, id: FlowId, side: Side) -> bool {
        let Self { flows, devices, .. } = self;
        let [source, destination] = Individual::ends(packet);
        let Some(flow) = flows.go_on(id, seen.at).filter(|flow| teaches_nothing(flow, side, packet)) else {
            return false;
        };
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
            Whose::Unknown if source == Individual::NOBODY => {}
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
        if is_counted {
            flow.half_mut(side).count(seen.original);
        }
        true
    }
}

/// A device is where it was, and was not silent for long.
#[inline]
fn goes_on(traffic: &Traffic, seen: &Seen<'_>) -> bool {
    traffic.is_on(seen.interface) && seen.at < traffic.last_seen + SILENCE
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
    pub(super) fn whose_half(&self, half: &HalfFlow, mac: Individual) -> Whose {
        let is_known = half.mac == mac
            && match half.whose {
                Whose::Ours => true,
                Whose::Device(slot) => self.traffic(slot).is_some_and(|traffic| number(traffic.mac) == mac.number()),
                Whose::Unknown => mac == Individual::NOBODY,
            };
        if is_known { half.whose } else { self.whose_end(mac) }
    }

    /// Whose the MAC of one interface is.
    pub(super) fn whose_end(&self, mac: Individual) -> Whose {
        mac.mac().map_or(Whose::Unknown, |mac| self.whose(mac))
    }
}

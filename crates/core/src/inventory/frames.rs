//! One frame: who sent it to whom, and which room hears more of it. This runs for every packet on every wire.

use super::addresses::{Claim, Place};
use super::flows::{End, Flow, FlowId, Found, Key, Side};
use super::interfaces::{Arrival, Leads};
use super::ports::Protocol;
use super::traffic::Minute;
use super::{Inventory, MOST_MINUTES, Output, Slot, Whose};
use crate::packet::frame::{ACK, InterfaceId, Ip, Packet, RST, SYN, Seen, Transport};
use crate::packet::neighbour::Mac;
use crate::time::Time;
use core::net::IpAddr;
use core::time::Duration;

/// A shorter pause is not worth looking at a device's habits.
const SILENCE: Duration = Duration::from_secs(60);

/// The interface of the last frame, for the next is likely of the same.
#[derive(Clone, Copy)]
pub(super) struct LastInterface {
    id: InterfaceId,
    arrival: Arrival,
}

/// What all rooms want to know of a frame.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) now: Time,
    pub(super) interface: InterfaceId,
    pub(super) leads: Leads,
    /// The MAC that sent it, if the link has any.
    pub(super) source: Option<Mac>,
    /// The device that sent it, if it was one.
    pub(super) sender: Option<Slot>,
    /// The MAC it went to, if it is one device's.
    pub(super) destination: Option<Mac>,
    pub(super) payload: &'a [u8],
    pub(super) length: u32,
}

impl Inventory {
    /// Takes a captured frame.
    pub fn handle_frame(&mut self, seen: &Seen<'_>, packet: &Packet) {
        let now = seen.at;
        self.started.get_or_insert(now);
        let arrival = self.arrival(seen.interface);
        if !arrival.has_devices {
            return;
        }
        let source = packet.ether.map(|ether| ether.source).filter(|mac| is_one(*mac));
        let destination = packet.ether.map(|ether| ether.destination).filter(|mac| is_one(*mac));
        let sender = source.and_then(|mac| self.sender(mac, seen, arrival));
        if let Some(Whose::Device(slot)) = destination.map(|mac| self.devices.whose(mac)) {
            let over = self.devices.traffic_mut(slot).and_then(|traffic| traffic.receive(seen.original, now));
            self.tell_minute(slot, over);
        }
        let context = Context {
            now,
            interface: seen.interface,
            leads: arrival.leads,
            source,
            sender,
            destination,
            payload: seen.frame.get(packet.payload.clone()).unwrap_or_default(),
            length: seen.original,
        };
        match (packet.transport, packet.ip) {
            (Transport::Tcp { source, destination, flags, sequence, acknowledgement }, Some(ip)) => {
                let segment = Segment { flags, sequence, acknowledgement };
                self.handle_tcp(&context, &ip, source, destination, segment);
            }
            (Transport::Udp { source, destination }, Some(ip)) => self.handle_udp(&context, &ip, source, destination),
            (Transport::Icmp { kind, code }, Some(ip)) => {
                self.show(&context, &ip);
                self.hear_icmp(&context, &ip, kind, code);
            }
            (_, Some(ip)) => {
                self.show(&context, &ip);
            }
            (_, None) => self.hear_link(&context, packet, seen),
        }
    }

    fn arrival(&mut self, id: InterfaceId) -> Arrival {
        match self.last_interface {
            Some(last) if last.id == id => last.arrival,
            _ => {
                let arrival = self.interfaces.arrival(id);
                self.last_interface = Some(LastInterface { id, arrival });
                arrival
            }
        }
    }

    /// Counts a frame for the device that sent it, which is listed if it is new.
    fn sender(&mut self, mac: Mac, seen: &Seen<'_>, arrival: Arrival) -> Option<Slot> {
        let slot = match self.devices.whose(mac) {
            Whose::Ours => return None,
            Whose::Device(slot) => slot,
            Whose::Unknown => self.list(mac, seen.at),
        };
        let traffic = self.devices.traffic_mut(slot)?;
        let silence = seen.at.since(traffic.last_seen);
        let is_elsewhere = traffic.interface.replace(seen.interface.0) != Some(seen.interface.0);
        let over = traffic.send(seen.original, seen.at);
        self.tell_minute(slot, over);
        if is_elsewhere {
            let device = self.devices.get_mut(slot)?;
            device.is_local |= arrival.leads == Leads::ToDevices;
            if let Some(name) = arrival.name() {
                device.was_on(name);
            }
        }
        if silence >= SILENCE {
            self.speaks_again(slot, silence, seen.at);
        }
        Some(slot)
    }

    fn list(&mut self, mac: Mac, now: Time) -> Slot {
        let (slot, gone) = self.devices.add(mac, now);
        if let Some(gone) = gone {
            self.forget_addresses(&gone);
        }
        slot
    }

    pub(super) fn tell_minute(&mut self, slot: Slot, over: Option<Minute>) {
        let Some(over) = over.filter(|_| self.settings.tells_minutes) else { return };
        let Some(device) = self.devices.get(slot).filter(|device| device.is_proven) else { return };
        if self.minutes.len() >= MOST_MINUTES {
            self.left_out.minutes = self.left_out.minutes.saturating_add(1);
            return;
        }
        let mac = self.main_of(device.mac);
        let Minute { begins, sent, received } = over;
        self.minutes.push_back(Output::Minute { mac, begins, sent, received });
    }

    fn handle_tcp(&mut self, context: &Context<'_>, ip: &Ip, source: u16, destination: u16, segment: Segment) {
        let Some((id, side, is_new)) = self.flow(context, ip, Protocol::Tcp, source, destination) else { return };
        let Some(flow) = self.flows.get_mut(id) else { return };
        if is_new && segment.flags & SYN == 0 && source < destination {
            // The beginning was not seen: the lower port is likelier the server's.
            flow.client = side.other();
        }
        if segment.flags & (SYN | RST) != 0 || (flow.is_answered && !flow.is_established) {
            self.handle_control(context, ip, id, side, segment);
        }
        let is_worth_a_look = |flow: &Flow| !flow.half(side).is_read && !context.payload.is_empty();
        if self.flows.get(id).is_some_and(is_worth_a_look) {
            self.hear_stream(context, ip, id, side, segment.sequence);
        }
    }

    fn handle_control(&mut self, context: &Context<'_>, ip: &Ip, id: FlowId, side: Side, segment: Segment) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        match segment.flags & (SYN | ACK | RST) {
            SYN if flow.first_byte != Some(segment.sequence.wrapping_add(1)) || flow.client != side => {
                flow.restart(side, segment.sequence.wrapping_add(1));
            }
            flags if flags & (SYN | ACK) == SYN | ACK => {
                flow.client = side.other();
                flow.is_answered = true;
                flow.first_byte.get_or_insert(segment.acknowledgement);
                self.prove_tcp(context, ip.source, id, side);
            }
            ACK if flow.is_answered && !flow.is_established && flow.client == side => {
                flow.is_established = true;
                self.prove_established(context.now, id, side.other());
            }
            _ => {}
        }
    }

    fn handle_udp(&mut self, context: &Context<'_>, ip: &Ip, source: u16, destination: u16) {
        let Some((id, side, _)) = self.flow(context, ip, Protocol::Udp, source, destination) else { return };
        let Some(flow) = self.flows.get_mut(id) else { return };
        let is_first_answer = flow.client != side && !flow.is_answered;
        if is_first_answer {
            flow.is_answered = true;
            self.prove_udp(context, ip, source, destination);
        }
        if is_talkative(source) || is_talkative(destination) {
            self.hear_datagram(context, ip, source, destination);
        } else if self.flows.get(id).is_some_and(|flow| flow.client == side && !flow.half(side).is_read) {
            self.hear_quic(context, ip, id, side);
        }
    }

    /// Finds or begins a packet's flow and counts its bytes. None on an Internet link where no neighbour is part of it.
    fn flow(
        &mut self,
        context: &Context<'_>,
        ip: &Ip,
        protocol: Protocol,
        source: u16,
        destination: u16,
    ) -> Option<(FlowId, Side, bool)> {
        if context.leads == Leads::ToInternet && !self.is_neighbours(context, ip) {
            return None;
        }
        let ends = (End::new(ip.source, source), End::new(ip.destination, destination));
        let (key, side) = Key::new(ends.0, ends.1, protocol, context.interface.0);
        let (id, is_new) = match self.flows.find(key, side, context.now) {
            Found::Known(id) => (id, false),
            Found::New(id, gone) => {
                if let Some(mut gone) = gone {
                    self.account(&mut gone);
                }
                self.hellos.begin(id);
                (id, true)
            }
        };
        let flow = self.flows.get_mut(id)?;
        flow.last = flow.last.max(context.now);
        if is_new {
            flow.half_mut(side.other()).mac = context.destination;
        }
        let half = flow.half_mut(side);
        let is_first = !core::mem::replace(&mut half.has_spoken, true);
        half.mac = half.mac.or(context.source);
        // A flow that passes one wire twice, before and behind a router, is counted once.
        if half.mac == context.source || flow.half(side.other()).mac == context.destination {
            let half = flow.half_mut(side);
            half.bytes = half.bytes.saturating_add(u64::from(context.length));
        }
        if is_first {
            self.show(context, ip);
        }
        Some((id, side, is_new))
    }

    fn is_neighbours(&self, context: &Context<'_>, ip: &Ip) -> bool {
        let has = |slot: Option<Slot>, ip: IpAddr| {
            slot.and_then(|slot| self.devices.get(slot)).is_some_and(|device| device.addresses.has(ip))
        };
        has(context.sender, ip.source)
            || has(context.destination.and_then(|mac| self.devices.find(mac)), ip.destination)
    }

    /// A packet shows its sender's address: the device's own, or one behind it.
    pub(super) fn show(&mut self, context: &Context<'_>, ip: &Ip) -> bool {
        let Some(slot) = context.sender.filter(|_| is_somebodys(ip.source)) else { return false };
        if context.leads == Leads::ToInternet {
            return false;
        }
        let Some(device) = self.devices.get_mut(slot) else { return false };
        let mac = device.mac;
        let (place, lost) = device.addresses.show(ip.source, ip.hop_limit, context.now);
        self.lose(mac, lost);
        match place {
            Place::Own => {
                self.owners.claim(ip.source, mac, Claim::Traffic, context.now);
                self.take_from_hosts(slot, ip.source);
                true
            }
            Place::Behind => false,
            Place::Router(behind) => {
                for ip in behind {
                    self.move_behind(slot, ip);
                }
                self.starts_routing(slot, context.now);
                false
            }
        }
    }
}

/// What a TCP header says besides its ports.
#[derive(Clone, Copy)]
pub(super) struct Segment {
    flags: u8,
    sequence: u32,
    acknowledgement: u32,
}

/// Ports on which every datagram may tell something: DNS, DHCP, NetBIOS, DHCPv6, SSDP, mDNS, LLMNR.
const fn is_talkative(port: u16) -> bool {
    matches!(port, 53 | 67 | 68 | 137 | 138 | 546 | 547 | 1900 | 5353 | 5355)
}

/// It is one interface's: neither a group's nor nobody's.
fn is_one(mac: Mac) -> bool {
    let [first, ..] = mac;
    first & 1 == 0 && mac != [0; 6]
}

/// It can be somebody's address.
pub(super) fn is_somebodys(ip: IpAddr) -> bool {
    let is_broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !(ip.is_unspecified() || ip.is_multicast() || is_broadcast)
}

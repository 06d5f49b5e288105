//! One frame: who sent it to whom, and which room hears more of it. This runs for every packet on every wire.

use super::addresses::{Claim, Place};
use super::flows::{Flow, FlowId, Key, Side, Sought};
use super::individual::Individual;
use super::interfaces::{Arrival, Leads};
use super::traffic::Minute;
use super::{Inventory, MOST_MINUTES, Output, Slot, Whose};
use crate::packet::dns;
use crate::packet::frame::{ACK, InterfaceId, Ip, Packet, RST, SYN, Seen, Transport};
use crate::packet::neighbour::Mac;
use crate::time::Time;
use core::net::IpAddr;
use core::time::Duration;

/// A shorter pause is not worth looking at a device's habits.
pub(super) const SILENCE: Duration = Duration::from_secs(60);

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
    /// Whose that is.
    pub(super) from: Whose,
    /// The device that sent it, if it was one.
    pub(super) sender: Option<Slot>,
    /// The MAC it went to, if it is one device's.
    pub(super) destination: Option<Mac>,
    /// Whose that is.
    pub(super) to: Whose,
    /// The two MACs again.
    ends: [Individual; 2],
    /// What looking for its flow found, if that was done.
    sought: Option<Sought>,
    pub(super) payload: &'a [u8],
    pub(super) length: u32,
    /// It was longer than what was captured of it.
    pub(super) is_cut: bool,
}

impl Inventory {
    /// Takes a captured frame; true if its sender was not known before.
    pub fn handle_frame(&mut self, seen: &Seen<'_>, packet: &Packet) -> bool {
        self.started.get_or_insert(seen.at);
        let arrival = self.arrival(seen.interface);
        if !arrival.has_devices {
            return false;
        }
        let is_inside = arrival.leads == Leads::ToDevices;
        let key = if is_inside { Key::of(packet, seen.interface) } else { None };
        let mut sought = None;
        if let Some((key, side)) = key {
            let spot = self.flows.spot(&key);
            let known = self.flows.known(&key, spot);
            if known.is_some_and(|id| self.counts_only(seen, packet, id, side)) {
                return false;
            }
            sought = Some(Sought { key, side, spot, known });
        }
        self.handle_telling(seen, packet, arrival, sought)
    }

    /// Takes a frame that may teach something. Apart from those that teach nothing, so that these do not pay for its many variables.
    #[inline(never)]
    fn handle_telling(&mut self, seen: &Seen<'_>, packet: &Packet, arrival: Arrival, sought: Option<Sought>) -> bool {
        let now = seen.at;
        let ends = Individual::ends(packet);
        let [source, destination] = ends.map(Individual::mac);
        let flow = sought.and_then(|sought| Some((sought.known?, sought.side)));
        let [sender, receiver] = ends;
        let sender = self.whose_of(flow, sender);
        let (from, is_new) = source.map_or((Whose::Unknown, false), |mac| self.sender(mac, sender, seen, arrival));
        // After its sender, to whom it may be.
        let to = self.whose_of(flow.map(|(id, side)| (id, side.other())), receiver);
        if let Some(slot) = to.device() {
            let over = self.devices.traffic_mut(slot).and_then(|traffic| traffic.receive(seen.original, now));
            self.tell_minute(slot, over);
        }
        let context = Context {
            now,
            interface: seen.interface,
            leads: arrival.leads,
            source,
            from,
            sender: from.device(),
            destination,
            to,
            ends,
            sought,
            payload: seen.frame.get(packet.payload.clone()).unwrap_or_default(),
            length: seen.original,
            is_cut: seen.original as usize > seen.frame.len(),
        };
        match (packet.transport, packet.ip) {
            (Transport::Tcp { source, destination, flags, sequence, acknowledgement }, Some(ip)) => {
                let header = Header { flags, sequence, acknowledgement };
                self.handle_tcp(&context, &ip, packet, [source, destination], header);
            }
            (Transport::Udp { source, destination }, Some(ip)) => {
                self.handle_udp(&context, &ip, packet, [source, destination]);
            }
            (Transport::Icmp { kind, code }, Some(ip)) => {
                self.show(&context, &ip);
                self.hear_icmp(&context, &ip, kind, code);
            }
            (_, Some(ip)) => {
                self.show(&context, &ip);
            }
            (_, None) => self.hear_link(&context, packet, seen),
        }
        is_new
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

    /// Whose a frame's MAC is; that side of a known flow remembers.
    fn whose_of(&self, half: Option<(FlowId, Side)>, end: Individual) -> Whose {
        let half = half.and_then(|(id, side)| Some(self.flows.get(id)?.half(side)));
        half.map_or_else(|| self.devices.whose_end(end), |half| self.devices.whose_half(half, end))
    }

    /// Counts a frame for the device that sent it, which is listed if it is new; whose it is, and whether it is new.
    fn sender(&mut self, mac: Mac, whose: Whose, seen: &Seen<'_>, arrival: Arrival) -> (Whose, bool) {
        let slot = match whose {
            Whose::Ours => return (whose, false),
            Whose::Device(slot) => slot,
            Whose::Unknown => self.list(mac, seen.at),
        };
        let is_new = whose == Whose::Unknown;
        let Some(traffic) = self.devices.traffic_mut(slot) else { return (Whose::Unknown, false) };
        let silence = seen.at.since(traffic.last_seen);
        let is_elsewhere = traffic.moves_to(seen.interface);
        let over = traffic.send(seen.original, seen.at);
        self.tell_minute(slot, over);
        if let Some(device) = self.devices.get_mut(slot).filter(|_| is_elsewhere) {
            device.is_local |= arrival.leads == Leads::ToDevices;
            if let Some(name) = arrival.name() {
                device.was_on(name);
            }
        }
        if silence >= SILENCE {
            self.speaks_again(slot, silence, seen.at);
        }
        (Whose::Device(slot), is_new)
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
        self.minutes.push_back(Output::Minute(mac, over));
    }

    fn handle_tcp(
        &mut self,
        context: &Context<'_>,
        ip: &Ip,
        packet: &Packet,
        [source, destination]: [u16; 2],
        header: Header,
    ) {
        let Some((id, side, is_new)) = self.flow(context, ip, packet) else { return };
        let Some(flow) = self.flows.get_mut(id) else { return };
        if is_new && header.flags & SYN == 0 && source < destination {
            // The beginning was not seen: the lower port is likelier the server's.
            flow.client = side.other();
        }
        if header.flags & (SYN | RST) != 0 || (flow.is_answered && !flow.is_established) {
            self.handle_control(context, ip, id, side, header);
        }
        let is_worth_a_look = |flow: &Flow| !flow.half(side).is_read && !context.payload.is_empty();
        if self.flows.get(id).is_some_and(is_worth_a_look) {
            // A SYN is counted itself, before what it carries (RFC 7413).
            let first_byte = header.sequence.wrapping_add(u32::from(header.flags & SYN != 0));
            self.hear_stream(context, ip, id, side, first_byte);
        }
    }

    fn handle_control(&mut self, context: &Context<'_>, ip: &Ip, id: FlowId, side: Side, header: Header) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        match header.flags & (SYN | ACK | RST) {
            SYN if flow.first_byte != Some(header.sequence.wrapping_add(1)) || flow.client != side => {
                self.restart(context, id, side, side, header.sequence.wrapping_add(1));
            }
            flags if flags & (SYN | ACK) == SYN | ACK => {
                if !flow.may_accept(header.acknowledgement) {
                    self.restart(context, id, side, side.other(), header.acknowledgement);
                }
                let Some(flow) = self.flows.get_mut(id) else { return };
                flow.client = side.other();
                flow.is_answered = true;
                self.prove_tcp(context, ip.source, id, side);
            }
            ACK if flow.is_answered && !flow.is_established && flow.client == side => {
                flow.is_established = true;
                self.prove_established(context.now, id, side.other());
            }
            _ => {}
        }
    }

    /// A packet of one side begins another connection on the ports of one that was known: what that had is its own.
    fn restart(&mut self, context: &Context<'_>, id: FlowId, side: Side, client: Side, first_byte: u32) {
        let flow = self.flows.get_mut(id);
        let before = flow.and_then(|flow| flow.restart(side, context.length, client, first_byte));
        if let Some(mut before) = before {
            self.account(&mut before);
        }
        self.unfinished.begin(id);
    }

    fn handle_udp(&mut self, context: &Context<'_>, ip: &Ip, packet: &Packet, [source, destination]: [u16; 2]) {
        if source == dns::PORT || destination == dns::PORT {
            let ends = [(ip.source, source), (ip.destination, destination)];
            self.resolvers.hear(context.leads, ends, context.payload, context.now);
        }
        let Some((id, side, _)) = self.flow(context, ip, packet) else { return };
        let Some(flow) = self.flows.get_mut(id) else { return };
        flow.is_talkative = is_talkative(source) || is_talkative(destination);
        let is_talkative = flow.is_talkative;
        let is_first_answer = flow.client != side && !flow.is_answered;
        if is_first_answer {
            flow.is_answered = true;
            self.prove_udp(context, ip, source, destination);
        }
        if is_talkative {
            self.hear_datagram(context, ip, source, destination);
        } else if self.flows.get(id).is_some_and(|flow| flow.client == side && !flow.half(side).is_read) {
            self.hear_quic(context, ip, id, side);
        }
    }

    /// Finds or begins a packet's flow and counts its bytes. None on an Internet link where no neighbour is part of it.
    fn flow(&mut self, context: &Context<'_>, ip: &Ip, packet: &Packet) -> Option<(FlowId, Side, bool)> {
        if context.leads == Leads::ToInternet && !self.is_neighbours(context, ip) {
            return None;
        }
        let sought = if let Some(sought) = context.sought {
            sought
        } else {
            let (key, side) = Key::of(packet, context.interface)?;
            let spot = self.flows.spot(&key);
            Sought { key, side, spot, known: self.flows.known(&key, spot) }
        };
        let id = sought.known.unwrap_or_else(|| self.begin(&sought, context.now));
        let (side, is_new) = (sought.side, sought.known.is_none());
        let flow = self.flows.go_on(id, context.now)?;
        let [source, destination] = context.ends;
        let other = flow.half_mut(side.other());
        if is_new {
            other.mac = destination;
        }
        let is_to_other = other.mac == destination;
        if is_to_other {
            other.whose = context.to;
        }
        let half = flow.half_mut(side);
        let is_first = !core::mem::replace(&mut half.has_spoken, true);
        if half.mac == Individual::NOBODY {
            half.mac = source;
        }
        let is_from_half = half.mac == source;
        if is_from_half {
            half.whose = context.from;
        }
        // A flow that passes one wire twice, before and behind a router, is counted once.
        if is_from_half || is_to_other {
            half.count(context.length);
        }
        // What is settled is shown to be so still when the flow is accounted for.
        if is_first && !(is_from_half && self.owners.is_settled(ip.source, source)) {
            self.show(context, ip);
        }
        Some((id, side, is_new))
    }

    fn begin(&mut self, sought: &Sought, now: Time) -> FlowId {
        let (id, gone) = self.flows.begin(sought, now);
        if let Some(mut gone) = gone {
            self.account(&mut gone);
        }
        self.unfinished.begin(id);
        id
    }

    fn is_neighbours(&self, context: &Context<'_>, ip: &Ip) -> bool {
        let has = |slot: Option<Slot>, ip: IpAddr| {
            slot.and_then(|slot| self.devices.get(slot)).is_some_and(|device| device.addresses.has(ip))
        };
        has(context.sender, ip.source) || has(context.to.device(), ip.destination)
    }

    /// A packet shows its sender's address: the device's own, or one behind it.
    pub(super) fn show(&mut self, context: &Context<'_>, ip: &Ip) -> bool {
        let Some(slot) = context.sender.filter(|_| is_somebodys(ip.source)) else { return false };
        if context.leads == Leads::ToInternet {
            return false;
        }
        let Some(device) = self.devices.get_mut(slot) else { return false };
        let (mac, is_listed) = (device.mac, self.settings.lists(device.is_proven));
        let (place, lost) = device.addresses.show(ip.source, ip.hop_limit, context.now);
        self.lose(mac, lost);
        match place {
            // When it became so, all that follows was done.
            Place::Known if self.owners.settle(ip.source, mac) => true,
            Place::Known | Place::Own => {
                self.owners.claim(ip.source, mac, Claim::Traffic, context.now, is_listed);
                self.take_from_hosts(slot, ip.source);
                self.take_foretold(slot, ip.source, context.now);
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
struct Header {
    flags: u8,
    sequence: u32,
    acknowledgement: u32,
}

/// Ports on which every datagram may tell something: DNS, DHCP, NetBIOS, DHCPv6, SSDP, mDNS, LLMNR.
const fn is_talkative(port: u16) -> bool {
    matches!(port, 53 | 67 | 68 | 137 | 138 | 546 | 547 | 1900 | 5353 | 5355)
}

/// It can be somebody's address.
pub(super) fn is_somebodys(ip: IpAddr) -> bool {
    let is_broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !(ip.is_unspecified() || ip.is_multicast() || is_broadcast)
}

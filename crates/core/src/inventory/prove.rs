//! Proofs of open ports find their place: with the device whose address it is, else with the hosts behind a router.

use super::addresses::Claim;
use super::contacts::{self, Contact};
use super::device::{Device, MOST_PORTS};
use super::flows::{Flow, FlowId, Side};
use super::frames::{Context, is_somebodys};
use super::names::Source;
use super::ports::{Evidence, Port, Proof, Protocol};
use super::{Inventory, Slot, Whose, events::What};
use crate::packet::frame::Ip;
use crate::packet::neighbour::Mac;
use crate::time::Time;
use crate::untrusted::Untrusted;
use core::net::IpAddr;

impl Inventory {
    /// A SYN-ACK came from this side of a flow.
    pub(super) fn prove_tcp(&mut self, context: &Context<'_>, ip: IpAddr, id: FlowId, side: Side) {
        let Some(flow) = self.flows.get(id) else { return };
        let port = flow.end(side).port;
        let evidence = Evidence::SynAck;
        self.prove(context, Proof { ip, protocol: Protocol::Tcp, port, evidence, at: context.now });
    }

    /// The client acknowledged the SYN-ACK that came from this side of a flow.
    pub(super) fn prove_established(&mut self, now: Time, id: FlowId, side: Side) {
        let Some(flow) = self.flows.get(id) else { return };
        let (end, mac) = (flow.end(side), flow.half(side).mac.mac());
        let proof =
            Proof { ip: end.ip(), protocol: Protocol::Tcp, port: end.port, evidence: Evidence::Established, at: now };
        if let Some(port) = self.port_mut(mac, &proof) {
            port.evidence = port.evidence.max(proof.evidence);
        }
    }

    /// A datagram answered one that was seen before.
    pub(super) fn prove_udp(&mut self, context: &Context<'_>, ip: &Ip, port: u16, client: u16) {
        if self.answered.proves((ip.source, port), (ip.destination, client)) {
            let evidence = Evidence::Answered;
            self.prove(context, Proof { ip: ip.source, protocol: Protocol::Udp, port, evidence, at: context.now });
        }
    }

    /// The place of a port that was proven to be open at an address behind, or of, a MAC.
    pub(super) fn port_mut(&mut self, mac: Option<Mac>, proof: &Proof) -> Option<&mut Port> {
        let sender = mac.and_then(|mac| self.devices.find(mac));
        match self.server_of(sender, proof.ip) {
            Some(slot) => self.devices.get_mut(slot)?.ports.find(proof.ip, proof.protocol, proof.port),
            None => self.hosts.find(proof),
        }
    }

    fn prove(&mut self, context: &Context<'_>, proof: Proof) {
        if !is_somebodys(proof.ip) {
            return;
        }
        let is_ours = context.from == Whose::Ours;
        match self.server_of(context.sender, proof.ip) {
            Some(owner) => self.prove_at(owner, &proof),
            // What the gateway sends to its devices is known from the other side, or not theirs.
            None if is_ours => {}
            None => {
                self.hosts.prove(&proof, context.source);
                let begins_to_pass_on =
                    |device: &Device| !device.roles.routes && device.addresses.shows_others(proof.ip);
                let is_router = |slot: &Slot| self.devices.get(*slot).is_some_and(begins_to_pass_on);
                if let Some(router) = context.sender.filter(is_router) {
                    self.starts_routing(router, proof.at);
                }
            }
        }
    }

    /// The listed device that has an address.
    pub(super) fn owner_of(&self, ip: IpAddr) -> Option<Slot> {
        let slot = self.devices.find(self.owners.of(ip)?)?;
        self.devices.get(slot).filter(|device| device.addresses.has(ip)).map(|_| slot)
    }

    /// Whose port it is that something was sent from: the sender's, if the address is one of its own, whoever else claims it.
    fn server_of(&self, sender: Option<Slot>, ip: IpAddr) -> Option<Slot> {
        let has = |slot: &Slot| self.devices.get(*slot).is_some_and(|device| device.addresses.has(ip));
        sender.filter(has).or_else(|| self.owner_of(ip))
    }

    fn prove_at(&mut self, slot: Slot, proof: &Proof) {
        let is_baseline = self.is_baseline(proof.at);
        let Some(device) = self.devices.get_mut(slot) else { return };
        // What is open when a device is told as new belongs to it.
        let belongs = is_baseline || !device.presence.is_told || !device.is_local;
        let Some(port) = device.ports.prove(proof, MOST_PORTS, &mut self.left_out.ports) else { return };
        let is_news = !belongs && !port.is_told && port.is_lasting();
        port.is_told |= belongs || is_news;
        if is_news {
            let Proof { ip, protocol, port, at, .. } = *proof;
            self.tell(slot, at, What::NewPort { ip, protocol, port });
        }
    }

    /// Somebody who must know says that an address is a device's own.
    pub(super) fn claim(&mut self, slot: Slot, ip: IpAddr, claim: Claim, now: Time) -> Option<Mac> {
        if !is_somebodys(ip) {
            return None;
        }
        let device = self.devices.get_mut(slot)?;
        let (mac, is_listed) = (device.mac, self.settings.lists(device.is_proven));
        let lost = device.addresses.claim(ip, claim, now);
        self.lose(mac, lost);
        let conflict = self.owners.claim(ip, mac, claim, now, is_listed);
        self.take_from_hosts(slot, ip);
        self.take_foretold(slot, ip, now);
        conflict
    }

    /// What DNS called an address before it was known to be a device's own, the device is called.
    pub(super) fn take_foretold(&mut self, slot: Slot, ip: IpAddr, now: Time) {
        let name = self.foretold.take(ip, now).and_then(|id| self.servers.text(id)).map(Untrusted::from);
        if let (Some(name), Some(device)) = (name, self.devices.get_mut(slot)) {
            device.names.hear(name, Source::Dns, now);
        }
    }

    /// An address thought to be behind a router is a device's own.
    pub(super) fn take_from_hosts(&mut self, slot: Slot, ip: IpAddr) {
        let ports = self.hosts.take(ip);
        if let Some(device) = self.devices.get_mut(slot).filter(|_| !ports.is_empty()) {
            let lost = device.ports.absorb(ports, MOST_PORTS);
            self.left_out.ports = self.left_out.ports.saturating_add(lost);
        }
    }

    /// An address thought to be a device's own is behind it.
    pub(super) fn move_behind(&mut self, slot: Slot, ip: IpAddr) {
        let Some(device) = self.devices.get_mut(slot) else { return };
        let (mac, ports) = (device.mac, device.ports.take(ip));
        self.owners.lose(ip, mac);
        self.hosts.absorb(ports, mac);
    }

    /// An address had to make room for another.
    pub(super) fn lose(&mut self, mac: Mac, lost: Option<IpAddr>) {
        if let Some(ip) = lost {
            self.owners.lose(ip, mac);
            self.left_out.addresses = self.left_out.addresses.saturating_add(1);
        }
    }

    pub(super) fn forget_addresses(&mut self, device: &Device) {
        for address in device.addresses.own() {
            self.owners.lose(address.ip, device.mac);
        }
    }

    /// Adds the bytes of all flows to contacts.
    pub(super) fn account_for_all(&mut self) {
        let mut flows = core::mem::replace(&mut self.flows, super::Flows::new(super::Seed::new(0)));
        flows.all_mut().for_each(|flow| self.account(flow));
        self.flows = flows;
    }

    /// The same for flows that were heard of since then: of others there is nothing new.
    pub(super) fn account_since(&mut self, then: Time) {
        let mut flows = core::mem::replace(&mut self.flows, super::Flows::new(super::Seed::new(0)));
        flows.heard_since(then).for_each(|flow| self.account(flow));
        self.flows = flows;
    }

    /// Adds the bytes of a flow to the contacts of both its ends.
    pub(super) fn account(&mut self, flow: &mut Flow) {
        let Some((sent, received)) = flow.take_bytes() else { return };
        let (client, server) = (flow.client, flow.client.other());
        let port = flow.end(server).port;
        for (side, sent, received) in [(client, sent, received), (server, received, sent)] {
            let half = flow.half(side);
            let Some(slot) = self.devices.whose_half(half, half.mac).device() else { continue };
            let peer = flow.end(side.other()).ip();
            let Some(device) = self.devices.get_mut(slot) else { continue };
            // What a router passes on is others' talk.
            let is_own = device.addresses.touch(flow.end(side).ip(), flow.last);
            if !is_own || !device.is_local || !is_somebodys(peer) {
                continue;
            }
            let given = if side == client { flow.name } else { None };
            let name = given.or_else(|| self.lookups.name(half.mac.number(), peer));
            let contact = Contact { ip: peer, port, name, sent, received, last: flow.last };
            let had = device.contacts.len();
            let most = if self.many_contacts < contacts::MANY { contacts::MOST } else { contacts::FEW };
            if !device.contacts.add(contact, most) {
                self.left_out.contacts = self.left_out.contacts.saturating_add(1);
            }
            let is_beyond = had >= contacts::FEW && device.contacts.len() > had;
            self.many_contacts = self.many_contacts.saturating_add(usize::from(is_beyond));
        }
    }
}

//! What neighbours say below IP: ARP and neighbour discovery tell whose an address is, LLDP, CDP and spanning tree what a box is.

use super::Inventory;
use super::addresses::Claim;
use super::device::add_mark;
use super::events::What;
use super::frames::Context;
use super::interfaces::Leads;
use super::names::Source;
use super::report::Hardware;
use super::{Slot, Whose};
use crate::packet::arp::Arp;
use crate::packet::cdp::Cdp;
use crate::packet::frame::{ARP, Ip, LLC, Packet, Seen};
use crate::packet::llc::{self, Llc};
use crate::packet::lldp::{self, Capabilities, Lldp};
use crate::packet::ndp::Ndp;
use crate::packet::neighbour::Mac;
use crate::untrusted::Untrusted;
use core::net::{IpAddr, Ipv4Addr};

impl Inventory {
    /// A frame without IP.
    pub(super) fn hear_link(&mut self, context: &Context<'_>, packet: &Packet, seen: &Seen<'_>) {
        let Some(bytes) = seen.frame.get(packet.network.clone()) else { return };
        match packet.ethertype {
            ARP => self.hear_arp(context, bytes),
            lldp::ETHERTYPE => self.hear_lldp(context, bytes),
            LLC => self.hear_llc(context, bytes),
            _ => {}
        }
    }

    /// ICMPv6 may be neighbour discovery.
    pub(super) fn hear_icmp(&mut self, context: &Context<'_>, ip: &Ip, kind: u8, code: u8) {
        let IpAddr::V6(source) = ip.source else { return };
        match Ndp::read(kind, code, ip.hop_limit, context.payload) {
            Some(
                Ndp::Solicitation { source_mac: Some(mac), .. } | Ndp::RouterSolicitation { source_mac: Some(mac) },
            ) => {
                self.hear_claim(context, source.into(), mac, Claim::Ndp);
            }
            Some(Ndp::Advertisement { target, target_mac, .. }) => {
                if let Some(mac) = target_mac.or(context.source) {
                    self.hear_claim(context, target.into(), mac, Claim::Ndp);
                }
            }
            Some(Ndp::RouterAdvertisement(router)) => {
                if let Some(mac) = router.source_mac {
                    self.hear_claim(context, source.into(), mac, Claim::Ndp);
                }
                if let Some(slot) = context.sender.filter(|_| !router.router_lifetime.is_zero()) {
                    self.advertises_routes(slot, context.now);
                }
            }
            Some(Ndp::Solicitation { .. } | Ndp::RouterSolicitation { .. }) | None => {}
        }
    }

    fn hear_arp(&mut self, context: &Context<'_>, bytes: &[u8]) {
        let Some(arp) = Arp::read(bytes) else { return };
        // A probe's sender is unspecified and claims nothing yet (RFC 5227 section 2.1); nobody has that address.
        self.hear_claim(context, arp.sender.into(), arp.sender_mac, Claim::Arp);
    }

    /// Somebody says that an address is at a MAC: heard if that MAC sent the frame or is listed, for words alone make no device.
    fn hear_claim(&mut self, context: &Context<'_>, ip: IpAddr, mac: Mac, claim: Claim) {
        match self.devices.whose(mac) {
            // Whoever speaks of us in our place teaches nothing.
            Whose::Ours if context.from == Whose::Ours => {
                let with = self.owners.claim(ip, mac, claim, context.now, true);
                if let Some(slot) = with.and_then(|with| self.devices.find(with)) {
                    self.tell_conflict(context, slot, ip, mac);
                }
            }
            Whose::Device(slot) => {
                let conflict = self.claim(slot, ip, claim, context.now);
                if let Some(with) = conflict {
                    self.tell_conflict(context, slot, ip, with);
                }
            }
            Whose::Ours | Whose::Unknown => {}
        }
    }

    fn tell_conflict(&mut self, context: &Context<'_>, slot: Slot, ip: IpAddr, with: Mac) {
        let Some(device) = self.devices.get(slot).filter(|_| context.leads == Leads::ToDevices) else { return };
        if self.main_of(device.mac) != self.main_of(with) {
            if !self.is_listed(device.mac) {
                // Nothing is told of it yet: its next claim is news again.
                self.owners.was_not_told(ip);
            }
            self.tell(slot, context.now, What::AddressConflict { ip, with: Hardware(with) });
        }
    }

    fn hear_lldp(&mut self, context: &Context<'_>, bytes: &[u8]) {
        let Some(lldp) = Lldp::read(bytes) else { return };
        let management = lldp.management.into_iter();
        self.hear_box(context, lldp.system_name, Source::Lldp, lldp.system_description, lldp.capabilities);
        self.manage_at(context, management);
    }

    fn hear_llc(&mut self, context: &Context<'_>, bytes: &[u8]) {
        match llc::read(bytes) {
            Some(Llc::Bpdu(_) | Llc::TopologyChange) => {
                if let Some(device) = context.sender.and_then(|slot| self.devices.get_mut(slot)) {
                    device.roles.is_bridge = true;
                }
            }
            Some(Llc::Cdp(bytes)) => {
                let Some(cdp) = Cdp::read(bytes) else { return };
                self.hear_box(context, cdp.device, Source::Cdp, cdp.platform, cdp.capabilities);
                self.manage_at(context, cdp.addresses.into_iter());
            }
            Some(Llc::Ethertype(ARP, bytes)) => self.hear_arp(context, bytes),
            Some(Llc::Ethertype(..) | Llc::Ipx | Llc::NetBeui | Llc::Osi) | None => {}
        }
    }

    fn hear_box(
        &mut self,
        context: &Context<'_>,
        name: Option<Untrusted>,
        source: Source,
        model: Option<Untrusted>,
        capabilities: Capabilities,
    ) {
        let Some(device) = context.sender.and_then(|slot| self.devices.get_mut(slot)) else { return };
        if let Some(name) = name {
            device.names.hear(name, source, context.now);
        }
        if let Some(model) = model {
            add_mark(&mut device.models, model);
        }
        device.roles.is_bridge |= capabilities.is_bridge;
        device.roles.is_access_point |= capabilities.is_access_point;
        device.roles.is_telephone |= capabilities.is_telephone;
    }

    /// A box says at which address it is managed: its own, though it may never have sent from it.
    fn manage_at(&mut self, context: &Context<'_>, addresses: impl Iterator<Item = IpAddr>) {
        let Some(slot) = context.sender else { return };
        for ip in addresses.filter(|ip| *ip != IpAddr::V4(Ipv4Addr::UNSPECIFIED)) {
            if self.owners.of(ip).is_none() {
                self.claim(slot, ip, Claim::Traffic, context.now);
            }
        }
    }
}

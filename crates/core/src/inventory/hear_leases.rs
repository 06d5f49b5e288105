//! What DHCP tells: clients say who they are, servers which address they have.

use super::addresses::Claim;
use super::device::{add_mark, change_mark};
use super::frames::Context;
use super::names::Source;
use super::{Inventory, Slot};
use crate::packet::frame::Ip;
use crate::packet::neighbour::Mac;
use crate::packet::{dhcp4, dhcp6};

/// A client identifier is kept up to so many bytes.
const LONGEST_ID: usize = 64;

impl Inventory {
    /// A datagram of DHCPv4.
    pub(super) fn hear_dhcp4(&mut self, context: &Context<'_>) {
        let Some(message) = dhcp4::Message::read(context.payload) else { return };
        let Some(kind) = message.kind() else { return };
        let client = message.mac.and_then(|mac| self.devices.find(mac));
        match kind {
            dhcp4::Kind::Discover
            | dhcp4::Kind::Request
            | dhcp4::Kind::Decline
            | dhcp4::Kind::Release
            | dhcp4::Kind::Inform => {
                if let Some(slot) = client {
                    self.hear_client4(context, slot, &message);
                }
            }
            dhcp4::Kind::Offer | dhcp4::Kind::Ack => {
                if let (Some(slot), Some(yours), dhcp4::Kind::Ack) = (client, message.yours, kind) {
                    self.claim(slot, yours.into(), Claim::Dhcp, context.now);
                }
                // A relay only hands on what a server elsewhere says.
                if let Some(server) = context.sender.filter(|_| message.relay.is_none()) {
                    self.serves_leases(server, false, context.now);
                }
            }
            dhcp4::Kind::Nak | dhcp4::Kind::Other(_) => {}
        }
    }

    fn hear_client4(&mut self, context: &Context<'_>, slot: Slot, message: &dhcp4::Message<'_>) {
        let Some(device) = self.devices.get_mut(slot) else { return };
        for name in [message.host_name(), message.fqdn()].into_iter().flatten() {
            device.names.hear(name, Source::Dhcp, context.now);
        }
        let dhcp = &mut device.dhcp;
        dhcp.host_name = message.host_name().or(dhcp.host_name.take());
        if let Some(class) = message.vendor_class() {
            change_mark(&mut dhcp.vendor_class, &mut dhcp.other_vendor_classes, class);
        }
        if let Some(parameters) = message.parameters() {
            change_mark(&mut dhcp.parameters, &mut dhcp.other_parameters, parameters);
        }
        dhcp.requested = message.requested_address().or(dhcp.requested);
        let id = message.client_id().filter(|id| id.len() <= LONGEST_ID);
        dhcp.client_id = id.map(alloc::borrow::Cow::into_owned).or(dhcp.client_id.take());
    }

    /// A datagram of DHCPv6.
    pub(super) fn hear_dhcp6(&mut self, context: &Context<'_>, ip: &Ip) {
        let Some(message) = dhcp6::Message::read(context.payload) else { return };
        match message.kind {
            dhcp6::Kind::Advertise | dhcp6::Kind::Reply => {
                if let Some(server) = context.sender.filter(|_| message.peer.is_none()) {
                    self.serves_leases(server, true, context.now);
                }
                if message.kind == dhcp6::Kind::Reply {
                    self.hear_leases6(context, ip, &message);
                }
            }
            dhcp6::Kind::Solicit
            | dhcp6::Kind::Request
            | dhcp6::Kind::Confirm
            | dhcp6::Kind::Renew
            | dhcp6::Kind::Rebind
            | dhcp6::Kind::Release
            | dhcp6::Kind::Decline
            | dhcp6::Kind::InformationRequest => self.hear_client6(context, &message),
            dhcp6::Kind::Reconfigure | dhcp6::Kind::Other(_) => {}
        }
    }

    fn hear_client6(&mut self, context: &Context<'_>, message: &dhcp6::Message<'_>) {
        let relayed = message.relayed_mac.and_then(|mac| self.devices.find(mac));
        let direct = context.sender.filter(|_| message.peer.is_none());
        let Some(device) = relayed.or(direct).and_then(|slot| self.devices.get_mut(slot)) else { return };
        if let Some(name) = message.fqdn() {
            device.names.hear(name, Source::Dhcp, context.now);
        }
        let Some(class) = message.vendor_class() else { return };
        match &device.dhcp.vendor_class {
            None => device.dhcp.vendor_class = Some(class),
            Some(known) if *known == class => {}
            Some(_) => add_mark(&mut device.dhcp.other_vendor_classes, class),
        }
    }

    /// Leases of a reply belong to the MAC it is sent to.
    fn hear_leases6(&mut self, context: &Context<'_>, ip: &Ip, message: &dhcp6::Message<'_>) {
        let is_to_client = message.peer.is_none() && !ip.destination.is_multicast();
        let client: Option<Mac> = context.destination.filter(|_| is_to_client).or(message.relayed_mac);
        let Some(slot) = client.and_then(|mac| self.devices.find(mac)) else { return };
        for lease in message.leases().filter(|lease| lease.valid > 0).take(super::addresses::MOST) {
            self.claim(slot, lease.address.into(), Claim::Dhcp, context.now);
        }
    }
}

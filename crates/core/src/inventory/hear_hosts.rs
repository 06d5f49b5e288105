//! What datagrams say of hosts: DNS, mDNS, LLMNR, NetBIOS and SSDP give names to addresses, and announce services.

use super::Inventory;
use super::device::{Announced, add_mark};
use super::frames::Context;
use super::lookups::who;
use super::names::Source;
use super::{Slot, interfaces::Leads};
use crate::packet::dns::data::Data;
use crate::packet::dns::{Message, Section};
use crate::packet::dnssd::{self, Instance, What};
use crate::packet::frame::Ip;
use crate::packet::{netbios, ssdp};
use crate::untrusted::Untrusted;
use core::net::IpAddr;

/// So many addresses of one DNS answer are learned.
const MOST_ANSWERS: usize = 32;

impl Inventory {
    /// A datagram from or to a port where much is told.
    pub(super) fn hear_datagram(&mut self, context: &Context<'_>, ip: &Ip, source: u16, destination: u16) {
        let is_either = |port| source == port || destination == port;
        if is_either(53) {
            if source == 53 {
                self.hear_dns(context);
            }
        } else if is_either(5353) {
            self.hear_mdns(context, ip);
        } else if is_either(67) || is_either(68) {
            self.hear_dhcp4(context);
        } else if is_either(546) || is_either(547) {
            self.hear_dhcp6(context, ip);
        } else if is_either(5355) {
            self.hear_llmnr(context, ip);
        } else if is_either(137) {
            self.hear_netbios(context, ip);
        } else if is_either(138) {
            self.hear_netbios_datagram(context);
        } else {
            self.hear_ssdp(context, ip);
        }
    }

    /// An answer of a DNS server.
    pub(super) fn hear_dns(&mut self, context: &Context<'_>) {
        if let Some(message) = Message::read(context.payload) {
            self.hear_answer(context, &message);
        }
    }

    /// What a DNS server answered: the asker will talk to those addresses, and some may be devices here.
    pub(super) fn hear_answer(&mut self, context: &Context<'_>, message: &Message<'_>) {
        if !message.is_response || context.leads == Leads::ToInternet {
            return;
        }
        let question = message.questions().next().map(|question| question.name);
        let asked = question.map(|name| name.to_untrusted());
        for record in message.records().take(MOST_ANSWERS) {
            let is_answer = record.section == Section::Answer;
            let address = match record.data {
                Data::A(ip) => IpAddr::from(ip),
                Data::Aaaa(ip) => IpAddr::from(ip),
                Data::Ptr(target) if is_answer => {
                    if let Some(ip) = record.name.reverse_address() {
                        self.call(context, ip, &target.to_untrusted());
                    }
                    continue;
                }
                Data::Ptr(_) | Data::Cname(_) | Data::Srv(_) | Data::Txt(_) | Data::Svcb(_) | Data::Other => continue,
            };
            if let Some(asked) = asked.as_ref().filter(|_| is_answer) {
                self.call(context, address, asked);
                self.learn(context, address, asked);
            }
            // The end of a chain of aliases, or what stands beside an answer, has a name of its own.
            if !is_answer || !question.is_some_and(|name| name.eq_ignore_case(&record.name)) {
                self.call(context, address, &record.name.to_untrusted());
            }
        }
    }

    /// An address is called so, whoever has it: its device, or one that will be heard of soon.
    fn call(&mut self, context: &Context<'_>, ip: IpAddr, name: &Untrusted) {
        if self.name_owner(context, ip, name, Source::Dns) {
            return;
        }
        if let Some(id) = self.servers.id(name.raw()) {
            self.foretold.keep(ip, id, context.now);
        }
    }

    fn learn(&mut self, context: &Context<'_>, ip: IpAddr, asked: &Untrusted) {
        let Some(asker) = context.destination.filter(|mac| self.devices.find(*mac).is_some()) else { return };
        match self.servers.id(asked.raw()) {
            Some(id) => self.lookups.learn(who(asker), ip, id),
            None => self.left_out.names = self.left_out.names.saturating_add(1),
        }
    }

    /// The device that has an address is called so; false if no device has it.
    fn name_owner(&mut self, context: &Context<'_>, ip: IpAddr, name: &Untrusted, source: Source) -> bool {
        let Some(device) = self.owner_of(ip).and_then(|slot| self.devices.get_mut(slot)) else { return false };
        if !device.names.hear(name.clone(), source, context.now) {
            self.left_out.names = self.left_out.names.saturating_add(1);
        }
        true
    }

    /// The device that has an address, or else the sender, is called so.
    fn name_host(&mut self, context: &Context<'_>, ip: IpAddr, name: &Untrusted, source: Source) {
        if self.name_owner(context, ip, name, source) {
            return;
        }
        if let Some(device) = context.sender.and_then(|slot| self.devices.get_mut(slot)) {
            device.names.hear(name.clone(), source, context.now);
        }
    }

    fn hear_mdns(&mut self, context: &Context<'_>, ip: &Ip) {
        let Some(sender) = self.is_at_home(context, ip) else { return };
        let Some(message) = Message::read(context.payload) else { return };
        for announcement in dnssd::announcements(&message) {
            match announcement.what {
                What::Host { name, address } if announcement.is_goodbye => {
                    self.was_called(context, address, name.to_untrusted());
                }
                What::Host { name, address } => self.name_host(context, address, &name.to_untrusted(), Source::Mdns),
                What::Offered(instance) if announcement.is_goodbye => self.withdraw(sender, &instance),
                What::Offered(instance) => self.announce(sender, &instance, 0),
                What::Located { instance, port, .. } if !announcement.is_goodbye => {
                    self.announce(sender, &instance, port);
                }
                What::Described { instance, txt } if !announcement.is_goodbye => {
                    if instance.service != b"_device-info" {
                        self.announce(sender, &instance, 0);
                    }
                    let Some(device) = self.devices.get_mut(sender) else { return };
                    if let Some(model) = dnssd::model(&txt) {
                        add_mark(&mut device.models, model);
                    }
                    if let Some(name) = dnssd::friendly_name(&txt) {
                        device.names.hear(name, Source::Mdns, context.now);
                    }
                }
                What::Located { .. } | What::Described { .. } => {}
            }
        }
    }

    /// The device that has an address, or else the sender, was called so until now: by this name it is not called any more.
    fn was_called(&mut self, context: &Context<'_>, ip: IpAddr, name: Untrusted) {
        let slot = self.owner_of(ip).or(context.sender);
        if let Some(device) = slot.and_then(|slot| self.devices.get_mut(slot)) {
            device.names.hear_group(name, Source::Mdns, context.now);
        }
    }

    /// The sender, if what it says of itself is its own word and not passed on from another network.
    fn is_at_home(&self, context: &Context<'_>, ip: &Ip) -> Option<Slot> {
        let slot = context.sender?;
        let device = self.devices.get(slot)?;
        (device.addresses.has(ip.source) || ip.hop_limit == 255 || ip.hop_limit <= 4).then_some(slot)
    }

    fn announce(&mut self, slot: Slot, instance: &Instance<'_>, port: u16) {
        let Some(device) = self.devices.get_mut(slot) else { return };
        if !device.announce(title(instance), Announced::Mdns, port) {
            self.left_out.services = self.left_out.services.saturating_add(1);
        }
    }

    fn withdraw(&mut self, slot: Slot, instance: &Instance<'_>) {
        if let Some(device) = self.devices.get_mut(slot) {
            device.withdraw(&title(instance), Announced::Mdns);
        }
    }

    fn hear_llmnr(&mut self, context: &Context<'_>, ip: &Ip) {
        if self.is_at_home(context, ip).is_none() {
            return;
        }
        let Some(message) = Message::read(context.payload).filter(|message| message.is_response) else { return };
        for record in message.records().filter(|record| record.section != Section::Authority).take(MOST_ANSWERS) {
            let (address, name) = match record.data {
                Data::A(ip) => (Some(ip.into()), record.name),
                Data::Aaaa(ip) => (Some(ip.into()), record.name),
                Data::Ptr(target) => (record.name.reverse_address(), target),
                Data::Cname(_) | Data::Srv(_) | Data::Txt(_) | Data::Svcb(_) | Data::Other => (None, record.name),
            };
            if let Some(address) = address {
                self.name_host(context, address, &name.to_untrusted(), Source::Llmnr);
            }
        }
    }

    fn hear_netbios(&mut self, context: &Context<'_>, ip: &Ip) {
        let Some(message) = netbios::Message::read(context.payload) else { return };
        let Some(slot) = self.is_at_home(context, ip) else { return };
        for claim in message.claims() {
            // A name server answers for others, and a registration may be one it passes on.
            let owner = claim.addresses().find_map(|address| self.owner_of(address.into())).unwrap_or(slot);
            self.hear_netbios_name(context, owner, claim.name, claim.is_group);
        }
        let is_question = !message.is_response && message.claims().next().is_none();
        if matches!(message.purpose, netbios::Purpose::Release | netbios::Purpose::Registration) && is_question {
            // It had the name until now, or the rest is cut off; whether it has it alone is not read from that.
            message.names().for_each(|name| self.hear_netbios_name(context, slot, name, true));
        }
        if let Some(status) = message.status() {
            status.names().for_each(|(name, is_group)| self.hear_netbios_name(context, slot, name, is_group));
        }
    }

    fn hear_netbios_name(&mut self, context: &Context<'_>, slot: Slot, name: netbios::Name, is_group: bool) {
        let Some(device) = self.devices.get_mut(slot) else { return };
        // What is for browsing or messages stands for no machine, or for its user (RFC 1001 has no list; Samba's documents do).
        let is_machine = matches!(name.suffix, 0x00 | 0x20) && !is_group;
        if is_machine {
            device.names.hear(name.text(), Source::Netbios, context.now);
        } else {
            device.names.hear_group(name.text(), Source::Netbios, context.now);
        }
    }

    fn hear_netbios_datagram(&mut self, context: &Context<'_>) {
        let Some(datagram) = netbios::Datagram::read(context.payload) else { return };
        if !matches!(datagram.source.suffix, 0x00 | 0x20) {
            return;
        }
        self.name_host(context, datagram.address.into(), &datagram.source.text(), Source::Netbios);
    }

    fn hear_ssdp(&mut self, context: &Context<'_>, ip: &Ip) {
        let Some(message) = ssdp::Message::read(context.payload) else { return };
        let Some(slot) = self.is_at_home(context, ip) else { return };
        let Some(device) = self.devices.get_mut(slot) else { return };
        if let Some(agent) = message.user_agent() {
            add_mark(&mut device.user_agents, agent);
        }
        if let Some(server) = message.server() {
            add_mark(&mut device.models, server);
        }
        if message.kind == ssdp::Kind::Search {
            return;
        }
        let Some(target) = message.target() else { return };
        if message.is_goodbye() {
            device.withdraw(&target, Announced::Ssdp);
        } else {
            let port = message.location().and_then(|location| port_of(location.raw())).unwrap_or_default();
            if !device.announce(target, Announced::Ssdp, port) {
                self.left_out.services = self.left_out.services.saturating_add(1);
            }
        }
    }
}

/// The services of an instance as they are listed: `_ipp._tcp Office`.
fn title(instance: &Instance<'_>) -> Untrusted {
    Untrusted::from(alloc::format!("{} {}", instance.kind().raw(), instance.title().raw()))
}

/// The port of an address such as `http://10.0.0.151:8060/dial.xml`.
fn port_of(location: &str) -> Option<u16> {
    let (scheme, rest) = location.split_once("://")?;
    let authority = rest.split('/').next()?;
    let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    match port {
        Some(port) => port.parse().ok(),
        None if scheme.eq_ignore_ascii_case("https") => Some(443),
        None => Some(80),
    }
}

#[cfg(test)]
mod tests {
    use super::port_of;

    #[test]
    fn locations_have_ports() {
        for (location, port) in [
            ("http://10.0.0.151:8060/dial.xml", Some(8060)),
            ("http://10.0.0.1/x", Some(80)),
            ("https://[fe80::1]/x", Some(443)),
            ("https://[fe80::1]:49152/x", Some(49152)),
            ("http://10.0.0.1:99999/", None),
            ("nonsense", None),
        ] {
            assert_eq!(port_of(location), port, "{location}");
        }
    }
}

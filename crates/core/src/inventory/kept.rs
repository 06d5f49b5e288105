//! What survives a restart: proven devices with all that is known of them, hosts, merges, and when we began to look.

use super::contacts::{self, Contact};
use super::device::Device;
use super::hosts::Host;
use super::report::{Hardware, is_archived};
use super::traffic::Traffic;
use super::{Inventory, Settings, Vendors};
use crate::time::Time;
use crate::untrusted::Untrusted;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// An inventory as it is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    started: Option<Time>,
    interfaces: Vec<String>,
    devices: Vec<KeptDevice>,
    hosts: Vec<(IpAddr, Host)>,
    merged: Vec<(Hardware, Hardware)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeptDevice {
    device: Device,
    traffic: Traffic,
    contacts: Vec<KeptContact>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeptContact {
    ip: IpAddr,
    port: u16,
    name: Option<Untrusted>,
    sent: u64,
    received: u64,
    /// Earlier versions kept none.
    last: Option<Time>,
}

impl Inventory {
    /// What must survive a restart.
    pub fn keep(&mut self) -> Kept {
        self.account_for_all();
        let proven = self.devices.all().filter(|(device, _)| device.is_proven);
        let devices = proven.map(|(device, traffic)| KeptDevice {
            device: device.clone(),
            traffic: *traffic,
            contacts: device.contacts.sorted().iter().map(|contact| self.keep_contact(contact)).collect(),
        });
        Kept {
            started: self.started,
            interfaces: self.interfaces.names().to_vec(),
            devices: devices.collect(),
            hosts: self.hosts.all().map(|(ip, host)| (ip, host.clone())).collect(),
            merged: self.merged.iter().map(|(mac, into)| (Hardware(*mac), Hardware(*into))).collect(),
        }
    }

    /// An inventory that goes on from what was kept.
    pub fn restore(settings: Settings, vendors: Vendors, seed: u64, kept: Kept, now: Time) -> Self {
        let mut inventory = Self::new(settings, vendors, seed);
        inventory.started = kept.started;
        inventory.restored = Some(now);
        inventory.interfaces.restore_names(kept.interfaces);
        inventory.hosts.restore(kept.hosts);
        inventory.merged = kept.merged.into_iter().map(|(mac, into)| (mac.0, into.0)).collect();
        for KeptDevice { device, traffic, contacts } in kept.devices {
            // A MAC that will not come back is let go where it would cost a place.
            if !is_archived(&device, &traffic, now) || inventory.devices.has_room() {
                let mac = device.mac;
                inventory.restore_device(device, traffic, contacts);
                // One that waited for a name goes on waiting.
                inventory.expect_news(mac, now);
            }
        }
        inventory
    }

    fn keep_contact(&self, contact: &Contact) -> KeptContact {
        let name = contact.name.and_then(|id| self.servers.text(id)).map(Untrusted::from);
        let Contact { ip, port, sent, received, last, .. } = *contact;
        KeptContact { ip, port, name, sent, received, last: Some(last) }
    }

    fn restore_device(&mut self, mut device: Device, traffic: Traffic, contacts: Vec<KeptContact>) {
        for contact in contacts {
            let KeptContact { ip, port, name, sent, received, last } = contact;
            let name = name.and_then(|name| self.servers.id(name.raw()));
            let last = last.unwrap_or(traffic.last_seen);
            device.contacts.add(Contact { ip, port, name, sent, received, last }, contacts::MOST);
        }
        for address in device.addresses.own() {
            self.owners.claim(address.ip, device.mac, address.claimed_by, address.last_seen, true);
        }
        self.devices.restore(device, traffic);
    }
}

//! What a device is to others: who cuts off one that serves them cuts them off too.

use super::Inventory;
use super::ports::Protocol;
use crate::packet::dns;
use crate::packet::neighbour::Mac;

/// What others have of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stake {
    /// It passes on their packets.
    Routes,
    /// It gives out addresses.
    LeasesAddresses,
    /// It looks up names for them.
    AnswersNames,
}

impl Inventory {
    /// What others have of the device with that MAC, as far as was seen.
    pub fn stake(&self, mac: Mac) -> Option<Stake> {
        let device = self.devices.get(self.devices.find(self.main_of(mac))?)?;
        let roles = device.roles;
        let answers_names =
            || device.ports.all().iter().any(|port| port.port == dns::PORT && port.protocol == Protocol::Udp);
        if roles.routes || roles.advertises_routes {
            Some(Stake::Routes)
        } else if roles.is_dhcp_server || roles.is_dhcp6_server {
            Some(Stake::LeasesAddresses)
        } else {
            answers_names().then_some(Stake::AnswersNames)
        }
    }
}

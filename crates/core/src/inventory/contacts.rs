//! Whom a device talks to most: the heaviest contacts by bytes, kept in fixed room (space-saving, Metwally et al. 2005).
//!
//! When the room is full, a new contact takes the place of the lightest and inherits its weight, so that one that goes on talking
//! stays. Only weights are inherited: the bytes shown are a contact's own since it was last taken in.

use super::dictionary::NameId;
use alloc::vec::Vec;
use core::net::IpAddr;

/// So many contacts of one device are kept.
const MOST: usize = 64;
/// Room is made for so many at a time: most devices of a large network have few.
const STEP: usize = 4;

/// Somebody a device talks to: an address and the server's port, whichever side that is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Contact {
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    pub(super) name: Option<NameId>,
    pub(super) sent: u64,
    pub(super) received: u64,
    inherited: u64,
}

impl Contact {
    fn weight(&self) -> u64 {
        self.sent.saturating_add(self.received).saturating_add(self.inherited)
    }
}

/// The contacts of one device.
#[derive(Clone, Debug, Default)]
pub(super) struct Contacts(Vec<Contact>);

impl Contacts {
    /// The contacts, the heaviest first.
    pub(super) fn sorted(&self) -> Vec<Contact> {
        let mut contacts = self.0.clone();
        contacts.sort_by_key(|c| (core::cmp::Reverse(c.sent.saturating_add(c.received)), c.ip, c.port));
        contacts
    }

    /// The names in use.
    pub(super) fn names(&self) -> impl Iterator<Item = NameId> {
        self.0.iter().filter_map(|contact| contact.name)
    }

    /// Adds bytes; false if another contact had to go.
    pub(super) fn add(&mut self, ip: IpAddr, port: u16, name: Option<NameId>, sent: u64, received: u64) -> bool {
        if let Some(contact) = self.0.iter_mut().find(|contact| contact.port == port && contact.ip == ip) {
            contact.sent = contact.sent.saturating_add(sent);
            contact.received = contact.received.saturating_add(received);
            contact.name = name.or(contact.name);
            return true;
        }
        let new = Contact { ip, port, name, sent, received, inherited: 0 };
        if self.0.len() < MOST {
            if self.0.len() == self.0.capacity() {
                self.0.reserve_exact(STEP);
            }
            self.0.push(new);
            return true;
        }
        if let Some(lightest) = self.0.iter_mut().min_by_key(|contact| contact.weight()) {
            *lightest = Contact { inherited: lightest.weight(), ..new };
        }
        false
    }

    /// Takes over the contacts of another MAC of the same device.
    pub(super) fn absorb(&mut self, other: &Self) {
        for contact in &other.0 {
            self.add(contact.ip, contact.port, contact.name, contact.sent, contact.received);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    #[test]
    fn the_heavy_stay_under_a_flood_of_light_ones() {
        let mut contacts = Contacts::default();
        let ip = |n: u32| IpAddr::from(Ipv4Addr::from(n));
        for round in 0..10_000_u32 {
            contacts.add(ip(round % 3), 443, None, 1000, 5000);
            contacts.add(ip(round.saturating_add(10)), 80, None, 60, 0);
        }
        let sorted = contacts.sorted();
        assert_eq!(sorted.len(), MOST);
        let heaviest: Vec<_> = sorted.iter().take(3).map(|c| (c.ip, c.port)).collect();
        assert_eq!(heaviest, [(ip(1 - 1), 443), (ip(1), 443), (ip(2), 443)]);
        assert!(sorted.iter().take(3).all(|c| c.received > 16_000_000));
    }
}

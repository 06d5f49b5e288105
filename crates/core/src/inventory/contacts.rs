//! Whom a device talks to most: the heaviest contacts by bytes, kept in fixed room (space-saving, Metwally et al. 2005).
//!
//! When the room is full, a new contact takes the place of the lightest and inherits its weight, so that one that goes on talking
//! stays. Only weights are inherited: the bytes shown are a contact's own since it was last taken in. One that is not heard of for
//! long enough is forgotten.

use super::dictionary::NameId;
use crate::time::Time;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

/// So many contacts of each device are kept,
pub(super) const FEW: usize = 64;
/// of some so many,
pub(super) const MOST: usize = 512;
/// as long as those beyond the first of each device are not so many in all.
pub(super) const MANY: usize = 65_536;
/// Room is made for so many at a time: most devices of a large network have few.
const STEP: usize = 4;
/// Weights are inherited in units of 16 bytes, so that four bytes hold 64 GB.
const INHERITED_BITS: u32 = 4;

/// Somebody a device talks to: an address and the server's port, whichever side that is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Contact {
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    pub(super) name: Option<NameId>,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// To the second.
    pub(super) last: Time,
}

/// Where a contact is, in one word: a device looks through all of its contacts for each flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Whereabouts(u64);

impl Whereabouts {
    /// An IPv4 address, or the place of an IPv6 address.
    fn new(ip: u32, is_v6: bool, port: u16) -> Self {
        Self(u64::from(ip) | u64::from(port) << 32 | u64::from(is_v6) << 48)
    }

    const fn ip(self) -> u32 {
        self.0 as u32
    }

    const fn port(self) -> u16 {
        (self.0 >> 32) as u16
    }

    const fn is_v6(self) -> bool {
        self.0 >> 48 != 0
    }
}

/// What is known of a contact, in 32 bytes, for a crowd has hundreds of thousands.
#[derive(Clone, Copy, Debug)]
struct Entry {
    name: Option<NameId>,
    inherited: u32,
    /// When it was last heard of, in whole seconds.
    last_s: u32,
    sent: u64,
    received: u64,
}

impl Entry {
    fn weight(&self) -> u64 {
        let own = self.sent.saturating_add(self.received);
        own.saturating_add(u64::from(self.inherited) << INHERITED_BITS)
    }
}

/// The contacts of one device.
#[derive(Clone, Debug, Default)]
pub(super) struct Contacts {
    whereabouts: Vec<Whereabouts>,
    /// Of each one.
    entries: Vec<Entry>,
    /// The IPv6 addresses of entries, and places left by entries that had to go.
    long: Vec<Ipv6Addr>,
}

impl Contacts {
    /// The contacts, the heaviest first.
    pub(super) fn sorted(&self) -> Vec<Contact> {
        let mut contacts: Vec<Contact> = self.all().collect();
        contacts.sort_by_key(|c| (core::cmp::Reverse(c.sent.saturating_add(c.received)), c.ip, c.port));
        contacts
    }

    /// The names in use.
    pub(super) fn names(&self) -> impl Iterator<Item = NameId> {
        self.entries.iter().filter_map(|entry| entry.name)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds bytes; false if another contact had to go, for there are `most`. What is called differently at one address is several
    /// contacts.
    pub(super) fn add(&mut self, contact: Contact, most: usize) -> bool {
        let Contact { ip, port, name, sent, received, last } = contact;
        let last_s = seconds(last);
        if let Some(entry) = self.find(ip, port, name) {
            entry.sent = entry.sent.saturating_add(sent);
            entry.received = entry.received.saturating_add(received);
            entry.name = name.or(entry.name);
            entry.last_s = entry.last_s.max(last_s);
            return true;
        }
        let has_room = self.entries.len() < most;
        let mut inherited = 0;
        if has_room && self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(STEP);
            self.whereabouts.reserve_exact(STEP);
        } else if !has_room {
            let lightest = self.entries.iter().enumerate().min_by_key(|(_, entry)| entry.weight());
            let Some((at, weight)) = lightest.map(|(at, entry)| (at, entry.weight())) else { return false };
            self.entries.swap_remove(at);
            self.whereabouts.swap_remove(at);
            inherited = u32::try_from(weight >> INHERITED_BITS).unwrap_or(u32::MAX);
        }
        let whereabouts = match ip {
            IpAddr::V4(v4) => Whereabouts::new(v4.to_bits(), false, port),
            IpAddr::V6(v6) => Whereabouts::new(self.place_for(v6), true, port),
        };
        self.whereabouts.push(whereabouts);
        self.entries.push(Entry { name, inherited, last_s, sent, received });
        has_room
    }

    /// Takes over the contacts of another MAC of the same device.
    pub(super) fn absorb(&mut self, other: &Self) {
        for contact in other.all() {
            self.add(contact, FEW.max(self.len()));
        }
    }

    /// Moves all times, as the clock they are read by was stepped.
    pub(super) fn shift(&mut self, shift: impl Fn(Time) -> Time) {
        for entry in &mut self.entries {
            entry.last_s = seconds(shift(Time::BOOT + Duration::from_secs(entry.last_s.into())));
        }
    }

    /// Forgets those that were last heard of before that second.
    pub(super) fn forget_before(&mut self, then: Time) {
        let then = seconds(then);
        let mut stays = self.entries.iter().map(|entry| entry.last_s >= then);
        self.whereabouts.retain(|_| stays.next().unwrap_or_default());
        self.entries.retain(|entry| entry.last_s >= then);
    }

    fn all(&self) -> impl Iterator<Item = Contact> {
        self.whereabouts.iter().zip(&self.entries).map(|(whereabouts, entry)| {
            let Entry { name, sent, received, last_s, .. } = *entry;
            let ip = if whereabouts.is_v6() {
                self.long.get(whereabouts.ip() as usize).copied().unwrap_or(Ipv6Addr::UNSPECIFIED).into()
            } else {
                Ipv4Addr::from_bits(whereabouts.ip()).into()
            };
            let last = Time::BOOT + Duration::from_secs(last_s.into());
            Contact { ip, port: whereabouts.port(), name, sent, received, last }
        })
    }

    /// The entry that is called so, or of which one of the two names is not known.
    #[inline]
    fn find(&mut self, ip: IpAddr, port: u16, name: Option<NameId>) -> Option<&mut Entry> {
        let wanted = match ip {
            IpAddr::V4(v4) => Whereabouts::new(v4.to_bits(), false, port),
            IpAddr::V6(v6) => Whereabouts::new(self.long.iter().position(|known| *known == v6)? as u32, true, port),
        };
        let may_be = |entry: &Entry| entry.name == name || entry.name.is_none() || name.is_none();
        let Self { whereabouts, entries, .. } = self;
        let mut places = whereabouts.iter().enumerate().filter(|(_, known)| **known == wanted).map(|(place, _)| place);
        let place = places.find(|place| entries.get(*place).is_some_and(may_be))?;
        entries.get_mut(place)
    }

    /// Where an IPv6 address is kept: its own place, one that no entry has any more, or a new one.
    fn place_for(&mut self, ip: Ipv6Addr) -> u32 {
        let is_used = |place: usize| self.whereabouts.iter().any(|of| of.is_v6() && of.ip() as usize == place);
        let known = self.long.iter().position(|known| *known == ip);
        let place = known.or_else(|| (0..self.long.len()).find(|place| !is_used(*place))).unwrap_or(self.long.len());
        match self.long.get_mut(place) {
            Some(kept) => *kept = ip,
            None => self.long.push(ip),
        }
        place as u32
    }
}

/// Whole seconds, up to the year 2106 of a clock that began in 1970.
fn seconds(time: Time) -> u32 {
    u32::try_from(time.since(Time::BOOT).as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    fn contact(ip: IpAddr, port: u16, sent: u64, received: u64) -> Contact {
        Contact { ip, port, name: None, sent, received, last: Time::BOOT }
    }

    #[test]
    fn the_heavy_stay_under_a_flood_of_light_ones() {
        let mut contacts = Contacts::default();
        let ip = |n: u32| IpAddr::from(Ipv4Addr::from(n));
        for round in 0..10_000_u32 {
            contacts.add(contact(ip(round % 3), 443, 1000, 5000), FEW);
            contacts.add(contact(ip(round.saturating_add(10)), 80, 60, 0), FEW);
        }
        let sorted = contacts.sorted();
        assert_eq!(sorted.len(), FEW);
        let heaviest: Vec<_> = sorted.iter().take(3).map(|c| (c.ip, c.port)).collect();
        assert_eq!(heaviest, [(ip(1 - 1), 443), (ip(1), 443), (ip(2), 443)]);
        assert!(sorted.iter().take(3).all(|c| c.received > 16_000_000));
    }

    #[test]
    fn what_is_called_differently_at_one_address_is_several_contacts() {
        let mut names = super::super::dictionary::Dictionary::new(super::super::seed::Seed::new(1));
        let [one, other] = ["one.example", "other.example"].map(|name| names.id(name));
        let ip = IpAddr::from(Ipv4Addr::from(1));
        let mut contacts = Contacts::default();
        for (name, bytes) in [(None, 1), (one, 10), (other, 100), (one, 1000), (None, 10_000)] {
            contacts.add(Contact { name, ..contact(ip, 443, bytes, 0) }, FEW);
        }
        let told: Vec<_> = contacts.sorted().iter().map(|contact| (contact.name, contact.sent)).collect();
        assert_eq!(told, [(one, 11_011), (other, 100)]);
    }

    #[test]
    fn addresses_of_both_families_come_out_as_they_went_in() {
        let mut contacts = Contacts::default();
        let v6 = |n: u128| IpAddr::from(Ipv6Addr::from(0x2001_0db8 << 96 | n));
        for round in 0..1000_u32 {
            contacts.add(contact(v6(u128::from(round)), 443, 1, 1), FEW);
            contacts.add(contact(IpAddr::from(Ipv4Addr::from(round)), 443, 1, 1), FEW);
            contacts.add(contact(v6(7), 443, 1000, 0), FEW);
            contacts.add(contact(v6(7), 80, 2000, 0), FEW);
        }
        let sorted = contacts.sorted();
        assert_eq!(sorted.len(), FEW);
        let first: Vec<_> = sorted.iter().take(2).map(|c| (c.ip, c.port, c.sent)).collect();
        assert_eq!(first, [(v6(7), 80, 2_000_000), (v6(7), 443, 1_000_001)]);
        assert!(contacts.long.len() <= FEW);
        let last = [v6(999), IpAddr::from(Ipv4Addr::from(999))];
        assert!(last.iter().all(|ip| sorted.iter().any(|c| c.ip == *ip)));
    }

    #[test]
    fn who_was_not_heard_of_for_long_is_forgotten() {
        let mut contacts = Contacts::default();
        let ip = |n: u32| IpAddr::from(Ipv4Addr::from(n));
        let at = |seconds| Time::BOOT + Duration::from_secs(seconds);
        for (n, seconds) in [(1, 10), (2, 20), (1, 30), (3, 25)] {
            contacts.add(Contact { last: at(seconds), ..contact(ip(n), 443, 1, 1) }, FEW);
        }
        contacts.add(Contact { last: at(5), ..contact(ip(2), 443, 1, 1) }, FEW);
        contacts.forget_before(at(25));
        let left: Vec<_> = contacts.sorted().iter().map(|contact| (contact.ip, contact.last)).collect();
        assert_eq!(left, [(ip(1), at(30)), (ip(3), at(25))], "told late, an older time does not count");
    }
}

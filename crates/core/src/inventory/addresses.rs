//! Which IP addresses are a device's own, and which only pass through it from somewhere behind.
//!
//! An address is the MAC's own when ARP, NDP or DHCP said so. Else it is its own when its TTL or hop limit is one that systems
//! begin with (64, 128, 255), so that no router lowered it, and the MAC has shown at most 16 addresses of that family: who shows
//! more is a router, or a host that rewrites TTLs, as virtual machines' networks do. All else is behind it.

use crate::time::Time;
use alloc::vec::Vec;
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// So many addresses of one device are kept; IPv6 makes a new one every day, and the stalest goes.
pub const MOST: usize = 32;
/// Who shows more addresses of a family has a network behind it.
pub const MOST_SHOWN: usize = 16;
/// What systems begin with: Unix, Windows, network gear.
const INITIAL_HOP_LIMITS: [u8; 3] = [64, 128, 255];

/// Who said that an address is a device's own; the later, the better they must know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Claim {
    /// Packets from it that no router has lowered the TTL of.
    Traffic,
    /// Its own neighbour discovery.
    Ndp,
    /// Its own ARP.
    Arp,
    /// The DHCP server that gave it out.
    Dhcp,
}

/// One address of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Who said so.
    pub claimed_by: Claim,
    /// When it was first the device's.
    pub first_seen: Time,
    /// When it was last.
    pub last_seen: Time,
}

/// The addresses of one device.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Addresses {
    own: Vec<Address>,
    /// The distinct addresses shown of each family, as far as they must be counted.
    shown: [Vec<IpAddr>; 2],
}

/// Where an address in a packet's source is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// At the device itself, as was known.
    Known,
    /// At the device itself.
    Own,
    /// Somewhere behind it.
    Behind,
    /// Behind it, and so are these addresses, which were taken for its own until now.
    Router(Vec<IpAddr>),
}

impl Addresses {
    /// All that are its own, in the order in which they came.
    pub(super) fn own(&self) -> &[Address] {
        &self.own
    }

    pub(super) fn has(&self, ip: IpAddr) -> bool {
        self.own.iter().any(|address| address.ip == ip)
    }

    /// It passes on what others send.
    pub(super) fn is_router(&self) -> bool {
        self.shown.iter().any(|shown| shown.len() > MOST_SHOWN)
    }

    /// It has shown two addresses like this one that are not its own; a single one may be, with an odd hop limit.
    pub(super) fn shows_others(&self, like: IpAddr) -> bool {
        let [v4, v6] = &self.shown;
        let shown = if like.is_ipv4() { v4 } else { v6 };
        shown.iter().filter(|ip| !self.has(**ip)).count() >= 2
    }

    /// Somebody who must know says the address is its own. Returns the address that had to go for it.
    pub(super) fn claim(&mut self, ip: IpAddr, claimed_by: Claim, now: Time) -> Option<IpAddr> {
        if let Some(address) = self.own.iter_mut().find(|address| address.ip == ip) {
            address.claimed_by = address.claimed_by.max(claimed_by);
            address.last_seen = address.last_seen.max(now);
            return None;
        }
        let gone = self.make_room();
        self.own.push(Address { ip, claimed_by, first_seen: now, last_seen: now });
        gone
    }

    /// A packet came from the address.
    pub(super) fn show(&mut self, ip: IpAddr, hop_limit: u8, now: Time) -> (Place, Option<IpAddr>) {
        let became_router = self.count(ip);
        if became_router {
            return (Place::Router(self.drop_unclaimed(ip)), None);
        }
        if let Some(address) = self.own.iter_mut().find(|address| address.ip == ip) {
            address.last_seen = address.last_seen.max(now);
            return (Place::Known, None);
        }
        if !INITIAL_HOP_LIMITS.contains(&hop_limit) || self.shown_of(ip).len() > MOST_SHOWN {
            return (Place::Behind, None);
        }
        (Place::Own, self.claim(ip, Claim::Traffic, now))
    }

    /// A flow of the address went on until then; false if the address is not its own.
    pub(super) fn touch(&mut self, ip: IpAddr, at: Time) -> bool {
        let address = self.own.iter_mut().find(|address| address.ip == ip);
        address.map(|address| address.last_seen = address.last_seen.max(at)).is_some()
    }

    /// The device has the address no longer.
    fn lose(&mut self, ip: IpAddr) {
        self.own.retain(|address| address.ip != ip);
    }

    /// Takes over what another MAC of the same device has.
    pub(super) fn absorb(&mut self, other: &Self) {
        for address in &other.own {
            if let Some(mine) = self.own.iter_mut().find(|mine| mine.ip == address.ip) {
                mine.first_seen = mine.first_seen.min(address.first_seen);
                mine.last_seen = mine.last_seen.max(address.last_seen);
                mine.claimed_by = mine.claimed_by.max(address.claimed_by);
            } else {
                self.own.push(*address);
            }
        }
    }

    /// Moves all times, as the clock they are read by was stepped.
    pub(super) fn shift(&mut self, shift: impl Fn(Time) -> Time) {
        for address in &mut self.own {
            (address.first_seen, address.last_seen) = (shift(address.first_seen), shift(address.last_seen));
        }
    }

    fn shown_of(&mut self, ip: IpAddr) -> &mut Vec<IpAddr> {
        let [v4, v6] = &mut self.shown;
        if ip.is_ipv4() { v4 } else { v6 }
    }

    /// Counts an address shown; true at the moment they become too many for a host.
    fn count(&mut self, ip: IpAddr) -> bool {
        let shown = self.shown_of(ip);
        if shown.len() > MOST_SHOWN || shown.contains(&ip) {
            return false;
        }
        shown.push(ip);
        shown.len() > MOST_SHOWN
    }

    fn drop_unclaimed(&mut self, like: IpAddr) -> Vec<IpAddr> {
        let goes = |address: &Address| address.claimed_by == Claim::Traffic && address.ip.is_ipv4() == like.is_ipv4();
        let gone = self.own.iter().filter(|address| goes(address)).map(|address| address.ip).collect();
        self.own.retain(|address| !goes(address));
        gone
    }

    fn make_room(&mut self) -> Option<IpAddr> {
        if self.own.len() < MOST {
            return None;
        }
        let stalest =
            self.own.iter().min_by_key(|address| (address.claimed_by != Claim::Traffic, address.last_seen))?.ip;
        self.lose(stalest);
        Some(stalest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u16) -> IpAddr {
        IpAddr::from([10, 0, (last >> 8) as u8, last as u8])
    }

    #[test]
    fn the_ttl_tells_whose_an_address_is() {
        for (hop_limit, place) in [
            (64, Place::Own),
            (128, Place::Own),
            (255, Place::Own),
            (63, Place::Behind),
            (1, Place::Behind),
            (254, Place::Behind),
        ] {
            assert_eq!(Addresses::default().show(ip(1), hop_limit, Time::BOOT).0, place, "{hop_limit}");
        }
    }

    #[test]
    fn who_claims_an_address_has_it_whatever_the_ttl() {
        let mut addresses = Addresses::default();
        addresses.claim(ip(1), Claim::Arp, Time::BOOT);
        assert_eq!(addresses.show(ip(1), 57, Time::BOOT).0, Place::Known);
        addresses.claim(ip(1), Claim::Dhcp, Time::BOOT);
        addresses.claim(ip(1), Claim::Arp, Time::BOOT);
        assert_eq!(addresses.own().first().unwrap().claimed_by, Claim::Dhcp);
    }

    #[test]
    fn the_seventeenth_address_makes_a_router() {
        let mut addresses = Addresses::default();
        addresses.claim(ip(1), Claim::Arp, Time::BOOT);
        for last in 1..=16 {
            let place = if last == 1 { Place::Known } else { Place::Own };
            assert_eq!(addresses.show(ip(last), 64, Time::BOOT).0, place, "{last}");
        }
        let (place, _) = addresses.show(ip(17), 64, Time::BOOT);
        assert_eq!(place, Place::Router((2..=16).map(ip).collect()));
        assert_eq!(addresses.show(ip(2), 64, Time::BOOT).0, Place::Behind);
        assert_eq!(addresses.show(ip(1), 64, Time::BOOT).0, Place::Known);
        assert!(addresses.is_router());
    }

    #[test]
    fn the_stalest_makes_room() {
        let mut addresses = Addresses::default();
        for last in 0..100 {
            addresses.claim(ip(last), Claim::Arp, Time::from_nanos(u64::from(last)));
        }
        assert_eq!(addresses.own().len(), MOST);
        assert!(addresses.has(ip(99)) && !addresses.has(ip(67)) && addresses.has(ip(68)));
    }
}

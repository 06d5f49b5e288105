//! Which MAC an IP address belongs to now, and when two of them say so.
//!
//! Two MACs that claim one address by ARP or neighbour discovery within ten minutes are in conflict: a copy, or somebody who wants
//! to be taken for another. It is told at once and then at most once an hour for the address. An address a DHCP server gave to another MAC has
//! moved, and nothing is wrong with that.

use super::addresses::Claim;
use super::individual::Individual;
use super::seed::Seed;
use crate::packet::neighbour::Mac;
use crate::time::Time;
use core::net::IpAddr;
use core::time::Duration;
use hashbrown::HashMap;

/// So many addresses are kept.
const MOST: usize = 65_536;
/// So many that are kept leave no room for what is not proven: whoever invents MACs cannot keep out those of real devices.
const MOST_INVENTED: usize = MOST / 2;
const WINDOW: Duration = Duration::from_secs(600);
const QUIET: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy)]
struct Owner {
    mac: Mac,
    /// A packet from it has shown the address, and the device counts it among its own: there is nothing to learn from another.
    is_settled: bool,
    /// When the owner last said so itself, by ARP or neighbour discovery.
    said: Option<Time>,
    told: Option<Time>,
}

/// All addresses with their owners.
pub(super) struct Owners {
    by_ip: HashMap<IpAddr, Owner, Seed>,
    /// Addresses that found no room.
    pub(super) left_out: u64,
}

impl Owners {
    pub(super) fn new(seed: Seed) -> Self {
        Self { by_ip: HashMap::with_hasher(seed), left_out: 0 }
    }

    /// Who has an address.
    pub(super) fn of(&self, ip: IpAddr) -> Option<Mac> {
        self.by_ip.get(&ip).map(|owner| owner.mac)
    }

    /// The address is settled with its owner.
    pub(super) fn is_settled(&self, ip: IpAddr, mac: Individual) -> bool {
        self.by_ip.get(&ip).is_some_and(|owner| owner.is_settled && Individual::of(owner.mac) == mac)
    }

    /// A device has shown an address that is its own; false if it is another's too.
    pub(super) fn settle(&mut self, ip: IpAddr, mac: Mac) -> bool {
        let owner = self.by_ip.get_mut(&ip).filter(|owner| owner.mac == mac);
        owner.map(|owner| owner.is_settled = true).is_some()
    }

    /// A MAC, that of a proven device or not, says the address is its own; returns whom it is in conflict with, if that must be told.
    pub(super) fn claim(&mut self, ip: IpAddr, mac: Mac, claim: Claim, now: Time, is_proven: bool) -> Option<Mac> {
        let said = matches!(claim, Claim::Arp | Claim::Ndp).then_some(now);
        let has_room = self.by_ip.len() < if is_proven { MOST } else { MOST_INVENTED };
        let Some(owner) = self.by_ip.get_mut(&ip) else {
            if has_room {
                self.by_ip.insert(ip, Owner { mac, is_settled: false, said, told: None });
            } else {
                self.left_out = self.left_out.saturating_add(1);
            }
            return None;
        };
        if owner.mac == mac {
            owner.said = said.or(owner.said);
            return None;
        }
        // What somebody merely sends from says less than what another claimed.
        if claim == Claim::Traffic {
            return None;
        }
        let had_it = said.and(owner.said).is_some_and(|claimed| now.since(claimed) < WINDOW);
        let is_news = had_it && owner.told.is_none_or(|told| now.since(told) >= QUIET);
        let before = owner.mac;
        *owner = Owner { mac, is_settled: false, said, told: if is_news { Some(now) } else { owner.told } };
        is_news.then_some(before)
    }

    /// The conflict just found could not be told.
    pub(super) fn was_not_told(&mut self, ip: IpAddr) {
        if let Some(owner) = self.by_ip.get_mut(&ip) {
            owner.told = None;
        }
    }

    /// A MAC has the address no longer.
    pub(super) fn lose(&mut self, ip: IpAddr, mac: Mac) {
        if self.of(ip) == Some(mac) {
            self.by_ip.remove(&ip);
        }
    }

    /// Moves all times, as the clock they are read by was stepped.
    pub(super) fn shift(&mut self, shift: impl Fn(Time) -> Time) {
        for owner in self.by_ip.values_mut() {
            (owner.said, owner.told) = (owner.said.map(&shift), owner.told.map(&shift));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Mac = [0, 0, 0, 0, 0, 0xa];
    const B: Mac = [0, 0, 0, 0, 0, 0xb];

    #[track_caller]
    fn check(claims: &[(u64, Mac, Claim)], expected: &[Option<Mac>]) {
        let mut owners = Owners::new(Seed::new(1));
        let ip = IpAddr::from([10, 0, 0, 1]);
        let told: alloc::vec::Vec<_> = claims
            .iter()
            .map(|&(second, mac, claim)| owners.claim(ip, mac, claim, Time::BOOT + Duration::from_secs(second), true))
            .collect();
        assert_eq!(told, expected, "{claims:?}");
    }

    #[test]
    fn two_that_claim_an_address_are_told_once_an_hour() {
        use Claim::{Arp, Dhcp, Ndp, Traffic};
        check(&[(0, A, Arp), (1, A, Arp), (2, B, Arp), (3, A, Arp), (4, B, Arp)], &[None, None, Some(A), None, None]);
        check(&[(0, A, Arp), (700, B, Arp)], &[None, None]);
        check(&[(0, A, Arp), (5, B, Dhcp), (6, B, Arp)], &[None, None, None]);
        check(&[(0, A, Arp), (5, B, Dhcp), (6, B, Arp), (7, A, Arp)], &[None, None, None, Some(B)]);
        check(&[(0, A, Arp), (5, B, Traffic), (6, B, Dhcp)], &[None, None, None]);
        check(&[(0, A, Ndp), (5, B, Traffic), (6, B, Ndp), (7, A, Ndp)], &[None, None, Some(A), None]);
        check(
            &[(0, A, Arp), (2, B, Arp), (3, A, Arp), (3603, B, Arp), (3604, A, Arp)],
            &[None, Some(A), None, None, Some(B)],
        );
    }

    #[test]
    fn an_address_is_settled_until_it_is_anothers() {
        let mut owners = Owners::new(Seed::new(1));
        let ip = IpAddr::from([10, 0, 0, 1]);
        let settled = |owners: &Owners| [A, B].map(|mac| owners.is_settled(ip, Individual::of(mac)));
        assert!(!owners.settle(ip, A));
        owners.claim(ip, A, Claim::Traffic, Time::BOOT, true);
        assert_eq!(settled(&owners), [false, false]);
        assert!(owners.settle(ip, A) && !owners.settle(ip, B));
        owners.claim(ip, B, Claim::Traffic, Time::BOOT, true);
        assert_eq!(settled(&owners), [true, false]);
        owners.claim(ip, B, Claim::Arp, Time::BOOT, true);
        assert_eq!(settled(&owners), [false, false]);
        assert!(owners.settle(ip, B));
        owners.lose(ip, B);
        assert_eq!(settled(&owners), [false, false]);
    }

    #[test]
    fn whoever_invents_macs_leaves_room_for_proven_devices() {
        let mut owners = Owners::new(Seed::new(1));
        let claim = |owners: &mut Owners, number: usize, is_proven| {
            let ip = IpAddr::from((number as u32).to_be_bytes());
            owners.claim(ip, A, Claim::Arp, Time::BOOT, is_proven);
            owners.of(ip).is_some()
        };
        assert!((0..MOST_INVENTED).all(|number| claim(&mut owners, number, false)));
        assert!(!claim(&mut owners, MOST, false) && owners.left_out == 1);
        assert!((MOST_INVENTED..MOST).all(|number| claim(&mut owners, number, true)));
        assert!(!claim(&mut owners, MOST, true) && owners.left_out == 2);
    }
}

//! Servers beyond a router: known by address, for no frame shows their MAC. In fixed room, the stalest goes.

use super::ports::{Port, Ports, Proof};
use super::seed::Seed;
use crate::packet::neighbour::Mac;
use crate::time::Time;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

/// So many hosts are kept in all.
pub const MOST: usize = 4096;
/// So many ports of one host are kept.
pub const MOST_PORTS: usize = 64;

/// A server beyond a router.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Host {
    /// The MAC it is behind.
    pub(super) behind: Option<Mac>,
    pub(super) ports: Ports,
    last_seen: Time,
    /// When it was last seen, as far as whoever looks for the stalest knows.
    #[serde(skip)]
    filed: Time,
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    by_ip: HashMap<IpAddr, Host, Seed>,
    /// Each by when it was filed. A busy server is proven a hundred times a second and filed anew only when it would have to go.
    by_age: BTreeSet<(Time, IpAddr)>,
    /// Hosts that had to go, and ports that found no room.
    pub(super) left_out: u64,
}

impl Hosts {
    pub(super) fn new(seed: Seed) -> Self {
        Self { by_ip: HashMap::with_hasher(seed), by_age: BTreeSet::new(), left_out: 0 }
    }

    /// By address.
    pub(super) fn all(&self) -> impl Iterator<Item = (IpAddr, &Host)> {
        let mut all: Vec<(IpAddr, &Host)> = self.by_ip.iter().map(|(ip, host)| (*ip, host)).collect();
        all.sort_unstable_by_key(|(ip, _)| *ip);
        all.into_iter()
    }

    /// Takes hosts as they were kept over a restart.
    pub(super) fn restore(&mut self, kept: Vec<(IpAddr, Host)>) {
        self.by_ip.extend(kept.into_iter().take(MOST));
        self.file();
    }

    /// Takes a proof of an open port.
    pub(super) fn prove(&mut self, proof: &Proof, behind: Option<Mac>) -> Option<&mut Port> {
        if self.by_ip.len() >= MOST && !self.by_ip.contains_key(&proof.ip) {
            self.make_room();
        }
        let host = self.by_ip.entry(proof.ip).or_insert_with(|| {
            self.by_age.insert((proof.at, proof.ip));
            Host { last_seen: proof.at, filed: proof.at, ..Host::default() }
        });
        host.behind = host.behind.or(behind);
        host.last_seen = host.last_seen.max(proof.at);
        host.ports.prove(proof, MOST_PORTS, &mut self.left_out)
    }

    /// Takes ports that were thought to be a device's own.
    pub(super) fn absorb(&mut self, ports: Vec<Port>, behind: Mac) {
        for port in ports {
            let proof = Proof {
                ip: port.ip,
                protocol: port.protocol,
                port: port.port,
                evidence: port.evidence,
                at: port.last_seen,
            };
            let Some(known) = self.prove(&proof, Some(behind)) else { continue };
            known.first_seen = known.first_seen.min(port.first_seen);
            known.greet_as_well(port.banner, port.other_banners);
        }
    }

    /// Finds a port again.
    pub(super) fn find(&mut self, proof: &Proof) -> Option<&mut Port> {
        self.by_ip.get_mut(&proof.ip)?.ports.find(proof.ip, proof.protocol, proof.port)
    }

    /// The address turned out to be a device's own: its ports go there.
    pub(super) fn take(&mut self, ip: IpAddr) -> Vec<Port> {
        let Some(mut host) = self.by_ip.remove(&ip) else { return Vec::new() };
        self.by_age.remove(&(host.filed, ip));
        host.ports.take(ip)
    }

    /// Forgets all that is behind a MAC.
    pub(super) fn forget(&mut self, behind: Mac) {
        self.by_ip.retain(|_, host| host.behind != Some(behind));
        let by_ip = &self.by_ip;
        self.by_age.retain(|(_, ip)| by_ip.contains_key(ip));
    }

    /// Moves all times, as the clock they are read by was stepped.
    pub(super) fn shift(&mut self, shift: impl Fn(Time) -> Time) {
        for host in self.by_ip.values_mut() {
            host.last_seen = shift(host.last_seen);
            host.ports.shift(&shift);
        }
        self.file();
    }

    /// The stalest goes. Whoever was proven since it was filed is filed anew on the way: at most once for its proofs.
    fn make_room(&mut self) {
        while let Some((filed, stalest)) = self.by_age.pop_first() {
            match self.by_ip.get_mut(&stalest) {
                Some(host) if host.last_seen > filed => {
                    host.filed = host.last_seen;
                    self.by_age.insert((host.filed, stalest));
                }
                _ => {
                    self.by_ip.remove(&stalest);
                    self.left_out = self.left_out.saturating_add(1);
                    return;
                }
            }
        }
    }

    /// Files all of them by when they were last seen.
    fn file(&mut self) {
        for host in self.by_ip.values_mut() {
            host.filed = host.last_seen;
        }
        self.by_age = self.by_ip.iter().map(|(ip, host)| (host.filed, *ip)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::super::ports::{Evidence, Protocol};
    use super::*;
    use core::net::Ipv4Addr;

    fn ip(number: usize) -> IpAddr {
        Ipv4Addr::from_bits(number as u32).into()
    }

    fn prove(hosts: &mut Hosts, number: usize, second: u64) {
        let at = Time::from_nanos(second.saturating_mul(1_000_000_000));
        let proof = Proof { ip: ip(number), protocol: Protocol::Tcp, port: 443, evidence: Evidence::SynAck, at };
        assert!(hosts.prove(&proof, None).is_some());
    }

    #[test]
    fn whoever_was_not_proven_for_longest_makes_room() {
        let mut hosts = Hosts::new(Seed::new(1));
        (0..MOST).for_each(|number| prove(&mut hosts, number, number as u64));
        // All but two are proven again, in the opposite order.
        let again = (0..MOST).filter(|number| ![1, 7].contains(number)).rev();
        again.zip(MOST as u64..).for_each(|(number, second)| prove(&mut hosts, number, second));
        for (stranger, gone) in [1, 7, MOST.saturating_sub(1), MOST.saturating_sub(2)].into_iter().enumerate() {
            assert!(hosts.by_ip.contains_key(&ip(gone)), "{gone}");
            prove(&mut hosts, MOST.saturating_add(stranger), 1_000_000);
            assert!(!hosts.by_ip.contains_key(&ip(gone)), "{gone}");
            assert_eq!((hosts.by_ip.len(), hosts.by_age.len(), hosts.left_out), (MOST, MOST, stranger as u64 + 1));
        }
    }

    #[test]
    fn whoever_is_taken_leaves_nothing_behind() {
        let mut hosts = Hosts::new(Seed::new(1));
        prove(&mut hosts, 1, 10);
        prove(&mut hosts, 1, 20);
        assert_eq!(hosts.take(ip(1)).len(), 1);
        assert!(hosts.by_ip.is_empty() && hosts.by_age.is_empty());
    }
}

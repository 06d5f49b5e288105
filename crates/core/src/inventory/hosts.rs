//! Servers beyond a router: known by address, for no frame shows their MAC. In fixed room, the stalest goes.

use super::ports::{Port, Ports, Proof};
use super::seed::Seed;
use crate::packet::neighbour::Mac;
use crate::time::Time;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

/// So many hosts are kept in all.
pub const MOST: usize = 4096;
/// So many ports of one host are kept.
pub const MOST_PORTS: usize = 64;

/// Who is the stalest is known this exactly, for a busy server is proven a hundred times a second.
const STALENESS: Duration = Duration::from_secs(60);

/// A server beyond a router.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Host {
    /// The MAC it is behind.
    pub(super) behind: Option<Mac>,
    pub(super) ports: Ports,
    /// As [`STALENESS`] has it.
    last_seen: Time,
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    by_ip: HashMap<IpAddr, Host, Seed>,
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
        self.by_age = self.by_ip.iter().map(|(ip, host)| (host.last_seen, *ip)).collect();
    }

    /// Takes a proof of an open port.
    pub(super) fn prove(&mut self, proof: &Proof, behind: Option<Mac>) -> Option<&mut Port> {
        if self.by_ip.len() >= MOST && !self.by_ip.contains_key(&proof.ip) {
            self.make_room();
        }
        let host = self.by_ip.entry(proof.ip).or_insert_with(|| {
            self.by_age.insert((proof.at, proof.ip));
            Host { last_seen: proof.at, ..Host::default() }
        });
        host.behind = host.behind.or(behind);
        if proof.at.since(host.last_seen) >= STALENESS {
            self.by_age.remove(&(host.last_seen, proof.ip));
            host.last_seen = host.last_seen.max(proof.at);
            self.by_age.insert((host.last_seen, proof.ip));
        }
        let port = host.ports.prove(proof, MOST_PORTS);
        self.left_out = self.left_out.saturating_add(u64::from(port.is_none()));
        port
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
            known.banner = known.banner.take().or(port.banner);
        }
    }

    /// Finds a port again.
    pub(super) fn find(&mut self, proof: &Proof) -> Option<&mut Port> {
        self.by_ip.get_mut(&proof.ip)?.ports.find(proof.ip, proof.protocol, proof.port)
    }

    /// The address turned out to be a device's own: its ports go there.
    pub(super) fn take(&mut self, ip: IpAddr) -> Vec<Port> {
        let Some(mut host) = self.by_ip.remove(&ip) else { return Vec::new() };
        self.by_age.remove(&(host.last_seen, ip));
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
        self.by_age = self.by_ip.iter().map(|(ip, host)| (host.last_seen, *ip)).collect();
    }

    /// The stalest goes.
    fn make_room(&mut self) {
        if let Some((_, stalest)) = self.by_age.pop_first() {
            self.by_ip.remove(&stalest);
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}

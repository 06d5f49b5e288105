//! Open ports, each with its proof: a SYN-ACK for TCP, an answer to a question seen before for UDP.

use super::device::{add_mark, change_mark};
use crate::time::Time;
use crate::untrusted::Untrusted;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// Below this a port is a service's by custom; above, it may be one that a system lent to a program for a while
/// (Linux lends from 32768 on).
pub const LENT: u16 = 32768;

/// A transport protocol with ports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// What proves that a port is open, the weaker first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// It sent a SYN-ACK.
    SynAck,
    /// And the client acknowledged it.
    Established,
    /// It replied to a request seen before.
    Answered,
}

/// One open port.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Port {
    /// The address it is open at.
    pub ip: IpAddr,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The number.
    pub port: u16,
    /// The proof.
    pub evidence: Evidence,
    /// What the server said of itself.
    pub banner: Option<Untrusted>,
    /// What else was said there: before, or by others behind a proxy.
    #[serde(default)]
    pub other_banners: Vec<Untrusted>,
    /// When it was first proven.
    pub first_seen: Time,
    /// When it was last.
    pub last_seen: Time,
    /// It was told as an event, or belongs to what was there from the beginning.
    pub(super) is_told: bool,
}

impl Port {
    /// What a server of this port usually is, or said it is.
    pub fn service(&self) -> Option<&'static str> {
        let banner = self.banner.as_ref().map_or("", Untrusted::raw);
        if banner.starts_with("SSH-") {
            return Some("ssh");
        }
        super::services::name(self.protocol, self.port)
    }

    /// The server says what it is. What is said late in a connection stands behind that: it may be another's behind a proxy.
    pub(super) fn greet(&mut self, banner: Untrusted, is_late: bool) {
        // Of one that came in two segments the first was the beginning.
        let is_beginning = |known: &Untrusted| *known != banner && banner.raw().starts_with(known.raw());
        self.other_banners.retain(|known| !is_beginning(known));
        if is_late {
            if self.banner.as_ref() != Some(&banner) {
                add_mark(&mut self.other_banners, banner);
            }
            return;
        }
        self.banner.take_if(|known| is_beginning(known));
        change_mark(&mut self.banner, &mut self.other_banners, banner);
    }

    /// Takes over what was said at the same port, as far as was known elsewhere.
    pub(super) fn greet_as_well(&mut self, banner: Option<Untrusted>, others: Vec<Untrusted>) {
        for other in others {
            self.greet(other, true);
        }
        if let Some(banner) = banner {
            self.greet(banner, self.banner.is_some());
        }
    }

    /// It is more than a port lent for a while: a low one, or seen in two different hours.
    pub(super) fn is_lasting(&self) -> bool {
        let hour = |at: Time| at.as_nanos() / 3_600_000_000_000;
        self.port < LENT || hour(self.first_seen) != hour(self.last_seen)
    }
}

/// The open ports of a device or host, at most so many.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ports(Vec<Port>);

impl Ports {
    /// All of them, in the order of their first proof.
    pub(super) fn all(&self) -> &[Port] {
        &self.0
    }

    pub(super) fn all_mut(&mut self) -> &mut [Port] {
        &mut self.0
    }

    pub(super) fn find(&mut self, ip: IpAddr, protocol: Protocol, port: u16) -> Option<&mut Port> {
        self.0.iter_mut().find(|known| known.port == port && known.protocol == protocol && known.ip == ip)
    }

    /// Takes a proof. Where `most` others are known already one must go or it finds no room, which is counted: the stalest that a
    /// system lent to a program goes for one that is a service's by custom.
    pub(super) fn prove(&mut self, proof: &Proof, most: usize, left_out: &mut u64) -> Option<&mut Port> {
        let known = self
            .0
            .iter()
            .position(|known| known.port == proof.port && known.protocol == proof.protocol && known.ip == proof.ip);
        if known.is_none() {
            if self.0.len() >= most {
                *left_out = left_out.saturating_add(1);
                let gone = self.stalest_lent().filter(|_| proof.port < LENT)?;
                self.0.remove(gone);
            }
            self.0.push(proof.port());
        }
        let port = match known {
            Some(at) => self.0.get_mut(at)?,
            None => self.0.last_mut()?,
        };
        port.evidence = port.evidence.max(proof.evidence);
        port.last_seen = port.last_seen.max(proof.at);
        Some(port)
    }

    fn stalest_lent(&self) -> Option<usize> {
        let lent = self.0.iter().enumerate().filter(|(_, port)| !port.is_lasting());
        lent.min_by_key(|(_, port)| port.last_seen).map(|(at, _)| at)
    }

    /// Takes the ports at some address away.
    pub(super) fn take(&mut self, ip: IpAddr) -> Vec<Port> {
        let (taken, kept) = core::mem::take(&mut self.0).into_iter().partition(|port| port.ip == ip);
        self.0 = kept;
        taken
    }

    /// Moves all times, as the clock they are read by was stepped.
    pub(super) fn shift(&mut self, shift: impl Fn(Time) -> Time) {
        for port in &mut self.0 {
            (port.first_seen, port.last_seen) = (shift(port.first_seen), shift(port.last_seen));
        }
    }

    /// Takes over ports found elsewhere; returns how many found no room.
    pub(super) fn absorb(&mut self, ports: Vec<Port>, most: usize) -> u64 {
        let mut lost: u64 = 0;
        for port in ports {
            if let Some(known) = self.find(port.ip, port.protocol, port.port) {
                known.join(port);
            } else if self.0.len() < most {
                self.0.push(port);
            } else {
                lost = lost.saturating_add(1);
            }
        }
        lost
    }
}

impl Port {
    fn join(&mut self, other: Self) {
        self.evidence = self.evidence.max(other.evidence);
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.is_told |= other.is_told;
        self.greet_as_well(other.banner, other.other_banners);
    }
}

/// Proof of one open port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Proof {
    pub(super) ip: IpAddr,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
    pub(super) evidence: Evidence,
    pub(super) at: Time,
}

impl Proof {
    fn port(&self) -> Port {
        Port {
            ip: self.ip,
            protocol: self.protocol,
            port: self.port,
            evidence: self.evidence,
            banner: None,
            other_banners: Vec::new(),
            first_seen: self.at,
            last_seen: self.at,
            is_told: false,
        }
    }
}

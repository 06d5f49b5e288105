//! Which packets of a folder are wanted: by time, by interface and by host.

use crate::pcap_read::{Interface, Record};
use rebootping_core::packet::arp::Arp;
use rebootping_core::packet::frame::{ARP, LinkType, Packet};
use std::net::IpAddr;

/// Which packets are asked for, by their stamps in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) since: u64,
    pub(super) until: u64,
}

/// What a packet must be to be wanted.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) span: Span,
    /// Captured on this interface, if that matters.
    pub(super) interface: Option<String>,
    /// From or to one of these, if there are any.
    pub(super) hosts: Vec<IpAddr>,
}

impl Wanted {
    pub(super) fn takes(&self, record: &Record<'_>, interface: &Interface) -> bool {
        (self.span.since..=self.span.until).contains(&record.stamp)
            && self.interface.as_ref().is_none_or(|name| interface.name.raw() == name)
            && (self.hosts.is_empty() || self.is_of_host(record))
    }

    fn is_of_host(&self, record: &Record<'_>) -> bool {
        let Some(link) = LinkType::from_number(record.link) else { return false };
        ends(&Packet::read(link, record.bytes), record.bytes)
            .is_some_and(|ends| ends.iter().any(|end| self.hosts.contains(end)))
    }
}

/// The two addresses a packet is about: as tcpdump's `host` has it, those of ARP too (pcap-filter(7)).
fn ends(packet: &Packet, bytes: &[u8]) -> Option<[IpAddr; 2]> {
    if packet.ethertype == ARP {
        let arp = Arp::read(bytes.get(packet.network.clone())?)?;
        return Some([arp.sender.into(), arp.target.into()]);
    }
    packet.ip.as_ref().map(|ip| [ip.source, ip.destination])
}

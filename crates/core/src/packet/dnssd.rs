//! What mDNS announces: services with their ports, and hosts with their addresses (RFC 6762, RFC 6763).
//!
//! Only what the sender claims for itself counts. The answers in a *query* are what it heard from others (RFC 6762 section 7.1),
//! so of a query only the authority section is read: there stand the names it is about to take (section 8.2).

use super::dns::data::{Data, Txt};
use super::dns::name::Name;
use super::dns::{Message, Record, Section};
use crate::untrusted::Untrusted;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Something announced.
#[derive(Clone, Copy, Debug)]
pub struct Announcement<'a> {
    /// What.
    pub what: What<'a>,
    /// It is taken back (RFC 6762 section 10.1).
    pub is_goodbye: bool,
}

/// What is announced, each by one record.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// A service exists (PTR).
    Offered(Instance<'a>),
    /// A service is at a port of a host (SRV).
    Located {
        /// Which service.
        instance: Instance<'a>,
        /// Its port.
        port: u16,
        /// Its host.
        host: Name<'a>,
    },
    /// A service describes itself (TXT).
    Described {
        /// Which service.
        instance: Instance<'a>,
        /// With which keys and values.
        txt: Txt<'a>,
    },
    /// A host has an address (A, AAAA, or PTR in the reverse tree).
    Host {
        /// Its name.
        name: Name<'a>,
        /// Its address.
        address: IpAddr,
    },
}

/// A service of some host: `Office._ipp._tcp.local`.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'a> {
    /// What its user calls it: `Office`.
    pub name: &'a [u8],
    /// What it is: `_ipp`.
    pub service: &'a [u8],
    /// Over TCP; otherwise over UDP, or anything else that is not TCP.
    pub is_tcp: bool,
}

/// What a message announces.
pub fn announcements<'a>(message: &Message<'a>) -> impl Iterator<Item = Announcement<'a>> + use<'a> {
    let is_response = message.is_response;
    let own = move |record: &Record<'_>| is_response || record.section == Section::Authority;
    message.records().filter(own).filter_map(|record| {
        let what = what(&record)?;
        Some(Announcement { what, is_goodbye: record.ttl == 0 })
    })
}

fn what<'a>(record: &Record<'a>) -> Option<What<'a>> {
    let host = |name: Name<'a>, address| name.ends_with(&[b"local"]).then_some(What::Host { name, address });
    match record.data {
        Data::A(address) => host(record.name, address.into()),
        Data::Aaaa(address) => host(record.name, address.into()),
        Data::Ptr(target) => match record.name.reverse_address() {
            Some(address) => host(target, address),
            None => Instance::read(&target).map(What::Offered),
        },
        Data::Srv(srv) => {
            Some(What::Located { instance: Instance::read(&record.name)?, port: srv.port, host: srv.target })
        }
        Data::Txt(txt) => Some(What::Described { instance: Instance::read(&record.name)?, txt }),
        Data::Cname(_) | Data::Svcb(_) | Data::Other(_) => None,
    }
}

impl<'a> Instance<'a> {
    /// Reads `<name>._<service>._tcp|_udp.<domain>` (RFC 6763 section 4.1).
    pub fn read(name: &Name<'a>) -> Option<Self> {
        let mut labels = name.labels();
        let [name, service, protocol] = [labels.next()?, labels.next()?, labels.next()?];
        let is_tcp = protocol.eq_ignore_ascii_case(b"_tcp");
        let is_service = service.starts_with(b"_") && !name.starts_with(b"_");
        (is_service && (is_tcp || protocol.eq_ignore_ascii_case(b"_udp"))).then_some(Self { name, service, is_tcp })
    }

    /// What its user calls it.
    pub fn title(&self) -> Untrusted {
        Untrusted::new(self.name)
    }

    /// Its type as it is registered: `_ipp._tcp`.
    pub fn kind(&self) -> Untrusted {
        let protocol: &[u8] = if self.is_tcp { b"._tcp" } else { b"._udp" };
        let kind: Vec<u8> = self.service.iter().chain(protocol).copied().collect();
        Untrusted::new(&kind)
    }
}

/// The product a description names: its `md`, `model`, `ty` or `product` (Apple, Google, Bonjour Printing).
pub fn model(txt: &Txt<'_>) -> Option<Untrusted> {
    first(txt, &[b"md", b"model", b"ty", b"product"])
}

/// The name its user gave it: its `fn`.
pub fn friendly_name(txt: &Txt<'_>) -> Option<Untrusted> {
    first(txt, &[b"fn"])
}

fn first(txt: &Txt<'_>, keys: &[&[u8]]) -> Option<Untrusted> {
    keys.iter().find_map(|key| txt.value(key).filter(|value| !value.is_empty())).map(Untrusted::new)
}

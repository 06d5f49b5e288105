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
    let host = |name: Name<'a>, address| Some(What::Host { name, address });
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
        Data::Cname(_) | Data::Svcb(_) | Data::Other => None,
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

#[cfg(test)]
mod tests {
    use super::super::dns::written::{message, name, record};
    use super::super::dns::{A, AAAA, CNAME, PTR, SRV, TXT};
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    const QUERY: u16 = 0;
    const RESPONSE: u16 = 0x8400;

    fn told(bytes: &[u8]) -> Vec<String> {
        let message = Message::read(bytes).unwrap();
        let service = |instance: &Instance<'_>| std::format!("{} {}", instance.title().raw(), instance.kind().raw());
        announcements(&message)
            .map(|announcement| {
                let what = match announcement.what {
                    What::Offered(instance) => std::format!("{} offered", service(&instance)),
                    What::Located { instance, port, host } => {
                        std::format!("{} at {port} of {}", service(&instance), host.to_untrusted().raw())
                    }
                    What::Described { instance, txt } => {
                        std::format!("{} is {:?} {:?}", service(&instance), model(&txt), friendly_name(&txt))
                    }
                    What::Host { name, address } => std::format!("{} has {address}", name.to_untrusted().raw()),
                };
                if announcement.is_goodbye { what + " no more" } else { what }
            })
            .collect()
    }

    /// One record in the answer section of a response.
    #[track_caller]
    fn check(owner: &str, kind: u16, ttl: u32, data: &[u8], expected: &[&str]) {
        assert_eq!(told(&message(RESPONSE, [0, 1, 0, 0], &[&record(&name(owner), kind, 0x8001, ttl, data)])), expected);
    }

    #[test]
    fn services_are_offered_located_and_described() {
        let instance = name("Küche <b>._IPP._tcp.local");
        check("_ipp._tcp.local", PTR, 4500, &instance, &["Küche <b> _IPP._tcp offered"]);
        check("_ipp._tcp.local", PTR, 0, &instance, &["Küche <b> _IPP._tcp offered no more"]);
        // With a subtype (RFC 6763 section 7.1).
        check("_print._sub._ipp._tcp.local", PTR, 4500, &instance, &["Küche <b> _IPP._tcp offered"]);
        let srv = [&[0, 0, 0, 0, 2, 0x77], name("pc.local").as_slice()].concat();
        check("Office._ipp._tcp.local", SRV, 120, &srv, &["Office _ipp._tcp at 631 of pc.local"]);
        check("Office._sip._udp.local", SRV, 120, &srv, &["Office _sip._udp at 631 of pc.local"]);
        let txt = b"\x05MD=TV\x07fn=Mine\x08model=No";
        let described = "Office _ipp._tcp is Some(Untrusted(\"TV\")) Some(Untrusted(\"Mine\"))";
        check("Office._ipp._tcp.local", TXT, 4500, txt, &[described]);
        check(
            "pc._device-info._tcp.local",
            TXT,
            4500,
            b"\x0bmodel=J42d\0",
            &["pc _device-info._tcp is Some(Untrusted(\"J42d\\0\")) None"],
        );
        check("pc._http._tcp.local", TXT, 4500, b"\x03md=\x02fn", &["pc _http._tcp is None None"]);
    }

    #[test]
    fn what_is_no_service_is_not_announced() {
        check("_services._dns-sd._udp.local", PTR, 4500, &name("_ipp._tcp.local"), &[]);
        check("a.b.c.local", SRV, 120, &[0, 0, 0, 0, 2, 0x77, 0], &[]);
        check("a._b._sctp.local", TXT, 120, b"\x04md=x", &[]);
        check("pc.local", CNAME, 120, &name("pc2.local"), &[]);
        check("local", TXT, 120, b"\x04md=x", &[]);
    }

    #[test]
    fn hosts_have_addresses_by_their_name_and_back() {
        check("pc.local", A, 120, &[192, 0, 2, 7], &["pc.local has 192.0.2.7"]);
        check(
            "pc.LOCAL",
            AAAA,
            0,
            &[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            &["pc.LOCAL has fe80::1 no more"],
        );
        check("7.2.0.192.in-addr.arpa", PTR, 120, &name("pc.local"), &["pc.local has 192.0.2.7"]);
        check("pc.example", A, 120, &[192, 0, 2, 7], &["pc.example has 192.0.2.7"]);
        check("7.2.0.192.in-addr.arpa", PTR, 120, &name("pc.example"), &["pc.example has 192.0.2.7"]);
    }

    #[test]
    fn a_query_announces_only_what_its_sender_is_about_to_take() {
        let known = record(&name("theirs.local"), A, 1, 120, &[192, 0, 2, 1]);
        let wanted = record(&name("ours.local"), A, 1, 120, &[192, 0, 2, 2]);
        let parts: [&[u8]; 3] = [&known, &wanted, &known];
        assert_eq!(told(&message(QUERY, [0, 1, 1, 1], &parts)), ["ours.local has 192.0.2.2"]);
        assert_eq!(told(&message(RESPONSE, [0, 1, 1, 1], &parts)).len(), 3);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(counts: [u8; 3], kinds in proptest::collection::vec(any::<u8>(), 0..200)) {
            let [answers, authorities, additional] = counts.map(u16::from);
            let bytes = message(RESPONSE, [0, answers, authorities, additional], &[&kinds]);
            if Message::read(&bytes).is_some() {
                let _ = told(&bytes);
            }
        }
    }
}

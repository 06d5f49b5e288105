//! Doors to what devices say of themselves: names, addresses, services.

use rebootping_core::packet::dns::Message;
use rebootping_core::packet::dns::data::Data;
use rebootping_core::packet::dns::name::Name;
use rebootping_core::packet::{dhcp4, dhcp6, dns, dnssd, netbios, ssdp};
use rebootping_core::untrusted::{LONGEST, Untrusted};

/// A message of DNS, mDNS or LLMNR, in a datagram or in TCP.
pub fn dns(data: &[u8]) {
    let told = names(data);
    assert!(told.len() <= 3 * 4096, "as many questions, and records with a name in their data");
    // A name leads only backwards, so what is cut off changes nothing before it.
    let cut = names(data.split_last().map_or(data, |(_, before)| before));
    assert_eq!(told.get(..cut.len()), Some(cut.as_slice()));
    for message in dns::of_tcp(data) {
        assert!(message.questions().all(|question| sound(&question.name)));
    }
}

/// Every name of a message in order, and all else asked of it.
fn names(data: &[u8]) -> Vec<Untrusted> {
    let Some(message) = Message::read(data) else { return Vec::new() };
    let mut names: Vec<Name<'_>> = message.questions().map(|question| question.name).collect();
    for record in message.records() {
        names.push(record.name);
        match record.data {
            Data::Cname(name) | Data::Ptr(name) => names.push(name),
            Data::Srv(srv) => names.push(srv.target),
            Data::Svcb(svcb) => {
                names.push(svcb.target);
                assert!(svcb.ipv4_hints().count() * 4 + svcb.ipv6_hints().count() * 16 <= record.bytes.len());
            }
            Data::Txt(txt) => assert!(txt.pairs().next().is_none_or(|(key, value)| txt.value(key) == value)),
            Data::A(_) | Data::Aaaa(_) | Data::Other => {}
        }
    }
    assert!(dnssd::announcements(&message).count() <= message.records().count());
    assert!(names.iter().all(sound));
    names.iter().map(Name::to_untrusted).collect()
}

/// A name keeps to its bounds, and is itself.
fn sound(name: &Name<'_>) -> bool {
    let labels: Vec<&[u8]> = name.labels().collect();
    let length: usize = labels.iter().map(|label| label.len() + 1).sum();
    let reversed = name.reverse_address();
    length < 255 && name.ends_with(&labels) && name.eq_ignore_case(name) && (reversed.is_none() || labels.len() > 5)
}

/// A message of the NetBIOS name or datagram service.
pub fn netbios(data: &[u8]) {
    if let Some(datagram) = netbios::Datagram::read(data) {
        assert!(bounded(&datagram.source.text()) && bounded(&datagram.destination.text()));
    }
    let Some(message) = netbios::Message::read(data) else { return };
    let mut names: Vec<netbios::Name> = message.names().collect();
    for claim in message.claims() {
        assert!(claim.addresses().count() * 6 <= data.len());
        names.push(claim.name);
    }
    if let Some(status) = message.status() {
        assert!(message.is_response && status.names().count() <= 255);
        names.extend(status.names().map(|(name, _)| name));
    }
    assert!(names.iter().all(|name| bounded(&name.text())));
}

/// 15 bytes, of which each may have become a replacement character.
fn bounded(name: &Untrusted) -> bool {
    name.raw().len() <= 15 * 3
}

/// A DHCPv4 message.
pub fn dhcp4(data: &[u8]) {
    let Some(message) = dhcp4::Message::read(data) else { return };
    let texts = [message.host_name(), message.fqdn(), message.domain_name(), message.vendor_class()];
    assert!(texts.iter().flatten().all(|text| !text.is_empty() && text.raw().len() <= LONGEST));
    let pieces = message.client_id().map_or(0, |id| id.len());
    assert!(pieces <= data.len() && message.parameters().is_none_or(|list| list.len() <= data.len() * 4));
    let _ = (message.kind(), message.requested_address(), message.server(), message.router(), message.lease_time());
}

/// A DHCPv6 message, as it is and as a relay would wrap it.
pub fn dhcp6(data: &[u8]) {
    let Some(message) = dhcp6::Message::read(data) else { return };
    assert!(message.leases().count() + message.prefixes().count() + message.requested().len() <= data.len());
    let Ok(length) = u16::try_from(data.len()) else { return };
    let relayed = [&[12, 0], [0; 32].as_slice(), &[0, 9], &length.to_be_bytes(), data].concat();
    let Some(unwrapped) = dhcp6::Message::read(&relayed) else { return };
    let said =
        |message: &dhcp6::Message<'_>| (message.kind, message.transaction, message.fqdn(), message.vendor_class());
    assert_eq!(said(&unwrapped), said(&message));
    let duids = |message: &dhcp6::Message<'_>| {
        [message.client(), message.server()].map(|duid| duid.and_then(|duid| duid.mac()))
    };
    assert_eq!(duids(&unwrapped), duids(&message));
}

/// A message of SSDP.
pub fn ssdp(data: &[u8]) {
    let Some(message) = ssdp::Message::read(data) else { return };
    let texts = [message.target(), message.unique_name(), message.server(), message.user_agent(), message.location()];
    assert!(texts.iter().flatten().all(|text| !text.is_empty() && !text.raw().contains('\n')));
    assert_eq!(message.header(b"usn"), message.header(b"USN"));
    assert!(!message.is_goodbye() || message.kind == ssdp::Kind::Notify);
}

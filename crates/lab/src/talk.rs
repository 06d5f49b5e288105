//! What devices say on a wire, as whole Ethernet frames: names and services in the words of eight protocols, any bytes in them.

use crate::flood::ip_checksum;
use std::net::Ipv4Addr;

/// Everybody on the wire.
pub const BROADCAST: [u8; 6] = [0xff; 6];
/// LLDP's neighbours (IEEE 802.1AB section 7.1).
const LLDP_GROUP: [u8; 6] = [0x01, 0x80, 0xc2, 0, 0, 0x0e];

/// The flag of TCP that opens a connection.
pub const SYN: u8 = 0x02;
/// Those of the server's consent.
pub const SYN_ACK: u8 = 0x12;
/// That of every later segment.
pub const ACK: u8 = 0x10;

/// Types of records (RFC 1035 section 3.2.2, RFC 6763 section 4).
const A: u16 = 1;
const PTR: u16 = 12;

/// One end of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    /// Its MAC, or that of the router before it.
    pub mac: [u8; 6],
    /// Its address.
    pub ip: Ipv4Addr,
    /// Its port.
    pub port: u16,
}

impl End {
    /// The same host at another port.
    #[must_use]
    pub fn at(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// A multicast group with its MAC (RFC 1112 section 6.4).
    pub fn group(ip: Ipv4Addr, port: u16) -> Self {
        let [_, a, b, c] = ip.octets();
        Self { mac: [0x01, 0x00, 0x5e, a & 0x7f, b, c], ip, port }
    }
}

/// A frame.
pub fn ethernet(from: [u8; 6], to: [u8; 6], ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&to[..], &from, &ethertype.to_be_bytes(), payload].concat()
}

/// A device says that an address is its own (RFC 826).
pub fn arp(device: &End) -> Vec<u8> {
    let begin = [0, 1, 8, 0, 6, 4, 0, 1];
    let ip = device.ip.octets();
    ethernet(device.mac, BROADCAST, 0x0806, &[&begin[..], &device.mac, &ip, &[0; 6], &ip].concat())
}

/// A UDP datagram.
pub fn udp(from: &End, to: &End, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 8).to_be_bytes();
    ip(from, to, 17, &[&from.port.to_be_bytes()[..], &to.port.to_be_bytes(), &length, &[0, 0], payload].concat())
}

/// A TCP segment.
pub fn tcp(from: &End, to: &End, flags: u8, [sequence, acknowledged]: [u32; 2], payload: &[u8]) -> Vec<u8> {
    let ports = [from.port.to_be_bytes(), to.port.to_be_bytes()].concat();
    let numbers = [sequence.to_be_bytes(), acknowledged.to_be_bytes()].concat();
    ip(from, to, 6, &[&ports[..], &numbers, &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0], payload].concat())
}

fn ip(from: &End, to: &End, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16 + 20).to_be_bytes();
    let mut header = [0; 20];
    header[..12].copy_from_slice(&[0x45, 0, high, low, 0, 0, 0x40, 0, 64, protocol, 0, 0]);
    header[12..16].copy_from_slice(&from.ip.octets());
    header[16..].copy_from_slice(&to.ip.octets());
    let sum = ip_checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    ethernet(from.mac, to.mac, 0x0800, &[&header[..], payload].concat())
}

/// A client asks for a lease with its name and its class (RFC 2132 sections 3.14, 9.13).
pub fn dhcp_request(mac: [u8; 6], host_name: &[u8], class: &[u8]) -> Vec<u8> {
    dhcp_request_with(mac, &[(12, host_name), (60, class)])
}

/// One of a client's interfaces asks for a lease with its name and the client's identifier (RFC 4361 section 6.1).
pub fn dhcp_request_of_client(mac: [u8; 6], host_name: &[u8], client: &[u8]) -> Vec<u8> {
    let identifier = [&[255][..], &mac[2..], client].concat();
    dhcp_request_with(mac, &[(12, host_name), (61, &identifier)])
}

fn dhcp_request_with(mac: [u8; 6], options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut message = vec![1, 1, 6, 0, 0, 0, 0, 1];
    message.resize(28, 0);
    message.extend(mac);
    message.resize(236, 0);
    message.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 3, 55, 4, 1, 3, 6, 15]);
    for &(option, value) in options {
        message.extend([option, value.len() as u8]);
        message.extend(value);
    }
    message.push(255);
    let nobody = Ipv4Addr::UNSPECIFIED;
    udp(&End { mac, ip: nobody, port: 68 }, &End { mac: BROADCAST, ip: Ipv4Addr::BROADCAST, port: 67 }, &message)
}

/// A DNS client's question for an address.
pub fn dns_question(id: u16, name: &[u8]) -> Vec<u8> {
    [&message_begin(id, 0x0100, 1, 0)[..], &labels(name), &A.to_be_bytes(), &[0, 1]].concat()
}

/// The answer to [`dns_question`].
pub fn dns_answer(id: u16, name: &[u8], ip: Ipv4Addr) -> Vec<u8> {
    let question = [&labels(name)[..], &A.to_be_bytes(), &[0, 1]].concat();
    [&message_begin(id, 0x8180, 1, 1)[..], &question, &record(&labels(name), A, &ip.octets())].concat()
}

/// An answer to what an address is called.
pub fn dns_pointer(ip: Ipv4Addr, name: &[u8]) -> Vec<u8> {
    let [a, b, c, d] = ip.octets();
    let reverse = labels(format!("{d}.{c}.{b}.{a}.in-addr.arpa").as_bytes());
    let question = [&reverse[..], &PTR.to_be_bytes(), &[0, 1]].concat();
    [&message_begin(1, 0x8180, 1, 1)[..], &question, &record(&reverse, PTR, &labels(name))].concat()
}

/// A host answers for its name by multicast: mDNS where the name ends in `local`, else LLMNR.
pub fn host_answer(name: &[u8], ip: Ipv4Addr) -> Vec<u8> {
    [&message_begin(0, 0x8400, 0, 1)[..], &record(&labels(name), A, &ip.octets())].concat()
}

/// A host announces a service `_ipp._tcp` that its user calls so.
pub fn announced(title: &[u8]) -> Vec<u8> {
    let kind = labels(b"_ipp._tcp.local");
    let title = &title[..title.len().min(63)];
    let instance = [&[title.len() as u8][..], title, &kind].concat();
    [&message_begin(0, 0x8400, 0, 1)[..], &record(&kind, PTR, &instance)].concat()
}

/// A host takes a NetBIOS name (RFC 1002 section 4.2.2); of the bytes 15 count.
pub fn netbios_registration(name: &[u8], ip: Ipv4Addr) -> Vec<u8> {
    let mut plain = name[..name.len().min(15)].to_vec();
    plain.resize(15, b' ');
    plain.push(0);
    let letters: Vec<u8> = plain.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]).collect();
    let encoded = [&[32][..], &letters, &[0]].concat();
    let question = [&encoded[..], &[0, 0x20, 0, 1]].concat();
    let resource = record(&encoded, 0x20, &[&[0, 0][..], &ip.octets()].concat());
    let mut message = message_begin(1, 0x2910, 1, 0);
    message[11] = 1;
    [message, question, resource].concat()
}

/// A device says by SSDP that it is there, on which software, with which service.
pub fn ssdp_notify(server: &[u8], target: &[u8]) -> Vec<u8> {
    let begin =
        b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\nLOCATION: http://10.0.0.1:80/\r\n";
    [&begin[..], b"SERVER: ", server, b"\r\nNT: ", target, b"\r\n\r\n"].concat()
}

/// A browser asks a host for a page.
pub fn http_request(host: &[u8], agent: &[u8]) -> Vec<u8> {
    [b"GET / HTTP/1.1\r\nHost: ", host, b"\r\nUser-Agent: ", agent, b"\r\n\r\n"].concat()
}

/// A server answers with a page of its software.
pub fn http_response(server: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nServer: ", server, b"\r\nContent-Length: 0\r\n\r\n"].concat()
}

/// A client begins TLS with a server's name (RFC 8446 section 4.1.2, RFC 6066 section 3).
pub fn tls_hello(name: &[u8]) -> Vec<u8> {
    let entry = [&[0][..], &long(name)].concat();
    let names = [&[0, 0][..], &long(&long(&entry))].concat();
    let versions = [0, 43, 0, 3, 2, 3, 4];
    let extensions = long(&[&names[..], &versions].concat());
    let suites = [0, 4, 0x13, 0x01, 0x13, 0x02];
    let body = [&[3, 3][..], &[7; 32], &[0], &suites, &[1, 0], &extensions].concat();
    let handshake = [&[1, 0][..], &long(&body)].concat();
    [&[22, 3, 1][..], &long(&handshake)].concat()
}

/// A switch says what it is called and what it is, to its neighbours.
pub fn lldp(mac: [u8; 6], name: &[u8], description: &[u8]) -> Vec<u8> {
    let field = |kind: u16, value: &[u8]| {
        let value = &value[..value.len().min(255)];
        [&(kind << 9 | value.len() as u16).to_be_bytes()[..], value].concat()
    };
    let chassis = field(1, &[&[4][..], &mac].concat());
    let rest = [field(2, b"\x05eth0"), field(3, &[0, 120]), field(5, name), field(6, description), field(0, &[])];
    ethernet(mac, LLDP_GROUP, 0x88cc, &[chassis, rest.concat()].concat())
}

/// Bytes behind their length in two bytes.
fn long(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

fn message_begin(id: u16, flags: u16, questions: u16, answers: u16) -> Vec<u8> {
    [id, flags, questions, answers, 0, 0].map(u16::to_be_bytes).concat()
}

fn record(name: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    [name, &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 120], &long(data)].concat()
}

/// A name as labels: dots part them, and what is longer than 63 bytes is parted too.
fn labels(name: &[u8]) -> Vec<u8> {
    let mut labels = Vec::new();
    for label in name.split(|&byte| byte == b'.').flat_map(|label| label.chunks(63)) {
        labels.push(label.len() as u8);
        labels.extend(label);
    }
    // The longest name there may be (RFC 1035 section 2.3.4), cut between labels.
    let mut end = 0;
    while let Some(&length) = labels.get(end).filter(|&&length| end + usize::from(length) + 2 <= 255) {
        end += usize::from(length) + 1;
    }
    labels.truncate(end);
    labels.push(0);
    labels
}

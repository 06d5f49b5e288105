//! A capture of a crowded network, made up from a seed: thousands of devices that browse, look up names and announce themselves.
//!
//! Flows run beside each other, a few hundred at a time. Each is TCP with TLS or HTTP, or QUIC, some after a DNS question and its
//! answer, or an exchange with another device; sizes of its packets are those of the "Internet mix".

use crate::flood::IMIX;
use crate::random::Random;
use crate::talk::{self, ACK, End, SYN, SYN_ACK};
use std::io::{self, Write};
use std::net::Ipv4Addr;

/// The router before the Internet.
const ROUTER: [u8; 6] = [0x00, 0x1b, 0x21, 0xff, 0xff, 0xfe];
/// Flows at a time.
const AT_A_TIME: usize = 400;
/// Servers in the Internet.
const SITES: u64 = 2_000;
/// Of flows in percent: how many are QUIC, HTTP without TLS, or stay in the network; the rest is TLS.
const QUIC: f64 = 12.0;
const HTTP: f64 = 15.0;
const INSIDE: f64 = 8.0;
/// How often a server's name is looked up before, in percent: clients keep an answer for a while.
const LOOKS_UP: f64 = 35.0;
/// How often a device that begins a flow announces itself by mDNS, in percent.
const ANNOUNCES: f64 = 4.0;
/// A flow has so many packets of data at most.
const MOST_DATA: u64 = 30;
/// When it begins: 2026-11-22 10:00 UTC, in microseconds of Unix time.
const BEGINS: u64 = 1_795_341_600_000_000;
/// Microseconds between two packets, on average.
const PACE: u64 = 1_000;
/// TCP's flag that ends a side of a connection, with an acknowledgement.
const FIN_ACK: u8 = 0x11;
/// A client's first QUIC packet: an Initial of version 1 with a whole ClientHello.
const INITIAL: &[u8] = include_bytes!("../../../fuzz/seeds/quic/version_1");

/// What a capture holds, counted in packets but for flows and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// All packets.
    pub packets: u64,
    /// Bytes of frames.
    pub bytes: u64,
    /// Flows of TCP and UDP that were begun, announcements not counted.
    pub flows: u64,
    /// Packets of TCP handshakes.
    pub handshakes: u64,
    /// First packets of QUIC.
    pub quic: u64,
    /// DNS questions and answers.
    pub dns: u64,
    /// DHCP requests.
    pub dhcp: u64,
    /// Announcements by mDNS.
    pub mdns: u64,
}

/// A crowd of so many devices.
#[derive(Debug)]
pub struct Crowd {
    random: Random,
    devices: u32,
    /// Devices that have not said who they are yet: those from here on.
    shy: u32,
    running: Vec<Vec<Vec<u8>>>,
    census: Census,
}

impl Crowd {
    /// The same for the same seed; at most 60,000 devices.
    pub fn new(seed: u64, devices: u32) -> Self {
        assert!((2..=60_000).contains(&devices), "a crowd of {devices} has no addresses");
        Self { random: Random::seeded(seed), devices, shy: 0, running: Vec::new(), census: Census::default() }
    }

    /// Writes a pcap file of at least so many bytes, and all devices in it.
    pub fn write(mut self, out: &mut impl Write, bytes: u64) -> io::Result<Census> {
        // Microseconds, version 2.4, snap length 262,144, Ethernet.
        let words = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1].map(u32::to_le_bytes);
        out.write_all(&words.concat())?;
        let mut at = BEGINS;
        let mut written = 24;
        while written < bytes || self.shy < self.devices {
            let mut frame = self.next();
            frame.resize(frame.len().max(60), 0);
            let length = frame.len() as u32;
            let record = [(at / 1_000_000) as u32, (at % 1_000_000) as u32, length, length].map(u32::to_le_bytes);
            out.write_all(&record.concat())?;
            out.write_all(&frame)?;
            self.census.packets += 1;
            self.census.bytes += u64::from(length);
            written += 16 + u64::from(length);
            at += 1 + self.random.below(2 * PACE);
        }
        Ok(self.census)
    }

    /// The name a device of a crowd tells its DHCP server.
    pub fn name(device: u32) -> String {
        format!("device-{device}")
    }

    /// The MAC of a device of a crowd.
    pub fn mac(device: u32) -> [u8; 6] {
        let [_, a, b, c] = device.to_be_bytes();
        [0x00, 0x1b, 0x21, a, b, c]
    }

    /// The next packet of some flow.
    fn next(&mut self) -> Vec<u8> {
        while self.running.len() < AT_A_TIME {
            let packets = self.begin();
            self.running.push(packets.into_iter().rev().collect());
        }
        let at = self.random.below(self.running.len() as u64) as usize;
        let frame = self.running[at].pop().unwrap_or_default();
        if self.running[at].is_empty() {
            self.running.swap_remove(at);
        }
        frame
    }

    /// All packets of a new flow, or those with which a device says who it is.
    fn begin(&mut self) -> Vec<Vec<u8>> {
        if self.shy < self.devices && self.random.percent(20.0) {
            self.shy += 1;
            return self.introduce(self.shy - 1);
        }
        let device = self.random.below(u64::from(self.devices)) as u32;
        let client = end(device, 32_768 + self.random.below(28_000) as u16);
        let mut packets = Vec::new();
        if self.random.percent(ANNOUNCES) {
            packets.push(self.announce(device));
        }
        self.census.flows += 1;
        if self.random.percent(INSIDE) {
            let server = end(self.random.below(u64::from(self.devices)) as u32, 22);
            let hello = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
            self.converse(&mut packets, &client, &server, hello, hello);
        } else {
            let site = self.random.below(SITES);
            let name = format!("www{}.site{site}.example.com", site % 7);
            let ip = Ipv4Addr::from(0xc633_0000 + site as u32);
            if self.random.percent(LOOKS_UP) {
                self.look_up(&mut packets, &client, name.as_bytes(), ip);
            }
            self.visit(&mut packets, &client, name.as_bytes(), ip);
        }
        packets
    }

    fn introduce(&mut self, device: u32) -> Vec<Vec<u8>> {
        self.census.dhcp += 1;
        let name = Self::name(device);
        let request = talk::dhcp_request(Self::mac(device), name.as_bytes(), b"android-dhcp-14");
        vec![request, talk::arp(&end(device, 0)), self.announce(device)]
    }

    fn announce(&mut self, device: u32) -> Vec<u8> {
        self.census.mdns += 1;
        let end = end(device, 5353);
        let message = talk::host_answer(format!("{}.local", Self::name(device)).as_bytes(), end.ip);
        talk::udp(&end, &End::group(Ipv4Addr::new(224, 0, 0, 251), 5353), &message)
    }

    fn look_up(&mut self, packets: &mut Vec<Vec<u8>>, client: &End, name: &[u8], ip: Ipv4Addr) {
        self.census.dns += 2;
        self.census.flows += 1;
        let resolver = End { mac: ROUTER, ip: Ipv4Addr::new(10, 0, 255, 254), port: 53 };
        let id = client.port;
        packets.push(talk::udp(client, &resolver, &talk::dns_question(id, name)));
        packets.push(talk::udp(&resolver, client, &talk::dns_answer(id, name, ip)));
    }

    fn visit(&mut self, packets: &mut Vec<Vec<u8>>, client: &End, name: &[u8], ip: Ipv4Addr) {
        let site = End { mac: ROUTER, ip, port: 443 };
        if self.random.percent(QUIC) {
            self.census.quic += 1;
            packets.push(talk::udp(client, &site, INITIAL));
            for _ in 0..self.random.below(MOST_DATA) {
                let (from, to) = if self.random.percent(60.0) { (&site, client) } else { (client, &site) };
                packets.push(talk::udp(from, to, &self.data(42, 0x40)));
            }
        } else if self.random.percent(HTTP) {
            let request =
                talk::http_request(name, b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
            self.converse(packets, client, &site.at(80), &request, &talk::http_response(b"nginx/1.26.0"));
        } else {
            self.converse(packets, client, &site, &talk::tls_hello(name), &[22, 3, 3, 0, 90]);
        }
    }

    /// A TCP connection: handshake, the first words of both, data, end.
    fn converse(&mut self, packets: &mut Vec<Vec<u8>>, client: &End, server: &End, hello: &[u8], answer: &[u8]) {
        self.census.handshakes += 3;
        packets.push(talk::tcp(client, server, SYN, [1, 0], &[]));
        packets.push(talk::tcp(server, client, SYN_ACK, [1, 2], &[]));
        packets.push(talk::tcp(client, server, ACK, [2, 2], &[]));
        let mut numbers = [2_u32; 2];
        let mut say = |side: usize, flags: u8, payload: &[u8]| {
            let (from, to) = if side == 0 { (client, server) } else { (server, client) };
            packets.push(talk::tcp(from, to, flags, [numbers[side], numbers[1 - side]], payload));
            numbers[side] += payload.len() as u32;
        };
        say(0, ACK, hello);
        say(1, ACK, answer);
        for _ in 0..self.random.below(MOST_DATA) {
            let side = usize::from(self.random.percent(70.0));
            say(side, ACK, &self.data(54, 0x17));
        }
        say(0, FIN_ACK, &[]);
        say(1, FIN_ACK, &[]);
    }

    /// Bytes of a packet with so many of headers.
    fn data(&mut self, headers: usize, first: u8) -> Vec<u8> {
        let all: u64 = IMIX.iter().map(|(share, _)| *share as u64).sum();
        let mut place = self.random.below(all);
        let size = IMIX.iter().find(|(share, _)| {
            let is_here = place < *share as u64;
            place = place.saturating_sub(*share as u64);
            is_here
        });
        let length = size.map_or(60, |(_, length)| *length) - headers;
        let mut data = vec![0x5a; length];
        data[0] = first;
        data
    }
}

fn end(device: u32, port: u16) -> End {
    End { mac: Crowd::mac(device), ip: Ipv4Addr::from(0x0a00_0001 + device), port }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(seed: u64, bytes: u64) -> (Vec<u8>, Census) {
        let mut file = Vec::new();
        let census = Crowd::new(seed, 100).write(&mut file, bytes).expect("memory takes all");
        (file, census)
    }

    #[test]
    fn a_crowd_does_everything_and_is_the_same_for_its_seed() {
        let (file, census) = written(1, 5_000_000);
        assert_eq!(file.len() as u64, 24 + census.bytes + 16 * census.packets);
        assert!(census.bytes / census.packets <= 400, "{census:?}");
        assert!(census.handshakes * 100 >= census.packets * 3, "{census:?}");
        assert!(census.quic > 0 && census.dns > 0 && census.mdns > 0, "{census:?}");
        assert_eq!(census.dhcp, 100);
        assert!(census.flows * 5_000 >= file.len() as u64, "a gigabyte has 200,000 flows: {census:?}");
        assert_eq!((file, census), written(1, 5_000_000));
        assert_ne!(census, written(2, 5_000_000).1);
    }
}

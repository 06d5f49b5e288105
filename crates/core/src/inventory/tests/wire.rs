//! Frames as devices send them, and an inventory that sees them on a wire.

use super::super::events::What;
use super::super::interfaces::{Interface, Leads};
use super::super::report::{Report, ReportedDevice};
use super::super::{Inventory, Output, Settings, Vendors};
use crate::packet::frame::{Direction, InterfaceId, LinkType, Packet, Seen};
use crate::packet::neighbour::Mac;
use crate::time::Time;
use core::time::Duration;
use std::vec::Vec;

pub(super) const LAN: InterfaceId = InterfaceId(1);
pub(super) const WAN: InterfaceId = InterfaceId(2);
pub(super) const OURS: Mac = [0x02, 0, 0, 0, 0, 0xfe];
pub(super) const A: Mac = [0x00, 0x1b, 0x21, 0, 0, 0xa];
pub(super) const B: Mac = [0x00, 0x1b, 0x21, 0, 0, 0xb];
pub(super) const C: Mac = [0x00, 0x1b, 0x21, 0, 0, 0xc];
pub(super) const SYN: u8 = 0x02;
pub(super) const SYN_ACK: u8 = 0x12;
pub(super) const ACK: u8 = 0x10;
pub(super) const RST_ACK: u8 = 0x14;

/// One end of a conversation: its MAC, its IPv4 address, its port.
pub(super) type End = (Mac, [u8; 4], u16);

/// An inventory, and what time it is.
pub(super) struct Wire {
    pub(super) inventory: Inventory,
    pub(super) now: Time,
    pub(super) interface: InterfaceId,
    pub(super) hop_limit: u8,
    /// So much of a frame is captured.
    pub(super) snap_length: usize,
}

impl Wire {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            inventory: Inventory::new(settings, Vendors::default(), 7),
            now: at(0),
            interface: LAN,
            hop_limit: 64,
            snap_length: 9000,
        }
    }

    /// A gateway with a LAN and an Internet link, after its baseline.
    pub(super) fn live() -> Self {
        let mut wire = Self::new(Settings { baseline: Duration::ZERO, ..Settings::live() });
        wire.set_interfaces();
        wire
    }

    /// A LAN and an Internet link.
    pub(super) fn set_interfaces(&mut self) {
        let interface =
            |id, name: &str, leads| Interface { id, name: name.into(), mac: Some(OURS), leads, has_devices: true };
        self.inventory
            .set_interfaces(&[interface(LAN, "lan0", Leads::ToDevices), interface(WAN, "wan1", Leads::ToInternet)]);
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.inventory.handle_wake(self.now);
    }

    pub(super) fn see(&mut self, whole: &[u8]) {
        let frame = whole.get(..self.snap_length).unwrap_or(whole);
        let seen = Seen {
            at: self.now,
            interface: self.interface,
            direction: Direction::Overheard,
            link: LinkType::Ethernet,
            frame,
            original: whole.len() as u32,
        };
        self.inventory.handle_frame(&seen, &Packet::read(LinkType::Ethernet, frame));
    }

    pub(super) fn arp(&mut self, mac: Mac, ip: [u8; 4]) {
        self.arp_from(mac, mac, ip);
    }

    /// A frame of one MAC says that an address is another's.
    pub(super) fn arp_from(&mut self, sender: Mac, mac: Mac, ip: [u8; 4]) {
        let mut frame = [&[0xff; 6], &sender[..], &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]].concat();
        frame.extend([&mac[..], &ip, &[0; 6], &[10, 0, 0, 1]].concat());
        self.see(&frame);
    }

    pub(super) fn tcp(&mut self, from: End, to: End, flags: u8, payload: &[u8]) {
        self.segment(from, to, flags, if flags & SYN == 0 { 2 } else { 1 }, payload);
    }

    /// A TCP segment; one without SYN begins with the byte of this sequence number.
    pub(super) fn segment(&mut self, from: End, to: End, flags: u8, sequence: u32, payload: &[u8]) {
        self.numbered(from, to, flags, [sequence, 2], payload);
    }

    /// A server accepts a connection of which this is the client's next byte.
    pub(super) fn accept(&mut self, server: End, client: End, acknowledgement: u32) {
        self.numbered(server, client, SYN_ACK, [1, acknowledgement], &[]);
    }

    fn numbered(&mut self, from: End, to: End, flags: u8, [sequence, acknowledgement]: [u32; 2], payload: &[u8]) {
        let mut segment = [from.2.to_be_bytes(), to.2.to_be_bytes()].concat();
        segment.extend([sequence.to_be_bytes(), acknowledgement.to_be_bytes()].concat());
        segment.extend([0x50, flags, 1, 0, 0, 0, 0, 0]);
        segment.extend(payload);
        self.ip(from, to, 6, &segment);
    }

    pub(super) fn udp(&mut self, from: End, to: End, payload: &[u8]) {
        let length = (payload.len() as u16).saturating_add(8).to_be_bytes();
        let datagram = [&from.2.to_be_bytes()[..], &to.2.to_be_bytes(), &length, &[0, 0], payload].concat();
        self.ip(from, to, 17, &datagram);
    }

    fn ip(&mut self, from: End, to: End, protocol: u8, payload: &[u8]) {
        let length = (payload.len() as u16).saturating_add(20).to_be_bytes();
        let mut frame = [&to.0[..], &from.0, &[8, 0, 0x45, 0], &length, &[0, 0, 0, 0]].concat();
        frame.extend([self.hop_limit, protocol, 0, 0]);
        frame.extend([&from.1[..], &to.1, payload].concat());
        self.see(&frame);
    }

    /// A client connects to a server.
    pub(super) fn connect(&mut self, client: End, server: End) {
        self.tcp(client, server, SYN, &[]);
        self.tcp(server, client, SYN_ACK, &[]);
        self.tcp(client, server, ACK, &[]);
    }

    /// A client tells its DHCP server its name, with a client identifier.
    pub(super) fn ask_for_lease(&mut self, mac: Mac, name: &str, id: &[u8]) {
        let options: [(u8, &[u8]); 5] =
            [(12, name.as_bytes()), (61, id), (55, &[1, 3, 6]), (60, b"udhcp"), (50, &[10, 0, 0, 10])];
        self.discover(mac, &options);
    }

    /// A client looks for a DHCP server, with these options.
    pub(super) fn discover(&mut self, mac: Mac, options: &[(u8, &[u8])]) {
        let message = dhcp(1, mac, [0; 4], &[&[(53, &[1][..])], options].concat());
        self.udp((mac, [0; 4], 68), ([0xff; 6], [255; 4], 67), &message);
    }

    /// A DHCP server confirms an address.
    pub(super) fn give_lease(&mut self, server: End, mac: Mac, ip: [u8; 4]) {
        let message = dhcp(2, mac, ip, &[(53, &[5]), (54, &server.1)]);
        self.udp(server, (mac, ip, 68), &message);
    }

    pub(super) fn report(&mut self) -> Report<u64> {
        self.inventory.report(self.now, &Time::as_nanos)
    }

    #[track_caller]
    pub(super) fn device(&mut self, mac: Mac) -> ReportedDevice<u64> {
        self.report().devices.into_iter().find(|device| device.mac.0 == mac).expect("it is listed")
    }

    /// What happened since the last time it was asked: to whom, and what.
    pub(super) fn events(&mut self) -> Vec<(Mac, What)> {
        let mut events = Vec::new();
        while let Some(output) = self.inventory.poll_output() {
            match output {
                Output::Event(event) => events.push((event.mac.0, event.what)),
                Output::Minute(..) | Output::Names { .. } => {}
            }
        }
        events
    }

    /// The open ports of a device: address, number, proof.
    pub(super) fn open(&mut self, mac: Mac) -> Vec<std::string::String> {
        let device = self.device(mac);
        let ports = device.tcp_open.iter().chain(&device.udp_open);
        ports.map(|port| std::format!("{} {} {:?}", port.ip, port.port, port.evidence)).collect()
    }
}

fn dhcp(operation: u8, mac: Mac, yours: [u8; 4], options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut message = std::vec![0; 236];
    message[0] = operation;
    (message[1], message[2]) = (1, 6);
    message[16..20].copy_from_slice(&yours);
    message[28..34].copy_from_slice(&mac);
    message.extend([99, 130, 83, 99]);
    for (code, value) in options {
        message.extend([*code, value.len() as u8]);
        message.extend(*value);
    }
    message.push(255);
    message
}

/// That many seconds after a day of ours.
pub(super) fn at(seconds: u64) -> Time {
    Time::from_nanos(1_790_000_000_000_000_000) + Duration::from_secs(seconds)
}

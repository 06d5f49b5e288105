//! A gateway in miniature to hand frames to: what it keeps lies in files by owner, as the program would write them.

mod amount;
mod model;
mod owners;
mod proofs;

use super::*;
use crate::packet::neighbour::BROADCAST;
use std::collections::BTreeMap;
use std::string::ToString;
use std::vec::Vec;

const GATEWAY: Mac = [2, 0, 0, 0, 0, 0xfe];
const LAN: InterfaceId = InterfaceId(3);
const WAN: InterfaceId = InterfaceId(7);
const SECOND: u64 = 1_000_000_000;

/// A keep, and what its program did.
struct House {
    keep: Keep,
    now: u64,
    owners: BTreeMap<OwnerId, Owner>,
    files: BTreeMap<Owner, Vec<Vec<u8>>>,
}

impl House {
    fn new(flow_cutoff: Option<u64>) -> Self {
        let keep = Keep::new(Settings { flow_cutoff }, 42);
        let mut house = Self { keep, now: 1_795_000_000 * SECOND, owners: BTreeMap::new(), files: BTreeMap::new() };
        house.list(&[interface(LAN, "lan0"), interface(WAN, "wan0")]);
        house
    }

    fn time(&self) -> Time {
        Time::from_nanos(self.now)
    }

    fn list(&mut self, interfaces: &[Interface]) {
        self.keep.set_interfaces(interfaces, self.time());
        self.settle();
    }

    fn reachable(&mut self, mac: Mac) {
        self.keep.handle_reachable(mac, self.time());
        self.settle();
    }

    fn named(&mut self, mac: Mac, mode: Option<Mode>) {
        self.keep.handle_named(mac, mode, self.time());
        self.settle();
    }

    /// Hands a frame in, and gives what was kept of it.
    fn pass(&mut self, interface: InterfaceId, direction: Direction, frame: &[u8]) -> Vec<(Owner, u32)> {
        self.now += 1000;
        let original = frame.len() as u32;
        let seen = Seen { at: self.time(), interface, direction, link: LinkType::Ethernet, frame, original };
        self.pass_seen(&seen)
    }

    fn pass_seen(&mut self, seen: &Seen<'_>) -> Vec<(Owner, u32)> {
        let keeping = self.keep.handle_frame(seen, &Packet::read(seen.link, seen.frame));
        self.settle();
        let mut kept = Vec::new();
        for share in keeping.into_iter().flatten() {
            let owner = self.owners[&share.owner];
            assert!(share.snap > 0 && share.snap as usize <= seen.frame.len());
            self.files.entry(owner).or_default().push(seen.frame[..share.snap as usize].to_vec());
            kept.push((owner, share.snap));
        }
        kept
    }

    fn settle(&mut self) {
        while let Some(output) = self.keep.poll_output() {
            match output {
                Output::Opened { id, owner } => assert_eq!(self.owners.insert(id, owner), None, "{id:?} is in use"),
                Output::Closed { id, owner } => assert_eq!(self.owners.remove(&id), Some(owner)),
                Output::Replay { id, seen } => {
                    self.files.entry(self.owners[&id]).or_default().push(seen.frame.to_vec());
                }
            }
        }
    }

    fn is_proven(&self, mac: Mac) -> bool {
        self.owners.values().any(|owner| *owner == Owner::Mac(mac))
    }

    fn file(&self, owner: Owner) -> &[Vec<u8>] {
        self.files.get(&owner).map_or(&[], Vec::as_slice)
    }
}

fn interface(id: InterfaceId, name: &str) -> Interface {
    let mac = [GATEWAY[0], 0, 0, 0, 0, GATEWAY[5] - (id.0 - LAN.0) as u8];
    Interface { id, name: name.to_string(), mac: Some(mac), bridge: None, mode: Mode::Full, vlans: BTreeMap::new() }
}

/// The MAC of a device.
fn device(number: u32) -> Mac {
    let [_, b, c, d] = number.to_be_bytes();
    [2, 0, 1, b, c, d]
}

/// An Ethernet frame around some payload.
fn ether(from: Mac, to: Mac, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&to[..], &from[..], &ethertype.to_be_bytes(), payload].concat()
}

/// An IPv4 packet from 10.0.0.1 to 10.0.0.2, or to other last bytes.
fn ipv4(protocol: u8, [source, destination]: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16 + 20).to_be_bytes();
    let header = [0x45, 0, high, low, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, source, 10, 0, 0, destination];
    [&header, payload].concat()
}

fn udp([source, destination]: [u16; 2], payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16 + 8).to_be_bytes();
    [&source.to_be_bytes()[..], &destination.to_be_bytes(), &[high, low, 0, 0], payload].concat()
}

fn tcp([source, destination]: [u16; 2], flags: u8, payload: &[u8]) -> Vec<u8> {
    let rest = [0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0];
    [&source.to_be_bytes()[..], &destination.to_be_bytes(), &rest, payload].concat()
}

/// A frame that says nothing but who sends it to whom.
fn bare(from: Mac, to: Mac) -> Vec<u8> {
    ether(from, to, 0x88b5, b"a word")
}

#[test]
fn nothing_is_allocated_without_bound_and_no_invented_mac_is_proven() {
    let mut house = House::new(Some(64_000));
    house.reachable(device(1));
    for number in 0..100_000_u32 {
        let stranger = device(number.wrapping_mul(2_654_435_761) | 0x80_0000);
        house.pass(LAN, Direction::Received, &bare(stranger, if number % 2 == 0 { GATEWAY } else { device(1) }));
    }
    let counts = house.keep.counts();
    assert_eq!((counts.proven, counts.unproven.frames), (1, 100_000));
    assert_eq!(counts.candidates, 16_384, "the table is full and no larger");
    assert_eq!(house.file(Owner::Mac(device(1))).len(), 50_000, "the device known lost nothing");
}

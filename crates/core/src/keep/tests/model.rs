//! The rules told a second time, as slowly and plainly as possible, against the machine; and bytes of any kind.

use super::*;
use crate::packet::frame::Transport;
use proptest::prelude::*;
use std::net::IpAddr;

const CUTOFF: u64 = 3000;
const MACS: [Mac; 6] = [GATEWAY, [2, 0, 1, 0, 0, 1], [2, 0, 1, 0, 0, 2], BROADCAST, [0; 6], [1, 0, 0x5e, 0, 0, 1]];

/// Everything a flow is told by.
type Flow = (InterfaceId, bool, Option<u16>, IpAddr, IpAddr, u8, u16, u16);

#[derive(Default)]
struct Model {
    flows: BTreeMap<Flow, (u64, u64)>,
}

impl Model {
    fn keep(&mut self, seen: &Seen<'_>, packet: &Packet) -> Vec<(Owner, u32)> {
        let ether = packet.ether.unwrap();
        let is_unicast = |mac: Mac| mac != [0; 6] && mac[0] % 2 == 0;
        let mut owners: Vec<Owner> = Vec::new();
        for mac in [ether.source, ether.destination] {
            if is_unicast(mac) && mac != GATEWAY && !owners.contains(&Owner::Mac(mac)) {
                owners.push(Owner::Mac(mac));
            }
        }
        if owners.is_empty() && ether.source == GATEWAY {
            owners.push(Owner::Interface(seen.interface));
        }
        let snap = if owners.is_empty() { 0 } else { self.snap(seen, packet) };
        owners.into_iter().map(|owner| (owner, snap)).collect()
    }

    fn snap(&mut self, seen: &Seen<'_>, packet: &Packet) -> u32 {
        let whole = seen.frame.len() as u32;
        let Some(ip) = packet.ip else { return whole };
        let (source, destination, flags) = match packet.transport {
            Transport::Tcp { source, destination, flags, .. } => (source, destination, flags),
            Transport::Udp { source, destination } => (source, destination, 0),
            Transport::Icmp { .. } | Transport::Other => (0, 0, 0),
        };
        let idle = match ip.protocol {
            6 if !ip.is_later_fragment => 600,
            6 | 17 => 120,
            _ => return whole,
        };
        let is_sent = seen.direction == Direction::Sent;
        let flow = (seen.interface, is_sent, packet.vlan, ip.source, ip.destination, ip.protocol, source, destination);
        let now = seen.at.as_nanos() >> 30;
        let (mut bytes, last) = self.flows.get(&flow).copied().unwrap_or((0, now));
        if flags & 2 != 0 || now - last > (idle * SECOND) >> 30 {
            bytes = 0;
        }
        let carried = packet.payload.len() as u64;
        self.flows.insert(flow, (bytes + carried, now));
        let kept = carried.min(CUTOFF.saturating_sub(bytes));
        if kept == carried { whole } else { packet.payload.start as u32 + kept as u32 }
    }
}

#[derive(Clone, Debug)]
struct Step {
    wait: u64,
    on: InterfaceId,
    direction: Direction,
    frame: Vec<u8>,
}

fn step() -> impl Strategy<Value = Step> {
    let wait = prop_oneof![8 => 0..SECOND, 1 => 100 * SECOND..700 * SECOND];
    let macs = (0..MACS.len(), 0..MACS.len());
    let way = (any::<bool>(), 0..3_u8, any::<bool>());
    let packet = (prop_oneof![Just(6_u8), Just(17), Just(1)], 0..2_u16, 0..1400_usize, 0..8_u8, 1..3_u8);
    (wait, macs, way, packet).prop_map(|(wait, (from, to), (lan, direction, tagged), packet)| {
        let (protocol, port, length, kind, last) = packet;
        let payload = std::vec![7; length];
        let inner = match protocol {
            6 => tcp([port, 80], if kind == 0 { 2 } else { 16 }, &payload),
            17 => udp([port, 80], &payload),
            _ => payload,
        };
        let mut packet = ipv4(protocol, [last, 3], &inner);
        // One in eight is a later fragment.
        packet[7] = u8::from(kind == 1) * 9;
        let frame = if tagged {
            ether(MACS[from], MACS[to], 0x8100, &[&[0, 5, 8, 0], &packet[..]].concat())
        } else {
            ether(MACS[from], MACS[to], 0x0800, &packet)
        };
        let direction = [Direction::Received, Direction::Overheard, Direction::Sent][usize::from(direction)];
        Step { wait, on: if lan { LAN } else { WAN }, direction, frame }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_machine_keeps_what_the_plain_rules_say(steps in proptest::collection::vec(step(), 1..200)) {
        let mut house = House::new(Some(CUTOFF));
        house.list(&[interface(LAN, "lan0"), Interface { mac: None, ..interface(WAN, "wan0") }]);
        house.now += 3 * SECOND;
        house.keep.handle_wake(house.time());
        house.reachable(MACS[1]);
        house.reachable(MACS[2]);
        let mut model = Model::default();
        for Step { wait, on, direction, frame } in steps {
            house.now += wait;
            let original = frame.len() as u32;
            let seen = Seen { at: house.time(), interface: on, direction, link: LinkType::Ethernet, frame: &frame, original };
            let expected = model.keep(&seen, &Packet::read(seen.link, &frame));
            prop_assert_eq!(house.pass_seen(&seen), expected);
        }
    }

    #[test]
    fn no_bytes_panic(
        frames in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..100), 0..4_u8, any::<u64>(), 0..5_u8), 1..50),
        cutoff: Option<u64>,
    ) {
        let mut house = House::new(cutoff);
        house.list(&[Interface { bridge: Some(InterfaceId(1)), ..interface(LAN, "lan0") }]);
        for (mut frame, shape, at, link) in frames {
            // Most bytes are nothing at all: three in four begin as something, to an IPv4 or IPv6 header.
            let start: &[u8] = match shape {
                0 => &[],
                1 => &[2, 0, 0, 0, 0, 0xfe, 2, 0, 0, 0, 0, 1, 8, 0, 0x45],
                2 => &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60],
                _ => &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 3, 0x81, 0, 0, 1, 0x86, 0xdd, 0x60],
            };
            frame.splice(0..0, start.iter().copied());
            let links = [LinkType::Ethernet, LinkType::Ip, LinkType::Cooked, LinkType::Cooked2, LinkType::Null];
            let seen = Seen {
                at: Time::from_nanos(at),
                interface: LAN,
                direction: if at % 3 == 0 { Direction::Sent } else { Direction::Received },
                link: links[usize::from(link)],
                frame: &frame,
                original: (at >> 32) as u32,
            };
            let packet = Packet::read(seen.link, &frame);
            prop_assert!(packet.network.start <= packet.network.end && packet.network.end <= frame.len());
            prop_assert!(packet.payload.start <= packet.payload.end && packet.payload.end <= frame.len());
            house.pass_seen(&seen);
        }
    }
}

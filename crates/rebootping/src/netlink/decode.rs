//! Reads the kernel's messages from bytes: unknown attributes are skipped, short ones counted, nothing can fail.

use super::message::{
    Address, AddressFlags, Below, Hop, Link, Message, Neighbour, NeighbourState, OperState, Route, RouteKind, Rule,
    Stats,
};
use super::uapi::{
    ARPHRD_NONE, ARPHRD_PPP, ARPHRD_RAWIP, FRA_FWMARK, FRA_FWMASK, FRA_IIFNAME, FRA_OIFNAME, FRA_PRIORITY, FRA_SRC,
    FRA_TABLE, IFA_ADDRESS, IFA_FLAGS, IFA_LOCAL, IFF_LOWER_UP, IFF_NOARP, IFF_POINTOPOINT, IFF_UP, IFLA_ADDRESS,
    IFLA_CARRIER, IFLA_IFNAME, IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_LINK, IFLA_LINK_NETNSID, IFLA_LINKINFO,
    IFLA_MASTER, IFLA_MTU, IFLA_OPERSTATE, IFLA_STATS64, IFLA_VLAN_ID, IFLA_WIRELESS, NDA_DST, NDA_LLADDR,
    NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, NTF_ROUTER, RTA_DST, RTA_GATEWAY, RTA_MULTIPATH, RTA_OIF, RTA_PREFSRC,
    RTA_PRIORITY, RTA_TABLE, RTA_VIA, RTM_DELADDR, RTM_DELLINK, RTM_DELNEIGH, RTM_DELROUTE, RTM_DELRULE, RTM_F_CLONED,
    RTM_NEWADDR, RTM_NEWLINK, RTM_NEWNEIGH, RTM_NEWROUTE, RTM_NEWRULE, RTN_BLACKHOLE, RTN_PROHIBIT, RTN_UNICAST,
    RTN_UNREACHABLE, RTNH_F_DEAD, RTNH_F_LINKDOWN, family_of,
};
use super::wire::{Attribute, Attributes, Frame, Frames, after, array_at, count, ip_of, u16_at, u32_at};
use std::cell::Cell;
use std::net::IpAddr;

/// The messages of one datagram, in order; `damaged` counts what was too short to be read.
pub(crate) fn parse<'a>(datagram: &'a [u8], damaged: &'a Cell<u64>) -> impl Iterator<Item = Message> + 'a {
    Frames::new(datagram, damaged).flat_map(|frame| {
        let interrupted = frame.flags & NLM_F_DUMP_INTR != 0;
        interrupted.then_some(Message::Overrun).into_iter().chain([message(&frame, damaged)])
    })
}

fn message(frame: &Frame<'_>, damaged: &Cell<u64>) -> Message {
    let kind = frame.kind;
    let body = frame.body;
    match kind {
        NLMSG_DONE => Some(failure(frame).unwrap_or(Message::Done)),
        NLMSG_ERROR => error(frame),
        RTM_NEWLINK => link(body, damaged).map(Message::Link),
        RTM_DELLINK => link(body, damaged).map(|link| Message::LinkGone(link.index)),
        RTM_NEWADDR => address(body, damaged).map(Message::Address),
        RTM_DELADDR => address(body, damaged).map(Message::AddressGone),
        RTM_NEWROUTE => route(body, damaged).map(Message::Route),
        RTM_DELROUTE => route(body, damaged).map(Message::RouteGone),
        RTM_NEWNEIGH => neighbour(body, damaged).map(Message::Neighbour),
        RTM_DELNEIGH => neighbour(body, damaged).map(Message::NeighbourGone),
        RTM_NEWRULE => rule(body, damaged).map(Message::Rule),
        RTM_DELRULE => rule(body, damaged).map(Message::RuleGone),
        _ => None,
    }
    .unwrap_or(Message::Other(kind))
}

fn error(frame: &Frame<'_>) -> Option<Message> {
    let errno = i32::from_ne_bytes(array_at(frame.body, 0)?).saturating_neg();
    Some(Message::Error { errno, sequence: frame.sequence })
}

/// A dump that broke off ends with the reason where a complete one has zero or nothing.
fn failure(frame: &Frame<'_>) -> Option<Message> {
    error(frame).filter(|message| matches!(message, Message::Error { errno: 1.., .. }))
}

/// A fixed header of `LENGTH` bytes and the attributes behind it.
fn split<'a, const LENGTH: usize>(
    body: &'a [u8],
    damaged: &'a Cell<u64>,
) -> Option<(&'a [u8; LENGTH], Attributes<'a>)> {
    let Some((header, rest)) = body.split_first_chunk() else {
        count(damaged);
        return None;
    };
    Some((header, Attributes::new(rest, damaged)))
}

/// `struct ifinfomsg`. A bridge tells about its ports under its own family, where a "gone" only means gone from the
/// bridge; a wireless event carries a name and nothing else: neither is news about the device.
fn link(body: &[u8], damaged: &Cell<u64>) -> Option<Link> {
    let (header, attributes) = split::<16>(body, damaged)?;
    if header[0] != 0 || attributes.find(IFLA_WIRELESS).is_some() {
        return None;
    }
    let flags = u32_at(header, 8)?;
    let mut link = Link {
        index: u32_at(header, 4)?,
        name: String::new(),
        up: flags & IFF_UP != 0,
        carrier: false,
        operstate: OperState::Unknown,
        point_to_point: false,
        hardware_type: u16_at(header, 2)?,
        hardware_address: None,
        kind: None,
        master: None,
        below: None,
        vlan: None,
        mtu: 0,
        stats: None,
    };
    let mut has_carrier = flags & IFF_LOWER_UP != 0;
    for attribute in attributes {
        match attribute.kind {
            IFLA_IFNAME => link.name = attribute.text(),
            IFLA_ADDRESS => link.hardware_address = mac(&attribute),
            IFLA_MTU => link.mtu = attribute.u32().unwrap_or(0),
            IFLA_MASTER => link.master = attribute.u32(),
            IFLA_OPERSTATE => link.operstate = attribute.u8().map_or(OperState::Unknown, operstate),
            IFLA_CARRIER => has_carrier &= attribute.u8() != Some(0),
            IFLA_LINK => link.below = link.below.or(attribute.u32().map(Below::Here)),
            IFLA_LINK_NETNSID => link.below = Some(Below::Elsewhere),
            IFLA_LINKINFO => (link.kind, link.vlan) = kind_and_vlan(&attribute),
            IFLA_STATS64 => link.stats = stats(&attribute),
            _ => {}
        }
    }
    link.carrier = has_carrier && matches!(link.operstate, OperState::Up | OperState::Unknown);
    link.point_to_point = flags & IFF_POINTOPOINT != 0
        || matches!(link.hardware_type, ARPHRD_NONE | ARPHRD_PPP | ARPHRD_RAWIP)
        || (flags & IFF_NOARP != 0 && link.hardware_address.is_none());
    Some(link)
}

/// A hardware address of six bytes; tunnels have shorter ones, `InfiniBand` longer ones.
fn mac(attribute: &Attribute<'_>) -> Option<[u8; 6]> {
    attribute.value.try_into().ok()
}

/// The driver kind; what follows it means something else for each.
fn kind_and_vlan(attribute: &Attribute<'_>) -> (Option<String>, Option<u16>) {
    let kind = attribute.nested().find(IFLA_INFO_KIND).map(|kind| kind.text());
    let data = attribute.nested().find(IFLA_INFO_DATA).filter(|_| kind.as_deref() == Some("vlan"));
    let vlan = data.and_then(|data| data.nested().find(IFLA_VLAN_ID)?.u16());
    (kind, vlan)
}

/// `struct rtnl_link_stats64`: packets and bytes received and sent, then errors and drops.
///
/// Not `rx_dropped`: the kernel also counts there each packet nobody here has a use for, such as those with a VLAN's tag or
/// of a protocol unknown to it, although whoever captures has seen it (`if_link.h`).
fn stats(attribute: &Attribute<'_>) -> Option<Stats> {
    let [fifo, missed] = [14, 15].map(|place| attribute.u64_at(place));
    let rx_lost = fifo?.saturating_add(missed?);
    Some(Stats { rx_bytes: attribute.u64_at(2)?, tx_bytes: attribute.u64_at(3)?, rx_lost })
}

fn operstate(number: u8) -> OperState {
    match number {
        1 => OperState::NotPresent,
        2 => OperState::Down,
        3 => OperState::LowerLayerDown,
        4 => OperState::Testing,
        5 => OperState::Dormant,
        6 => OperState::Up,
        _ => OperState::Unknown,
    }
}

/// `struct ifaddrmsg`. With a peer, `IFA_ADDRESS` is the peer and `IFA_LOCAL` our own.
fn address(body: &[u8], damaged: &Cell<u64>) -> Option<Address> {
    let (&[family, prefix_len, short_flags, scope, ..], attributes) = split::<8>(body, damaged)?;
    let family = family_of(family)?;
    let (mut address, mut local, mut flags) = (None, None, u32::from(short_flags));
    for attribute in attributes {
        match attribute.kind {
            IFA_ADDRESS => address = attribute.ip(),
            IFA_LOCAL => local = attribute.ip(),
            IFA_FLAGS => flags = attribute.u32().unwrap_or(flags),
            _ => {}
        }
    }
    let ip = local.or(address)?;
    Some(Address {
        index: u32_at(body, 4)?,
        family,
        ip,
        prefix_len,
        peer: address.filter(|&peer| peer != ip),
        scope,
        flags: AddressFlags(flags),
    })
}

/// `struct rtmsg`.
fn route(body: &[u8], damaged: &Cell<u64>) -> Option<Route> {
    let (header, attributes) = split::<12>(body, damaged)?;
    let &[family, prefix_len, _, _, table, protocol, _, kind, hop_flags, ..] = header;
    let family = family_of(family)?;
    let mut route = Route {
        family,
        table: u32::from(table),
        destination: None,
        hops: Vec::new(),
        protocol,
        metric: 0,
        kind: route_kind(kind),
        prefsrc: None,
        cached: u32_at(header, 8)? & RTM_F_CLONED != 0,
    };
    let mut network = None;
    for attribute in attributes.clone() {
        match attribute.kind {
            RTA_DST => network = attribute.ip(),
            RTA_TABLE => route.table = attribute.u32().unwrap_or(route.table),
            RTA_PRIORITY => route.metric = attribute.u32().unwrap_or(0),
            RTA_PREFSRC => route.prefsrc = attribute.ip(),
            RTA_MULTIPATH => route.hops = hops(attribute.value, damaged),
            _ => {}
        }
    }
    // A destination that could not be read must not turn into a default route.
    if prefix_len > 0 {
        route.destination = Some((network?, prefix_len));
    }
    if let Some(index) = attributes.find(RTA_OIF).and_then(|attribute| attribute.u32()) {
        route.hops.push(hop(index, 1, hop_flags, &attributes));
    }
    Some(route)
}

fn route_kind(number: u8) -> RouteKind {
    match number {
        RTN_UNICAST => RouteKind::Unicast,
        RTN_BLACKHOLE => RouteKind::Blackhole,
        RTN_UNREACHABLE => RouteKind::Unreachable,
        RTN_PROHIBIT => RouteKind::Prohibit,
        other => RouteKind::Other(other),
    }
}

/// A chain of `struct rtnexthop`, each with attributes of its own.
fn hops(mut bytes: &[u8], damaged: &Cell<u64>) -> Vec<Hop> {
    let mut hops = Vec::new();
    while !bytes.is_empty() {
        let Some((hop, rest)) = split_hop(bytes, damaged) else {
            count(damaged);
            break;
        };
        hops.push(hop);
        bytes = rest;
    }
    hops
}

fn split_hop<'a>(bytes: &'a [u8], damaged: &Cell<u64>) -> Option<(Hop, &'a [u8])> {
    let length = usize::from(u16_at(bytes, 0)?);
    let &[flags, weight] = bytes.get(2..4)?.first_chunk()?;
    let attributes = Attributes::new(bytes.get(8..length)?, damaged);
    Some((hop(u32_at(bytes, 4)?, u16::from(weight) + 1, flags, &attributes), after(bytes, length)))
}

fn hop(index: u32, weight: u16, flags: u8, attributes: &Attributes<'_>) -> Hop {
    let gateway = attributes.find(RTA_GATEWAY).and_then(|attribute| attribute.ip());
    let via = || attributes.find(RTA_VIA).and_then(|attribute| via_address(&attribute));
    Hop {
        index,
        gateway: gateway.or_else(via),
        weight,
        dead: flags & RTNH_F_DEAD != 0,
        linkdown: flags & RTNH_F_LINKDOWN != 0,
    }
}

/// `struct rtvia`: two bytes of family, then the address.
fn via_address(attribute: &Attribute<'_>) -> Option<IpAddr> {
    ip_of(attribute.value.get(2..)?)
}

/// `struct ndmsg`. The forwarding table of a bridge comes under another family and is no neighbour of ours.
fn neighbour(body: &[u8], damaged: &Cell<u64>) -> Option<Neighbour> {
    let (header, attributes) = split::<12>(body, damaged)?;
    family_of(header[0])?;
    Some(Neighbour {
        index: u32_at(header, 4)?,
        ip: attributes.find(NDA_DST)?.ip()?,
        hardware_address: attributes.find(NDA_LLADDR).and_then(|attribute| mac(&attribute)),
        state: neighbour_state(u16_at(header, 8)?),
        router: header[10] & NTF_ROUTER != 0,
    })
}

fn neighbour_state(bits: u16) -> NeighbourState {
    match bits {
        0x01 => NeighbourState::Incomplete,
        0x02 => NeighbourState::Reachable,
        0x04 => NeighbourState::Stale,
        0x08 => NeighbourState::Delay,
        0x10 => NeighbourState::Probe,
        0x20 => NeighbourState::Failed,
        0x40 => NeighbourState::NoArp,
        0x80 => NeighbourState::Permanent,
        _ => NeighbourState::None,
    }
}

/// `struct fib_rule_hdr`. A rule without a priority has priority 0, the first.
#[expect(clippy::similar_names, reason = "mark and mask are what iptables and iproute2 call them")]
fn rule(body: &[u8], damaged: &Cell<u64>) -> Option<Rule> {
    let (&[family, _, source_len, _, table, ..], attributes) = split::<12>(body, damaged)?;
    let family = family_of(family)?;
    let mut rule =
        Rule { family, priority: 0, fwmark: None, table: u32::from(table), from: None, iif: None, oif: None };
    let (mut mark, mut mask) = (None, None);
    for attribute in attributes {
        match attribute.kind {
            FRA_PRIORITY => rule.priority = attribute.u32().unwrap_or(0),
            FRA_TABLE => rule.table = attribute.u32().unwrap_or(rule.table),
            FRA_FWMARK => mark = attribute.u32(),
            FRA_FWMASK => mask = attribute.u32(),
            FRA_SRC => rule.from = attribute.ip().map(|ip| (ip, source_len)),
            FRA_IIFNAME => rule.iif = Some(attribute.text()),
            FRA_OIFNAME => rule.oif = Some(attribute.text()),
            _ => {}
        }
    }
    if mark.is_some() || mask.is_some() {
        rule.fwmark = Some((mark.unwrap_or(0), mask.unwrap_or(u32::MAX)));
    }
    Some(rule)
}

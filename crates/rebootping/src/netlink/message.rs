//! What the kernel says about its networking, in our words.

use super::uapi;
use rebootping_core::link::Family;
use std::net::IpAddr;

/// One message from the kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    /// A network device exists, or something about it changed.
    Link(Link),
    /// The device of that index is gone.
    LinkGone(u32),
    Address(Address),
    AddressGone(Address),
    Route(Route),
    RouteGone(Route),
    Neighbour(Neighbour),
    NeighbourGone(Neighbour),
    Rule(Rule),
    RuleGone(Rule),
    /// The running dump is complete.
    Done,
    /// The answer to the request of that sequence number; `errno` is 0 for an acknowledgement.
    Error {
        errno: i32,
        sequence: u32,
    },
    /// Messages were lost, or the running dump missed a change: only another dump tells the truth again.
    Overrun,
    /// A message that tells us nothing: a type, family or event we do not follow.
    Other(u16),
}

/// A network device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Link {
    pub(crate) index: u32,
    pub(crate) name: String,
    /// The administrator wants it up (`IFF_UP`).
    pub(crate) up: bool,
    /// Packets can pass: a lower layer that is up, and an operational state of up or unknown.
    pub(crate) carrier: bool,
    pub(crate) operstate: OperState,
    /// It needs no next hop: PPP, raw IP, tun and other devices that resolve no neighbours.
    pub(crate) point_to_point: bool,
    /// What its frames begin with: `ARPHRD_…` of the kernel's `if_arp.h`, 1 for Ethernet.
    pub(crate) hardware_type: u16,
    /// The MAC, where the device has one of six bytes.
    pub(crate) hardware_address: Option<[u8; 6]>,
    /// The driver kind of a virtual device: `veth`, `bridge`, `vlan` …
    pub(crate) kind: Option<String>,
    /// The bridge, bond or VRF it is a port of.
    pub(crate) master: Option<u32>,
    /// The device it was made on, or the other end of a veth.
    pub(crate) below: Option<Below>,
    /// The identifier in its frames' tags, of a VLAN device.
    pub(crate) vlan: Option<u16>,
    /// Largest packet in bytes.
    pub(crate) mtu: u32,
    pub(crate) stats: Option<Stats>,
}

#[cfg(test)]
impl Link {
    /// An Ethernet card that is up, without an address of its own.
    pub(crate) fn ethernet(index: u32, name: &str) -> Self {
        Self {
            index,
            name: name.into(),
            up: true,
            carrier: true,
            operstate: OperState::Up,
            point_to_point: false,
            hardware_type: 1,
            hardware_address: None,
            kind: None,
            master: None,
            below: None,
            vlan: None,
            mtu: 1500,
            stats: None,
        }
    }
}

/// Where the device is that another was made on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Below {
    /// The device of that index.
    Here(u32),
    /// In another network namespace.
    Elsewhere,
}

/// What a device has carried and lost since it exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stats {
    pub(crate) rx_bytes: u64,
    pub(crate) tx_bytes: u64,
    /// Packets that arrived and that the card had no room for: missed and FIFO errors together.
    pub(crate) rx_lost: u64,
}

/// The operational state of RFC 2863.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OperState {
    /// The driver does not say; as good as up where the carrier is there.
    Unknown,
    NotPresent,
    Down,
    LowerLayerDown,
    Testing,
    Dormant,
    Up,
}

/// An address of an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Address {
    pub(crate) index: u32,
    pub(crate) family: Family,
    pub(crate) ip: IpAddr,
    pub(crate) prefix_len: u8,
    /// The other end, on a point-to-point device.
    pub(crate) peer: Option<IpAddr>,
    /// `rt_scope`: 0 is global, 200 site, 253 link, 254 host.
    pub(crate) scope: u8,
    pub(crate) flags: AddressFlags,
}

/// The `IFA_F_*` bits of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AddressFlags(pub(crate) u32);

impl AddressFlags {
    /// Duplicate address detection has not finished (RFC 4862): nothing may be sent from it yet.
    pub(crate) const fn is_tentative(self) -> bool {
        self.0 & uapi::IFA_F_TENTATIVE != 0
    }

    /// Another host has it.
    pub(crate) const fn is_duplicate(self) -> bool {
        self.0 & uapi::IFA_F_DADFAILED != 0
    }

    /// Its preferred lifetime is over: for old connections only.
    pub(crate) const fn is_deprecated(self) -> bool {
        self.0 & uapi::IFA_F_DEPRECATED != 0
    }

    /// A privacy address (RFC 8981). For IPv4 the same bit means a secondary address.
    pub(crate) const fn is_temporary(self) -> bool {
        self.0 & uapi::IFA_F_TEMPORARY != 0
    }
}

/// A route of any table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Route {
    pub(crate) family: Family,
    pub(crate) table: u32,
    /// Network and prefix length; `None` is the default route.
    pub(crate) destination: Option<(IpAddr, u8)>,
    pub(crate) hops: Vec<Hop>,
    /// `rtm_protocol`: 2 kernel, 3 boot, 4 static, 9 RA, 16 DHCP …
    pub(crate) protocol: u8,
    pub(crate) metric: u32,
    pub(crate) kind: RouteKind,
    /// The source address it prefers.
    pub(crate) prefsrc: Option<IpAddr>,
    /// A cached exception (a path MTU, a redirect), not a route someone made.
    pub(crate) cached: bool,
}

impl Route {
    /// Whether it is a default route that someone made.
    pub(crate) fn is_default(&self) -> bool {
        self.destination.is_none() && !self.cached
    }
}

/// One way a route may take.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Hop {
    pub(crate) index: u32,
    /// `None` on a point-to-point device. An IPv4 route may have an IPv6 gateway (RFC 5549).
    pub(crate) gateway: Option<IpAddr>,
    /// Its share among the hops of one route, from 1.
    pub(crate) weight: u16,
    /// The kernel does not use it: the device is down.
    pub(crate) dead: bool,
    /// The device has no carrier.
    pub(crate) linkdown: bool,
}

/// What a route does with a packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum RouteKind {
    Unicast,
    Blackhole,
    Unreachable,
    Prohibit,
    /// Local, broadcast, multicast and rarer kinds, by their `rtm_type`.
    Other(u8),
}

/// What the kernel knows about the hardware address of a neighbour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Neighbour {
    pub(crate) index: u32,
    pub(crate) ip: IpAddr,
    pub(crate) hardware_address: Option<[u8; 6]>,
    pub(crate) state: NeighbourState,
    /// It announces itself as an IPv6 router (RFC 4861).
    pub(crate) router: bool,
}

/// The reachability state of RFC 4861, which Linux uses for ARP too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NeighbourState {
    None,
    Incomplete,
    Reachable,
    Stale,
    Delay,
    Probe,
    Failed,
    /// It needs no resolution.
    NoArp,
    /// The administrator gave it.
    Permanent,
}

/// A routing rule: which packets ask which table, lowest priority number first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Rule {
    pub(crate) family: Family,
    pub(crate) priority: u32,
    /// Mark and mask.
    pub(crate) fwmark: Option<(u32, u32)>,
    /// The table it asks; 0 where it does something else.
    pub(crate) table: u32,
    /// Source network and prefix length.
    pub(crate) from: Option<(IpAddr, u8)>,
    pub(crate) iif: Option<String>,
    pub(crate) oif: Option<String>,
}

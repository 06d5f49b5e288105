//! Echoes on the wire: sends what the probe asks for over each link's own path, and hands back replies, departures and next hops.
//!
//! Every link sends through a socket of its own: a queue that is stuck on one link must not hold up the others.

mod ears;
mod filter;

use crate::clock::Moment;
use crate::sys::packet_socket::{PacketSocket, Received};
use ears::Ears;
use rebootping_core::link::presence::{NextHop, Path};
use rebootping_core::link::probe::{self, Reply};
use rebootping_core::link::{Family, LinkId};
use rebootping_core::packet::icmp;
use rebootping_core::packet::neighbour::{self, Answer, Mac};
use rebootping_core::time::Time;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::BorrowedFd;

/// Sockets opened before the capability is given up; more links than this share.
const SENDERS: usize = 32;
/// Longer than any packet of interest.
const BUFFER: usize = 256;
const ETHERNET_HEADER: usize = 14;

/// The sockets of the judge.
#[derive(Debug)]
pub(crate) struct Wire {
    ears: Ears,
    senders: Vec<PacketSocket>,
    identifier: u16,
    ways: Vec<[Way; 2]>,
}

/// How one link's packets of one family go out.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Way {
    /// The kernel's number of the interface.
    pub(crate) index: u32,
    /// The address echoes are sent from.
    pub(crate) source: Option<IpAddr>,
    /// The address questions to IPv6 neighbours are sent from.
    pub(crate) link_local: Option<Ipv6Addr>,
    /// The interface's own hardware address.
    pub(crate) own_mac: Option<Mac>,
    /// The gateway; none on a point-to-point device.
    pub(crate) gateway: Option<IpAddr>,
    /// Where the gateway is, as far as known.
    pub(crate) gateway_mac: Option<Mac>,
}

/// What the wire brought.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arrival {
    /// An echo reply.
    Reply(Family, Reply),
    /// An echo reply to us that no link of its interface and address asked for.
    Stray(Family),
    /// An echo of ours left: link, sequence, when.
    Departed(Family, LinkId, u16, Time),
    /// A link's next hop answered our question.
    NextHop(Family, LinkId),
}

/// Why an echo was not sent.
#[derive(Debug)]
pub(crate) enum NotSent {
    /// There is no path, or nobody knows where the gateway is: what does not answer is the link.
    NoPath,
    /// Our own fault: buffers, permission.
    Local(io::Error),
}

impl Wire {
    /// Opens all sockets; `identifier` marks our echoes.
    pub(crate) fn open(identifier: u16) -> io::Result<Self> {
        Ok(Self {
            ears: Ears::open(identifier)?,
            senders: (0..SENDERS).map(|_| PacketSocket::silent()).collect::<io::Result<_>>()?,
            identifier,
            ways: Vec::new(),
        })
    }

    /// Begins anew with this many links, none of which has a path yet.
    pub(crate) fn set_links(&mut self, links: usize) {
        self.ways = vec![<[Way; 2]>::default(); links];
    }

    /// Sets a link's way; what is known of its gateway's place stays while gateway and interface do.
    pub(crate) fn set_way(&mut self, family: Family, link: LinkId, way: Way) {
        let Some(known) = self.way_mut(family, link) else { return };
        let same_gateway = (known.index, known.gateway) == (way.index, way.gateway);
        let gateway_mac = if same_gateway { known.gateway_mac.or(way.gateway_mac) } else { way.gateway_mac };
        *known = Way { gateway_mac, ..way };
    }

    /// Hears the interfaces of all ways that are set.
    pub(crate) fn follow_ways(&mut self) {
        let indexes = self.ways.iter().flatten().map(|way| way.index);
        self.ears.follow(&indexes.filter(|&index| index > 0).collect());
    }

    /// Forgets where a link's gateway answered us; from now on it is where the kernel has found it, if it has.
    pub(crate) fn forget_next_hop(&mut self, family: Family, link: LinkId, found_by_kernel: Option<Mac>) {
        if let Some(way) = self.way_mut(family, link) {
            way.gateway_mac = found_by_kernel;
        }
    }

    /// A link's gateway, where it is known and needed.
    pub(crate) fn gateway(&self, family: Family, link: LinkId) -> Option<IpAddr> {
        self.way(family, link)?.gateway
    }

    /// Sends an echo request.
    pub(crate) fn send(&self, family: Family, echo: &probe::Echo) -> Result<(), NotSent> {
        let way = self.way(family, echo.link).ok_or(NotSent::NoPath)?;
        let source = way.source.ok_or(NotSent::NoPath)?;
        let (identifier, destination) = (self.identifier, echo.target);
        let request = icmp::Echo { source, destination, identifier, sequence: echo.sequence, token: echo.token };
        let packet = icmp::request(&request).ok_or(NotSent::NoPath)?;
        if way.gateway.is_some() && way.gateway_mac.is_none() {
            return Err(NotSent::NoPath);
        }
        let sender = self.sender(echo.link).ok_or(NotSent::NoPath)?;
        sender.send(packet.bytes(), protocol(family), way.index, way.gateway_mac).map_err(NotSent::from)
    }

    /// Asks a link's next hop where it is. A question that cannot be sent is one that is not answered.
    pub(crate) fn ask(&self, family: Family, link: LinkId) {
        let (Some(way), Some(sender)) = (self.way(family, link), self.sender(link)) else { return };
        let Some(mac) = way.own_mac else { return };
        let unanswered = match (way.gateway, way.source) {
            (Some(IpAddr::V4(gateway)), Some(IpAddr::V4(source))) => {
                let request = neighbour::arp_request(mac, source, gateway);
                sender.send(&request, libc::ETH_P_ARP as u16, way.index, Some(neighbour::BROADCAST))
            }
            (Some(IpAddr::V6(gateway)), Some(IpAddr::V6(source))) => {
                let request = neighbour::solicitation(mac, way.link_local.unwrap_or(source), gateway);
                let group = neighbour::multicast_mac(neighbour::solicited_node(gateway));
                sender.send(&request, libc::ETH_P_IPV6 as u16, way.index, Some(group))
            }
            _ => Ok(()),
        };
        drop(unanswered);
    }

    /// Takes in all that has arrived.
    pub(crate) fn receive(&mut self, mut on: impl FnMut(Arrival)) {
        self.receive_departed(&mut on);
        let Self { ears, identifier, ways, .. } = self;
        let mut buffer = [0; BUFFER];
        for socket in ears.sockets() {
            // An error is that of an interface which went down; the next call is none the worse for it.
            while let Ok(Some(received)) = socket.receive(&mut buffer) {
                let packet = &buffer[..received.length];
                if let Some(answer) = neighbour::advertisement(packet) {
                    take_answer(ways, Family::Ipv6, received.index, answer, &mut on);
                } else if let Some(answer) = neighbour::arp_reply(packet) {
                    take_answer(ways, Family::Ipv4, received.index, answer, &mut on);
                } else if let Some(reply) = icmp::reply(packet).filter(|reply| reply.identifier == *identifier) {
                    on(arrived(ways, &reply, &received));
                }
            }
        }
    }

    /// What wakes the judge.
    pub(crate) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.ears.fds()
    }

    fn receive_departed(&self, on: &mut impl FnMut(Arrival)) {
        let mut buffer = [0; BUFFER];
        for sender in self.senders.iter().take(self.ways.len()) {
            while let Ok(Some(received)) = sender.receive_departed(&mut buffer) {
                let packet = &buffer[..received.length];
                let request = icmp::own_request(packet).or_else(|| icmp::own_request(packet.get(ETHERNET_HEADER..)?));
                let (Some(echo), Some(stamp)) = (request, received.stamp) else { continue };
                let family = if echo.source.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
                if let Some(link) = link_from(&self.ways, family, echo.source, received.index) {
                    on(Arrival::Departed(family, link, echo.sequence, Moment::now().of_stamp(stamp)));
                }
            }
        }
    }

    fn sender(&self, link: LinkId) -> Option<&PacketSocket> {
        self.senders.get(usize::from(link.0) % SENDERS)
    }

    fn way(&self, family: Family, link: LinkId) -> Option<&Way> {
        self.ways.get(usize::from(link.0)).map(|ways| &ways[family as usize])
    }

    fn way_mut(&mut self, family: Family, link: LinkId) -> Option<&mut Way> {
        self.ways.get_mut(usize::from(link.0)).map(|ways| &mut ways[family as usize])
    }
}

fn arrived(ways: &[[Way; 2]], reply: &icmp::Echo, received: &Received) -> Arrival {
    let family = if reply.destination.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
    let Some(link) = link_from(ways, family, reply.destination, received.index) else { return Arrival::Stray(family) };
    let moment = Moment::now();
    let at = received.stamp.map_or(moment.time(), |stamp| moment.of_stamp(stamp));
    let (source, sequence, token) = (reply.source, reply.sequence, reply.token);
    Arrival::Reply(family, Reply { link, source, sequence, token, at })
}

fn take_answer(ways: &mut [[Way; 2]], family: Family, index: u32, answer: Answer, on: &mut impl FnMut(Arrival)) {
    for (link, ways) in (0..).map(LinkId).zip(ways) {
        let way = &mut ways[family as usize];
        if way.index == index && way.gateway == Some(answer.address) {
            way.gateway_mac = answer.mac.or(way.gateway_mac);
            on(Arrival::NextHop(family, link));
        }
    }
}

/// The link that has this address of ours on this interface; a departed packet does not always say its interface (0).
fn link_from(ways: &[[Way; 2]], family: Family, address: IpAddr, index: u32) -> Option<LinkId> {
    let is_its = |way: &Way| way.source == Some(address) && (index == 0 || way.index == index);
    let place = ways.iter().position(|ways| is_its(&ways[family as usize]))?;
    Some(LinkId(u16::try_from(place).ok()?))
}

impl Way {
    /// The way of a path, with what else the kernel knows of its interface and gateway.
    pub(crate) fn new(
        path: &Path,
        own_mac: Option<Mac>,
        link_local: Option<Ipv6Addr>,
        gateway_mac: Option<Mac>,
    ) -> Self {
        let gateway = match path.next_hop {
            Some(NextHop::Gateway(gateway)) => Some(gateway),
            Some(NextHop::PointToPoint) | None => None,
        };
        Self { index: path.index.unwrap_or(0), source: path.source, link_local, own_mac, gateway, gateway_mac }
    }
}

impl From<io::Error> for NotSent {
    /// An interface that is gone or down is the link's own matter; netlink tells of it.
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::ENXIO | libc::ENODEV | libc::ENETDOWN | libc::ENETUNREACH | libc::EHOSTUNREACH) => Self::NoPath,
            _ => Self::Local(error),
        }
    }
}

const fn protocol(family: Family) -> u16 {
    match family {
        Family::Ipv4 => libc::ETH_P_IP as u16,
        Family::Ipv6 => libc::ETH_P_IPV6 as u16,
    }
}

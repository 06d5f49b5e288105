//! The frames of one block of the ring, each as it was on its wire.
//!
//! The kernel takes a frame's outer VLAN tag off and tells it beside the frame: it is put back where it was. Offsets and
//! lengths are the kernel's, and still each is held against the block before it is followed.

use crate::sys::ring::{BLOCK, RESERVE};
use rebootping_core::packet::frame::{Direction, InterfaceId, LinkType};

/// A captured frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Frame<'a> {
    /// All of it, whatever it says about its own length, with its VLAN tags.
    pub(crate) bytes: &'a [u8],
    /// Its length on the wire.
    pub(crate) original: u32,
    /// When the kernel had it, in nanoseconds of its real-time clock.
    pub(crate) stamp: u64,
    pub(crate) interface: InterfaceId,
    pub(crate) direction: Direction,
    pub(crate) link: LinkType,
}

/// What could not be handed on.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Skipped {
    /// Frames of interfaces whose kind of header we do not know.
    pub(crate) unknown: u64,
    /// Blocks that ended in nonsense.
    pub(crate) damaged: u64,
}

impl Skipped {
    /// Counts these as well.
    pub(crate) fn add(&mut self, more: Self) {
        self.unknown = self.unknown.saturating_add(more.unknown);
        self.damaged = self.damaged.saturating_add(more.damaged);
    }
}

/// `struct tpacket_block_desc`: the number of its frames, and where the first begins.
const FRAMES: usize = 12;
const FIRST: usize = 16;
/// `struct tpacket3_hdr`, which the kernel aligns, and `struct sockaddr_ll` behind it.
const ADDRESS: usize = 48;
const HEADERS: usize = ADDRESS + 20;
/// Two MACs, behind which a VLAN tag stands.
const MACS: usize = 12;
const TAG: usize = RESERVE;
/// A tag without a protocol of its own is an ordinary one.
const VLAN: u16 = libc::ETH_P_8021Q as u16;

/// The frames of a block, in the order in which the kernel had them.
#[derive(Debug)]
pub(crate) struct Frames<'a> {
    block: &'a mut [u8],
    at: usize,
    left: u32,
    skipped: Skipped,
}

impl<'a> Frames<'a> {
    /// The frames of a block that is ours.
    pub(crate) fn of(block: &'a mut [u8]) -> Self {
        let number = |at| array_at(block, at).map_or(0, u32::from_ne_bytes);
        let (left, at) = (number(FRAMES), number(FIRST) as usize);
        Self { block, at, left, skipped: Skipped::default() }
    }

    /// The next frame we can read; what lies between is counted.
    pub(crate) fn next(&mut self) -> Option<Frame<'_>> {
        while let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            match self.place() {
                Some(Place::Of { header, link, from, to }) => {
                    return Some(header.frame(link, self.block.get(from..to).unwrap_or_default()));
                }
                Some(Place::Unknown) => self.skipped.unknown = self.skipped.unknown.saturating_add(1),
                None => {
                    self.skipped.damaged = self.skipped.damaged.saturating_add(1);
                    self.left = 0;
                }
            }
        }
        None
    }

    /// What was skipped so far.
    pub(crate) fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Where the next frame is; none if what the kernel says of it cannot be.
    fn place(&mut self) -> Option<Place> {
        let at = self.at;
        let header = Header::read(self.block.get(at..)?.first_chunk()?)?;
        if self.left > 0 && header.next < HEADERS {
            return None;
        }
        self.at = at.checked_add(header.next)?;
        let Some(link) = link_type(header.hardware) else { return Some(Place::Unknown) };
        let (from, to) = self.put_together(at, &header, link)?;
        Some(Place::Of { header, link, from, to })
    }

    /// Where the frame begins and ends once its tag is back in it.
    fn put_together(&mut self, at: usize, header: &Header, link: LinkType) -> Option<(usize, usize)> {
        let from = at.checked_add(header.mac)?;
        let to = from.checked_add(header.snap)?;
        let room = self.block.get_mut(at.checked_add(HEADERS)?..to)?;
        match (link, header.tag) {
            (LinkType::Ethernet, Some(tag)) if header.snap >= MACS => {
                let from = from.checked_sub(TAG)?;
                let frame = room.get_mut(header.mac.checked_sub(HEADERS + TAG)?..)?;
                frame.copy_within(TAG..TAG + MACS, 0);
                frame.get_mut(MACS..MACS + TAG)?.copy_from_slice(&tag);
                Some((from, to))
            }
            (LinkType::Ip, _) => Some((from.checked_add(header.link_header())?.min(to), to)),
            _ => Some((from, to)),
        }
    }
}

/// What stands next in a block.
enum Place {
    /// A frame between these two places.
    Of { header: Header, link: LinkType, from: usize, to: usize },
    /// A frame of an interface whose kind of header we do not know.
    Unknown,
}

/// What the kernel says of a frame.
struct Header {
    next: usize,
    stamp: u64,
    snap: usize,
    original: u32,
    /// Where the frame begins, and where its network header, from where this header begins.
    mac: usize,
    network: usize,
    tag: Option<[u8; TAG]>,
    interface: u32,
    hardware: u16,
    kind: u8,
}

impl Header {
    fn read(bytes: &[u8; HEADERS]) -> Option<Self> {
        let word = |at| array_at(bytes, at).map(u32::from_ne_bytes);
        let half = |at| array_at(bytes, at).map(u16::from_ne_bytes);
        let (seconds, nanos) = (u64::from(word(4)?), u64::from(word(8)?));
        Some(Self {
            next: word(0)? as usize,
            stamp: seconds * 1_000_000_000 + nanos,
            snap: word(12)? as usize,
            original: word(16)?,
            mac: usize::from(half(24)?),
            network: usize::from(half(26)?),
            tag: tag(word(20)?, word(32)? as u16, half(36)?),
            interface: word(ADDRESS + 4)?,
            hardware: half(ADDRESS + 8)?,
            kind: *bytes.get(ADDRESS + 10)?,
        })
    }

    fn frame<'a>(&self, link: LinkType, bytes: &'a [u8]) -> Frame<'a> {
        // A tag that was put back and a header that was left away count on the wire as they do here.
        let original = (self.original as usize).saturating_sub(self.snap).saturating_add(bytes.len()) as u32;
        let (interface, direction) = (InterfaceId(self.interface), direction(self.kind));
        Frame { bytes, original, stamp: self.stamp, interface, direction, link }
    }

    /// How much of the frame stands before its network header.
    fn link_header(&self) -> usize {
        self.network.saturating_sub(self.mac)
    }
}

/// The tag the kernel took off, as it was on the wire.
fn tag(status: u32, control: u16, protocol: u16) -> Option<[u8; TAG]> {
    let protocol = if status & libc::TP_STATUS_VLAN_TPID_VALID == 0 { VLAN } else { protocol };
    let [[a, b], [c, d]] = [protocol, control].map(u16::to_be_bytes);
    (status & libc::TP_STATUS_VLAN_VALID != 0).then_some([a, b, c, d])
}

const fn direction(kind: u8) -> Direction {
    match kind {
        libc::PACKET_OUTGOING => Direction::Sent,
        libc::PACKET_OTHERHOST => Direction::Overheard,
        _ => Direction::Received,
    }
}

/// What frames of an interface of that hardware type (`ARPHRD_…` of the kernel's `if_arp.h`) begin with.
///
/// Of a tunnel or a PPP device, what stands before the IP header differs between kernels and directions, so it is left away.
pub(crate) const fn link_type(hardware: u16) -> Option<LinkType> {
    const ETHER: u16 = 1;
    const PPP: u16 = 512;
    const RAWIP: u16 = 519;
    const TUNNEL: u16 = 768;
    const TUNNEL6: u16 = 769;
    const LOOPBACK: u16 = 772;
    const SIT: u16 = 776;
    const IPGRE: u16 = 778;
    const IP6GRE: u16 = 823;
    const NONE: u16 = 0xfffe;
    match hardware {
        ETHER | LOOPBACK => Some(LinkType::Ethernet),
        PPP | RAWIP | TUNNEL | TUNNEL6 | SIT | IPGRE | IP6GRE | NONE => Some(LinkType::Ip),
        _ => None,
    }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

// A whole frame fits behind the headers of a block, whatever offload put it together.
const _: () = assert!(BLOCK > 10 * 65_536);

//! Frames with a length where an EtherType would be (IEEE 802.2): spanning tree, CDP, and what old networks spoke.

use super::neighbour::Mac;

/// What such a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Llc<'a> {
    /// A bridge tells of the spanning tree (STP, RSTP, MSTP, Cisco's per-VLAN kind).
    Bpdu(Bpdu),
    /// A topology change, which names nobody.
    TopologyChange,
    /// Cisco's discovery protocol, for [`super::cdp::Cdp::read`].
    Cdp(&'a [u8]),
    /// An EtherType within (SNAP, RFC 1042), and what it carries.
    Ethertype(u16, &'a [u8]),
    /// IPX.
    Ipx,
    /// NetBIOS frames (NetBEUI).
    NetBeui,
    /// IS-IS and others of the OSI family.
    Osi,
}

/// A configuration BPDU (IEEE 802.1D section 9.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bpdu {
    /// Protocol version: 0 STP, 2 RSTP, 3 MSTP.
    pub version: u8,
    /// The tree's root.
    pub root: Mac,
    /// The bridge that sent it, which need not be the frame's source.
    pub bridge: Mac,
}

/// Reads what follows the length; none if we do not know it.
pub fn read(frame: &[u8]) -> Option<Llc<'_>> {
    let _ = frame;
    None
}

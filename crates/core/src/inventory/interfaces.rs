//! The interfaces frames come from: what they are called, what they lead to, and which MACs are this gateway's own.

use crate::packet::frame::InterfaceId;
use crate::packet::neighbour::Mac;
use alloc::string::String;
use alloc::vec::Vec;

/// So many names of interfaces are told apart.
const MOST_NAMES: usize = 1024;

/// What an interface leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leads {
    /// To the operator's own devices.
    ToDevices,
    /// To the Internet: what lives there is the provider's box, or a neighbour.
    ToInternet,
}

/// One interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its number in frames.
    pub id: InterfaceId,
    /// Its name.
    pub name: String,
    /// The gateway's own MAC on it, none for a file's.
    pub mac: Option<Mac>,
    /// What it leads to.
    pub leads: Leads,
    /// Its devices are listed.
    pub has_devices: bool,
}

/// All interfaces.
#[derive(Debug, Default)]
pub(super) struct Interfaces {
    all: Vec<Interface>,
    /// Every name an interface ever had; devices remember the number.
    names: Vec<String>,
}

/// What a frame's interface means for its device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Arrival {
    pub(super) leads: Leads,
    pub(super) has_devices: bool,
    name: Option<u16>,
}

impl Interfaces {
    pub(super) fn set(&mut self, interfaces: &[Interface]) {
        self.all = interfaces.to_vec();
        self.all.sort_by_key(|interface| interface.id);
    }

    /// The gateway's own MACs.
    pub(super) fn macs(&self) -> impl Iterator<Item = Mac> {
        self.all.iter().filter_map(|interface| interface.mac)
    }

    /// What is known of an interface; one not told of leads to devices, as in a file.
    pub(super) fn arrival(&mut self, id: InterfaceId) -> Arrival {
        let known = self.all.binary_search_by_key(&id, |interface| interface.id).ok().and_then(|at| self.all.get(at));
        let Some(known) = known else { return Arrival { leads: Leads::ToDevices, has_devices: true, name: None } };
        let mut arrival = Arrival { leads: known.leads, has_devices: known.has_devices, name: None };
        let at = self.names.iter().position(|name| *name == known.name);
        if at.is_none() && self.names.len() < MOST_NAMES {
            self.names.push(known.name.clone());
        }
        arrival.name = u16::try_from(at.unwrap_or(self.names.len().saturating_sub(1))).ok();
        arrival
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn restore_names(&mut self, names: Vec<String>) {
        self.names = names;
    }
}

impl Arrival {
    pub(super) const fn name(self) -> Option<u16> {
        self.name
    }
}

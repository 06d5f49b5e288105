//! What a report is written from: one that a daemon sent whole, or an inventory that makes it piece by piece.
//!
//! Of a crowd the report is many times what is known: whoever writes it asks for one device after the other, and lets each go.

use super::facts::{All, Device, Host};
use rebootping_core::inventory::events::Event;
use rebootping_core::inventory::report::{Hardware, LeftOut};
use rebootping_core::untrusted::Untrusted;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A report, piece by piece.
pub(super) trait Told {
    /// The device of that number, by MAC.
    fn device(&self, number: usize) -> Option<Cow<'_, Device>>;
    /// Servers beyond a router, by address.
    fn hosts(&self) -> impl Iterator<Item = Cow<'_, Host>>;
    /// Those beyond this router alone, or beyond none that is known.
    fn hosts_behind(&self, router: Option<Hardware>) -> impl Iterator<Item = Cow<'_, Host>>;
    /// What happened last, the oldest first.
    fn events(&self) -> Cow<'_, [Event<String>]>;
    /// What found no room.
    fn left_out(&self) -> LeftOut;

    /// All devices, by MAC.
    fn devices(&self) -> impl Iterator<Item = Cow<'_, Device>> {
        (0..).map_while(|number| self.device(number))
    }
}

impl Told for All {
    fn device(&self, number: usize) -> Option<Cow<'_, Device>> {
        self.devices.get(number).map(Cow::Borrowed)
    }

    fn hosts(&self) -> impl Iterator<Item = Cow<'_, Host>> {
        self.hosts.iter().map(Cow::Borrowed)
    }

    fn hosts_behind(&self, router: Option<Hardware>) -> impl Iterator<Item = Cow<'_, Host>> {
        self.hosts.iter().filter(move |host| host.behind == router).map(Cow::Borrowed)
    }

    fn events(&self) -> Cow<'_, [Event<String>]> {
        Cow::Borrowed(&self.events)
    }

    fn left_out(&self) -> LeftOut {
        self.left_out
    }
}

/// What must be known of all before the first is written.
pub(super) struct Outline {
    /// Numbers of devices in the order people look for them: by name, those without one behind, by MAC.
    pub(super) order: Vec<usize>,
    pub(super) ports: usize,
    pub(super) hosts: usize,
    /// The routers that servers are beyond, with what they are called.
    pub(super) routers: BTreeMap<Option<Hardware>, Option<Untrusted>>,
}

impl Outline {
    /// Looks at every piece once.
    pub(super) fn of(told: &impl Told) -> Self {
        let (mut hosts, mut behind) = (0, BTreeSet::new());
        for host in told.hosts() {
            hosts += 1;
            behind.insert(host.behind);
        }
        let mut outline = Self {
            order: Vec::new(),
            ports: 0,
            hosts,
            routers: behind.into_iter().map(|router| (router, None)).collect(),
        };
        let mut keys = Vec::new();
        for device in told.devices() {
            outline.ports += device.tcp_open.len() + device.udp_open.len();
            for mac in device.also.iter().chain([&device.mac]) {
                if let Some(name) = outline.routers.get_mut(&Some(*mac)) {
                    name.clone_from(&device.name);
                }
            }
            keys.push(device.name.as_ref().map(|name| name.raw().to_lowercase().into_boxed_str()));
        }
        outline.order = (0..keys.len()).collect();
        // Devices came by MAC, and stay so where names do not tell them apart.
        outline.order.sort_by_key(|&number| {
            let name = keys.get(number).and_then(Option::as_deref);
            (name.is_none(), name)
        });
        outline
    }

    /// All devices in that order.
    pub(super) fn devices<'a>(&'a self, told: &'a impl Told) -> impl Iterator<Item = Cow<'a, Device>> {
        self.order.iter().filter_map(|&number| told.device(number))
    }
}

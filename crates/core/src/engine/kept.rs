//! What must survive a restart: hold-downs, choice, orders.

use super::{Engine, Settings};
use crate::link::orders::Orders;
use crate::link::standing::Held;
use crate::link::verdict::Order;
use crate::link::{Family, LinkId};
use crate::time::Time;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The engine's memory, by the names of the links so that a changed configuration finds what still applies.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// Rounds so far, by family.
    pub rounds: [u64; 2],
    /// The links.
    pub links: Vec<KeptLink>,
}

/// One link's memory.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct KeptLink {
    /// Its interface.
    pub name: String,
    /// Its standing, by family.
    pub held: [Held; 2],
    /// Whether it was in use, by family.
    pub chosen: [bool; 2],
    /// The operator's order.
    pub order: Option<KeptOrder>,
}

/// An order that must survive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptOrder {
    /// What was ordered.
    pub order: Order,
    /// When it ends, for as long as the machine is not booted anew.
    pub until: Option<Time>,
    /// How long it had to go when this was written: what is left of it after a reboot.
    pub left: Option<Duration>,
}

impl Kept {
    fn link(&self, name: &str) -> Option<&KeptLink> {
        self.links.iter().find(|link| link.name == name)
    }

    /// A link's standing in one family.
    pub(super) fn held(&self, name: &str, family: Family) -> Option<Held> {
        self.link(name).map(|link| *of(&link.held, family))
    }

    /// The number of rounds and the choice in one family.
    pub(super) fn choice(&self, family: Family, settings: &Settings) -> (u64, BTreeSet<LinkId>) {
        let chosen = |name: &str| self.link(name).is_some_and(|link| *of(&link.chosen, family));
        let links =
            (0..).map(LinkId).zip(&settings.links).filter(|(_, link)| chosen(&link.name)).map(|(id, _)| id).collect();
        (*of(&self.rounds, family), links)
    }
}

/// The orders that still stand.
pub(super) fn orders(settings: &Settings, kept: Option<&Kept>, same_boot: bool, now: Time) -> Orders {
    let mut orders = Orders::new(settings.links.len());
    for (id, link) in (0..).map(LinkId).zip(&settings.links) {
        let Some(kept) = kept.and_then(|kept| kept.link(&link.name)).and_then(|link| link.order) else { continue };
        let until = if same_boot { kept.until } else { kept.left.map(|left| now + left) };
        orders.set(id, Some(kept.order), until);
    }
    orders
}

impl Engine {
    /// What must survive a restart, as of now.
    pub fn kept(&self, now: Time) -> Kept {
        let [ipv4, ipv6] = &self.families;
        let rounds = [ipv4.decider.selector().rounds(), ipv6.decider.selector().rounds()];
        let held: Vec<(Held, Held)> = ipv4.decider.selector().held().zip(ipv6.decider.selector().held()).collect();
        let link = |(id, (name, (held4, held6))): (LinkId, (&String, (Held, Held)))| KeptLink {
            name: name.clone(),
            held: [held4, held6],
            chosen: [ipv4.decider.selector().choice().contains(&id), ipv6.decider.selector().choice().contains(&id)],
            order: self.orders.of(id).map(|(order, until)| KeptOrder {
                order,
                until,
                left: until.map(|until| until.since(now)),
            }),
        };
        let names = self.settings.links.iter().map(|link| &link.name);
        Kept { rounds, links: (0..).map(LinkId).zip(names.zip(held)).map(link).collect() }
    }
}

fn of<T>(pair: &[T; 2], family: Family) -> &T {
    let [ipv4, ipv6] = pair;
    if family == Family::Ipv4 { ipv4 } else { ipv6 }
}

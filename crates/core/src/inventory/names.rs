//! What a device is called, by whom: the operator's word first, then the better a source is, the earlier it counts.
//!
//! A name the operator gave stays whatever a chatty protocol says later. Every name stays listed with its source.

use crate::time::Time;
use crate::untrusted::Untrusted;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// So many names of one source are kept, the newest.
const MOST_OF_A_SOURCE: usize = 8;

/// Who says a name, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The operator.
    User,
    /// The device, to its DHCP server.
    Dhcp,
    /// Multicast DNS.
    Mdns,
    /// Link-local multicast name resolution.
    Llmnr,
    /// NetBIOS.
    Netbios,
    /// `UPnP`.
    Ssdp,
    /// LLDP.
    Lldp,
    /// Cisco's discovery protocol.
    Cdp,
    /// A DNS server's answer.
    Dns,
}

/// One name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Name {
    /// The name.
    pub name: Untrusted,
    /// Who says so.
    pub source: Source,
    /// Many share it: a workgroup or domain, by which nothing is called.
    pub is_group: bool,
    /// When it was last heard.
    pub last_seen: Time,
}

/// The names of one device, sorted by source, the newest of each first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Names(Vec<Name>);

impl Names {
    /// The name to call it by.
    pub(super) fn best(&self) -> Option<&Untrusted> {
        self.0.iter().find(|name| !name.is_group).map(|name| &name.name)
    }

    /// The operator named it.
    pub(super) fn is_given(&self) -> bool {
        self.0.first().is_some_and(|name| name.source == Source::User)
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Name] {
        &self.0
    }

    /// Hears a name; false if it had to drop an older one for it.
    pub(super) fn hear(&mut self, name: Untrusted, source: Source, now: Time) -> bool {
        self.insert(Name { name, source, is_group: false, last_seen: now })
    }

    /// Hears a name that many share.
    pub(super) fn hear_group(&mut self, name: Untrusted, source: Source, now: Time) -> bool {
        self.insert(Name { name, source, is_group: true, last_seen: now })
    }

    fn insert(&mut self, name: Name) -> bool {
        let source = name.source;
        if name.name.raw().trim().is_empty() {
            return true;
        }
        if let Some(known) = self.0.iter_mut().find(|known| known.source == source && known.name == name.name) {
            known.last_seen = known.last_seen.max(name.last_seen);
            return true;
        }
        let at = self.0.partition_point(|known| known.source < source);
        self.0.insert(at, name);
        let many = self.0.iter().filter(|known| known.source == source).count() > MOST_OF_A_SOURCE;
        if many {
            self.0.remove(at.saturating_add(MOST_OF_A_SOURCE));
        }
        !many
    }

    /// The operator's name, or none.
    pub(super) fn give(&mut self, name: Option<Untrusted>, now: Time) {
        self.0.retain(|known| known.source != Source::User);
        if let Some(name) = name {
            self.hear(name, Source::User, now);
        }
    }

    /// Moves all times, as the clock they are read by was stepped.
    pub(super) fn shift(&mut self, shift: impl Fn(Time) -> Time) {
        for name in &mut self.0 {
            name.last_seen = shift(name.last_seen);
        }
    }

    /// Takes over what another MAC of the same device is called.
    pub(super) fn absorb(&mut self, other: &Self) {
        for name in other.0.iter().rev() {
            self.insert(name.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_source_names_it() {
        let mut names = Names::default();
        for (source, best) in [
            (Source::Dns, "Dns"),
            (Source::Ssdp, "Ssdp"),
            (Source::Cdp, "Ssdp"),
            (Source::Mdns, "Mdns"),
            (Source::Netbios, "Mdns"),
            (Source::Dhcp, "Dhcp"),
            (Source::User, "User"),
            (Source::Llmnr, "User"),
        ] {
            names.hear(std::format!("{source:?}").as_str().into(), source, Time::BOOT);
            assert_eq!(names.best().unwrap().raw(), best);
        }
        names.give(None, Time::BOOT);
        assert_eq!(names.best().unwrap().raw(), "Dhcp");
    }

    #[test]
    fn a_newer_name_of_a_source_comes_first_and_few_are_kept() {
        let mut names = Names::default();
        for n in 0..20 {
            names.hear(std::format!("n{n}").as_str().into(), Source::Mdns, Time::from_nanos(n));
        }
        assert_eq!((names.best().unwrap().raw(), names.all().len()), ("n19", MOST_OF_A_SOURCE));
        assert!(names.hear("  ".into(), Source::Dhcp, Time::BOOT));
        assert_eq!(names.best().unwrap().raw(), "n19");
    }
}

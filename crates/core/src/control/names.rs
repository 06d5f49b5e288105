//! The names the operator gave to devices, each to one, with the address some are to keep.

use super::label::Label;
use crate::inventory::report::Hardware;
use alloc::collections::BTreeMap;
use core::net::Ipv4Addr;
use serde::{Deserialize, Serialize};

/// So many devices can be named.
pub const MOST: usize = 4096;

/// What a device is called, and where it is to be found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Named {
    /// Its name.
    pub label: Label,
    /// The address its DHCP server is to give it.
    #[serde(default)]
    pub address: Option<Ipv4Addr>,
}

/// Why a name cannot be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// This device has it.
    NameTaken(Hardware),
    /// This device has the address.
    AddressTaken(Hardware),
    /// So many are named already that there is no room.
    Full,
}

/// All names given.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Names(BTreeMap<Hardware, Named>);

impl Names {
    /// Why the device could not have this name.
    pub fn objection(&self, mac: Hardware, named: &Named) -> Option<Refusal> {
        let mut others = self.0.iter().filter(|(other, _)| **other != mac);
        let taken = others.find_map(|(other, its)| {
            if its.label == named.label {
                Some(Refusal::NameTaken(*other))
            } else if its.address.is_some() && its.address == named.address {
                Some(Refusal::AddressTaken(*other))
            } else {
                None
            }
        });
        let is_full = self.0.len() >= MOST && !self.0.contains_key(&mac);
        taken.or(is_full.then_some(Refusal::Full))
    }

    /// Gives a device a name, or takes it back; what it had before.
    pub fn give(&mut self, mac: Hardware, named: Option<Named>) -> Result<Option<Named>, Refusal> {
        let Some(named) = named else { return Ok(self.0.remove(&mac)) };
        match self.objection(mac, &named) {
            Some(refusal) => Err(refusal),
            None => Ok(self.0.insert(mac, named)),
        }
    }

    /// What a device is called.
    pub fn of(&self, mac: Hardware) -> Option<&Named> {
        self.0.get(&mac)
    }

    /// All of them, by MAC.
    pub fn all(&self) -> impl Iterator<Item = (Hardware, &Named)> {
        self.0.iter().map(|(mac, named)| (*mac, named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(label: &str, last: Option<u8>) -> Named {
        Named { label: label.parse().unwrap(), address: last.map(|last| Ipv4Addr::new(10, 0, 0, last)) }
    }

    const A: Hardware = Hardware([2, 0, 0, 0, 0, 1]);
    const B: Hardware = Hardware([2, 0, 0, 0, 0, 2]);

    #[test]
    fn a_name_and_an_address_have_one_device() {
        let mut names = Names::default();
        assert_eq!(names.give(A, Some(named("tv", Some(9)))), Ok(None));
        assert_eq!(names.give(B, Some(named("TV", None))), Err(Refusal::NameTaken(A)));
        assert_eq!(names.give(B, Some(named("nas", Some(9)))), Err(Refusal::AddressTaken(A)));
        assert_eq!(names.give(B, Some(named("nas", None))), Ok(None));
        assert_eq!(names.give(A, Some(named("tv", None))), Ok(Some(named("tv", Some(9)))), "its own name again");
        assert_eq!(names.give(A, None), Ok(Some(named("tv", None))));
        assert_eq!(names.give(B, Some(named("tv", None))), Ok(Some(named("nas", None))));
        assert_eq!(names.all().count(), 1);
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut names = Names::default();
        for n in 0..MOST {
            let mac = Hardware([2, 0, 0, 0, (n >> 8) as u8, n as u8]);
            assert_eq!(names.give(mac, Some(named(&std::format!("n{n}x"), None))), Ok(None));
        }
        assert_eq!(names.give(Hardware([4; 6]), Some(named("more", None))), Err(Refusal::Full));
    }
}

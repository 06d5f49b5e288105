//! The firewall table that carries restrictions out, as values: what should be in it, what is, and the difference.
//!
//! Its rules never change; what does is in sets. Where the rules are not ours, or not there, everything is built anew in
//! one step, else only elements are put in and taken out. Doing it twice does no harm.

use super::restriction::{Mode, Now, Restrictions};
use crate::inventory::report::Hardware;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// A set of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Set {
    /// Devices of which nothing passes.
    Block,
    /// Devices without the Internet.
    Pause,
    /// Devices without the Internet and most of the gateway.
    Local,
    /// Devices that quarantine does not concern.
    Known,
    /// Interfaces whose unknown devices are in quarantine.
    Guarded,
    /// Interfaces that lead to the Internet.
    Internet,
    /// Interfaces over which nothing of IPv6 is reached.
    DeadEnd,
    /// TCP ports of the page.
    Page,
}

impl Set {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Block, Self::Pause, Self::Local, Self::Known, Self::Guarded, Self::Internet, Self::DeadEnd, Self::Page];

    /// Its name in the firewall.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Pause => "pause",
            Self::Local => "local",
            Self::Known => "known",
            Self::Guarded => "guarded",
            Self::Internet => "internet",
            Self::DeadEnd => "dead_end",
            Self::Page => "page",
        }
    }

    /// The set of a mode.
    pub const fn of(mode: Mode) -> Self {
        match mode {
            Mode::Pause => Self::Pause,
            Mode::Local => Self::Local,
            Mode::Block => Self::Block,
        }
    }
}

/// Something in a set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Element {
    /// A device.
    Device(Hardware),
    /// An interface.
    Interface(String),
    /// A TCP port.
    Port(u16),
}

/// What is in each set; one that is not named is empty.
pub type Sets = BTreeMap<Set, BTreeSet<Element>>;

/// Adds to a table's sets the devices that are restricted now.
pub fn put_restricted(sets: &mut Sets, restrictions: &Restrictions, now: Now) {
    for (mac, mode) in restrictions.in_force(now) {
        sets.entry(Set::of(mode)).or_default().insert(Element::Device(mac));
    }
}

/// What is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its rules are those that we wrote.
    pub rules_are_ours: bool,
    /// Its sets.
    pub sets: Sets,
}

/// What is to be done to the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Put everything in place in one step, whatever is there.
    Build(Sets),
    /// Put these in, and take these out, in one step.
    Amend {
        /// What goes into sets.
        put: Vec<(Set, Element)>,
        /// What goes out of sets.
        take: Vec<(Set, Element)>,
    },
    /// Take the table away.
    Remove,
}

/// What brings the table to what it should be, nothing if it is that. Where nothing is wanted there is no table.
pub fn difference(wanted: Option<&Sets>, found: Option<&Found>) -> Option<Change> {
    let Some(wanted) = wanted else { return found.map(|_| Change::Remove) };
    let Some(found) = found.filter(|found| found.rules_are_ours) else { return Some(Change::Build(wanted.clone())) };
    let put = missing(wanted, &found.sets);
    let take = missing(&found.sets, wanted);
    if put.is_empty() && take.is_empty() { None } else { Some(Change::Amend { put, take }) }
}

/// What is in the sets of one and not in those of the other.
fn missing(of: &Sets, from: &Sets) -> Vec<(Set, Element)> {
    let in_other = |set: &Set, element: &Element| from.get(set).is_some_and(|other| other.contains(element));
    let all = of.iter().flat_map(|(set, elements)| elements.iter().map(move |element| (*set, element)));
    all.filter(|(set, element)| !in_other(set, element)).map(|(set, element)| (set, element.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::restriction::Restriction;
    use crate::control::schedule::Civil;
    use alloc::vec;

    const A: Element = Element::Device(Hardware([2, 0, 0, 0, 0, 1]));
    const B: Element = Element::Device(Hardware([2, 0, 0, 0, 0, 2]));

    fn sets(of: &[(Set, Element)]) -> Sets {
        let mut sets = Sets::new();
        for (set, element) in of {
            sets.entry(*set).or_default().insert(element.clone());
        }
        sets
    }

    fn ours(of: &[(Set, Element)]) -> Found {
        Found { rules_are_ours: true, sets: sets(of) }
    }

    #[test]
    fn what_is_not_there_or_not_ours_is_built_anew() {
        let wanted = sets(&[(Set::Block, A)]);
        assert_eq!(difference(Some(&wanted), None), Some(Change::Build(wanted.clone())));
        let foreign = Found { rules_are_ours: false, sets: wanted.clone() };
        assert_eq!(difference(Some(&wanted), Some(&foreign)), Some(Change::Build(wanted.clone())));
    }

    #[test]
    fn only_the_difference_is_acted_on_and_nothing_twice() {
        let wanted = sets(&[(Set::Block, A), (Set::Page, Element::Port(8067))]);
        let found = ours(&[(Set::Pause, A), (Set::Block, B), (Set::Page, Element::Port(8067))]);
        let change = Change::Amend { put: vec![(Set::Block, A)], take: vec![(Set::Block, B), (Set::Pause, A)] };
        assert_eq!(difference(Some(&wanted), Some(&found)), Some(change));
        assert_eq!(difference(Some(&wanted), Some(&ours(&[(Set::Block, A), (Set::Page, Element::Port(8067))]))), None);
        assert_eq!(difference(Some(&Sets::new()), Some(&ours(&[]))), None);
        assert_eq!(difference(None, Some(&ours(&[]))), Some(Change::Remove));
        assert_eq!(difference(None, None), None);
    }

    #[test]
    fn a_device_is_in_the_set_of_its_mode_while_that_is_in_force() {
        let mut restrictions = Restrictions::default();
        for (last, mode) in (1..).zip(Mode::ALL) {
            let restriction = Restriction { mode, until: Some(u64::from(last) * 10), schedule: None };
            restrictions.set(Hardware([2, 0, 0, 0, 0, last]), Some(restriction)).unwrap();
        }
        let mut wanted = Sets::new();
        put_restricted(&mut wanted, &restrictions, Now { unix: 10, local: Civil { weekday: 0, minute: 0 } });
        let third = Element::Device(Hardware([2, 0, 0, 0, 0, 3]));
        assert_eq!(wanted, sets(&[(Set::Local, B), (Set::Block, third)]));
    }
}

//! An outage that goes on: gathers troubles until all are over, and is told anew when something about it has changed.

use super::episode::Episode;
use super::told::{Noticed, Outage, Trouble};
use crate::link::Family;
use crate::time::Time;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

/// It, and what was told of it.
#[derive(Clone, Debug)]
pub(super) struct GoingOn {
    pub(super) outage: Outage,
    /// Dead time before the present dead rounds, and theirs.
    pub(super) dead: (Duration, Duration),
    /// As it was last told; nothing yet if that is not known.
    told: Option<Outage>,
}

impl GoingOn {
    /// It counts from now on, and has no trouble yet.
    pub(super) fn new(counted: Time) -> Self {
        let outage = Outage {
            counted,
            began_in: None,
            noticed: Noticed::Nothing,
            dead: Duration::ZERO,
            used: BTreeSet::new(),
            troubles: Vec::new(),
        };
        Self { outage, dead: (Duration::ZERO, Duration::ZERO), told: None }
    }

    /// A link's trouble counts, and is as this episode says.
    pub(super) fn take_trouble(&mut self, link: (&str, Family), episode: &Episode, targets: &[IpAddr], is_over: bool) {
        let (place, is_out) = (episode.place(targets), episode.is_out());
        let end = is_over.then_some(episode.last);
        let of_link = |trouble: &&mut Trouble| {
            trouble.link.as_ref().is_some_and(|(name, family)| (name.as_str(), *family) == link)
        };
        if let Some(known) = self.outage.troubles.iter_mut().find(of_link) {
            // One more of that link in the same outage keeps the nearest place of all.
            known.place = if known.begin == episode.begin { place } else { known.place.min(place) };
            known.is_out |= is_out;
            known.end = end;
        } else {
            let link = Some((link.0.into(), link.1));
            self.outage.troubles.push(Trouble { place, link, is_out, begin: episode.begin, end });
        }
    }

    /// A link is in no trouble: it was missed only for as long as all others were, which is until now.
    pub(super) fn forget_trouble(&mut self, link: (&str, Family), now: Time) {
        let is_other =
            |trouble: &Trouble| trouble.link.as_ref().is_none_or(|(name, family)| (name.as_str(), *family) != link);
        let troubles = &mut self.outage.troubles;
        if troubles.iter().any(is_other) {
            troubles.retain(is_other);
        } else if let Some(last) = troubles.first_mut() {
            // An outage has one trouble at least.
            last.end = Some(now);
        }
    }

    /// Links in use now; those count that are in no trouble of this outage.
    pub(super) fn note_used<'a>(&mut self, names: impl Iterator<Item = &'a String>) {
        let Outage { used, troubles, .. } = &mut self.outage;
        let is_fine = |name: &str| !troubles.iter().any(|it| it.link.as_ref().is_some_and(|(of, _)| of == name));
        for name in names {
            if !used.contains(name) && is_fine(name) {
                used.insert(name.clone());
            }
        }
    }

    /// Dead rounds count from the first on, once they are known to be part of an outage.
    pub(super) fn note_dead(&mut self, lasts: Duration) {
        let (before, run) = self.dead;
        let before = if lasts < run { before.saturating_add(run) } else { before };
        self.dead = (before, lasts);
        self.outage.dead = before.saturating_add(lasts);
    }

    /// What is to be told, if that is more than that it still goes on.
    pub(super) fn news(&mut self) -> Option<Outage> {
        if let Some(told) = &mut self.told {
            // How long it has been dead is told once, at the end.
            told.dead = self.outage.dead;
        }
        if self.told.as_ref() == Some(&self.outage) {
            return None;
        }
        self.told = Some(self.outage.clone());
        self.told.clone()
    }
}

//! How far the latest choice has come, as the rest of the program is shown it.

use super::Driver;
use crate::committer::exec::Exec;
use crate::committer::family::FamilyCommitter;
use crate::committer::{Backend, CommitStatus, Wanted};
use rebootping_core::commit::State;
use rebootping_core::link::{Family, LinkId};
use std::sync::PoisonError;

impl Driver {
    pub(super) fn publish(&self) {
        let status = CommitStatus {
            backend: self.backend(),
            state: self.state(),
            error: self.error(),
            committed: self.links_that(FamilyCommitter::is_committed).chain(self.told_to_exec()).collect(),
            left_alone: self.links_that(FamilyCommitter::is_left_alone).collect(),
            counts: self.counts,
        };
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    fn backend(&self) -> &'static str {
        match self.settings.backend {
            Backend::Exec => "exec",
            Backend::Shorewall => "shorewall",
            Backend::Auto if self.families.iter().any(|family| family.state().is_some()) => "shorewall",
            Backend::Auto | Backend::Observe => "observe",
        }
    }

    /// The state of the one that is furthest behind.
    fn state(&self) -> State {
        let states =
            || self.families.iter().filter_map(FamilyCommitter::state).chain(self.exec.as_ref().map(Exec::state));
        let order = [State::Failing, State::Pending, State::Waiting, State::Applied];
        let trouble = self.trouble.is_some() || self.has_no_provider();
        if self.choice.is_empty() && !self.released && !trouble && states().next().is_some() {
            return State::Pending;
        }
        trouble
            .then_some(State::Failing)
            .or_else(|| order.into_iter().find(|state| states().any(|it| it == *state)))
            .unwrap_or(State::Observing)
    }

    /// Shorewall is to carry the choice out, whether it reads our files or not, but knows none of the links.
    fn has_no_provider(&self) -> bool {
        let wanted = self.settings.backend == Backend::Shorewall && !self.released;
        wanted && self.families.iter().all(|family| family.is_read() && !family.is_committing())
    }

    fn error(&self) -> Option<String> {
        let exec = self.exec.as_ref().and_then(|exec| exec.error().map(str::to_owned));
        let none = self.has_no_provider().then(|| "none of the links is a provider of Shorewall".to_owned());
        self.trouble.clone().or(none).or_else(|| self.families.iter().find_map(FamilyCommitter::error)).or(exec)
    }

    fn links_that(&self, hold: impl Fn(&FamilyCommitter, LinkId) -> bool) -> impl Iterator<Item = (Family, LinkId)> {
        self.choice.keys().copied().filter(move |(name, link)| {
            self.families.iter().any(|family| family.family == *name && hold(family, *link))
        })
    }

    fn told_to_exec(&self) -> impl Iterator<Item = (Family, LinkId)> {
        let told = self.exec.as_ref().map(Exec::applied);
        let as_told = move |(key, wanted): &(&(Family, LinkId), &Wanted)| {
            told.is_some_and(|told| told.get(key).is_some_and(|it| it.want.is_in() == wanted.want.is_in()))
        };
        self.choice.iter().filter(as_told).map(|(key, _)| *key)
    }
}

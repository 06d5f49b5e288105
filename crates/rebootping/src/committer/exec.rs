//! The operator's own program as the one that carries out a choice: run until it succeeds, with the latest choice.

use super::{Choice, choice};
use rebootping_core::commit::State;
use rebootping_core::link::LinkId;
use rebootping_core::time::Time;
use std::collections::BTreeSet;
use std::time::Duration;

/// Between the first failure and the next try; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What the program was told, and what it shall be told.
#[derive(Debug, Default)]
pub(super) struct Exec {
    desired: Choice,
    applied: Choice,
    running: Option<Choice>,
    failures: u32,
    retry_at: Time,
    error: Option<String>,
    releasing: bool,
    observing: bool,
}

impl Exec {
    /// The latest choice. A new one does not wait for the end of a pause.
    pub(super) fn handle_desired(&mut self, choice: &Choice, now: Time) {
        if self.releasing || self.observing {
            return;
        }
        if !choice::changed(&self.desired, choice).is_empty() {
            self.retry_at = now;
        }
        self.desired.clone_from(choice);
    }

    /// The program is to be told that every link is in, and nothing after that.
    pub(super) fn handle_release(&mut self, everything: &Choice, now: Time) {
        self.handle_desired(everything, now);
        self.releasing = !self.observing;
        self.end_release();
    }

    /// The release is over once the program was told that every link is in, which it may have been before.
    fn end_release(&mut self) {
        let told = self.running.is_none() && choice::changed(&self.applied, &self.desired).is_empty();
        self.observing |= self.releasing && told;
    }

    /// The run ended; returns what it changed.
    pub(super) fn handle_finished(&mut self, result: Result<(), String>, now: Time) -> Option<BTreeSet<LinkId>> {
        let told = self.running.take()?;
        match result {
            Ok(()) => {
                let changed = choice::changed(&self.applied, &told);
                self.applied = told;
                (self.failures, self.error) = (0, None);
                self.end_release();
                Some(changed)
            }
            Err(error) => {
                let doublings = self.failures.min(6);
                self.failures = self.failures.saturating_add(1);
                self.retry_at = now + FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
                self.error = Some(error);
                None
            }
        }
    }

    /// The choice to tell the program now, with what is new in it; nothing while it runs, agrees, or is to be left a while.
    pub(super) fn poll_output(&mut self, now: Time) -> Option<(Choice, BTreeSet<LinkId>)> {
        let changed = choice::changed(&self.applied, &self.desired);
        if changed.is_empty() || self.running.is_some() || now < self.retry_at {
            return None;
        }
        self.running = Some(self.desired.clone());
        Some((self.desired.clone(), changed))
    }

    /// When [`poll_output`](Self::poll_output) should be asked again though nothing happened.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        (self.error.is_some() && self.running.is_none()).then_some(self.retry_at)
    }

    pub(super) fn state(&self) -> State {
        match () {
            () if self.observing => State::Observing,
            () if self.error.is_some() => State::Failing,
            () if choice::changed(&self.applied, &self.desired).is_empty() => State::Applied,
            () => State::Pending,
        }
    }

    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// What the program was told at its last success.
    pub(super) fn applied(&self) -> &Choice {
        &self.applied
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::Wanted;
    use rebootping_core::commit::Want;
    use rebootping_core::link::{Family, Leave};

    fn at(seconds: u64) -> Time {
        Time::BOOT + Duration::from_secs(seconds)
    }

    fn choose(want: Want) -> Choice {
        [((Family::Ipv4, LinkId(0)), Wanted { want, gateway: None })].into()
    }

    #[test]
    fn a_failure_is_tried_again_and_a_new_choice_at_once() {
        let mut exec = Exec::default();
        exec.handle_desired(&choose(Want::In), at(0));
        assert!(exec.poll_output(at(0)).is_some());
        assert!(exec.poll_output(at(0)).is_none(), "one run at a time");
        exec.handle_finished(Err("no".into()), at(1));
        assert_eq!((exec.state(), exec.error(), exec.next_deadline()), (State::Failing, Some("no"), Some(at(2))));
        assert!(exec.poll_output(at(1)).is_none());
        exec.handle_desired(&choose(Want::Out(Leave::Cut)), at(1));
        let (told, changed) = exec.poll_output(at(1)).expect("a new choice does not wait");
        assert_eq!((told, changed), (choose(Want::Out(Leave::Cut)), [LinkId(0)].into()));
        assert!(exec.handle_finished(Ok(()), at(2)).is_some());
        assert_eq!(exec.state(), State::Applied);
        assert!(exec.poll_output(at(100)).is_none(), "nothing differs");
    }

    #[test]
    fn a_release_tells_it_that_all_are_in_and_ends() {
        let mut exec = Exec::default();
        exec.handle_desired(&choose(Want::Out(Leave::Drain)), at(0));
        exec.poll_output(at(0));
        exec.handle_finished(Ok(()), at(0));
        exec.handle_release(&choose(Want::In), at(1));
        assert!(exec.poll_output(at(1)).is_some());
        exec.handle_finished(Ok(()), at(1));
        assert_eq!(exec.state(), State::Observing);
        exec.handle_desired(&choose(Want::Out(Leave::Drain)), at(2));
        assert!(exec.poll_output(at(2)).is_none());
    }

    #[test]
    fn a_release_of_links_that_are_all_in_is_over_at_once() {
        let mut exec = Exec::default();
        exec.handle_desired(&choose(Want::In), at(0));
        exec.poll_output(at(0));
        exec.handle_finished(Ok(()), at(0));
        exec.handle_release(&choose(Want::In), at(1));
        assert!(exec.poll_output(at(1)).is_none());
        assert_eq!(exec.state(), State::Observing);
    }
}

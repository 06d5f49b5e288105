//! What failed, how often in a row, and when it may be tried again.

use super::Step;
use crate::link::LinkId;
use crate::time::Time;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::time::Duration;

/// The first pause after a failure: most are a lock or an interface about to come up.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause: an operator who mended the cause should not wait longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What can fail by itself: trouble with one does not hold up the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Subject {
    /// A link's status file.
    File(LinkId),
    /// A link's place in the kernel's routing, by way of the firewall.
    Kernel(LinkId),
    /// A link's established flows: its drain, their deletion.
    Flows(LinkId),
}

/// One subject's failures in a row.
#[derive(Debug)]
struct Trouble {
    failures: u32,
    retry_at: Time,
    step: Step,
    error: String,
}

/// Every subject in trouble.
#[derive(Debug, Default)]
pub(super) struct Troubles(BTreeMap<Subject, Trouble>);

impl Troubles {
    /// Counts one more failure, and returns the pause before the next try: 1 s, doubling to 60 s.
    pub(super) fn add(&mut self, subject: Subject, step: Step, error: &str, now: Time) -> Duration {
        let failures = self.failures(subject).saturating_add(1);
        let doublings = failures.saturating_sub(1).min(6);
        let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        self.0.insert(subject, Trouble { failures, retry_at: now + pause, step, error: error.into() });
        pause
    }

    /// Forgets a subject's failures: it is as it should be, or something else is wanted of it.
    pub(super) fn clear(&mut self, subject: Subject) {
        self.0.remove(&subject);
    }

    /// How often in a row the subject failed.
    pub(super) fn failures(&self, subject: Subject) -> u32 {
        self.0.get(&subject).map_or(0, |trouble| trouble.failures)
    }

    /// The subject has failed and its pause is not over.
    pub(super) fn is_pausing(&self, subject: Subject, now: Time) -> bool {
        self.0.get(&subject).is_some_and(|trouble| now < trouble.retry_at)
    }

    /// The next end of a pause after `now`.
    pub(super) fn next_deadline(&self, now: Time) -> Option<Time> {
        self.0.values().map(|trouble| trouble.retry_at).filter(|at| *at > now).min()
    }

    /// The trouble that lasts longest, for a status line.
    pub(super) fn worst(&self) -> Option<(Subject, Step, &str)> {
        let (subject, trouble) = self.0.iter().max_by_key(|(_, trouble)| trouble.failures)?;
        Some((*subject, trouble.step, &trouble.error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_from_a_second_to_a_minute() {
        let mut troubles = Troubles::default();
        let subject = Subject::Kernel(LinkId(0));
        let pauses: [u64; 8] =
            core::array::from_fn(|_| troubles.add(subject, Step::Enable, "no", Time::BOOT).as_secs());
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}

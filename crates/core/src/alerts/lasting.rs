//! Something that may go on for long: told once it has, and again from time to time.

use crate::time::Time;
use alloc::string::String;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// It, if it goes on.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub(super) struct Lasting {
    going_on: Option<GoingOn>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct GoingOn {
    since: Time,
    why: String,
    told: Told,
}

/// How often something was told, and when last.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Told {
    times: u32,
    last: Time,
}

/// What is to be told.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Due {
    pub(super) why: String,
    pub(super) since: Time,
    pub(super) repeated: u32,
}

impl Lasting {
    /// It is so from then on, or is not.
    pub(super) fn set(&mut self, why: Option<String>, at: Time) {
        let Some(why) = why else {
            self.going_on = None;
            return;
        };
        let going_on =
            self.going_on.get_or_insert_with(|| GoingOn { since: at, why: String::new(), told: Told::default() });
        going_on.why = why;
    }

    /// What is to be told now, if it has lasted so long.
    pub(super) fn due(&mut self, now: Time, after: Duration, repeat: Option<Duration>) -> Option<Due> {
        let going_on = self.going_on.as_mut()?;
        let repeated = going_on.told.again(going_on.since, now, after, repeat)?;
        Some(Due { why: going_on.why.clone(), since: going_on.since, repeated })
    }

    pub(super) fn next_deadline(&self, after: Duration, repeat: Option<Duration>) -> Option<Time> {
        let going_on = self.going_on.as_ref()?;
        going_on.told.next(going_on.since, after, repeat)
    }
}

impl Told {
    /// It was told at least once.
    pub(super) const fn is_told(self) -> bool {
        self.times > 0
    }

    /// When what has gone on since then is told next, if it is.
    pub(super) fn next(self, since: Time, after: Duration, repeat: Option<Duration>) -> Option<Time> {
        if self.is_told() { repeat.map(|repeat| self.last + repeat) } else { Some(since + after) }
    }

    /// Tells it if it is time to; how often it was told before.
    pub(super) fn again(&mut self, since: Time, now: Time, after: Duration, repeat: Option<Duration>) -> Option<u32> {
        self.next(since, after, repeat).filter(|at| *at <= now)?;
        let before = self.times;
        *self = Self { times: before.saturating_add(1), last: now };
        Some(before)
    }
}

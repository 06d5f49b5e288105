//! What takes back what was done: kept for a minute, by a number that only whoever did it was told.

use crate::daemon::Request;
use rebootping_core::time::Time;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The page offers it for ten seconds; scripts may take longer.
const STAYS: Duration = Duration::from_secs(60);
/// So many at once; a further one pushes the oldest out.
const MOST: usize = 64;

/// What can be taken back.
#[derive(Default, Debug)]
pub(super) struct Undo(Mutex<Kept>);

#[derive(Default, Debug)]
struct Kept {
    latest: u64,
    requests: VecDeque<(u64, Time, Request)>,
}

impl Undo {
    /// Keeps what takes something back; its number.
    pub(super) fn keep(&self, request: Request, now: Time) -> u64 {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.latest += 1;
        if kept.requests.len() >= MOST {
            kept.requests.pop_front();
        }
        let number = kept.latest;
        kept.requests.push_back((number, now, request));
        number
    }

    /// What takes that back, once; none if it was too long ago.
    pub(super) fn take(&self, number: u64, now: Time) -> Option<Request> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.requests.retain(|(_, at, _)| now.since(*at) < STAYS);
        let at = kept.requests.iter().position(|(id, _, _)| *id == number)?;
        kept.requests.remove(at).map(|(_, _, request)| request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_taken_back_once_and_within_a_minute() {
        let undo = Undo::default();
        let at = |seconds| Time::BOOT + Duration::from_secs(seconds);
        let request = || Request::Auto { link: "wan1".into() };
        let (one, other) = (undo.keep(request(), at(0)), undo.keep(request(), at(30)));
        assert_eq!(undo.take(one, at(59)), Some(request()));
        assert_eq!(undo.take(one, at(59)), None);
        assert_eq!(undo.take(other, at(90)), None);
        let first = undo.keep(request(), at(100));
        let numbers: Vec<u64> = (0..MOST).map(|_| undo.keep(request(), at(100))).collect();
        assert_eq!(undo.take(first, at(100)), None, "pushed out");
        assert!(numbers.into_iter().all(|number| undo.take(number, at(100)).is_some()));
    }
}

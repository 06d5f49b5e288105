//! Who has logged in: few, for a bounded time, and only for as long as the password is what it was.

use super::digest::{Digest, digest, hex};
use super::ledger::{Ledger, Line};
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many browsers at once; one more ends the session that was used longest ago.
const MOST: usize = 64;
/// A session nobody uses ends after this.
const IDLE: Duration = Duration::from_secs(24 * 3600);
/// No session lasts longer.
pub(super) const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// That a session was used is written down this often.
const NOTED: Duration = Duration::from_secs(10 * 60);

/// The sessions that stand.
#[derive(Default, Debug)]
pub(super) struct Sessions {
    known: Mutex<Known>,
    /// Where they outlast this process, if they do.
    ledger: Option<Ledger>,
}

#[derive(Default, Debug)]
struct Known {
    sessions: BTreeMap<Digest, Session>,
    noted: Option<Time>,
}

#[derive(Debug)]
struct Session {
    begun: Time,
    used: Time,
    password: Digest,
}

impl Sessions {
    /// Those that another process began, and that this ledger still has.
    pub(super) fn of(ledger: Option<Ledger>) -> Self {
        let lines = ledger.iter().flat_map(Ledger::read).take(MOST);
        let session = |Line { key, begun, used, password }| (key, Session { begun, used, password });
        Self { known: Mutex::new(Known { sessions: lines.map(session).collect(), noted: None }), ledger }
    }

    /// Begins one; the secret by which its browser is known.
    pub(super) fn begin(&self, random: [u8; 32], password: Digest, now: Time) -> String {
        let mut known = self.lock();
        let sessions = &mut known.sessions;
        sessions.retain(|_, session| session.stands(password, now));
        if sessions.len() >= MOST {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key);
            oldest.map(|key| sessions.remove(&key));
        }
        let secret = hex(&random);
        sessions.insert(digest(secret.as_bytes()), Session { begun: now, used: now, password });
        self.note(&mut known, now);
        secret
    }

    /// Whether this secret's session stands.
    pub(super) fn is_valid(&self, secret: &str, password: Digest, now: Time) -> bool {
        let mut known = self.lock();
        let Some(session) = known.sessions.get_mut(&digest(secret.as_bytes())) else { return false };
        let stands = session.stands(password, now);
        if stands {
            session.used = session.used.max(now);
            if known.noted.is_none_or(|noted| now.since(noted) >= NOTED) {
                self.note(&mut known, now);
            }
        }
        stands
    }

    /// Ends it.
    pub(super) fn end(&self, secret: &str, now: Time) {
        let mut known = self.lock();
        known.sessions.remove(&digest(secret.as_bytes()));
        self.note(&mut known, now);
    }

    /// Writes them down; what cannot be written ends with this process.
    fn note(&self, known: &mut Known, now: Time) {
        known.noted = Some(now);
        let line = |(key, session): (&Digest, &Session)| Line {
            key: *key,
            begun: session.begun,
            used: session.used,
            password: session.password,
        };
        let lines: Vec<Line> = known.sessions.iter().map(line).collect();
        drop(self.ledger.as_ref().map(|ledger| ledger.write(&lines)));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn stands(&self, password: Digest, now: Time) -> bool {
        self.password == password && now.since(self.used) < IDLE && now.since(self.begun) < LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;

    const PASSWORD: Digest = [1; 32];

    fn at(hours: u64) -> Time {
        Time::BOOT + Duration::from_secs(hours * 3600)
    }

    #[test]
    fn a_session_ends_when_it_is_ended_unused_too_old_or_of_another_password() {
        let sessions = Sessions::default();
        let secret = sessions.begin([1; 32], PASSWORD, at(0));
        assert!(sessions.is_valid(&secret, PASSWORD, at(23)));
        assert!(!sessions.is_valid(&secret, [2; 32], at(23)));
        assert!(!sessions.is_valid("1", PASSWORD, at(23)));
        let unused = sessions.begin([2; 32], PASSWORD, at(0));
        assert!(!sessions.is_valid(&unused, PASSWORD, at(24)));
        for half_day in 2..60 {
            assert!(sessions.is_valid(&secret, PASSWORD, at(half_day * 12 - 1)), "half day {half_day}");
        }
        assert!(!sessions.is_valid(&secret, PASSWORD, at(30 * 24)));
        let ended = sessions.begin([4; 32], PASSWORD, at(720));
        sessions.end(&ended, at(720));
        assert!(!sessions.is_valid(&ended, PASSWORD, at(720)));
    }

    #[test]
    fn the_next_process_knows_those_that_stand() {
        let scratch = Scratch::new("sessions");
        let open = || Sessions::of(Ledger::open(scratch.path()).ok());
        let sessions = open();
        let (stays, ended) = (sessions.begin([1; 32], PASSWORD, at(0)), sessions.begin([2; 32], PASSWORD, at(0)));
        sessions.end(&ended, at(1));
        assert!(sessions.is_valid(&stays, PASSWORD, at(20)));
        let next = open();
        assert!(next.is_valid(&stays, PASSWORD, at(43)), "that it was used is known");
        assert!(!next.is_valid(&ended, PASSWORD, at(2)));
        assert!(!open().is_valid(&stays, [2; 32], at(43)), "of another password");
    }

    #[test]
    fn there_are_never_more_than_the_most() {
        let sessions = Sessions::default();
        let begin = |n: usize| sessions.begin([n as u8; 32], PASSWORD, Time::BOOT + Duration::from_secs(n as u64));
        let secrets: Vec<String> = (0..=MOST).map(begin).collect();
        let valid = secrets.iter().filter(|secret| sessions.is_valid(secret, PASSWORD, at(9))).count();
        assert_eq!(valid, MOST);
        assert!(!sessions.is_valid(&secrets[0], PASSWORD, at(9)));
    }
}

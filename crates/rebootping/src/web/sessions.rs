//! Who has logged in: few, for a bounded time, and only for as long as the password is what it was.

use super::digest::{Digest, digest, hex};
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

/// The sessions that stand.
#[derive(Default, Debug)]
pub(super) struct Sessions(Mutex<BTreeMap<Digest, Session>>);

#[derive(Debug)]
struct Session {
    begun: Time,
    used: Time,
    password: Digest,
}

impl Sessions {
    /// Begins one; the secret by which its browser is known.
    pub(super) fn begin(&self, random: [u8; 32], password: Digest, now: Time) -> String {
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.stands(password, now));
        if sessions.len() >= MOST {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key);
            oldest.map(|key| sessions.remove(&key));
        }
        let secret = hex(&random);
        sessions.insert(digest(secret.as_bytes()), Session { begun: now, used: now, password });
        secret
    }

    /// Whether this secret's session stands.
    pub(super) fn is_valid(&self, secret: &str, password: Digest, now: Time) -> bool {
        let mut sessions = self.lock();
        let Some(session) = sessions.get_mut(&digest(secret.as_bytes())) else { return false };
        let stands = session.stands(password, now);
        if stands {
            session.used = session.used.max(now);
        }
        stands
    }

    /// Ends it.
    pub(super) fn end(&self, secret: &str) {
        self.lock().remove(&digest(secret.as_bytes()));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        sessions.end(&ended);
        assert!(!sessions.is_valid(&ended, PASSWORD, at(720)));
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

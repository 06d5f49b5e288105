//! Logins that failed: five in a quarter of an hour from an address, a hundred in all, then nobody's password is looked at.

use rebootping_core::time::Time;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(15 * 60);
const OF_ONE: usize = 5;
const OF_ALL: usize = 100;

/// The latest failures, oldest first.
#[derive(Default, Debug)]
pub(super) struct Attempts(Mutex<VecDeque<(Time, IpAddr)>>);

impl Attempts {
    /// Begins a login, which counts as failed until it has succeeded; or how long to wait. So many at once are not more than
    /// one after the other.
    pub(super) fn begin(&self, from: IpAddr, now: Time) -> Result<(), Duration> {
        let from = place(from);
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while failed.front().is_some_and(|(at, _)| now.since(*at) >= WITHIN) {
            failed.pop_front();
        }
        let of_one = failed.iter().filter(|(_, place)| *place == from);
        let oldest = match (of_one.clone().count() >= OF_ONE, failed.len() >= OF_ALL) {
            (true, _) => of_one.map(|(at, _)| *at).next(),
            (false, true) => failed.front().map(|(at, _)| *at),
            (false, false) => None,
        };
        if let Some(oldest) = oldest {
            return Err((oldest + WITHIN).since(now));
        }
        failed.push_back((now, from));
        Ok(())
    }

    /// A login from there succeeded: its own failures are forgotten.
    pub(super) fn succeeded(&self, from: IpAddr) {
        let from = place(from);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, place)| *place != from);
    }
}

/// What one host has: an IPv4 address, or the 64 bits of IPv6 from which it may choose any.
pub(super) fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::BOOT + Duration::from_secs(seconds)
    }

    #[test]
    fn five_from_an_address_then_none_for_a_quarter_of_an_hour() {
        let attempts = Attempts::default();
        let one = "192.0.2.1".parse().unwrap();
        for second in 0..5 {
            assert_eq!(attempts.begin(one, at(second)), Ok(()));
        }
        assert_eq!(attempts.begin(one, at(5)), Err(Duration::from_secs(895)));
        assert_eq!(attempts.begin("192.0.2.2".parse().unwrap(), at(5)), Ok(()));
        assert_eq!(attempts.begin(one, at(900)), Ok(()));
        assert!(attempts.begin(one, at(900)).is_err());
        attempts.succeeded(one);
        assert_eq!(attempts.begin(one, at(900)), Ok(()));
    }

    #[test]
    fn a_hundred_in_all_and_a_host_does_not_gain_by_having_many_addresses() {
        let attempts = Attempts::default();
        let begun = (0..200_u8).filter(|n| attempts.begin(IpAddr::from([10, 0, 0, *n]), at(0)).is_ok()).count();
        assert_eq!(begun, OF_ALL);
        let attempts = Attempts::default();
        let begun = (0..200).filter(|n| attempts.begin(format!("2001:db8::{n:x}").parse().unwrap(), at(0)).is_ok());
        assert_eq!(begun.count(), OF_ONE);
    }
}

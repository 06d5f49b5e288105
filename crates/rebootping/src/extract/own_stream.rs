//! The connection our own output leaves through, which the daemon is asked not to capture.

use core::time::Duration;
use rebootping_core::time::Time;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// A request to leave a flow out holds at least this long; it is repeated well before.
pub(crate) const HOLDS: Duration = Duration::from_secs(60);
const REPEATED: Duration = Duration::from_secs(20);

/// A TCP connection to this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flow {
    /// The other end.
    pub(crate) client: SocketAddr,
    /// Ours.
    pub(crate) server: SocketAddr,
}

/// Our connection, and whether the daemon leaves it out.
#[derive(Debug)]
pub(super) struct OwnStream {
    flow: Option<Flow>,
    asked: Option<Time>,
    is_left_out: bool,
}

impl OwnStream {
    /// What ssh tells its programs in `SSH_CONNECTION` (ssh(1)); sudo usually takes that away.
    pub(super) fn from_environment() -> Self {
        let flow = std::env::var("SSH_CONNECTION").ok().and_then(|text| parse(&text));
        Self { flow, asked: None, is_left_out: false }
    }

    /// Whether the flow is left out; asks when it was not asked for long.
    pub(super) fn is_left_out(&mut self, now: Time, leave_out: &dyn Fn(&Flow) -> bool) -> bool {
        let Some(flow) = &self.flow else { return false };
        if self.asked.is_none_or(|asked| now.since(asked) >= REPEATED) {
            self.asked = Some(now);
            self.is_left_out = leave_out(flow);
        }
        self.is_left_out
    }
}

fn parse(text: &str) -> Option<Flow> {
    let mut words = text.split(' ');
    let mut end = || {
        let address = words.next()?.split('%').next()?.parse::<IpAddr>().ok()?;
        Some(SocketAddr::new(address, words.next()?.parse().ok()?))
    };
    Some(Flow { client: end()?, server: end()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[track_caller]
    fn check(text: &str, client: &str, server: &str) {
        let [client, server] = [client, server].map(|end| end.parse().expect("an address and a port"));
        assert_eq!(parse(text), Some(Flow { client, server }));
    }

    #[test]
    fn ssh_says_which_connection_it_is() {
        check("192.0.2.7 50022 192.0.2.1 22", "192.0.2.7:50022", "192.0.2.1:22");
        check("fe80::1%wan1 50022 fe80::2%wan1 22", "[fe80::1]:50022", "[fe80::2]:22");
        for text in ["", "192.0.2.7 50022 192.0.2.1", "UNKNOWN 65535 UNKNOWN 65535"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_daemon_is_asked_again_before_it_forgets() {
        let flow = parse("192.0.2.7 50022 192.0.2.1 22");
        let mut own = OwnStream { flow, asked: None, is_left_out: false };
        let asked = Cell::new(0);
        let leave_out = |_: &Flow| asked.replace(asked.get() + 1) < 5;
        let left_out: Vec<bool> =
            (0..120).map(|second| own.is_left_out(Time::BOOT + Duration::from_secs(second), &leave_out)).collect();
        assert_eq!((asked.get(), left_out[99], left_out[100]), (6, true, false));
        assert!(REPEATED * 2 < HOLDS);
    }
}

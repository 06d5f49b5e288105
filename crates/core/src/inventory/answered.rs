//! Which answers over UDP prove a service, and which are only two programs talking.
//!
//! UDP has no SYN, so who asked first is all there is to tell a server by, and a capture may begin in the middle. An answer proves
//! a service if its port is one by custom (below 1024, or well known); if it is below those that systems lend and below the
//! asker's; or if two different hosts were answered from it.

use super::ports::LENT;
use super::seed::Seed;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::net::IpAddr;

/// Services above 1023 that anybody knows: VPNs, RADIUS, SSDP, STUN, discovery, SIP, mDNS, LLMNR, CoAP, games, `WireGuard`.
const WELL_KNOWN: [u16; 20] = [
    1194, 1701, 1812, 1813, 1900, 3478, 3702, 4500, 5060, 5353, 5355, 5683, 5684, 6666, 6667, 10001, 17500, 41641,
    47808, 51820,
];
const PLACES: usize = 4096;

/// Whom each doubtful port answered first, in fixed room; a newer port takes an older one's place.
pub(super) struct Answered {
    seed: Seed,
    places: Vec<Option<Place>>,
}

/// A doubtful port.
#[derive(Clone, Copy)]
struct Place {
    server: (IpAddr, u16),
    /// Whom it answered first.
    first: IpAddr,
    answered_others: bool,
}

impl Answered {
    pub(super) const fn new(seed: Seed) -> Self {
        Self { seed, places: Vec::new() }
    }

    /// Whether an answer proves a service.
    pub(super) fn proves(&mut self, server: (IpAddr, u16), client: (IpAddr, u16)) -> bool {
        let port = server.1;
        if port < 1024 || WELL_KNOWN.binary_search(&port).is_ok() || (port < LENT && port < client.1) {
            return true;
        }
        self.is_second(server, client.0)
    }

    fn is_second(&mut self, (ip, port): (IpAddr, u16), client: IpAddr) -> bool {
        if self.places.is_empty() {
            self.places.resize(PLACES, None);
        }
        let at = self.seed.hash_one((ip, port)) as usize % PLACES;
        let Some(place) = self.places.get_mut(at) else { return false };
        match place {
            Some(known) if known.server == (ip, port) => {
                known.answered_others |= known.first != client;
                known.answered_others
            }
            _ => {
                *place = Some(Place { server: (ip, port), first: client, answered_others: false });
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(server: u16, client: u16, expected: bool) {
        let ip = |n| IpAddr::from([10, 0, 0, n]);
        let mut answered = Answered::new(Seed::new(1));
        assert_eq!(answered.proves((ip(1), server), (ip(2), client)), expected, "{server} to {client}");
    }

    #[test]
    fn custom_tells_a_server() {
        check(53, 40000, true);
        check(123, 123, true);
        check(5353, 5353, true);
        check(2222, 2222, false);
        check(8801, 50000, true);
        check(30000, 20000, false);
        check(50000, 60000, false);
        check(51820, 51820, true);
        assert!(WELL_KNOWN.is_sorted());
    }

    #[test]
    fn two_askers_tell_a_server() {
        let ip = |n| IpAddr::from([10, 0, 0, n]);
        let mut answered = Answered::new(Seed::new(1));
        assert!(!answered.proves((ip(1), 50000), (ip(2), 1)));
        assert!(!answered.proves((ip(1), 50000), (ip(2), 2)));
        assert!(answered.proves((ip(1), 50000), (ip(3), 1)));
        assert!(answered.proves((ip(1), 50000), (ip(2), 1)));
    }
}

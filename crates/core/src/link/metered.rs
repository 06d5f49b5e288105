//! Metered links: asked little while nothing better is in trouble, because every byte is paid for.
//!
//! A spare rests while every unmetered link is healthy and answers all it is asked, and its own last answers were complete. A
//! resting spare is asked one echo to two targets every 10 s. The moment an unmetered link is not at its best, or the spare misses
//! one, it is asked in full.

use super::probe::Effort;
use super::{Family, Targets};
use core::time::Duration;

/// The hold-down after a first fault that left only metered links.
pub const FIRST_HOLD_DOWN: Duration = Duration::from_secs(300);
/// How long a fault counts for the doubling of that.
pub const MEMORY: Duration = Duration::from_secs(86_400);
/// How often the next hop of a spare is asked whether it is there.
pub const ASK_NEXT_HOP_EVERY: Duration = Duration::from_secs(120);
const MONTH: Duration = Duration::from_secs(30 * 86_400);
/// How many targets a resting spare is asked.
const TARGETS: usize = 2;
/// How often it is asked them.
const EVERY: Duration = Duration::from_secs(10);
/// How often in each family where it has both: echoes of both, with the questions to their next hops and what kernels ask each
/// other because of those (measured: 584 B every 120 s), must stay below 60 MB a month.
const EVERY_OF_BOTH: Duration = Duration::from_secs(30);

/// Whether and how a link rests.
#[derive(Clone, Copy, Default, Debug)]
pub struct Spare {
    /// Rounds since its last turn.
    waited: u32,
    rests: bool,
}

impl Spare {
    /// Begins a round: `rests` while there is no reason to ask in full; `counting` are the targets in the score.
    pub fn handle_turn(&mut self, rests: bool, counting: Targets, period: u32) -> Effort {
        self.rests = rests;
        self.waited = if rests { self.waited.saturating_add(1) } else { 0 };
        if !rests {
            Effort::Full
        } else if self.waited < period {
            Effort::Nothing
        } else {
            self.waited = 0;
            Effort::Sparse(
                counting.places().take(TARGETS).fold(Targets::NONE, |two, place| two.or(Targets::one(place))),
            )
        }
    }

    /// It rests and is not asked in this round.
    pub const fn is_resting(self) -> bool {
        self.rests && self.waited > 0
    }

    /// It is asked little or nothing, its turns included.
    pub const fn is_asked_little(self) -> bool {
        self.rests
    }
}

/// How many rounds lie between two turns of a resting spare.
pub fn period(interval: Duration, both_families: bool) -> u32 {
    let every = if both_families { EVERY_OF_BOTH } else { EVERY };
    u32::try_from(every.as_nanos().div_ceil(interval.as_nanos().max(1))).unwrap_or(u32::MAX).max(1)
}

/// The bytes a resting spare makes in a month of 30 days, headers of Ethernet included: its echoes and their replies, and the
/// questions to its next hops with all that the kernels on both ends make of them.
pub fn bytes_a_month(families: &[Family]) -> u64 {
    let every = if families.len() > 1 { EVERY_OF_BOTH } else { EVERY };
    let sum = |of: fn(Family) -> u64| families.iter().map(|&family| of(family)).fold(0, u64::saturating_add);
    let echoes = times_a_month(every).saturating_mul(sum(full_frame)).saturating_mul(TARGETS as u64).saturating_mul(2);
    echoes.saturating_add(times_a_month(ASK_NEXT_HOP_EVERY).saturating_mul(sum(question)))
}

fn times_a_month(every: Duration) -> u64 {
    MONTH.as_secs().checked_div(every.as_secs()).unwrap_or(0)
}

/// Bytes of one question to a next hop and what follows: ARP request and reply; for IPv6, where the other kernel checks us and ours
/// checks it in turn, three solicitations with their advertisements (measured).
const fn question(family: Family) -> u64 {
    match family {
        Family::Ipv4 => 2 * 42,
        Family::Ipv6 => 172 + 2 * 164,
    }
}

/// The most bytes a link asked in full makes in a month of 30 days: echoes and replies.
pub fn bytes_a_month_in_full(family: Family, targets: usize, echoes: u8, interval: Duration) -> u64 {
    let rounds = MONTH.as_nanos().checked_div(interval.as_nanos()).unwrap_or(0);
    let echoes = (targets as u64).saturating_mul(u64::from(echoes)).saturating_mul(2);
    u64::try_from(rounds).unwrap_or(u64::MAX).saturating_mul(echoes).saturating_mul(full_frame(family))
}

/// Bytes of an echo on Ethernet: header of the frame, of the packet, of the echo, and the token.
const fn full_frame(family: Family) -> u64 {
    match family {
        Family::Ipv4 => 14 + 20 + 8 + 8,
        Family::Ipv6 => 14 + 40 + 8 + 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resting_spare_is_asked_two_targets_every_ten_seconds() {
        let mut spare = Spare::default();
        let period = period(Duration::from_secs(1), false);
        assert_eq!(spare.handle_turn(false, Targets::first(4), period), Effort::Full);
        for _ in 1..period {
            assert_eq!(spare.handle_turn(true, Targets::first(4), period), Effort::Nothing);
            assert!(spare.is_resting());
        }
        assert_eq!(spare.handle_turn(true, Targets(0b1110), period), Effort::Sparse(Targets(0b0110)));
        assert!(!spare.is_resting() && spare.is_asked_little());
        assert_eq!(spare.handle_turn(true, Targets::first(4), period), Effort::Nothing);
        assert_eq!(spare.handle_turn(false, Targets::first(4), period), Effort::Full);
    }

    #[test]
    fn a_resting_spare_stays_below_60_megabytes_a_month() {
        for families in [&[Family::Ipv4][..], &[Family::Ipv4, Family::Ipv6]] {
            assert!(bytes_a_month(families) < 55_000_000, "{}", bytes_a_month(families));
        }
    }
}

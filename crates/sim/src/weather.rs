//! The month in which rules are compared: what would become of any probe, at any moment, whoever sends it.
//!
//! Two sound links and a metered spare. Each probe is lost or carried by a throw of its own; blips, uploads and the limiting target
//! are the same for all rules.

use crate::rng::mix;
use rebootping_core::time::Time;
use std::time::Duration;

/// Two sound links and a spare.
pub const LINKS: usize = 3;
/// The metered one.
pub const SPARE: usize = 2;
/// Targets known to every rule.
pub const TARGETS: usize = 4;
/// The link that one target limits, and that target.
const LIMITED: (usize, usize) = (1, 2);
/// The link over which somebody uploads for an hour a day.
const UPLOAD: usize = 0;
const DAY: u64 = 86_400_000_000_000;
const HOUR: u64 = DAY / 24;
const BLIP: u64 = 600_000_000;
const MILLISECOND: u64 = 1_000_000;

/// The weather of a seed.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    seed: u64,
    /// What the limiting target answers over its link: one echo in so many milliseconds.
    limit: u64,
}

impl Weather {
    /// A month of this seed, in which one target answers one link no more often than every `limit` milliseconds.
    pub fn new(seed: u64, limit: u64) -> Self {
        Self { seed, limit }
    }

    /// How long the answer to a probe takes, if there is one. `last` is when this prober's target last answered over this link.
    pub fn answer(&self, link: usize, target: usize, at: Time, last: Option<Time>) -> Option<Duration> {
        let throw = self.throw(&[at.as_nanos(), link as u64, target as u64]);
        let sound_delay = Duration::from_micros(8_000 * (link as u64 + 1) + 4_000 * target as u64 + throw % 2_000);
        if self.is_dead(link, at) || self.limits(link, target, at, last) {
            return None;
        }
        let (permille_lost, queue) = self.load(link, at);
        let lost = (throw >> 16) % 1000 < permille_lost;
        (!lost).then_some(sound_delay + queue)
    }

    /// The day's blip: its link and its beginning.
    pub fn blip(&self, day: u64) -> (usize, Time) {
        let throw = self.throw(&[day, 77]);
        (throw as usize % SPARE, Time::from_nanos(day * DAY + (throw >> 8) % (DAY - BLIP)))
    }

    /// How long a blip lasts.
    pub const fn blip_lasts() -> Duration {
        Duration::from_nanos(BLIP)
    }

    fn is_dead(&self, link: usize, at: Time) -> bool {
        let (struck, begins) = self.blip(at.as_nanos() / DAY);
        struck == link && begins <= at && at < begins + Self::blip_lasts()
    }

    fn limits(&self, link: usize, target: usize, at: Time, last: Option<Time>) -> bool {
        (link, target) == LIMITED && last.is_some_and(|last| at.since(last) < Duration::from_millis(self.limit))
    }

    /// Loss in thousandths and queueing delay: 0.5 % always; while somebody uploads 2 % more, and a queue that fills from 100 to 700 ms
    /// in 20 s and is then dropped, as one that fills a modem's buffer does.
    fn load(&self, link: usize, at: Time) -> (u64, Duration) {
        let nanos = at.as_nanos();
        let begins = 18 * HOUR + self.throw(&[nanos / DAY, 99]) % (3 * HOUR);
        if link != UPLOAD || !(begins..begins + HOUR).contains(&(nanos % DAY)) {
            return (if link == SPARE { 0 } else { 5 }, Duration::ZERO);
        }
        let fill = nanos / MILLISECOND % 20_000;
        (25, Duration::from_millis(100 + fill * 600 / 20_000))
    }

    fn throw(&self, of: &[u64]) -> u64 {
        of.iter().fold(mix(self.seed), |bits, &part| mix(bits ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }
}

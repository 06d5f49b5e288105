//! Round trips as three kinds of links have them, made up from a seed: what a month of pings is measured with.
//!
//! Each round sends three echoes and keeps the shortest round trip. An echo takes
//!
//! - the way: the link's own length and that of the way to the target beyond, which now and then changes by a millisecond or two;
//! - the link's jitter, drawn for each echo: log-normal for fibre; for cable the wait for the next grant, evenly spread over 2 ms,
//!   and a log-normal part; for LTE a scheduler's wait, evenly spread over 5 ms, and a wider log-normal part;
//! - what queues on the link: for all its targets the same, following the load of the time of day (a peak in the evening) and
//!   wandering from second to second; a few times an hour somebody fills the link, and it grows by tens of milliseconds;
//! - rarely, one echo in a thousand, a detour with a heavy tail: Pareto, from 3 ms, exponent 1.2, up to 2 s.
//!
//! Losses: one echo in two thousand anywhere, and twice a day a burst of about 20 s in which six of ten are lost. Once in three
//! days the link is away for about ten minutes.

use rebootping_core::history::samples::{Sample, Trip};
use rebootping_core::link::echoes::Echoes;

/// Targets of a link.
pub(crate) const TARGETS: usize = 10;
const ECHOES: u8 = 3;
const DAY: f64 = 86_400.0;

/// A kind of link.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Its length, in milliseconds, like all below.
    length: f64,
    /// An even wait.
    wait: f64,
    /// Median and width of the log-normal part.
    jitter: (f64, f64),
    /// What queues at the busiest time of the day.
    queue: f64,
}

/// The links.
pub(crate) const LINKS: [Kind; 3] = [
    Kind { name: "fibre", length: 2.0, wait: 0.0, jitter: (0.25, 0.5), queue: 0.3 },
    Kind { name: "cable", length: 8.0, wait: 2.0, jitter: (0.6, 0.6), queue: 3.0 },
    Kind { name: "lte", length: 28.0, wait: 5.0, jitter: (4.0, 0.6), queue: 8.0 },
];

/// One link, round after round.
pub(crate) struct Link {
    pub(crate) kind: Kind,
    random: Random,
    second: f64,
    ways: [f64; TARGETS],
    wander: f64,
    /// Somebody fills the link: how much more queues, and until when.
    filled: (f64, f64),
    burst_until: f64,
    away_until: f64,
}

impl Link {
    pub(crate) fn new(kind: Kind, seed: u64) -> Self {
        let mut random = Random(seed);
        let ways = std::array::from_fn(|_| 1.0 + 24.0 * random.even());
        Self { kind, random, second: 0.0, ways, wander: 0.0, filled: (0.0, 0.0), burst_until: 0.0, away_until: 0.0 }
    }

    /// The next round's samples.
    pub(crate) fn round(&mut self) -> [Sample; TARGETS] {
        self.second += 1.0;
        self.happen();
        if self.second < self.away_until {
            return [Sample::Absent; TARGETS];
        }
        let queue = self.queue();
        let lost = if self.second < self.burst_until { 0.6 } else { 0.0005 };
        std::array::from_fn(|target| self.sample(self.ways[target] + queue, lost))
    }

    /// What begins in this second, if anything does.
    fn happen(&mut self) {
        let now = self.second;
        if self.random.within(4.0 / 3600.0) {
            self.filled = (10.0 + 40.0 * self.random.exponential(), now + 15.0 * self.random.exponential());
        }
        if self.random.within(2.0 / DAY) {
            self.burst_until = now + 20.0 * self.random.exponential();
        }
        if self.random.within(1.0 / (3.0 * DAY)) {
            self.away_until = now + 600.0 * self.random.exponential();
        }
        for way in 0..TARGETS {
            if self.random.within(3.0 / DAY) {
                self.ways[way] = (self.ways[way] + 1.5 * self.random.normal()).max(0.5);
            }
        }
    }

    fn queue(&mut self) -> f64 {
        let evening = (0.5 - 0.5 * (std::f64::consts::TAU * (self.second / DAY - 8.5 / 24.0)).cos()).powi(3);
        self.wander = 0.9 * self.wander + 0.43 * self.random.normal();
        let usual = self.kind.queue * (0.05 + 0.95 * evening) * (0.5 * self.wander).exp();
        let (more, until) = self.filled;
        usual + if self.second < until { more * (0.7 + 0.3 * self.random.even()) } else { 0.0 }
    }

    fn sample(&mut self, way: f64, lost: f64) -> Sample {
        let (mut best, mut answered) = (f64::MAX, 0);
        for _ in 0..ECHOES {
            let echo = way + self.echo();
            if !self.random.within(lost) {
                (best, answered) = (best.min(echo), answered + 1);
            }
        }
        match answered {
            0 => Sample::Lost { sent: ECHOES },
            _ => Sample::Answered { sent: ECHOES, lost: ECHOES - answered, best: Trip((best * 100.0).round() as u32) },
        }
    }

    fn echo(&mut self) -> f64 {
        let Kind { length, wait, jitter: (median, width), .. } = self.kind;
        let detour =
            if self.random.within(0.001) { (3.0 / self.random.even().powf(1.0 / 1.2)).min(2000.0) } else { 0.0 };
        length + wait * self.random.even() + median * (width * self.random.normal()).exp() + detour
    }
}

/// What the judge notes of a sample; nothing of a target that was not asked.
pub(crate) fn echoes(target: u8, sample: Sample) -> Option<Echoes> {
    match sample {
        Sample::Unwatched | Sample::Absent | Sample::NotAsked => None,
        Sample::Lost { sent } => Some(Echoes { target, sent, answered: 0, best: None }),
        Sample::Answered { sent, lost, best } => {
            Some(Echoes { target, sent, answered: (1 << (sent - lost)) - 1, best: Some(best.into()) })
        }
    }
}

/// Numbers from a seed (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Above 0, at most 1.
    pub(crate) fn even(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 1.0) / (1_u64 << 53) as f64
    }

    pub(crate) fn within(&mut self, chance: f64) -> bool {
        self.even() <= chance
    }

    pub(crate) fn exponential(&mut self) -> f64 {
        -self.even().ln()
    }

    /// Around 0, one wide (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * (std::f64::consts::TAU * self.even()).cos()
    }
}

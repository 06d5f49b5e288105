//! What happened in a run, as one number that two runs of a seed must share, and as lines for who replays it.

use rebootping_core::time::Time;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};

/// The log of a run.
#[derive(Clone, Debug)]
pub struct Log {
    digest: Fnv,
    verbose: bool,
}

impl Log {
    /// A log that prints what happens if `verbose`.
    pub fn new(verbose: bool) -> Self {
        Self { digest: Fnv(0xcbf2_9ce4_8422_2325), verbose }
    }

    /// Takes note of something.
    pub fn note(&mut self, now: Time, what: &(impl Hash + Debug)) {
        self.count(now, what);
        self.say(now, || format!("{what:?}"));
    }

    /// Takes note of something too frequent to be printed.
    pub fn count(&mut self, now: Time, what: &impl Hash) {
        now.hash(&mut self.digest);
        what.hash(&mut self.digest);
    }

    /// Prints a line for the reader alone.
    pub fn say(&self, now: Time, line: impl FnOnce() -> String) {
        if self.verbose {
            println!("{:>16.6}  {}", now.as_nanos() as f64 / 1e9, line());
        }
    }

    /// The number that stands for all that happened.
    pub fn digest(&self) -> u64 {
        self.digest.finish()
    }
}

/// FNV-1a by words of eight bytes: fast, and the same on every machine.
#[derive(Clone, Debug)]
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }
    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }
    fn write_u16(&mut self, value: u16) {
        self.write_u64(u64::from(value));
    }
    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }
    fn finish(&self) -> u64 {
        crate::rng::mix(self.0)
    }
}

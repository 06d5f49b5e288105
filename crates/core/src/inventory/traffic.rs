//! How much each device sends and is sent: what changes with every packet, kept apart from all else so that it stays in the cache.

use crate::packet::neighbour::Mac;
use crate::time::Time;
use serde::{Deserialize, Serialize};

const MINUTE: u64 = 60_000_000_000;

/// The bytes of one device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Traffic {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) last_seen: Time,
    /// Whose it is; whoever remembers a place among devices asks whether it still is. All-zero where nobody has it.
    #[serde(skip)]
    pub(super) mac: Mac,
    /// The interface of its last frame; other interfaces are looked up.
    #[serde(skip)]
    pub(super) interface: Option<u32>,
    /// It spoke again since it was last asked whether it did.
    #[serde(skip)]
    pub(super) was_heard: bool,
    #[serde(skip)]
    minute: u64,
    #[serde(skip)]
    minute_sent: u32,
    #[serde(skip)]
    minute_received: u32,
}

/// Bytes of one minute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Minute {
    pub(super) begins: Time,
    pub(super) sent: u32,
    pub(super) received: u32,
}

/// Whole minutes of a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Minutes(u64);

impl Minutes {
    /// Those of a time.
    pub(super) const fn of(now: Time) -> Self {
        Self(now.as_nanos() / MINUTE)
    }
}

impl Traffic {
    pub(super) fn new(mac: Mac, now: Time) -> Self {
        Self { mac, last_seen: now, ..Self::default() }
    }

    /// This minute is being counted.
    #[inline]
    pub(super) const fn is_of(&self, minute: Minutes) -> bool {
        self.minute == minute.0
    }

    /// Counts what it sent; returns the minute before, if it is over.
    #[inline]
    pub(super) fn send(&mut self, bytes: u32, now: Time) -> Option<Minute> {
        let over = self.turn(now);
        self.sent_more(bytes, now);
        over
    }

    /// Counts what it sent in the minute being counted.
    #[inline]
    pub(super) fn sent_more(&mut self, bytes: u32, now: Time) {
        self.minute_sent = self.minute_sent.saturating_add(bytes);
        self.was_heard = self.sent != 0;
        self.sent = self.sent.saturating_add(u64::from(bytes));
        self.last_seen = self.last_seen.max(now);
    }

    /// Counts what it was sent; returns the minute before, if it is over.
    #[inline]
    pub(super) fn receive(&mut self, bytes: u32, now: Time) -> Option<Minute> {
        let over = self.turn(now);
        self.received_more(bytes);
        over
    }

    /// Counts what it was sent in the minute being counted.
    #[inline]
    pub(super) const fn received_more(&mut self, bytes: u32) {
        self.received = self.received.saturating_add(bytes as u64);
        self.minute_received = self.minute_received.saturating_add(bytes);
    }

    /// Adds what another MAC of the same device had.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.received = self.received.saturating_add(other.received);
        self.last_seen = self.last_seen.max(other.last_seen);
    }

    /// The minute that was being counted, if it is over and had any bytes.
    #[inline]
    pub(super) fn turn(&mut self, now: Time) -> Option<Minute> {
        let Minutes(minute) = Minutes::of(now);
        if minute == self.minute {
            return None;
        }
        let over = Minute {
            begins: Time::from_nanos(self.minute.saturating_mul(MINUTE)),
            sent: core::mem::take(&mut self.minute_sent),
            received: core::mem::take(&mut self.minute_received),
        };
        self.minute = minute;
        (over.sent | over.received != 0).then_some(over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_told_when_it_is_over() {
        let at = |seconds: u64| Time::from_nanos(seconds.saturating_mul(1_000_000_000));
        let mut traffic = Traffic::new([2, 0, 0, 0, 0, 1], at(61));
        assert_eq!((traffic.send(100, at(61)), traffic.receive(7, at(119))), (None, None));
        assert_eq!(traffic.send(1, at(120)), Some(Minute { begins: at(60), sent: 100, received: 7 }));
        assert_eq!(traffic.turn(at(180)), Some(Minute { begins: at(120), sent: 1, received: 0 }));
        assert_eq!(traffic.turn(at(600)), None);
        assert_eq!((traffic.sent, traffic.received, traffic.last_seen), (101, 7, at(120)));
    }
}

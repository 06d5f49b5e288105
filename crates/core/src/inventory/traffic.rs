//! How much each device sends and is sent: what changes with every packet, kept apart from all else so that it stays in the cache.

use crate::packet::frame::InterfaceId;
use crate::packet::neighbour::Mac;
use crate::time::Time;
use core::num::NonZeroU32;
use serde::{Deserialize, Serialize};

const MINUTE: u64 = 60_000_000_000;

/// The bytes of one device, in one line of the cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[repr(align(64))]
pub(super) struct Traffic {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) last_seen: Time,
    /// Whose it is; whoever remembers a place among devices asks whether it still is. All-zero where nobody has it.
    #[serde(skip)]
    pub(super) mac: Mac,
    /// The interface of its last frame, one higher; other interfaces are looked up.
    #[serde(skip)]
    interface: Option<NonZeroU32>,
    /// It spoke again since it was last asked whether it did.
    #[serde(skip)]
    pub(super) was_heard: bool,
    /// The minute that is being counted.
    #[serde(skip)]
    minute: u32,
    /// What it had sent and was sent when that minute began.
    #[serde(skip)]
    before: [u64; 2],
    /// Packets it sent and was sent in it.
    #[serde(skip)]
    packets: [u32; 2],
}

/// What was moved in one minute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Minute {
    /// When it began.
    pub begins: Time,
    /// Bytes of the device's frames.
    pub sent: u64,
    /// Bytes of frames to it.
    pub received: u64,
    /// Its frames.
    pub sent_packets: u32,
    /// Frames to it.
    pub received_packets: u32,
}

/// Whole minutes of a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Minutes(u32);

impl Minutes {
    /// Those of a time.
    pub(super) const fn of(now: Time) -> Self {
        // 64 bits of nanoseconds are 29 bits of minutes.
        Self((now.as_nanos() / MINUTE) as u32)
    }
}

impl Traffic {
    pub(super) fn new(mac: Mac, now: Time) -> Self {
        Self { mac, last_seen: now, ..Self::default() }
    }

    /// The traffic of a device as it was kept over a restart: no minute of it is being counted.
    pub(super) fn restored(self, mac: Mac) -> Self {
        Self { mac, before: [self.sent, self.received], ..self }
    }

    /// Its last frame was of this interface.
    #[inline]
    pub(super) fn is_on(&self, interface: InterfaceId) -> bool {
        self.interface == Some(numbered(interface))
    }

    /// A frame of this interface came; whether its last was of another.
    #[inline]
    pub(super) fn moves_to(&mut self, interface: InterfaceId) -> bool {
        self.interface.replace(numbered(interface)) != Some(numbered(interface))
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
        let [sent, _] = &mut self.packets;
        *sent = sent.saturating_add(1);
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
        let [_, received] = &mut self.packets;
        *received = received.saturating_add(1);
        self.received = self.received.saturating_add(bytes as u64);
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
        let now = [self.sent, self.received];
        let [sent_before, received_before] = core::mem::replace(&mut self.before, now);
        let [sent_packets, received_packets] = core::mem::take(&mut self.packets);
        let over = Minute {
            begins: Time::from_nanos(u64::from(self.minute).saturating_mul(MINUTE)),
            sent: self.sent.saturating_sub(sent_before),
            received: self.received.saturating_sub(received_before),
            sent_packets,
            received_packets,
        };
        self.minute = minute;
        (sent_packets | received_packets != 0).then_some(over)
    }
}

const fn numbered(interface: InterfaceId) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(interface.0)
}

const _: () = assert!(size_of::<Traffic>() == 64, "two packets of one flow touch two of them");

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = [2, 0, 0, 0, 0, 1];

    fn at(seconds: u64) -> Time {
        Time::from_nanos(seconds.saturating_mul(1_000_000_000))
    }

    fn minute(begins: u64, [sent, received]: [u64; 2], [sent_packets, received_packets]: [u32; 2]) -> Minute {
        Minute { begins: at(begins), sent, received, sent_packets, received_packets }
    }

    #[test]
    fn a_minute_is_told_when_it_is_over() {
        let mut traffic = Traffic::new(MAC, at(61));
        assert_eq!((traffic.send(100, at(61)), traffic.receive(7, at(119))), (None, None));
        assert_eq!(traffic.send(1, at(120)), Some(minute(60, [100, 7], [1, 1])));
        assert_eq!(traffic.turn(at(180)), Some(minute(120, [1, 0], [1, 0])));
        assert_eq!(traffic.turn(at(600)), None);
        assert_eq!((traffic.sent, traffic.received, traffic.last_seen), (101, 7, at(120)));
    }

    #[test]
    fn a_minute_at_ten_gigabits_a_second_is_told_in_full() {
        let mut traffic = Traffic::new(MAC, at(60));
        for _ in 0..2_000_000 {
            traffic.send(60_000, at(61));
        }
        assert_eq!(traffic.turn(at(120)), Some(minute(60, [120_000_000_000, 0], [2_000_000, 0])));
    }

    #[test]
    fn a_restart_is_no_traffic() {
        let mut traffic = Traffic { sent: 1000, received: 500, ..Traffic::default() }.restored(MAC);
        assert_eq!(traffic.send(3, at(60)), None);
        assert_eq!(traffic.turn(at(120)), Some(minute(60, [3, 0], [1, 0])));
    }
}

//! What is kept within which bounds: after every single write the folder is walked and summed up.

use super::super::archive::Archive;
use super::super::disk::Disk;
use super::super::lane::{Because, Handed, Lane};
use super::super::memory::{Memory, Size};
use super::super::status::Board;
use super::reading::read_all;
use super::*;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An archive, and what was written to it.
struct Shelf {
    place: Place,
    archive: Archive,
    lanes: BTreeMap<u32, Lane>,
    memory: Memory,
    now: Time,
    next: u64,
    /// By device: the numbers of its packets, and what they take.
    sent: BTreeMap<u32, Vec<u64>>,
}

impl Shelf {
    fn new(limits: Limits) -> Self {
        let place = Place::new();
        let disk = Disk::open(place.path()).expect("a folder can be made");
        let archive = Archive::new(disk, maker(), limits, BTreeMap::new(), Arc::new(Board::default()));
        Self {
            place,
            archive,
            lanes: BTreeMap::new(),
            memory: Memory::default(),
            now: START,
            next: 0,
            sent: BTreeMap::new(),
        }
    }

    /// Writes packets of these lengths for a device, at once.
    fn write(&mut self, device: u32, lengths: &[usize]) {
        let handed = self.handed(device, lengths);
        let mut left = &handed.blocks[..];
        self.archive.write(&handed, &mut left).expect("there is room");
        assert!(left.is_empty());
    }

    fn handed(&mut self, slot: u32, lengths: &[usize]) -> Handed {
        let lane = self.lanes.entry(slot).or_insert_with(|| Lane::new(&device(slot), LinkType::Ethernet, slot.into()));
        lane.number(LAN, &"lan0".into());
        let bytes = lengths.iter().map(|&length| super::super::pcapng::packet_length(length.max(22))).sum();
        lane.fill(Vec::with_capacity(bytes));
        for &length in lengths {
            self.now = self.now + Duration::from_micros(10);
            assert!(lane.push(&record(self.now, &frame(self.next, length)), self.now));
            self.sent.entry(slot).or_default().push(self.next);
            self.next += 1;
        }
        lane.hand_out(Because::Full, self.now)
    }

    fn devices(&self) -> Vec<u32> {
        self.lanes.keys().copied().collect()
    }

    fn bytes(&self, slot: u32) -> u64 {
        self.place.bytes(&device(slot))
    }

    fn total(&self) -> u64 {
        self.devices().into_iter().map(|slot| self.bytes(slot)).sum()
    }

    /// What a device has is the newest of what it sent, without a gap.
    #[track_caller]
    fn kept_is_newest(&self, slot: u32) {
        let kept: Vec<u64> = read_all(&self.place, &device(slot)).iter().map(|it| number(&it.bytes)).collect();
        let sent = &self.sent[&slot];
        assert_eq!(kept, sent[sent.len() - kept.len()..], "device {slot}");
    }
}

/// Bursts of one device after the other: small talk, full frames, GRO.
fn bursts() -> impl Strategy<Value = Vec<(u32, Vec<usize>)>> {
    let length = prop_oneof![22..100_usize, 1400..1515_usize, 20_000..65_300_usize];
    prop::collection::vec((0..4_u32, prop::collection::vec(length, 1..12)), 150..260)
}

proptest! {
    #![proptest_config(Config { cases: 12, failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_device_is_ever_above_its_quota_and_keeps_the_newest_85_percent(bursts in bursts()) {
        let quota = 4 * MB;
        let mut shelf = Shelf::new(limits(quota));
        let mut has_been_full = [false; 4];
        for (slot, lengths) in bursts {
            shelf.write(slot, &lengths);
            let bytes = shelf.bytes(slot);
            prop_assert!(bytes <= quota, "device {slot} has {bytes} bytes");
            let full = &mut has_been_full[slot as usize];
            *full |= bytes > quota * 9 / 10;
            prop_assert!(!*full || bytes >= quota * 85 / 100, "device {slot} has {bytes} bytes left");
        }
        shelf.devices().into_iter().for_each(|slot| shelf.kept_is_newest(slot));
    }

    #[test]
    fn all_together_are_never_above_the_total_and_the_largest_gives(bursts in bursts()) {
        let total = 5 * MB;
        let mut shelf = Shelf::new(Limits { total, ..limits(4 * MB) });
        // A quiet device spoke first.
        shelf.write(9, &[60; 10]);
        for (slot, lengths) in bursts {
            shelf.write(slot, &lengths);
            let sum = shelf.total();
            prop_assert!(sum <= total, "{sum} bytes");
        }
        shelf.devices().into_iter().for_each(|slot| shelf.kept_is_newest(slot));
        prop_assert_eq!(read_all(&shelf.place, &device(9)).len(), 10, "the quiet one gave nothing");
    }
}

#[test]
fn a_device_that_was_full_stays_nearly_full() {
    let mut shelf = Shelf::new(limits(4 * MB));
    let mut least = u64::MAX;
    for _ in 0..400 {
        shelf.write(1, &[1400; 40]);
        let bytes = shelf.bytes(1);
        assert!(bytes <= 4 * MB);
        if shelf.sent[&1].len() > 4 * MB as usize / 1440 {
            least = least.min(bytes);
        }
    }
    assert!(least >= 4 * MB * 90 / 100, "{least} bytes");
    shelf.kept_is_newest(1);
}

#[test]
fn a_buffer_longer_than_its_segment_is_split_between_packets() {
    let mut shelf = Shelf::new(limits(4 * MB));
    shelf.write(1, &[1400; 1000]);
    assert_eq!(shelf.place.segments(&device(1)).len(), 6);
    for path in shelf.place.segments(&device(1)) {
        assert!(path.metadata().expect("it is there").len() <= 256 << 10);
    }
    shelf.kept_is_newest(1);
}

#[test]
fn a_packet_longer_than_a_segment_has_one_of_its_own() {
    let mut shelf = Shelf::new(limits(4 * MB));
    shelf.write(1, &[60, 262_144, 60]);
    assert_eq!(shelf.place.segments(&device(1)).len(), 3);
    shelf.kept_is_newest(1);
    assert_eq!(Size::of(super::super::pcapng::packet_length(262_144)).bytes(), 512 << 10);
    assert!(shelf.memory.take(Size::of(262_200)).is_some());
}

#[test]
fn many_devices_on_a_small_total_keep_several_segments_each() {
    let mut shelf = Shelf::new(Limits { total: 30 * MB, ..limits(100 * MB) });
    for round in 0..60 {
        for slot in 0..20 {
            shelf.write(slot, &[1400; 40]);
        }
        assert!(shelf.total() <= 30 * MB, "round {round}");
    }
    for slot in 0..20 {
        assert!(shelf.bytes(slot) > MB, "device {slot} has {} bytes", shelf.bytes(slot));
        shelf.kept_is_newest(slot);
    }
}

#[test]
fn smaller_limits_take_effect_at_once() {
    let mut shelf = Shelf::new(limits(20 * MB));
    for _ in 0..300 {
        shelf.write(1, &[1400; 40]);
        shelf.write(2, &[1400; 10]);
    }
    let before = (shelf.bytes(1), shelf.bytes(2));
    assert!(before.0 > 16 * MB && before.1 > 4 * MB, "{before:?}");
    shelf.archive.configure(limits(8 * MB), shelf.now).expect("files can be removed");
    assert!((6 * MB..=8 * MB).contains(&shelf.bytes(1)) && shelf.bytes(2) == before.1);
    shelf.archive.configure(Limits { total: 9 * MB, ..limits(8 * MB) }, shelf.now).expect("files can be removed");
    assert!(shelf.total() <= 9 * MB && shelf.bytes(2) > 3 * MB);
    shelf.kept_is_newest(1);
    shelf.kept_is_newest(2);
}

#[test]
fn a_segment_spans_a_day_at_most_and_goes_when_its_last_packet_is_too_old() {
    let mut shelf = Shelf::new(Limits { max_age: 30 * DAY, ..limits(4 * MB) });
    for day in 0..40 {
        shelf.write(1, &[60]);
        assert_eq!(shelf.place.segments(&device(1)).len(), (day + 1).min(31), "day {day}");
        shelf.now = shelf.now + DAY;
        shelf.archive.expire(shelf.now - Duration::from_secs(3600)).expect("files can be removed");
    }
    shelf.kept_is_newest(1);
    shelf.archive.expire(shelf.now + 31 * DAY).expect("files can be removed");
    assert!(!shelf.place.folder(&device(1)).exists(), "nor is an empty folder left");
}

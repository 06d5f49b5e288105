//! Power that is lost in the middle of a stream: every file opens, and what is left of the stream has no gap.
//!
//! How much is lost depends on how late a busy machine is; it is printed here, and held against two seconds by the long tests.

use super::reading::{read_all, tcpdump};
use super::*;
use crate::clock;
use std::thread;

/// What a busy household writes, and a pause that leaves others the processor.
const PACKETS: u64 = 20;
const PAUSE: Duration = Duration::from_millis(5);
const STREAM: Duration = Duration::from_secs(6);

#[track_caller]
fn check(kind: &str, bytes: u64) {
    let place = Place::disk_of(kind, bytes);
    let mut files = start(&place, limits(40 * MB));
    (0..3).for_each(|slot| drop(open(&mut files, slot)));
    let begun = clock::now();
    let now = || START + clock::now().since(begun);
    let mut said = 0;
    while now().since(START) < STREAM {
        for _ in 0..PACKETS {
            files.append(Slot(said as u32 % 3), &record(now(), &frame(said, 1400)));
            said += 1;
        }
        files.tick(now());
        thread::sleep(PAUSE);
    }
    place.lose_power();
    let lost_at = now();
    files.stop(PATIENCE);
    place.boot();
    let mut files = start(&place, limits(40 * MB));
    assert!(files.flush(PATIENCE));
    let recovered = files.status().recovered.expect("it was looked through");
    println!("{kind}: {recovered:?}");
    for slot in 0..3 {
        let kept = read_all(&place, &device(slot));
        let last = Time::from_nanos(kept.last().map_or(0, |it| it.stamp));
        let lost = lost_at.since(last);
        println!("{kind}: device {slot} has {} packets, {lost:?} are lost", kept.len());
        assert!(!kept.is_empty(), "all of device {slot} is lost");
        let numbers: Vec<u64> = kept.iter().map(|it| number(&it.bytes)).collect();
        let first = numbers.first().copied().unwrap_or(0);
        assert_eq!(numbers, (first..).step_by(3).take(kept.len()).collect::<Vec<_>>(), "no packet of them is missing");
        for path in place.segments(&device(slot)) {
            tcpdump(&path);
        }
    }
}

#[test]
fn an_ext4_that_loses_its_power_keeps_the_stream_without_a_gap() {
    check("ext4", 320 << 20);
}

#[test]
fn an_xfs_that_loses_its_power_keeps_the_stream_without_a_gap() {
    check("xfs", 320 << 20);
}

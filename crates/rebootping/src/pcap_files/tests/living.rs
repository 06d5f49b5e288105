//! Owners and interfaces come and go, settings change, and the capture never waits.

use super::reading::{read, read_all, tcpdump};
use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_packet_is_on_the_disk_half_a_second_later() {
    let place = Place::new();
    let mut files = start(&place, limits(4 * MB));
    let folder = open(&mut files, 1);
    files.tick(START);
    files.append(Slot(1), &record(START, &frame(0, 60)));
    files.tick(START + Duration::from_millis(400));
    assert_eq!(files.under_way, 0);
    files.tick(START + Duration::from_millis(500));
    assert_eq!(files.under_way, 1);
    assert!(files.flush(PATIENCE));
    assert_eq!(read_all(&place, &folder).len(), 1);
}

#[test]
fn folders_and_files_have_their_modes_whatever_the_mask() {
    use nix::sys::stat::{Mode, umask};
    let place = Place::new();
    let before = umask(Mode::from_bits_truncate(0o077));
    let mut files = start(&place, limits(4 * MB));
    let folder = open(&mut files, 1);
    files.append(Slot(1), &record(START, &frame(0, 60)));
    assert!(files.flush(PATIENCE));
    umask(before);
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    assert_eq!(mode(place.path()), 0o750);
    assert_eq!(mode(&place.folder(&folder)), 0o750);
    assert_eq!(mode(&place.segments(&folder)[0]), 0o640);
}

#[test]
fn interfaces_come_go_and_are_renamed_in_mid_segment() {
    let place = Place::new();
    let mut files = start(&place, limits(4 * MB));
    let folder = open(&mut files, 1);
    let mut said = Vec::new();
    let mut say = |files: &mut Files, interface: u32, name: &str| {
        files.set_interface(InterfaceId(interface), name);
        let stamp = START + SECOND * said.len() as u32;
        let bytes = frame(said.len() as u64, 60);
        files.append(Slot(1), &Record { interface: InterfaceId(interface), ..record(stamp, &bytes) });
        said.push(name.to_owned());
    };
    say(&mut files, 3, "lan0");
    say(&mut files, 4, "wlan0");
    assert!(files.flush(PATIENCE));
    say(&mut files, 4, "wlan0");
    say(&mut files, 5, "usb0");
    say(&mut files, 3, "lan1");
    say(&mut files, 4, "wlan0");
    // More than a section describes.
    for interface in 10..60 {
        say(&mut files, interface, &format!("veth{interface}"));
    }
    files.remove_interface(InterfaceId(10));
    say(&mut files, 10, "another");
    assert!(files.flush(PATIENCE));
    let found: Vec<String> = read_all(&place, &folder).into_iter().map(|it| it.interface).collect();
    assert_eq!(found, said);
    let segments = place.segments(&folder);
    assert_eq!((segments.len(), tcpdump(&segments[0])), (1, said.len()));
}

#[test]
fn segments_are_named_in_order_even_where_stamps_are_not() {
    let place = Place::new();
    let mut files = start(&place, limits(4 * MB));
    let folder = open(&mut files, 1);
    for at in 0..600_u32 {
        let stamp = START + SECOND * (600 - at);
        files.append(Slot(1), &record(stamp, &frame(at.into(), 1400)));
    }
    assert!(files.flush(PATIENCE));
    let found: Vec<u64> = read_all(&place, &folder).iter().map(|it| number(&it.bytes)).collect();
    assert!(place.segments(&folder).len() > 2);
    assert_eq!(found, (0..600).collect::<Vec<_>>());
}

#[test]
fn a_forgotten_owner_leaves_nothing_and_may_return() {
    let place = Place::new();
    let mut files = start(&place, limits(4 * MB));
    let (folder, other) = (open(&mut files, 1), open(&mut files, 2));
    for slot in [1, 2, 1] {
        files.append(Slot(slot), &record(START, &frame(0, 60)));
        assert!(files.flush(PATIENCE));
    }
    files.append(Slot(1), &record(START, &frame(1, 60)));
    files.close(Slot(1));
    let tried = files.erase(&folder).expect("the writer has time");
    assert_eq!(tried.recv_timeout(PATIENCE), Ok(()));
    assert!(!place.folder(&folder).exists());
    assert_eq!(files.status().owners.keys().map(|it| &**it).collect::<Vec<_>>(), [other.as_str()]);
    assert_eq!(files.status().total, place.bytes(&other));
    open(&mut files, 1);
    files.append(Slot(1), &record(START, &frame(2, 60)));
    assert!(files.flush(PATIENCE));
    assert_eq!(read_all(&place, &folder).len(), 1);
}

#[test]
fn a_closed_slot_keeps_its_files_and_takes_no_packets() {
    let place = Place::new();
    let mut files = start(&place, limits(4 * MB));
    let folder = open(&mut files, 1);
    files.append(Slot(1), &record(START, &frame(0, 60)));
    files.close(Slot(1));
    files.append(Slot(1), &record(START, &frame(1, 60)));
    files.append(Slot(77), &record(START, &frame(1, 60)));
    assert!(files.flush(PATIENCE));
    assert_eq!((read_all(&place, &folder).len(), files.status().behind.records), (1, 2));
}

#[test]
fn limits_change_while_packets_come() {
    let place = Place::new();
    let mut files = start(&place, limits(8 * MB));
    let folder = open(&mut files, 1);
    for at in 0..5000 {
        files.append(Slot(1), &record(START, &frame(at, 1400)));
        if at % 1000 == 0 {
            assert!(files.flush(PATIENCE));
        }
    }
    assert!(files.flush(PATIENCE));
    assert!(place.bytes(&folder) > 6 * MB);
    files.configure(limits(4 * MB)).expect("the writer has time");
    assert!(files.flush(PATIENCE));
    assert!(place.bytes(&folder) <= 4 * MB);
    assert_eq!(files.status().total, place.bytes(&folder));
}

#[test]
fn a_thousand_owners_need_little_memory_when_all_speak() {
    let place = Place::new();
    let mut files = start(&place, limits(4 * MB));
    (0..1000).for_each(|slot| drop(open(&mut files, slot)));
    let bytes = frame(7, 300);
    let mut now = START;
    for round in 0..300_u32 {
        for slot in 0..1000 {
            files.append(Slot(slot), &record(now, &bytes));
        }
        now = now + Duration::from_millis(50);
        files.tick(now);
        assert!(files.lanes.bytes() <= super::super::memory::MOST, "round {round}");
        // The writer is given the time a wire would give it.
        if round % 5 == 0 {
            assert!(files.flush(PATIENCE));
        }
    }
    assert!(files.flush(PATIENCE));
    let status = files.status();
    println!("a thousand owners: {} bytes of buffers", status.memory);
    assert_eq!((status.written.records, status.behind.records, status.refused.records), (300_000, 0, 0));
    assert!(status.memory <= 16 << 20);
    assert_eq!(read(&place.segments(&device(999))[0]).len(), 300);
}

#[test]
fn loud_owners_get_large_buffers_and_quiet_ones_give_them_back() {
    let place = Place::new();
    let mut files = start(&place, limits(100 * MB));
    open(&mut files, 1);
    let bytes = frame(7, 1400);
    for _ in 0..1000 {
        files.append(Slot(1), &record(START, &bytes));
    }
    assert_eq!(files.lanes.get(Slot(1)).map(|lane| lane.wanted(0).bytes()), Some(256 << 10));
    let mut now = START;
    for _ in 0..20 {
        files.append(Slot(1), &record(now, &bytes));
        now = now + SECOND;
        files.tick(now);
    }
    assert_eq!(files.lanes.get(Slot(1)).map(|lane| lane.wanted(0).bytes()), Some(4 << 10));
    assert!(files.flush(PATIENCE));
    assert_eq!(files.status().written.records, 1020);
}

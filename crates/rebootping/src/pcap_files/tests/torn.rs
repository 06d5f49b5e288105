//! What a crash or a power loss leaves is whole after the next start.

use super::super::disk::Disk;
use super::super::recovery::recover;
use super::reading::{read, read_all, tcpdump};
use super::*;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Has a device say a few packets and returns its only segment.
fn segment(place: &Place, packets: u64) -> PathBuf {
    let mut files = start(place, limits(4 * MB));
    let folder = open(&mut files, 1);
    for at in 0..packets {
        files.append(Slot(1), &record(START + SECOND * at as u32, &frame(at, 22 + at as usize)));
    }
    assert!(files.stop(PATIENCE));
    let segments = place.segments(&folder);
    assert_eq!(segments.len(), 1);
    segments[0].clone()
}

/// Starts and stops, as the next boot does; returns what that mended.
fn restart(place: &Place) -> super::super::status::Recovered {
    let mut files = start(place, limits(4 * MB));
    assert!(files.flush(PATIENCE), "the folder is looked through before anything is written");
    let status = files.status();
    assert_eq!(status.trouble, None);
    assert!(files.stop(PATIENCE));
    status.recovered.expect("it was looked through")
}

/// Where blocks end.
fn ends(bytes: &[u8]) -> BTreeSet<usize> {
    let mut ends = BTreeSet::new();
    let mut at = 0;
    while at < bytes.len() {
        at += u32::from_le_bytes(bytes[at + 4..at + 8].try_into().expect("four bytes")) as usize;
        ends.insert(at);
    }
    ends
}

#[test]
fn a_tail_torn_at_any_byte_or_zeroed_from_there_is_cut_to_whole_packets() {
    let place = Place::new();
    let path = segment(&place, 5);
    let whole = fs::read(&path).expect("the segment is there");
    let ends = ends(&whole);
    // With less than a described interface nothing can be in it.
    let described = *ends.iter().nth(1).expect("a section and an interface");
    let mut lengths = BTreeSet::new();
    for at in 0..whole.len() {
        let end = ends.range(..=at).next_back().copied().unwrap_or(0);
        let (end, zeroed_end) = (end, whole_before_zeros(&whole, &ends, at));
        let mut zeroed = whole.clone();
        zeroed[at..].fill(0);
        for (torn, end) in [(&whole[..at], end), (&zeroed[..], zeroed_end)] {
            fs::create_dir_all(path.parent().expect("a folder")).and_then(|()| fs::write(&path, torn)).expect("a file");
            let disk = Disk::open(place.path()).expect("the folder is there");
            let (_, recovered) = recover(&disk).expect("it can be read");
            if end < described {
                assert!(!path.exists(), "torn at {at}");
                assert_eq!((recovered.removed, recovered.segments), (1, 0), "torn at {at}");
            } else {
                let kept = fs::read(&path).expect("the segment is there");
                assert_eq!(kept, &whole[..end], "torn at {at}");
                assert_eq!(recovered.cut, u64::from(torn.len() != end), "torn at {at}");
                if lengths.insert(end) {
                    assert_eq!(tcpdump(&path), ends.range(..=end).count() - 2);
                }
            }
        }
    }
    assert_eq!(lengths.len(), 6, "every number of packets but all was met");
}

/// Where blocks end that a tail of zeros from `at` leaves as they were.
fn whole_before_zeros(whole: &[u8], ends: &BTreeSet<usize>, at: usize) -> usize {
    // Zeros over zeros change nothing.
    let first_lost = (at..whole.len()).find(|&it| whole[it] != 0).unwrap_or(whole.len());
    ends.range(..=first_lost).next_back().copied().unwrap_or(0)
}

#[test]
fn bytes_after_the_last_packet_are_cut_whatever_they_are() {
    for garbage in
        [vec![0; 4096], vec![0xff; 13], b"\x06\0\0\0\x20\0\0\0".repeat(4), b"\x06\0\0\0\xff\xff\xff\xff".to_vec()]
    {
        let place = Place::new();
        let path = segment(&place, 3);
        let whole = fs::read(&path).expect("the segment is there");
        fs::write(&path, [&whole[..], &garbage].concat()).expect("it can be written");
        assert_eq!(restart(&place).cut_bytes, garbage.len() as u64);
        assert_eq!(fs::read(&path).expect("the segment is there"), whole);
    }
}

#[test]
fn a_restart_goes_on_in_the_newest_segment_with_a_section_of_its_own() {
    let place = Place::new();
    let path = segment(&place, 3);
    let mut files = start(&place, limits(4 * MB));
    let folder = open(&mut files, 1);
    files.set_interface(LAN, "lan7");
    files.append(Slot(1), &record(START + SECOND * 9, &frame(3, 60)));
    assert!(files.flush(PATIENCE));
    assert_eq!(place.segments(&folder), std::slice::from_ref(&path));
    let names: Vec<String> = read(&path).into_iter().map(|it| it.interface).collect();
    assert_eq!(names, ["lan0", "lan0", "lan0", "lan7"]);
    assert_eq!(tcpdump(&path), 4);
    let owner = files.status().owners[folder.as_str()];
    assert_eq!((owner.oldest, owner.newest), (START.as_nanos(), (START + SECOND * 9).as_nanos()));
    assert_eq!(owner.bytes, place.bytes(&folder));
}

#[test]
fn a_folder_of_another_link_type_gets_a_segment_of_its_own() {
    let place = Place::new();
    let path = segment(&place, 3);
    let mut files = start(&place, limits(4 * MB));
    files.open(Slot(1), &device(1), LinkType::Ip);
    files.append(Slot(1), &record(START + SECOND * 9, &frame(3, 60)));
    assert!(files.flush(PATIENCE));
    let segments = place.segments(&device(1));
    assert_eq!((segments.len(), &segments[0]), (2, &path));
    assert_eq!(read(&segments[1]).len(), 1);
}

#[test]
fn old_segments_count_and_go_first_without_being_read() {
    let place = Place::new();
    let mut files = start(&place, limits(4 * MB));
    let folder = open(&mut files, 1);
    say(&mut files, 0, 3000);
    assert!(files.stop(PATIENCE));
    let before = read_all(&place, &folder);
    assert!(place.segments(&folder).len() > 10);
    // An hour later another device spoke last: only the newest of the first is looked at, from its end.
    for path in place.segments(&folder) {
        let age = std::time::SystemTime::now() - Duration::from_secs(3600);
        fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(age)).expect("it can be aged");
    }
    let mut files = start(&place, limits(4 * MB));
    open(&mut files, 1);
    let other = open(&mut files, 2);
    files.append(Slot(2), &record(START, &frame(0, 60)));
    assert!(files.stop(PATIENCE));
    let newest = place.segments(&folder).pop().expect("there are many");
    append(&newest, &[0; 100]);
    fs::File::options()
        .write(true)
        .open(&newest)
        .and_then(|file| file.set_modified(std::time::SystemTime::now() - Duration::from_secs(3600)))
        .expect("it can be aged");
    let mut files = start(&place, limits(4 * MB));
    open(&mut files, 1);
    assert!(files.flush(PATIENCE));
    let recovered = files.status().recovered.expect("it was looked through");
    assert_eq!((recovered.cut, recovered.cut_bytes), (1, 100));
    assert_eq!(files.status().total, place.bytes(&folder) + place.bytes(&other));
    assert_eq!(read_all(&place, &folder), before);
    say(&mut files, 3000, 3000);
    assert!(place.bytes(&folder) <= 4 * MB);
    let kept: Vec<u64> = read_all(&place, &folder).iter().map(|it| number(&it.bytes)).collect();
    assert_eq!(kept, (6000 - kept.len() as u64..6000).collect::<Vec<_>>());
}

fn say(files: &mut Files, from: u64, packets: u64) {
    for at in from..from + packets {
        files.append(Slot(1), &record(START + SECOND * at as u32, &frame(at, 1400)));
        if at % 40 == 0 {
            assert!(files.flush(PATIENCE));
        }
    }
    assert!(files.flush(PATIENCE));
}

fn append(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    fs::File::options().append(true).open(path).and_then(|mut file| file.write_all(bytes)).expect("it can be written");
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let place = Place::new();
    let path = segment(&place, 3);
    let folder = path.parent().expect("a folder").to_owned();
    let outside = place.path().parent().expect("a parent").join("outside");
    fs::write(&outside, "precious").expect("a file");
    fs::write(folder.join("notes.txt"), "mine").expect("a file");
    fs::write(place.path().join("README"), "mine").expect("a file");
    fs::create_dir(place.path().join(".hidden")).expect("a folder");
    symlink(&outside, folder.join("20261122T101214.000000000Z.pcapng")).expect("a link");
    symlink(&folder, place.path().join("02:00:00:00:00:07")).expect("a link");
    fs::create_dir(folder.join("20261122T101215.000000000Z.pcapng")).expect("a folder");
    let recovered = restart(&place);
    assert_eq!((recovered.segments, recovered.cut, recovered.removed, recovered.left_out), (1, 0, 0, 0));
    // Nor is anything written or removed through them.
    let mut files = start(&place, limits(4 * MB));
    let name = open(&mut files, 1);
    files.append(Slot(1), &record(START + SECOND * 90_000, &frame(9, 60)));
    files.close(Slot(1));
    let _tried = files.erase(&name).expect("the writer has time");
    assert!(files.stop(PATIENCE));
    assert_eq!(fs::read_to_string(&outside).expect("it is there"), "precious");
    assert_eq!(fs::read_to_string(folder.join("notes.txt")).expect("it is there"), "mine");
    assert!(!path.exists());
}

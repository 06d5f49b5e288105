//! Disks that are full, read-only, gone or hang: what was not written is counted, and all is well when the disk is.

use super::reading::{read_all, tcpdump};
use super::*;
use nix::sys::stat::Mode;
use std::fs;
use std::io::Read;

/// Appends packets, each a second after the last.
struct Talk {
    files: Files,
    now: Time,
    said: u64,
}

impl Talk {
    fn on(place: &Place, limits: Limits) -> Self {
        let mut files = start(place, limits);
        open(&mut files, 1);
        open(&mut files, 2);
        Self { files, now: START, said: 0 }
    }

    /// Says so many packets; the clock goes on by a second.
    fn say(&mut self, slot: u32, packets: u64) {
        for _ in 0..packets {
            self.files.append(Slot(slot), &record(self.now, &frame(self.said, 1400)));
            self.said += 1;
        }
        self.now = self.now + SECOND;
        self.files.tick(self.now);
        assert!(self.files.flush(PATIENCE));
    }

    fn trouble(&self) -> Option<String> {
        self.files.status().trouble
    }

    /// Every packet was written or counted.
    #[track_caller]
    fn adds_up(&self) {
        let status = self.files.status();
        let sum = status.written.records + status.refused.records + status.behind.records;
        assert_eq!(sum, self.said, "{status:?}");
    }
}

#[track_caller]
fn all_open(place: &Place) {
    for path in [1, 2].iter().flat_map(|&slot| place.segments(&device(slot))) {
        tcpdump(&path);
    }
}

#[test]
fn keep_free_stays_free_at_every_write_and_the_loudest_gives() {
    let place = Place::disk(16 << 20);
    let keep_free = 4 << 20;
    let mut talk = Talk::on(&place, Limits { keep_free: Some(keep_free), ..limits(100 * MB) });
    talk.say(2, 20);
    for _ in 0..300 {
        talk.say(1, 40);
        let free = nix::sys::statvfs::statvfs(&place.mount()).expect("it is mounted");
        let free = free.blocks_available() * free.fragment_size();
        assert!(free >= keep_free, "{free} bytes are free");
    }
    assert_eq!(talk.trouble(), None);
    assert_eq!(talk.files.status().written.records, talk.said);
    assert_eq!(read_all(&place, &device(2)).len(), 20, "the quiet one gave nothing");
    assert!(place.bytes(&device(1)) > 6 * MB, "{} bytes", place.bytes(&device(1)));
    all_open(&place);
}

#[test]
fn a_disk_filled_by_somebody_else_is_said_counted_and_tried_again() {
    let place = Place::disk(16 << 20);
    let mut talk = Talk::on(&place, Limits { keep_free: Some(4 << 20), ..limits(4 * MB) });
    talk.say(1, 40);
    let fill = place.mount().join("fill");
    fs::write(&fill, vec![1; 12 << 20]).expect("there is room for it");
    for _ in 0..8 {
        talk.say(1, 40);
    }
    let trouble = talk.trouble().expect("it is told");
    assert!(trouble.contains("keep_free is 4.2 MB"), "{trouble}");
    assert!(talk.files.status().refused.records >= 280);
    fs::remove_file(&fill).expect("it was there");
    (0..6).for_each(|_| talk.say(1, 1));
    assert_eq!(talk.trouble(), None);
    talk.adds_up();
    assert!(!read_all(&place, &device(1)).is_empty());
    all_open(&place);
}

#[test]
fn no_byte_left_makes_the_oldest_go_and_tears_nothing() {
    let place = Place::disk(16 << 20);
    let mut talk = Talk::on(&place, limits(100 * MB));
    for _ in 0..400 {
        talk.say(1, 40);
    }
    talk.adds_up();
    let status = talk.files.status();
    assert!(status.refused.records < 200, "{:?}", status.refused);
    let kept = read_all(&place, &device(1));
    assert_eq!(kept.last().map(|it| number(&it.bytes)), Some(talk.said - 1));
    assert!(kept.len() > 4000, "{} packets", kept.len());
    all_open(&place);
}

#[test]
fn a_read_only_disk_is_said_counted_and_tried_again() {
    let place = Place::disk(16 << 20);
    let mut talk = Talk::on(&place, limits(4 * MB));
    talk.say(1, 40);
    place.remount("ro");
    (0..6).for_each(|_| talk.say(1, 40));
    let trouble = talk.trouble().expect("it is told");
    assert!(trouble.contains("Read-only file system"), "{trouble}");
    assert_eq!(talk.files.status().written.records, 40);
    place.remount("rw");
    (0..6).for_each(|_| talk.say(1, 1));
    assert_eq!(talk.trouble(), None);
    talk.adds_up();
    all_open(&place);
}

#[test]
fn a_disk_that_fails_is_said_counted_and_tried_again() {
    let place = Place::disk_of("xfs", 320 << 20);
    let mut talk = Talk::on(&place, limits(40 * MB));
    talk.say(1, 40);
    // From here on it answers everything with EIO.
    place.lose_power();
    (0..6).for_each(|_| talk.say(1, 40));
    let trouble = talk.trouble().expect("it is told");
    assert!(trouble.contains("Input/output error"), "{trouble}");
    assert_eq!(talk.files.status().written.records, 40);
    place.boot();
    (0..6).for_each(|_| talk.say(1, 7));
    assert_eq!(talk.trouble(), None);
    talk.adds_up();
    assert!(read_all(&place, &device(1)).len() >= 7);
    all_open(&place);
}

#[test]
fn folders_that_vanish_are_made_again() {
    let place = Place::new();
    let mut talk = Talk::on(&place, limits(4 * MB));
    talk.say(1, 40);
    talk.say(2, 40);
    fs::remove_dir_all(place.folder(&device(1))).expect("it was there");
    talk.say(1, 7);
    assert_eq!(read_all(&place, &device(1)).len(), 7);
    fs::remove_dir_all(place.path()).expect("it was there");
    talk.say(1, 1);
    talk.say(2, 8);
    assert_eq!((read_all(&place, &device(1)).len(), read_all(&place, &device(2)).len()), (1, 8));
    assert_eq!(talk.trouble(), None);
    assert_eq!(talk.files.status().total, place.bytes(&device(1)) + place.bytes(&device(2)));
    talk.adds_up();
}

#[test]
fn a_segment_that_somebody_cut_or_removed_is_not_gone_on_with() {
    let place = Place::new();
    let mut talk = Talk::on(&place, limits(4 * MB));
    talk.say(1, 40);
    let first = place.segments(&device(1))[0].clone();
    fs::File::options().write(true).open(&first).and_then(|file| file.set_len(100)).expect("it can be cut");
    talk.say(1, 3);
    assert_eq!(place.segments(&device(1)).len(), 2);
    fs::remove_file(&place.segments(&device(1))[1]).expect("it was there");
    talk.say(1, 4);
    fs::remove_file(&first).expect("it was there");
    assert_eq!(read_all(&place, &device(1)).len(), 4);
    talk.adds_up();
}

#[test]
fn one_owner_that_cannot_be_written_holds_up_no_other() {
    let place = Place::new();
    let mut talk = Talk::on(&place, limits(4 * MB));
    // A file where the folder should be.
    fs::create_dir_all(place.path()).and_then(|()| fs::write(place.folder(&device(1)), "")).expect("a file");
    talk.say(1, 5);
    talk.say(2, 6);
    let trouble = talk.trouble().expect("it is told");
    assert!(trouble.starts_with(&device(1)), "{trouble}");
    let status = talk.files.status();
    assert_eq!((status.refused.records, status.written.records), (5, 6));
    fs::remove_file(place.folder(&device(1))).expect("it was there");
    (0..6).for_each(|_| talk.say(1, 1));
    assert_eq!(talk.trouble(), None);
    talk.adds_up();
}

#[test]
fn a_folder_that_cannot_be_read_at_the_start_is_read_when_it_can() {
    let place = Place::new();
    fs::write(place.path(), "in the way").expect("a file");
    let mut talk = Talk::on(&place, limits(4 * MB));
    talk.say(1, 5);
    assert!(talk.trouble().is_some() && talk.files.status().recovered.is_none());
    fs::remove_file(place.path()).expect("it was there");
    (0..6).for_each(|_| talk.say(1, 1));
    assert!(talk.trouble().is_none() && talk.files.status().recovered.is_some());
    talk.adds_up();
}

#[test]
fn a_disk_that_hangs_costs_packets_and_neither_time_nor_memory() {
    let place = Place::new();
    let mut talk = Talk::on(&place, limits(100 * MB));
    talk.say(1, 1);
    // Opening a named pipe to write waits for a reader, as a dead network disk does for its server.
    let path = place.segments(&device(1))[0].clone();
    fs::remove_file(&path).expect("it was there");
    nix::unistd::mkfifo(&path, Mode::S_IRWXU).expect("a pipe");
    let bytes = frame(0, 1400);
    let packets = 60_000;
    for at in 0..packets {
        talk.files.append(Slot(1 + at % 2), &record(talk.now, &bytes));
        if at % 1000 == 0 {
            talk.now = talk.now + SECOND;
            talk.files.tick(talk.now);
        }
    }
    talk.said += u64::from(packets);
    let status = talk.files.status();
    assert!(status.memory <= super::super::memory::MOST, "{} bytes", status.memory);
    let lost = status.behind.records;
    println!("{lost} of {packets} packets of {} MB were dropped", u64::from(packets) * 1448 / MB);
    assert!(lost > 30_000 && lost < 40_000, "{lost} dropped");
    assert_eq!((status.written.records, status.behind.bytes), (1, lost * 1444));
    assert!(!talk.files.flush(Duration::from_millis(10)), "nobody waits for ever");
    // It comes back.
    let mut nothing = Vec::new();
    let mut pipe = fs::File::open(&path).expect("the pipe");
    pipe.read_to_end(&mut nothing).expect("the writer closes it");
    assert!(nothing.is_empty(), "no packet is written into it");
    assert!(talk.files.flush(PATIENCE));
    fs::remove_file(&path).expect("it was there");
    talk.say(1, 5);
    talk.adds_up();
    assert_eq!(talk.files.status().behind.records, lost);
    all_open(&place);
}

//! Files that are damaged, newer, or held by a reader that does not finish.

use super::*;
use crate::store::read::Unreadable;
use crate::store::{DeviceMinute, schema};
use rebootping_core::history::traffic::Moved;
use rusqlite::Connection;
use std::fs;

fn damaged_beside(bench: &Bench) -> usize {
    let names = fs::read_dir(bench.scratch.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    let is_one = |name: &&String| {
        name.starts_with("history.db.damaged-2026") && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    names.iter().filter(is_one).count()
}

#[test]
fn a_file_that_is_none_is_set_aside_and_history_begins_anew() {
    let mut bench = Bench::new("garbage");
    bench.kill();
    fs::remove_file(bench.path()).unwrap();
    fs::write(bench.path(), "this is no database, whatever its name says ".repeat(100)).unwrap();
    bench.start();
    assert!(bench.shared.locked().said[0].contains("set aside as"), "{:?}", bench.shared.locked().said);
    bench.happen(Happening::Event, "anew");
    bench.flush();
    assert_eq!((bench.happened(Happening::Event).len(), damaged_beside(&bench)), (1, 1));
}

#[test]
fn a_file_cut_short_is_set_aside() {
    let mut bench = Bench::new("short");
    for _ in 0..50 {
        bench.happen(Happening::Event, &"x".repeat(2000));
    }
    bench.flush();
    bench.end();
    let whole = fs::metadata(bench.path()).unwrap().len();
    fs::OpenOptions::new().write(true).open(bench.path()).unwrap().set_len(whole / 2).unwrap();
    bench.start();
    assert_eq!(damaged_beside(&bench), 1);
}

fn moved(device: u64) -> DeviceMinute {
    let moved = Moved { sent: 1, ..Moved::default() };
    DeviceMinute { series: format!("device/{device}"), begins: Time::BOOT, moved }
}

/// Spoils the first page of a table, behind SQLite's back.
fn spoil(bench: &mut Bench, table: &str) {
    bench.end();
    let file = Connection::open(bench.path()).unwrap();
    let root = "SELECT rootpage FROM sqlite_master WHERE name = ?1";
    let page = file.query_row(root, [table], |row| row.get::<_, u32>(0)).unwrap() as usize;
    file.close().unwrap();
    let mut bytes = fs::read(bench.path()).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0xa5);
    fs::write(bench.path(), bytes).unwrap();
    bench.start();
}

#[test]
fn damage_that_is_met_later_sets_the_file_aside_with_nothing_of_this_hour_lost() {
    let mut bench = Bench::new("later");
    bench.give(Order::Moved(vec![moved(1)]));
    spoil(&mut bench, "block");
    bench.give(Order::Moved(vec![moved(2)]));
    bench.stretch(Stretch::Samples, 10);
    bench.flush();
    assert_eq!(damaged_beside(&bench), 1, "{:?}", bench.status());
    bench.flush();
    assert_eq!((bench.status().error, bench.status().waiting_bytes), (None, 0));
    assert_eq!(bench.reader().stretches(Stretch::Samples, "all", ALWAYS).unwrap().len(), 1);
    let open = bench.reader().open_hour().unwrap();
    let minutes = open.iter().filter(|open| open.kind == Stretch::TrafficMinutes).map(|open| open.series.as_str());
    assert_eq!(minutes.collect::<Vec<_>>(), ["device/1", "device/2"]);
}

#[test]
fn damage_that_is_met_at_the_start_sets_the_file_aside() {
    for table in ["event", "stream", "boot"] {
        let mut bench = Bench::new(&format!("start-{table}"));
        spoil(&mut bench, table);
        bench.happen(Happening::Event, "anew");
        bench.flush();
        // Where only writing met it.
        bench.flush();
        assert_eq!((damaged_beside(&bench), bench.happened(Happening::Event).len()), (1, 1), "{table}");
    }
}

#[test]
fn a_newer_file_is_refused_and_not_touched() {
    let mut bench = Bench::new("newer");
    bench.kill();
    let newer = Connection::open(bench.path()).unwrap();
    newer.execute_batch(&format!("PRAGMA user_version = {}", schema::CURRENT + 1)).unwrap();
    newer.close().unwrap();
    let before = fs::read(bench.path()).unwrap();
    bench.start();
    bench.happen(Happening::Event, "kept in memory");
    bench.flush();
    let error = bench.status().error.unwrap();
    assert!(error.contains("newer rebootping"), "{error}");
    bench.kill();
    assert!(fs::read(bench.path()).unwrap() == before, "it was touched");
    assert_eq!(Reader::open(bench.scratch.path()).unwrap_err(), Unreadable::Newer);
}

#[test]
fn a_reader_that_does_not_finish_stops_the_log_and_nothing_else() {
    let mut bench = Bench::new("stuck");
    bench.flush();
    let stuck = Connection::open(bench.path()).unwrap();
    stuck.execute_batch("BEGIN; SELECT count(*) FROM boot").unwrap();
    let log = file::beside(&bench.path(), "-wal");
    for n in 0..40 {
        bench.stretch(Stretch::Samples, 200_000);
        bench.happen(Happening::Event, &n.to_string());
        bench.flush();
        assert!(fs::metadata(&log).unwrap().len() < 5 << 20, "{n}");
    }
    let status = bench.status();
    assert!(status.error.as_ref().unwrap().contains("somebody reads it"), "{status:?}");
    assert!(status.waiting_bytes > 1_000_000 && status.lost.is_empty(), "{status:?}");
    stuck.execute_batch("COMMIT").unwrap();
    bench.flush();
    let status = bench.status();
    assert_eq!((status.error, status.waiting_bytes), (None, 0));
    assert_eq!(bench.happened(Happening::Event).len(), 40);
    assert_eq!(bench.reader().stretches(Stretch::Samples, "all", ALWAYS).unwrap().len(), 40);
}

#[test]
fn a_folder_that_is_not_there_is_waited_for() {
    let mut bench = Bench::new("folder");
    bench.kill();
    fs::remove_dir_all(bench.scratch.path()).unwrap();
    bench.start();
    bench.happen(Happening::Event, "early");
    bench.flush();
    assert!(bench.status().error.is_some());
    fs::create_dir_all(bench.scratch.path()).unwrap();
    bench.flush();
    assert_eq!((bench.happened(Happening::Event).len(), bench.status().error), (1, None));
}

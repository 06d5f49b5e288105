//! What the file may take, and what goes first when it would take more.

use super::*;
use std::fs;

#[test]
fn the_file_stays_within_its_size_and_keeps_what_happened() {
    let limits = Limits { max_size: 20_000_000, ..Limits::default() };
    let mut bench = Bench::with("size", limits);
    bench.since_boot += 2 * HOUR;
    let (mut largest, wal) = (0, file::beside(&bench.path(), "-wal"));
    let mut expected = 0;
    for n in 0..400 {
        bench.stretch(Stretch::Samples, 150_000);
        bench.stretch(Stretch::Quarters, 1_000);
        bench.stretch(Stretch::Journal, 3_000);
        bench.happen(Happening::Verdict, &n.to_string());
        expected += 1;
        bench.flush();
        let of = |path: &std::path::Path| fs::metadata(path).map_or(0, |found| found.len());
        largest = largest.max(of(&bench.path()) + of(&wal));
    }
    assert!(largest <= 20_000_000, "{largest}");
    assert!(largest > 12_000_000, "{largest}: there is room for more");
    assert_eq!(bench.happened(Happening::Verdict).len(), expected);
    let count = |kind| bench.reader().stretches(kind, "all", ALWAYS).unwrap().len();
    assert_eq!((count(Stretch::Quarters), count(Stretch::Journal)), (400, 400));
    assert!((40..120).contains(&count(Stretch::Samples)), "{}", count(Stretch::Samples));
}

#[test]
fn what_happened_and_monthly_totals_of_400_days_are_kept_within_20_mb_under_any_load() {
    const DAYS: u64 = 399;
    const A_DAY: [(Happening, usize, usize); 5] = [
        (Happening::Verdict, 5, 1000),
        (Happening::Applied, 5, 300),
        (Happening::Outage, 3, 500),
        (Happening::Event, 15, 350),
        (Happening::Audit, 5, 250),
    ];
    let limits = Limits { max_size: 20_000_000, flush: Duration::from_secs(3600), ..Limits::default() };
    let mut bench = Bench::with("400-days", limits);
    bench.wall = "2025-10-19T12:00:00Z".parse().unwrap();
    let (mut largest, wal) = (0, file::beside(&bench.path(), "-wal"));
    for _ in 0..DAYS {
        for (kind, times, length) in A_DAY {
            for _ in 0..times {
                bench.since_boot += Duration::from_secs(1);
                bench.wall += Duration::from_secs(1);
                bench.happen(kind, &"x".repeat(length));
            }
        }
        let label = label(bench.wall.as_nanosecond() as i64)[..10].to_owned();
        let sums = (0..200).map(|device| {
            let (series, day) = (format!("device/02:00:00:00:00:{device:02x}"), Day::Known(label.clone()));
            Made::Sum(Sum { series, day, sent: 1, received: 2 })
        });
        bench.writer.as_mut().unwrap().absorb(sums.collect::<Vec<_>>());
        // More than fits, of everything that may go.
        bench.stretch(Stretch::Samples, 300_000);
        for kind in Stretch::ALL {
            bench.stretch(kind, 10_000);
        }
        bench.pass(Duration::from_secs(24 * 3600));
        let of = |path: &std::path::Path| fs::metadata(path).map_or(0, |found| found.len());
        largest = largest.max(of(&bench.path()) + of(&wal));
    }
    assert!(largest <= 20_000_000, "{largest}");
    for (kind, times, _) in A_DAY {
        let kept = bench.reader().happened(kind, ALWAYS, 100_000).unwrap().len();
        assert_eq!(kept as u64, times as u64 * DAYS, "{kind:?}");
    }
    for device in [0, 199] {
        let months = bench.reader().months(&format!("device/02:00:00:00:00:{device:02x}"), &[]).unwrap();
        assert_eq!((months.len(), months.iter().map(|month| month.sent).sum::<u64>()), (14, DAYS));
    }
}

#[test]
fn what_is_old_goes_by_its_kind() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let mut bench = Bench::new("old");
    for kind in Stretch::ALL {
        bench.stretch(kind, 10);
    }
    bench.happen(Happening::Outage, "an outage");
    let mut kept_after = |days: u32| -> Vec<Stretch> {
        bench.pass(DAY * days);
        bench.flush();
        let reader = bench.reader();
        Stretch::ALL.into_iter().filter(|kind| !reader.stretches(*kind, "all", ALWAYS).unwrap().is_empty()).collect()
    };
    assert_eq!(kept_after(29), Stretch::ALL);
    assert_eq!(kept_after(2), Stretch::ALL[1..]);
    assert_eq!(kept_after(60), Stretch::ALL[3..]);
    assert_eq!(kept_after(305).len(), 4);
    assert_eq!(kept_after(10), []);
    assert_eq!(bench.happened(Happening::Outage), []);
}

#[test]
fn a_flood_of_events_pushes_out_events_and_nothing_else() {
    let mut bench = Bench::new("flood");
    bench.happen(Happening::Verdict, "the first");
    for _ in 0..12 {
        for _ in 0..500 {
            bench.happen(Happening::Event, &"x".repeat(1500));
        }
        bench.flush();
        for _ in 0..20 {
            bench.pass(Duration::from_secs(1));
        }
    }
    let status = bench.status();
    assert!(status.bytes < 20_000_000 && status.error.is_none(), "{status:?}");
    assert_eq!(bench.happened(Happening::Verdict).len(), 1);
    let events = bench.reader().happened(Happening::Event, ALWAYS, 100_000).unwrap().len();
    assert!((1_500..2_900).contains(&events), "{events}");
}

#[test]
fn what_becomes_free_is_given_back_in_small_steps() {
    let mut bench = Bench::new("free");
    for _ in 0..100 {
        bench.stretch(Stretch::Samples, 200_000);
        bench.flush();
    }
    let full = bench.status().bytes;
    bench.give(Order::Configure(Box::new((
        Limits { raw: Duration::from_secs(1), ..Limits::default() },
        BTreeMap::new(),
    ))));
    for _ in 0..600 {
        bench.pass(Duration::from_secs(1));
    }
    bench.happen(Happening::Event, "so that there is something to write");
    bench.flush();
    let left = bench.status().bytes;
    assert!(full > 20_000_000 && left < 4_000_000, "{full} became {left}");
}

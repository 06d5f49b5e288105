//! What was kept has the right dates and is all there, whatever the clock and the process did meanwhile.

use super::*;
use crate::store::DeviceMinute;
use crate::store::kinds::ORDERS;
use rebootping_core::history::traffic::Moved;

#[test]
fn what_happened_is_read_with_its_dates_the_oldest_first() {
    let mut bench = Bench::new("dates");
    bench.happen(Happening::Verdict, "one");
    bench.pass(Duration::from_secs(30));
    bench.happen(Happening::Verdict, "two");
    assert_eq!(bench.happened(Happening::Verdict), [], "not flushed yet");
    bench.flush();
    let expected = [("2026-11-22T12:00:00Z", "one"), ("2026-11-22T12:00:30Z", "two")];
    assert_eq!(bench.happened(Happening::Verdict), expected.map(|(at, body)| (at.to_owned(), body.to_owned())));
    let from = "2026-11-22T12:00:10Z".parse::<Timestamp>().unwrap().as_nanosecond() as i64;
    let later = bench.reader().happened(Happening::Verdict, Span { from, ..ALWAYS }, 10).unwrap();
    assert_eq!(later.len(), 1);
    assert_eq!(bench.reader().happened(Happening::Verdict, ALWAYS, 1).unwrap()[0].body, "two");
}

#[test]
fn a_gateway_that_boots_in_1970_ends_with_right_dates() {
    let mut bench = Bench::new("1970");
    bench.happen(Happening::Event, "before");
    bench.flush();
    bench.reboot("second");
    let truth = std::mem::replace(&mut bench.wall, "1970-01-01T00:00:10Z".parse().unwrap());
    bench.start();
    bench.happen(Happening::Event, "without a date");
    bench.flush();
    assert_eq!(bench.happened(Happening::Event)[1].0, "1970-01-01T00:00:10Z");
    // Time is set a minute after the boot, by a server on the Internet.
    bench.wall = truth + bench.limits.flush;
    bench.happen(Happening::Event, "with a date");
    bench.flush();
    let dates: Vec<String> = bench.happened(Happening::Event).into_iter().map(|(at, _)| at).collect();
    assert_eq!(dates, ["2026-11-22T12:00:00Z", "2026-11-22T12:02:00Z", "2026-11-22T12:03:00Z"]);
}

#[test]
fn stretches_are_found_by_the_time_they_touch() {
    let mut bench = Bench::new("stretches");
    bench.since_boot += HOUR;
    for bytes in [100, 5000, 70_000] {
        bench.pass(HOUR);
        bench.stretch(Stretch::Samples, bytes);
    }
    bench.flush();
    let lengths = |from: &str, until: &str| -> Vec<usize> {
        let of = |label: &str| label.parse::<Timestamp>().unwrap().as_nanosecond() as i64;
        let span = Span { from: of(from), until: of(until) };
        let found = bench.reader().stretches(Stretch::Samples, "all", span).unwrap();
        found.iter().map(|found| found.bytes.len()).collect()
    };
    assert_eq!(lengths("2026-11-22T12:30:00Z", "2026-11-22T12:31:00Z"), [100]);
    assert_eq!(lengths("2026-11-22T12:59:00Z", "2026-11-22T13:01:00Z"), [100, 5000]);
    assert_eq!(lengths("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"), [100, 5000, 70_000]);
    assert!(lengths("2026-11-22T15:00:01Z", "2026-11-23T00:00:00Z").is_empty());
}

#[test]
fn days_and_months_add_up() {
    let mut bench = Bench::new("days");
    let sum = |day: &str, sent| Sum { series: "wan1".into(), day: Day::Known(day.into()), sent, received: 2 * sent };
    for (day, sent) in [("2026-10-31", 1), ("2026-11-01", 2), ("2026-11-01", 3)] {
        bench.writer.as_mut().unwrap().absorb([Made::Sum(sum(day, sent))]);
        bench.flush();
    }
    let days = bench.reader().days("wan1", (date(2026, 11, 1), date(2026, 12, 1)), &[]).unwrap();
    assert_eq!(days.iter().map(|day| (day.sent, day.received)).collect::<Vec<_>>(), [(5, 10)]);
    let months = bench.reader().months("wan1", &[]).unwrap();
    assert_eq!(months.iter().map(|month| month.sent).collect::<Vec<_>>(), [1, 5]);
    assert_eq!(bench.reader().days("wan2", EVER, &[]).unwrap(), []);
    let totals =
        bench.reader().totals("wan", date(2026, 11, 1), &[sum("2026-11-01", 10), sum("2026-11-02", 20)]).unwrap();
    let totals = totals["wan1"];
    assert_eq!((totals.today.sent, totals.month.sent, totals.month.received), (15, 35, 70));
}

#[test]
fn what_is_to_be_kept_at_once_is_answered_when_the_disk_has_it() {
    let mut bench = Bench::new("at-once");
    let at = bench.now().time();
    let row = Row { kind: Happening::Audit, boot: None, at, subject: "root".into(), body: "pin".into() };
    bench.give(Order::Now(7, row));
    bench.pass(Duration::ZERO);
    assert_eq!(std::mem::take(&mut bench.shared.locked().outcomes), [(7, Ok(()))]);
    bench.kill();
    assert_eq!(bench.happened(Happening::Audit).len(), 1);
}

/// A device moves something now.
fn move_some(bench: &mut Bench, sent: u64) {
    let moved = Moved { sent, received: 3 * sent, ..Moved::default() };
    let begins = bench.now().time();
    bench.give(Order::Moved(vec![DeviceMinute { series: "device/02:00:00:00:00:05".into(), begins, moved }]));
}

/// What the device moved by day.
fn days_of_device(bench: &Bench) -> Vec<(String, u64, u64)> {
    let reader = bench.reader();
    let recent = reader.open_sums().unwrap();
    let days = reader.days("device/02:00:00:00:00:05", EVER, &recent).unwrap();
    days.into_iter().map(|day| (day.label, day.sent, day.received)).collect()
}

#[test]
fn a_boot_without_a_date_forgets_no_byte_though_it_is_killed() {
    let mut bench = Bench::new("undated");
    let truth = std::mem::replace(&mut bench.wall, "1970-01-01T00:00:10Z".parse().unwrap());
    let boot = bench.since_boot;
    bench.kill();
    bench.start();
    bench.pass(HOUR / 2);
    for _ in 0..30 {
        move_some(&mut bench, 7);
        bench.pass(HOUR);
        bench.flush();
        bench.kill();
        bench.start();
    }
    assert_eq!(days_of_device(&bench), []);
    // Time is set by a server on the Internet, and that is right from the first byte on.
    bench.wall = truth + bench.since_boot.saturating_sub(boot);
    move_some(&mut bench, 1000);
    bench.flush();
    let expected = [("2026-11-22", 12 * 7), ("2026-11-23", 18 * 7 + 1000)];
    assert_eq!(days_of_device(&bench), expected.map(|(day, sent)| (day.to_owned(), sent, 3 * sent)));
}

#[test]
fn what_a_boot_moved_that_never_learnt_the_date_is_counted_when_a_later_one_does() {
    let mut bench = Bench::new("never-dated");
    let truth = std::mem::replace(&mut bench.wall, "1970-01-01T00:00:10Z".parse().unwrap());
    move_some(&mut bench, 7);
    bench.pass(2 * HOUR);
    move_some(&mut bench, 7);
    bench.flush();
    bench.reboot("second");
    bench.wall = truth;
    bench.start();
    bench.flush();
    bench.flush();
    assert_eq!(days_of_device(&bench), [("2026-11-22".to_owned(), 14, 42)]);
}

#[test]
fn days_begin_when_the_operator_s_do() {
    let mut bench = Bench::new("zone");
    bench.kill();
    bench.zone = TimeZone::fixed(jiff::tz::offset(9));
    bench.start();
    // Three hours and some before midnight there.
    bench.pass(150 * Duration::from_secs(60));
    move_some(&mut bench, 1);
    bench.pass(HOUR);
    move_some(&mut bench, 10);
    bench.pass(2 * HOUR);
    bench.flush();
    assert_eq!(days_of_device(&bench), [("2026-11-22".to_owned(), 1, 3), ("2026-11-23".to_owned(), 10, 30)]);
}

#[test]
fn a_graph_of_traffic_has_all_of_it() {
    let mut bench = Bench::new("moved");
    let from = bench.wall.as_second();
    for _ in 0..600 {
        move_some(&mut bench, 1000);
        bench.pass(Duration::from_secs(60));
    }
    bench.flush();
    let reader = bench.reader();
    let open = reader.open_hour().unwrap();
    let is_minute = |open: &crate::store::read::Open| open.kind == Stretch::TrafficMinutes;
    let recent: Vec<_> = open.into_iter().filter(is_minute).map(|open| open.found).collect();
    assert_eq!(recent.len(), 1);
    for points in [1200, 100, 20] {
        let amounts = reader.traffic("device/02:00:00:00:00:05", (from, from + 36_000), points, &recent).unwrap();
        let sum = amounts.moved.iter().map(|moved| moved.received).sum::<u64>();
        assert!(sum.abs_diff(600 * 3000) <= 600 * 30, "{points}: {sum}");
        assert!(amounts.grid.step >= 60 && amounts.moved.len() <= points);
        assert!(amounts.moved.iter().filter(|moved| moved.sent > 0).count() >= amounts.moved.len() - 2);
    }
    bench.give(Order::Configure(Box::new((
        Limits { minutes: Duration::from_secs(1), ..Limits::default() },
        BTreeMap::new(),
    ))));
    for _ in 0..3 {
        bench.pass(HOUR);
    }
    let amounts = bench.reader().traffic("device/02:00:00:00:00:05", (from, from + 36_000), 1200, &[]).unwrap();
    assert_eq!(amounts.grid.step, 900, "minutes are gone, quarters of an hour are not");
    assert!(amounts.moved.iter().map(|moved| moved.sent).sum::<u64>().abs_diff(600_000) <= 60_000);
}

#[test]
fn an_order_that_is_told_twice_is_kept_once() {
    let mut bench = Bench::new("told-twice");
    for (subject, body) in [(ORDERS, "1"), (ORDERS, "1"), (ORDERS, "2"), ("root", "pin"), ("root", "pin")] {
        let at = bench.now().time();
        let row = Row { kind: Happening::Audit, boot: None, at, subject: subject.into(), body: body.into() };
        bench.give(Order::Now(7, row));
        bench.pass(Duration::from_secs(1));
    }
    let bodies: Vec<String> = bench.happened(Happening::Audit).into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, ["1", "2", "pin", "pin"]);
}

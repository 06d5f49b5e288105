//! What was kept has the right dates and is all there, whatever the clock and the process did meanwhile.

use super::*;

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
    let sum = |day: &str, sent| Sum { series: "wan1".into(), day: day.into(), sent, received: 2 * sent };
    for (day, sent) in [("2026-10-31", 1), ("2026-11-01", 2), ("2026-11-01", 3)] {
        bench.writer.as_mut().unwrap().absorb([Made::Sum(sum(day, sent))]);
        bench.flush();
    }
    let days = bench.reader().days("wan1", "2026-11-01").unwrap();
    assert_eq!(days.iter().map(|day| (day.sent, day.received)).collect::<Vec<_>>(), [(5, 10)]);
    let months = bench.reader().months("wan1", "2026-10").unwrap();
    assert_eq!(months.iter().map(|month| month.sent).collect::<Vec<_>>(), [1, 5]);
    assert_eq!(bench.reader().days("wan2", "").unwrap(), []);
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

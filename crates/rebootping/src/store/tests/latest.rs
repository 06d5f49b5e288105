//! What happened is told page by page, the newest first, each thing once, wherever it is by then: in memory or in the file.

use super::super::fresh::{Fresh, Wish};
use super::super::kinds::ORDERS;
use super::super::read::{Place, Placed, Which};
use super::*;
use std::sync::mpsc::sync_channel;

impl Bench {
    /// What memory has.
    pub(super) fn fresh(&mut self, wish: Wish) -> Fresh {
        let (reply, answered) = sync_channel(1);
        self.give(Order::Fresh(wish, reply));
        answered.try_recv().expect("an answer")
    }

    fn latest(&mut self, before: Option<Place>, most: usize) -> Vec<Placed> {
        let fresh = self.fresh(Wish::default());
        let kinds = [Happening::Verdict, Happening::Event];
        let which = Which { kinds: &kinds, subjects: &[], before, most };
        self.reader().latest(&which, &fresh).expect("it can be read")
    }

    /// All of it, in pages of so many.
    fn all(&mut self, most: usize) -> Vec<String> {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = self.latest(before, most);
            let Some(last) = page.last() else { return all };
            let place = last.place.to_string().parse().expect("it is read as it was written");
            assert_eq!(place, last.place);
            before = Some(place);
            all.extend(page.into_iter().map(|row| row.body));
        }
    }
}

#[test]
fn pages_of_any_length_hold_everything_once_across_boots_and_flushes() {
    let mut bench = Bench::new("latest");
    let mut expected = Vec::new();
    let mut happen = |bench: &mut Bench, body: &str, kind| {
        bench.happen(kind, body);
        expected.insert(0, body.to_owned());
        bench.pass(Duration::from_secs(1));
    };
    for body in ["a", "b", "c"] {
        happen(&mut bench, body, Happening::Verdict);
    }
    bench.flush();
    bench.reboot("second");
    bench.start();
    for body in ["d", "e"] {
        happen(&mut bench, body, Happening::Event);
        bench.flush();
    }
    happen(&mut bench, "f", Happening::Verdict);
    for most in [1, 2, 3, 100] {
        assert_eq!(bench.all(most), expected, "pages of {most}");
    }
    let in_memory = bench.latest(None, 1)[0].place;
    bench.flush();
    assert_eq!(bench.latest(None, 1)[0].place, in_memory, "it has one place");
    assert_eq!(bench.all(2), expected);
}

#[test]
fn what_happened_at_one_instant_is_not_lost_between_two_pages() {
    let mut bench = Bench::new("instant");
    for number in 0..20 {
        bench.happen(Happening::Event, &number.to_string());
    }
    bench.flush();
    let mut all = bench.all(3);
    all.sort_by_key(|body| body.parse::<u32>().expect("a number"));
    assert_eq!(all, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn what_happened_to_a_device_is_told_with_the_orders_that_mention_it() {
    let mut bench = Bench::new("mentioned");
    let (mac, other) = ("02:00:00:00:00:01", "02:00:00:00:00:02");
    let happened = [
        (Happening::Event, mac, "it came"),
        (Happening::Event, other, "another came"),
        (Happening::Audit, "root", "took 02:00:00:00:00:02 for 02:00:00:00:00:01"),
        (Happening::Audit, "root", "took wan1 out"),
        (Happening::Audit, ORDERS, "restricted 02:00:00:00:00:01"),
        (Happening::Audit, ORDERS, "restricted 02:00:00:00:00:02"),
    ];
    for (kind, subject, body) in happened {
        let at = bench.now().time();
        bench.give(Order::Row(Row { kind, boot: None, at, subject: subject.into(), body: body.into() }));
        bench.pass(Duration::from_secs(1));
    }
    for place in ["memory", "the file"] {
        let fresh = bench.fresh(Wish::default());
        let (kinds, subjects) = ([Happening::Event, Happening::Audit], [mac.to_owned()]);
        let which = Which { kinds: &kinds, subjects: &subjects, before: None, most: 9 };
        let told = bench.reader().latest(&which, &fresh).expect("it can be read");
        let bodies: Vec<&str> = told.iter().map(|row| row.body.as_str()).collect();
        assert_eq!(bodies, [happened[4].2, happened[2].2, happened[0].2], "in {place}");
        bench.flush();
    }
}

#[test]
fn what_was_before_a_time_is_told_with_what_was_in_it() {
    let mut bench = Bench::new("within");
    let subject = "wan1";
    for body in ["a", "b", "c", "d"] {
        bench.happen(Happening::Verdict, body);
        bench.pass(Duration::from_secs(10));
        if body == "b" {
            bench.flush();
        }
    }
    let fresh = bench.fresh(Wish::default());
    let wall = |text: &str| text.parse::<Timestamp>().expect("a time").as_nanosecond() as i64;
    let span = Span { from: wall("2026-11-22T12:00:05Z"), until: wall("2026-11-22T12:01:25Z") };
    let within = |most| {
        let (before, rows) = bench.reader().within(Happening::Verdict, subject, span, most, &fresh).expect("rows");
        (before.map(|row| row.body), rows.into_iter().map(|row| row.body).collect::<String>())
    };
    assert_eq!(within(9), (Some("a".into()), "bc".into()));
    assert_eq!(within(1), (Some("b".into()), "c".into()), "of too many the newest");
    let strange = bench.reader().within(Happening::Verdict, "wan2", span, 9, &fresh).expect("rows");
    assert_eq!(strange, (None, Vec::new()));
}

#[test]
fn an_hour_that_is_over_is_in_memory_or_in_the_file_and_not_in_both() {
    let mut bench = Bench::new("over");
    bench.since_boot += HOUR;
    bench.flush();
    bench.stretch(Stretch::Samples, 50);
    let fresh = bench.fresh(Wish { hour: true, ..Wish::default() });
    let open = |bench: &Bench| bench.reader().open_hour_of(&fresh).expect("it can be read").len();
    assert_eq!(open(&bench), 1);
    bench.flush();
    assert_eq!(open(&bench), 0, "it came to the file after memory was asked");
}

//! What people are told, when, and in which order: stories as rows of what happens and what comes out.

use super::outbox::{Delivery, Outbox, Sink};
use super::*;
use crate::history::outages::{Noticed, Place, Trouble};
use crate::link::Family;
use crate::untrusted::Untrusted;
use std::format;
use std::string::ToString;
use std::vec;

const HOUR: u64 = 3600;
/// Some day long after 1970, in seconds.
const START: u64 = 1_800_000_000;

fn at(seconds: u64) -> Time {
    Time::from_nanos((START + seconds) * 1_000_000_000)
}

fn settings() -> Settings {
    Settings {
        tell: Kind::ALL.into_iter().map(|(_, kind)| kind).collect(),
        after: Duration::from_secs(60),
        repeat: None,
    }
}

/// A link's trouble with that place, from … to.
fn trouble(link: &str, place: Place, begin: u64, end: Option<u64>) -> Trouble {
    let link = Some((link.to_string(), Family::Ipv4));
    Trouble { place, link, is_out: true, begin: at(begin), end: end.map(at) }
}

/// An outage of that number.
fn outage(number: u64, noticed: Noticed, used: &[&str], troubles: Vec<Trouble>) -> Event {
    let used = used.iter().map(ToString::to_string).collect();
    let counted = Time::from_nanos(number);
    Event::Outage(Outage { counted, began_in: None, noticed, dead: Duration::ZERO, used, troubles })
}

fn device(number: u8) -> Newcomer {
    Newcomer { mac: Hardware([2, 0, 0, 0, 0, number]), name: Some(Untrusted::new(b"tv")) }
}

fn seconds(time: Time) -> i64 {
    time.as_nanos() as i64 / 1_000_000_000 - START as i64
}

/// A message in a line.
fn line(message: &Message) -> String {
    let again = if message.repeated > 0 { format!(" again {}", message.repeated) } else { String::new() };
    let all = |links: &BTreeSet<String>| links.iter().cloned().collect::<Vec<_>>().join("+");
    let what = match &message.what {
        What::LinkOut { link, since, place, .. } => format!("{link} out since {} ({place:?})", seconds(*since)),
        What::AllOut { links, since, place } => {
            format!("all out since {}: {} ({place:?})", seconds(*since), all(links))
        }
        What::Back { links, since, until, place, all_out } => format!(
            "back {} {:?} to {} ({place:?}){}",
            all(links),
            since.map(seconds),
            seconds(*until),
            all_out.map(|since| format!(", all out since {}", seconds(since))).unwrap_or_default()
        ),
        What::Metered { links, since } => format!("metered {links} since {}", seconds(*since)),
        What::Cap(cap) => format!("cap {} {} %", cap.link, cap.percent),
        What::NewDevice(newcomer) => format!("new {}", newcomer.mac),
        What::NewDevices { some, count } => format!("{count} more, {} named", some.len()),
        What::NotApplied { why, since } => format!("not applied since {}: {why}", seconds(*since)),
        What::Disk { why, since } => format!("disk since {}: {why}", seconds(*since)),
        What::Test => "test".to_string(),
    };
    format!("{}: {what}{again}", seconds(message.at))
}

/// A machine, restarted after every step, so that each test is one of restarts too.
struct Story {
    alerts: Alerts,
    settings: Settings,
    standing: Standing,
}

impl Story {
    fn new() -> Self {
        Self { alerts: Alerts::default(), settings: settings(), standing: Standing::default() }
    }

    fn told(&mut self) -> Vec<String> {
        let told = core::iter::from_fn(|| self.alerts.poll_output()).map(|message| line(&message)).collect();
        let kept = serde_json::to_vec(&self.alerts).expect("JSON");
        self.alerts = serde_json::from_slice(&kept).expect("the same");
        told
    }

    fn event(&mut self, seconds: u64, event: Event) -> Vec<String> {
        self.alerts.handle_event(event, at(seconds), &self.settings);
        self.told()
    }

    fn stands(&mut self, seconds: u64, change: impl FnOnce(&mut Standing)) -> Vec<String> {
        change(&mut self.standing);
        self.alerts.handle_standing(self.standing.clone(), at(seconds), &self.settings);
        self.told()
    }

    /// Goes on until then, waking when something is due and not else.
    fn until(&mut self, seconds: u64) -> Vec<String> {
        let mut told = Vec::new();
        let mut wakes = 0;
        while let Some(due) = self.alerts.next_deadline(&self.settings).filter(|due| *due <= at(seconds)) {
            self.alerts.handle_wake(due, &self.settings);
            told.extend(self.told());
            wakes += 1;
            assert!(wakes < 1000, "it is woken for nothing at {due:?}");
        }
        told
    }
}

#[test]
fn a_link_is_told_once_it_was_out_for_a_minute_and_its_return_with_length_and_cause() {
    let mut story = Story::new();
    let out = |end| outage(1, Noticed::OnTheSpare, &["wan2"], vec![trouble("wan1", Place::Cable, 100, end)]);
    assert!(story.event(103, out(None)).is_empty());
    assert!(story.until(159).is_empty());
    assert_eq!(story.until(400), ["160: wan1 out since 100 (Cable)"]);
    assert!(story.event(450, out(None)).is_empty(), "nothing of it is new");
    assert_eq!(story.event(710, out(Some(700))), ["700: back wan1 Some(100) to 700 (Cable)"]);
    assert!(story.event(720, out(Some(700))).is_empty() && story.until(100_000).is_empty());
}

#[test]
fn what_lasted_less_than_a_minute_is_not_told() {
    let mut story = Story::new();
    let out = |end| outage(1, Noticed::OnTheSpare, &["wan2"], vec![trouble("wan1", Place::Beyond, 100, end)]);
    assert!(story.event(103, out(None)).is_empty());
    assert!(story.event(155, out(Some(145))).is_empty());
    assert!(story.until(100_000).is_empty());
}

#[test]
fn what_was_heard_of_late_is_told_in_one_message_and_what_was_heard_of_too_late_not_at_all() {
    let mut story = Story::new();
    let over = |number| outage(number, Noticed::OnTheSpare, &[], vec![trouble("wan1", Place::Box, 100, Some(300))]);
    assert_eq!(story.event(310, over(1)), ["300: back wan1 Some(100) to 300 (Box)"]);
    assert!(story.event(901, over(2)).is_empty());
}

#[test]
fn that_nothing_works_is_told_at_once_for_all_links_together_and_so_is_that_something_does() {
    let mut story = Story::new();
    let first = |end| trouble("wan1", Place::Cable, 100, end);
    let second = |end| trouble("wan2", Place::Box, 130, end);
    let dead = Noticed::NothingWorked;
    assert!(story.event(103, outage(1, Noticed::OnTheSpare, &["wan2"], vec![first(None)])).is_empty());
    let told = story.event(133, outage(1, dead, &["wan2"], vec![first(None), second(None)]));
    assert_eq!(told, ["133: all out since 130: wan1+wan2 (Cable)"]);
    assert!(story.until(500).is_empty(), "its links are not told one by one");
    let told = story.event(610, outage(1, dead, &["wan2"], vec![first(None), second(Some(600))]));
    assert_eq!(
        told,
        ["600: back wan2 Some(130) to 600 (Box), all out since 130", "610: wan1 out since 100 (Cable)"],
        "and what is still out then"
    );
    let told = story.event(810, outage(1, dead, &["wan2"], vec![first(Some(800)), second(Some(600))]));
    assert_eq!(told, ["800: back wan1 Some(100) to 800 (Cable)"]);
    assert!(story.until(100_000).is_empty());
}

#[test]
fn another_link_that_takes_over_ends_a_time_in_which_nothing_worked() {
    let mut story = Story::new();
    let out = || vec![trouble("wan1", Place::Beyond, 100, None)];
    assert_eq!(
        story.event(103, outage(1, Noticed::NothingWorked, &[], out())),
        ["103: all out since 100: wan1 (Beyond)"]
    );
    assert_eq!(
        story.event(120, outage(1, Noticed::NothingWorked, &["lte0"], out())),
        ["120: back lte0 Some(100) to 120 (Beyond), all out since 100"]
    );
    assert_eq!(story.until(400), ["160: wan1 out since 100 (Beyond)"]);
}

#[test]
fn a_power_cut_is_told_when_it_is_over_with_its_length_if_that_is_known() {
    let over = |begin| {
        let machine = Trouble { place: Place::Machine, link: None, is_out: true, begin, end: Some(at(500)) };
        outage(9, Noticed::NothingWorked, &[], vec![machine])
    };
    assert_eq!(Story::new().event(510, over(at(100))), ["500: back  Some(100) to 500 (Machine)"]);
    assert_eq!(Story::new().event(510, over(Time::BOOT)), ["500: back  None to 500 (Machine)"]);
    assert!(Story::new().event(510, over(at(460))).is_empty(), "a quick boot is nothing to tell");
}

#[test]
fn names_that_nobody_answers_are_as_if_nothing_worked() {
    let mut story = Story::new();
    let silent = |end: Option<u64>| {
        let names = Trouble { place: Place::Names, link: None, is_out: false, begin: at(100), end: end.map(at) };
        outage(1, Noticed::NothingWorked, &[], vec![names])
    };
    assert_eq!(story.event(120, silent(None)), ["120: all out since 100:  (Names)"]);
    assert_eq!(story.event(300, silent(Some(290))), ["290: back  Some(100) to 290 (Names), all out since 100"]);
}

#[test]
fn our_own_pause_and_a_destination_nobody_misses_are_not_told() {
    let mut story = Story::new();
    let daemon = Trouble { place: Place::Daemon, link: None, is_out: false, begin: at(100), end: Some(at(900)) };
    assert!(story.event(910, outage(1, Noticed::Nothing, &[], vec![daemon])).is_empty());
    let target = Place::Destination("1.1.1.1".parse().expect("an address"));
    let target = Trouble { is_out: false, ..trouble("wan1", target, 1000, None) };
    assert!(story.event(1003, outage(2, Noticed::Nothing, &["wan1"], vec![target])).is_empty());
    assert!(story.until(100_000).is_empty());
}

#[test]
fn what_goes_on_is_told_again_if_that_is_wanted() {
    let mut story = Story::new();
    story.settings.repeat = Some(Duration::from_secs(HOUR));
    story.event(103, outage(1, Noticed::OnTheSpare, &["wan2"], vec![trouble("wan1", Place::Cable, 100, None)]));
    assert_eq!(
        story.until(160 + 2 * HOUR),
        [
            "160: wan1 out since 100 (Cable)",
            "3760: wan1 out since 100 (Cable) again 1",
            "7360: wan1 out since 100 (Cable) again 2"
        ]
    );
}

#[test]
fn kinds_that_are_left_out_are_not_told() {
    let mut story = Story::new();
    story.settings.tell.remove(&Kind::LinkOut);
    story.settings.tell.remove(&Kind::NewDevice);
    let out = |end| outage(1, Noticed::OnTheSpare, &["wan2"], vec![trouble("wan1", Place::Cable, 100, end)]);
    story.event(103, out(None));
    assert!(story.until(400).is_empty() && story.event(401, Event::NewDevice(device(1))).is_empty());
    assert_eq!(story.event(510, out(Some(500))), ["500: back wan1 Some(100) to 500 (Cable)"]);
    story.settings.tell.clear();
    assert_eq!(story.event(600, Event::Test), ["600: test"], "a test always is");
}

#[test]
fn the_first_five_new_devices_of_a_day_are_told_one_by_one_and_the_others_together() {
    let mut story = Story::new();
    let told: Vec<usize> = (0..40).map(|n| story.event(u64::from(n), Event::NewDevice(device(n))).len()).collect();
    assert_eq!(told.iter().sum::<usize>(), 5);
    assert!(story.event(50, Event::NewDevice(device(3))).is_empty(), "it was told already");
    assert_eq!(story.until(25 * HOUR), [format!("{}: 35 more, 20 named", 24 * HOUR)]);
    assert_eq!(story.event(26 * HOUR, Event::NewDevice(device(99))), [format!("{}: new 02:00:00:00:00:63", 26 * HOUR)]);
    assert!(story.until(100 * HOUR).is_empty());
}

#[test]
fn a_device_that_is_forgotten_is_not_told() {
    let mut story = Story::new();
    for n in 0..7 {
        story.event(u64::from(n), Event::NewDevice(device(n)));
    }
    story.alerts.forget(&[device(6).mac]);
    let kept = serde_json::to_string(&story.alerts).expect("JSON");
    assert!(kept.contains("02:00:00:00:00:05") && !kept.contains("02:00:00:00:00:06"), "{kept}");
}

#[test]
fn a_tariff_is_told_at_80_and_at_100_parts_once_in_each_period() {
    assert_eq!(
        [level(79, 100), level(80, 100), level(99, 100), level(100, 100)],
        [None, Some(80), Some(80), Some(100)]
    );
    assert_eq!((level(u64::MAX, u64::MAX), level(5, 0)), (Some(100), None));
    let mut story = Story::new();
    let mut used = |seconds, since: &str, percent| {
        story.stands(seconds, |standing| {
            let (link, since) = ("lte0".to_string(), since.to_string());
            standing.links = vec![Link { name: link.clone(), label: None, metered: true, families: BTreeSet::new() }];
            standing.caps = vec![Cap { link, since, percent, bytes: 1000 }];
        })
    };
    assert_eq!(used(1, "2026-11-01", 80), ["1: cap lte0 80 %"]);
    assert!(used(2, "2026-11-01", 80).is_empty());
    assert_eq!(used(3, "2026-11-01", 100), ["3: cap lte0 100 %"]);
    assert!(used(4, "2026-11-01", 80).is_empty() && used(5, "2026-11-01", 100).is_empty());
    assert_eq!(used(6, "2026-12-01", 80), ["6: cap lte0 80 %"]);
}

#[test]
fn only_metered_links_for_a_minute_are_told_and_less_is_not() {
    let mut story = Story::new();
    let uses = |story: &mut Story, seconds, names: &[&str]| {
        let names: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
        story.stands(seconds, |standing| {
            let link =
                |name: &str, metered| Link { name: name.to_string(), label: None, metered, families: BTreeSet::new() };
            standing.links = vec![link("wan1", false), link("lte0", true)];
            standing.in_use = names;
        })
    };
    assert!(uses(&mut story, 0, &["lte0", "wan1"]).is_empty() && uses(&mut story, 10, &["lte0"]).is_empty());
    assert!(uses(&mut story, 40, &["wan1"]).is_empty() && story.until(500).is_empty());
    uses(&mut story, 510, &["lte0"]);
    assert_eq!(story.until(1000), ["570: metered lte0 since 510"]);
    uses(&mut story, 1010, &[]);
    assert!(story.until(100_000).is_empty());
}

#[test]
fn a_choice_that_is_not_applied_and_a_disk_that_takes_nothing_are_told_once_they_last() {
    let mut story = Story::new();
    let set = |story: &mut Story, seconds, why: Option<&str>| {
        story.stands(seconds, |standing| {
            standing.not_applied = why.map(Into::into);
            standing.disk = why.map(Into::into);
        })
    };
    set(&mut story, 0, Some("a"));
    set(&mut story, 5, None);
    assert!(story.until(100).is_empty());
    set(&mut story, 100, Some("b"));
    set(&mut story, 105, Some("c"));
    assert_eq!(story.until(500), ["110: not applied since 100: c", "160: disk since 100: c"]);
}

/// A message that differs by when it happened.
fn message(seconds: u64) -> Message {
    Message { number: 0, at: at(seconds), repeated: 0, what: What::NewDevice(device(seconds as u8)) }
}

fn outbox(sinks: &[Sink]) -> Outbox {
    let mut outbox = Outbox::default();
    outbox.set_sinks(&sinks.iter().copied().collect());
    outbox
}

fn next(outbox: &mut Outbox, sink: Sink, seconds: u64) -> Option<u64> {
    outbox.take_due(sink, at(seconds), false).map(|message| message.number)
}

#[test]
fn each_place_is_sent_all_messages_once_in_order_and_one_that_hangs_delays_no_other() {
    let mut outbox = outbox(&[Sink::Mail, Sink::Webhook]);
    (0..3).for_each(|n| assert!(outbox.push(message(n)) > 0));
    assert_eq!(next(&mut outbox, Sink::Mail, 10), Some(1));
    assert_eq!(next(&mut outbox, Sink::Mail, 10_000), None, "it is still at the first");
    for number in 1..=3 {
        assert_eq!(next(&mut outbox, Sink::Webhook, 10), Some(number));
        outbox.handle_delivery(Sink::Webhook, Delivery::Taken, at(11));
    }
    assert_eq!(next(&mut outbox, Sink::Webhook, 12), None);
    let kept = serde_json::to_vec(&outbox).expect("JSON");
    let mut outbox: Outbox = serde_json::from_slice(&kept).expect("the same");
    assert_eq!((next(&mut outbox, Sink::Mail, 20), next(&mut outbox, Sink::Webhook, 20)), (Some(1), None));
}

#[test]
fn what_fails_is_tried_again_ever_more_seldom_but_at_once_when_there_is_news() {
    let mut outbox = outbox(&[Sink::Mail]);
    outbox.push(message(0));
    let (mut now, mut pauses) = (0, Vec::new());
    for _ in 0..8 {
        assert_eq!(next(&mut outbox, Sink::Mail, now), Some(1));
        outbox.handle_delivery(Sink::Mail, Delivery::Failed("no way".to_string()), at(now));
        let due = outbox.next_deadline().expect("a time").since(at(now)).as_secs();
        pauses.push(due);
        assert_eq!(next(&mut outbox, Sink::Mail, now + due - 1), None);
        now += due;
    }
    assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(next(&mut outbox, Sink::Mail, now), Some(1));
    outbox.handle_delivery(Sink::Mail, Delivery::Failed("no way".to_string()), at(now));
    outbox.push(message(1));
    assert_eq!(next(&mut outbox, Sink::Mail, now), Some(1));
    outbox.handle_delivery(Sink::Mail, Delivery::Refused("too long".to_string()), at(now));
    assert_eq!(next(&mut outbox, Sink::Mail, now), Some(2), "what is refused holds up nothing");
    let (_, queue) = outbox.queues().next().expect("a queue");
    assert_eq!((queue.taken, queue.refused, queue.error.as_deref()), (0, 1, Some("too long")));
}

#[test]
fn a_full_queue_gives_up_its_oldest_and_counts_it_but_never_what_is_on_its_way() {
    let mut outbox = outbox(&[Sink::Mail]);
    outbox.push(message(0));
    assert_eq!(next(&mut outbox, Sink::Mail, 0), Some(1));
    (0..300).for_each(|n| assert!(outbox.push(message(n)) > 0));
    let (_, queue) = outbox.queues().next().expect("a queue");
    assert_eq!((queue.waiting().len(), queue.dropped), (256, 45));
    let numbers: Vec<u64> = queue.waiting().map(|message| message.number).collect();
    assert_eq!((numbers.first(), numbers.get(1), numbers.last()), (Some(&1), Some(&47), Some(&301)));
}

#[test]
fn a_repetition_takes_the_place_of_what_still_waits() {
    let mut outbox = outbox(&[Sink::Mail]);
    let disk = |repeated, why: &str| Message {
        number: 0,
        at: at(1),
        repeated,
        what: What::Disk { why: why.to_string(), since: at(1) },
    };
    outbox.push(disk(0, "a"));
    outbox.push(message(2));
    outbox.push(disk(1, "b"));
    let (_, queue) = outbox.queues().next().expect("a queue");
    let waiting: Vec<String> = queue.waiting().map(line).collect();
    assert_eq!(waiting, ["2: new 02:00:00:00:00:02", "1: disk since 1: b"], "and nobody was told before");
}

#[test]
fn in_quiet_hours_only_a_test_is_sent() {
    let mut outbox = outbox(&[Sink::Mail]);
    outbox.push(message(0));
    assert_eq!(outbox.take_due(Sink::Mail, at(1), true), None);
    outbox.push(Message { what: What::Test, ..message(1) });
    assert_eq!(outbox.take_due(Sink::Mail, at(1), true).map(|message| message.what), Some(What::Test));
    outbox.push(Message { what: What::Test, ..message(2) });
    outbox.handle_delivery(Sink::Mail, Delivery::Taken, at(2));
    assert_eq!(next(&mut outbox, Sink::Mail, 3), Some(3), "the second, which had to wait for the first");
    outbox.handle_delivery(Sink::Mail, Delivery::Taken, at(3));
    assert_eq!(outbox.take_due(Sink::Mail, at(4), true), None);
    assert_eq!(next(&mut outbox, Sink::Mail, 5), Some(1));
}

#[test]
fn a_place_that_is_not_configured_any_more_has_no_queue() {
    let mut outbox = outbox(&[Sink::Mail, Sink::Ntfy]);
    outbox.push(message(0));
    outbox.set_sinks(&[Sink::Hook, Sink::Ntfy].into_iter().collect());
    let left: Vec<(Sink, usize)> = outbox.queues().map(|(sink, queue)| (sink, queue.waiting().len())).collect();
    assert_eq!(left, [(Sink::Hook, 0), (Sink::Ntfy, 1)]);
}

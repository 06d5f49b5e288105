//! Each kind of outage, read aloud; and the sheet.

use super::*;
use rebootping_core::history::outages::Noticed;
use rebootping_core::link::Family;

const SECOND: u64 = 1_000_000_000;
/// When the boot of these tests began.
const BOOTED: i64 = 1_795_000_000 * SECOND as i64;

/// A trouble: where, of which link, out or not, from and to these seconds.
fn trouble(place: Place, link: &str, is_out: bool, begin: u64, end: Option<u64>) -> Trouble {
    let at = |second: u64| Time::from_nanos(second * SECOND);
    let link = (!link.is_empty()).then(|| match link.strip_suffix("/6") {
        Some(name) => (name.to_owned(), Family::Ipv6),
        None => (link.to_owned(), Family::Ipv4),
    });
    Trouble { place, link, is_out, begin: at(begin), end: end.map(at) }
}

fn outage(noticed: Noticed, dead: u64, used: &[&str], troubles: Vec<Trouble>) -> Outage {
    Outage {
        counted: Time::from_nanos(100 * SECOND),
        began_in: None,
        noticed,
        dead: Duration::from_secs(dead),
        used: used.iter().map(|name| (*name).to_owned()).collect(),
        troubles,
    }
}

fn told(outage: Outage) -> Told {
    let unix = |at: Time| BOOTED + at.as_nanos() as i64;
    let end = outage.end().map_or(End::GoesOn, |end| End::At(unix(end)));
    let begin = unix(outage.begin());
    let kept = KeptOutage { outage, row: begin, begin, end, ahead: BOOTED };
    let called = Called::from([("wan1".to_owned(), "fibre".to_owned())]);
    Told::new(kept, &called, self::unix(BOOTED + 5000 * SECOND as i64))
}

/// One of each kind.
fn all() -> Vec<Outage> {
    use Noticed::{Nothing, NothingWorked, OnTheSpare};
    let target = Place::Destination("192.0.2.1".parse().expect("an address"));
    let machine = outage(NothingWorked, 0, &[], vec![trouble(Place::Machine, "", true, 20, Some(3800))]);
    vec![
        outage(OnTheSpare, 0, &["wan2"], vec![trouble(Place::Box, "wan1", true, 100, Some(352))]),
        outage(OnTheSpare, 2, &["wan2", "wan3"], vec![trouble(Place::Cable, "wan1", true, 100, Some(120))]),
        outage(OnTheSpare, 0, &["wan2"], vec![trouble(Place::Beyond, "wan1", true, 100, None)]),
        outage(
            OnTheSpare,
            0,
            &["wan2"],
            vec![
                trouble(Place::Beyond, "wan1", true, 100, Some(160)),
                trouble(Place::Beyond, "wan1/6", true, 101, Some(160)),
            ],
        ),
        outage(OnTheSpare, 0, &["wan1", "wan2"], vec![trouble(Place::Beyond, "wan1/6", true, 100, Some(160))]),
        outage(
            NothingWorked,
            6,
            &["wan2"],
            vec![
                trouble(Place::Beyond, "wan1", true, 100, Some(146)),
                trouble(Place::Cable, "wan2", true, 120, Some(126)),
            ],
        ),
        outage(
            NothingWorked,
            20,
            &[],
            vec![trouble(Place::Box, "wan1", true, 100, Some(120)), trouble(Place::Box, "wan2", true, 100, Some(120))],
        ),
        outage(
            NothingWorked,
            34,
            &["wan2"],
            vec![trouble(Place::Box, "wan1", true, 100, Some(1300)), trouble(Place::Box, "wan2", true, 110, Some(144))],
        ),
        outage(Nothing, 0, &[], vec![trouble(Place::Beyond, "wan1", false, 100, Some(105))]),
        outage(
            Nothing,
            0,
            &[],
            vec![trouble(target, "wan1", false, 100, Some(130)), trouble(target, "wan2", false, 100, Some(130))],
        ),
        outage(OnTheSpare, 0, &["wan2"], vec![trouble(target, "wan1", true, 100, Some(130))]),
        Outage { began_in: Some("the boot before".to_owned()), ..machine },
        outage(Nothing, 0, &[], vec![trouble(Place::Daemon, "", false, 100, Some(7400))]),
        outage(NothingWorked, 0, &[], vec![trouble(Place::Names, "", false, 100, Some(130))]),
        outage(NothingWorked, 0, &[], vec![trouble(Place::Names, "", false, 100, None)]),
    ]
}

#[test]
fn each_kind_reads_as_one_sentence() {
    let told: Vec<String> = all().into_iter().map(|outage| told(outage).text).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn an_outage_whose_end_nobody_saw_lasted_at_least_until_the_record_broke_off() {
    let outage = outage(Noticed::OnTheSpare, 0, &[], vec![trouble(Place::Cable, "wan2", true, 100, None)]);
    let text = sentence::sentence(&outage, End::NotBefore(0), Duration::from_secs(3), &Called::new());
    assert_eq!(text, "wan2 was out for at least 3 s because it had no carrier; connections moved.");
}

#[test]
fn lengths_have_two_units_at_most() {
    for (seconds, expected) in [
        (0, "less than a second"),
        (1, "1 s"),
        (60, "1 min"),
        (252, "4 min 12 s"),
        (3600, "1 h"),
        (3720, "1 h 2 min"),
        (90_000, "1 d 1 h"),
        (172_800, "2 d"),
    ] {
        assert_eq!(sentence::in_words(Duration::from_secs(seconds)), expected);
    }
    assert_eq!(sentence::in_words(Duration::from_millis(4_612)), "5 s");
}

#[test]
fn programs_are_told_where_it_was_by_a_word_that_stays() {
    let told = told(all().swap_remove(9)).json();
    let expected = json!({
        "begin": "2026-11-18T11:08:20Z",
        "end": "2026-11-18T11:08:50Z",
        "length_s": 30,
        "goes_on": false,
        "link": "wan1",
        "noticed": "nothing",
        "dead_s": 0,
        "where": "destination",
        "troubles": [
            { "link": "wan1", "family": "ipv4", "where": "destination", "target": "192.0.2.1" },
            { "link": "wan2", "family": "ipv4", "where": "destination", "target": "192.0.2.1" },
        ],
        "text": "192.0.2.1 was not reached over fibre and wan2 for 30 s, and all else was; nobody noticed.",
    });
    assert_eq!(told, expected);
}

#[test]
fn the_sheet_adds_up_what_each_link_lacked_and_obeys_no_name() {
    let all: Vec<Told> = all().into_iter().filter(|outage| outage.end().is_some()).map(told).collect();
    let (since, now) = (unix(BOOTED), unix(BOOTED + 100_000 * SECOND as i64));
    let called = Called::from([("wan1".to_owned(), "<b>fibre".to_owned())]);
    let sheet = Outages { since, now, begins: None, all, called }.sheet("gw&co");
    let row = |name: &str| {
        let row = sheet.lines().find(|line| line.starts_with(&format!("<tr><td>{name}<td>"))).expect("a row");
        row.replace("<tr><td>", "").replace("</tr>", "").replace("<td>", " | ")
    };
    // 252, 20, 60 in both families, 60 in one, 46, 20, 1200 and 30 seconds, of 88,920 in which the gateway ran and watched.
    assert_eq!(row("&lt;b&gt;fibre"), "&lt;b&gt;fibre | 8 | 28 min 8 s | 20 min | 98.102 %");
    assert_eq!(row("wan2"), "wan2 | 3 | 1 min | 34 s | 99.933 %");
    assert!(sheet.contains("<h1>Internet outages at gw&amp;co</h1>") && !sheet.contains("<b>"));
    assert!(sheet.contains("<td class=\"where\">behind the ISP's box<td>") && sheet.contains("nobody noticed"));
    assert!(
        sheet.contains("<br><span class=\"faint\">to ") && !sheet.contains("<span class=\"faint\">to 20"),
        "ends of the same day"
    );
}

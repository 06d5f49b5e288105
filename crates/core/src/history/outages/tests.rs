//! Each cause, named rightly.

use super::*;
use crate::link::Presence;
use crate::link::decide::{Did, Neighbour, Observed, OpenLink, Opening};
use crate::link::echoes::Echoes;
use crate::link::standing::Held;
use crate::link::verdict::Load;
use core::net::{IpAddr, Ipv4Addr};
use std::format;
use std::string::ToString;
use std::vec;

const SECOND: Duration = Duration::from_secs(1);
const HOLD_DOWN: Duration = Duration::from_secs(15);

struct Story {
    outages: Outages,
    /// The state is written and read again after every round.
    restarts: bool,
    decider: Decider,
    boot: &'static str,
    now: Time,
    /// What was told last of each outage, in the order in which they were first told.
    told: Vec<Outage>,
    tellings: usize,
}

fn opening(family: Family, at: Time, rounds: u64) -> Opening {
    let link = |place: u8| OpenLink {
        name: format!("wan{place}"),
        metered: false,
        hold_down: HOLD_DOWN,
        list: 0,
        targets: (1..5).map(target).collect(),
        echoes: 1,
        held: Held { seen: family == Family::Ipv4, ..Held::default() },
        chosen: true,
    };
    Opening { family, at, interval: SECOND, links: [link(1), link(2)].into(), rounds }
}

fn target(n: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, n).into()
}

impl Story {
    fn new(restarts: bool) -> Self {
        Self::begun(restarts, Held { seen: true, ..Held::default() }).rounds("++", 5)
    }

    /// The daemon has just been started, and no link was there before that it knows of.
    fn first(restarts: bool) -> Self {
        Self::begun(restarts, Held::default())
    }

    fn begun(restarts: bool, held: Held) -> Self {
        let now = Time::BOOT + SECOND * 100;
        let mut opening_v4 = opening(Family::Ipv4, now, 0);
        opening_v4.links.iter_mut().for_each(|link| link.held = held);
        let (outages, decider) = (Outages::default(), Decider::new(opening_v4));
        let mut story = Self { outages, restarts, decider, boot: "first", now, told: vec![], tellings: 0 };
        story.begin();
        // A family that never was there is in no trouble.
        story.outages.handle_begin("first", &Decider::new(opening(Family::Ipv6, now, 0)));
        story
    }

    fn begin(&mut self) {
        self.outages.handle_begin(self.boot, &self.decider.beginning(self.now));
        self.listen();
    }

    /// So many rounds in which each link was: `+` fine, `s` silent, `b` silent as its next hop, `c` without carrier, `a` without
    /// an address, `d` not reaching the first target, `h` reaching half of them.
    fn rounds(mut self, links: &str, times: u64) -> Self {
        for _ in 0..times {
            let links = links.chars().map(did).collect();
            let entry = Entry::Round(Observed { at: self.now, spoilt: None, host_dropped: 0, links });
            self.decider.handle(&entry);
            self.outages.handle_entry(Family::Ipv4, &entry);
            let gone = vec![did('a'), did('a')];
            let other = Entry::Round(Observed { at: self.now, spoilt: None, host_dropped: 0, links: gone });
            self.outages.handle_entry(Family::Ipv6, &other);
            self.now = self.now + SECOND;
            self.listen();
        }
        self
    }

    /// The firewall was brought to these links.
    fn committed(mut self, links: &[&str]) -> Self {
        self.outages.handle_commit(self.now, Family::Ipv4, links.iter().map(ToString::to_string).collect());
        self
    }

    /// Ten seconds in which names were answered or not, while links did well.
    fn names(mut self, answered: bool) -> Self {
        let from = self.now;
        self = self.rounds("++", 10);
        self.outages.handle_names(from, self.now, answered);
        self
    }

    /// The daemon starts anew after so long, in another boot or not, with so many rounds counted meanwhile.
    fn pause(mut self, boot: &'static str, lasts: u32, counted: u64) -> Self {
        self.now = if boot == self.boot { self.now + SECOND * lasts } else { Time::BOOT + SECOND * 8 };
        self.boot = boot;
        let rounds = self.decider.selector().rounds() + counted;
        self.decider = Decider::new(opening(Family::Ipv4, self.now, rounds));
        self.begin();
        self
    }

    fn listen(&mut self) {
        while let Some(outage) = self.outages.poll_output() {
            self.tellings += 1;
            match self.told.iter_mut().find(|known| is_same(known, &outage)) {
                Some(known) => *known = outage,
                None => self.told.push(outage),
            }
        }
        if self.restarts {
            self.outages = Outages::read(&self.outages.write()).expect("what was written");
        }
    }

    /// What was found: place, links, second of begin, length, what was noticed, dead seconds, links used meanwhile.
    fn told(&self) -> Vec<String> {
        let told = |outage: &Outage| {
            let links =
                outage.troubles.iter().filter_map(|trouble| trouble.link.as_ref()).map(|(name, _)| name.as_str());
            let length = match (outage.end(), &outage.began_in) {
                (Some(end), Some(boot)) => format!(" in {boot} ..{}", end.since(Time::BOOT).as_secs()),
                (Some(end), None) => format!("+{}", end.since(outage.begin()).as_secs()),
                (None, _) => "+on".to_string(),
            };
            format!(
                "{:?} {} {}{length} {:?} {} {}",
                outage.place().expect("it has one"),
                links.collect::<Vec<_>>().join(","),
                outage.begin().since(Time::BOOT).as_secs(),
                outage.noticed,
                outage.dead.as_secs(),
                outage.used.iter().cloned().collect::<Vec<_>>().join(","),
            )
        };
        self.told.iter().map(told).collect()
    }
}

/// As its row is found again.
fn is_same(known: &Outage, outage: &Outage) -> bool {
    let link = |outage: &Outage| outage.troubles.first().and_then(|trouble| trouble.link.clone());
    known.counted == outage.counted && link(known) == link(outage)
}

fn did(sign: char) -> Did {
    let presence = match sign {
        'c' => Presence::NoCarrier,
        'a' => Presence::NoAddress,
        _ => Presence::Present,
    };
    let next_hop = if sign == 'b' { Neighbour::Silent } else { Neighbour::Answers };
    let answers = |target: u8| match sign {
        '+' => true,
        'd' => target != 0,
        'h' => target > 1,
        _ => false,
    };
    let echo = |target| Echoes { target, sent: 1, answered: answers(target).into(), best: None };
    let echoes = if presence == Presence::Present { (0..4).map(echo).collect() } else { vec![] };
    Did { presence, order: None, resting: false, next_hop, load: Load::default(), echoes }
}

#[track_caller]
fn check(play: impl Fn(Story) -> Story, told: &[&str]) {
    for restarts in [false, true] {
        assert_eq!(play(Story::new(restarts)).told(), told, "{restarts}");
    }
}

#[test]
fn a_link_without_carrier_is_the_cable_and_people_are_on_the_spare() {
    check(|it| it.rounds("c+", 20).rounds("++", 12), &["Cable wan1 105+20 OnTheSpare 0 wan2"]);
}

#[test]
fn a_silent_next_hop_or_no_address_is_the_box() {
    check(|it| it.rounds("s+", 1).rounds("b+", 9).rounds("++", 12), &["Box wan1 105+10 OnTheSpare 0 wan2"]);
    check(|it| it.rounds("+a", 5).rounds("++", 12), &["Box wan2 105+5 OnTheSpare 0 wan1"]);
}

#[test]
fn silence_behind_an_answering_next_hop_is_beyond() {
    check(|it| it.rounds("s+", 5).rounds("++", 12), &["Beyond wan1 105+5 OnTheSpare 0 wan2"]);
    check(|it| it.rounds("h+", 5).rounds("++", 12), &["Beyond wan1 105+5 OnTheSpare 0 wan2"]);
}

#[test]
fn one_silent_target_is_one_destination_and_nobody_notices_when_no_link_reaches_it() {
    check(|it| it.rounds("dd", 30).rounds("++", 12), &["Destination(192.0.2.1) wan1,wan2 105+30 Nothing 0 "]);
    check(|it| it.rounds("d+", 5).rounds("++", 12), &["Destination(192.0.2.1) wan1 105+5 OnTheSpare 0 wan2"]);
}

#[test]
fn when_all_links_are_silent_nothing_works() {
    check(|it| it.rounds("sb", 20).rounds("++", 12), &["Box wan1,wan2 105+20 NothingWorked 20 "]);
}

#[test]
fn what_never_worked_since_the_first_round_is_told_too() {
    for restarts in [false, true] {
        let told = |play: fn(Story) -> Story| play(Story::first(restarts)).told();
        assert_eq!(told(|it| it.rounds("ss", 20).rounds("++", 12)), ["Beyond wan1,wan2 100+20 NothingWorked 20 "]);
        assert_eq!(told(|it| it.rounds("bb", 20).rounds("++", 12)), ["Box wan1,wan2 100+20 NothingWorked 20 "]);
        assert_eq!(told(|it| it.rounds("sc", 20).rounds("+c", 12)), ["Beyond wan1 100+20 NothingWorked 20 "]);
        // Who boots has no addresses for a while, and a link that nobody ever saw is missed only while there is no other.
        assert_eq!(told(|it| it.rounds("aa", 50).rounds("++", 12)), Vec::<String>::new());
        assert_eq!(told(|it| it.rounds("ac", 90).rounds("++", 12)), ["Cable wan1,wan2 100+90 NothingWorked 90 "]);
        assert_eq!(told(|it| it.rounds("ac", 90).rounds("+c", 12)), ["Box wan1 100+90 NothingWorked 90 "]);
    }
}

#[test]
fn when_the_spare_fails_too_it_is_one_outage_with_two_troubles() {
    // In the first round in which the second link was back the choice was still with the first.
    let play = |it: Story| it.rounds("s+", 20).rounds("sc", 6).rounds("s+", 20).rounds("++", 12);
    check(play, &["Cable wan1,wan2 105+46 NothingWorked 7 wan2"]);
}

#[test]
fn two_bad_rounds_that_move_nothing_are_no_outage() {
    check(|it| it.rounds("dd", 2).rounds("++", 12), &[]);
    check(|it| it.rounds("ss", 2).rounds("++", 12), &[]);
}

#[test]
fn one_bad_round_that_moves_the_choice_is_one() {
    check(|it| it.rounds("s+", 1).rounds("++", 12), &["Beyond wan1 105+1 OnTheSpare 0 wan2"]);
}

#[test]
fn what_comes_back_within_ten_seconds_is_the_same_outage() {
    let play = |it: Story| it.rounds("s+", 3).rounds("++", 8).rounds("s+", 3).rounds("++", 12);
    check(play, &["Beyond wan1 105+14 OnTheSpare 0 wan2"]);
}

#[test]
fn what_goes_on_is_told_as_that_and_not_each_second() {
    check(|it| it.rounds("c+", 4), &["Cable wan1 105+on OnTheSpare 0 wan2"]);
    assert_eq!(Story::new(false).rounds("bb", 300).rounds("++", 12).tellings, 2);
}

#[test]
fn until_the_firewall_follows_the_choice_nothing_works() {
    let play =
        |it: Story| it.committed(&["wan1"]).rounds("s+", 7).committed(&["wan2"]).rounds("s+", 5).rounds("++", 12);
    check(play, &["Beyond wan1 105+12 NothingWorked 7 wan2"]);
}

#[test]
fn what_the_firewall_did_counts_from_its_own_time_however_late_rounds_are_told() {
    let early = |mut it: Story| {
        it.outages.handle_commit(it.now, Family::Ipv4, vec!["wan1".into()]);
        it.outages.handle_commit(it.now + SECOND * 7, Family::Ipv4, vec!["wan2".into()]);
        it.rounds("s+", 12).rounds("++", 12)
    };
    check(early, &["Beyond wan1 105+12 NothingWorked 7 wan2"]);
}

#[test]
fn another_boot_is_the_machine_and_ends_what_went_on() {
    let play = |it: Story| it.rounds("c+", 5).pause("second", 60, 0).rounds("++", 12);
    let machine = "Machine  110 in first ..8 NothingWorked 0 ";
    check(play, &["Cable wan1 105+5 OnTheSpare 0 wan2", machine]);
}

#[test]
fn a_pause_in_one_boot_is_the_daemon_unless_its_rounds_went_on() {
    check(|it| it.pause("first", 30, 0).rounds("++", 12), &["Daemon  105+30 Nothing 0 "]);
    check(|it| it.pause("first", 30, 29).rounds("++", 12), &[]);
    check(|it| it.pause("first", 2, 0).rounds("++", 12), &[]);
}

#[test]
fn a_reload_in_trouble_does_not_end_it() {
    let play = |it: Story| it.rounds("c+", 5).pause("first", 1, 0).rounds("c+", 5).rounds("++", 12);
    check(play, &["Cable wan1 105+11 OnTheSpare 0 wan2"]);
}

#[test]
fn names_that_nobody_answers_while_links_do_are_an_outage_of_names() {
    let play = |it: Story| it.names(true).names(false).names(false).names(false).names(true).rounds("++", 1);
    check(play, &["Names  115+30 NothingWorked 0 "]);
    check(|it| it.names(false).names(true).names(false).names(true).rounds("++", 1), &[]);
    check(|it| it.names(false).names(false).rounds("++", 9), &["Names  105+on NothingWorked 0 "]);
    check(|it| it.names(false).names(false).rounds("++", 400), &["Names  105+20 NothingWorked 0 "]);
    let dead = |mut it: Story| {
        for _ in 0..3 {
            let from = it.now;
            it = it.rounds("ss", 10);
            it.outages.handle_names(from, it.now, false);
        }
        it.rounds("++", 12)
    };
    check(dead, &["Beyond wan1,wan2 105+30 NothingWorked 30 "]);
}

#[test]
fn bytes_that_mean_nothing_are_not_read() {
    let bytes = Story::new(false).rounds("c+", 5).outages.write();
    for end in 0..bytes.len() {
        let cut = Outages::read(&bytes[..end]);
        assert!(cut.is_none_or(|cut| cut.families.len() < 2), "{end}");
    }
    assert!(Outages::read(&bytes).is_some());
}

//! Each cause, named rightly.

use super::*;
use crate::link::decide::{Did, Neighbour, OpenLink, Opening};
use crate::link::echoes::Echoes;
use crate::link::standing::Held;
use crate::link::verdict::Load;
use core::net::Ipv4Addr;
use std::format;
use std::string::ToString;
use std::vec;

const SECOND: Duration = Duration::from_secs(1);
/// When the first boot began.
const BOOTED: Duration = Duration::from_secs(1_700_000_000);
const HOLD_DOWN: Duration = Duration::from_secs(15);

struct Story {
    outages: Outages,
    decider: Decider,
    boot: u64,
    booted: Duration,
    now: Time,
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
    fn new() -> Self {
        let now = Time::BOOT + SECOND * 100;
        let decider = Decider::new(opening(Family::Ipv4, now, 0));
        let mut story = Self { outages: Outages::default(), decider, boot: 1, booted: BOOTED, now };
        story.begin();
        // A family that never was there is in no trouble.
        story.outages.handle_begin(1, BOOTED, &Decider::new(opening(Family::Ipv6, now, 0)));
        story.rounds("++", 5)
    }

    fn begin(&mut self) {
        self.outages.handle_begin(self.boot, self.booted, &self.decider.beginning(self.now));
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
        }
        self
    }

    /// The daemon starts anew after so long, in another boot or not, with so many rounds counted meanwhile.
    fn pause(mut self, boot: u64, lasts: u64, counted: u64) -> Self {
        let wall = wall(self.booted, self.now) + SECOND * lasts as u32;
        if boot == self.boot {
            self.now = self.now + SECOND * lasts as u32;
        } else {
            (self.boot, self.now) = (boot, Time::BOOT + SECOND * 8);
            self.booted = wall.saturating_sub(SECOND * 8);
        }
        let rounds = self.decider.selector().rounds() + counted;
        self.decider = Decider::new(opening(Family::Ipv4, self.now, rounds));
        self.begin();
        self
    }

    /// What was found: place, links, second of begin, length, what was noticed, dead seconds.
    fn told(mut self) -> Vec<String> {
        self.outages.handle_end();
        let mut told = vec![];
        while let Some(outage) = self.outages.poll_output() {
            let links =
                outage.troubles.iter().filter_map(|trouble| trouble.link.as_ref()).map(|(name, _)| name.as_str());
            let begin = outage.begin().saturating_sub(BOOTED);
            let length =
                outage.end().map_or("on".to_string(), |end| end.saturating_sub(outage.begin()).as_secs().to_string());
            told.push(format!(
                "{:?} {} {}+{length} {:?} {}",
                outage.place().expect("it has one"),
                links.collect::<Vec<_>>().join(","),
                begin.as_secs(),
                outage.noticed,
                outage.dead.as_secs()
            ));
        }
        told
    }
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
fn check(story: Story, told: &[&str]) {
    assert_eq!(story.told(), told);
}

#[test]
fn a_link_without_carrier_is_the_cable_and_people_are_on_the_spare() {
    check(Story::new().rounds("c+", 20).rounds("++", 12), &["Cable wan1 105+20 OnTheSpare 0"]);
}

#[test]
fn a_silent_next_hop_or_no_address_is_the_box() {
    check(Story::new().rounds("s+", 1).rounds("b+", 9).rounds("++", 12), &["Box wan1 105+10 OnTheSpare 0"]);
    check(Story::new().rounds("+a", 5).rounds("++", 12), &["Box wan2 105+5 OnTheSpare 0"]);
}

#[test]
fn silence_behind_an_answering_next_hop_is_beyond() {
    check(Story::new().rounds("s+", 5).rounds("++", 12), &["Beyond wan1 105+5 OnTheSpare 0"]);
    check(Story::new().rounds("h+", 5).rounds("++", 12), &["Beyond wan1 105+5 OnTheSpare 0"]);
}

#[test]
fn one_silent_target_is_one_destination_and_nobody_notices_when_no_link_reaches_it() {
    check(Story::new().rounds("dd", 30).rounds("++", 12), &["Destination(192.0.2.1) wan1,wan2 105+30 Nothing 0"]);
    check(Story::new().rounds("d+", 5).rounds("++", 12), &["Destination(192.0.2.1) wan1 105+5 OnTheSpare 0"]);
}

#[test]
fn when_all_links_are_silent_nothing_works() {
    check(Story::new().rounds("sb", 20).rounds("++", 12), &["Box wan1,wan2 105+20 NothingWorked 20"]);
}

#[test]
fn when_the_spare_fails_too_it_is_one_outage_with_two_troubles() {
    // In the first round in which the second link was back the choice was still with the first.
    let story = Story::new().rounds("s+", 20).rounds("sc", 6).rounds("s+", 20).rounds("++", 12);
    check(story, &["Cable wan1,wan2 105+46 NothingWorked 7"]);
}

#[test]
fn two_bad_rounds_that_move_nothing_are_no_outage() {
    check(Story::new().rounds("dd", 2).rounds("++", 12), &[]);
    check(Story::new().rounds("ss", 2).rounds("++", 12), &[]);
}

#[test]
fn one_bad_round_that_moves_the_choice_is_one() {
    check(Story::new().rounds("s+", 1).rounds("++", 12), &["Beyond wan1 105+1 OnTheSpare 0"]);
}

#[test]
fn what_comes_back_within_ten_seconds_is_the_same_outage() {
    let story = Story::new().rounds("s+", 3).rounds("++", 8).rounds("s+", 3).rounds("++", 12);
    check(story, &["Beyond wan1 105+14 OnTheSpare 0"]);
}

#[test]
fn what_goes_on_is_told_as_that() {
    check(Story::new().rounds("c+", 4), &["Cable wan1 105+on OnTheSpare 0"]);
}

#[test]
fn until_the_firewall_follows_the_choice_nothing_works() {
    let mut story = Story::new();
    story.outages.handle_commit(Family::Ipv4, &[LinkId(0)].into());
    let mut story = story.rounds("s+", 7);
    story.outages.handle_commit(Family::Ipv4, &[LinkId(1)].into());
    check(story.rounds("s+", 5).rounds("++", 12), &["Beyond wan1 105+12 NothingWorked 7"]);
}

#[test]
fn another_boot_is_the_machine_and_ends_what_went_on() {
    let story = Story::new().rounds("c+", 5).pause(2, 60, 0).rounds("++", 12);
    check(story, &["Cable wan1 105+5 OnTheSpare 0", "Machine  110+60 NothingWorked 60"]);
}

#[test]
fn a_pause_in_one_boot_is_the_daemon_unless_its_rounds_went_on() {
    check(Story::new().pause(1, 30, 0).rounds("++", 12), &["Daemon  105+30 Nothing 0"]);
    check(Story::new().pause(1, 30, 29).rounds("++", 12), &[]);
    check(Story::new().pause(1, 2, 0).rounds("++", 12), &[]);
}

#[test]
fn a_reload_in_trouble_does_not_end_it() {
    let story = Story::new().rounds("c+", 5).pause(1, 1, 0).rounds("c+", 5).rounds("++", 12);
    check(story, &["Cable wan1 105+11 OnTheSpare 0"]);
}

#[test]
fn names_that_nobody_answers_while_links_do_are_an_outage_of_names() {
    let mut story = Story::new();
    for (asked, answered) in [(9, 9), (9, 0), (2, 0), (9, 0), (9, 3)] {
        story = story.rounds("++", 10);
        story.outages.handle_names(story.now, SECOND * 10, asked, answered);
    }
    check(story, &["Names  115+30 NothingWorked 0"]);
    let mut story = Story::new();
    for _ in 0..3 {
        story = story.rounds("ss", 10);
        story.outages.handle_names(story.now, SECOND * 10, 9, 0);
    }
    check(story.rounds("++", 12), &["Beyond wan1,wan2 105+30 NothingWorked 30"]);
}

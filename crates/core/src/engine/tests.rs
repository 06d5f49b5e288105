//! The engine around a world that answers at once: from echoes to choices, without a clock.

use super::*;
use crate::commit::Want;
use crate::link::Leave;
use crate::link::decide::Decider;
use crate::link::presence::NextHop;
use crate::link::probe::LATE;
use crate::link::verdict::Code;
use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};
use std::format;
use std::vec;

const SECOND: Duration = Duration::from_secs(1);
const HOLD_DOWN: Duration = Duration::from_secs(20);

/// Links and targets that answer 10 ms later unless told otherwise.
struct World {
    engine: Engine,
    now: Time,
    /// Links over which nothing answers.
    dead: BTreeSet<u16>,
    /// Targets that one link does not reach.
    unreached: BTreeSet<(u16, IpAddr)>,
    asked: Vec<(LinkId, IpAddr)>,
    chosen: Vec<(Duration, Choice)>,
    said: Vec<Event>,
    forgotten: Vec<LinkId>,
    history: Vec<Output>,
}

fn target(n: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, n).into()
}

fn there(n: u8) -> Path {
    let source = Some(Ipv4Addr::new(198, 51, n, 2).into());
    Path { presence: Presence::Present, index: Some(u32::from(n)), source, next_hop: Some(NextHop::PointToPoint) }
}

fn settings(links: usize, metered: usize) -> Settings {
    let course = |targets: &[u8]| Course { list: 0, targets: targets.iter().map(|&n| target(n)).collect(), echoes: 3 };
    let link = |place: usize| LinkSettings {
        name: format!("wan{}", place + 1),
        metered: place >= links - metered,
        hold_down: HOLD_DOWN,
        courses: [course(&[1, 2, 3, 4]), course(&[])],
    };
    Settings { interval: SECOND, key: [1; 16], links: (0..links).map(link).collect() }
}

impl World {
    fn new(links: usize, metered: usize) -> Self {
        Self::continuing(links, metered, None, Time::from_nanos(1_000_000_000))
    }

    fn continuing(links: usize, metered: usize, kept: Option<&Kept>, now: Time) -> Self {
        let mut engine = Engine::new(settings(links, metered), kept, true, now);
        for place in 0..links {
            engine.handle_path(Family::Ipv4, LinkId(place as u16), there(place as u8 + 1), now);
        }
        Self {
            engine,
            now,
            dead: BTreeSet::new(),
            unreached: BTreeSet::new(),
            asked: vec![],
            chosen: vec![],
            said: vec![],
            forgotten: vec![],
            history: vec![],
        }
    }

    /// Lets virtual time pass, from deadline to deadline.
    fn pass(&mut self, time: Duration) -> &mut Self {
        let end = self.now + time;
        while let Some(at) = self.engine.next_deadline().filter(|&at| at <= end) {
            self.now = at.max(self.now);
            self.engine.handle_wake(self.now);
            self.perform();
        }
        self.now = end;
        self
    }

    fn perform(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Send(family, echo) => self.answer(family, &echo),
                Output::Choose(Family::Ipv4, choice) => self.chosen.push((self.now.since(Time::BOOT), choice)),
                Output::Say(event) => self.said.push(event),
                Output::Forget(_, link) => self.forgotten.push(link),
                output @ (Output::Begin(_) | Output::Note(..)) => self.history.push(output),
                Output::Choose(Family::Ipv6, _) | Output::Ask(..) | Output::Keep => {}
            }
        }
    }

    fn answer(&mut self, family: Family, echo: &Echo) {
        self.asked.push((echo.link, echo.target));
        if !self.dead.contains(&echo.link.0) && !self.unreached.contains(&(echo.link.0, echo.target)) {
            let at = self.now + Duration::from_millis(10);
            let reply = Reply { link: echo.link, source: echo.target, sequence: echo.sequence, token: echo.token, at };
            assert_eq!(self.engine.handle_reply(family, &reply), Fate::Counted);
        }
    }

    /// The last choice as `+` and `-`.
    fn choice(&self) -> String {
        let (_, choice) = self.chosen.last().expect("a choice was made");
        choice.values().map(|want| if want.is_in() { '+' } else { '-' }).collect()
    }

    fn code(&self, link: u16) -> Code {
        let report = self.engine.report(self.now);
        report.links[usize::from(link)].families[0].as_ref().expect("a verdict").verdict.reason.code
    }
}

#[test]
fn what_a_link_moved_is_noted_in_ipv4_though_it_has_ipv6_alone() {
    let mut world = World::new(2, 0);
    let bare = Path { presence: Presence::NoAddress, source: None, next_hop: None, ..there(2) };
    world.engine.handle_path(Family::Ipv4, LinkId(1), bare, world.now);
    for second in 1..=3 {
        world.engine.handle_counters(LinkId(1), Load { received: 1000 * second, sent: 10 * second });
        world.pass(SECOND);
    }
    let mut loads = world.history.iter().filter_map(|output| match output {
        Output::Note(Family::Ipv4, Entry::Round(observed)) => observed.links.get(1).map(|did| (did.presence, did.load)),
        _ => None,
    });
    let last = loads.next_back().expect("a round was noted");
    assert_eq!(last, (Presence::NoAddress, Load { received: 1000, sent: 10 }));
}

#[test]
fn what_this_host_dropped_in_a_round_is_told_with_that_rounds_reason() {
    let mut world = World::new(2, 0);
    world.dead.insert(0);
    world.pass(3 * SECOND);
    let dropped = |world: &World| {
        let report = world.engine.report(world.now);
        report.links[0].families[0].as_ref().unwrap().verdict.reason.host_dropped
    };
    world.engine.handle_host_drops(120);
    assert_eq!(dropped(world.pass(SECOND)), 120);
    assert_eq!(dropped(world.pass(SECOND)), 0);
}

#[test]
fn a_dead_link_leaves_at_the_end_of_the_first_round_it_missed_and_returns_after_the_hold_down() {
    let mut world = World::new(2, 0);
    world.pass(SECOND * 3);
    assert_eq!(world.choice(), "++");
    world.dead.insert(1);
    let before = world.chosen.len();
    world.pass(SECOND * 2);
    assert_eq!((world.choice().as_str(), world.chosen.len()), ("+-", before + 1));
    assert_eq!(world.chosen[before].1[&LinkId(1)], Want::Out(Leave::Cut));
    world.dead.clear();
    world.pass(HOLD_DOWN.saturating_sub(SECOND));
    assert_eq!(world.choice(), "+-");
    world.pass(SECOND * 2);
    assert_eq!(world.choice(), "++");
}

#[test]
fn all_echoes_switches_and_bytes_are_counted_from_the_first_round_on() {
    let mut world = World::new(2, 0);
    let counted = |received| Load { received, sent: 7 };
    world.engine.handle_counters(LinkId(1), counted(1_000_000));
    // The third round is over, and of the fourth nothing has left.
    world.pass((SECOND * 3).saturating_sub(Duration::from_millis(1)));
    world.dead.insert(1);
    world.engine.handle_counters(LinkId(1), counted(1_000_500));
    world.pass(SECOND);
    // The interface was made anew.
    world.engine.handle_counters(LinkId(1), counted(20));
    world.pass(SECOND + Duration::from_millis(1));
    let report = world.engine.report(world.now);
    assert_eq!(report.links[1].moved, Load { received: 520, sent: 0 }, "what was moved before is not counted");
    let tally = &report.links[1].families[0].as_ref().unwrap().tally;
    assert_eq!((tally.sent, tally.lost, tally.trips.count()), (60, 24, 12));
    assert_eq!((tally.taken_in, tally.taken_out), (0, 1));
    assert_eq!(tally.trips.up_to_bounds().collect::<Vec<_>>()[2..5], [0, 12, 12], "each took 10 ms");
    let other = &report.links[0].families[0].as_ref().unwrap().tally;
    assert_eq!((other.lost, other.taken_out), (0, 0));
}

#[test]
fn nothing_is_chosen_again_while_nothing_changes() {
    let mut world = World::new(2, 0);
    world.pass(SECOND * 100);
    assert_eq!(world.chosen.len(), 1);
}

#[test]
fn carrier_loss_is_chosen_at_once() {
    let mut world = World::new(2, 0);
    world.pass(SECOND * 3 + SECOND / 4);
    world.engine.handle_path(Family::Ipv4, LinkId(0), Path { presence: Presence::NoCarrier, ..there(1) }, world.now);
    world.perform();
    assert_eq!((world.choice().as_str(), world.code(0)), ("-+", Code::NoCarrier));
}

#[test]
fn a_lost_address_counts_only_if_it_is_still_lost_at_the_rounds_end() {
    let mut world = World::new(2, 0);
    world.pass(SECOND * 3 + SECOND / 4);
    let gone = Path { presence: Presence::NoAddress, source: None, ..there(1) };
    world.engine.handle_path(Family::Ipv4, LinkId(0), gone, world.now);
    world.engine.handle_path(Family::Ipv4, LinkId(0), there(1), world.now);
    world.pass(SECOND * 2);
    assert_eq!(world.choice(), "++");
    world.engine.handle_path(Family::Ipv4, LinkId(0), gone, world.now);
    world.pass(SECOND * 2);
    assert_eq!((world.choice().as_str(), world.code(0)), ("-+", Code::NoAddress));
}

#[test]
fn a_target_one_link_cannot_reach_does_not_keep_it_out_for_ever() {
    let mut world = World::new(2, 0);
    world.pass(SECOND * 3);
    world.unreached.insert((1, target(3)));
    world.pass(SECOND * 599);
    assert_eq!(world.choice(), "+-");
    world.pass(SECOND * 30);
    assert_eq!(world.choice(), "++");
    assert!(world.said.contains(&Event::TargetLeft(Family::Ipv4, target(3), LinkId(1))));
    assert_eq!(world.engine.report(world.now).links[0].families[0].as_ref().unwrap().left_out, [target(3)]);
    world.unreached.clear();
    world.pass(SECOND * 602);
    assert!(world.said.contains(&Event::TargetReturned(Family::Ipv4, target(3))));
    assert_eq!(world.choice(), "++");
}

#[test]
fn a_metered_spare_rests_until_the_other_is_in_trouble_and_then_serves() {
    let mut world = World::new(2, 1);
    world.pass(SECOND * 3);
    world.asked.clear();
    world.pass(SECOND * 100);
    let to_spare = world.asked.iter().filter(|(link, _)| *link == LinkId(1)).count();
    assert_eq!(to_spare, 20, "two targets every ten seconds");
    world.dead.insert(0);
    world.pass(SECOND * 6);
    assert_eq!((world.choice().as_str(), world.code(0)), ("-+", Code::Behind));
    world.dead.clear();
    world.pass(HOLD_DOWN + SECOND * 2);
    assert_eq!(world.choice(), "++");
}

#[test]
fn orders_act_at_once_and_end_at_their_time() {
    let mut world = World::new(2, 0);
    world.pass(SECOND * 3);
    world.engine.handle_order(LinkId(0), Some(Order::Out), Some(world.now + SECOND * 5), world.now);
    world.perform();
    assert_eq!((world.choice().as_str(), world.code(0)), ("-+", Code::TakenOut));
    world.pass(SECOND * 6);
    assert_eq!(world.choice(), "++");
    assert!(world.said.contains(&Event::OrderEnded(LinkId(0))));
}

#[test]
fn a_late_process_judges_nothing() {
    let mut world = World::new(2, 0);
    world.pass(SECOND * 3);
    world.dead.insert(1);
    for _ in 0..20 {
        world.now = world.engine.next_deadline().unwrap() + LATE * 2;
        world.engine.handle_wake(world.now);
        world.perform();
    }
    assert_eq!(world.choice(), "++");
    assert!(world.said.contains(&Event::Spoilt(Family::Ipv4, Spoilt::Late)));
}

#[test]
fn failing_sends_spoil_rounds_but_not_for_ever() {
    let mut world = World::new(2, 0);
    world.pass(SECOND * 3);
    world.dead.insert(1);
    for _ in 0..judge::FORGIVEN_SEND_FAILURES {
        world.engine.handle_send_failed(Family::Ipv4, LinkId(1));
        world.pass(SECOND);
    }
    assert_eq!(world.choice(), "++");
    world.engine.handle_send_failed(Family::Ipv4, LinkId(1));
    world.pass(SECOND * 2);
    assert_eq!(world.choice(), "+-");
}

#[test]
fn what_is_kept_continues_after_a_restart() {
    let mut world = World::new(2, 0);
    world.pass(SECOND * 3);
    world.engine.handle_order(LinkId(0), Some(Order::Pin), Some(world.now + SECOND * 100), world.now);
    world.dead.insert(1);
    world.pass(SECOND * 2);
    let kept = world.engine.kept(world.now);
    let mut after = World::continuing(2, 0, Some(&kept), world.now + SECOND * 10);
    after.pass(SECOND * 5);
    assert_eq!((after.choice().as_str(), after.code(0)), ("+-", Code::Pinned));
    after.pass(SECOND * 90);
    assert_eq!(after.choice(), "++");
}

#[test]
fn a_next_hop_that_answers_no_more_is_forgotten_once() {
    let mut world = World::new(2, 0);
    let path = Path { next_hop: Some(NextHop::Gateway(target(254))), ..there(1) };
    world.engine.handle_path(Family::Ipv4, LinkId(0), path, world.now);
    world.pass(SECOND);
    world.engine.handle_next_hop(Family::Ipv4, LinkId(0), world.now);
    world.pass(SECOND * 8);
    assert_eq!(world.forgotten, [], "it was heard less than ten seconds ago");
    world.pass(SECOND * 20);
    assert_eq!(world.forgotten, [LinkId(0)]);
}

#[test]
fn two_runs_of_the_same_world_agree() {
    let run = || {
        let mut world = World::new(3, 1);
        world.pass(SECOND * 10);
        world.dead.insert(0);
        world.pass(SECOND * 40);
        (world.asked, world.chosen, world.said)
    };
    assert_eq!(run(), run());
}

#[test]
fn what_was_noted_decides_the_same_again() {
    let mut world = World::new(3, 1);
    world.pass(3 * SECOND);
    world.dead.insert(0);
    world.pass(5 * SECOND);
    world.dead.clear();
    world.unreached.insert((1, target(2)));
    world.pass(700 * SECOND);
    world.engine.handle_retry(LinkId(0), world.now);
    world.engine.handle_order(LinkId(1), Some(Order::Out), Some(world.now + 4 * SECOND), world.now);
    world.pass(9 * SECOND);
    let gone = Path { presence: Presence::NoCarrier, ..there(1) };
    world.engine.handle_path(Family::Ipv4, LinkId(0), gone, world.now);
    world.pass(2 * SECOND);

    let mut deciders: BTreeMap<Family, Decider> = BTreeMap::new();
    let (mut switches, mut changes) = (vec![], 0);
    for output in &world.history {
        match output {
            Output::Begin(begun) => {
                let family = begun.opening().family;
                assert!(deciders.insert(family, (**begun).clone()).is_none(), "{family} began twice");
            }
            Output::Note(family, entry) => {
                let decision = deciders.get_mut(family).expect("it began").handle(entry);
                changes += decision.changes.len();
                if decision.verdict.changed && *family == Family::Ipv4 && decision.verdict.round > 0 {
                    switches.push(decision.verdict);
                }
            }
            other => panic!("{other:?} is no history"),
        }
    }
    let switched = |event: &Event| match event {
        Event::Switched(Family::Ipv4, verdict) => Some(verdict.clone()),
        _ => None,
    };
    let said: Vec<Verdict> = world.said.iter().filter_map(switched).collect();
    assert!(said.len() >= 4, "{said:?}");
    assert_eq!(switches, said);
    assert_eq!(changes, 1, "a target left the score");
}

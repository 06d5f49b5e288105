//! An engine that comes and goes, a history that does not answer, and a process that dies at any moment, in virtual time.

use super::super::minute::{FamilyMinute, LinkMinute, Minute};
use super::*;
use crate::link::Family;
use crate::link::tally::Tally;
use std::vec;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: i64 = 60;
/// Unix seconds when the tests begin.
const BEGIN: i64 = 1_800_000_000;
/// Minutes in one answer of the history.
const CHUNK: i64 = 10 * MINUTE;

/// A gateway, its history, and an engine.
struct World {
    sender: Sender,
    now: Time,
    kept: Kept,
    /// What the engine says.
    engine: fn(i64) -> Outcome,
    /// The process dies when so many outputs were carried out.
    dies_at: Option<usize>,
    done: usize,
    taken: Vec<Vec<u8>>,
    said: Vec<(bool, String)>,
    longest: usize,
}

fn settings() -> Settings {
    let replay = Duration::from_secs(3600);
    Settings { site: "home".to_string(), labels: BTreeMap::new(), replay }
}

impl World {
    fn new(engine: fn(i64) -> Outcome) -> Self {
        let now = Time::BOOT + 1000 * SECOND;
        let sender = Sender::new(settings(), Kept::default(), now);
        let (kept, taken, said) = (Kept::default(), vec![], vec![]);
        Self { sender, now, kept, engine, dies_at: None, done: 0, taken, said, longest: 0 }
    }

    fn wall(&self) -> i64 {
        BEGIN + self.now.since(Time::BOOT + 1000 * SECOND).as_secs() as i64
    }

    fn pass(&mut self, seconds: u32) -> &mut Self {
        let end = self.now + SECOND * seconds;
        while self.sender.next_deadline() <= end {
            self.now = self.now.max(self.sender.next_deadline());
            self.sender.handle_wake(self.now);
            self.perform();
        }
        self.now = end;
        self
    }

    fn perform(&mut self) {
        while let Some(output) = self.sender.poll_output() {
            self.done += 1;
            if self.dies_at.is_some_and(|at| self.done.checked_rem(at) == Some(0)) {
                // Before it is carried out, or after: a message may have arrived though nobody knows.
                if let Output::Post(body) = output {
                    self.taken.push(body);
                }
                self.sender = Sender::new(settings(), self.kept.clone(), self.now + SECOND);
                return;
            }
            match output {
                Output::Ask(after) => {
                    let stretch = history(after, self.wall());
                    self.sender.handle_stretch(Some(stretch), self.now);
                }
                Output::Keep(kept) => {
                    self.longest = self.longest.max(kept.message.as_ref().map_or(0, |message| message.body.len()));
                    self.kept = *kept;
                }
                Output::Post(body) => {
                    let outcome = (self.engine)(self.wall());
                    self.sender.know_date(self.wall());
                    if outcome == Outcome::Taken {
                        self.taken.push(body);
                    }
                    self.sender.handle_outcome(&outcome, self.now);
                }
                Output::Say(is_trouble, text) => self.said.push((is_trouble, text)),
            }
        }
    }

    /// The messages without those that arrived twice.
    fn different(&self) -> Vec<Vec<u8>> {
        let mut different = self.taken.clone();
        different.dedup();
        different
    }
}

/// One link that is asked a second, and two minutes in which nobody watched.
fn history(after: Option<i64>, wall: i64) -> Stretch {
    let settled = (wall - 30).div_euclid(MINUTE) * MINUTE;
    let Some(after) = after else { return Stretch { minutes: vec![], upto: settled, settled } };
    let upto = settled.min(after + CHUNK);
    let minute = |ends: i64| {
        let tally = Tally { sent: 60, lost: ends.unsigned_abs() / 60 % 3, ..Tally::default() };
        let families = BTreeMap::from([(Family::Ipv4, FamilyMinute { tally, used: Some(true) })]);
        let link = LinkMinute { families, ..LinkMinute::default() };
        Minute { ends, links: BTreeMap::from([("wan1".to_string(), link)]), ..Minute::default() }
    };
    let watched = |ends: &i64| !(BEGIN + 300..BEGIN + 420).contains(ends);
    let minutes = (1..).map(|n| after + n * MINUTE).take_while(|ends| *ends <= upto);
    Stretch { minutes: minutes.filter(watched).map(minute).collect(), upto, settled }
}

/// The engine is away for ten minutes.
fn away(wall: i64) -> Outcome {
    match wall - BEGIN {
        600..1200 => Outcome::Failed("connection refused".to_string()),
        _ => Outcome::Taken,
    }
}

/// What one that was never interrupted sends, minute by minute, up to the same time.
fn expected(from: i64, upto: i64) -> Message {
    let (mut sums, mut message) = (Sums::default(), Message::default());
    let beside = BTreeMap::from([("site".to_string(), "home".to_string())]);
    let mut after = from;
    while after < upto {
        let stretch = history(Some(after), upto + 30);
        for minute in &stretch.minutes {
            sums.add(minute);
            for family in sums.families(minute, &BTreeMap::new()) {
                message.add(&family, &beside, minute.ends * 1000);
            }
        }
        after = stretch.upto;
    }
    message
}

#[test]
fn an_engine_that_was_away_is_told_the_same_as_one_that_never_was() {
    let mut world = World::new(away);
    world.pass(1800);
    let (from, upto) = (BEGIN - MINUTE, BEGIN + 1740);
    assert_eq!(world.kept.upto, Some(upto));
    assert_eq!(world.sender.counts().taken, expected(from, upto).samples() as u64);
    assert!(world.sender.counts().failed > 10 && world.sender.counts().refused == 0);
    let said: Vec<bool> = world.said.iter().map(|(is_trouble, _)| *is_trouble).collect();
    assert_eq!(said, [true, false], "once each: {:?}", world.said);
    assert!(world.longest < 4000, "{} bytes for ten minutes", world.longest);
    let direct = World::new(|_| Outcome::Taken).pass(1800).sender.kept.sums.clone();
    assert_eq!(world.sender.kept.sums, direct);
}

#[test]
fn whoever_dies_sends_the_very_same_again_and_leaves_nothing_out() {
    for dies_at in 3..12 {
        let mut world = World::new(away);
        world.dies_at = Some(dies_at);
        world.pass(3600);
        let reached = world.kept.upto.unwrap();
        assert!(reached >= BEGIN + 3300, "dying at each {dies_at}th, it got to {}", reached - BEGIN);
        let sums = world.kept.message.as_ref().map_or(&world.kept.sums, |message| &message.sums);
        let told = Sums::clone(sums);
        let upto = world.kept.message.as_ref().map_or(reached, |message| message.upto);
        let mut whole = Sums::default();
        let first = BEGIN - MINUTE;
        let mut after = first;
        while after < upto {
            let stretch = history(Some(after), upto + 30);
            stretch.minutes.iter().for_each(|minute| whole.add(minute));
            after = stretch.upto;
        }
        assert_eq!(told, whole, "dying at each {dies_at}th");
        let different = world.different();
        for (place, message) in different.iter().enumerate() {
            assert!(!different[..place].contains(message), "nothing is sent again out of turn");
        }
    }
}

#[test]
fn what_is_refused_is_counted_and_not_sent_again() {
    let mut world = World::new(|_| Outcome::Refused("400: out of bounds".to_string()));
    world.pass(600);
    let counts = world.sender.counts();
    assert_eq!((counts.taken, counts.failed), (0, 0));
    assert!(counts.refused > 100 && world.kept.upto == Some(BEGIN + 540));
}

#[test]
fn minutes_that_are_too_old_are_counted_and_left_out() {
    let mut world =
        World::new(
            |wall| {
                if wall < BEGIN + 4 * 3600 { Outcome::Failed("no route".to_string()) } else { Outcome::Taken }
            },
        );
    world.pass(4 * 3600 + 600);
    let counts = world.sender.counts();
    assert!((170..190).contains(&counts.too_old), "{counts:?}");
    assert!(world.kept.upto > Some(BEGIN + 4 * 3600 + 480));
}

#[test]
fn pauses_grow_up_to_a_minute() {
    let mut world = World::new(|_| Outcome::Failed("it is full".to_string()));
    world.pass(60);
    let early = world.sender.counts().failed;
    world.pass(600);
    let failed = world.sender.counts().failed - early;
    assert!((3..7).contains(&early) && (9..12).contains(&failed), "{early}, then {failed}");
}

#[test]
fn what_waits_and_why_is_known_until_the_engine_answers_and_when_it_last_did() {
    let mut world = World::new(away);
    let shown = |world: &World| {
        let sender = &world.sender;
        (sender.waiting(world.now), sender.error().map(ToString::to_string), sender.last_taken())
    };
    world.pass(590);
    assert_eq!(shown(&world), (0, None, Some(BEGIN + 570)));
    world.pass(300);
    assert_eq!(shown(&world), (5, Some("connection refused".to_string()), Some(BEGIN + 570)));
    // Begun anew, it has what waits, and does not know yet whether the engine answers.
    world.sender = Sender::new(settings(), world.kept.clone(), world.now);
    assert_eq!(shown(&world), (1, None, Some(BEGIN + 570)));
    world.pass(600);
    assert_eq!(shown(&world), (0, None, Some(BEGIN + 1478)));
    world.engine = |_| Outcome::Refused("400: out of bounds".to_string());
    world.pass(60);
    assert_eq!(shown(&world), (0, Some("400: out of bounds".to_string()), Some(BEGIN + 1478)));
}

#[test]
fn a_history_that_says_nothing_is_asked_again() {
    let mut sender = Sender::new(settings(), Kept::default(), Time::BOOT);
    sender.handle_wake(Time::BOOT);
    assert_eq!(sender.poll_output(), Some(Output::Ask(None)));
    sender.handle_stretch(None, Time::BOOT);
    assert_eq!((sender.poll_output(), sender.next_deadline()), (None, Time::BOOT + EVERY));
    sender.handle_wake(Time::BOOT + EVERY);
    assert_eq!(sender.poll_output(), Some(Output::Ask(None)));
    sender.handle_wake(Time::BOOT + EVERY + PATIENCE);
    assert_eq!(sender.next_deadline(), Time::BOOT + EVERY + PATIENCE + EVERY, "an answer that never comes");
}

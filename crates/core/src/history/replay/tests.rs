//! What was decided is decided again, and other settings decide otherwise.

use super::*;
use crate::history::drawn;
use crate::history::journal::{Reader, Writer};
use crate::link::decide::{Did, Neighbour};
use crate::link::verdict::Load;
use core::net::Ipv4Addr;
use proptest::prelude::*;
use std::format;
use std::vec;

const SECOND: Duration = Duration::from_secs(1);

/// Two links with two targets and three echoes, hold-down ten seconds.
fn opening() -> Opening {
    let link = |place: u8| OpenLink {
        name: format!("wan{place}"),
        metered: false,
        hold_down: SECOND * 10,
        list: 0,
        targets: (1..3).map(|n| Ipv4Addr::new(192, 0, 2, n).into()).collect(),
        echoes: 3,
        held: Held { seen: true, ..Held::default() },
        chosen: true,
    };
    Opening { family: Family::Ipv4, at: Time::BOOT, interval: SECOND, links: (1..3).map(link).collect(), rounds: 0 }
}

/// Rounds, each as what both links answered of three echoes to every target: (first, second, how many rounds).
fn rounds(rows: &[(u32, u32, usize)]) -> Vec<Entry> {
    let rows = rows.iter().flat_map(|&(first, second, times)| vec![[first, second]; times]);
    (0..).zip(rows).map(|(second, bits)| Entry::Round(round(Time::BOOT + SECOND * second, bits))).collect()
}

fn round(at: Time, bits: [u32; 2]) -> Observed {
    let did = |answered: u32| Did {
        presence: Presence::Present,
        order: None,
        resting: false,
        next_hop: Neighbour::Answers,
        load: Load::default(),
        echoes: (0..2).map(|target| Echoes { target, sent: 3, answered, best: None }).collect(),
    };
    Observed { at, spoilt: None, host_dropped: 0, links: bits.map(did).into() }
}

fn replay(wish: Wish, entries: &[Entry]) -> Replay {
    let mut replay = Replay::new(wish);
    replay.begin(&Decider::new(opening()));
    for entry in entries {
        replay.handle(Family::Ipv4, entry);
    }
    replay
}

/// When which link left or came back, in seconds.
fn seen(side: &Side) -> Vec<(u64, &str, bool)> {
    side.changes.iter().map(|of| (of.at.since(Time::BOOT).as_secs(), of.link.as_str(), of.enabled)).collect()
}

#[test]
fn a_longer_hold_down_keeps_a_link_out_for_longer() {
    let entries = rounds(&[(0b111, 0b111, 3), (0, 0b111, 2), (0b111, 0b111, 40)]);
    let replay = replay(Wish { hold_down: Some(SECOND * 20), ..Wish::default() }, &entries);
    assert_eq!(seen(&replay.recorded()), [(4, "wan1", false), (15, "wan1", true)]);
    assert_eq!(seen(&replay.replayed()), [(4, "wan1", false), (25, "wan1", true)]);
    assert_eq!(replay.rounds(), 45);
}

#[test]
fn fewer_echoes_see_losses_that_more_echoes_hide() {
    let entries = rounds(&[(0b111, 0b111, 3), (0b110, 0b111, 1), (0b111, 0b111, 20)]);
    let replay = replay(Wish { echoes: Some(1), ..Wish::default() }, &entries);
    assert_eq!(seen(&replay.recorded()), []);
    assert_eq!(seen(&replay.replayed()), [(4, "wan1", false), (14, "wan1", true)]);
}

#[test]
fn a_longer_interval_sees_a_fault_later_and_may_miss_it() {
    let entries = rounds(&[(0b111, 0b111, 3), (0, 0b111, 1), (0b111, 0b111, 20), (0, 0b111, 5)]);
    let replay = replay(Wish { every: 3, ..Wish::default() }, &entries);
    assert_eq!(seen(&replay.recorded()), [(4, "wan1", false), (14, "wan1", true), (25, "wan1", false)]);
    assert_eq!(seen(&replay.replayed()), [(27, "wan1", false)]);
}

#[test]
fn seconds_are_dead_in_which_the_choice_is_silent_and_another_link_is_not() {
    let entries = rounds(&[(0b111, 0b111, 1), (0b111, 0, 2), (0, 0b111, 7), (0, 0, 4)]);
    let replay = replay(Wish { every: 7, ..Wish::default() }, &entries);
    assert_eq!(replay.recorded().dead, SECOND, "the round in which the only link in use fell silent");
    assert_eq!(replay.replayed().dead, Duration::ZERO, "both links were in use until the seventh round");
}

#[test]
fn the_verdict_of_a_round_comes_with_its_reasons_on_both_sides() {
    let entries = rounds(&[(0b111, 0b111, 3), (0b110, 0b111, 1)]);
    let replay = replay(Wish { echoes: Some(1), ..Wish::default() }, &entries);
    let (recorded, replayed) = replay.verdicts(Family::Ipv4).expect("it was judged");
    assert_eq!((recorded.links[0].reason.answered, replayed.links[0].reason.answered), (2, 0));
    assert_eq!(replay.links(Family::Ipv4).len(), 2);
    assert!(replay.verdicts(Family::Ipv6).is_none() && replay.links(Family::Ipv6).is_empty());
}

#[test]
fn after_a_restart_other_settings_go_on_from_what_they_decided_themselves() {
    let mut replay = replay(
        Wish { hold_down: Some(SECOND * 30), ..Wish::default() },
        &rounds(&[(0b111, 0b111, 3), (0, 0b111, 1), (0b111, 0b111, 11)]),
    );
    let mut again = opening();
    again.rounds = 15;
    replay.begin(&Decider::new(again));
    for second in 20..45 {
        replay.handle(Family::Ipv4, &Entry::Round(round(Time::BOOT + SECOND * second, [0b111; 2])));
    }
    assert_eq!(seen(&replay.recorded()), [(4, "wan1", false), (14, "wan1", true)]);
    assert_eq!(seen(&replay.replayed()), [(4, "wan1", false), (39, "wan1", true)], "30 clean rounds were replayed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn with_the_recorded_settings_block_after_block_decides_what_was_decided(
        (opening, entries) in drawn::opening().prop_flat_map(|opening| (Just(opening.clone()), drawn::entries(&opening))),
        per_block in 1..200_usize,
    ) {
        let entries: Vec<Entry> = entries.into_iter().filter(|entry| drawn::sound(&opening, entry)).collect();
        let mut decider = Decider::new(opening.clone());
        let mut replays = [Wish::default(), Wish { every: 1, ..Wish::default() }].map(Replay::new);
        let mut last = None;
        for entries in entries.chunks(per_block) {
            let mut writer = Writer::new(&decider, opening.at);
            for entry in entries {
                writer.push(entry);
                last = Some(decider.handle(entry).verdict);
            }
            let block = writer.finish();
            let reader = Reader::new(&block).expect("it is whole");
            for replay in &mut replays {
                replay.begin(reader.decider());
                for entry in reader.clone() {
                    replay.handle(opening.family, &entry);
                }
            }
        }
        for replay in &replays {
            prop_assert_eq!(replay.recorded(), replay.replayed());
            let choice = replay.verdicts(opening.family).map(|(_, verdict)| &verdict.choice);
            prop_assert_eq!(choice, last.as_ref().map(|verdict| &verdict.choice));
        }
    }
}

//! The selection's rules as tables: a row is a round, a column a link.

use super::*;
use crate::link::verdict::{Code, Load, Spoilt};
use crate::link::{Leave, Targets};
use std::format;
use std::string::String;
use std::vec;

/// Ten rounds stand for the hour, so that tables stay readable.
const HOUR: u32 = 10;
const FIVE_MINUTES: u32 = 2;
const DAY: u32 = 50;

fn plain() -> Settings {
    Settings { metered: false, hold_down: HOUR, short_hold_down: FIVE_MINUTES, memory: DAY }
}

fn metered() -> Settings {
    Settings { metered: true, ..plain() }
}

fn selector(links: &[Settings]) -> Selector {
    Selector::new(links.iter().map(|&settings| (settings, Held::default())), 0, &BTreeSet::new())
}

/// Reads one link's cell: a digit is how many of four targets answered, `-` no carrier, `x` taken out, `p` pinned and dead,
/// `.` a resting spare.
fn cell(cell: char) -> LinkRound {
    let asked = if cell == '.' { Targets::NONE } else { Targets::first(4) };
    let answered = Targets::first(cell.to_digit(10).unwrap_or(0) as usize);
    let presence = if cell == '-' { Presence::NoCarrier } else { Presence::Present };
    let order = match cell {
        'x' => Some(Order::Out),
        'p' => Some(Order::Pin),
        _ => None,
    };
    LinkRound {
        presence,
        order,
        list: 0,
        asked,
        answered,
        fell_silent: cell == '0',
        resting: cell == '.',
        load: Load::default(),
    }
}

fn round(cells: &str) -> Round {
    Round { links: cells.chars().map(cell).collect(), spoilt: None, host_dropped: 0 }
}

/// Plays `rounds` (a row of cells, how often, and the expected use after the last: `+` in the choice, `-` not).
#[track_caller]
fn check(links: &[Settings], rows: &[(&str, u32, &str)]) {
    let mut selector = selector(links);
    for (number, &(cells, times, expected)) in rows.iter().enumerate() {
        for _ in 0..times {
            selector.handle_round(&round(cells));
        }
        let used: String = (0..links.len())
            .map(|place| if selector.choice.contains(&LinkId(place as u16)) { '+' } else { '-' })
            .collect();
        assert_eq!(used, expected, "after row {number}: {cells} × {times}");
    }
}

#[test]
fn a_glitch_keeps_a_link_out_for_one_hour() {
    check(&[plain(); 2], &[("44", 1, "++"), ("43", 1, "+-"), ("44", HOUR - 1, "+-"), ("44", 1, "++")]);
}

#[test]
fn a_new_glitch_starts_the_hour_again() {
    check(
        &[plain(); 2],
        &[("43", 1, "+-"), ("44", HOUR - 1, "+-"), ("43", 1, "+-"), ("44", HOUR - 1, "+-"), ("44", 1, "++")],
    );
}

#[test]
fn when_nothing_answers_the_choice_and_the_hold_downs_stand() {
    check(
        &[plain(); 2],
        &[
            ("44", 1, "++"),
            ("00", 100, "++"),
            ("43", 1, "+-"),
            ("00", 100, "+-"),
            ("44", HOUR - 1, "+-"),
            ("44", 1, "++"),
        ],
    );
}

#[test]
fn a_target_that_no_link_reaches_is_nobodys_fault() {
    check(&[plain(); 2], &[("44", 1, "++"), ("33", 20, "++"), ("22", 20, "++"), ("11", 20, "++"), ("44", 1, "++")]);
}

#[test]
fn of_three_links_one_dead_leaves_two() {
    check(&[plain(); 3], &[("444", 1, "+++"), ("404", 5, "+-+"), ("444", HOUR, "+++")]);
}

#[test]
fn with_no_healthy_link_the_one_in_use_stays_while_it_answers_more_than_half() {
    check(&[plain(); 2], &[("43", 1, "+-"), ("34", 1, "+-"), ("34", 1, "+-"), ("34", 1, "-+")]);
    check(&[plain(); 2], &[("43", 1, "+-"), ("24", 1, "-+")]);
}

#[test]
fn with_no_healthy_link_in_use_the_oldest_fault_wins_among_the_best_then_the_first() {
    check(&[plain(); 3], &[("443", 1, "++-"), ("434", 1, "+--"), ("044", 1, "--+")]);
    check(&[plain(); 3], &[("433", 1, "+--"), ("044", 1, "-+-")]);
}

#[test]
fn a_lost_carrier_holds_the_link_for_an_hour_after_its_return() {
    check(&[plain(); 2], &[("44", 1, "++"), ("4-", 30, "+-"), ("44", HOUR - 1, "+-"), ("44", 1, "++")]);
}

#[test]
fn a_link_first_seen_has_nothing_to_hold() {
    check(&[plain(); 2], &[("4-", 3, "+-"), ("44", 1, "++")]);
}

#[test]
fn a_link_that_lost_its_carrier_leaves_even_when_nothing_answers() {
    check(&[plain(); 2], &[("44", 1, "++"), ("00", 2, "++"), ("-0", 1, "-+"), ("--", 3, "-+")]);
}

#[test]
fn a_link_taken_out_is_not_used_and_not_compared() {
    check(&[plain(); 2], &[("4x", 1, "+-"), ("3x", 3, "+-"), ("44", 1, "++")]);
}

#[test]
fn a_pinned_link_is_used_dead_or_alive_and_no_other() {
    check(&[plain(); 2], &[("4p", 3, "-+"), ("44", 1, "+-")]);
}

#[test]
fn a_fault_must_last_three_rounds_to_leave_only_metered_links() {
    check(
        &[plain(), metered()],
        &[("44", 1, "++"), ("04", 2, "++"), ("44", 1, "++"), ("04", 2, "++"), ("04", 1, "-+")],
    );
    check(&[plain(), metered()], &[("4.", 1, "++"), ("-.", 1, "-+")]);
}

#[test]
fn the_hold_down_of_a_link_that_left_only_metered_ones_is_short_and_doubles() {
    let back_after = |rounds| [("04", 3, "-+"), ("44", rounds - 1, "-+"), ("44", 1, "++")];
    let rows = [back_after(FIVE_MINUTES), back_after(2 * FIVE_MINUTES), back_after(4 * FIVE_MINUTES), back_after(HOUR)]
        .concat();
    check(&[plain(), metered()], &rows);
    check(
        &[plain(), metered()],
        &[&back_after(FIVE_MINUTES)[..], &[("44", DAY, "++")], &back_after(FIVE_MINUTES)[..]].concat(),
    );
}

#[test]
fn a_resting_spare_keeps_its_standing() {
    check(
        &[plain(), metered()],
        &[("44", 1, "++"), ("4.", 9, "++"), ("43", 1, "+-"), ("4.", 9, "+-"), ("44", 1, "+-"), ("4.", HOUR - 1, "++")],
    );
}

#[test]
fn a_dead_link_beside_a_resting_spare_moves_nothing_until_the_spare_answers() {
    check(&[plain(), metered()], &[("4.", 1, "++"), ("0.", 1, "++"), ("04", 2, "++"), ("04", 1, "-+")]);
}

#[test]
fn a_spoilt_round_counts_nothing_but_presence() {
    let mut selector = selector(&[plain(); 2]);
    selector.handle_round(&round("44"));
    let verdict = selector.handle_round(&Round { spoilt: Some(Spoilt::Late), ..round("40") });
    assert!(!verdict.changed);
    let verdict = selector.handle_round(&Round { spoilt: Some(Spoilt::Late), ..round("4-") });
    assert_eq!(verdict.choice, BTreeSet::from([LinkId(0)]));
}

#[test]
fn a_retry_ends_the_hold_down_now() {
    let mut selector = selector(&[plain(); 2]);
    selector.handle_round(&round("43"));
    assert_eq!(selector.handle_retry(LinkId(1)).choice.len(), 1, "it is behind at this moment");
    selector.handle_round(&round("44"));
    assert_eq!(selector.choice.len(), 2);
    selector.handle_round(&round("43"));
    selector.handle_round(&round("44"));
    assert!(selector.handle_retry(LinkId(1)).links.iter().all(|link| link.enabled));
}

#[test]
fn rounds_that_are_not_judged_neither_switch_nor_cut() {
    let spoilt = |cells| Round { spoilt: Some(Spoilt::SendFailed), ..round(cells) };
    let mut selector = selector(&[plain(); 2]);
    assert_eq!(selector.handle_round(&spoilt("04")).links[0].reason.code, Code::Starting);
    selector.handle_round(&round("43"));
    selector.handle_round(&round("34"));
    let verdict = selector.handle_round(&spoilt("00"));
    assert_eq!((verdict.choice, verdict.links[1].leave), (BTreeSet::from([LinkId(0)]), Leave::Drain));
}

#[test]
fn carrier_loss_acts_between_rounds() {
    let mut selector = selector(&[plain(); 2]);
    selector.handle_round(&round("44"));
    let verdict = selector.handle_loss(LinkId(0), Presence::NoCarrier);
    assert!(verdict.changed);
    assert_eq!(verdict.choice, BTreeSet::from([LinkId(1)]));
    assert_eq!(verdict.links[0].leave, Leave::Cut);
}

#[test]
fn a_link_drains_while_it_answers_and_is_cut_once_it_is_dead() {
    let mut selector = selector(&[plain(); 2]);
    assert_eq!(selector.handle_round(&round("43")).links[1].leave, Leave::Drain);
    assert_eq!(selector.handle_round(&round("40")).links[1].leave, Leave::Cut);
    assert_eq!(selector.handle_round(&round("44")).links[1].leave, Leave::Cut);
}

#[test]
fn links_with_targets_of_their_own_are_compared_by_share() {
    let own = |asked, answered| LinkRound {
        list: 1,
        asked: Targets::first(asked),
        answered: Targets::first(answered),
        ..cell('4')
    };
    let mut selector = selector(&[plain(); 2]);
    let choice = |selector: &mut Selector, own| {
        selector.handle_round(&Round { links: vec![cell('4'), own], spoilt: None, host_dropped: 0 }).choice.len()
    };
    assert_eq!(choice(&mut selector, own(2, 2)), 2);
    assert_eq!(choice(&mut selector, own(2, 1)), 1);
}

#[test]
fn a_lone_link_is_judged_by_whether_anything_answers_and_always_used() {
    let mut selector = selector(&[plain()]);
    assert!(selector.handle_round(&round("2")).links[0].healthy);
    let verdict = selector.handle_round(&round("0"));
    assert!(!verdict.links[0].healthy && verdict.links[0].enabled && verdict.silent);
    assert!(selector.handle_round(&round("1")).links[0].healthy);
}

#[test]
fn every_verdict_carries_its_reason() {
    let mut selector = selector(&[plain(); 3]);
    let verdict = selector.handle_round(&round("43-"));
    let reason = &verdict.links[1].reason;
    assert_eq!((reason.code, reason.answered, reason.expected, reason.best), (Code::Behind, 3, 4, 4));
    assert_eq!((reason.hold_left, &reason.outdone_by[..], reason.missed), (HOUR, &[LinkId(0)][..], Targets::one(3)));
    assert_eq!(verdict.links[0].reason.code, Code::Best);
    assert_eq!(verdict.links[2].reason.code, Code::NoCarrier);
    let codes =
        |selector: &mut Selector, cells| format!("{:?}", selector.handle_round(&round(cells)).links.map_codes());
    assert_eq!(codes(&mut selector, "444"), "[Best, HoldDown, Best]");
    assert_eq!(codes(&mut selector, "000"), "[NothingAnswers, NothingAnswers, NothingAnswers]");
    assert_eq!(codes(&mut selector, "34x"), "[Incumbent, Behind, TakenOut]".replace("Behind", "HoldDown"));
    assert_eq!(codes(&mut selector, "0p4"), "[Pinned, Pinned, Pinned]");
}

/// Reads the codes of a verdict's links.
trait MapCodes {
    fn map_codes(&self) -> Vec<Code>;
}

impl MapCodes for Vec<LinkVerdict> {
    fn map_codes(&self) -> Vec<Code> {
        self.iter().map(|link| link.reason.code).collect()
    }
}

#[test]
fn what_was_held_survives_a_restart() {
    let mut before = selector(&[plain(); 2]);
    before.handle_round(&round("44"));
    before.handle_round(&round("43"));
    before.handle_round(&round("44"));
    let held: Vec<_> = before.held().map(|held| (plain(), held)).collect();
    let mut after = Selector::new(held, before.rounds(), before.choice());
    for _ in 0..HOUR - 2 {
        assert!(!after.handle_round(&round("44")).changed);
    }
    assert!(after.handle_round(&round("44")).changed);
}

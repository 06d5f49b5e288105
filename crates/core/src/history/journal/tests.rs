//! What comes back of a block, and what it costs.

use super::*;
use crate::history::drawn;
use crate::link::decide::{Decision, Did, Neighbour, Observed, OpenLink, Opening};
use crate::link::echoes::Echoes;
use crate::link::standing::Held;
use crate::link::verdict::Load;
use crate::link::{Family, Presence};
use core::net::Ipv4Addr;
use core::time::Duration;
use proptest::prelude::*;
use std::format;
use std::vec;

/// An entry without what a block leaves out.
fn lasting(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if let Entry::Round(round) = &mut entry {
        for did in &mut round.links {
            did.load = Load::default();
            did.echoes.iter_mut().for_each(|echoes| echoes.best = None);
        }
    }
    entry
}

/// Bytes received and sent, by link.
fn traffic(entries: &[Entry]) -> Vec<u64> {
    let mut sums = vec![0; 16];
    for entry in entries {
        let Entry::Round(round) = entry else { continue };
        for (sums, did) in sums.chunks_mut(2).zip(&round.links) {
            sums[0] += did.load.received;
            sums[1] += did.load.sent;
        }
    }
    sums
}

fn block(opening: &Opening, entries: &[Entry]) -> Vec<u8> {
    let mut writer = Writer::new(&Decider::new(opening.clone()), opening.at);
    for entry in entries {
        writer.push(entry);
    }
    assert_eq!(writer.entries(), entries.len() as u64);
    writer.finish()
}

fn drawn() -> impl Strategy<Value = (Opening, Vec<Entry>)> {
    drawn::opening().prop_flat_map(|opening| (Just(opening.clone()), drawn::entries(&opening)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_entries_come_back_with_all_that_decides_and_all_their_traffic((opening, entries) in drawn()) {
        let block = block(&opening, &entries);
        let mut reader = Reader::new(&block).expect("it is whole");
        let read: Vec<Entry> = reader.by_ref().collect();
        prop_assert!(!reader.is_damaged());
        prop_assert_eq!(reader.decider(), &Decider::new(opening.clone()).beginning(opening.at));
        prop_assert_eq!(read.iter().map(lasting).collect::<Vec<_>>(), entries.iter().map(lasting).collect::<Vec<_>>());
        for (read, was) in traffic(&read).into_iter().zip(traffic(&entries)) {
            prop_assert!(read.abs_diff(was) <= was / 200 + 1, "{read} {was}");
        }
    }

    #[test]
    fn an_entry_by_itself_comes_back_whole((opening, entries) in drawn()) {
        let usual = Usual::new(&opening);
        for entry in &entries {
            prop_assert_eq!(usual.read(&usual.write(entry)), Some(entry.clone()));
        }
    }

    #[test]
    fn a_block_goes_on_from_where_the_decider_stood((opening, entries) in drawn(), cut in 0.0..1.0) {
        let entries: Vec<Entry> = entries.into_iter().filter(|entry| drawn::sound(&opening, entry)).collect();
        let (before, after) = entries.split_at((entries.len() as f64 * cut) as usize);
        let mut decider = Decider::new(opening.clone());
        for entry in before {
            decider.handle(entry);
        }
        let mut writer = Writer::new(&decider, opening.at);
        for entry in after {
            writer.push(entry);
        }
        let block = writer.finish();
        let reader = Reader::new(&block).expect("it is whole");
        let mut again = reader.decider().clone();
        for (entry, read) in after.iter().zip(reader) {
            prop_assert_eq!(without_load(decider.handle(entry)), without_load(again.handle(&read)));
        }
    }

    #[test]
    fn a_damaged_block_is_not_read((opening, entries) in drawn(), place: prop::sample::Index, bit in 0..8_u8) {
        let mut block = block(&opening, &entries);
        let place = place.index(block.len());
        block[place] ^= 1_u8 << bit;
        prop_assert!(Reader::new(&block).is_none());
    }

    #[test]
    fn damage_that_its_checksum_hides_is_read_without_harm(
        (opening, entries) in drawn(),
        damage: Vec<(prop::sample::Index, u8)>,
    ) {
        let mut block = block(&opening, &entries);
        block.truncate(block.len() - CHECKSUM);
        for (place, byte) in damage {
            let place = place.index(block.len());
            block[place] = byte;
        }
        block.extend(checksum(&block));
        if let Some(reader) = Reader::new(&block) {
            let mut decider = reader.decider().clone();
            for entry in reader.take(10_000) {
                decider.handle(&entry);
            }
        }
    }
}

fn without_load(mut decision: Decision) -> Decision {
    decision.verdict.links.iter_mut().for_each(|link| link.reason.load = Load::default());
    decision
}

/// Numbers as if by chance, the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// An hour of three links with ten targets each and three echoes to each, under traffic; of so many echoes one is lost; the
/// third link may be a spare that rests. Returns the bytes of its block.
fn hour(one_lost_of: Option<u64>, spare_rests: bool) -> usize {
    let link = |place: u8| OpenLink {
        name: format!("wan{place}"),
        metered: place == 2,
        hold_down: Duration::from_secs(3600),
        list: 0,
        targets: (0..10).map(|n| Ipv4Addr::new(192, 0, 2, n).into()).collect(),
        echoes: 3,
        held: Held { seen: true, ..Held::default() },
        chosen: true,
    };
    let opening = Opening {
        family: Family::Ipv4,
        at: Time::from_nanos(123_456_789_000_000),
        interval: Duration::from_secs(1),
        links: (0..3).map(link).collect(),
        rounds: 4_000_000,
    };
    let mut chance = Chance(1);
    let mut writer = Writer::new(&Decider::new(opening.clone()), opening.at);
    for second in 0..3600 {
        let links = (0..3).map(|place| {
            let rests = place == 2 && spare_rests;
            let targets = if !rests {
                10
            } else if second % 10 == 0 {
                2
            } else {
                0
            };
            let echo = |target, chance: &mut Chance| {
                let lost = one_lost_of.is_some_and(|of| chance.below(of) == 0);
                let sent = if rests { 1 } else { 3 };
                Echoes { target, sent, answered: if lost { 0b010 } else { 0b111 } >> (3 - sent), best: None }
            };
            Did {
                presence: Presence::Present,
                order: None,
                resting: rests && targets == 0,
                next_hop: Neighbour::Answers,
                load: Load { received: chance.below(2_000_000), sent: chance.below(100_000) },
                echoes: (0..targets).map(|target| echo(target, &mut chance)).collect(),
            }
        });
        let at = opening.at + Duration::from_secs(second);
        writer.push(&Entry::Round(Observed { at, spoilt: None, host_dropped: 0, links: links.collect() }));
    }
    let block = writer.finish();
    assert_eq!(Reader::new(&block).expect("it is whole").count(), 3600);
    block.len()
}

#[test]
fn an_hour_of_three_links_and_ten_targets_takes_a_kilobyte_or_two() {
    let sizes = [hour(None, false), hour(None, true), hour(Some(1000), false), hour(Some(100), false)];
    for (size, most) in sizes.into_iter().zip([1200, 2000, 1600, 10_100]) {
        assert!(size <= most, "{sizes:?}");
    }
}

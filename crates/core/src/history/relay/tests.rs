//! Whatever is lost on the way, what the store is told fits together, and nothing is missing that was not dropped.

use super::*;
use crate::history::drawn;
use crate::link::LinkId;
use crate::link::decide::{Decider, Entry, Opening};
use crate::time::Time;
use core::time::Duration;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::vec::Vec;

/// What happens between two notes.
#[derive(Clone, Copy, Debug)]
enum Between {
    /// A frame is sent and arrives.
    Arrives,
    /// A frame is sent and is lost.
    IsLost,
    /// What arrived is kept for good.
    Kept,
    /// A receipt arrives.
    Receipt,
    /// The store dies, with what was not kept.
    Dies,
}

/// The store: what was handed over, by number, and how much of it is kept.
#[derive(Default)]
struct Store {
    inbox: Inbox,
    kept: (u64, u64),
    history: BTreeMap<u64, Entry>,
    deciders: BTreeMap<Family, Decider>,
    said: BTreeMap<u64, Vec<bool>>,
}

impl Store {
    fn take(&mut self, frame: &[u8]) {
        for (number, message) in self.inbox.take(frame) {
            match message {
                Message::Begin(decider) => drop(self.deciders.insert(decider.opening().family, *decider)),
                Message::Note(family, entry) => {
                    let decision = self.deciders.get_mut(&family).expect("it has begun").handle(&entry);
                    let healthy = decision.verdict.links.iter().map(|link| link.healthy).collect();
                    self.said.insert(number, healthy);
                    self.history.insert(number, entry);
                }
            }
        }
    }

    fn dies(&mut self) {
        let (_, kept) = self.kept;
        self.history.retain(|number, _| *number <= kept);
        (self.inbox, self.deciders) = (Inbox::default(), BTreeMap::new());
    }
}

fn between() -> impl Strategy<Value = Vec<Between>> {
    let one = prop_oneof![
        6 => Just(Between::Arrives),
        1 => Just(Between::IsLost),
        2 => Just(Between::Kept),
        3 => Just(Between::Receipt),
        1 => Just(Between::Dies),
    ];
    prop::collection::vec(one, 1..60)
}

fn drawn() -> impl Strategy<Value = (Opening, Vec<Entry>)> {
    drawn::opening().prop_flat_map(|opening| {
        let sound = |(opening, mut entries): (Opening, Vec<Entry>)| {
            entries.retain(|entry| drawn::sound(&opening, entry));
            entries.truncate(120);
            (opening, entries)
        };
        (Just(opening.clone()), drawn::entries(&opening)).prop_map(sound)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_store_has_all_in_the_end_and_decides_the_same(
        (opening, mut entries) in drawn(),
        between in between(),
        most in 100_usize..5000,
    ) {
        let (mut outbox, mut store, now) = (Outbox::new(7), Store::default(), opening.at);
        let mut decider = Decider::new(opening.clone());
        outbox.begin(&decider, now);
        let mut said = BTreeMap::new();
        let at_peace = entries.len();
        entries.extend([Entry::Retry(now, LinkId(0)), Entry::Retry(now, LinkId(0)), Entry::Retry(now, LinkId(0))]);
        for (place, entry) in entries.iter().enumerate() {
            outbox.note(opening.family, entry, now);
            let healthy = decider.handle(entry).verdict.links.iter().map(|link| link.healthy).collect();
            said.insert(place as u64 + 2, healthy);
            if place < at_peace {
                happen(between[place % between.len()], &mut outbox, &mut store, most);
                continue;
            }
            while let Some(frame) = outbox.next_frame(most) {
                store.take(&frame);
            }
            outbox.handle_receipt(&store.inbox.receipt(store.kept));
        }
        prop_assert_eq!(outbox.dropped(), 0);
        prop_assert_eq!(store.history, (2..).zip(entries).collect());
        prop_assert_eq!(store.said, said);
        store.kept = store.inbox.position();
        outbox.handle_receipt(&store.inbox.receipt(store.kept));
        prop_assert!(outbox.is_empty());
    }

    #[test]
    fn any_bytes_are_taken((opening, entries) in drawn(), at: prop::sample::Index, byte: u8, any: Vec<u8>) {
        let mut outbox = Outbox::new(7);
        outbox.begin(&Decider::new(opening.clone()), opening.at);
        for entry in &entries {
            outbox.note(opening.family, entry, opening.at);
        }
        let mut frame = outbox.next_frame(4000).expect("something is to be sent");
        let at = at.index(frame.len());
        frame[at] = byte;
        Store::default().inbox.take(&frame);
        Store::default().inbox.take(&any);
    }
}

fn happen(between: Between, outbox: &mut Outbox, store: &mut Store, most: usize) {
    match between {
        Between::Arrives => outbox.next_frame(most).into_iter().for_each(|frame| store.take(&frame)),
        Between::IsLost => drop(outbox.next_frame(most)),
        Between::Kept => store.kept = store.kept.max(store.inbox.position()),
        Between::Receipt => outbox.handle_receipt(&store.inbox.receipt(store.kept)),
        Between::Dies => store.dies(),
    }
}

#[test]
fn what_nobody_acknowledges_for_an_hour_is_dropped_and_the_rest_goes_on_from_there() {
    let opening = Opening {
        family: Family::Ipv4,
        at: Time::BOOT,
        interval: Duration::from_secs(1),
        links: Vec::new(),
        rounds: 0,
    };
    let mut decider = Decider::new(opening);
    let mut outbox = Outbox::new(7);
    outbox.begin(&decider, Time::BOOT);
    let second = |second| Time::BOOT + Duration::from_secs(second);
    let round = |at| {
        let round = crate::link::decide::Observed { at, spoilt: None, host_dropped: 0, links: Vec::new() };
        Entry::Round(round)
    };
    for at in 0..4000 {
        outbox.note(Family::Ipv4, &round(second(at)), second(at));
    }
    assert_eq!((outbox.len(), outbox.dropped()), (3601, 400), "the beginning and 399 rounds were dropped");
    let mut store = Store::default();
    while let Some(frame) = outbox.next_frame(10_000) {
        store.take(&frame);
    }
    (0..4000).for_each(|at| drop(decider.handle(&round(second(at)))));
    assert_eq!(store.history.len(), 3601);
    let stood = &store.deciders[&Family::Ipv4];
    assert_eq!(stood.beginning(Time::BOOT), decider.beginning(Time::BOOT));
}

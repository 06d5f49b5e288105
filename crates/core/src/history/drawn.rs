//! Openings and entries drawn at random, mostly as they are: rounds on time, most of them alike.

use crate::link::decide::{Did, Entry, Neighbour, Observed, OpenLink, Opening};
use crate::link::echoes::Echoes;
use crate::link::standing::Held;
use crate::link::verdict::{Load, Order, Spoilt};
use crate::link::{Family, LinkId, Presence};
use crate::time::Time;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use proptest::prelude::*;
use std::format;
use std::vec::Vec;

/// One entry of a stream, still without its time.
#[derive(Clone, Debug)]
enum Drawn {
    /// So many rounds like the last.
    Again(u64),
    /// One in which an echo of a link had another outcome.
    Echo(usize, usize, u32),
    Round(Observed),
    Late(Duration),
    Other(Entry),
}

/// An opening of up to four links with up to six targets.
pub(super) fn opening() -> impl Strategy<Value = Opening> {
    let link = (0..6_usize, 1..5_u8, 0..2_u16, any::<[bool; 4]>(), 0..5000_u32, prop::option::of(0..90_u64));
    let links = prop::collection::vec(link, 0..5);
    (links, any::<bool>(), 200..60_000_u64, any::<u32>()).prop_map(|(links, six, interval, at)| Opening {
        family: if six { Family::Ipv6 } else { Family::Ipv4 },
        at: Time::from_nanos(at.into()),
        interval: Duration::from_millis(interval),
        links: links
            .into_iter()
            .enumerate()
            .map(|(place, (targets, echoes, list, flags, hold, last_fault))| OpenLink {
                name: format!("wan{place}"),
                metered: flags[0],
                hold_down: Duration::from_secs(3600),
                list,
                targets: (0..targets as u16).map(|n| target(n, six)).collect(),
                echoes,
                held: Held { hold, last_fault, earlier_faults: hold % 3, seen: flags[1] },
                chosen: flags[2],
            })
            .collect(),
        rounds: at.into(),
    })
}

/// A stream of entries for this opening.
pub(super) fn entries(opening: &Opening) -> impl Strategy<Value = Vec<Entry>> + use<> {
    let opening = opening.clone();
    let drawn = prop_oneof![
        8 => (1..150_u64).prop_map(Drawn::Again),
        6 => (0..4_usize, 0..6_usize, 0..16_u32).prop_map(|(link, echo, bits)| Drawn::Echo(link, echo, bits)),
        2 => round().prop_map(Drawn::Round),
        1 => (0..5_000_000_000_u64).prop_map(|late| Drawn::Late(Duration::from_nanos(late))),
        1 => other().prop_map(Drawn::Other),
    ];
    prop::collection::vec(drawn, 0..40).prop_map(move |drawn| stream(&opening, drawn))
}

/// What a decider may be told: one entry a link in each round, targets in their order.
pub(super) fn sound(opening: &Opening, entry: &Entry) -> bool {
    match entry {
        Entry::Round(round) => round.links.len() == opening.links.len(),
        Entry::Lost(..) | Entry::Orders(..) | Entry::Retry(..) => true,
    }
}

fn stream(opening: &Opening, drawn: Vec<Drawn>) -> Vec<Entry> {
    let link = |link: &OpenLink| Did {
        presence: Presence::Present,
        order: None,
        resting: false,
        next_hop: Neighbour::Answers,
        load: Load::default(),
        echoes: (0..).zip(&link.targets).map(|(target, _)| echoes(target, link.echoes, 0b111)).collect(),
    };
    let links = opening.links.iter().map(link).collect();
    let mut round = Observed { at: opening.at, spoilt: None, host_dropped: 0, links };
    let mut entries = Vec::new();
    for drawn in drawn {
        let mut times = 1;
        match drawn {
            Drawn::Again(again) => times = again,
            Drawn::Echo(link, echo, bits) => {
                if let Some(echo) = round.links.get_mut(link).and_then(|did| did.echoes.get_mut(echo)) {
                    *echo = echoes(echo.target, echo.sent, bits);
                }
            }
            Drawn::Round(other) => round = Observed { at: round.at, ..other },
            Drawn::Late(late) => round.at = round.at + late,
            Drawn::Other(entry) => {
                entries.push(entry);
                continue;
            }
        }
        for _ in 0..times {
            for (place, did) in (1..).zip(&mut round.links) {
                did.load = Load { received: place * 1000 + round.at.as_nanos() % 977, sent: place };
            }
            entries.push(Entry::Round(round.clone()));
            (round.at, round.host_dropped) = (round.at + opening.interval, 0);
        }
    }
    entries
}

fn round() -> impl Strategy<Value = Observed> {
    let spoilt = prop_oneof![
        5 => Just(None),
        1 => Just(Some(Spoilt::Late)),
        1 => Just(Some(Spoilt::SendFailed)),
        1 => Just(Some(Spoilt::OneTargetLeft)),
    ];
    let links = prop::collection::vec(did(), 0..5);
    (spoilt, links, prop::option::of(any::<u64>())).prop_map(|(spoilt, links, dropped)| Observed {
        at: Time::BOOT,
        spoilt,
        host_dropped: dropped.unwrap_or(0),
        links,
    })
}

fn did() -> impl Strategy<Value = Did> {
    let echoes = prop::collection::vec((any::<u8>(), any::<u8>(), any::<u32>(), prop::option::of(0..90_000_u64)), 0..7);
    let next_hop = prop::sample::select(&[Neighbour::Unasked, Neighbour::Answers, Neighbour::Silent][..]);
    (prop::sample::select(&Presence::ALL[..]), order(), any::<bool>(), next_hop, echoes).prop_map(
        |(presence, order, resting, next_hop, echoes)| Did {
            presence,
            order,
            resting,
            next_hop,
            load: Load::default(),
            echoes: echoes
                .into_iter()
                .map(|(target, sent, answered, best)| {
                    let best = best.map(|best| Duration::from_micros(best * 10));
                    Echoes { target, sent, answered, best }
                })
                .collect(),
        },
    )
}

fn other() -> impl Strategy<Value = Entry> {
    prop_oneof![
        (any::<u64>(), 0..6_u16, prop::sample::select(&Presence::ALL[..]))
            .prop_map(|(at, link, presence)| Entry::Lost(Time::from_nanos(at), LinkId(link), presence)),
        (any::<u64>(), prop::collection::vec(order(), 0..6))
            .prop_map(|(at, orders)| Entry::Orders(Time::from_nanos(at), orders)),
        (any::<u64>(), any::<u16>()).prop_map(|(at, link)| Entry::Retry(Time::from_nanos(at), LinkId(link))),
    ]
}

fn order() -> impl Strategy<Value = Option<Order>> {
    prop::sample::select(&Order::OR_NONE[..])
}

fn echoes(target: u8, sent: u8, answered: u32) -> Echoes {
    let best = (answered != 0).then_some(Duration::from_micros(4_210));
    Echoes { target, sent, answered, best }
}

fn target(n: u16, six: bool) -> IpAddr {
    if six { Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, n).into() } else { Ipv4Addr::new(192, 0, 2, n as u8).into() }
}

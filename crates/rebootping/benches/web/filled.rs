//! A history of three links and many devices, as a daemon that ran for days leaves it.

use rebootping::stored::{BOOTED, Measured};
use rebootping_core::history::relay::Outbox;
use rebootping_core::history::samples::Sample;
use rebootping_core::link::decide::{Decider, Did, Entry, Neighbour, Observed, OpenLink, Opening};
use rebootping_core::link::standing::Held;
use rebootping_core::link::verdict::Load;
use rebootping_core::link::{Family, Presence};
use rebootping_core::time::Time;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use super::round_trips::{LINKS, Link, TARGETS, echoes};

const SECOND: Duration = Duration::from_secs(1);
const FLUSH: Duration = Duration::from_secs(60);
/// Bytes of a frame from the judge to the store.
const FRAME: usize = 60_000;
const DAY: u64 = 86_400;
/// Of all devices so many talk in a minute: one in so many, others each time.
const TALKING: u64 = 10;

/// Fills a folder with so many days; from when to when they are, in unix seconds.
pub(crate) fn fill(folder: &Path, days: u64, devices: u64) -> (i64, i64) {
    let mut links: Vec<Link> = (1..).zip(LINKS).map(|(seed, kind)| Link::new(kind, seed)).collect();
    let mut outbox = Outbox::new(1);
    outbox.begin(&Decider::new(opening()), Time::BOOT);
    let mut store = Measured::start(folder, FLUSH);
    let mut now = Time::BOOT;
    for second in 0..days * DAY {
        let links = links.iter_mut().map(|link| did(link, second)).collect();
        let observed = Observed { at: now, spoilt: None, host_dropped: 0, links };
        now = now + SECOND;
        outbox.note(Family::Ipv4, &Entry::Round(observed), now);
        while let Some(frame) = outbox.next_frame(FRAME) {
            if let Some(receipt) = store.hear(frame, now) {
                outbox.handle_receipt(&receipt);
            }
        }
        if second % 60 == 0 {
            store.move_bytes((0..devices).filter(|it| (it + second / 60) % TALKING == 0).map(moved), now);
        }
    }
    assert_eq!(outbox.dropped(), 0, "all was kept");
    drop(store.end(now));
    (BOOTED, BOOTED + (days * DAY) as i64)
}

/// The MAC of a device, as its frames have it.
pub(crate) fn mac(device: u64) -> [u8; 6] {
    [0x02, 0xde, 0, 0, (device >> 8) as u8, device as u8]
}

fn moved(device: u64) -> (String, u64, u64) {
    let octets = mac(device).map(|octet| format!("{octet:02x}"));
    (octets.join(":"), 10_000 + device * 7, 90_000 + device * 131)
}

fn opening() -> Opening {
    let target = |place: usize| IpAddr::from(Ipv4Addr::new(192, 0, 2, place as u8));
    let link = |kind: &super::round_trips::Kind| OpenLink {
        name: kind.name.to_owned(),
        metered: false,
        hold_down: SECOND * 3600,
        list: 0,
        targets: (1..=TARGETS).map(target).collect(),
        echoes: 3,
        held: Held::default(),
        chosen: false,
    };
    Opening {
        family: Family::Ipv4,
        at: Time::BOOT,
        interval: SECOND,
        links: LINKS.iter().map(link).collect(),
        rounds: 0,
    }
}

/// What a link did in a round.
fn did(link: &mut Link, second: u64) -> Did {
    let samples: Vec<Sample> = link.round().into_iter().collect();
    let is_away = samples.contains(&Sample::Absent);
    let presence = if is_away { Presence::Absent } else { Presence::Present };
    let load = Load { received: second.wrapping_mul(7919) % 2_000_003, sent: second % 60_013 };
    let echoes = (0..).zip(samples).filter_map(|(target, sample)| echoes(target, sample)).collect();
    Did { presence, order: None, resting: false, next_hop: Neighbour::Answers, load, echoes }
}

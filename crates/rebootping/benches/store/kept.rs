//! The same samples on their whole way: as a judge's notes into a store, into its file, and out of it as a graph.

use super::graphs::{self, POINTS};
use super::round_trips::{TARGETS, echoes};
use super::{Folder, ROUNDS, Series};
use rebootping::stored::{BOOTED, Measured};
use rebootping_core::history::relay::Outbox;
use rebootping_core::history::samples::Sample;
use rebootping_core::link::decide::{Decider, Did, Entry, Neighbour, Observed, OpenLink, Opening};
use rebootping_core::link::standing::Held;
use rebootping_core::link::verdict::Load;
use rebootping_core::link::{Family, Presence};
use rebootping_core::time::Time;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// Bytes of a frame from the judge to the store.
const FRAME: usize = 60_000;
const DAY: i64 = 86_400;

/// A store that is being filled.
pub(crate) struct Kept {
    folder: Folder,
    store: Measured,
    outbox: Outbox,
    links: Vec<&'static str>,
    now: Time,
    written: u64,
    days: u64,
}

/// What came of it.
pub(crate) struct Outcome {
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Bytes written a day.
    pub(crate) written: u64,
    /// How long it takes to draw the last day of all links.
    pub(crate) drawn: Duration,
}

impl Kept {
    pub(crate) fn start(links: &[&'static str], flush: Duration) -> Self {
        let folder = Folder::new(&format!("kept-{}", flush.as_secs()));
        let mut outbox = Outbox::new(1);
        outbox.begin(&Decider::new(opening(links)), Time::BOOT);
        let store = Measured::start(&folder.0, flush);
        Self { folder, store, outbox, links: links.to_vec(), now: Time::BOOT, written: 0, days: 0 }
    }

    /// Adds a day.
    pub(crate) fn keep(&mut self, day: &[Series]) {
        let before = written();
        for round in 0..ROUNDS {
            let observed = Observed {
                at: self.now,
                spoilt: None,
                host_dropped: 0,
                links: day.chunks(TARGETS).map(|link| did(link, round)).collect(),
            };
            self.now = self.now + SECOND;
            self.outbox.note(Family::Ipv4, &Entry::Round(observed), self.now);
            while let Some(frame) = self.outbox.next_frame(FRAME) {
                if let Some(receipt) = self.store.hear(frame, self.now) {
                    self.outbox.handle_receipt(&receipt);
                }
            }
        }
        self.written += written() - before;
        self.days += 1;
    }

    pub(crate) fn finish(self) -> Outcome {
        assert_eq!(self.outbox.dropped(), 0, "all was kept");
        let file = self.store.end(self.now);
        let to = BOOTED + self.days as i64 * DAY;
        let draw = |link: &&str| file.draw(&format!("ipv4/{link}"), (to - DAY, to), POINTS);
        let drawn = graphs::middle(|| self.links.iter().map(draw).sum());
        Outcome { bytes: self.folder.bytes(), written: self.written / self.days, drawn }
    }
}

fn opening(links: &[&'static str]) -> Opening {
    let target = |place: usize| IpAddr::from(Ipv4Addr::new(192, 0, 2, place as u8));
    let link = |name: &&str| OpenLink {
        name: (*name).to_owned(),
        metered: false,
        hold_down: SECOND * 3600,
        list: 0,
        targets: (1..=TARGETS).map(target).collect(),
        echoes: 3,
        held: Held::default(),
        chosen: false,
    };
    let links = links.iter().map(link).collect();
    Opening { family: Family::Ipv4, at: Time::BOOT, interval: SECOND, links, rounds: 0 }
}

/// What a link did in a round.
fn did(link: &[Series], round: usize) -> Did {
    let samples = || link.iter().map(|series| series.samples[round]);
    let presence = if samples().any(|sample| sample == Sample::Absent) { Presence::Absent } else { Presence::Present };
    // A few megabytes a second at most, and never the same.
    let load = Load { received: (round as u64).wrapping_mul(7919) % 2_000_003, sent: round as u64 % 60_013 };
    let echoes = (0..).zip(samples()).filter_map(|(target, sample)| echoes(target, sample)).collect();
    Did { presence, order: None, resting: false, next_hop: Neighbour::Answers, load, echoes }
}

/// Bytes this process has had written to disks.
fn written() -> u64 {
    let io = fs::read_to_string("/proc/self/io").expect("the kernel counts what is written");
    let bytes = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).expect("it says so");
    bytes.parse().expect("a number")
}

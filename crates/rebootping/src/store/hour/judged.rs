//! What the judge's notes become: the journal, samples, traffic of links, and each change of the choice.
//!
//! The same decider runs here as in the judge, entry by entry. So a block of the journal begins with all that a replay needs to begin
//! there, and a verdict is kept with its reasons without being sent.

use super::super::kinds::{Happening, Stretch};
use super::super::memory::{Block, Part, Row};
use super::super::switched::Switched;
use super::Made;
use super::moved::Traffic;
use super::trips::Trips;
use rebootping_core::history::journal;
use rebootping_core::history::relay::Message;
use rebootping_core::history::samples::Sample;
use rebootping_core::history::traffic::Moved;
use rebootping_core::link::decide::{Decider, Did, Entry, Observed, Opening};
use rebootping_core::link::{Family, Presence};
use rebootping_core::packet::icmp;
use rebootping_core::time::Time;
use std::collections::BTreeMap;

/// One family.
#[derive(Debug)]
struct Judged {
    decider: Decider,
    journal: journal::Writer,
    /// When the block of the journal that is being written began, and the last entry in it.
    begins: Time,
    ends: Time,
}

/// All families.
#[derive(Debug, Default)]
pub(super) struct Families {
    families: BTreeMap<Family, Judged>,
    /// Blocks of the journal that ended within the hour.
    ended: Vec<Block>,
}

impl Families {
    /// The deciders as they stand.
    pub(super) fn deciders(&self) -> impl Iterator<Item = &Decider> {
        self.families.values().map(|judged| &judged.decider)
    }

    /// What the decisions of a family began with.
    pub(super) fn opening(&self, family: Family) -> Option<&Opening> {
        self.families.get(&family).map(|judged| judged.decider.opening())
    }

    /// Takes a message; what it makes is new, unless the disk had it before.
    pub(super) fn take(&mut self, message: &Message, trips: &mut Trips, traffic: &mut Traffic) -> Option<Made> {
        match message {
            Message::Begin(decider) => {
                self.begin(decider);
                None
            }
            Message::Note(family, entry) => self.note(*family, entry, trips, traffic),
        }
    }

    fn begin(&mut self, decider: &Decider) {
        let begins = decider.opening().at;
        let judged =
            Judged { decider: decider.clone(), journal: journal::Writer::new(decider, begins), begins, ends: begins };
        let before = self.families.insert(decider.opening().family, judged);
        self.ended.extend(before.and_then(Judged::finish));
    }

    fn note(&mut self, family: Family, entry: &Entry, trips: &mut Trips, traffic: &mut Traffic) -> Option<Made> {
        let judged = self.families.get_mut(&family)?;
        judged.ends = entry.at(judged.decider.opening().interval);
        judged.journal.push(entry);
        let was = judged.decider.selector().choice().clone();
        let verdict = judged.decider.handle(entry).verdict;
        let opening = judged.decider.opening();
        if let Entry::Round(observed) = entry {
            note_round(opening, observed, trips, traffic);
        }
        if !verdict.changed {
            return None;
        }
        let body = serde_json::to_string(&Switched::new(opening, was, verdict)).unwrap_or_default();
        let subject = family_name(family).to_owned();
        Some(Made::Row(Row { kind: Happening::Verdict, boot: None, at: judged.ends, subject, body }))
    }

    /// The journal of the hour, which is over; the next block begins where this one ends.
    pub(super) fn turn(&mut self) -> Vec<Block> {
        let mut blocks = std::mem::take(&mut self.ended);
        for judged in self.families.values_mut() {
            let next = journal::Writer::new(&judged.decider, judged.ends);
            let over = Judged {
                decider: judged.decider.clone(),
                journal: std::mem::replace(&mut judged.journal, next),
                begins: std::mem::replace(&mut judged.begins, judged.ends),
                ends: judged.ends,
            };
            blocks.extend(over.finish());
        }
        blocks
    }
}

impl Judged {
    fn finish(self) -> Option<Block> {
        if self.journal.entries() == 0 {
            return None;
        }
        let series = family_name(self.decider.opening().family).to_owned();
        let parts = vec![Part { series, bytes: self.journal.finish() }];
        Some(Block { kind: Stretch::Journal, boot: None, begins: self.begins, ends: self.ends, parts })
    }
}

fn note_round(opening: &Opening, observed: &Observed, trips: &mut Trips, traffic: &mut Traffic) {
    for (link, did) in opening.links.iter().zip(&observed.links) {
        let whole = format!("{}/{}", family_name(opening.family), link.name);
        for (place, target) in link.targets.iter().enumerate() {
            let sample = sample(did, place);
            trips.note(&format!("{whole}/{target}"), &whole, observed.at, opening.interval, sample);
        }
        traffic.note(&format!("probes/{}", link.name), observed.at, probes(opening.family, did));
        // Both families are told the same of a link's traffic.
        if opening.family == Family::Ipv4 {
            let moved = Moved { sent: did.load.sent, received: did.load.received, ..Moved::default() };
            traffic.note(&format!("link/{}", link.name), observed.at, moved);
        }
    }
}

fn sample(did: &Did, place: usize) -> Sample {
    if did.presence != Presence::Present {
        return Sample::Absent;
    }
    match did.echoes.iter().find(|echoes| usize::from(echoes.target) == place) {
        Some(echoes) => Sample::new(echoes.sent, echoes.answered.count_ones() as u8, echoes.best),
        None => Sample::NotAsked,
    }
}

/// Our own echoes over a link, and their answers, in bytes from the network header on.
fn probes(family: Family, did: &Did) -> Moved {
    let length = icmp::length(family == Family::Ipv6) as u64;
    let sent: u64 = did.echoes.iter().map(|echoes| u64::from(echoes.sent)).sum();
    let received: u64 = did.echoes.iter().map(|echoes| u64::from(echoes.answered.count_ones())).sum();
    Moved { sent: sent * length, received: received * length, sent_packets: sent, received_packets: received }
}

/// How a family is called in names of series.
pub(in crate::store) const fn family_name(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
}

//! The judge's end: keeps what was noted until it is acknowledged.

use super::{Head, KINDS, Kind, Receipt};
use crate::coder::{Coder, Decoder, Encoder};
use crate::history::journal::Usual;
use crate::link::Family;
use crate::link::decide::{Decider, Entry};
use crate::time::Time;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

/// What is not acknowledged for so long is dropped.
const LONGEST: Duration = Duration::from_secs(3600);
/// No more bytes are kept: an hour of five rounds a second over three links with all echoes there may be.
const MOST_BYTES: usize = 16 << 20;

/// Bytes of what stands in front of a parcel, at the most.
const HEAD: usize = 11;

/// What was noted and is not yet acknowledged.
#[derive(Clone, Debug)]
pub struct Outbox {
    epoch: u64,
    attempt: u64,
    /// Deciders of which the attempt has not yet told where they stood; none when it told all.
    to_tell: VecDeque<Decider>,
    /// Nothing of the attempt was sent.
    is_fresh: bool,
    /// The number of the last parcel that was sent.
    sent: u64,
    /// The number of the last parcel that is no longer kept.
    settled: u64,
    parcels: VecDeque<Parcel>,
    bytes: usize,
    /// The families' deciders after all that is no longer kept, and what their notes are read by.
    stood: BTreeMap<Family, (Decider, Usual)>,
    /// What the families' notes are written by since they last began.
    began: BTreeMap<Family, Usual>,
    dropped: u64,
}

#[derive(Clone, Debug)]
struct Parcel {
    at: Time,
    kind: Kind,
    bytes: Vec<u8>,
}

impl Outbox {
    /// An empty one. No two judges may have the same epoch.
    pub fn new(epoch: u64) -> Self {
        Self {
            epoch,
            attempt: 1,
            to_tell: VecDeque::new(),
            is_fresh: true,
            sent: 0,
            settled: 0,
            parcels: VecDeque::new(),
            bytes: 0,
            stood: BTreeMap::new(),
            began: BTreeMap::new(),
            dropped: 0,
        }
    }

    /// A family's decisions begin.
    pub fn begin(&mut self, decider: &Decider, now: Time) {
        let mut encoder = Encoder::default();
        decider.write(decider.opening().at, &mut encoder);
        self.began.insert(decider.opening().family, Usual::new(decider.opening()));
        self.keep(Parcel { at: now, kind: Kind::Begin, bytes: encoder.into_bytes() });
    }

    /// Something happened in a family whose decisions have begun.
    pub fn note(&mut self, family: Family, entry: &Entry, now: Time) {
        if let Some(usual) = self.began.get(&family) {
            let bytes = usual.write(entry);
            self.keep(Parcel { at: now, kind: Kind::Note(family), bytes });
        }
    }

    /// The next frame to send, of at most so many bytes unless a single parcel is longer; none when all is sent.
    pub fn next_frame(&mut self, most: usize) -> Option<Vec<u8>> {
        let number = self.sent.saturating_add(1);
        let unsent = usize::try_from(self.sent.saturating_sub(self.settled)).unwrap_or(usize::MAX);
        if self.to_tell.is_empty() && self.parcels.len() <= unsent {
            return None;
        }
        let mut encoder = Encoder::default();
        Head { epoch: self.epoch, attempt: self.attempt, is_first: self.is_fresh, number }.write(&mut encoder);
        self.is_fresh = false;
        let mut is_empty = true;
        let fits =
            |encoder: &Encoder, bytes: &[u8]| encoder.len().saturating_add(bytes.len()) <= most.saturating_sub(HEAD);
        while let Some(decider) = self.to_tell.front() {
            let mut stood = Encoder::default();
            decider.write(decider.opening().at, &mut stood);
            if !is_empty && !fits(&encoder, stood.as_bytes()) {
                return Some(encoder.into_bytes());
            }
            put(Kind::Stood, stood.as_bytes(), &mut encoder);
            is_empty = false;
            self.to_tell.pop_front();
        }
        for parcel in self.parcels.iter().skip(unsent) {
            if !is_empty && !fits(&encoder, &parcel.bytes) {
                break;
            }
            put(parcel.kind, &parcel.bytes, &mut encoder);
            is_empty = false;
            self.sent = self.sent.saturating_add(1);
        }
        Some(encoder.into_bytes())
    }

    /// The store's answer; one for another judge says nothing.
    pub fn handle_receipt(&mut self, receipt: &Receipt) {
        if receipt.epoch != self.epoch {
            return;
        }
        while self.settled < receipt.up_to.min(self.sent) {
            self.settle();
        }
        if receipt.again && receipt.attempt == self.attempt {
            self.begin_attempt();
        }
    }

    /// Notes dropped because nobody acknowledged them in time.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Notes and beginnings that are not acknowledged.
    pub fn len(&self) -> usize {
        self.parcels.len()
    }

    /// Whether all is acknowledged.
    pub fn is_empty(&self) -> bool {
        self.parcels.is_empty()
    }

    fn keep(&mut self, parcel: Parcel) {
        let now = parcel.at;
        self.bytes = self.bytes.saturating_add(parcel.bytes.len());
        self.parcels.push_back(parcel);
        let mut is_torn = false;
        let too_old = |parcel: &Parcel| now.since(parcel.at) > LONGEST;
        while self.bytes > MOST_BYTES || self.parcels.front().is_some_and(too_old) {
            is_torn |= self.settled >= self.sent;
            self.dropped = self.dropped.saturating_add(1);
            self.settle();
        }
        if is_torn {
            self.begin_attempt();
        }
    }

    /// Lets go of the oldest parcel; the deciders take note of it.
    fn settle(&mut self) {
        let Some(parcel) = self.parcels.pop_front() else { return };
        self.settled = self.settled.saturating_add(1);
        self.sent = self.sent.max(self.settled);
        self.bytes = self.bytes.saturating_sub(parcel.bytes.len());
        match parcel.kind {
            Kind::Stood => {}
            Kind::Begin => {
                if let Some(decider) = Decider::read(&mut Decoder::new(&parcel.bytes)) {
                    let usual = Usual::new(decider.opening());
                    self.stood.insert(decider.opening().family, (decider, usual));
                }
            }
            Kind::Note(family) => {
                let Some((decider, usual)) = self.stood.get_mut(&family) else { return };
                if let Some(entry) = usual.read(&parcel.bytes) {
                    decider.handle(&entry);
                }
            }
        }
    }

    /// Sends everything again, from where the decisions stood.
    fn begin_attempt(&mut self) {
        self.attempt = self.attempt.saturating_add(1);
        self.is_fresh = true;
        self.sent = self.settled;
        self.to_tell = self.stood.values().map(|(decider, _)| decider.beginning(self.stood_at())).collect();
    }

    /// When the first thing happened that is still kept.
    fn stood_at(&self) -> Time {
        self.parcels.front().map_or(Time::BOOT, |parcel| parcel.at)
    }
}

fn put(kind: Kind, bytes: &[u8], encoder: &mut Encoder) {
    encoder.one_of(&mut { kind }, &KINDS);
    encoder.put(bytes.len() as u64);
    encoder.put_bytes(bytes);
}

//! The store's end: takes frames apart, and notices when one is missing.

use super::{Head, KINDS, Kind, Receipt};
use crate::coder::{Coder, Decoder};
use crate::history::journal::Usual;
use crate::link::Family;
use crate::link::decide::{Decider, Entry};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What was handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// A family's decisions stand here, and go on from here: what was known of them before is over, or already kept.
    Begin(Box<Decider>),
    /// What happened next in a family; it has begun.
    Note(Family, Entry),
}

/// What was handed over so far.
#[derive(Clone, Default, Debug)]
pub struct Inbox {
    epoch: u64,
    attempt: u64,
    /// The number of the last parcel that was taken.
    taken: u64,
    /// A frame did not follow on those before it.
    torn: bool,
    /// What the families' notes are read by since they last began.
    began: BTreeMap<Family, Usual>,
    damaged: u64,
}

impl Inbox {
    /// Takes a frame apart: what follows on what was taken before, each with its number, which is that of the one before where it
    /// says only where the decisions stood. What was taken in an earlier attempt comes again under its number.
    pub fn take(&mut self, frame: &[u8]) -> Vec<(u64, Message)> {
        let mut decoder = Decoder::new(frame);
        let Some(head) = Head::read(&mut decoder) else {
            self.note_damage();
            return Vec::new();
        };
        if !self.follows(head) {
            return Vec::new();
        }
        let mut messages = Vec::new();
        while !decoder.is_at_end() {
            let mut kind = Kind::Stood;
            decoder.one_of(&mut kind, &KINDS);
            let length = decoder.take();
            let bytes = decoder.take_bytes(length);
            if decoder.is_damaged() {
                self.note_damage();
                break;
            }
            if kind != Kind::Stood {
                self.taken = self.taken.saturating_add(1);
            }
            match self.open(kind, bytes) {
                Some(message) => messages.push((self.taken, message)),
                None => self.note_damage(),
            }
        }
        messages
    }

    /// The judge's epoch, and the number of the last parcel taken from it.
    pub fn position(&self) -> (u64, u64) {
        (self.epoch, self.taken)
    }

    /// What the judge is to be told when all up to this position is kept for good.
    pub fn receipt(&self, kept: (u64, u64)) -> Receipt {
        let (epoch, number) = kept;
        let up_to = if epoch == self.epoch { number.min(self.taken) } else { 0 };
        Receipt { epoch: self.epoch, attempt: self.attempt, up_to, again: self.torn }
    }

    /// Whether a frame is missing, so that the judge should be told soon.
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// Frames and parcels that could not be read.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    fn follows(&mut self, head: Head) -> bool {
        let is_same = (self.epoch, self.attempt) == (head.epoch, head.attempt);
        let goes_on = is_same && !self.torn && head.number == self.taken.saturating_add(1);
        let follows = if head.is_first { !is_same } else { goes_on };
        if head.is_first && follows {
            self.taken = head.number.saturating_sub(1);
            self.began.clear();
        } else if head.epoch != self.epoch {
            self.taken = 0;
        }
        (self.epoch, self.attempt) = (head.epoch, head.attempt);
        self.torn = !follows;
        follows
    }

    fn open(&mut self, kind: Kind, bytes: &[u8]) -> Option<Message> {
        match kind {
            Kind::Stood | Kind::Begin => {
                let decider = Decider::read(&mut Decoder::new(bytes))?;
                self.began.insert(decider.opening().family, Usual::new(decider.opening()));
                Some(Message::Begin(Box::new(decider)))
            }
            Kind::Note(family) => {
                let entry = self.began.get(&family)?.read(bytes)?;
                Some(Message::Note(family, entry))
            }
        }
    }

    fn note_damage(&mut self) {
        self.damaged = self.damaged.saturating_add(1);
    }
}

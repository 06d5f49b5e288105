//! The judge's notes as the file has them, in the order in which they happened and in Unix time: blocks of hours that are over, then
//! the hour that is not.

use super::hour;
use super::kinds::Stretch;
use super::read::{Found, Open, Reader, Span, Unreadable};
use rebootping_core::history::journal;
use rebootping_core::link::Family;
use rebootping_core::link::decide::{Decider, Entry};
use rebootping_core::time::Time;
use std::iter::Peekable;

/// A note. Times in it are Unix time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Noted {
    /// When.
    pub(crate) at: Time,
    /// In which family.
    pub(crate) family: Family,
    /// What.
    pub(crate) what: What,
}

/// What was noted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// The family's decisions stand here, and go on from here.
    Begin(Box<Decider>),
    /// Something happened.
    Entry(Entry),
}

impl Reader {
    /// All notes of the blocks that touch that time and of the hour that is not over, oldest first. A block that is damaged is left out.
    pub(crate) fn notes(&self, span: Span) -> Result<impl Iterator<Item = Noted> + use<>, Unreadable> {
        self.notes_with(span, &self.open_hour()?)
    }

    /// The same with an hour that is not over as somebody has it.
    pub(crate) fn notes_with(
        &self,
        span: Span,
        open: &[Open],
    ) -> Result<impl Iterator<Item = Noted> + use<>, Unreadable> {
        let mut sources = Vec::new();
        for family in Family::ALL {
            let series = hour::family_name(family);
            let mut blocks = self.stretches(Stretch::Journal, series, span)?;
            let unfinished = open.iter().filter(|open| open.kind == Stretch::Journal && open.series == series);
            blocks.extend(unfinished.map(|open| open.found.clone()));
            sources.push(blocks.into_iter().flat_map(|found| opened(&found)).peekable());
        }
        Ok(Merged(sources))
    }
}

/// Several sources, each in order, as one.
struct Merged<I: Iterator<Item = Noted>>(Vec<Peekable<I>>);

impl<I: Iterator<Item = Noted>> Iterator for Merged<I> {
    type Item = Noted;

    fn next(&mut self) -> Option<Noted> {
        let waiting = self.0.iter_mut().filter_map(|source| Some((source.peek()?.at, source)));
        waiting.min_by_key(|(at, _)| *at)?.1.next()
    }
}

/// The notes of a block.
fn opened(found: &Found) -> Vec<Noted> {
    let Some(mut block) = journal::Reader::new(&found.bytes) else { return Vec::new() };
    let unix = |at: Time| Time::from_nanos(at.as_nanos().saturating_add_signed(found.ahead));
    let opening = block.decider().opening().clone();
    let noted = |at, what| Noted { at, family: opening.family, what };
    let begins = unix(opening.at);
    let begin = noted(begins, What::Begin(Box::new(block.decider().beginning(begins))));
    let entry = |mut entry: Entry| {
        match &mut entry {
            Entry::Round(observed) => observed.at = unix(observed.at),
            Entry::Lost(at, ..) | Entry::Orders(at, _) | Entry::Retry(at, _) => *at = unix(*at),
        }
        noted(entry.at(opening.interval), What::Entry(entry))
    };
    std::iter::once(begin).chain(block.by_ref().map(entry)).collect()
}

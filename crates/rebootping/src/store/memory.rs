//! What waits for the disk, within a bound: when the disk takes nothing for long, what is worth least goes first, and is counted.

use super::kinds::{Happening, Stretch};
use rebootping_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Bytes that may wait. An hour of three links with ten targets takes some 150 KB: this is days.
const MOST: usize = 16 << 20;
/// What a row or a block takes beside its bytes.
const OVERHEAD: usize = 96;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    /// Of which kind.
    pub(crate) kind: Happening,
    /// In which boot, by its number in the file; none is this one.
    pub(crate) boot: Option<i64>,
    /// When.
    pub(crate) at: Time,
    /// The link, device or user it is about.
    pub(crate) subject: String,
    /// All of it, as JSON.
    pub(crate) body: String,
}

impl Row {
    /// It takes the place of one that was kept before, if it was.
    pub(super) fn is_told_anew(&self) -> bool {
        self.kind == Happening::Outage
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.kind, self.boot, self.at, &self.subject) == (other.kind, other.boot, other.at, &other.subject)
    }
}

/// A stretch of history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    /// Of what.
    pub(crate) kind: Stretch,
    /// In which boot, by its number in the file; none is this one.
    pub(crate) boot: Option<i64>,
    /// When it begins.
    pub(crate) begins: Time,
    /// When it ends.
    pub(crate) ends: Time,
    /// All series.
    pub(crate) parts: Vec<Part>,
}

impl Block {
    /// What it has of the series that begin so, if it is of that kind and has any.
    pub(super) fn of(&self, kind: Stretch, beginning: &str) -> Option<Self> {
        let parts: Vec<Part> = self.parts.iter().filter(|part| part.series.starts_with(beginning)).cloned().collect();
        (self.kind == kind && !parts.is_empty()).then_some(Self { parts, ..*self })
    }
}

/// One series of a block.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Which.
    pub(crate) series: String,
    /// In its kind's encoding.
    pub(crate) bytes: Vec<u8>,
}

/// What a series moved in a day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Sum {
    /// The series.
    pub(crate) series: String,
    /// The day.
    pub(crate) day: Day,
    /// Bytes to be added to what it sent.
    pub(crate) sent: u64,
    /// Bytes to be added to what it received.
    pub(crate) received: u64,
}

/// The day of a sum.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) enum Day {
    /// A day of the operator's calendar, `2026-11-22`; its first seven characters are the month.
    Known(String),
    /// The clock was not set yet: in which boot, by its number in the file, none being this one, and from when on.
    Unknown(Option<i64>, Time),
}

/// What the disk does not have yet.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) rows: VecDeque<Row>,
    pub(super) blocks: VecDeque<Block>,
    pub(super) sums: BTreeMap<(Day, String), (u64, u64)>,
    bytes: usize,
    lost: BTreeMap<&'static str, u64>,
}

impl Memory {
    pub(super) fn push_row(&mut self, row: Row) {
        if let Some(known) = self.rows.iter_mut().find(|known| row.is_told_anew() && row.is_same(known)) {
            self.bytes -= size_of_row(known);
            self.bytes += size_of_row(&row);
            *known = row;
            return;
        }
        self.bytes += size_of_row(&row);
        self.rows.push_back(row);
        self.shed();
    }

    pub(super) fn push_block(&mut self, block: Block) {
        self.bytes += size_of_block(&block);
        self.blocks.push_back(block);
        self.shed();
    }

    /// Sums of one series and day become one: there are as many as there are devices, and days without a disk.
    pub(super) fn push_sum(&mut self, sum: Sum) {
        let (Sum { series, day, sent, received }, known) = (sum, self.sums.len());
        let length = series.len() + OVERHEAD;
        let bytes = self.sums.entry((day, series)).or_default();
        *bytes = (bytes.0.saturating_add(sent), bytes.1.saturating_add(received));
        self.bytes += if self.sums.len() > known { length } else { 0 };
        self.shed();
    }

    /// Something was moved on a day that is not known yet.
    pub(super) fn has_undated(&self) -> bool {
        self.sums.keys().any(|(day, _)| matches!(day, Day::Unknown(..)))
    }

    /// What waits of the series that begin so.
    pub(super) fn sums(&self, beginning: &str) -> impl Iterator<Item = Sum> {
        let of_them = self.sums.iter().filter(move |((_, series), _)| series.starts_with(beginning));
        of_them.map(|((day, series), (sent, received))| Sum {
            series: series.clone(),
            day: day.clone(),
            sent: *sent,
            received: *received,
        })
    }

    /// Nothing is left that mentions these MACs.
    pub(super) fn forget(&mut self, macs: &[String]) {
        self.rows.retain(|row| !macs.iter().any(|mac| row.subject.contains(mac) || row.body.contains(mac)));
        let is_of = |series: &str| macs.iter().any(|mac| series.ends_with(mac.as_str()));
        self.blocks.iter_mut().for_each(|block| block.parts.retain(|part| !is_of(&part.series)));
        self.sums.retain(|(_, series), _| !is_of(series));
        let sums: usize = self.sums.keys().map(|(_, series)| series.len() + OVERHEAD).sum();
        let rows: usize = self.rows.iter().map(size_of_row).sum();
        self.bytes = rows + self.blocks.iter().map(size_of_block).sum::<usize>() + sums;
    }

    /// The disk has all of it.
    pub(super) fn clear(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        *self = Self { lost, ..Self::default() };
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many blocks or rows of each kind never came to the disk.
    pub(super) fn lost(&self) -> &BTreeMap<&'static str, u64> {
        &self.lost
    }

    /// Lets go of the oldest of the kind that is worth least, until the rest is within the bound.
    fn shed(&mut self) {
        while self.bytes > MOST {
            let worst = Stretch::ALL.into_iter().find_map(|kind| self.blocks.iter().position(|it| it.kind == kind));
            if let Some(block) = worst.and_then(|at| self.blocks.remove(at)) {
                self.bytes -= size_of_block(&block);
                *self.lost.entry(block.kind.called()).or_default() += 1;
            } else if let Some(row) = self.rows.pop_front() {
                self.bytes -= size_of_row(&row);
                *self.lost.entry(row.kind.table()).or_default() += 1;
            } else {
                self.bytes -= self.sums.pop_first().map_or(self.bytes, |((_, series), _)| series.len() + OVERHEAD);
                *self.lost.entry("days").or_default() += 1;
            }
        }
    }
}

fn size_of_row(row: &Row) -> usize {
    row.subject.len() + row.body.len() + OVERHEAD
}

fn size_of_block(block: &Block) -> usize {
    block.parts.iter().map(|part| part.series.len() + part.bytes.len() + OVERHEAD).sum::<usize>() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_go_first_and_happenings_last() {
        let mut memory = Memory::default();
        let row = |body: &str| Row {
            kind: Happening::Verdict,
            boot: None,
            at: Time::BOOT,
            subject: "wan1".into(),
            body: body.into(),
        };
        let block = |kind| Block {
            kind,
            boot: None,
            begins: Time::BOOT,
            ends: Time::BOOT,
            parts: vec![Part { series: String::new(), bytes: vec![0; MOST / 4] }],
        };
        memory.push_row(row("first"));
        for kind in [Stretch::Journal, Stretch::Samples, Stretch::Minutes, Stretch::Samples, Stretch::Quarters] {
            memory.push_block(block(kind));
        }
        let kinds: Vec<Stretch> = memory.blocks.iter().map(|block| block.kind).collect();
        assert_eq!(kinds, [Stretch::Journal, Stretch::Minutes, Stretch::Quarters]);
        assert_eq!(memory.lost(), &BTreeMap::from([("samples", 2)]));
        memory.push_row(row(&"x".repeat(MOST - 1000)));
        assert_eq!((memory.blocks.len(), memory.rows.len()), (0, 2));
        memory.clear();
        assert!(memory.is_empty() && !memory.lost().is_empty());
    }
}

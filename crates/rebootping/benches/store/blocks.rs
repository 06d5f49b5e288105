//! The bytes of our blocks by kind: samples by the hour, minutes by the hour, quarters and four hours by the day, of each target and of each
//! link as a whole. Every block is read back and compared.

use super::Series;
use super::round_trips::TARGETS;
use rebootping_core::history::rollup::{self, Rollup, Span};
use rebootping_core::history::samples::{self, Sample};
use std::collections::BTreeMap;

const HOUR: usize = 3600;

/// Bytes by kind.
#[derive(Default)]
pub(crate) struct Blocks {
    samples: usize,
    rollups: BTreeMap<(&'static str, Span), usize>,
    /// The rollups of each link as a whole.
    pub(crate) links: Vec<Rolled>,
}

/// Blocks of rollups of one series, oldest first.
pub(crate) type Rolled = BTreeMap<Span, Vec<Vec<u8>>>;

impl Blocks {
    /// Adds a day.
    pub(crate) fn keep(&mut self, day: &[Series]) {
        self.links.resize_with(day.len() / TARGETS, Rolled::default);
        for (link, series) in self.links.iter_mut().zip(day.chunks(TARGETS)) {
            let mut whole = vec![Rollup::default(); 24 * 60];
            for series in series {
                self.samples += series.samples.chunks(HOUR).map(kept).sum::<usize>();
                let minutes: Vec<Rollup> = series.samples.chunks(60).map(of_samples).collect();
                whole.iter_mut().zip(&minutes).for_each(|(whole, minute)| whole.merge(minute));
                for (span, blocks) in blocks(minutes) {
                    *self.rollups.entry(("targets", span)).or_default() += blocks.iter().map(Vec::len).sum::<usize>();
                }
            }
            for (span, blocks) in blocks(whole) {
                *self.rollups.entry(("links", span)).or_default() += blocks.iter().map(Vec::len).sum::<usize>();
                link.entry(span).or_default().extend(blocks);
            }
        }
    }

    /// Prints bytes a sample.
    pub(crate) fn report(&self, samples: f64) {
        let line = |what: &str, bytes: usize| println!("{what:25} {:8.3}", bytes as f64 / samples);
        line("samples", self.samples);
        for ((of, span), bytes) in &self.rollups {
            line(&format!("{span:?} of {of}"), *bytes);
        }
        line("our blocks", self.samples + self.rollups.values().sum::<usize>());
    }
}

fn kept(samples: &[Sample]) -> usize {
    let block = samples::encode(samples);
    assert!(samples::decode(&block).eq(samples.iter().copied()));
    block.len()
}

/// The blocks of a day: an hour's minutes in one, a day's quarters and four hours.
fn blocks(minutes: Vec<Rollup>) -> [(Span, Vec<Vec<u8>>); 3] {
    let quarters: Vec<Rollup> = minutes.chunks(15).map(sum).collect();
    let four_hours: Vec<Rollup> = quarters.chunks(16).map(sum).collect();
    let spans = [(Span::Minute, minutes, 60), (Span::Quarter, quarters, 96), (Span::FourHours, four_hours, 6)];
    spans.map(|(span, rollups, length)| (span, rollups.chunks(length).map(kept_rollups).collect()))
}

fn kept_rollups(rollups: &[Rollup]) -> Vec<u8> {
    let block = rollup::encode(rollups);
    assert!(rollup::decode(&block).eq(rollups.iter().cloned()));
    block
}

fn of_samples(samples: &[Sample]) -> Rollup {
    let mut rollup = Rollup::default();
    for sample in samples {
        rollup.note(*sample);
    }
    rollup
}

fn sum(rollups: &[Rollup]) -> Rollup {
    let mut sum = Rollup::default();
    for rollup in rollups {
        sum.merge(rollup);
    }
    sum
}

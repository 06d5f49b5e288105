//! Several chains as one stream in order of time, in which a packet that two devices share stands once.

use super::chain::Chain;
use super::in_order::InOrder;
use super::output::Output;
use crate::pcap_files::pcapng::{self, Record};
use crate::pcap_read;
use rebootping_core::packet::frame::{Direction, InterfaceId};
use std::io;

/// Chains, and what becomes of them.
pub(super) struct Merge {
    chains: Vec<Chain>,
    /// The stamp of each chain's next packet; none while it has none.
    heads: Vec<Option<u64>>,
    waiting: InOrder,
    last: Last,
    /// What is no younger waited for a whole look already.
    waited: u64,
    output: Output,
}

/// The packet written last.
#[derive(Default)]
struct Last {
    stamp: u64,
    chain: usize,
    block: Vec<u8>,
}

impl Merge {
    pub(super) fn new(chains: Vec<Chain>, output: Output) -> Self {
        let heads = vec![None; chains.len()];
        let mut merge = Self { chains, heads, waiting: InOrder::default(), last: Last::default(), waited: 0, output };
        (0..merge.chains.len()).for_each(|at| merge.advance(at));
        merge
    }

    /// Copies all packets there are, as long as `goes_on`, which is told how many bytes were written since it was asked; returns
    /// whether it ended because there are no more.
    pub(super) fn copy(&mut self, mut goes_on: impl FnMut(usize) -> bool) -> io::Result<bool> {
        while let Some((_, at)) =
            self.heads.iter().zip(0..).filter_map(|(head, at)| head.map(|stamp| (stamp, at))).min()
        {
            self.take(at);
            self.advance(at);
            while self.waiting.is_full() {
                self.emit();
            }
            if self.output.is_full() {
                let written = self.output.flush()?;
                if !goes_on(written) {
                    return Ok(false);
                }
            }
        }
        let written = self.output.flush()?;
        Ok(goes_on(written))
    }

    /// Writes what has waited since the flush before this one.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.waiting.oldest().is_some_and(|stamp| stamp <= self.waited) {
            self.emit();
        }
        self.waited = self.waiting.newest();
        self.output.flush().map(drop)
    }

    /// Writes all that waits, and says what was wrong with the chains.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        while self.waiting.oldest().is_some() {
            self.emit();
        }
        self.chains.iter().for_each(Chain::finish);
        self.output.flush().map(drop)
    }

    /// Looks for new packets.
    pub(super) fn look(&mut self) {
        for at in 0..self.chains.len() {
            if self.heads[at].is_none() {
                self.chains[at].look();
                self.advance(at);
            }
        }
    }

    pub(super) const fn output(&self) -> &Output {
        &self.output
    }

    fn advance(&mut self, at: usize) {
        let chain = &mut self.chains[at];
        let is_there = chain.advance();
        self.heads[at] = chain.record().filter(|_| is_there).map(|(record, _)| record.stamp);
    }

    fn take(&mut self, at: usize) {
        let Some((record, interface)) = self.chains[at].record() else { return };
        // Our own segments hold no link we do not know.
        let Some(number) = self.output.number(interface) else { return };
        self.waiting.push(record.stamp, at, |block| put(block, number, &record));
    }

    fn emit(&mut self) {
        let Some(ready) = self.waiting.pop() else { return };
        let last = &mut self.last;
        let is_shared = (last.stamp, &*last.block) == (ready.stamp, ready.block) && last.chain != ready.chain;
        if is_shared {
            return;
        }
        self.output.put(ready.block);
        (last.stamp, last.chain) = (ready.stamp, ready.chain);
        last.block.clear();
        last.block.extend_from_slice(ready.block);
    }
}

fn put(block: &mut Vec<u8>, number: u32, from: &pcap_read::Record<'_>) {
    let record = Record {
        interface: InterfaceId(number),
        stamp: from.stamp,
        // Segments always say.
        direction: from.direction.unwrap_or(Direction::Received),
        original: from.original,
        bytes: from.bytes,
    };
    if from.remark.is_empty() {
        pcapng::put_packet(block, number, &record);
    } else {
        pcapng::put_remarked_packet(block, number, &record, &String::from_utf8_lossy(from.remark));
    }
}

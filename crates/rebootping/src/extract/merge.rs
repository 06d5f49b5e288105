//! Several chains as one stream in order of time, in which a packet that two devices share stands once, and remarks beside packets.

use super::chain::Chain;
use super::in_order::InOrder;
use super::output::Output;
use super::remarks::Remarks;
use super::told::News;
use crate::clock;
use crate::pcap_files::pcapng::{self, Record};
use crate::pcap_read;
use core::time::Duration;
use rebootping_core::packet::frame::InterfaceId;
use rebootping_core::time::Time;
use std::io;

/// How often is looked which segments are deleted while a reader takes its time.
const KEEP_UP_EVERY: Duration = Duration::from_millis(50);

/// Chains, and what becomes of them.
pub(super) struct Merge {
    chains: Vec<Chain>,
    /// The stamp of each chain's next packet; none while it has none.
    heads: Vec<Option<u64>>,
    waiting: InOrder,
    last: Last,
    /// What is no younger waited for a whole look already.
    waited: u64,
    remarks: Remarks,
    /// As many bytes of a packet are written.
    snap: usize,
    keep_up_at: Time,
    output: Output,
}

/// The packet written last.
#[derive(Default)]
struct Last {
    stamp: u64,
    chain: usize,
    block: Vec<u8>,
    /// The same with what is told beside it.
    remarked: Vec<u8>,
}

impl Merge {
    /// Of each packet at most `snap` bytes are written.
    pub(super) fn new(chains: Vec<Chain>, snap: usize, output: Output) -> Self {
        let mut merge = Self {
            heads: vec![None; chains.len()],
            chains,
            waiting: InOrder::default(),
            last: Last::default(),
            waited: 0,
            remarks: Remarks::default(),
            snap,
            keep_up_at: clock::now(),
            output,
        };
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
                let written = self.write()?;
                if !goes_on(written) {
                    return Ok(false);
                }
            }
        }
        let written = self.write()?;
        Ok(goes_on(written))
    }

    /// Takes what is known beside the packets.
    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::Names(names) => self.output.put_names(&names),
            News::Remark(remark) => self.remarks.add(remark),
            News::Lost(packets) => self.output.lose_before(packets),
        }
    }

    /// Writes what has waited since the flush before this one.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.waiting.oldest().is_some_and(|stamp| stamp <= self.waited) {
            self.emit();
        }
        self.waited = self.waiting.newest();
        self.write().map(drop)
    }

    /// Writes all that waits and the statistics as of now, and says what was wrong with the chains.
    pub(super) fn finish(&mut self, now: u64) -> io::Result<()> {
        while self.waiting.oldest().is_some() {
            self.emit();
        }
        self.chains.iter().for_each(Chain::finish);
        self.output.put_statistics(now);
        self.write().map(drop)
    }

    /// Writes the statistics as of now, if packets were lost since the last.
    pub(super) fn tell_losses(&mut self, now: u64) {
        if self.output.has_lost() {
            self.output.put_statistics(now);
        }
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
        let bytes = record.bytes.get(..self.snap).unwrap_or(record.bytes);
        let record = pcap_read::Record { bytes, ..record };
        self.waiting.push(record.stamp, at, number, |block| put(block, number, &record));
    }

    /// Writes what is ready, and meanwhile counts what is deleted.
    fn write(&mut self) -> io::Result<usize> {
        let Self { output, chains, keep_up_at, .. } = self;
        let written = output.flush(KEEP_UP_EVERY, || {
            let now = clock::now();
            if now >= *keep_up_at {
                *keep_up_at = now + KEEP_UP_EVERY;
                chains.iter_mut().for_each(Chain::keep_up);
            }
        })?;
        for (interface, packets) in chains.iter_mut().flat_map(Chain::take_lost) {
            output.lose(&interface, packets);
        }
        Ok(written)
    }

    fn emit(&mut self) {
        let Some(ready) = self.waiting.pop() else { return };
        let last = &mut self.last;
        let is_shared = (last.stamp, &*last.block) == (ready.stamp, ready.block) && last.chain != ready.chain;
        if is_shared {
            return;
        }
        (last.stamp, last.chain) = (ready.stamp, ready.chain);
        last.block.clear();
        last.block.extend_from_slice(ready.block);
        let remarks = self.remarks.take(ready.stamp);
        if remarks.is_empty() {
            self.output.put(ready.number, ready.block);
            return;
        }
        last.remarked.clone_from(&last.block);
        for remark in &remarks {
            pcapng::add_remark(&mut last.remarked, remark);
        }
        self.output.put(ready.number, &last.remarked);
    }
}

fn put(block: &mut Vec<u8>, number: u32, from: &pcap_read::Record<'_>) {
    let record = Record {
        interface: InterfaceId(number),
        stamp: from.stamp,
        direction: from.direction,
        original: from.original,
        bytes: from.bytes,
    };
    pcapng::put_packet(block, number, &record);
    if !from.remark.is_empty() {
        pcapng::add_remark(block, &String::from_utf8_lossy(from.remark));
    }
}

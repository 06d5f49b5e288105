//! The record on its way: what an engine notes goes through the relay and the journal and back, and must decide the same again.
//!
//! ```text
//! engine ─ notes ─► outbox ─ frames, some lost ─► inbox ─► store, which dies at times
//!    │                                                       ├─► decider: stands as the engine does
//!    └─ what it says of switches ──────────────────────────► └─► blocks ─► read again: verdict for verdict the same
//! ```

use crate::rng::Rng;
use rebootping_core::engine::Kept;
use rebootping_core::history::journal::{Reader, Writer};
use rebootping_core::history::relay::{Inbox, Message, Outbox};
use rebootping_core::link::decide::{Decider, Entry};
use rebootping_core::link::verdict::{LinkVerdict, Load, Reason, Verdict};
use rebootping_core::link::{Family, LinkId};
use rebootping_core::time::Time;
use std::collections::{BTreeMap, VecDeque};

/// Entries of a block: an hour of rounds of a second.
const BLOCK: usize = 3600;
/// Notes that wait at the most before they are handed over.
const WAIT: u64 = 120;
/// Bytes of a frame.
const FRAME: usize = 64 * 1024;
/// Of so many thousand frames one is lost, and before as many the store dies.
const LOST: u64 = 30;
const DIES: u64 = 10;

/// The record of one judge, and what the store makes of it.
pub(crate) struct Record {
    rng: Rng,
    epoch: u64,
    outbox: Outbox,
    /// Notes that were not yet handed over, and how many shall be.
    waiting: (u64, u64),
    /// What the engine said of switches that the store does not know of yet.
    switches: [VecDeque<Verdict>; 2],
    inbox: Inbox,
    /// The last number the store ever had.
    highest: u64,
    books: BTreeMap<Family, Book>,
    pub(crate) tally: Tally,
}

/// What was compared.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    /// Entries that were read again.
    pub entries: u64,
    /// Bytes of their blocks.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
}

/// One family's block that is being written, and the verdicts of its entries.
struct Book {
    decider: Decider,
    writer: Writer,
    verdicts: Vec<Verdict>,
}

impl Record {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed ^ 0x7265_636f_7264),
            epoch: 0,
            outbox: Outbox::new(0),
            waiting: (0, 1),
            switches: [VecDeque::new(), VecDeque::new()],
            inbox: Inbox::default(),
            highest: 0,
            books: BTreeMap::new(),
            tally: Tally::default(),
        }
    }

    /// A judge starts; what the last one had not handed over is gone with it.
    pub(crate) fn begin_epoch(&mut self) {
        self.epoch += 1;
        self.outbox = Outbox::new(self.epoch);
        self.highest = 0;
        self.switches = [VecDeque::new(), VecDeque::new()];
    }

    pub(crate) fn begin(&mut self, decider: &Decider, now: Time) {
        self.outbox.begin(decider, now);
    }

    pub(crate) fn note(&mut self, family: Family, entry: &Entry, now: Time) {
        self.outbox.note(family, entry, now);
        self.waiting.0 += 1;
    }

    pub(crate) fn switched(&mut self, family: Family, verdict: &Verdict) {
        self.switches[family as usize].push_back(verdict.clone());
    }

    /// Hands over what waits, if it has waited long enough; `kept` is what the engine would keep now.
    pub(crate) fn rest(&mut self, kept: impl FnOnce() -> Option<Kept>) -> Result<(), String> {
        if self.waiting.0 < self.waiting.1 {
            return Ok(());
        }
        self.waiting = (0, self.rng.spread(1, WAIT));
        self.deliver()?;
        match kept() {
            Some(kept) if self.outbox.is_empty() => self.stands_as(&kept),
            Some(_) | None => Ok(()),
        }
    }

    /// Hands over all that is left, and reads every block again.
    pub(crate) fn finish(&mut self, now: Time) -> Result<(), String> {
        for _ in 0..100 {
            self.deliver()?;
            if self.outbox.is_empty() {
                break;
            }
            // Life goes on: what comes next shows the store that something before it was lost.
            self.note(Family::Ipv4, &Entry::Retry(now, LinkId(u16::MAX)), now);
        }
        if !self.outbox.is_empty() || self.outbox.dropped() > 0 {
            return Err(format!("the store never got {} notes, {} dropped", self.outbox.len(), self.outbox.dropped()));
        }
        for book in std::mem::take(&mut self.books).into_values() {
            book.read_again(&mut self.tally)?;
        }
        Ok(())
    }

    fn deliver(&mut self) -> Result<(), String> {
        while let Some(frame) = self.outbox.next_frame(FRAME) {
            if self.rng.chance(DIES) {
                self.inbox = Inbox::default();
            }
            if !self.rng.chance(LOST) {
                for (number, message) in self.inbox.take(&frame) {
                    self.take(number, message)?;
                }
            }
        }
        self.outbox.handle_receipt(&self.inbox.receipt((self.epoch, self.highest)));
        Ok(())
    }

    fn take(&mut self, number: u64, message: Message) -> Result<(), String> {
        let is_new = number > self.highest;
        if is_new && number != self.highest + 1 {
            return Err(format!("after note {} the store got {number}", self.highest));
        }
        self.highest = self.highest.max(number);
        match message {
            Message::Begin(decider) => {
                let book = self.books.insert(decider.opening().family, Book::new(*decider));
                book.map_or(Ok(()), |book| book.read_again(&mut self.tally))
            }
            Message::Note(family, entry) => {
                let book = self.books.get_mut(&family).ok_or("a note came before its family began")?;
                let verdict = book.push(&entry);
                if is_new && verdict.changed && book.decider.may_choose() {
                    let said = self.switches[family as usize].pop_front();
                    if said.as_ref() != Some(&verdict) {
                        return Err(format!("{family}: the engine said {said:?}, its notes say {verdict:?}"));
                    }
                }
                if book.verdicts.len() == BLOCK {
                    let next = Book::new(book.decider.beginning(entry.at(book.decider.opening().interval)));
                    return std::mem::replace(book, next).read_again(&mut self.tally);
                }
                Ok(())
            }
        }
    }

    /// The store's deciders stand where the engine does.
    fn stands_as(&self, kept: &Kept) -> Result<(), String> {
        for (family, book) in &self.books {
            let at = *family as usize;
            let selector = book.decider.selector();
            let links = kept.links.iter().map(|link| (link.held[at], link.chosen[at]));
            let own = (0..).map(LinkId).zip(selector.held()).map(|(id, held)| (held, selector.choice().contains(&id)));
            if selector.rounds() != kept.rounds[at] || !links.eq(own) {
                return Err(format!("{family}: the engine keeps {kept:?}, its notes say {selector:?}"));
            }
        }
        Ok(())
    }
}

impl Book {
    fn new(decider: Decider) -> Self {
        let writer = Writer::new(&decider, decider.opening().at);
        Self { decider, writer, verdicts: Vec::new() }
    }

    fn push(&mut self, entry: &Entry) -> Verdict {
        self.writer.push(entry);
        let verdict = self.decider.handle(entry).verdict;
        self.verdicts.push(verdict.clone());
        verdict
    }

    /// Reads the block and decides again.
    fn read_again(self, tally: &mut Tally) -> Result<(), String> {
        let block = self.writer.finish();
        let mut reader = Reader::new(&block).ok_or("a block cannot be read")?;
        let mut decider = reader.decider().clone();
        let mut count = 0;
        for entry in reader.by_ref() {
            let verdict = decider.handle(&entry).verdict;
            if !self.verdicts.get(count).is_some_and(|was| same_but_load(was, &verdict)) {
                return Err(format!("{:?} is read again as {verdict:?} after {entry:?}", self.verdicts.get(count)));
            }
            count += 1;
        }
        if count != self.verdicts.len() || reader.is_damaged() || !decider.stands_as(&self.decider) {
            return Err(format!("of {} entries {count} are read again", self.verdicts.len()));
        }
        tally.entries += count as u64;
        tally.bytes += block.len() as u64;
        tally.blocks += 1;
        Ok(())
    }
}

/// A block knows traffic by the minute; it decides nothing.
fn same_but_load(a: &Verdict, b: &Verdict) -> bool {
    let bare = |link: &LinkVerdict| {
        let reason = Reason { load: Load::default(), ..link.reason.clone() };
        (link.healthy, link.enabled, link.leave, reason)
    };
    (a.round, a.changed, a.silent, &a.choice) == (b.round, b.changed, b.silent, &b.choice)
        && a.links.iter().map(bare).eq(b.links.iter().map(bare))
}

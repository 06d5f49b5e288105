//! Everything kept on the disk, within its bounds at every instant.
//!
//! What exceeds a bound is made room for before it is written, never after. An owner above `per_device` gives its own oldest
//! segment. Where all together are above `total`, or less than `keep_free` would be left on the disk, the owner with the most
//! gives its oldest: the loudest evicts itself, and a quiet device keeps its month. What is older than `max_age` goes too, once
//! the last packet of its segment is; a segment spans at most a day and a sixteenth of that age.

use super::disk::{Disk, Failed, Space};
use super::lane::Handed;
use super::pcapng::Maker;
use super::ring::{PARTS, Plan, Ring};
use super::status::{Board, OwnerStatus};
use crate::config::observing::Capture;
use crate::report::amount::bytes;
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Smaller segments would make more files than they save.
const LEAST_SEGMENT: u64 = 256 << 10;
/// A file system writes notes of its own beside ours: folders, extents, a journal.
const ITS_OWN_NOTES: u64 = 128 << 10;
/// Where an owner's blocks lie scattered it takes so many more of them, and only when they are written out.
const BLOCKS_OF_NOTES: u64 = 4;
/// Where `keep_free` is not set: this, or a tenth of the disk if that is more.
const LEAST_KEPT_FREE: u64 = 1_000_000_000;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes for each owner.
    pub(crate) per_device: u64,
    /// Bytes in all.
    pub(crate) total: u64,
    /// Bytes left free on the disk; none is the larger of 1 GB and a tenth of it.
    pub(crate) keep_free: Option<u64>,
    /// Age at which packets go.
    pub(crate) max_age: Duration,
}

impl From<&Capture> for Limits {
    fn from(capture: &Capture) -> Self {
        Self {
            per_device: capture.per_device,
            total: capture.total,
            keep_free: capture.keep_free,
            max_age: capture.max_age,
        }
    }
}

impl Limits {
    /// Bytes that are to stay free on a disk with this space.
    pub(super) fn keep_free(&self, space: Space) -> u64 {
        self.keep_free.unwrap_or_else(|| LEAST_KEPT_FREE.max(space.total / 10))
    }
}

/// Why packets were not written.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The disk is at `keep_free`, and nothing of ours is left to remove.
    NoRoom(String),
    /// The disk said this of something.
    Disk { what: &'static str, error: io::Error },
    /// The disk said this of the captures folder.
    Folder { what: &'static str, error: io::Error },
    /// A single packet is longer than `per_device`.
    TooLong,
}

/// The captures on the disk.
#[derive(Debug)]
pub(super) struct Archive {
    disk: Disk,
    maker: Maker,
    limits: Limits,
    rings: BTreeMap<Arc<str>, Ring>,
    total: u64,
    space: Space,
    /// Bytes that files grew by.
    grown: u64,
    board: Arc<Board>,
}

impl Archive {
    /// Takes over what was found on the disk.
    pub(super) fn new(
        disk: Disk,
        maker: Maker,
        limits: Limits,
        found: BTreeMap<Arc<str>, Ring>,
        board: Arc<Board>,
    ) -> Self {
        let total = found.values().map(Ring::bytes).sum();
        let archive = Self { disk, maker, limits, rings: found, total, space: Space::default(), grown: 0, board };
        archive.rings.keys().for_each(|folder| archive.publish(folder));
        archive
    }

    /// Bytes that files grew by since the start.
    pub(super) const fn grown(&self) -> u64 {
        self.grown
    }

    /// Writes packets; at a refusal, those that `left` still holds were not.
    pub(super) fn write(&mut self, handed: &Handed, left: &mut &[u8]) -> Result<(), Refusal> {
        // A segment that somebody else changed is looked at anew, but not for ever.
        let mut may_look = true;
        self.space = self.disk.space().map_err(of_folder("asking how much is free"))?;
        while !left.is_empty() {
            let plan = self.plan(handed, left);
            if !self.make_room(&handed.owner.folder, &plan)? {
                continue;
            }
            match self.carry_out(handed, &plan, left) {
                Ok(()) => {}
                Err(Failed::Changed) if may_look => {
                    may_look = false;
                    self.look_again(&handed.owner.folder);
                    continue;
                }
                Err(Failed::Changed) => return Err(of("appending")(io::ErrorKind::NotFound.into())),
                Err(Failed::Refused(error)) => return Err(of("writing")(error)),
            }
            *left = left.get(plan.length..).unwrap_or_default();
        }
        Ok(())
    }

    fn plan(&mut self, handed: &Handed, packets: &[u8]) -> Plan {
        if !self.rings.contains_key(&handed.owner.folder) {
            self.rings.insert(Arc::clone(&handed.owner.folder), Ring::default());
        }
        let limit = self.segment_limit();
        let empty = Ring::default();
        let ring = self.rings.get(&handed.owner.folder).unwrap_or(&empty);
        ring.plan(handed, packets, limit, self.limits.max_age, &self.maker)
    }

    /// A sixteenth of what an owner can count on: with many of them on a small disk that is less than `per_device`.
    fn segment_limit(&self) -> u64 {
        let beside = self.space.available.saturating_sub(self.limits.keep_free(self.space));
        let room = self.limits.total.min(self.total.saturating_add(beside));
        let share = room / (self.rings.len() as u64).max(1);
        (self.limits.per_device.min(share) / u64::from(PARTS)).max(LEAST_SEGMENT)
    }

    /// Removes what must go before a plan is carried out; false if that changed what the plan was made for.
    fn make_room(&mut self, folder: &Arc<str>, plan: &Plan) -> Result<bool, Refusal> {
        while let Some(victim) = self.must_give(folder, plan)? {
            let removed = self.remove_oldest(&victim)?;
            if victim == *folder && removed == plan.start {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The owner whose oldest segment must go before so many bytes are written, if any must.
    fn must_give(&self, folder: &Arc<str>, plan: &Plan) -> Result<Option<Arc<str>>, Refusal> {
        let needed = plan.needed();
        let own = self.rings.get(folder).map_or(0, Ring::bytes);
        if own + needed > self.limits.per_device {
            let gives = (own > 0).then(|| Arc::clone(folder));
            return gives.ok_or(Refusal::TooLong).map(Some);
        }
        if self.total + needed <= self.limits.total && self.leaves_free(needed) {
            return Ok(None);
        }
        self.largest().map(Some).ok_or_else(|| self.no_room())
    }

    /// Whether `keep_free` would still be free if so many bytes were written.
    fn leaves_free(&self, needed: u64) -> bool {
        let notes = ITS_OWN_NOTES + self.space.blocks(BLOCKS_OF_NOTES).saturating_mul(self.rings.len() as u64);
        let on_disk = self.space.rounded(needed).saturating_add(notes);
        self.space.available >= self.limits.keep_free(self.space).saturating_add(on_disk)
    }

    fn no_room(&self) -> Refusal {
        let (free, kept) = (self.space.available, self.limits.keep_free(self.space));
        let (free, kept) = (bytes(free), bytes(kept));
        Refusal::NoRoom(format!("{free} are free on the disk, keep_free is {kept}, no capture is left to remove"))
    }

    /// Whether anything can be written again: the disk takes something, and there is room or something to remove for it.
    pub(super) fn try_again(&mut self) -> Result<(), Refusal> {
        self.disk.try_writing().map_err(of_folder("trying to write"))?;
        self.space = self.disk.space().map_err(of_folder("asking how much is free"))?;
        if self.leaves_free(0) || self.largest().is_some() { Ok(()) } else { Err(self.no_room()) }
    }

    /// Who has the most; of those alike the first by name.
    fn largest(&self) -> Option<Arc<str>> {
        let all = self.rings.iter().filter(|(_, ring)| ring.bytes() > 0);
        all.rev().max_by_key(|(_, ring)| ring.bytes()).map(|(folder, _)| Arc::clone(folder))
    }

    fn carry_out(&mut self, handed: &Handed, plan: &Plan, packets: &[u8]) -> Result<(), Failed> {
        let folder = &handed.owner.folder;
        let parts = [&plan.preamble[..], packets.get(..plan.length).unwrap_or_default()];
        match plan.at {
            Some(at) => self.disk.append(folder, plan.start, at, parts)?,
            None => self.disk.create(folder, plan.start, parts).map_err(Failed::Refused)?,
        }
        self.rings.entry(Arc::clone(folder)).or_default().carried_out(plan, handed);
        self.total += plan.needed();
        self.grown += plan.needed();
        self.space.available = self.space.available.saturating_sub(self.space.rounded(plan.needed()));
        self.publish(folder);
        Ok(())
    }

    /// Removes an owner's oldest segment and returns when it began.
    fn remove_oldest(&mut self, folder: &Arc<str>) -> Result<u64, Refusal> {
        let Some(ring) = self.rings.get_mut(folder) else { return Ok(0) };
        let Some(oldest) = ring.segments().front().copied() else { return Ok(0) };
        self.disk.remove(folder, oldest.start).map_err(of("removing"))?;
        ring.lost_oldest();
        self.total -= oldest.bytes;
        // What the file system says of its free blocks may come later.
        self.space.available = self.space.available.saturating_add(oldest.bytes);
        self.forget_if_empty(folder);
        Ok(oldest.start)
    }

    fn forget_if_empty(&mut self, folder: &Arc<str>) {
        if self.rings.get(folder).is_some_and(|ring| ring.segments().is_empty()) {
            self.rings.remove(folder);
            self.disk.remove_folder(folder);
        }
        self.publish(folder);
    }

    /// Takes up what somebody else has done to an owner's segments.
    fn look_again(&mut self, folder: &Arc<str>) {
        let Some(ring) = self.rings.get_mut(folder) else { return };
        self.total -= ring.bytes();
        ring.measured(|segment| self.disk.length(folder, segment.start));
        self.total += ring.bytes();
        self.publish(folder);
    }

    /// Removes the oldest segment of who has the most; false if there is none.
    pub(super) fn give_one(&mut self) -> Result<bool, Refusal> {
        match self.largest() {
            Some(folder) => self.remove_oldest(&folder).map(|_| true),
            None => Ok(false),
        }
    }

    /// Changes the limits; what is above them now goes at once.
    pub(super) fn configure(&mut self, limits: Limits, now: Time) -> Result<(), Refusal> {
        self.limits = limits;
        for folder in self.folders() {
            while self.rings.get(&folder).is_some_and(|ring| ring.bytes() > limits.per_device) {
                self.remove_oldest(&folder)?;
            }
        }
        self.space = self.disk.space().map_err(of_folder("asking how much is free"))?;
        while self.total > limits.total || self.space.available < limits.keep_free(self.space) {
            if !self.give_one()? {
                break;
            }
        }
        self.expire(now)
    }

    /// Removes what is too old.
    pub(super) fn expire(&mut self, now: Time) -> Result<(), Refusal> {
        let oldest = (now - self.limits.max_age).as_nanos();
        for folder in self.folders() {
            while self.rings.get(&folder).and_then(|ring| ring.segments().front()).is_some_and(|it| it.last < oldest) {
                self.remove_oldest(&folder)?;
            }
        }
        Ok(())
    }

    /// Removes everything of an owner.
    pub(super) fn forget(&mut self, folder: &Arc<str>) -> Result<(), Refusal> {
        while self.rings.contains_key(folder) {
            self.remove_oldest(folder)?;
            self.forget_if_empty(folder);
        }
        Ok(())
    }

    fn folders(&self) -> Vec<Arc<str>> {
        self.rings.keys().cloned().collect()
    }

    /// Tells what an owner has now.
    fn publish(&self, folder: &Arc<str>) {
        let of = |ring: &Ring| {
            let (oldest, newest) = (ring.segments().front()?, ring.segments().back()?);
            Some(OwnerStatus {
                bytes: ring.bytes(),
                segments: ring.segments().len(),
                oldest: oldest.start,
                newest: newest.last,
            })
        };
        self.board.set_owner(folder, self.rings.get(folder).and_then(of), self.total);
    }
}

pub(super) fn of_folder(what: &'static str) -> impl Fn(io::Error) -> Refusal {
    move |error| Refusal::Folder { what, error }
}

fn of(what: &'static str) -> impl Fn(io::Error) -> Refusal {
    move |error| Refusal::Disk { what, error }
}

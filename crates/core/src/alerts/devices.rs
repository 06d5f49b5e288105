//! Devices that were never seen before: the first few of a day one by one, all others in one message at the day's end.

use super::message::{Newcomer, What};
use crate::inventory::report::Hardware;
use crate::time::Time;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// So many are told one by one.
const ONE_BY_ONE: u32 = 5;
/// From the first that is told, so long.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// So many of the others are told by name, and all counted.
const NAMED: usize = 20;
/// So many that were told lately are not told again, whoever says so.
const REMEMBERED: usize = 256;

/// Those of a day.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub(super) struct Newcomers {
    /// When the first of this day came; none while there is none.
    began: Option<Time>,
    told: u32,
    others: Vec<Newcomer>,
    count: u64,
    known: VecDeque<Hardware>,
}

impl Newcomers {
    /// Another one came; what is to be told of it now.
    pub(super) fn take(&mut self, newcomer: Newcomer, at: Time) -> Option<What> {
        if self.known.contains(&newcomer.mac) {
            return None;
        }
        if self.known.len() >= REMEMBERED {
            self.known.pop_front();
        }
        self.known.push_back(newcomer.mac);
        self.began.get_or_insert(at);
        if self.told < ONE_BY_ONE {
            self.told = self.told.saturating_add(1);
            return Some(What::NewDevice(newcomer));
        }
        self.count = self.count.saturating_add(1);
        if self.others.len() < NAMED {
            self.others.push(newcomer);
        }
        None
    }

    /// What is to be told at the end of the day.
    pub(super) fn digest(&mut self, now: Time) -> Option<What> {
        self.next_deadline().filter(|end| *end <= now)?;
        let (some, count) = (core::mem::take(&mut self.others), core::mem::take(&mut self.count));
        (self.began, self.told) = (None, 0);
        (count > 0).then_some(What::NewDevices { some, count })
    }

    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.began.map(|began| began + DAY)
    }

    /// Forgets these.
    pub(super) fn forget(&mut self, macs: &[Hardware]) {
        self.others.retain(|newcomer| !macs.contains(&newcomer.mac));
        self.known.retain(|mac| !macs.contains(mac));
    }
}

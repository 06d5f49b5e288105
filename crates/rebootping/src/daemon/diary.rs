//! What the committer has the history keep: what operators did, and how choices were carried out.
//!
//! The observer says of each entry when the disk has it. Until then it is kept here, and told again to an observer that was started
//! anew; an operator is told "done" when the disk has it, or soon that it does not.

use super::control::{Answer, Call};
use crate::ipc::observer::{Happened, ToObserver};
use crate::log;
use rebootping_core::inventory::report::Hardware;
use rebootping_core::time::Time;
use std::collections::VecDeque;
use std::time::Duration;

/// Entries that wait for the disk; beyond, the oldest is given up.
const MOST: usize = 1024;
/// No operator waits longer for the disk.
const PATIENCE: Duration = Duration::from_secs(2);

/// All that is not on the disk yet.
#[derive(Default)]
pub(super) struct Diary {
    latest: u64,
    waiting: VecDeque<Entry>,
}

struct Entry {
    number: u64,
    happened: Happened,
    caller: Option<Caller>,
    /// Its number in the audit.
    row: Option<u64>,
}

/// An operator who waits for the disk.
struct Caller {
    call: Call,
    done: String,
    until: Time,
}

impl Diary {
    /// Takes an entry; what the observer is to be told.
    pub(super) fn enter(&mut self, happened: Happened) -> ToObserver {
        self.add(happened, None, None)
    }

    /// The same for a row of the audit, which is kept elsewhere until the disk has it.
    pub(super) fn enter_row(&mut self, happened: Happened, row: u64) -> ToObserver {
        self.add(happened, None, Some(row))
    }

    /// The same for what an operator had done, who is answered when the disk has it.
    pub(super) fn enter_for(&mut self, happened: Happened, call: Call, done: String, now: Time) -> ToObserver {
        self.add(happened, Some(Caller { call, done, until: now + PATIENCE }), None)
    }

    /// What became of an entry; the row of the audit that the disk has now.
    pub(super) fn kept(&mut self, number: u64, result: &Result<(), String>) -> Option<u64> {
        let at = self.waiting.iter().position(|entry| entry.number == number)?;
        let mut entry = self.waiting.remove(at)?;
        if let Some(caller) = entry.caller.take() {
            caller.answer(result.as_ref().err().map(String::as_str));
        }
        // What failed waits in the observer's memory now.
        entry.row.filter(|_| result.is_ok())
    }

    /// Gives up what mentions a device that is forgotten.
    pub(super) fn forget(&mut self, macs: &[Hardware]) {
        let macs: Vec<String> = macs.iter().map(ToString::to_string).collect();
        self.waiting
            .retain(|entry| entry.caller.is_some() || !macs.iter().any(|mac| entry.happened.body.contains(mac)));
    }

    /// What an observer that was started anew is to be told.
    pub(super) fn again(&self) -> impl Iterator<Item = ToObserver> {
        self.waiting.iter().map(Entry::message)
    }

    /// Answers those who have waited for long.
    pub(super) fn tick(&mut self, now: Time) {
        for entry in &mut self.waiting {
            if let Some(caller) = entry.caller.take_if(|caller| caller.until <= now) {
                caller.answer(Some("the disk has not answered yet"));
            }
        }
    }

    fn add(&mut self, happened: Happened, caller: Option<Caller>, row: Option<u64>) -> ToObserver {
        if self.waiting.len() >= MOST {
            log::warn("too much waits for the history; what the committer did longest ago is not kept");
            if let Some(caller) = self.waiting.pop_front().and_then(|oldest| oldest.caller) {
                caller.answer(Some("too much waits for the disk"));
            }
        }
        self.latest += 1;
        let entry = Entry { number: self.latest, happened, caller, row };
        let message = entry.message();
        self.waiting.push_back(entry);
        message
    }
}

impl Entry {
    fn message(&self) -> ToObserver {
        ToObserver::Happened { number: self.number, happened: self.happened.clone() }
    }
}

impl Caller {
    fn answer(self, trouble: Option<&str>) {
        let text = match trouble {
            None => self.done,
            Some(why) => format!("{}; the history does not have it yet ({why})", self.done),
        };
        self.call.answer(Answer::Done(text));
    }
}

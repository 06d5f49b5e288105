//! Has the history keep what operators did.

use super::control::Call;
use super::{Daemon, entries};
use crate::clock;
use crate::committer::audit::Row;

impl Daemon {
    /// Has the history keep an order that somebody else answers.
    pub(super) fn enter_order(&mut self, call: &Call) {
        let message = self.diary.enter(entries::order(call, clock::now()));
        drop(self.observer.tell(&message));
    }

    /// Has the history keep a row of the audit.
    pub(super) fn enter_row(&mut self, row: &Row) {
        let message = self.diary.enter_row(entries::row(row, clock::now()), row.id);
        drop(self.observer.tell(&message));
    }

    /// Answers an operator when the history has what was done.
    pub(super) fn enter_done(&mut self, call: Call, done: String) {
        let now = clock::now();
        let message = self.diary.enter_for(entries::order(&call, now), call, done, now);
        drop(self.observer.tell(&message));
    }

    /// Tells an observer that was started anew what the disk does not have.
    pub(super) fn enter_again(&self) {
        for message in self.diary.again() {
            drop(self.observer.tell(&message));
        }
    }
}

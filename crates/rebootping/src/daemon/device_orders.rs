//! Orders about devices on their way: the observer carries them out or says what speaks against them, and goes on from there.

use super::control::{Answer, Call};
use crate::committer::restrict::Order;
use crate::log;
use rebootping_core::inventory::report::Hardware;
use std::collections::VecDeque;

/// Callers that may wait; one more, and the longest waiting is not answered any more: it has gone by then.
const MOST: usize = 64;

/// Who waits for the observer.
pub(super) enum Waiting {
    /// A caller, for the answer.
    Caller(Call),
    /// A caller who has the device with these MACs forgotten.
    Forgetting(Call, Vec<Hardware>),
    /// An order of control that goes on when the observer has nothing against it.
    Control(Box<Order>),
}

/// What goes on when the observer has answered.
pub(super) enum Next {
    /// An order of control.
    Control(Box<Order>),
    /// What else is kept of these MACs is to be erased; then the caller is answered with what was done.
    Forget(Vec<Hardware>, Call, String),
}

/// All that wait for the observer.
#[derive(Default)]
pub(super) struct DeviceOrders {
    latest: u64,
    waiting: VecDeque<(u64, Waiting)>,
}

impl DeviceOrders {
    /// The number for the next order.
    pub(super) fn number(&mut self) -> u64 {
        self.latest += 1;
        self.latest
    }

    /// Somebody waits for the answer to an order.
    pub(super) fn wait(&mut self, number: u64, waiting: Waiting) {
        if self.waiting.len() >= MOST {
            self.waiting.pop_front();
        }
        self.waiting.push_back((number, waiting));
    }

    /// The order is about a device that has these MACs, and has it forgotten.
    pub(super) fn forgetting(&mut self, number: u64, macs: Vec<Hardware>) {
        let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == number) else { return };
        match self.waiting.remove(at) {
            Some((number, Waiting::Caller(call))) => self.waiting.push_back((number, Waiting::Forgetting(call, macs))),
            other => self.waiting.extend(other),
        }
    }

    /// The observer's answer; what may go on now.
    pub(super) fn answered(&mut self, number: u64, answer: Result<String, String>) -> Option<Next> {
        let at = self.waiting.iter().position(|(waiting, _)| *waiting == number)?;
        match (self.waiting.remove(at)?.1, answer) {
            (Waiting::Caller(call) | Waiting::Forgetting(call, _), Err(why)) => call.answer(Answer::Refused(why)),
            (Waiting::Forgetting(call, macs), Ok(done)) => return Some(Next::Forget(macs, call, done)),
            (Waiting::Caller(call), Ok(done)) => {
                log::info(&done);
                call.answer(Answer::Done(done));
            }
            (Waiting::Control(order), Err(why)) => (order.reply)(Err(why)),
            (Waiting::Control(order), Ok(_)) => return Some(Next::Control(order)),
        }
        None
    }

    /// The observer ended: nobody knows whether what it was told is kept.
    pub(super) fn ended(&mut self) {
        let why = || "the observer ended before it was done; say it once more".to_owned();
        for (_, waiting) in self.waiting.drain(..) {
            match waiting {
                Waiting::Caller(call) | Waiting::Forgetting(call, _) => call.answer(Answer::Refused(why())),
                Waiting::Control(order) => (order.reply)(Err(why())),
            }
        }
    }
}

//! Orders about devices on their way: the observer carries them out, and each caller is answered when it says so.

use super::control::{Answer, Call};
use std::collections::VecDeque;

/// Callers that may wait; one more, and the longest waiting is not answered any more: it has gone by then.
const MOST: usize = 64;

/// Callers that wait for the observer.
#[derive(Default)]
pub(super) struct DeviceOrders {
    latest: u64,
    waiting: VecDeque<(u64, Call)>,
}

impl DeviceOrders {
    /// The number for the next order.
    pub(super) fn number(&mut self) -> u64 {
        self.latest += 1;
        self.latest
    }

    /// A caller waits for the answer to an order.
    pub(super) fn wait(&mut self, number: u64, call: Call) {
        if self.waiting.len() >= MOST {
            self.waiting.pop_front();
        }
        self.waiting.push_back((number, call));
    }

    /// The observer's answer.
    pub(super) fn answered(&mut self, number: u64, answer: Result<String, String>) {
        let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == number) else { return };
        if let Some((_, call)) = self.waiting.remove(at) {
            call.answer(answer.map_or_else(Answer::Refused, Answer::Done));
        }
    }

    /// The observer ended: nobody knows whether what it was told is kept.
    pub(super) fn ended(&mut self) {
        for (_, call) in self.waiting.drain(..) {
            call.answer(Answer::Refused("the observer ended before it was done; say it once more".into()));
        }
    }
}

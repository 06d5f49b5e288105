//! What waits to be sent: for each place messages go to a queue of its own, in order, within a bound.
//!
//! A message leaves its queue when it was taken, or was refused for good. One that could not be sent is tried again after a pause
//! that doubles up to a minute, or at once when there is more to send. Where a queue is full the oldest message goes, and is counted.
//! A message that repeats one that still waits takes its place. A test goes before all that waits, and in quiet hours alone.

use super::message::{Message, What};
use crate::inventory::report::Hardware;
use crate::time::Time;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Messages that wait for one place.
const MOST: usize = 256;
/// The first pause after a failure, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Where messages go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sink {
    /// Programs of the operator's.
    Hook,
    /// Mail.
    Mail,
    /// A topic of ntfy.
    Ntfy,
    /// A web server of the operator's.
    Webhook,
}

impl Sink {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hook => "hook",
            Self::Mail => "mail",
            Self::Ntfy => "ntfy",
            Self::Webhook => "webhook",
        }
    }
}

/// What became of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// It was taken.
    Taken,
    /// It was refused, and would be again; why.
    Refused(String),
    /// It could not be sent; why.
    Failed(String),
}

/// All queues.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Outbox {
    /// How many messages there ever were.
    numbered: u64,
    queues: BTreeMap<Sink, Queue>,
}

/// What waits for one place, and what became of the others.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Queue {
    waiting: VecDeque<Message>,
    /// Messages that were taken.
    pub taken: u64,
    /// Messages that were refused for good.
    pub refused: u64,
    /// Messages that went because the queue was full.
    pub dropped: u64,
    /// When the last message was taken.
    pub last_taken: Option<Time>,
    /// Why the last attempt failed; none if it did not.
    pub error: Option<String>,
    /// Attempts, whatever came of them.
    #[serde(default)]
    pub attempts: u64,
    #[serde(skip)]
    is_sending: bool,
    #[serde(skip)]
    failures: u32,
    #[serde(skip)]
    not_before: Time,
}

impl Outbox {
    /// Messages go to these places from now on; what waited for another is gone.
    pub fn set_sinks(&mut self, sinks: &BTreeSet<Sink>) {
        self.queues.retain(|sink, _| sinks.contains(sink));
        for sink in sinks {
            self.queues.entry(*sink).or_default();
        }
    }

    /// Takes a message for every place; its number.
    pub fn push(&mut self, message: Message) -> u64 {
        self.numbered = self.numbered.saturating_add(1);
        let message = Message { number: self.numbered, ..message };
        for queue in self.queues.values_mut() {
            queue.push(message.clone());
        }
        self.numbered
    }

    /// The next message for a place, if it is time to send it; until [`Outbox::handle_delivery`] there is no other.
    pub fn take_due(&mut self, sink: Sink, now: Time, is_quiet: bool) -> Option<Message> {
        let queue = self.queues.get_mut(&sink)?;
        let message = queue.waiting.front()?;
        if queue.is_sending || queue.not_before > now || (is_quiet && message.what != What::Test) {
            return None;
        }
        queue.is_sending = true;
        Some(message.clone())
    }

    /// This became of the message that was taken last for a place.
    pub fn handle_delivery(&mut self, sink: Sink, delivery: Delivery, now: Time) {
        let Some(queue) = self.queues.get_mut(&sink).filter(|queue| queue.is_sending) else { return };
        queue.is_sending = false;
        queue.attempts = queue.attempts.saturating_add(1);
        match delivery {
            Delivery::Taken => {
                queue.waiting.pop_front();
                queue.taken = queue.taken.saturating_add(1);
                (queue.last_taken, queue.error, queue.failures) = (Some(now), None, 0);
            }
            Delivery::Refused(why) => {
                queue.waiting.pop_front();
                queue.refused = queue.refused.saturating_add(1);
                (queue.error, queue.failures) = (Some(why), 0);
            }
            Delivery::Failed(why) => {
                let pause = FIRST_PAUSE.saturating_mul(1 << queue.failures.min(8)).min(LONGEST_PAUSE);
                queue.failures = queue.failures.saturating_add(1);
                (queue.error, queue.not_before) = (Some(why), now + pause);
            }
        }
    }

    /// When something is to be tried again, if something is.
    pub fn next_deadline(&self) -> Option<Time> {
        let waiting = self.queues.values().filter(|queue| !queue.is_sending && !queue.waiting.is_empty());
        waiting.map(|queue| queue.not_before).min()
    }

    /// Something is on its way.
    pub fn is_sending(&self) -> bool {
        self.queues.values().any(|queue| queue.is_sending)
    }

    /// The queues, by place.
    pub fn queues(&self) -> impl Iterator<Item = (Sink, &Queue)> {
        self.queues.iter().map(|(sink, queue)| (*sink, queue))
    }

    /// Nothing is left of a device that is forgotten, but what is on its way.
    pub fn forget(&mut self, macs: &[Hardware]) {
        for queue in self.queues.values_mut() {
            let on_its_way = queue.waiting.front().filter(|_| queue.is_sending).map(|message| message.number);
            queue.waiting.retain(|message| Some(message.number) == on_its_way || !is_about(&message.what, macs));
        }
    }
}

impl Queue {
    /// What waits, the next first.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &Message> {
        self.waiting.iter()
    }

    fn push(&mut self, mut message: Message) {
        // There is news, which may be that the way is open again.
        (self.not_before, self.failures) = (Time::BOOT, 0);
        let on_its_way = usize::from(self.is_sending);
        let earlier = self.waiting.iter().skip(on_its_way).position(|earlier| message.what.is_again(&earlier.what));
        if let Some(earlier) = earlier.and_then(|at| self.waiting.remove(at.saturating_add(on_its_way))) {
            message.repeated = earlier.repeated;
        }
        if self.waiting.len() >= MOST {
            self.waiting.remove(on_its_way);
            self.dropped = self.dropped.saturating_add(1);
        }
        if message.what == What::Test {
            // Whoever sends one waits for what becomes of it.
            self.waiting.insert(on_its_way.min(self.waiting.len()), message);
        } else {
            self.waiting.push_back(message);
        }
    }
}

fn is_about(what: &What, macs: &[Hardware]) -> bool {
    match what {
        What::NewDevice(newcomer) => macs.contains(&newcomer.mac),
        What::NewDevices { some, .. } => some.iter().any(|newcomer| macs.contains(&newcomer.mac)),
        What::LinkOut { .. }
        | What::AllOut { .. }
        | What::Back { .. }
        | What::Metered { .. }
        | What::Cap(_)
        | What::NotApplied { .. }
        | What::Disk { .. }
        | What::Test => false,
    }
}

//! Sends minutes of the history to an engine elsewhere: each once, in order, from where the last was taken on.
//!
//! What is sent comes from the history alone, so an engine that was away for a day is told the same as one that never was, and nothing
//! piles up here meanwhile. A message is kept on the disk before it is sent and until it is taken: who dies in between sends the very
//! same bytes again, so no time ever has two values. What the engine refuses is counted and never sent again.
//!
//! ```text
//! ask ──minutes──► keep ──► post ──taken or refused──► keep ──► ask (more), or wait
//!  ▲                         ▲ └──failed──► pause, twice as long each time ┐
//!  └──waited── nothing new   └───────────────────────────────────────────┘
//! ```

use super::minute::{Stretch, Sums};
use super::remote_write::Message;
use crate::time::Time;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// How often it is asked whether there is another minute.
const EVERY: Duration = Duration::from_secs(15);
const MINUTE: u64 = 60;
/// Pauses after failures.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// An answer, or an outcome, that does not come within this will not.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// What this gateway is called.
    pub site: String,
    /// What the operator calls links, by interface.
    pub labels: BTreeMap<String, String>,
    /// Minutes that are older are not sent any more.
    pub replay: Duration,
}

/// What must survive.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// Minutes up to this are done with, in unix seconds; none before the first.
    upto: Option<i64>,
    sums: Sums,
    /// What is on its way.
    message: Option<OnItsWay>,
    /// What became of all there was to send.
    pub counts: Counts,
    /// When the last message was taken, in unix seconds.
    #[serde(default)]
    pub last_taken: Option<i64>,
}

/// A message, and how things stand when it is done with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct OnItsWay {
    body: Vec<u8>,
    samples: u64,
    upto: i64,
    sums: Sums,
}

/// What became of all there was to send.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Counts {
    /// Numbers that the engine took.
    pub taken: u64,
    /// Numbers that it refused.
    pub refused: u64,
    /// Minutes that were too old when they could have been sent.
    pub too_old: u64,
    /// Messages that had to be sent again.
    pub failed: u64,
}

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Ask the history for minutes after this, in unix seconds; without a time, how far it is.
    Ask(Option<i64>),
    /// Keep this, before anything that follows.
    Keep(Box<Kept>),
    /// Send this message.
    Post(Vec<u8>),
    /// Tell the operator; true if it is trouble.
    Say(bool, String),
}

/// What became of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The engine has it.
    Taken,
    /// It never will, and why.
    Refused(String),
    /// It may later, and why not now.
    Failed(String),
}

/// The machine.
#[derive(Debug)]
pub struct Sender {
    settings: Settings,
    kept: Kept,
    doing: Doing,
    /// How long the next pause is; the first while all is well.
    pause: Duration,
    /// How far the history was when it last answered, and when that was.
    settled: Option<(i64, Time)>,
    /// What the date is, in unix seconds.
    date: Option<i64>,
    /// Why the last message was not taken, if it was not.
    error: Option<String>,
    outputs: VecDeque<Output>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Doing {
    /// Until then.
    Waiting(Time),
    /// An answer is awaited until then.
    Asking(Time),
    /// An outcome is awaited until then.
    Posting(Time),
    /// The message is sent again then.
    Pausing(Time),
}

impl Sender {
    /// Goes on from what was kept.
    pub fn new(settings: Settings, kept: Kept, now: Time) -> Self {
        let doing = if kept.message.is_some() { Doing::Pausing(now) } else { Doing::Waiting(now) };
        let settled = kept.message.as_ref().map(|message| (message.upto, now));
        let outputs = VecDeque::new();
        Self { settings, kept, doing, pause: FIRST_PAUSE, settled, date: None, error: None, outputs }
    }

    /// What the operator calls links now, by interface.
    pub fn know_labels(&mut self, labels: BTreeMap<String, String>) {
        self.settings.labels = labels;
    }

    /// What the date is, in unix seconds: what is taken next was taken then.
    pub fn know_date(&mut self, date: i64) {
        self.date = Some(date);
    }

    /// Does what is due.
    pub fn handle_wake(&mut self, now: Time) {
        match self.doing {
            Doing::Waiting(until) if until <= now => self.ask(now),
            Doing::Pausing(until) if until <= now => self.post(now),
            Doing::Asking(until) if until <= now => self.doing = Doing::Waiting(now + EVERY),
            Doing::Posting(until) if until <= now => {
                self.handle_outcome(&Outcome::Failed("it does not answer".to_string()), now);
            }
            Doing::Waiting(_) | Doing::Pausing(_) | Doing::Asking(_) | Doing::Posting(_) => {}
        }
    }

    /// Takes what the history said; nothing if it did not answer.
    pub fn handle_stretch(&mut self, stretch: Option<Stretch>, now: Time) {
        if !matches!(self.doing, Doing::Asking(_)) {
            return;
        }
        self.doing = Doing::Waiting(now + EVERY);
        let Some(stretch) = stretch else { return };
        self.settled = Some((stretch.settled, now));
        let Some(upto) = self.kept.upto else {
            // What was before anybody wanted it sent is not.
            self.go_on_from(stretch.settled);
            return;
        };
        let replay = self.settings.replay.as_secs().next_multiple_of(MINUTE);
        let earliest = stretch.settled.saturating_sub_unsigned(replay);
        if upto < earliest {
            let minutes = earliest.saturating_sub(upto).unsigned_abs().div_ceil(MINUTE);
            self.kept.counts.too_old = self.kept.counts.too_old.saturating_add(minutes);
            self.say(
                true,
                format!("{minutes} minutes are too old to be sent; [remote_write] replay says how old they may be"),
            );
            self.go_on_from(earliest);
            self.doing = Doing::Waiting(now);
        } else if stretch.upto > upto {
            self.prepare(&stretch, now);
        }
    }

    /// Takes what became of the message.
    pub fn handle_outcome(&mut self, outcome: &Outcome, now: Time) {
        if !matches!(self.doing, Doing::Posting(_)) {
            return;
        }
        let was_well = self.pause == FIRST_PAUSE;
        let counts = &mut self.kept.counts;
        let samples = self.kept.message.as_ref().map_or(0, |message| message.samples);
        match outcome {
            Outcome::Failed(why) => {
                counts.failed = counts.failed.saturating_add(1);
                self.doing = Doing::Pausing(now + self.pause);
                self.error = Some(why.clone());
                self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
                if was_well {
                    self.say(true, format!("nothing can be sent: {why}; the history keeps it until it can"));
                }
                return;
            }
            Outcome::Taken => {
                counts.taken = counts.taken.saturating_add(samples);
                (self.kept.last_taken, self.error) = (self.date, None);
            }
            Outcome::Refused(why) => {
                counts.refused = counts.refused.saturating_add(samples);
                self.error = Some(why.clone());
                self.say(true, format!("{samples} numbers were refused and are not sent again: {why}"));
            }
        }
        self.pause = FIRST_PAUSE;
        if !was_well {
            self.say(false, "the engine answers again; it is sent what it missed".to_string());
        }
        if let Some(message) = self.kept.message.take() {
            (self.kept.upto, self.kept.sums) = (Some(message.upto), message.sums);
        }
        self.keep();
        // There may be more where that came from.
        self.doing = Doing::Waiting(now);
    }

    /// What should be done next, if anything.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_wake`] should be called again.
    pub fn next_deadline(&self) -> Time {
        match self.doing {
            Doing::Waiting(until) | Doing::Asking(until) | Doing::Posting(until) | Doing::Pausing(until) => until,
        }
    }

    /// What became of all there was to send.
    pub fn counts(&self) -> Counts {
        self.kept.counts
    }

    /// When the last message was taken, in unix seconds.
    pub fn last_taken(&self) -> Option<i64> {
        self.kept.last_taken
    }

    /// Why the last message was not taken, if it was not.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Whole minutes that the history has, as far as is known, and that are not done with.
    pub fn waiting(&self, now: Time) -> u64 {
        let (Some(upto), Some((settled, heard))) = (self.kept.upto, self.settled) else { return 0 };
        let settled = settled.saturating_add_unsigned(now.since(heard).as_secs());
        settled.saturating_sub(upto).max(0).unsigned_abs() / MINUTE
    }

    fn ask(&mut self, now: Time) {
        self.doing = Doing::Asking(now + PATIENCE);
        self.outputs.push_back(Output::Ask(self.kept.upto));
    }

    /// Makes a message of minutes; where nothing is known of them there is nothing to send.
    fn prepare(&mut self, stretch: &Stretch, now: Time) {
        let beside = BTreeMap::from([("site".to_string(), self.settings.site.clone())]);
        let (mut sums, mut message) = (self.kept.sums.clone(), Message::default());
        for minute in &stretch.minutes {
            sums.add(minute);
            for family in sums.families(minute, &self.settings.labels) {
                message.add(&family, &beside, minute.ends.saturating_mul(1000));
            }
        }
        let samples = message.samples() as u64;
        if samples == 0 {
            self.go_on_from(stretch.upto);
            self.doing = Doing::Waiting(now);
            return;
        }
        self.kept.message = Some(OnItsWay { body: message.encode(), samples, upto: stretch.upto, sums });
        self.keep();
        self.post(now);
    }

    fn post(&mut self, now: Time) {
        let Some(message) = &self.kept.message else {
            self.doing = Doing::Waiting(now);
            return;
        };
        self.outputs.push_back(Output::Post(message.body.clone()));
        self.doing = Doing::Posting(now + PATIENCE);
    }

    fn go_on_from(&mut self, upto: i64) {
        self.kept.upto = Some(upto);
        self.keep();
    }

    fn keep(&mut self) {
        self.outputs.push_back(Output::Keep(Box::new(self.kept.clone())));
    }

    fn say(&mut self, is_trouble: bool, text: String) {
        self.outputs.push_back(Output::Say(is_trouble, text));
    }
}

#[cfg(test)]
mod tests;

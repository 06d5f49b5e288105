//! Tells the operator's hooks of each change, one after the other, in a thread that may wait for them.

use super::inbox::{Ended, Inbox};
use super::{Clock, Settings};
use crate::command::{self, Command};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

/// Changes waiting for a slow hook; one more is said to be lost. A change is rarely more often than one a minute.
const WAITING: usize = 16;

/// The thread that runs them.
#[derive(Debug)]
pub(super) struct Hooks {
    sender: SyncSender<Round>,
}

/// One change to tell.
#[derive(Debug)]
struct Round {
    programs: Vec<Vec<String>>,
    document: Vec<u8>,
    timeout: Duration,
}

impl Hooks {
    pub(super) fn start(clock: Clock, inbox: Arc<Inbox>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel::<Round>(WAITING);
        thread::Builder::new().name("hooks".into()).spawn(move || {
            for round in receiver {
                round.run(clock, &inbox);
            }
        })?;
        Ok(Self { sender })
    }

    /// Queues the change; an error when too many wait.
    pub(super) fn tell(&self, settings: &Settings, document: Vec<u8>) -> Result<(), String> {
        if settings.hooks.is_empty() {
            return Ok(());
        }
        let round = Round { programs: settings.hooks.clone(), document, timeout: settings.timeout };
        self.sender.try_send(round).map_err(|error| match error {
            TrySendError::Full(_) => "the hooks are behind by 16 changes: this one is not told to them".to_owned(),
            TrySendError::Disconnected(_) => "the thread of the hooks is gone".to_owned(),
        })
    }
}

impl Round {
    fn run(self, clock: Clock, inbox: &Inbox) {
        for line in self.programs {
            let result = run(&line, self.document.clone(), self.timeout, clock);
            let program = line.into_iter().next().unwrap_or_default();
            inbox.put(|wishes| wishes.ended.push(Ended::Hook { program, result }));
        }
    }
}

/// Runs a program with arguments and its standard input.
pub(super) fn run(line: &[String], input: Vec<u8>, timeout: Duration, clock: Clock) -> Result<(), String> {
    let Some((program, arguments)) = line.split_first() else { return Err("there is no program".to_owned()) };
    let arguments = arguments.iter().map(Into::into).collect();
    let command = Command { program: program.into(), arguments, input, timeout, keep: command::OUTPUT_KEPT };
    command::run(&command, clock.boot).map_err(|error| format!("cannot run {program}: {error}"))?.into_result()
}

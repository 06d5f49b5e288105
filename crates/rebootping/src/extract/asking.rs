//! Asks the daemon again and again while packets are followed, in a thread of its own: a daemon that is slow to answer holds up no
//! packet.

use super::told::{News, Told};
use crate::clock;
use crate::config::meant::Config;
use crate::daemon::{Answer, Request, ask};
use crate::ipc::observer::Fact;
use crate::observer::questions;
use rebootping_core::time::Time;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Verdicts come once a second.
const STATUS_EVERY: Duration = Duration::from_secs(1);
/// A report on all devices is long, and names seldom change.
const DEVICES_EVERY: Duration = Duration::from_secs(15);
/// How long packets are written at once for whoever follows, and how often that is asked for.
const FOLLOWED: Duration = Duration::from_secs(30);
const FOLLOW_EVERY: Duration = Duration::from_secs(10);
/// As much news may wait for a reader that takes its time; then asking does.
const WAITING: usize = 64;

/// What came of asking.
pub(super) enum Heard {
    News(News),
    /// The daemon answers.
    There,
    /// There is none.
    Nobody,
}

/// The daemon, and what it has told.
pub(super) struct Asking {
    config: Config,
    told: Told,
    devices_at: Time,
    follow_at: Time,
}

impl Asking {
    pub(super) fn new(config: &Config, told: Told) -> Self {
        Self { config: config.clone(), told, devices_at: Time::BOOT, follow_at: Time::BOOT }
    }

    /// Asks once what is due.
    pub(super) fn ask(&mut self) -> Vec<Heard> {
        let now = clock::now();
        let mut heard = Vec::new();
        if now >= self.devices_at {
            self.devices_at = now + DEVICES_EVERY;
            heard.extend(self.ask_devices().into_iter().map(Heard::News));
        }
        match ask(&self.config.paths.run, &Request::Status) {
            Ok(Answer::Status(status)) => {
                heard.push(Heard::There);
                heard.extend(self.told.status(&status).into_iter().map(Heard::News));
            }
            Err(error) if is_nobody(&error) => heard.push(Heard::Nobody),
            // It is there, and has other things to do.
            Ok(Answer::Done(_) | Answer::Refused(_) | Answer::Check(_) | Answer::Controlled(_) | Answer::Alerts(_))
            | Err(_) => {
                heard.push(Heard::There);
            }
        }
        heard
    }

    /// Goes on asking in a thread of its own, which ends with whoever listens.
    pub(super) fn go_on(mut self) -> io::Result<Receiver<Heard>> {
        let (hear, heard) = sync_channel(WAITING);
        thread::Builder::new().name("asking".into()).spawn(move || while self.ask_and_send(&hear) {})?;
        Ok(heard)
    }

    fn ask_and_send(&mut self, hear: &SyncSender<Heard>) -> bool {
        if clock::now() >= self.follow_at {
            self.follow_at = clock::now() + FOLLOW_EVERY;
            // Only root is heard; others have what is followed half a second later.
            drop(ask(&self.config.paths.run, &Request::Follow { lasting: FOLLOWED }));
        }
        thread::sleep(STATUS_EVERY);
        self.ask().into_iter().all(|heard| hear.send(heard).is_ok())
    }

    /// Without an answer there are no names: only root may ask, and packets are there without.
    fn ask_devices(&mut self) -> Vec<News> {
        let answer = questions::ask(&self.config.paths.run, Fact::Report).ok();
        let report = answer.and_then(|answer| serde_json::from_str(&answer).ok());
        report.map(|report| self.told.devices(&report)).unwrap_or_default()
    }
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

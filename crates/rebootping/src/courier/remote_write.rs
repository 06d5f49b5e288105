//! Remote-write: minutes that the observer tells, sent to an engine elsewhere as core's sender decides.
//!
//! The thread has nobody to listen to: it asks, sends, keeps how far it is, and sleeps until the next time is due.

use super::dial::Dialer;
use super::errand::{Errand, Outlet};
use super::letter::base64;
use super::post;
use super::secret::secret;
use super::url::Url;
use crate::clock;
use crate::config::glob::Glob;
use crate::config::remote_write::{Login, RemoteWrite};
use crate::durable;
use crate::ipc::courier::{CourierSettings, FromCourier, MinutesReport};
use crate::ipc::past::{Past, What};
use crate::observer::questions;
use jiff::Timestamp;
use rebootping_core::metrics::minute::Stretch;
use rebootping_core::metrics::remote_write::HEADERS;
use rebootping_core::metrics::sender::{Kept, Outcome, Output, Sender, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Its name in the courier's folder.
const NAME: &str = "remote_write.json";
/// From the first question for a name to the last word of the answer.
const POSTED_WITHIN: Duration = Duration::from_secs(30);
/// Who is sent what it cannot take says so with one of these; all others say that it is not the right moment, place or user.
const NEVER: [u16; 5] = [400, 409, 413, 415, 422];
/// So often in a row the observer may not answer before the operator is told: it is started anew now and then.
const SILENCES: u32 = 8;

/// Reads all secrets; what is to be done.
pub(super) fn prepare(
    remote_write: &RemoteWrite,
    settings: &CourierSettings,
    dialer: &Arc<Dialer>,
    outlet: &Outlet,
) -> Errand {
    let warn = |text: &str| outlet.say(&FromCourier::Warning(format!("remote_write: {text}")));
    let mut warnings = Vec::new();
    let engine = Engine::read(remote_write, &mut warnings);
    for warning in warnings {
        warn(&warning);
    }
    let gateway = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let site = remote_write.site.clone().unwrap_or(gateway);
    let ports = engine.iter().map(|engine| engine.url.port).collect();
    let run: Box<dyn FnOnce() + Send> = match engine {
        Ok(engine) => {
            let work = Work {
                engine,
                labels: settings.labels.clone(),
                file: settings.state.join(NAME),
                run: settings.run.clone(),
                dialer: Arc::clone(dialer),
                outlet: outlet.clone(),
                silences: 0,
                unheard: None,
                shown: None,
            };
            let settings = Settings { site, labels: BTreeMap::new(), replay: remote_write.replay };
            Box::new(move || work.run(settings))
        }
        Err(why) => {
            warn(&format!("nothing can be sent: {why}"));
            let report = MinutesReport { error: Some(why), ..MinutesReport::default() };
            outlet.say(&FromCourier::Minutes(Box::new(report)));
            Box::new(|| ())
        }
    };
    Errand { name: "remote-write", ports, run }
}

/// Where minutes are sent.
struct Engine {
    url: Url,
    authorization: Option<String>,
}

impl Engine {
    fn read(settings: &RemoteWrite, warnings: &mut Vec<String>) -> Result<Self, String> {
        let url: Url =
            settings.url.parse().map_err(|_| "[remote_write] url is no address of a web server".to_owned())?;
        let authorization = match &settings.login {
            None => None,
            Some(Login::Token(file)) => Some(format!("Bearer {}", secret(file, warnings)?)),
            Some(Login::Password(user, file)) => {
                Some(format!("Basic {}", base64(format!("{user}:{}", secret(file, warnings)?).as_bytes())))
            }
        };
        if authorization.is_some() && !url.is_tls {
            warnings
                .push("everybody on the way can read the password or token; write the url with https://".to_owned());
        }
        Ok(Self { url, authorization })
    }

    fn post(&self, dialer: &Dialer, body: &[u8]) -> Outcome {
        let mut headers: Vec<(&str, String)> = HEADERS.map(|(name, value)| (name, value.to_owned())).into();
        headers.extend(self.authorization.clone().map(|authorization| ("Authorization", authorization)));
        match post::post(dialer, &self.url, &headers, body, clock::now() + POSTED_WITHIN) {
            Ok(answer) if (200..300).contains(&answer.status) => Outcome::Taken,
            Ok(answer) => {
                let why = format!("{} answered {} {}", self.url.host, answer.status, answer.text).trim_end().to_owned();
                if NEVER.contains(&answer.status) { Outcome::Refused(why) } else { Outcome::Failed(why) }
            }
            Err(why) => Outcome::Failed(why),
        }
    }
}

/// What the thread has.
struct Work {
    engine: Engine,
    labels: Vec<(Glob, Option<String>)>,
    file: PathBuf,
    run: PathBuf,
    dialer: Arc<Dialer>,
    outlet: Outlet,
    /// How often in a row the observer has not answered.
    silences: u32,
    /// Why it has not for so long that the operator was told.
    unheard: Option<String>,
    /// What the committer knows of how it goes.
    shown: Option<MinutesReport>,
}

impl Work {
    /// For as long as this process lives.
    fn run(mut self, settings: Settings) {
        let kept = self.kept();
        let mut sender = Sender::new(settings, kept, clock::now());
        loop {
            self.show(&sender);
            thread::park_timeout(clock::until(sender.next_deadline()));
            sender.handle_wake(clock::now());
            while let Some(output) = sender.poll_output() {
                match output {
                    Output::Ask(after) => {
                        let stretch = self.ask(after);
                        sender.know_labels(self.labels_of(stretch.as_ref()));
                        sender.handle_stretch(stretch, clock::now());
                    }
                    Output::Keep(kept) => self.keep(&kept),
                    Output::Post(body) => {
                        let outcome = self.engine.post(&self.dialer, &body);
                        sender.know_date(clock::wall().as_second());
                        sender.handle_outcome(&outcome, clock::now());
                    }
                    Output::Say(is_trouble, text) => self.say(is_trouble, &text),
                }
            }
        }
    }

    /// What was kept; a file that cannot be read is begun anew, and so is what is sent.
    fn kept(&self) -> Kept {
        let read = fs::read(&self.file).and_then(|bytes| serde_json::from_slice(&bytes).map_err(io::Error::from));
        read.unwrap_or_else(|error| {
            if error.kind() != ErrorKind::NotFound {
                let file = self.file.display();
                self.say(true, &format!("{file} cannot be read ({error}); what was not sent yet is not sent any more"));
            }
            Kept::default()
        })
    }

    fn keep(&self, kept: &Kept) {
        let written = serde_json::to_vec(kept).map_err(io::Error::from);
        if let Err(error) = written.and_then(|bytes| durable::replace(&self.file, &bytes)) {
            self.say(
                true,
                &format!("{} cannot be written: {error}; after a restart some is sent twice", self.file.display()),
            );
        }
    }

    fn ask(&mut self, after: Option<i64>) -> Option<Stretch> {
        let past = Past { what: What::Minutes { after }, labels: BTreeMap::new() };
        let told = questions::ask_past(&self.run, past).and_then(|text| Ok(serde_json::from_str(&text)?));
        match told {
            Ok(stretch) => {
                (self.silences, self.unheard) = (0, None);
                Some(stretch)
            }
            Err(error) => {
                self.silences = self.silences.saturating_add(1);
                if self.silences == SILENCES {
                    let text = format!("the observer tells no minutes: {error}");
                    self.say(true, &text);
                    self.unheard = Some(text);
                }
                None
            }
        }
    }

    /// What the links of these minutes are called.
    fn labels_of(&self, stretch: Option<&Stretch>) -> BTreeMap<String, String> {
        let links = stretch.into_iter().flat_map(|stretch| &stretch.minutes).flat_map(|minute| minute.links.keys());
        let label = |link: &String| {
            let (_, label) = self.labels.iter().find(|(pattern, _)| pattern.matches(link))?;
            Some((link.clone(), label.clone()?))
        };
        links.filter_map(label).collect()
    }

    /// Says how it goes, if that is news.
    fn show(&mut self, sender: &Sender) {
        let counts = sender.counts();
        let date = |seconds| Timestamp::from_second(seconds).unwrap_or_default().to_string();
        let report = MinutesReport {
            taken: counts.taken,
            refused: counts.refused,
            waiting_minutes: sender.waiting(clock::now()),
            too_old_minutes: counts.too_old,
            failed: counts.failed,
            last_taken: sender.last_taken().map(date),
            error: self.unheard.clone().or_else(|| sender.error().map(str::to_owned)),
        };
        if self.shown.as_ref() != Some(&report) && self.outlet.say(&FromCourier::Minutes(Box::new(report.clone()))) {
            self.shown = Some(report);
        }
    }

    fn say(&self, is_trouble: bool, text: &str) {
        let text = format!("remote_write: {text}");
        self.outlet.say(&if is_trouble { FromCourier::Warning(text) } else { FromCourier::Notice(text) });
    }
}

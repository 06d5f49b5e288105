//! What the courier is told: what happened, again until it has that, and how things are, whenever that changes.
//!
//! Nothing here waits for it, and there is one only while there is something to send.

use super::Input;
use super::door::Door;
use super::supervise::Supervisor;
use super::workers::{Courier, Heard, Worker};
use super::{Daemon, alert_hooks, settings};
use crate::clock;
use crate::config::meant::Config;
use crate::ipc::courier::{AlertsReport, CourierSettings, FromCourier, MinutesReport, News, ToCourier};
use crate::log;
use crate::report::devices::event_text;
use crate::sandbox::Role;
use crate::sandbox::users::Identity;
use rebootping_core::alerts::{self, Event, Newcomer, Standing};
use rebootping_core::commit::State;
use rebootping_core::inventory::events::{self, What};
use rebootping_core::inventory::report::Hardware;
use rebootping_core::link::Family;
use rebootping_core::time::Time;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;

/// Events that wait for the courier; beyond, the oldest is given up.
const MOST: usize = 256;

/// Whether the files that the configuration names may hold something else than when they were last read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Files {
    AreTheSame,
    AreOther,
}

/// The way to the courier.
pub(super) struct Dispatch {
    inputs: SyncSender<Input>,
    /// Where a courier that a unit starts joins.
    join: Option<PathBuf>,
    courier: Option<Supervisor<Courier>>,
    hooks: Option<alert_hooks::Hooks>,
    edition: u64,
    latest: u64,
    waiting: VecDeque<Waiting>,
    /// What the one that runs was told of how things are.
    standing: Option<Standing>,
    /// It has said something.
    runs: bool,
    /// Bytes of memory it holds.
    memory: Option<u64>,
    /// How alerts go, if anybody is to be told anything.
    alerts: Option<AlertsReport>,
    /// How it goes with minutes for an engine, if there is one.
    minutes: Option<MinutesReport>,
}

struct Waiting {
    number: u64,
    at: Time,
    news: News,
}

impl Waiting {
    fn message(&self) -> ToCourier {
        ToCourier::Happened { number: self.number, at: self.at, news: Box::new(self.news.clone()) }
    }
}

impl Dispatch {
    pub(super) const fn new(inputs: SyncSender<Input>, join: Option<PathBuf>) -> Self {
        Self {
            inputs,
            join,
            courier: None,
            hooks: None,
            edition: 0,
            latest: 0,
            waiting: VecDeque::new(),
            standing: None,
            runs: false,
            memory: None,
            alerts: None,
            minutes: None,
        }
    }

    /// Starts a courier, gives it other settings or ends it, as the configuration has it.
    pub(super) fn configure(&mut self, config: &Config, files: Files) {
        if files == Files::AreOther {
            self.edition += 1;
        }
        let settings = settings::courier_settings(config, self.edition);
        self.hooks = alert_hooks::Hooks::start(config, &self.inputs, self.hooks.take());
        self.alerts = settings.alerts.as_ref().map(|_| self.alerts.take().unwrap_or_default());
        self.minutes = settings.remote_write.as_ref().map(|_| self.minutes.take().unwrap_or_default());
        if !settings.are_for_something() {
            self.end();
            return;
        }
        let result = match &self.courier {
            Some(courier) if courier.settings() == settings => Ok(()),
            Some(courier) => courier.configure(settings),
            None => self.begin(config, settings),
        };
        if let Err(error) = result {
            log::warn(&format!("the courier did not take the configuration ({error}); it will at its next start"));
        }
    }

    fn begin(&mut self, config: &Config, settings: CourierSettings) -> io::Result<()> {
        let user = Identity::find(&config.process.courier_user, Role::Courier)?.uid();
        let door = self.join.as_deref().map(|folder| Door::open(folder, Courier::NAME, user)).transpose()?;
        self.courier = Some(Supervisor::start(self.inputs.clone(), settings, door)?);
        Ok(())
    }

    /// The process, while there is one.
    pub(super) const fn courier(&self) -> Option<&Supervisor<Courier>> {
        self.courier.as_ref()
    }

    /// The process, and how it is, for a status.
    pub(super) const fn runs(&self) -> bool {
        self.runs
    }

    /// Bytes of memory it holds, as it said last.
    pub(super) const fn memory(&self) -> Option<u64> {
        self.memory
    }

    /// How alerts go, as far as is known; none if nobody is to be told anything.
    pub(super) const fn alerts(&self) -> Option<&AlertsReport> {
        self.alerts.as_ref()
    }

    /// How it goes with minutes for an engine, if there is one.
    pub(super) const fn minutes(&self) -> Option<&MinutesReport> {
        self.minutes.as_ref()
    }

    /// Something happened that people may be told.
    pub(super) fn tell_event(&mut self, event: Event, at: Time) {
        self.tell(News::Event(event), at);
    }

    /// Nothing is to be left of these.
    pub(super) fn forget(&mut self, macs: &[Hardware], at: Time) {
        self.waiting.retain(|waiting| match &waiting.news {
            News::Event(Event::NewDevice(newcomer)) => !macs.contains(&newcomer.mac),
            News::Event(Event::Outage(_) | Event::Test) | News::Forget(_) => true,
        });
        self.tell(News::Forget(macs.to_vec()), at);
    }

    /// The hooks have run.
    pub(super) fn hooks_ran(&self, result: Result<(), String>) {
        self.say(&ToCourier::Ran(result));
    }

    /// Ends the courier with the daemon.
    pub(super) fn stop(&self) {
        if let Some(courier) = &self.courier {
            courier.stop();
        }
    }

    fn end(&mut self) {
        if let Some(courier) = self.courier.take() {
            // It may hang, and nobody will look after it.
            courier.kill();
            courier.stop();
        }
        self.waiting.clear();
        (self.standing, self.alerts, self.minutes) = (None, None, None);
        (self.runs, self.memory) = (false, None);
    }

    fn tell(&mut self, news: News, at: Time) {
        if self.alerts.is_none() {
            return;
        }
        if self.waiting.len() >= MOST {
            log::warn("too much waits for the courier; what happened longest ago is not told");
            self.waiting.pop_front();
        }
        self.latest += 1;
        let waiting = Waiting { number: self.latest, at, news };
        self.say(&waiting.message());
        self.waiting.push_back(waiting);
    }

    fn stand(&mut self, standing: Standing, now: Time) {
        if self.runs && self.standing.as_ref() != Some(&standing) {
            self.say(&ToCourier::Stands(now, Box::new(standing.clone())));
            self.standing = Some(standing);
        }
    }

    /// What it does not take it is told again, once another one runs.
    fn say(&self, message: &ToCourier) {
        if let Some(courier) = &self.courier {
            drop(courier.tell(message));
        }
    }

    fn hear(&mut self, message: FromCourier) {
        if !std::mem::replace(&mut self.runs, true) {
            for waiting in &self.waiting {
                self.say(&waiting.message());
            }
        }
        match message {
            FromCourier::Alive(memory) => self.memory = Some(memory),
            FromCourier::Anew => self.runs = false,
            FromCourier::Notice(text) => log::info(&text),
            FromCourier::Warning(text) => log::warn(&text),
            FromCourier::Kept(number) => self.waiting.retain(|waiting| waiting.number > number),
            FromCourier::Hook(paper) => {
                let given = self.hooks.as_ref().map_or(Err("there is no hook".to_owned()), |hooks| hooks.run(*paper));
                if given.is_err() {
                    self.hooks_ran(given);
                }
            }
            // One that ends for other settings may still speak of what is over.
            FromCourier::Alerts(report) => self.alerts = self.alerts.take().map(|_| *report),
            FromCourier::Minutes(report) => self.minutes = self.minutes.take().map(|_| *report),
        }
    }
}

impl Daemon {
    pub(super) fn handle_courier(&mut self, heard: Heard<FromCourier>) {
        match heard {
            Heard::Said(number, message) => {
                if self.dispatch.courier.as_ref().is_some_and(|courier| courier.current() == number) {
                    self.dispatch.hear(message);
                }
            }
            Heard::Ended(why) => {
                // It said so itself where it begins with other settings.
                if std::mem::take(&mut self.dispatch.runs) {
                    log::info(&format!("the courier ended ({why}) and is started again; what waits is kept"));
                }
                self.dispatch.standing = None;
            }
        }
    }

    /// Says what happened to a device, and has people told of it.
    pub(super) fn hear_event(&mut self, event: &events::Event) {
        log::info(&event_text(event));
        if event.what == What::NewDevice {
            let newcomer = Newcomer { mac: event.mac, name: event.name.clone() };
            self.dispatch.tell_event(Event::NewDevice(newcomer), clock::now());
        }
    }

    /// Tells the courier how things are, if they are not as it knows them.
    pub(super) fn tell_how_it_stands(&mut self) {
        if self.dispatch.courier.is_some() {
            let standing = self.standing();
            self.dispatch.stand(standing, clock::now());
        }
    }

    fn standing(&self) -> Standing {
        let families: BTreeSet<Family> = self.wanted.keys().copied().collect();
        let link = |link: &crate::ipc::JudgedLink| alerts::Link {
            name: link.name.clone(),
            label: link.label.clone(),
            metered: link.metered,
            families: families.clone(),
        };
        let commit = self.committer.status();
        let is_failing = commit.state == State::Failing;
        let why = || commit.error.unwrap_or_else(|| "it failed".to_owned());
        let of_store = self.store.as_ref().and_then(|store| store.error.clone());
        let of_captures = self.capture.as_ref().and_then(|capture| capture.error.clone());
        Standing {
            links: self.links.iter().map(link).collect(),
            in_use: self.wanted.values().flat_map(|wanted| self.names_of_used(wanted)).map(str::to_owned).collect(),
            caps: self.used_caps(),
            not_applied: is_failing.then(why),
            disk: of_store.or(of_captures),
        }
    }

    fn used_caps(&self) -> Vec<alerts::Cap> {
        let caps = settings::caps(&self.config, &self.links);
        let moved = self.store.iter().flat_map(|store| &store.links);
        let used = moved.filter_map(|moved| {
            let bytes = *caps.get(&moved.link)?;
            let percent = alerts::level(moved.used.both(), bytes)?;
            Some(alerts::Cap { link: moved.link.clone(), since: moved.since.clone(), percent, bytes })
        });
        used.collect()
    }
}

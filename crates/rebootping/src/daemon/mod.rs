//! The daemon: starts judge, observer and web, hands choices to the committer, and answers operators.
//!
//! It is the process that keeps root, so it parses nothing that came from a network: only configuration, the firewall's files, and
//! small messages from our own processes and from local users, whose right to ask the kernel vouches for.
//!
//! ```text
//! judge ──choices, reports──►┌────────┐──choices──► committer ──► Shorewall, status files, kernel
//! observer ──how it goes────►│ Daemon │──orders about devices──► warden ──► nftables
//! operators ──requests──────►│        │──settings, orders──► judge
//!           ◄──answers───────│        │
//! signals ──reload, stop────►└────────┘──settings, links──► observer, web
//! ```

mod alert_hooks;
mod answering;
mod checking;
mod control;
mod controlling;
mod device_orders;
mod diary;
mod dispatch;
mod door;
mod entering;
mod entries;
pub(crate) mod folders;
mod give_back;
mod mailbox;
mod outlook;
mod reconfiguring;
mod service_manager;
pub(crate) mod settings;
mod shown;
mod signals;
mod supervise;
mod workers;

use crate::clock::{self, Moment};
use crate::committer::prefixes::Prefixes;
use crate::committer::restrict::{Told, Warden};
use crate::committer::{self, CommitEvent, Committer, Wanted};
use crate::config;
use crate::config::meant::Config;
use crate::ipc::courier::FromCourier;
use crate::ipc::observer::{CaptureReport, FromObserver, StoreReport, ToObserver};
use crate::ipc::web::FromWeb;
use crate::ipc::{FromJudge, JudgedLink, ToJudge, WantedLink};
use crate::log;
use crate::report::events;
use crate::report::links::{Named, Names, prefixed};
use crate::sandbox::users::Identity;
use crate::sandbox::{self, Role};
use checking::Checking;
use control::Call;
pub(crate) use control::{Answer, NOBODY, Request, ask, is_nobody, unreachable};
use device_orders::DeviceOrders;
use diary::Diary;
use dispatch::{Dispatch, Files};
use door::Door;
pub(crate) use give_back::give_back;
use jiff::Timestamp;
use rebootping_core::alerts::Event;
use rebootping_core::commit::State;
use rebootping_core::engine::Report;
use rebootping_core::link::{Family, LinkId};
use reconfiguring::warn_of_retired;
use service_manager::ServiceManager;
use settings::{
    commit_settings, judge_settings, observer_settings, prefix_settings, provider_of, warden_settings, web_settings,
};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;
use supervise::Supervisor;
use workers::{Heard, Judge, Observer, Web, Worker};

/// Inputs that may wait before whoever sends them does.
const INPUTS: usize = 256;
/// A judge that says nothing for so many rounds, and at least so long, is ended and started anew; so is an observer.
const SILENT_ROUNDS: u32 = 5;
const SILENT_FOR: Duration = Duration::from_secs(10);
/// How long a stop waits: the contract's second, or five while a command of Shorewall's is in flight.
const STOP_WITHIN: Duration = Duration::from_millis(4500);
/// What was captured is written before we are gone: who stops a daemon may end what is left of its processes.
const OBSERVER_ENDS_WITHIN: Duration = Duration::from_millis(900);

/// Everything that can happen to the daemon.
pub(crate) enum Input {
    /// The judge said something, or ended.
    Judge(Heard<FromJudge>),
    /// The observer said something, or ended.
    Observer(Heard<FromObserver>),
    /// The web process said something, or ended.
    Web(Heard<FromWeb>),
    /// The courier said something, or ended.
    Courier(Heard<FromCourier>),
    /// The operator's hooks for alerts have run, with that outcome.
    AlertHooks(Result<(), String>),
    /// The committer did something.
    Commit(CommitEvent),
    /// The warden did something.
    Warden(Told),
    /// An operator asks for something.
    Call(Call),
    /// The operator wants the configuration read again.
    Reload,
    /// The operator wants us to stop.
    Stop,
}

/// Runs until told to stop. With a folder to `join` in, units start the other processes.
pub(crate) fn run(explicit: Option<&Path>, join: Option<&Path>) -> ExitCode {
    let config = match config::load(explicit) {
        Ok(config) => config,
        Err(errors) => {
            log::say(&errors);
            return ExitCode::from(2);
        }
    };
    warn_of_retired(&config);
    match Daemon::start(explicit, config, join).map(|(daemon, inputs)| daemon.run(&inputs)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

struct Daemon {
    explicit: Option<PathBuf>,
    config: Config,
    started: Timestamp,
    committer: Committer,
    warden: Warden,
    prefixes: Prefixes,
    /// What those two were told of the links.
    told: outlook::Told,
    judge: Supervisor<Judge>,
    observer: Supervisor<Observer>,
    web: Supervisor<Web>,
    dispatch: Dispatch,
    /// The web process serves, and holds so much memory.
    serves: Option<u64>,
    checking: Checking,
    links: Vec<JudgedLink>,
    names: Names,
    report: Option<(Report, Moment)>,
    capture: Option<CaptureReport>,
    /// How the observer keeps the history.
    store: Option<StoreReport>,
    device_orders: DeviceOrders,
    diary: Diary,
    wanted: BTreeMap<Family, Vec<WantedLink>>,
    service_manager: ServiceManager,
    /// The operator saw the links after the first judged round, without asking.
    shown_once: bool,
    /// Held for as long as we run: a second daemon is refused, and the hardened `isusable` believes a `1`.
    _lock: folders::Lock,
    _control: control::Server,
}

impl Daemon {
    fn start(explicit: Option<&Path>, config: Config, join: Option<&Path>) -> io::Result<(Self, Receiver<Input>)> {
        folders::require_root("run needs root, to open packet sockets and to command Shorewall")?;
        folders::make(&config)?;
        let lock = folders::Lock::take(&config.paths.run)?;
        sandbox::enter_as_committer()?;
        let (inputs, inbox) = sync_channel(INPUTS);
        signals::listen(inputs.clone())?;
        let page = Identity::find(&config.process.web_user, Role::Web)?;
        let control = control::Server::listen(&config.paths.run, page.uid(), inputs.clone())?;
        let clock = committer::Clock { boot: clock::now, wall: || clock::wall().to_string() };
        let events = inputs.clone();
        // The committer must not wait for us; an event that finds no room is lost, and its state is shown all the same.
        let committer = Committer::start(commit_settings(&config, &[]), clock, move |event| {
            drop(events.try_send(Input::Commit(event)));
        })?;
        let events = inputs.clone();
        let warden =
            Warden::start(warden_settings(&config, &[], None), move |told| drop(events.try_send(Input::Warden(told))))?;
        let events = inputs.clone();
        let prefixes = Prefixes::start(prefix_settings(&config, [].into_iter()), move |is_trouble, text| {
            drop(events.try_send(Input::Warden(Told::Event { is_trouble, text })));
        })?;
        join.map(door::make_folder).transpose()?;
        let door = |name, user: Identity| join.map(|folder| Door::open(folder, name, user.uid())).transpose();
        let judges = door(Judge::NAME, Identity::find(&config.process.judge_user, Role::Judge)?)?;
        let judge = Supervisor::start(inputs.clone(), judge_settings(&config), judges)?;
        let observers = door(Observer::NAME, Identity::find(&config.process.observer_user, Role::Observer)?)?;
        let observer = Supervisor::start(inputs.clone(), observer_settings(&config, &[]), observers)?;
        let web = Supervisor::start(inputs.clone(), web_settings(&config, None), door(Web::NAME, page)?)?;
        let mut dispatch = Dispatch::new(inputs, join.map(Path::to_path_buf));
        dispatch.configure(&config, Files::AreTheSame);
        let daemon = Self {
            explicit: explicit.map(Path::to_path_buf),
            started: clock::wall(),
            committer,
            warden,
            prefixes,
            told: outlook::Told::default(),
            judge,
            observer,
            web,
            dispatch,
            serves: None,
            checking: Checking::default(),
            links: Vec::new(),
            names: Names::default(),
            report: None,
            capture: None,
            store: None,
            device_orders: DeviceOrders::default(),
            diary: Diary::default(),
            wanted: BTreeMap::new(),
            service_manager: ServiceManager::from_environment(),
            shown_once: false,
            _lock: lock,
            _control: control,
            config,
        };
        daemon.service_manager.ready(daemon.longest_silence());
        Ok((daemon, inbox))
    }

    fn run(mut self, inputs: &Receiver<Input>) {
        loop {
            match inputs.recv_timeout(self.config.probe.interval) {
                Ok(Input::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(input) => self.handle(input),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.watch_processes();
            self.diary.tick(clock::now());
            self.tell_how_it_stands();
        }
        self.service_manager.stopping();
        self.judge.stop();
        self.observer.stop();
        self.web.stop();
        self.dispatch.stop();
        self.warden.stop();
        self.prefixes.stop();
        self.committer.stop(STOP_WITHIN);
        self.observer.wait_end(OBSERVER_ENDS_WITHIN);
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::Judge(Heard::Said(number, message)) if number == self.judge.current() => self.handle_judge(message),
            Input::Observer(Heard::Said(number, message)) if number == self.observer.current() => {
                self.handle_observer(message);
            }
            Input::Web(Heard::Said(number, message)) if number == self.web.current() => self.handle_web(message),
            // The last words of a process that was replaced.
            Input::Judge(Heard::Said(..))
            | Input::Observer(Heard::Said(..))
            | Input::Web(Heard::Said(..))
            | Input::Stop => {}
            Input::Judge(Heard::Ended(why)) => {
                log::warn(&format!("the judge ended ({why}) and is started again; hold-downs are kept"));
            }
            Input::Observer(Heard::Ended(why)) => {
                (self.capture, self.store) = (None, None);
                self.device_orders.ended();
                log::warn(&format!("the observer ended ({why}) and is started again; links are judged all the same"));
            }
            Input::Web(Heard::Ended(why)) => {
                // It said so itself where it begins with other settings.
                if self.serves.take().is_some() {
                    log::info(&format!("the web process ended ({why}) and is started again; nothing else is touched"));
                }
            }
            Input::Courier(heard) => self.handle_courier(heard),
            Input::AlertHooks(result) => self.dispatch.hooks_ran(result),
            Input::Commit(event) => self.handle_commit(&event),
            Input::Warden(Told::Event { is_trouble, text }) => log::event(is_trouble, &text),
            Input::Warden(Told::Undoing(order)) => self.control(order),
            Input::Warden(Told::Row(row)) => self.enter_row(&row),
            Input::Call(call) => self.take_call(call),
            Input::Reload => self.reload(),
        }
    }

    fn handle_judge(&mut self, message: FromJudge) {
        self.service_manager.judged();
        match message {
            FromJudge::Links(links) => self.take_links(links),
            FromJudge::Choose(family, wanted) => {
                self.wanted.insert(family, wanted);
                self.committer.desire(self.choice());
            }
            FromJudge::Report(report) => {
                self.look_out(&report);
                self.take_report(*report);
            }
            FromJudge::Change(report) => self.take_report(*report),
            FromJudge::Event(event) => {
                let (is_trouble, text) = events::described(&event, &self.names);
                log::about(is_trouble, &text, &events::fields(&event, &self.names));
            }
            FromJudge::Warning(text) => log::warn(&text),
            // Those that find no room the judge is asked for again.
            FromJudge::Notes(notes) => drop(self.observer.pass_on(&ToObserver::Notes(notes))),
        }
    }

    fn take_report(&mut self, report: Report) {
        let judged = report.links.iter().any(|link| link.families.iter().any(Option::is_some));
        self.report = Some((report, Moment::now()));
        self.have_page_look();
        if judged && self.committer.status().state != State::Pending && !std::mem::replace(&mut self.shown_once, true) {
            log::info(&format!("\n{}", crate::report::table::status(&self.status(), false)));
        }
    }

    fn handle_commit(&mut self, event: &CommitEvent) {
        log::about(event.is_trouble, &prefixed(event.family, &event.text), &entries::fields(event, &self.names));
        let applied = event.family.filter(|_| event.took.is_some());
        let in_force = applied.and_then(|family| self.wanted.get(&family)).map(|wanted| self.names_of_used(wanted));
        let happened = entries::commit(event, &self.names, in_force.as_deref(), clock::now());
        let message = self.diary.enter(happened);
        drop(self.observer.tell(&message));
        self.have_page_look();
    }

    fn names_of_used(&self, wanted: &[WantedLink]) -> Vec<&str> {
        let links = self.links.iter().zip(wanted);
        links.filter(|(_, wanted)| wanted.want.is_in()).map(|(link, _)| link.name.as_str()).collect()
    }

    fn handle_observer(&mut self, message: FromObserver) {
        match message {
            FromObserver::Capture(report) => {
                if self.capture.replace(*report).is_none() {
                    self.enter_again();
                }
            }
            FromObserver::Store(report) => self.store = Some(*report),
            FromObserver::Kept { number, result } => {
                if let Some(row) = self.diary.kept(number, &result) {
                    self.warden.has_history(row);
                }
            }
            FromObserver::Receipt(receipt) => drop(self.judge.tell(&ToJudge::Receipt(receipt))),
            FromObserver::Event(event) => self.hear_event(&event),
            FromObserver::Outage(outage) => self.dispatch.tell_event(Event::Outage(*outage), clock::now()),
            FromObserver::Notice(text) => log::info(&text),
            FromObserver::Warning(text) => log::warn(&text),
            FromObserver::Forgetting { number, macs } => {
                self.diary.forget(&macs);
                self.dispatch.forget(&macs, clock::now());
                self.device_orders.forgetting(number, macs);
            }
            FromObserver::Answered { number, answer } => {
                let next = self.device_orders.answered(number, answer);
                self.go_on(next);
            }
        }
    }

    fn handle_web(&mut self, message: FromWeb) {
        match message {
            FromWeb::Alive(memory) => self.serves = Some(memory),
            FromWeb::Anew => self.serves = None,
            FromWeb::Notice(text) => log::info(&text),
            FromWeb::Warning(text) => log::warn(&text),
        }
    }

    fn take_links(&mut self, links: Vec<JudgedLink>) {
        self.wanted.clear();
        self.report = None;
        self.committer.reconfigure(commit_settings(&self.config, &links));
        self.told.forget();
        self.warden.configure(warden_settings(&self.config, &links, None));
        self.prefixes.configure(prefix_settings(&self.config, links.iter().map(|link| link.name.as_str())));
        self.names = Names::new(links.iter().map(|link| Named {
            interface: link.name.clone(),
            label: link.label.clone(),
            provider: provider_of(&link.name),
        }));
        self.links = links;
        self.configure_observer();
        self.configure_web(Some(&self.links));
    }

    fn choice(&self) -> committer::Choice {
        let mut choice = committer::Choice::new();
        for (&family, wanted) in &self.wanted {
            for (link, wanted) in (0..).map(LinkId).zip(wanted) {
                choice.insert((family, link), Wanted { want: wanted.want, gateway: wanted.gateway });
            }
        }
        choice
    }

    fn is_silent<W: Worker>(&self, process: &Supervisor<W>) -> bool {
        process.silent_for() > self.longest_silence()
    }

    fn longest_silence(&self) -> Duration {
        SILENT_FOR.max(self.config.probe.interval * SILENT_ROUNDS)
    }

    fn watch_processes(&self) {
        self.judge.deliver();
        self.observer.deliver();
        self.watch(&self.judge);
        self.watch(&self.observer);
        self.watch(&self.web);
        if let Some(courier) = self.dispatch.courier() {
            courier.deliver();
            self.watch(courier);
        }
    }

    fn watch<W: Worker>(&self, process: &Supervisor<W>) {
        if self.is_silent(process) {
            log::warn(&format!("the {} says nothing; it is ended and started anew", W::NAME));
            process.kill();
        }
    }
}

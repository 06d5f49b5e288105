//! The judge process: hears the kernel about links, pings over each, and tells the committer what to choose.
//!
//! It opens its sockets as root, gives up every power, and from then on reads only our own echoes, the answers of next hops, netlink
//! and the committer. One thread does it all, asleep until something arrives or is due; two more write what must survive, and one
//! reads leases: whatever may wait for a disk.
//!
//! ```text
//! netlink, leases ─ paths ──┐             ┌─ echoes, questions ─► wire
//! wire ─ replies, stamps ───┼─► engine ───┼─ choices, reports, events ─► listener ─► committer
//! committer ─ orders ───────┘             ├─ what must survive ─► keeper
//!                                         └─ notes, until the history has them ─► committer ─► observer
//! ```

pub(crate) mod leases;
pub(crate) mod links;
mod listener;
pub(crate) mod memory;
mod notes;

use crate::clock;
use crate::echo::{Arrival, NotSent, Wire};
use crate::ipc;
use crate::ipc::{FromJudge, JudgeSettings, Peer, ToJudge, WantedLink};
use crate::log;
use crate::netlink::socket::RECEIVE_BUFFER;
use crate::netlink::watch::Watch;
use crate::sandbox::users::Identity;
use crate::sandbox::{self, Role, Sandbox};
use crate::softnet::Softnet;
use crate::sys;
use leases::Reader;
use links::Recalled;
use listener::Listener;
use memory::{Keeper, Memory, Place};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use notes::Notes;
use rebootping_core::commit::Choice;
use rebootping_core::engine::{Engine, Output, Settings};
use rebootping_core::link::probe::Key;
use rebootping_core::link::verdict::Load;
use rebootping_core::link::{Family, LinkId};
use rebootping_core::time::Time;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

/// Even if no message is ever lost, the kernel is asked for everything this often.
const ASK_KERNEL_EVERY: Duration = Duration::from_secs(60);
/// The judge's nice value: before all ordinary processes.
const NICE: i32 = -15;
/// The judge is small; the kernel should end almost any other process first (proc(5)).
const OOM_SCORE: &str = "-900";
const OOM_SCORE_FILE: &str = "/proc/self/oom_score_adj";

/// `rebootping judge`: talks to the daemon that started it over standard input, or to the one it joins.
pub(crate) fn main(join: Option<&Path>) -> ExitCode {
    ipc::serve("judge", join, run)
}

/// Judges until the committer closes its end of the connection, which is an `UnexpectedEof`.
fn run(committer: UnixStream) -> io::Result<()> {
    let mut peer = Peer::new(committer)?;
    let settings = peer.first(|message| {
        let ToJudge::Configure(settings) = message else { return None };
        Some(*settings)
    })?;
    run_first();
    let secrets = Secrets::draw()?;
    let wire = Wire::open(secrets.identifier)?;
    let watch = Watch::open(RECEIVE_BUFFER)?;
    let softnet = Softnet::open().ok();
    let (folders, bell) = (leases::Folders::of_machine(), leases::bell()?);
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
    let confinement = sandbox::enter(&Sandbox {
        role: Role::Judge,
        identity: Identity::find(&settings.user, Role::Judge)?,
        read: folders.all().filter(|folder| folder.exists()).map(Path::to_path_buf).collect(),
        write: vec![settings.state.clone(), settings.run.clone()],
        sockets: Vec::new(),
        ports: Vec::new(),
        dies_with: None,
    })?;
    let (lasting, fleeting) = (Place::Lasting(settings.state.clone()), Place::Fleeting(settings.run.clone()));
    let (recalled, damage) = memory::recall(&fleeting, &lasting, &boot);
    let (failures, failed) = mpsc::channel();
    let keepers = Keepers {
        lasting: Keeper::start(lasting, failures.clone())?,
        fleeting: Keeper::start(fleeting, failures)?,
        failed,
    };
    for warning in confinement.warning().into_iter().chain(damage) {
        peer.send(&FromJudge::Warning(format!("judge: {warning}")))?;
    }
    let same_boot = recalled.as_ref().is_some_and(|memory| memory.boot == boot);
    let memory = Memory { boot, ..recalled.unwrap_or_default() };
    let senses = Senses { listener: Listener::new(peer), watch, wire, leases: Reader::start(folders, bell)?, softnet };
    let mut judge = Judge::new(senses, &secrets, settings, memory, same_boot);
    judge.look_first();
    judge.begin();
    judge.run(keepers)
}

/// A busy machine should not make us late, nor a full one end us. Where that is refused, a late round is still not judged, and a
/// judge that was ended is started again.
fn run_first() {
    if let Err(error) = sys::run_first(NICE) {
        log::info(&format!("judge: the kernel does not let it run before other processes: {error}"));
    }
    // Its unit may have done that.
    let is_done = fs::read_to_string(OOM_SCORE_FILE).is_ok_and(|score| score.trim() == OOM_SCORE);
    let done = if is_done { Ok(()) } else { fs::write(OOM_SCORE_FILE, OOM_SCORE) };
    if let Err(error) = done {
        log::info(&format!("judge: the kernel does not let it be ended last when memory runs out: {error}"));
    }
}

/// What nobody else may know: drawn anew at every start.
struct Secrets {
    key: Key,
    identifier: u16,
    /// The number of its notes.
    number: u64,
}

impl Secrets {
    fn draw() -> io::Result<Self> {
        let (mut random, mut number) = ([0; 18], [0; 8]);
        let mut source = File::open("/dev/urandom")?;
        source.read_exact(&mut random)?;
        source.read_exact(&mut number)?;
        let [key @ .., high, low] = random;
        Ok(Self { key, identifier: u16::from_be_bytes([high, low]), number: u64::from_ne_bytes(number) })
    }
}

/// The threads that write what must survive, and what they could not write.
struct Keepers {
    lasting: Keeper,
    fleeting: Keeper,
    failed: mpsc::Receiver<String>,
}

/// What the judge hears, and whom it tells.
struct Senses {
    listener: Listener,
    watch: Watch,
    wire: Wire,
    leases: Reader,
    /// None where the kernel has no such table.
    softnet: Option<Softnet>,
}

struct Judge {
    listener: Listener,
    watch: Watch,
    wire: Wire,
    leases: Reader,
    softnet: Option<Softnet>,
    key: Key,
    settings: JudgeSettings,
    memory: Memory,
    same_boot: bool,
    names: Vec<String>,
    engine: Engine,
    notes: Notes,
    /// Something must be written.
    dirty: bool,
    reported: Option<Time>,
    /// The round that was last kept.
    kept: Option<Time>,
    /// Netlink messages that were lost, and that could not be read, as last told.
    missed: (u64, u64),
}

impl Judge {
    fn new(senses: Senses, secrets: &Secrets, settings: JudgeSettings, memory: Memory, same_boot: bool) -> Self {
        let key = secrets.key;
        let engine = Engine::new(engine_settings(&settings, &[], key), None, same_boot, clock::now());
        let Senses { listener, watch, wire, leases, softnet } = senses;
        Self {
            listener,
            watch,
            wire,
            leases,
            softnet,
            key,
            settings,
            memory,
            same_boot,
            names: Vec::new(),
            engine,
            notes: Notes::new(secrets.number),
            dirty: false,
            reported: None,
            kept: None,
            missed: (0, 0),
        }
    }

    /// Looks at the kernel until all is known that it has to say; what comes too late is taken in later.
    fn look_first(&mut self) {
        let failed = self.watch.settle().err();
        self.listener.warn_if(failed, "the first look at the kernel's links is not complete");
    }

    /// Begins to judge the links of the settings, continuing from memory.
    fn begin(&mut self) {
        self.names = links::names(&self.settings, self.watch.snapshot(), &[]);
        self.ask_for_leases();
        let failed = self.leases.wait_for_first().err();
        self.listener.warn_if(failed, "the DHCP clients' leases cannot be waited for");
        self.renew_engine();
    }

    /// Sets the engine up for the links as they are named now.
    fn renew_engine(&mut self) {
        let now = clock::now();
        self.engine = Engine::new(
            engine_settings(&self.settings, &self.names, self.key),
            Some(&self.memory.kept),
            self.same_boot,
            now,
        );
        self.wire.set_links(self.names.len());
        self.listener.describe(links::described(&self.settings, &self.names));
        self.follow_neighbours();
        self.find_paths();
    }

    fn run(&mut self, mut keepers: Keepers) -> io::Result<()> {
        let mut ask_kernel_at = clock::now() + ASK_KERNEL_EVERY;
        loop {
            let deadline = self.engine.next_deadline().map_or(ask_kernel_at, |at| at.min(ask_kernel_at));
            let others = [self.listener.as_fd(), self.watch.as_fd(), self.leases.as_fd()];
            wait_for(others.into_iter().chain(self.wire.fds()), Some(deadline))?;
            self.receive_wire();
            self.receive_netlink();
            self.receive_leases();
            self.receive_messages()?;
            if clock::now() >= ask_kernel_at {
                ask_kernel_at = clock::now() + ASK_KERNEL_EVERY;
                self.look_again();
            }
            self.wake();
            self.keep(&mut keepers);
            self.listener.deliver()?;
            self.notes.deliver(&mut self.listener);
        }
    }

    /// Asks the kernel for everything anew, and says what was missed since the last time.
    fn look_again(&mut self) {
        let missed = (self.watch.overruns(), self.watch.damaged());
        if missed != self.missed {
            let (overruns, damaged) = missed;
            self.listener.tell(&FromJudge::Warning(format!(
                "of the kernel's messages {overruns} bursts were lost and {damaged} unreadable since the start; all was asked anew"
            )));
            self.missed = missed;
        }
        let failed = self.watch.refresh().err();
        self.listener.warn_if(failed, "the kernel cannot be asked about its links");
    }

    fn receive_wire(&mut self) {
        let (engine, memory, dirty) = (&mut self.engine, &mut self.memory, &mut self.dirty);
        let (names, snapshot) = (&self.names, self.watch.snapshot());
        let mut answered = Vec::new();
        self.wire.receive(|arrival| match arrival {
            Arrival::Reply(family, reply) => drop(engine.handle_reply(family, &reply)),
            Arrival::Stray(family) => engine.handle_stray(family),
            Arrival::Departed(family, link, sequence, at) => engine.handle_sent(family, link, sequence, at),
            Arrival::NextHop(family, link) => answered.push((family, link)),
        });
        for (family, link) in answered {
            engine.handle_next_hop(family, link, clock::now());
            let Some(name) = names.get(usize::from(link.0)) else { continue };
            let recalled = Recalled { leases: self.leases.last(), last: &memory.gateways };
            let (path, way) = links::way(name, family, snapshot, &self.settings, recalled);
            if let (Some(address), Some(gateway)) = (links::address_of(&path, snapshot), way.gateway) {
                *dirty |= memory.gateways.note(name, address, gateway);
            }
        }
    }

    fn receive_netlink(&mut self) {
        match self.watch.receive() {
            Ok(false) => {}
            Ok(true) => self.take_kernel_change(),
            Err(error) => self.listener.warn_if(Some(error), "the kernel's messages cannot be read"),
        }
        for (place, name) in self.names.iter().enumerate() {
            let stats = self.watch.snapshot().link_named(name).and_then(|link| link.stats);
            if let (Some(stats), Ok(place)) = (stats, u16::try_from(place)) {
                self.engine.handle_counters(LinkId(place), Load { received: stats.rx_bytes, sent: stats.tx_bytes });
            }
        }
    }

    fn take_kernel_change(&mut self) {
        let names = links::names(&self.settings, self.watch.snapshot(), &self.names);
        if names == self.names {
            self.follow_neighbours();
            self.ask_for_leases();
            self.find_paths();
        } else {
            self.remember();
            self.same_boot = true;
            self.names = names;
            self.ask_for_leases();
            self.renew_engine();
        }
    }

    fn receive_leases(&mut self) {
        if self.leases.hear() {
            self.find_paths();
        }
    }

    fn ask_for_leases(&mut self) {
        self.leases.ask(links::in_want_of_a_lease(&self.names, self.watch.snapshot(), &self.settings));
    }

    fn follow_neighbours(&mut self) {
        let indexes: BTreeSet<u32> = self
            .names
            .iter()
            .filter_map(|name| self.watch.snapshot().link_named(name))
            .map(|link| link.index)
            .collect();
        let failed = self.watch.follow_neighbours(indexes).err();
        self.listener.warn_if(failed, "the kernel cannot be asked about neighbours");
    }

    fn find_paths(&mut self) {
        let now = clock::now();
        for (link, name) in (0..).map(LinkId).zip(&self.names) {
            for family in Family::ALL {
                let recalled = Recalled { leases: self.leases.last(), last: &self.memory.gateways };
                let (path, way) = links::way(name, family, self.watch.snapshot(), &self.settings, recalled);
                self.wire.set_way(family, link, way);
                self.engine.handle_path(family, link, path, now);
            }
        }
        self.wire.follow_ways();
    }

    fn receive_messages(&mut self) -> io::Result<()> {
        for message in self.listener.receive()? {
            let now = clock::now();
            match message {
                ToJudge::Configure(settings) => {
                    self.remember();
                    self.same_boot = true;
                    self.settings = *settings;
                    self.begin();
                }
                ToJudge::Order { link, order, lasting } => {
                    self.engine.handle_order(link, order, lasting.map(|lasting| now + lasting), now);
                }
                ToJudge::Retry { link } => self.engine.handle_retry(link, now),
                ToJudge::Receipt(receipt) => self.notes.handle_receipt(&receipt),
            }
        }
        Ok(())
    }

    /// Asked once a round, at its end: replies may have been among it.
    fn ask_what_the_host_dropped(&mut self) {
        let queues = self.softnet.as_ref().and_then(|softnet| softnet.read().ok());
        if let Some(queues) = queues {
            self.engine.handle_host_drops(queues.dropped);
        }
    }

    /// Lets the engine do what is due, and does what it asks for.
    fn wake(&mut self) {
        let now = clock::now();
        if self.reported.is_some_and(|began| began + self.settings.interval <= now) {
            self.ask_what_the_host_dropped();
        }
        if self.engine.next_deadline().is_some_and(|at| at <= now) {
            self.engine.handle_wake(now);
        }
        let mut has_changed = false;
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Send(family, echo) => {
                    if let Err(NotSent::Local(error)) = self.wire.send(family, &echo) {
                        self.engine.handle_send_failed(family, echo.link);
                        let name = self.names.get(usize::from(echo.link.0)).map_or("?", String::as_str);
                        self.listener.warn_of_send(echo.link, name, &error, now);
                    }
                }
                Output::Ask(family, link) => self.wire.ask(family, link),
                Output::Forget(family, link) => self.forget_next_hop(family, link),
                Output::Choose(family, choice) => {
                    has_changed = true;
                    self.choose(family, &choice);
                }
                Output::Keep => (has_changed, self.dirty) = (true, true),
                Output::Say(event) => self.listener.tell(&FromJudge::Event(Box::new(event))),
                Output::Begin(decider) => self.notes.begin(&decider, now),
                Output::Note(family, entry) => self.notes.note(family, &entry, now),
            }
        }
        if self.engine.round_began() != self.reported {
            self.reported = self.engine.round_began();
            self.listener.report(FromJudge::Report, || self.engine.report(now));
            self.ask_about_traffic();
        } else if has_changed {
            // It is not kept until the round's end from who looks.
            self.listener.report(FromJudge::Change, || self.engine.report(now));
        }
    }

    /// The next hop is gone from where it answered us; what the kernel finds, it still may be.
    fn forget_next_hop(&mut self, family: Family, link: LinkId) {
        let Some(name) = self.names.get(usize::from(link.0)) else { return };
        let recalled = Recalled { leases: self.leases.last(), last: &self.memory.gateways };
        let (_, way) = links::way(name, family, self.watch.snapshot(), &self.settings, recalled);
        self.wire.forget_next_hop(family, link, way.gateway_mac);
    }

    /// Notes what the committer is to be told, with the gateway each link has now.
    fn choose(&mut self, family: Family, choice: &Choice) {
        let gateway = |link| self.wire.gateway(family, link);
        let wanted = choice.iter().map(|(&link, &want)| WantedLink { want, gateway: gateway(link) }).collect();
        self.listener.choose(family, wanted);
    }

    /// Asked once a round: how much went over the links.
    fn ask_about_traffic(&mut self) {
        let indexes: Vec<u32> = self
            .names
            .iter()
            .filter_map(|name| self.watch.snapshot().link_named(name))
            .map(|link| link.index)
            .collect();
        for index in indexes {
            let failed = self.watch.request_link(index).err();
            self.listener.warn_if(failed, "the kernel cannot be asked about traffic");
        }
    }

    /// Writes what must survive a power loss when something of it changed, and what must survive us once a round.
    fn keep(&mut self, keepers: &mut Keepers) {
        let of_round = self.engine.round_began();
        let (lasting, fleeting) =
            (std::mem::take(&mut self.dirty), std::mem::replace(&mut self.kept, of_round) != of_round);
        if lasting || fleeting {
            self.remember();
            keepers.fleeting.keep(self.memory.clone());
        }
        if lasting {
            keepers.lasting.keep(self.memory.clone());
        }
        keepers.lasting.push();
        keepers.fleeting.push();
        for what in keepers.failed.try_iter() {
            self.listener.tell(&FromJudge::Warning(what));
        }
    }

    fn remember(&mut self) {
        self.memory.kept = self.engine.kept(clock::now());
    }
}

fn engine_settings(settings: &JudgeSettings, names: &[String], key: Key) -> Settings {
    Settings { interval: settings.interval, key, links: links::settings_of(settings, names) }
}

/// Sleeps until something can be read or the deadline is reached; a signal wakes it too.
fn wait_for<'a>(fds: impl IntoIterator<Item = BorrowedFd<'a>>, deadline: Option<Time>) -> io::Result<()> {
    let mut fds: Vec<PollFd<'_>> = fds.into_iter().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    let timeout = deadline.map(|deadline| TimeSpec::from(clock::until(deadline)));
    match ppoll(&mut fds, timeout, None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

//! Virtual time: the real engine and reconcilers among simulated links, disks and firewalls, event by event.

use crate::disk::File;
use crate::fault::Kind;
use crate::gate::{Gate, Later};
use crate::invariant;
use crate::judge::{Heard, Judge, Saved};
use crate::line::{Arrival, Line, Twist};
use crate::log::Log;
use crate::record::{Record, Tally};
use crate::rng::Rng;
use crate::setup::Setup;
use crate::shorewall::Shorewall;
use rebootping_core::commit::Drain;
use rebootping_core::engine::Output;
use rebootping_core::link::presence;
use rebootping_core::link::probe::{Echo, Reply};
use rebootping_core::link::{Family, LinkId};
use rebootping_core::time::Time;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

mod reach;

/// Boot time at which the first engine starts: a daemon never starts at boot itself.
const START: Duration = Duration::from_secs(100);
/// How soon netlink and inotify tell of a change.
const NOTICED: Duration = Duration::from_millis(50);
/// How often what must be true of files and kernel is asked.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// More events than this at one instant are a loop.
const STORM: u32 = 100_000;

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was violated, and when.
    pub broken: Option<String>,
    /// The number that stands for all that happened.
    pub digest: u64,
    /// Faults that began, by kind.
    pub faults: BTreeMap<Kind, u64>,
    /// Links times virtual time.
    pub link_time: Duration,
    /// Echoes sent.
    pub echoes: u64,
    /// Commands given to firewalls.
    pub commands: u64,
    /// Choices made.
    pub choices: u64,
    /// What was read again of what was recorded.
    pub record: Tally,
}

/// What is wanted of a run besides its seed.
#[derive(Clone, Copy, Default, Debug)]
pub struct Wish {
    /// Print what happens.
    pub verbose: bool,
    /// Leave out the steps of the wall clock: nothing else may differ.
    pub steady_clock: bool,
    /// A quiet run of so many days instead of a short one under fire.
    pub days: Option<u64>,
    /// The length of a round in such a run; drawn where there is none.
    pub interval: Option<Duration>,
    /// No further seed once one was found broken.
    pub one_is_enough: bool,
}

/// A simulated gateway and its links.
pub struct World {
    now: Time,
    rng: Rng,
    log: Log,
    steady_clock: bool,
    setup: Setup,
    lines: Vec<Line>,
    judge: Judge,
    gates: [Gate; 2],
    queue: BinaryHeap<Reverse<(Time, u64, Event)>>,
    pushed: u64,
    wall_seconds: i64,
    /// The round whose beginning was compared with the second selection.
    compared: Option<Time>,
    arrivals: Vec<Arrival>,
    record: Record,
    faults: BTreeMap<Kind, u64>,
    echoes: u64,
    choices: u64,
    broken: Option<String>,
}

#[derive(Clone, Debug)]
enum Event {
    Wake(u64),
    Awake,
    Heard(usize, Heard),
    Path(usize),
    Fault(usize),
    Gate(usize, Later),
    JudgeStarts(u64),
    Boots,
    FirewallStarts(usize),
    Check,
}

impl PartialEq for Event {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Event {}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
/// Events of one instant happen in the order in which they were foreseen: their numbers differ, and nothing else is compared.
impl Ord for Event {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// Runs one seed.
pub fn run(seed: u64, wish: Wish) -> Outcome {
    let mut rng = Rng::new(seed);
    let setup = match wish.days {
        Some(days) => Setup::draw_days(days, wish.interval, &mut rng),
        None => Setup::draw(&mut rng),
    };
    World::new(setup, rng, wish).run()
}

impl World {
    fn new(setup: Setup, mut rng: Rng, wish: Wish) -> Self {
        let links = setup.lines.len();
        let drain = rng.pick(&[Drain::Absent, Drain::Absent, Drain::Impossible]);
        let gates = setup.methods.map(|method| Gate::new(method, Shorewall::new(links, drain)));
        let mut world = Self {
            now: Time::BOOT,
            log: Log::new(wish.verbose),
            steady_clock: wish.steady_clock,
            lines: setup.lines.clone(),
            judge: Judge::new(setup.settings.clone()),
            gates,
            queue: BinaryHeap::new(),
            pushed: 0,
            wall_seconds: 1_700_000_000,
            compared: None,
            arrivals: Vec::new(),
            record: Record::new(rng.clone().bits()),
            faults: BTreeMap::new(),
            echoes: 0,
            choices: 0,
            broken: None,
            setup,
            rng,
        };
        world.log.say(Time::BOOT, || format!("{:#?}", world.setup));
        world.now = Time::BOOT + START;
        world
    }

    fn run(mut self) -> Outcome {
        let begin = self.now;
        let end = begin + self.setup.span;
        for at in 0..self.setup.faults.len() {
            self.push(begin + self.setup.faults[at].at, Event::Fault(at));
        }
        self.push(begin + CHECK_EVERY, Event::Check);
        self.start_judge();
        let mut at_once = 0;
        while let Some(Reverse((at, _, event))) = self.queue.pop() {
            if at > end || self.broken.is_some() {
                break;
            }
            at_once = if at == self.now { at_once + 1 } else { 0 };
            self.now = at;
            self.happen(event);
            if at_once > STORM {
                self.violated("time stands still");
            }
        }
        if let Err(wrong) = self.record.finish(self.now) {
            self.violated(&wrong);
        }
        Outcome {
            record: self.record.tally,
            digest: self.log.digest(),
            link_time: self.now.since(begin) * self.lines.len() as u32,
            faults: self.faults,
            echoes: self.echoes,
            choices: self.choices,
            commands: self.gates.iter().map(|gate| gate.commands).sum(),
            broken: self.broken,
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wake(ticket) => self.wake(ticket),
            Event::Awake => self.hand_in_waiting(),
            Event::Heard(line, heard) => self.hear(line, heard),
            Event::Path(line) => self.tell_path(line),
            Event::Fault(at) => self.strike(at),
            Event::Gate(family, later) => {
                self.gates[family].later(later, self.now);
                self.pump(family);
            }
            Event::JudgeStarts(epoch) if epoch == self.judge.epoch() => self.start_judge(),
            Event::JudgeStarts(_) => {}
            Event::Boots => self.boot(),
            Event::FirewallStarts(family) => self.at_gate(family, |gate, now| {
                gate.shorewall.start();
                gate.disturb(now);
            }),
            Event::Check => self.check_settled(),
        }
    }

    fn strike(&mut self, at: usize) {
        let fault = self.setup.faults[at];
        *self.faults.entry(fault.kind).or_default() += 1;
        if fault.kind == Kind::ClockStepped {
            self.log.say(self.now, || format!("{fault:?}"));
        } else {
            self.log.note(self.now, &fault);
        }
        fault.begin(self);
    }

    fn start_judge(&mut self) {
        let fresh = [self.rng.bits(), self.rng.bits()];
        self.judge.start(fresh, self.now);
        self.record.begin_epoch();
        self.log.note(self.now, &"the judge starts");
        for line in 0..self.lines.len() {
            self.tell_path(line);
        }
        self.perform(&[]);
    }

    fn boot(&mut self) {
        self.judge.boot(self.now);
        for family in 0..2 {
            self.push(self.now + Duration::from_secs(3), Event::FirewallStarts(family));
        }
        self.start_judge();
    }

    fn tell_path(&mut self, line: usize) {
        for family in Family::ALL {
            let path = presence::path(family, &self.lines[line].facts(family, self.now));
            if path.presence != self.lines[line].presence(family, self.now) {
                self.violated(&format!(
                    "link {line} {family} is {:?}, not {path:?}",
                    self.lines[line].presence(family, self.now)
                ));
            }
            self.hear(line, Heard::Path(family, path));
        }
    }

    fn hear(&mut self, line: usize, heard: Heard) {
        if !self.judge.is_alive() {
            return;
        }
        if self.now < self.judge.asleep_until() {
            self.judge.waiting.push_back((line, heard));
            return;
        }
        self.hand_in(line, &heard);
    }

    fn hand_in_waiting(&mut self) {
        while self.now >= self.judge.asleep_until() && self.judge.is_alive() {
            let Some((line, heard)) = self.judge.waiting.pop_front() else { return };
            self.hand_in(line, &heard);
        }
    }

    fn hand_in(&mut self, line: usize, heard: &Heard) {
        let is_reply = matches!(heard, Heard::Reply(..));
        if let Err(wrong) = self.judge.hand_in(line, heard, self.now) {
            return self.violated(&wrong);
        }
        if is_reply {
            self.log.count(self.now, &(1_u8, line));
        } else {
            self.perform(&[]);
        }
    }

    fn wake(&mut self, ticket: u64) {
        if !self.judge.is_alive() || !self.judge.is_current(ticket) {
            return;
        }
        if self.now < self.judge.asleep_until() {
            return self.push(self.judge.asleep_until(), Event::Wake(ticket));
        }
        self.hand_in_waiting();
        if !self.judge.is_alive() {
            return;
        }
        match self.judge.wake(self.now) {
            Ok(expected) => self.perform(&expected),
            Err(wrong) => self.violated(&wrong),
        }
    }

    /// Does what the engine wants done, and compares what it says with what it was `expected` to.
    fn perform(&mut self, expected: &[rebootping_core::engine::Event]) {
        let mut said = Vec::new();
        let mut only_echoes = true;
        while let Some(output) = self.judge.poll_output() {
            let counts = matches!(output, Output::Choose(..) | Output::Keep);
            if counts && self.judge.is_doomed_now() {
                self.log.note(self.now, &"the judge is killed");
                self.kill_judge(Duration::from_millis(700));
                return;
            }
            only_echoes &= matches!(output, Output::Send(..));
            match output {
                Output::Send(family, echo) => self.send(family, &echo),
                Output::Ask(family, link) => self.ask(family, link),
                Output::Choose(family, choice) => self.choose(family, choice),
                Output::Keep => self.judge.keep(self.now),
                // In this world the kernel still knows where a forgotten next hop is.
                Output::Forget(..) => {}
                Output::Say(rebootping_core::engine::Event::Switched(family, verdict)) => {
                    self.record.switched(family, &verdict);
                }
                Output::Say(event) => said.push(event),
                Output::Begin(decider) => self.record.begin(&decider, self.now),
                Output::Note(family, entry) => self.record.note(family, &entry, self.now),
            }
            if self.broken.is_some() {
                return;
            }
        }
        for event in &said {
            self.log.note(self.now, &format!("{event:?}"));
        }
        if said != expected {
            return self.violated(&format!("it says {said:?} and not {expected:?}"));
        }
        self.compare(only_echoes);
        if let Err(wrong) = self.record.rest(|| self.judge.kept(self.now)) {
            return self.violated(&wrong);
        }
        if let Some((at, ticket)) = self.judge.next_wake(self.now, &mut self.rng) {
            self.push(at, Event::Wake(ticket));
        }
    }

    /// Asks whether engine and second selection agree, after each round and whenever something was decided between two.
    fn compare(&mut self, only_echoes: bool) {
        let round = self.judge.shadow_seen().round_began();
        if only_echoes && round == self.compared {
            return;
        }
        self.compared = round;
        if let Err(wrong) = invariant::agreement(&self.judge, self.now) {
            self.violated(&wrong);
        }
    }

    fn send(&mut self, family: Family, echo: &Echo) {
        self.echoes += 1;
        let line = self.judge.line(echo.link);
        let Some(target) = self.judge.target(family, echo) else {
            return self.violated(&format!("nobody configured {echo:?}"));
        };
        self.log.count(self.now, &(0_u8, family, echo.link, target, echo.sequence));
        let proof = match self.judge.shadow().sent(family, usize::from(echo.link.0), target, self.now) {
            Ok(proof) => proof,
            Err(wrong) => return self.violated(&wrong),
        };
        if self.now < self.lines[line].wires[family as usize].sends_fail {
            return self.judge.send_failed(family, echo.link);
        }
        self.judge.sent(family, echo, self.now);
        let mut arrivals = std::mem::take(&mut self.arrivals);
        self.lines[line].carry(family, target, self.now, &mut self.rng, &mut arrivals);
        for Arrival { at, twist } in arrivals.drain(..) {
            let mut reply =
                Reply { link: echo.link, source: echo.target, sequence: echo.sequence, token: echo.token, at };
            let mut over = line;
            match twist {
                Twist::None => {}
                Twist::Astray => over = (line + 1) % self.lines.len(),
                Twist::Source => reply.source = a_stranger(),
                Twist::Sequence => reply.sequence = reply.sequence.wrapping_add(1),
                Twist::Token => reply.token ^= 1,
            }
            let genuine = twist == Twist::None || (twist == Twist::Astray && self.lines.len() == 1);
            self.push(at, Event::Heard(over, Heard::Reply(family, reply, genuine.then_some(proof))));
        }
        self.arrivals = arrivals;
    }

    fn ask(&mut self, family: Family, link: LinkId) {
        let line = self.judge.line(link);
        self.log.count(self.now, &(4_u8, family, link));
        if self.lines[line].gateway_answers(family, self.now) {
            let at = self.now + self.rng.time(Duration::from_micros(200), Duration::from_millis(30));
            self.push(at, Event::Heard(line, Heard::NextHop(family)));
        }
    }

    fn choose(&mut self, family: Family, choice: rebootping_core::commit::Choice) {
        self.choices += 1;
        self.log.note(self.now, &(family, format!("{choice:?}")));
        if let Err(wrong) = invariant::choice(&mut self.judge, family, &choice) {
            return self.violated(&wrong);
        }
        let serves = self.lines.iter().any(|line| line.wires[family as usize].served);
        if serves {
            self.gates[family as usize].choose(choice, self.now);
            self.pump(family as usize);
        }
    }

    fn pump(&mut self, family: usize) {
        match self.gates[family].pump(self.now, &mut self.rng, &mut self.log) {
            Ok(later) => later.into_iter().for_each(|(at, what)| self.push(at, Event::Gate(family, what))),
            Err(wrong) => self.violated(&format!("{}: {wrong}", Family::ALL[family])),
        }
    }

    fn check_settled(&mut self) {
        for family in 0..2 {
            if let Err(wrong) = self.gates[family].check_settled(self.now) {
                self.violated(&format!("{}: {wrong}", Family::ALL[family]));
            }
        }
        self.push(self.now + CHECK_EVERY, Event::Check);
    }

    fn check_files(&mut self) {
        for family in 0..2 {
            if let Err(wrong) = self.gates[family].check_files() {
                self.violated(&format!("{}: {wrong}", Family::ALL[family]));
            }
        }
    }

    fn push(&mut self, at: Time, event: Event) {
        self.pushed += 1;
        self.queue.push(Reverse((at, self.pushed, event)));
    }

    fn violated(&mut self, what: &str) {
        self.log.say(self.now, || format!("VIOLATED: {what}"));
        let seconds = self.now.since(Time::BOOT + START).as_secs_f64();
        self.broken.get_or_insert(format!("at {seconds:.6} s: {what}"));
    }
}

/// An address that nobody asked.
fn a_stranger() -> std::net::IpAddr {
    std::net::Ipv4Addr::new(192, 0, 2, 66).into()
}

/// The judge's state file before anything was kept.
pub(crate) fn no_state() -> File<Option<Saved>> {
    File::new(None)
}

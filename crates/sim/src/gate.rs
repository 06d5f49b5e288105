//! The committer of one family in virtual time: the real reconciler before a simulated Shorewall, and what must be true of both.

use crate::log::Log;
use crate::rng::Rng;
use crate::shorewall::{Ending, Shorewall};
use rebootping_core::commit::{Choice, Drain, Firewall, Method, Output, Reconciler, State, StatusFile, Want};
use rebootping_core::link::LinkId;
use rebootping_core::time::Time;
use std::time::Duration;

/// Files and kernel follow a verdict within this while nothing fails.
const SOON: Duration = Duration::from_secs(5);
/// And within this after the last failure: a command that hung, and the longest pause.
const IN_THE_END: Duration = Duration::from_secs(90 + 60 + 20);
/// No verdict needs more steps than this at once.
const MANY: usize = 500;

/// What is to happen to a committer later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Later {
    /// The command of this number ends.
    Ends(u64),
    /// It is time for a look.
    Look,
}

/// One family's committer.
#[derive(Debug)]
pub struct Gate {
    reconciler: Reconciler,
    method: Method,
    /// The firewall it tells.
    pub shorewall: Shorewall,
    choice: Option<Choice>,
    running: Option<(Output, Ending)>,
    ticket: u64,
    look_at: Option<Time>,
    /// Something changed since everything agreed, so commands have a cause.
    has_cause: bool,
    disturbed: Time,
    failed_lately: bool,
    /// Somebody else changed something that no look has shown yet.
    unnoticed: bool,
    /// Commands given so far.
    pub commands: u64,
}

impl Gate {
    /// A committer that starts before a firewall.
    pub fn new(method: Method, shorewall: Shorewall) -> Self {
        Self {
            reconciler: Reconciler::new(method),
            method,
            shorewall,
            choice: None,
            running: None,
            ticket: 0,
            look_at: None,
            has_cause: true,
            disturbed: Time::BOOT,
            failed_lately: false,
            unnoticed: false,
            commands: 0,
        }
    }

    /// A verdict arrives.
    pub fn choose(&mut self, choice: Choice, now: Time) {
        self.reconciler.handle_desired(&choice, now);
        self.choice = Some(choice);
        self.has_cause = true;
        self.disturbed = self.disturbed.max(now);
    }

    /// The committer was killed and starts again; a command in flight ends without it.
    pub fn restart(&mut self, now: Time) {
        if let Some((command, ending)) = self.running.take() {
            if ending.works {
                self.shorewall.act(&command);
            }
        }
        self.ticket += 1;
        self.look_at = None;
        self.reconciler = Reconciler::new(self.method);
        if let Some(choice) = &self.choice {
            self.reconciler.handle_desired(choice, now);
        }
        self.disturb(now);
    }

    /// The links have other places from now on: `places[new]` is the old place. Nothing is wanted until the next verdict.
    pub fn reconfigure(&mut self, places: &[usize], now: Time) {
        self.choice = None;
        self.restart(now);
        self.shorewall.providers = places.iter().map(|&old| self.shorewall.providers[old].clone()).collect();
    }

    /// Somebody else did something, or something fails, until `until`.
    pub fn disturb(&mut self, until: Time) {
        self.has_cause = true;
        self.failed_lately = true;
        self.unnoticed = true;
        self.disturbed = self.disturbed.max(until);
    }

    /// Somebody restarts a firewall that runs.
    pub fn restart_firewall(&mut self, now: Time) {
        if self.shorewall.state == Firewall::Started {
            self.shorewall.start();
        }
        self.disturb(now);
    }

    /// The machine boots again.
    pub fn lose_power(&mut self, now: Time) {
        self.running = None;
        self.shorewall.lose_power(now);
        self.choice = None;
        self.restart(now);
    }

    /// A command ends, or it is time for a look.
    pub fn later(&mut self, what: Later, now: Time) {
        match what {
            Later::Ends(ticket) => {
                if let Some((command, ending)) = self.running.take_if(|_| ticket == self.ticket) {
                    if ending.works {
                        self.shorewall.act(&command);
                    }
                    self.reconciler.handle_finished(&command, ending.result, now);
                }
            }
            Later::Look => {
                self.look_at = self.look_at.filter(|&at| at > now);
                self.look(now);
            }
        }
    }

    fn look(&mut self, now: Time) {
        self.unnoticed = false;
        self.reconciler.handle_observed(self.shorewall.observed(), now);
    }

    /// Does what the reconciler asks, and returns what is to happen later, or what it did wrong.
    pub fn pump(&mut self, now: Time, rng: &mut Rng, log: &mut Log) -> Result<Vec<(Time, Later)>, String> {
        let mut later = Vec::new();
        for _ in 0..MANY {
            let Some(output) = self.reconciler.poll_output() else {
                self.note_rest(now, &mut later);
                return Ok(later);
            };
            log.say(now, || format!("committer: {output:?}"));
            match output {
                Output::Say(_) => {}
                Output::Observe => self.look(now),
                Output::WriteStatus { link, usable } => {
                    let result = self.shorewall.write(link, usable, now);
                    log.count(now, &(2_u8, link.0, usable, result.is_ok()));
                    self.reconciler.handle_finished(&output, result, now);
                    self.check_files()?;
                }
                command => later.push((self.begin(&command, now, rng, log)?, Later::Ends(self.ticket))),
            }
        }
        Err("the committer never comes to rest".into())
    }

    /// What must be true of files and kernel whenever nothing was wrong for a while.
    pub fn check_settled(&self, now: Time) -> Result<(), String> {
        let Some(choice) = &self.choice else { return Ok(()) };
        let bound = if self.failed_lately { IN_THE_END } else { SOON };
        if now.since(self.disturbed) < bound || now < self.shorewall.trouble_ends() + bound {
            return Ok(());
        }
        let started = self.shorewall.state == Firewall::Started;
        let state = self.reconciler.state();
        if state != (if started { State::Applied } else { State::Waiting }) {
            return Err(format!(
                "{state:?} {:?} after the last disturbance: {:?}",
                now.since(self.disturbed),
                self.reconciler.error()
            ));
        }
        for ((link, want), provider) in choice.iter().zip(&self.shorewall.providers) {
            let right = if want.is_in() { StatusFile::Zero } else { StatusFile::One };
            if *provider.file.read() != right {
                return Err(format!("the file of link {} is {:?}, the verdict {want:?}", link.0, provider.file.read()));
            }
            if started && provider.in_kernel != want.is_in() && !self.reconciler.is_left_alone(*link) {
                return Err(format!("link {} in the kernel: {}, the verdict {want:?}", link.0, provider.in_kernel));
            }
            if started
                && *want == Want::In
                && provider.in_kernel
                && !matches!(provider.drain, Drain::Absent | Drain::Impossible)
            {
                return Err(format!("link {} is in and has a drain: {:?}", link.0, provider.drain));
            }
        }
        Ok(())
    }

    /// A `1` stands only beside a `0`, unless somebody else has just overwritten that.
    pub fn check_files(&self) -> Result<(), String> {
        let files: Vec<StatusFile> = self.shorewall.providers.iter().map(|provider| *provider.file.read()).collect();
        let lonely = files.contains(&StatusFile::One)
            && !files.iter().any(|file| matches!(file, StatusFile::Zero | StatusFile::Other));
        if lonely { Err(format!("no status file says 0: {files:?}")) } else { Ok(()) }
    }

    fn begin(&mut self, command: &Output, now: Time, rng: &mut Rng, log: &mut Log) -> Result<Time, String> {
        self.check_command(command)?;
        self.commands += 1;
        self.ticket += 1;
        let ending = self.shorewall.begin(command, now, rng);
        log.count(now, &(3_u8, format!("{command:?}"), ending.works));
        self.failed_lately |= ending.result.is_err() || !ending.works;
        let ends = now + ending.after;
        if !ending.works || ending.result.is_err() {
            self.disturbed = self.disturbed.max(ends);
        }
        self.running = Some((command.clone(), ending));
        Ok(ends)
    }

    /// No command without a change, and none that leaves nobody.
    fn check_command(&self, command: &Output) -> Result<(), String> {
        let link = |link: &LinkId| &self.shorewall.providers[usize::from(link.0)];
        let others_in = |of: &LinkId| (0..).zip(&self.shorewall.providers).any(|(at, it)| at != of.0 && it.in_kernel);
        let wrong = match command {
            Output::Enable(of) => link(of).in_kernel,
            Output::Disable(of) => !link(of).in_kernel || !others_in(of),
            Output::DeleteFlows(of) => link(of).in_kernel || !others_in(of),
            Output::Reload => self.shorewall.providers.iter().all(|it| *it.file.read() == StatusFile::One),
            Output::InstallDrain(of) => link(of).drain == Drain::Installed,
            Output::RemoveDrain(of) => link(of).drain == Drain::Absent,
            Output::WriteStatus { .. } | Output::Observe | Output::Say(_) => false,
        };
        if (wrong && !self.unnoticed) || self.running.is_some() {
            return Err(format!("{command:?} though {:?}, running {:?}", self.shorewall.observed(), self.running));
        }
        if self.has_cause { Ok(()) } else { Err(format!("{command:?} though nothing changed")) }
    }

    fn note_rest(&mut self, now: Time, later: &mut Vec<(Time, Later)>) {
        if self.reconciler.state() == State::Applied && now >= self.disturbed && now >= self.shorewall.trouble_ends() {
            self.has_cause = false;
            self.failed_lately = false;
        }
        let Some(at) = self.reconciler.next_deadline().map(|at| at.max(now + Duration::from_millis(1))) else { return };
        if self.look_at.is_none_or(|before| before > at) {
            self.look_at = Some(at);
            later.push((at, Later::Look));
        }
    }
}

//! The committer's loop: waits for wishes, the kernel or a deadline, then has every family come as far as it can.

mod shown;

use super::family::{FamilyCommitter, Performed};
use super::hooks::{self, Hooks};
use super::inbox::{Ended, Inbox, Wishes};
use super::kernel::Kernel;
use super::{Backend, Choice, Clock, CommitEvent, CommitStatus, Settings, choice, events};
use crate::command;
use crate::committer::exec::Exec;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rebootping_core::commit::{Counts, Event, Output, Want};
use rebootping_core::link::{Family, LinkId};
use rebootping_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How often everything is looked at though nothing was announced: a Shorewall that starts is met within 2 s.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the kernel is asked for everything though it announces each change.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// Outputs done in one turn before the inbox is looked at again; a whole swap of links is about ten.
const OUTPUTS_PER_TURN: usize = 200;

type Tell = Box<dyn Fn(CommitEvent) + Send>;

/// The loop and all it holds.
pub(super) struct Driver {
    settings: Settings,
    clock: Clock,
    tell: Tell,
    inbox: Arc<Inbox>,
    status: Arc<Mutex<CommitStatus>>,
    kernel: Option<Kernel>,
    families: Vec<FamilyCommitter>,
    exec: Option<Exec>,
    exec_generation: u64,
    /// The operator's program's last error, so that it is said once.
    exec_error: Option<String>,
    counts: Counts,
    hooks: Hooks,
    choice: Choice,
    /// What was last said to be changed if choices were carried out.
    would: Vec<String>,
    /// What the hooks were told last.
    told: Choice,
    trouble: Option<String>,
    released: bool,
    /// Runs in flight, of Shorewall and of the operator's program.
    running: usize,
    next_look: Time,
    next_full_look: Time,
    stop_at: Option<Time>,
}

impl Driver {
    pub(super) fn new(
        settings: Settings,
        clock: Clock,
        tell: Tell,
        inbox: Arc<Inbox>,
        status: Arc<Mutex<CommitStatus>>,
    ) -> io::Result<Self> {
        let hooks = Hooks::start(clock, Arc::clone(&inbox))?;
        let mut driver = Self {
            settings,
            clock,
            tell,
            inbox,
            status,
            kernel: None,
            families: Vec::new(),
            exec: None,
            exec_generation: 0,
            exec_error: None,
            counts: Counts::default(),
            hooks,
            choice: Choice::new(),
            would: Vec::new(),
            told: Choice::new(),
            trouble: None,
            released: false,
            running: 0,
            next_look: (clock.boot)(),
            next_full_look: (clock.boot)(),
            stop_at: None,
        };
        driver.configure()?;
        Ok(driver)
    }

    /// Runs until it is told to stop and no command is in flight, or its time to do so is over.
    pub(super) fn run(mut self) {
        loop {
            self.wait();
            let wishes = self.inbox.take();
            self.take_in(wishes);
            if self.stop_at.is_some_and(|at| self.running == 0 || self.now() >= at) {
                self.families.iter_mut().for_each(FamilyCommitter::sync);
                return;
            }
            self.look_if_due();
            for index in 0..self.families.len() {
                self.advance(index);
            }
            self.run_exec();
            self.publish();
        }
    }

    fn now(&self) -> Time {
        (self.clock.boot)()
    }

    fn configure(&mut self) -> io::Result<()> {
        let settings = &self.settings;
        self.families = match settings.backend {
            Backend::Auto | Backend::Shorewall => {
                Family::ALL.iter().map(|family| FamilyCommitter::new(*family, settings)).collect::<io::Result<_>>()?
            }
            Backend::Exec | Backend::Observe => Vec::new(),
        };
        self.exec = (settings.backend == Backend::Exec).then(Exec::default);
        self.exec_generation += 1;
        self.next_look = self.now();
        Ok(())
    }

    fn wait(&mut self) {
        let now = self.now();
        // Without the kernel a deadline leads nowhere; it is opened again at the next look.
        let families =
            self.families.iter().filter(|_| self.kernel.is_some()).filter_map(FamilyCommitter::next_deadline);
        let exec = self.exec.iter().filter_map(Exec::next_deadline);
        let deadline = families.chain(exec).chain(self.stop_at).fold(self.next_look, Time::min);
        // Rounded up, or the last millisecond is spent in circles.
        let timeout = deadline.since(now).as_nanos().div_ceil(1_000_000);
        let timeout = PollTimeout::from(u16::try_from(timeout).unwrap_or(u16::MAX));
        let mut polled = vec![PollFd::new(self.inbox.as_fd(), PollFlags::POLLIN)];
        polled.extend(self.kernel.iter().map(|kernel| PollFd::new(kernel.as_fd(), PollFlags::POLLIN)));
        // An interrupted wait is a short one.
        let _interrupted = poll(&mut polled, timeout).is_err();
    }

    fn take_in(&mut self, wishes: Wishes) {
        let now = self.now();
        for ended in wishes.ended {
            self.take_ended(ended, now);
        }
        if let Some(settings) = wishes.settings {
            self.reconfigure(settings);
        }
        if let Some(choice) = wishes.choice {
            self.desire(choice, now);
        }
        if wishes.release {
            self.release(now);
        }
        if let Some(limit) = wishes.stop_within {
            self.stop_at = Some(now + limit);
        }
    }

    fn reconfigure(&mut self, settings: Settings) {
        if self.released {
            return;
        }
        let before = std::mem::replace(&mut self.settings, settings);
        self.choice.clear();
        self.told.clear();
        if let Err(error) = self.configure() {
            self.say(None, true, format!("the new settings of the committer cannot be used: {error}"));
            self.settings = before;
        }
    }

    fn desire(&mut self, choice: Choice, now: Time) {
        if self.released {
            return;
        }
        for family in &mut self.families {
            family.desire(&choice, now);
        }
        if let Some(exec) = &mut self.exec {
            exec.handle_desired(&choice, now);
        }
        let changed = choice::changed(&self.choice, &choice);
        self.choice = choice;
        if !changed.is_empty() && self.exec.is_none() {
            self.say_what_would_be(&changed);
        }
    }

    /// Families in which nobody carries out the choice: what would be done is said, and the hooks are told all the same.
    fn say_what_would_be(&mut self, changed: &BTreeSet<LinkId>) {
        let idle: Vec<Family> = Family::ALL.into_iter().filter(|family| !self.is_committing(*family)).collect();
        // Before the first look it is not known who will carry it out.
        if self.families.iter().any(|family| !family.is_read()) || changed.is_empty() {
            return;
        }
        let would: Vec<String> = idle.iter().filter_map(|family| self.what_would_be(*family)).collect();
        // That every link is used is how it is without us.
        if would != std::mem::replace(&mut self.would, would.clone()) {
            let would = if would.is_empty() { "every link would be used".to_owned() } else { would.join("; ") };
            self.say(None, false, format!("observing: {would}"));
        }
        self.tell_hooks(&idle);
    }

    /// What a choice that nobody carries out would change; nothing if every link is in.
    fn what_would_be(&self, family: Family) -> Option<String> {
        let links = |is_in: bool| {
            let of_family =
                self.choice.iter().filter(move |((name, _), wanted)| *name == family && wanted.want.is_in() == is_in);
            of_family.map(|((_, link), _)| self.name(*link)).collect::<Vec<_>>().join(" and ")
        };
        let (used, left) = (links(true), links(false));
        let family = if family == Family::Ipv4 { "IPv4" } else { "IPv6" };
        (!left.is_empty()).then(|| format!("{family} would leave {left} and use {used}"))
    }

    fn is_committing(&self, family: Family) -> bool {
        self.exec.is_some() || self.families.iter().any(|it| it.family == family && it.is_committing())
    }

    fn release(&mut self, now: Time) {
        self.released = true;
        self.families.iter_mut().for_each(|family| family.release(now));
        self.choice.values_mut().for_each(|wanted| wanted.want = Want::In);
        if let Some(exec) = &mut self.exec {
            exec.handle_release(&self.choice, now);
        }
    }

    fn take_ended(&mut self, ended: Ended, now: Time) {
        match ended {
            Ended::Shorewall { family, generation, output, result } => {
                self.running = self.running.saturating_sub(1);
                self.take_command_ended(family, generation, &output, result, now);
            }
            Ended::Exec { generation, result } => {
                self.running = self.running.saturating_sub(1);
                self.take_exec_ended(generation, result, now);
            }
            Ended::Hook { program, result } => match result {
                Ok(()) => self.say(None, false, format!("hook {program} was told")),
                Err(error) => self.say(None, true, format!("hook {program} failed: {error}")),
            },
        }
    }

    fn take_command_ended(
        &mut self,
        family: Family,
        generation: u64,
        output: &Output,
        result: Result<Option<String>, String>,
        now: Time,
    ) {
        if let Err(error) = self.ask_kernel() {
            self.lose_kernel(&error);
        }
        let Some(family) = self.families.iter_mut().find(|it| it.family == family) else { return };
        let explain = |warning| self.kernel.as_ref().map_or(Ok(()), |kernel| family.explain(output, warning, kernel));
        let result = result.and_then(explain);
        family.finish(generation, output, result, now);
    }

    fn take_exec_ended(&mut self, generation: u64, result: Result<(), String>, now: Time) {
        let Some(exec) = self.exec.as_mut().filter(|_| generation == self.exec_generation) else { return };
        let error = result.clone().err();
        let applied = exec.handle_finished(result, now).is_some();
        self.counts.failed += u64::from(error.is_some());
        let program = self.settings.command.first().cloned().unwrap_or_default();
        if error.is_some() && error != self.exec_error {
            let error = error.as_deref().unwrap_or_default();
            self.say(None, true, format!("not applied: {program}: {error}; it is tried again until it succeeds"));
        }
        self.exec_error = error;
        if applied {
            self.counts.applied += 1;
            self.say(None, false, format!("{program} has applied the choice"));
            self.tell_hooks(&Family::ALL);
        }
    }

    fn look_if_due(&mut self) {
        let now = self.now();
        let heard = match self.kernel.as_mut().map(Kernel::hear) {
            Some(Ok(changed)) => changed,
            Some(Err(error)) => self.lose_kernel(&error),
            None => false,
        };
        let waited_for = self.families.iter().filter_map(FamilyCommitter::next_deadline).any(|at| at <= now);
        if now >= self.next_look {
            self.next_look = now + LOOK_EVERY;
            self.read_configurations();
        } else if !heard && !waited_for {
            return;
        }
        self.look();
    }

    /// The kernel announces changes; asking for everything is for what it may have failed to announce.
    fn is_full_look_due(&mut self, now: Time) -> bool {
        let due = now >= self.next_full_look;
        if due {
            self.next_full_look = now + ASK_EVERY;
        }
        due
    }

    fn read_configurations(&mut self) {
        let mut said = Vec::new();
        for family in &mut self.families {
            let first = !family.is_read();
            said.extend(family.read_configuration(&self.settings, &self.choice, self.clock));
            if first && self.released {
                family.release((self.clock.boot)());
            }
        }
        let all = self.choice.keys().map(|(_, link)| *link).collect();
        if !said.is_empty() && self.exec.is_none() {
            for event in said {
                (self.tell)(event);
            }
            self.say_what_would_be(&all);
        }
    }

    fn look(&mut self) {
        if !self.families.iter().any(|family| family.state().is_some()) {
            return;
        }
        let now = self.now();
        let must_ask = self.is_full_look_due(now) || self.kernel.is_none();
        if let Err(error) = if must_ask { self.ask_kernel() } else { Ok(()) } {
            self.lose_kernel(&error);
            return;
        }
        self.trouble = None;
        let Some(kernel) = &mut self.kernel else { return };
        for family in &mut self.families {
            family.look(kernel, now);
        }
    }

    /// A complete and fresh view, opened where there is none.
    fn ask_kernel(&mut self) -> io::Result<()> {
        if self.kernel.is_none() {
            self.kernel = Some(Kernel::open()?);
        }
        self.kernel.as_mut().map_or(Ok(()), Kernel::look)
    }

    /// It is opened again at the next look.
    fn lose_kernel(&mut self, error: &io::Error) -> bool {
        self.kernel = None;
        let text = format!("not applied: the kernel's routes and rules cannot be read: {error}");
        if self.trouble.as_ref() != Some(&text) {
            self.say(None, true, text.clone());
        }
        self.trouble = Some(text);
        false
    }

    /// Does one family's outputs until it has none, or waits for a command.
    fn advance(&mut self, index: usize) {
        for _ in 0..OUTPUTS_PER_TURN {
            if self.kernel.is_none() {
                return;
            }
            let Some(family) = self.families.get_mut(index) else { return };
            let Some(output) = family.poll_output() else {
                if self.running == 0 {
                    family.sync();
                }
                return;
            };
            match output {
                Output::Say(event) => self.say_event(index, &event),
                Output::Observe => {
                    if let Err(error) = self.ask_kernel() {
                        self.lose_kernel(&error);
                    }
                    self.perform(index, &Output::Observe);
                }
                output => self.perform(index, &output),
            }
        }
        self.next_look = self.now();
    }

    fn perform(&mut self, index: usize, output: &Output) {
        let now = self.now();
        let (Some(family), Some(kernel)) = (self.families.get_mut(index), &mut self.kernel) else { return };
        let Performed::Runs(command) = family.perform(output, kernel, &self.settings, now) else { return };
        let (name, generation) = (family.family, family.generation());
        let (inbox, clock, output) = (Arc::clone(&self.inbox), self.clock, output.clone());
        self.in_a_thread(move || {
            let ended = command::run(&command, clock.boot).map_err(|error| format!("it cannot be run: {error}"));
            let result = ended.and_then(|ended| {
                let warning = ended.last_line("WARNING");
                ended.into_result().map(|()| warning)
            });
            inbox.put(|wishes| wishes.ended.push(Ended::Shorewall { family: name, generation, output, result }));
        });
    }

    fn run_exec(&mut self) {
        let now = self.now();
        let Some((wanted, changed)) = self.exec.as_mut().and_then(|exec| exec.poll_output(now)) else { return };
        let document = self.document(&wanted, &changed);
        let (line, timeout) = (self.settings.command.clone(), self.settings.timeout);
        let (inbox, clock, generation) = (Arc::clone(&self.inbox), self.clock, self.exec_generation);
        self.in_a_thread(move || {
            let result = hooks::run(&line, document, timeout, clock);
            inbox.put(|wishes| wishes.ended.push(Ended::Exec { generation, result }));
        });
    }

    /// Runs something that may take long. If there can be no thread, the loop has to wait for it: a commit comes first.
    fn in_a_thread(&mut self, run: impl FnOnce() + Send + 'static) {
        self.running += 1;
        let run = Arc::new(Mutex::new(Some(run)));
        let theirs = Arc::clone(&run);
        let take = |run: &Mutex<Option<_>>| run.lock().unwrap_or_else(PoisonError::into_inner).take();
        let spawned = thread::Builder::new().name("command".into()).spawn(move || take(&theirs).map(|run| run()));
        if spawned.is_err() {
            // The thread that never was has left it here.
            if let Some(run) = take(&run) {
                run();
            }
        }
    }

    fn say_event(&mut self, index: usize, event: &Event) {
        let Some(family) = self.families.get(index).map(|it| it.family) else { return };
        (self.tell)(events::describe(event, family, |link| self.name(link)));
        match event {
            Event::Applied { .. } => {
                self.counts.applied += 1;
                self.tell_hooks(&[family]);
            }
            Event::Released => self.tell_hooks(&[family]),
            Event::Failed { .. } => self.counts.failed += 1,
            Event::Waiting | Event::PutRight { .. } | Event::LeftAlone { .. } => {}
        }
    }

    /// Tells the hooks what is new in these families since they were last told.
    fn tell_hooks(&mut self, families: &[Family]) {
        let theirs = |key: &(Family, LinkId)| families.contains(&key.0);
        let mut told = self.told.clone();
        told.retain(|key, _| !theirs(key));
        told.extend(self.choice.iter().filter(|(key, _)| theirs(key)));
        let changed = choice::changed(&self.told, &told);
        self.told = told;
        if changed.is_empty() {
            return;
        }
        let document = self.document(&self.choice, &changed);
        if let Err(error) = self.hooks.tell(&self.settings, document) {
            self.say(None, true, error);
        }
    }

    fn document(&self, wanted: &Choice, changed: &BTreeSet<LinkId>) -> Vec<u8> {
        let providers: BTreeMap<LinkId, String> =
            self.families.iter().flat_map(FamilyCommitter::provider_names).collect();
        choice::document(&(self.clock.wall)(), &self.settings.links, &providers, wanted, changed)
    }

    fn name(&self, link: LinkId) -> String {
        let named = self.settings.links.iter().find(|it| it.id == link);
        named.map_or_else(|| format!("link {}", link.0), |it| it.name.clone())
    }

    fn say(&self, link: Option<LinkId>, is_trouble: bool, text: String) {
        (self.tell)(CommitEvent { family: None, link, is_trouble, took: None, text });
    }
}

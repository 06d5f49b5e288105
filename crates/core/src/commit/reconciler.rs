//! The machine that holds a verdict, what was last found, and what is under way, and asks [`plan`] for the next step.

use super::drift::{Drifts, Ruling, WayOut};
use super::plan::{self, View};
use super::trouble::{Subject, Troubles};
use super::{Choice, Drain, Event, Firewall, Method, Observed, Output, State, Step, Want};
use crate::link::{Leave, LinkId};
use crate::time::Time;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::{String, ToString};

/// The failure in a row that is answered by a reload, once.
const RELOAD_AT_FAILURE: u32 = 3;
/// Events kept for a caller that does not poll; the oldest go first.
const EVENTS: usize = 64;

/// What the operator has us do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mandate {
    /// Bring the firewall to each verdict.
    Commit,
    /// Bring every link in, then keep off.
    GiveBack,
    /// Keep off.
    Observe,
}

/// One family's reconciler; the rules are those of the [module](super).
#[derive(Debug)]
pub struct Reconciler {
    method: Method,
    desired: Choice,
    observed: Option<Observed>,
    /// Links to be cut whose flows are still to be deleted.
    doomed: BTreeSet<LinkId>,
    /// Links seen as wanted since they were last wanted otherwise: what changes them now is not our doing.
    settled: BTreeSet<LinkId>,
    drifts: Drifts,
    troubles: Troubles,
    writing: Option<Output>,
    running: Option<Output>,
    /// The command that ended last, with its error, until a look has shown what it did.
    unverified: Option<(Output, Option<String>)>,
    look: bool,
    /// Since when there has been something to apply.
    unapplied: Option<Time>,
    said_waiting: bool,
    mandate: Mandate,
    events: VecDeque<Event>,
    now: Time,
}

impl Reconciler {
    /// A reconciler that wants nothing yet and has seen nothing.
    pub fn new(method: Method) -> Self {
        Self {
            method,
            desired: Choice::new(),
            observed: None,
            doomed: BTreeSet::new(),
            settled: BTreeSet::new(),
            drifts: Drifts::default(),
            troubles: Troubles::default(),
            writing: None,
            running: None,
            unverified: None,
            look: true,
            unapplied: None,
            said_waiting: false,
            mandate: Mandate::Commit,
            events: VecDeque::new(),
            now: Time::BOOT,
        }
    }

    /// The latest verdict; it replaces the one before, applied or not. Ignored once everything is being given back.
    pub fn handle_desired(&mut self, choice: &Choice, now: Time) {
        if self.mandate == Mandate::Commit {
            self.want(choice, now);
        }
    }

    /// These and all links seen so far are to be given back: all in, no drain left. When the kernel shows it, nothing is
    /// committed any more.
    pub fn handle_release(&mut self, links: impl IntoIterator<Item = LinkId>, now: Time) {
        if self.mandate != Mandate::Commit {
            return;
        }
        let known = self.observed.iter().flat_map(|observed| observed.links.keys().copied());
        let all: Choice = links.into_iter().chain(known).map(|link| (link, Want::In)).collect();
        self.mandate = Mandate::GiveBack;
        self.want(&all, now);
    }

    /// The firewall is to be told in another way from now on.
    pub fn handle_method(&mut self, method: Method) {
        self.method = method;
    }

    /// What was found, at any time and at the latest at [`next_deadline`](Self::next_deadline).
    pub fn handle_observed(&mut self, observed: Observed, now: Time) {
        self.now = now;
        self.look = false;
        let first = self.observed.is_none();
        let before = self.observed.replace(observed);
        if first {
            self.doom_what_is_found_in();
        }
        if self.running.is_some() || self.mandate == Mandate::Observe {
            return;
        }
        let started = self.firewall() == Firewall::Started;
        match (self.unverified.take(), started) {
            (Some((command, error)), true) => self.judge_command(&command, error, before.as_ref()),
            (Some((command, error)), false) if is_about_flows(&command) => {
                self.judge_command(&command, error, before.as_ref());
            }
            (Some((command, Some(error))), false) => self.say_failed(&command, error),
            (None, true) => self.judge_drift(),
            (Some((_, None)) | None, false) => {}
        }
        if started {
            self.said_waiting = false;
        } else {
            self.wait_for_start();
        }
        self.note_agreement();
    }

    /// An output was done, or failed with these words.
    pub fn handle_finished(&mut self, output: &Output, result: Result<(), String>, now: Time) {
        self.now = now;
        if let Output::WriteStatus { link, usable } = *output {
            self.writing = None;
            match result {
                Ok(()) => self.note_file(link, usable),
                Err(error) => self.fail(Subject::File(link), Step::WriteStatus, Some(link), error),
            }
            self.note_agreement();
            return;
        }
        self.running = None;
        if let (Output::DeleteFlows(link), Ok(())) = (output, &result) {
            self.doomed.remove(link);
        }
        self.unverified = Some((output.clone(), result.err()));
        self.look = true;
    }

    /// What to do next; nothing when there is nothing to do now.
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(event) = self.events.pop_front() {
            return Some(Output::Say(event));
        }
        if self.mandate == Mandate::Observe || self.desired.is_empty() {
            return None;
        }
        if core::mem::take(&mut self.look) {
            return Some(Output::Observe);
        }
        self.next_write().or_else(|| self.next_command())
    }

    /// When a fresh look is wanted although nobody said anything; `None`: never.
    pub fn next_deadline(&self) -> Option<Time> {
        let deadlines = [self.troubles.next_deadline(self.now), self.drifts.next_deadline(self.now)];
        deadlines.into_iter().flatten().min().filter(|_| self.mandate != Mandate::Observe)
    }

    /// How far the verdict has come.
    pub fn state(&self) -> State {
        match &self.observed {
            _ if self.mandate == Mandate::Observe => State::Observing,
            _ if self.troubles.worst().is_some() => State::Failing,
            Some(observed) if observed.firewall != Firewall::Started => State::Waiting,
            Some(_) if self.is_applied() => State::Applied,
            Some(_) | None => State::Pending,
        }
    }

    /// What has failed most often, in words, while something is failing.
    pub fn error(&self) -> Option<&str> {
        self.troubles.worst().map(|(_, _, error)| error)
    }

    /// The link's status file and the kernel agree with the verdict.
    pub fn is_committed(&self, link: LinkId) -> bool {
        let agreed = self.with_view(plan::agreements).and_then(|all| all.get(&link).copied());
        self.firewall() == Firewall::Started && agreed.is_some_and(|agreed| agreed.file && agreed.kernel)
    }

    /// Somebody else changed the link, twice within the hour, and it stays so.
    pub fn is_left_alone(&self, link: LinkId) -> bool {
        self.drifts.is_left_alone(link)
    }

    fn want(&mut self, choice: &Choice, now: Time) {
        self.now = now;
        for (link, want) in choice {
            let before = self.desired.get(link).copied();
            if before != Some(*want) {
                self.change_of_mind(*link, before, *want);
                self.unapplied = Some(now);
            }
        }
        self.doomed.retain(|link| choice.get(link) == Some(&Want::Out(Leave::Cut)));
        self.desired = choice.clone();
        self.leave_nobody_out_where_nobody_is_in();
        self.note_agreement();
    }

    /// What somebody else disabled stays so only while another chosen link is in.
    fn leave_nobody_out_where_nobody_is_in(&mut self) {
        if !self.nobody_is_in() {
            return;
        }
        for (link, _) in self.desired.iter().filter(|(_, want)| want.is_in()) {
            self.settled.remove(link);
            self.drifts.forget(*link);
        }
    }

    /// A change from drain to cut, or between in and out, begins with a clean record. Flows are doomed by a cut.
    fn change_of_mind(&mut self, link: LinkId, before: Option<Want>, want: Want) {
        self.troubles.clear(Subject::Flows(link));
        if before.map(Want::is_in) != Some(want.is_in()) {
            self.troubles.clear(Subject::Kernel(link));
            self.settled.remove(&link);
            self.drifts.forget(link);
        }
        let found_in = self.observed.as_ref().and_then(|it| it.links.get(&link)).is_some_and(|actual| actual.in_kernel);
        if want == Want::Out(Leave::Cut) && (before.is_some() || found_in) {
            self.doomed.insert(link);
        }
    }

    /// At the first look: a link found in use that is to be cut has flows to be deleted.
    fn doom_what_is_found_in(&mut self) {
        let Some(observed) = &self.observed else { return };
        let in_use = observed.links.iter().filter(|(_, actual)| actual.in_kernel || actual.drain == Drain::Installed);
        let cut = in_use.map(|(link, _)| *link).filter(|link| self.desired.get(link) == Some(&Want::Out(Leave::Cut)));
        self.doomed.extend(cut);
    }

    /// What the firewall was told, and what others did to it, is void: it begins anew from the files when it starts.
    fn wait_for_start(&mut self) {
        self.settled.clear();
        self.drifts = Drifts::default();
        for link in self.desired.keys() {
            self.troubles.clear(Subject::Kernel(*link));
        }
        if !self.said_waiting && self.mandate == Mandate::Commit {
            self.said_waiting = true;
            self.unapplied = self.unapplied.or(Some(self.now));
            self.say(Event::Waiting);
        }
    }

    /// Compares what a command of ours was to do with what the kernel shows. What it did besides is ours to mend at once.
    fn judge_command(&mut self, command: &Output, error: Option<String>, before: Option<&Observed>) {
        let undone = self.undone(command, before);
        let (step, link) = step_of(command);
        let subjects = self.subjects_of(command);
        match (undone, error) {
            (false, None) => {}
            (false, Some(error)) => self.say_failed(command, error),
            (true, error) => {
                let error = error.unwrap_or_else(|| "it was reported done, but the kernel shows otherwise".to_string());
                for subject in subjects {
                    self.fail(subject, step, link, error.clone());
                }
            }
        }
        self.settle();
    }

    /// The command's effect is missing, or another chosen link that was in before it is no longer.
    fn undone(&self, command: &Output, before: Option<&Observed>) -> bool {
        let Some(observed) = &self.observed else { return false };
        let actual = |link: &LinkId| observed.links.get(link);
        let lost = |but: &LinkId| {
            let was_in =
                |link: &LinkId| before.and_then(|it| it.links.get(link)).is_some_and(|actual| actual.in_kernel);
            let chosen = self.desired.iter().filter(|(link, want)| want.is_in() && *link != but);
            chosen
                .map(|(link, _)| link)
                .any(|link| was_in(link) && actual(link).is_some_and(|actual| !actual.in_kernel))
        };
        match command {
            Output::Enable(link) => actual(link).is_some_and(|actual| !actual.in_kernel) || lost(link),
            Output::Disable(link) => actual(link).is_some_and(|actual| actual.in_kernel) || lost(link),
            Output::Reload => !self.differing().is_empty(),
            Output::InstallDrain(link) => {
                actual(link).is_some_and(|it| matches!(it.drain, Drain::Absent | Drain::Partial))
            }
            Output::RemoveDrain(link) => {
                actual(link).is_some_and(|it| matches!(it.drain, Drain::Installed | Drain::Partial))
            }
            Output::DeleteFlows(link) => self.doomed.contains(link),
            Output::WriteStatus { .. } | Output::Observe | Output::Say(_) => false,
        }
    }

    /// Whose failure the command's is: a reload's is that of every link it was to move.
    fn subjects_of(&self, command: &Output) -> BTreeSet<Subject> {
        match command {
            Output::Enable(link) | Output::Disable(link) => BTreeSet::from([Subject::Kernel(*link)]),
            Output::Reload => self.differing().into_iter().map(Subject::Kernel).collect(),
            Output::InstallDrain(link) | Output::RemoveDrain(link) | Output::DeleteFlows(link) => {
                BTreeSet::from([Subject::Flows(*link)])
            }
            Output::WriteStatus { link, .. } => BTreeSet::from([Subject::File(*link)]),
            Output::Observe | Output::Say(_) => BTreeSet::new(),
        }
    }

    /// A link that agreed and no longer does, without a command of ours, was changed by somebody else.
    fn judge_drift(&mut self) {
        let way_out = self.with_view(plan::way_out).unwrap_or(WayOut::Chosen);
        for link in self.differing() {
            if !self.settled.contains(&link) {
                continue;
            }
            let enabled = self.desired.get(&link).is_some_and(|want| !want.is_in());
            match self.drifts.differs(link, way_out, self.now) {
                Ruling::Wait => {}
                Ruling::PutRight => {
                    self.settled.remove(&link);
                    self.unapplied = self.unapplied.or(Some(self.now));
                    self.say(Event::PutRight { link, enabled });
                }
                Ruling::LeaveAlone => self.say(Event::LeftAlone { link, enabled }),
            }
        }
    }

    /// After a command of ours, only what agrees is settled.
    fn settle(&mut self) {
        for link in self.differing() {
            if !self.drifts.holds(link) {
                self.settled.remove(&link);
            }
        }
    }

    /// The links whose place in the kernel is not the one wanted.
    fn differing(&self) -> BTreeSet<LinkId> {
        let Some(observed) = &self.observed else { return BTreeSet::new() };
        let wanted =
            observed.links.iter().filter_map(|(link, actual)| Some((*link, *self.desired.get(link)?, *actual)));
        wanted.filter(|(_, want, actual)| !plan::kernel_agrees(*want, *actual)).map(|(link, _, _)| link).collect()
    }

    /// Forgets the troubles of what is as it should be, and says so when everything is.
    fn note_agreement(&mut self) {
        let started = self.firewall() == Firewall::Started;
        for (link, agreed) in self.with_view(plan::agreements).unwrap_or_default() {
            if started && agreed.kernel {
                self.settled.insert(link);
                self.drifts.agrees(link);
                self.troubles.clear(Subject::Kernel(link));
            }
            if agreed.file {
                self.troubles.clear(Subject::File(link));
            }
            if agreed.flows {
                self.troubles.clear(Subject::Flows(link));
            }
        }
        if !self.is_applied() {
            return;
        }
        if self.mandate == Mandate::GiveBack {
            self.given_back();
        } else if let Some(since) = self.unapplied.take_if(|_| started) {
            self.say(Event::Applied { took: self.now.since(since) });
        }
    }

    fn given_back(&mut self) {
        self.mandate = Mandate::Observe;
        self.say(Event::Released);
    }

    /// Nothing differs but what is left alone. While the firewall does not run, only what needs no firewall counts.
    fn is_applied(&self) -> bool {
        let idle = self.writing.is_none() && self.running.is_none() && self.unverified.is_none();
        let started = self.firewall() == Firewall::Started;
        let done = |link: LinkId, agreed: plan::Agreement| {
            let wanted_in = self.desired.get(&link).is_some_and(|want| want.is_in());
            agreed.file
                && if started {
                    (agreed.kernel && agreed.flows) || self.drifts.is_left_alone(link)
                } else {
                    agreed.flows || !wanted_in
                }
        };
        idle && self
            .with_view(plan::agreements)
            .is_some_and(|all| all.into_iter().all(|(link, agreed)| done(link, agreed)))
    }

    fn next_write(&mut self) -> Option<Output> {
        if self.writing.is_some() {
            return None;
        }
        self.writing = self.with_view(plan::next_write)?;
        self.writing.clone()
    }

    fn next_command(&mut self) -> Option<Output> {
        if self.running.is_some() || self.unverified.is_some() {
            return None;
        }
        self.running = self.with_view(plan::next_command)?;
        self.running.clone()
    }

    /// No chosen link is in the kernel, as far as was seen.
    fn nobody_is_in(&self) -> bool {
        self.with_view(|view| !view.a_chosen_link_is_in()).unwrap_or(false)
    }

    /// Asks `question` about what is wanted and found; nothing before the first look.
    fn with_view<T>(&self, question: impl FnOnce(&View<'_>) -> T) -> Option<T> {
        let failures = |link: &LinkId| self.troubles.failures(Subject::Kernel(*link));
        let failed_to_come_in = |(link, want): (&LinkId, &Want)| want.is_in() && failures(link) > 0;
        Some(question(&View {
            desired: &self.desired,
            observed: self.observed.as_ref()?,
            method: self.method,
            doomed: &self.doomed,
            one_failed_to_come_in: self.desired.iter().any(failed_to_come_in),
            is_stubborn: &|link| failures(&link) == RELOAD_AT_FAILURE,
            held: &|subject| self.is_held(subject),
            failed: &|subject| self.troubles.failures(subject) > 0,
        }))
    }

    /// It failed a moment ago, or somebody else changed it and is given time, or his way.
    fn is_held(&self, subject: Subject) -> bool {
        let drifted = match subject {
            Subject::Kernel(link) => self.drifts.holds(link),
            Subject::File(_) | Subject::Flows(_) => false,
        };
        drifted || self.troubles.is_pausing(subject, self.now)
    }

    fn note_file(&mut self, link: LinkId, usable: bool) {
        self.troubles.clear(Subject::File(link));
        if let Some(actual) = self.observed.as_mut().and_then(|observed| observed.links.get_mut(&link)) {
            actual.file = if usable { super::StatusFile::Zero } else { super::StatusFile::One };
        }
    }

    fn firewall(&self) -> Firewall {
        self.observed.as_ref().map_or(Firewall::Absent, |observed| observed.firewall)
    }

    fn fail(&mut self, subject: Subject, what: Step, link: Option<LinkId>, error: String) {
        let retry_in = Some(self.troubles.add(subject, what, &error, self.now));
        self.unapplied = self.unapplied.or(Some(self.now));
        self.say(Event::Failed { what, link, error, retry_in });
    }

    /// A command failed, though what it was for is there, or has become void.
    fn say_failed(&mut self, command: &Output, error: String) {
        let (what, link) = step_of(command);
        self.say(Event::Failed { what, link, error, retry_in: None });
    }

    fn say(&mut self, event: Event) {
        if self.events.len() >= EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

/// The command needs no firewall, so its effect shows whether that runs or not.
fn is_about_flows(command: &Output) -> bool {
    matches!(command, Output::InstallDrain(_) | Output::RemoveDrain(_) | Output::DeleteFlows(_))
}

fn step_of(output: &Output) -> (Step, Option<LinkId>) {
    match output {
        Output::WriteStatus { link, .. } => (Step::WriteStatus, Some(*link)),
        Output::Enable(link) => (Step::Enable, Some(*link)),
        Output::Disable(link) => (Step::Disable, Some(*link)),
        Output::InstallDrain(link) => (Step::InstallDrain, Some(*link)),
        Output::RemoveDrain(link) => (Step::RemoveDrain, Some(*link)),
        Output::DeleteFlows(link) => (Step::DeleteFlows, Some(*link)),
        Output::Reload | Output::Observe | Output::Say(_) => (Step::Reload, None),
    }
}

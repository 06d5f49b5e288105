//! One family's Shorewall with its reconciler: what is observed for it, and how each of its outputs is done.

use super::kernel::Kernel;
use super::providers::{self, Provider};
use super::shorewall::{Action, Shorewall, product};
use super::status_files::StatusFiles;
use super::{Backend, Choice, Clock, CommitEvent, LinkSettings, Settings, consent};
use crate::command::Command;
use rebootping_core::commit::{Actual, Firewall, Method, Observed, Output, Reconciler, State, StatusFile};
use rebootping_core::link::{Family, LinkId};
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;

/// One family.
pub(super) struct FamilyCommitter {
    pub(super) family: Family,
    shorewall: Shorewall,
    files: StatusFiles,
    fingerprint: Vec<Option<(i64, i64, u64)>>,
    providers: BTreeMap<LinkId, Provider>,
    gateways: BTreeMap<LinkId, IpAddr>,
    /// There while it commits, or gives back what it committed.
    reconciler: Option<Reconciler>,
    consents: bool,
    /// Tells reconcilers apart: one that is replaced may have left a command running.
    generation: u64,
}

/// What became of an output.
pub(super) enum Performed {
    /// The reconciler knows already.
    Done,
    /// A command is to be run, and its end told to [`FamilyCommitter::finish`].
    Runs(Command),
}

impl FamilyCommitter {
    pub(super) fn new(family: Family, settings: &Settings) -> io::Result<Self> {
        let shorewall = Shorewall::of(family);
        let template = match family {
            Family::Ipv4 => &settings.status_file,
            Family::Ipv6 => &settings.status_file6,
        };
        let files = StatusFiles::new(template.as_deref(), shorewall.vardir())?;
        Ok(Self {
            family,
            shorewall,
            files,
            fingerprint: Vec::new(),
            providers: BTreeMap::new(),
            gateways: BTreeMap::new(),
            reconciler: None,
            consents: false,
            generation: 0,
        })
    }

    /// Reads Shorewall's configuration again if it may have changed, and asks for consent; says what became of that.
    pub(super) fn read_configuration(
        &mut self,
        settings: &Settings,
        choice: &Choice,
        clock: Clock,
    ) -> Option<CommitEvent> {
        let fingerprint = self.shorewall.fingerprint();
        if fingerprint == self.fingerprint {
            return None;
        }
        let first = self.fingerprint.is_empty();
        self.fingerprint = fingerprint;
        let found = self.shorewall.providers();
        let broken_enable = self.family == Family::Ipv6 && providers::has_balance(&found);
        let method = if broken_enable { Method::Reload } else { settings.method };
        self.providers = settings.links.iter().filter_map(|link| Some((link.id, provider_of(link, &found)?))).collect();
        let consented = std::mem::replace(&mut self.consents, false);
        self.consents = !self.providers.is_empty() && self.asked(settings, clock);
        let now = (clock.boot)();
        match (self.consents, &mut self.reconciler) {
            (true, Some(reconciler)) if consented => reconciler.handle_method(method),
            (true, _) => self.begin(method, choice, now),
            (false, Some(reconciler)) => reconciler.handle_release(self.providers.keys().copied(), now),
            (false, None) => {}
        }
        self.write_trust(settings).or_else(|| self.say_consent(first, consented))
    }

    /// The latest choice, as far as it is about this family.
    pub(super) fn desire(&mut self, choice: &Choice, now: Time) {
        let ours = choice.iter().filter(|((family, _), _)| *family == self.family);
        self.gateways.extend(ours.clone().filter_map(|((_, link), wanted)| Some((*link, wanted.gateway?))));
        if let Some(reconciler) = &mut self.reconciler {
            reconciler.handle_desired(&ours.map(|((_, link), wanted)| (*link, wanted.want)).collect(), now);
        }
    }

    pub(super) fn release(&mut self, now: Time) {
        if let Some(reconciler) = &mut self.reconciler {
            reconciler.handle_release(self.providers.keys().copied(), now);
        }
    }

    /// Shows the reconciler what the files, Shorewall and `kernel` look like now.
    pub(super) fn look(&mut self, kernel: &mut Kernel, now: Time) {
        let Some(reconciler) = &mut self.reconciler else { return };
        let mask = mask(&self.shorewall);
        let mut links = BTreeMap::new();
        for (link, provider) in &self.providers {
            if let (Some(mark), Some(mask)) = (provider.mark, mask) {
                kernel.assume_mark(self.family, provider.number, (mark, mask));
            }
            let (in_kernel, drain) = kernel.observe(self.family, provider, self.gateways.get(link).copied());
            links.insert(*link, Actual { file: self.files.read(&provider.interface), in_kernel, drain });
        }
        let firewall = self.shorewall.state(kernel.has_rules(self.family));
        reconciler.handle_observed(Observed { firewall, links }, now);
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.reconciler.as_mut()?.poll_output()
    }

    /// Does what can be done at once; hands back a command to be run.
    pub(super) fn perform(
        &mut self,
        output: &Output,
        kernel: &mut Kernel,
        settings: &Settings,
        now: Time,
    ) -> Performed {
        let result = match output {
            Output::WriteStatus { link, usable } => {
                self.on(*link, |it, provider| it.files.write(&provider.interface, *usable))
            }
            Output::InstallDrain(link) => {
                self.on(*link, |it, provider| kernel.install_drain(it.family, provider, it.gateways.get(link).copied()))
            }
            Output::RemoveDrain(link) => self.on(*link, |it, provider| kernel.remove_drain(it.family, provider)),
            Output::DeleteFlows(link) => self.on(*link, |it, provider| kernel.delete_flows(it.family, provider)),
            Output::Enable(link) => match self.providers.get(link) {
                Some(provider) if kernel.is_believed_enabled(self.family, provider) => {
                    return Performed::Runs(self.reload(settings));
                }
                Some(provider) => {
                    return Performed::Runs(self.shorewall.command(Action::Enable(provider), settings.timeout));
                }
                None => Err(no_provider()),
            },
            Output::Disable(link) => match self.providers.get(link) {
                Some(provider) if self.must_reload_for(provider, kernel) => {
                    return Performed::Runs(self.reload(settings));
                }
                Some(provider) => {
                    return Performed::Runs(self.shorewall.command(Action::Disable(provider), settings.timeout));
                }
                None => Err(no_provider()),
            },
            Output::Reload => return Performed::Runs(self.reload(settings)),
            Output::Observe => {
                self.look(kernel, now);
                return Performed::Done;
            }
            Output::Say(_) => return Performed::Done,
        };
        self.finish(self.generation, output, result, now);
        Performed::Done
    }

    /// A command has ended.
    pub(super) fn finish(&mut self, generation: u64, output: &Output, result: Result<(), String>, now: Time) {
        if let Some(reconciler) = self.reconciler.as_mut().filter(|_| generation == self.generation) {
            reconciler.handle_finished(output, result, now);
        }
    }

    /// What a command that says it succeeded has failed to do, in words that help; `warning` is its own.
    pub(super) fn explain(&self, output: &Output, warning: Option<String>, kernel: &Kernel) -> Result<(), String> {
        let why_in_use = |link| self.providers.get(link).and_then(|it| kernel.why_still_in_use(self.family, it));
        let failure = match output {
            Output::Disable(link) => why_in_use(link),
            Output::Enable(link) if why_in_use(link).is_none() => warning,
            Output::WriteStatus { .. }
            | Output::Enable(_)
            | Output::Reload
            | Output::InstallDrain(_)
            | Output::RemoveDrain(_)
            | Output::DeleteFlows(_)
            | Output::Observe
            | Output::Say(_) => None,
        };
        failure.map_or(Ok(()), Err)
    }

    /// Has the status files brought to the disk. Not while a command runs: it may need the same disk.
    pub(super) fn sync(&mut self) {
        self.files.sync();
    }

    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.reconciler.as_ref()?.next_deadline()
    }

    /// The configuration has been read once.
    pub(super) fn is_read(&self) -> bool {
        !self.fingerprint.is_empty()
    }

    /// Nothing while it is not committing.
    pub(super) fn state(&self) -> Option<State> {
        self.reconciler.as_ref().map(Reconciler::state)
    }

    pub(super) fn error(&self) -> Option<String> {
        let error = self.reconciler.as_ref()?.error()?;
        Some(format!("{}: {error}", product(self.family)))
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Choices are carried out here.
    pub(super) fn is_committing(&self) -> bool {
        self.reconciler.is_some() && self.consents
    }

    pub(super) fn is_committed(&self, link: LinkId) -> bool {
        self.reconciler.as_ref().is_some_and(|reconciler| reconciler.is_committed(link))
    }

    pub(super) fn is_left_alone(&self, link: LinkId) -> bool {
        self.reconciler.as_ref().is_some_and(|reconciler| reconciler.is_left_alone(link))
    }

    /// The names of the providers, for programs.
    pub(super) fn provider_names(&self) -> impl Iterator<Item = (LinkId, String)> {
        self.providers.iter().map(|(link, provider)| (*link, provider.name.clone()))
    }

    fn on(&mut self, link: LinkId, act: impl FnOnce(&mut Self, &Provider) -> Result<(), String>) -> Result<(), String> {
        let provider = self.providers.get(&link).cloned().ok_or_else(no_provider)?;
        act(self, &provider)
    }

    fn begin(&mut self, method: Method, choice: &Choice, now: Time) {
        self.generation += 1;
        self.files.make(self.providers.values().map(|provider| provider.interface.as_str()));
        self.reconciler = Some(Reconciler::new(method));
        self.desire(choice, now);
    }

    fn asked(&mut self, settings: &Settings, clock: Clock) -> bool {
        match settings.backend {
            Backend::Shorewall => true,
            Backend::Auto => consent::is_given(&self.shorewall, &mut self.files, clock.boot),
            Backend::Exec | Backend::Observe => false,
        }
    }

    /// A `disable` would do nothing, while a reload will find a file that says so.
    fn must_reload_for(&self, provider: &Provider, kernel: &Kernel) -> bool {
        kernel.is_forgotten(self.family, provider) && self.files.read(&provider.interface) == StatusFile::One
    }

    /// A reload that asks the status files of all providers that are to come in.
    fn reload(&self, settings: &Settings) -> Command {
        for provider in self.providers.values() {
            if self.files.read(&provider.interface) == StatusFile::Zero {
                self.shorewall.forget_disabled(provider);
            }
        }
        self.shorewall.command(Action::Reload, settings.timeout)
    }

    fn write_trust(&self, settings: &Settings) -> Option<CommitEvent> {
        if !self.consents {
            return None;
        }
        let error = StatusFiles::write_trust(self.shorewall.vardir(), &settings.lock, settings.hold_down).err()?;
        Some(CommitEvent { family: Some(self.family), link: None, is_trouble: true, took: None, text: error })
    }

    fn say_consent(&self, first: bool, before: bool) -> Option<CommitEvent> {
        let has_shorewall = self.shorewall.state(true) != Firewall::Absent && !self.providers.is_empty();
        let product = product(self.family);
        let (is_trouble, text) = match (self.consents, first || before != self.consents) {
            (true, true) => (false, format!("{product} reads our status files: choices are committed")),
            (false, true) if has_shorewall => (
                true,
                format!(
                    "{product} does not read our status files: choices are only shown. \
                     To have them committed, install the isusable script as {}/isusable and run: {product} reload",
                    self.shorewall.etc().display()
                ),
            ),
            (_, false) | (false, true) => return None,
        };
        Some(CommitEvent { family: Some(self.family), link: None, is_trouble, took: None, text })
    }
}

/// The link's provider: of its name, else on its interface.
fn provider_of(link: &LinkSettings, providers: &[Provider]) -> Option<Provider> {
    let named = providers.iter().find(|provider| provider.name == link.name && provider.interface == link.interface);
    named.or_else(|| providers.iter().find(|provider| provider.interface == link.interface)).cloned()
}

/// The bits of a mark that are a provider's, as Shorewall noted them when it was compiled.
fn mask(shorewall: &Shorewall) -> Option<u32> {
    let marks = fs::read_to_string(shorewall.vardir().join("marks")).ok()?;
    let line = marks.lines().find(|line| line.starts_with("Provider:"))?;
    let mask = line.split_once("mask 0x")?.1;
    u32::from_str_radix(mask.split_whitespace().next()?, 16).ok().filter(|mask| *mask != 0)
}

fn no_provider() -> String {
    "Shorewall's providers file no longer names it".to_owned()
}

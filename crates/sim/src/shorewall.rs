//! A simulated Shorewall of one family: status files, providers in the kernel, and commands that fail, hang and lie.

use crate::disk::File;
use crate::rng::Rng;
use rebootping_core::commit::{Actual, Drain, Firewall, Observed, Output, StatusFile};
use rebootping_core::link::LinkId;
use rebootping_core::time::Time;
use std::time::Duration;

/// The firewall and what it governs.
#[derive(Clone, Debug)]
pub struct Shorewall {
    /// Its own state.
    pub state: Firewall,
    /// The providers, in configured order.
    pub providers: Vec<Provider>,
    /// Until when commands fail.
    pub fails: Time,
    /// Until when commands hang.
    pub hangs: Time,
    /// Until when commands say they did what they did not.
    pub lies: Time,
    /// Until when status files cannot be written.
    pub full_disk: Time,
    /// Until when a sync takes half a minute.
    pub slow_disk: Time,
    /// When the last write is synced: syncs are made one after the other, so a `1` is never safe before the `0` it leans on.
    synced: Time,
}

/// One link as the firewall has it.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its status file.
    pub file: File<StatusFile>,
    /// New connections use it.
    pub in_kernel: bool,
    /// What keeps its flows on it.
    pub drain: Drain,
}

/// How a command will end.
#[derive(Clone, Debug)]
pub struct Ending {
    /// How long it takes.
    pub after: Duration,
    /// It does what it is for.
    pub works: bool,
    /// What it says.
    pub result: Result<(), String>,
}

impl Shorewall {
    /// A started firewall in which every provider is enabled and no status file was written yet.
    pub fn new(links: usize, drain: Drain) -> Self {
        let provider = Provider { file: File::new(StatusFile::Missing), in_kernel: true, drain };
        let never = Time::BOOT;
        Self {
            state: Firewall::Started,
            providers: vec![provider; links],
            fails: never,
            hangs: never,
            lies: never,
            full_disk: never,
            slow_disk: never,
            synced: never,
        }
    }

    /// What a look finds.
    pub fn observed(&self) -> Observed {
        let actual = |it: &Provider| Actual { file: *it.file.read(), in_kernel: it.in_kernel, drain: it.drain };
        Observed { firewall: self.state, links: (0..).map(LinkId).zip(self.providers.iter().map(actual)).collect() }
    }

    /// Replaces a status file.
    pub fn write(&mut self, link: LinkId, usable: bool, now: Time) -> Result<(), String> {
        if now < self.full_disk {
            return Err("no space left on device".into());
        }
        let takes = if now < self.slow_disk { Duration::from_secs(30) } else { Duration::from_millis(200) };
        self.synced = self.synced.max(now + takes);
        let synced = self.synced;
        self.provider(link).file.replace(if usable { StatusFile::Zero } else { StatusFile::One }, now, synced);
        Ok(())
    }

    /// How a command begun now will end.
    pub fn begin(&self, command: &Output, now: Time, rng: &mut Rng) -> Ending {
        let is_about_flows =
            matches!(command, Output::InstallDrain(_) | Output::RemoveDrain(_) | Output::DeleteFlows(_));
        let after = match command {
            Output::Reload => Duration::from_millis(rng.between(200, 400)),
            _ if is_about_flows => Duration::from_millis(rng.between(1, 9)),
            _ => Duration::from_millis(rng.between(50, 80)),
        };
        if now < self.hangs && !is_about_flows {
            return Ending { after: Duration::from_secs(90), works: false, result: Err("timed out after 90 s".into()) };
        }
        if now < self.fails {
            return Ending { after, works: rng.chance(300), result: Err("exit status 2".into()) };
        }
        Ending { after, works: now >= self.lies, result: Ok(()) }
    }

    /// Does what a command is for. On a firewall that does not run, its own commands do nothing and exit 0.
    pub fn act(&mut self, command: &Output) {
        let started = self.state == Firewall::Started;
        match *command {
            Output::Enable(link) if started => {
                let provider = self.provider(link);
                provider.in_kernel = true;
                if provider.drain == Drain::Installed {
                    provider.drain = Drain::Partial;
                }
            }
            Output::Disable(link) if started => self.provider(link).in_kernel = false,
            Output::Reload if started => self.start(),
            Output::InstallDrain(link) => self.provider(link).drain = Drain::Installed,
            Output::RemoveDrain(link) => self.provider(link).drain = Drain::Absent,
            Output::Enable(_) | Output::Disable(_) | Output::Reload | Output::DeleteFlows(_) => {}
            Output::WriteStatus { .. } | Output::Observe | Output::Say(_) => unreachable!("not a command"),
        }
    }

    /// A start, restart or reload: the files are asked, and rules that look like its own go.
    pub fn start(&mut self) {
        self.state = Firewall::Started;
        for provider in &mut self.providers {
            provider.in_kernel = *provider.file.read() != StatusFile::One;
            if provider.drain == Drain::Installed {
                provider.drain = Drain::Partial;
            }
        }
    }

    /// Stopped or cleared.
    pub fn stop(&mut self) {
        self.state = Firewall::Stopped;
        self.providers.iter_mut().for_each(|provider| provider.in_kernel = false);
    }

    /// The machine loses power and boots: unsynced files and the kernel's state are gone.
    pub fn lose_power(&mut self, now: Time) {
        for provider in &mut self.providers {
            provider.file.lose_power(now);
            provider.in_kernel = false;
            if provider.drain != Drain::Impossible {
                provider.drain = Drain::Absent;
            }
        }
        self.state = Firewall::Stopped;
    }

    /// When the last trouble that time alone ends is over.
    pub fn trouble_ends(&self) -> Time {
        self.fails.max(self.hangs).max(self.lies).max(self.full_disk)
    }

    fn provider(&mut self, link: LinkId) -> &mut Provider {
        &mut self.providers[usize::from(link.0)]
    }
}

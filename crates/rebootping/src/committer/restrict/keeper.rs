//! The loop: waits for orders, the kernel or the next end, then brings the table to what it should be.

use super::kept::Kept;
use super::neighbours::Neighbourhood;
use super::{Reply, Settings, Shown, Told, Wish, hours, lock};
use crate::clock;
use crate::committer::audit::Audit;
use crate::committer::dhcp::{self, Teller};
use crate::committer::nft::{Counts, Firewall, TABLE, can_name};
use crate::ipc::control::{ControlReport, Controlled, Restricted};
use crate::netlink::nftables::Changes;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;
use rebootping_core::control::restriction::{Mode, Now};
use rebootping_core::control::table::{Element, Set, Sets, difference, put_restricted};
use rebootping_core::inventory::report::Hardware;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often the table is looked at though nothing was announced; schedules begin and end by the second as well.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The same while there is nothing to keep in place.
const IDLE: Duration = Duration::from_secs(60);

/// Rows of the audit that may be on their way to the history.
const HANDED_OVER: u64 = 16;
/// So many devices are shown at once: what is to say of each is below a kilobyte, and a frame takes 64.
const PAGE: usize = 50;

/// The loop and all it holds.
pub(super) struct Keeper {
    pub(super) settings: Settings,
    pub(super) kept: Kept,
    pub(super) audit: Audit,
    /// The row of the audit that was handed over last.
    handed: u64,
    tell: Box<dyn Fn(Told) + Send>,
    shown: Arc<Mutex<Shown>>,
    teller: Teller,
    firewall: Option<Firewall>,
    changes: Option<Changes>,
    counts: Counts,
    /// What is carried out, as far as established flows were cut for it.
    in_force: BTreeMap<Hardware, Mode>,
    /// The table was there and as it should be.
    is_built: bool,
    trouble: Option<String>,
    is_released: bool,
}

impl Keeper {
    pub(super) fn new(
        settings: Settings,
        tell: Box<dyn Fn(Told) + Send>,
        shown: Arc<Mutex<Shown>>,
        teller: Teller,
    ) -> Self {
        let (kept, damage) = match Kept::read(&settings.state) {
            Ok(kept) => (kept, None),
            Err(error) => (Kept::default(), Some(error)),
        };
        let audit = Audit::open(&settings.state);
        let keeper = Self {
            settings,
            kept,
            audit,
            handed: 0,
            tell,
            shown,
            teller,
            firewall: None,
            changes: None,
            counts: Counts::new(),
            in_force: BTreeMap::new(),
            is_built: false,
            trouble: None,
            is_released: false,
        };
        if let Some(error) = damage {
            keeper
                .say(true, format!("restrictions and names of devices cannot be read, so none are in force: {error}"));
        }
        keeper.publish();
        keeper
    }

    /// Runs until it is told to stop.
    pub(super) fn run(mut self, wishes: &Receiver<Wish>, bell: &EventFd) {
        self.configured();
        self.hand_over();
        self.turn();
        loop {
            self.wait(bell);
            loop {
                match wishes.try_recv() {
                    Ok(Wish::Stop) | Err(TryRecvError::Disconnected) => return,
                    Ok(wish) => self.take(wish),
                    Err(TryRecvError::Empty) => break,
                }
            }
            if let Some(changes) = &mut self.changes {
                // Whatever it is, it is looked at now.
                changes.hear(TABLE);
            }
            self.turn();
        }
    }

    fn take(&mut self, wish: Wish) {
        match wish {
            Wish::Configure(settings) => {
                self.settings = *settings;
                self.configured();
            }
            Wish::Carry(order) => self.carry(*order),
            Wish::Show(after, reply) => reply(self.report(after)),
            Wish::InHistory(row) => self.note_in_history(row),
            Wish::Forget(macs, reply) => reply(self.forget(&macs)),
            Wish::Release => self.is_released = true,
            Wish::Stop => {}
        }
    }

    /// What is due by now, and what the firewall lacks.
    fn turn(&mut self) {
        let over = self.kept.restrictions.expire(now());
        if let Err(error) = self.bring_about() {
            self.trouble_with(error);
        } else if self.trouble.take().is_some() {
            self.say(false, "restrictions of devices are in force again".into());
        }
        for (mac, _) in &over {
            self.say(false, format!("{mac} is no longer restricted: its time is over"));
        }
        if !over.is_empty() {
            self.keep();
        }
    }

    fn wait(&self, bell: &EventFd) {
        let is_idle = self.wanted(now()).is_none() && !self.is_built;
        let look = if is_idle { IDLE } else { LOOK_EVERY };
        let end = self.kept.restrictions.next_end().map_or(look, until);
        let timeout = u16::try_from(look.min(end).as_millis()).unwrap_or(u16::MAX);
        let mut polled = vec![PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
        polled.extend(self.changes.iter().map(|changes| PollFd::new(changes.as_fd(), PollFlags::POLLIN)));
        // An interrupted wait is a short one, and not having rung is no error.
        let _interrupted = poll(&mut polled, PollTimeout::from(timeout)).is_err();
        let _silent = bell.read().is_err();
    }

    /// Learns which interfaces there are, and who is known on those that are guarded from now on.
    fn configured(&mut self) {
        let before = self.kept.clone();
        if !self.settings.internet.is_empty() {
            self.kept.internet.clone_from(&self.settings.internet);
        }
        let new: Vec<String> = self.settings.guarded.difference(&self.kept.guarded).cloned().collect();
        if !new.is_empty() {
            let here = Neighbourhood::look().map(|all| new.iter().flat_map(|it| all.on(it)).collect::<BTreeSet<_>>());
            match here {
                Ok(here) => self.kept.know(here),
                Err(error) => return self.trouble_with(format!("quarantine does not begin: {error}")),
            }
        }
        self.kept.guarded.clone_from(&self.settings.guarded);
        let strange: Vec<&String> = self.kept.internet.iter().filter(|name| !can_name(name)).collect();
        if !strange.is_empty() {
            self.say(true, format!("what passes {strange:?} cannot be restricted: nft cannot name it"));
        }
        if self.kept != before {
            self.keep();
        }
        self.tell_dhcp(None);
    }

    /// What should be in the table; nothing if there should be none.
    fn wanted(&self, now: Now) -> Option<Sets> {
        let is_nobody = self.kept.restrictions.all().next().is_none() && self.kept.guarded.is_empty();
        let is_empty = is_nobody && self.settings.dead_end.is_none();
        if self.is_released || is_empty {
            return None;
        }
        let mut sets = Sets::new();
        put_restricted(&mut sets, &self.kept.restrictions, now);
        let named = self.kept.names.all().map(|(mac, _)| mac);
        let known = self.kept.known.iter().copied().chain(named).map(Element::Device);
        let interfaces = |all: &BTreeSet<String>| -> BTreeSet<Element> {
            all.iter().filter(|name| can_name(name)).cloned().map(Element::Interface).collect()
        };
        for (set, elements) in [
            (Set::Known, if self.kept.guarded.is_empty() { BTreeSet::new() } else { known.collect() }),
            (Set::Guarded, interfaces(&self.kept.guarded)),
            (Set::Internet, interfaces(&self.kept.internet)),
            (Set::DeadEnd, interfaces(&self.settings.dead_end.iter().cloned().collect())),
            (Set::Page, self.settings.page.iter().copied().map(Element::Port).collect()),
        ] {
            if !elements.is_empty() {
                sets.insert(set, elements);
            }
        }
        Some(sets)
    }

    /// Compares the table with what it should be and acts on the difference; established flows of whoever is restricted anew
    /// are cut. Returns how many were.
    pub(super) fn bring_about(&mut self) -> Result<usize, String> {
        let now = now();
        let wanted = self.wanted(now);
        if wanted.is_none() && !self.is_built && self.firewall.is_some() {
            return Ok(0);
        }
        let mut firewall = match self.firewall.take() {
            Some(firewall) => firewall,
            None => self.open_firewall()?,
        };
        let changed = self.compare(&mut firewall, wanted.as_ref());
        self.firewall = Some(firewall);
        changed?;
        self.cut(now)
    }

    fn open_firewall(&mut self) -> Result<Firewall, String> {
        let changes = Changes::open().map_err(|error| format!("the firewall's changes cannot be heard: {error}"))?;
        self.changes = Some(changes);
        Firewall::open().map_err(|error| format!("the firewall cannot be asked: {error}"))
    }

    fn compare(&mut self, firewall: &mut Firewall, wanted: Option<&Sets>) -> Result<(), String> {
        let found = firewall.look().map_err(|error| format!("the firewall cannot be asked: {error}"))?;
        let (found, counts) = found.unzip();
        let is_lost = self.is_built && found.as_ref().is_none_or(|found| !found.rules_are_ours);
        if let Some(counts) = counts {
            self.counts = counts;
        }
        if is_lost && wanted.is_some() {
            // Flows may have begun meanwhile.
            self.in_force.clear();
        }
        let Some(change) = difference(wanted, found.as_ref()) else {
            self.is_built = wanted.is_some();
            return Ok(());
        };
        firewall
            .make(&change, &self.counts, clock::now)
            .map_err(|error| format!("devices are not restricted: {error}"))?;
        if is_lost && wanted.is_some() {
            self.say(true, "somebody took the restrictions of devices out of the firewall; they are back".into());
        }
        self.is_built = wanted.is_some();
        Ok(())
    }

    /// Cuts the established flows of devices that are restricted, or more than before.
    fn cut(&mut self, now: Now) -> Result<usize, String> {
        let in_force: BTreeMap<Hardware, Mode> =
            if self.is_released { BTreeMap::new() } else { self.kept.restrictions.in_force(now).collect() };
        let new: Vec<(Hardware, Mode)> = in_force
            .iter()
            .filter(|(mac, mode)| self.in_force.get(mac) != Some(mode))
            .map(|(mac, it)| (*mac, *it))
            .collect();
        let mut cut = 0;
        if !new.is_empty() {
            let trouble = |error| format!("established connections are not cut: {error}");
            let around = Neighbourhood::look().map_err(trouble)?;
            for is_block in [true, false] {
                let of_kind = new.iter().filter(|(_, mode)| (*mode == Mode::Block) == is_block);
                let macs: Vec<Hardware> = of_kind.map(|(mac, _)| *mac).collect();
                cut += around.cut(&macs, &self.kept.internet, !is_block).map_err(trouble)?;
            }
        }
        self.in_force = in_force;
        Ok(cut)
    }

    /// Established flows that some flowtable forwards pass all rules by.
    pub(super) fn is_bypassed(&mut self) -> bool {
        self.firewall.as_mut().is_some_and(Firewall::is_bypassed)
    }

    /// Brings what must survive to the disk; what cannot be is said.
    pub(super) fn keep(&mut self) {
        self.publish();
        if let Err(error) = self.kept.write(&self.settings.state) {
            self.say(true, format!("restrictions and names of devices are lost with the next restart: {error}"));
        }
    }

    /// Has the DHCP server know all names, and whoever waits answered with that.
    pub(super) fn tell_dhcp(&self, waiting: Option<(String, Reply)>) {
        let (settings, names) = (self.settings.dhcp.clone(), self.kept.names.clone());
        self.teller.tell(dhcp::Wish { settings, names, waiting });
    }

    fn publish(&self) {
        let restricted = self.kept.restrictions.all().map(|(mac, _)| mac).collect();
        *lock(&self.shown) = Shown { names: self.kept.names.clone(), restricted };
    }

    /// Hands over what the history does not have yet of the audit, so many rows before it has said that it has the first.
    pub(super) fn hand_over(&mut self) {
        let last = self.kept.in_history.saturating_add(HANDED_OVER);
        let rows = self.audit.behind(self.kept.in_history.max(self.handed)).take_while(|row| row.id <= last);
        for row in rows {
            self.handed = row.id;
            (self.tell)(Told::Row(Box::new(row.clone())));
        }
    }

    /// The history has the audit up to this row.
    fn note_in_history(&mut self, row: u64) {
        if row > self.kept.in_history {
            self.kept.in_history = row;
            self.keep();
            self.hand_over();
        }
    }

    fn forget(&mut self, macs: &[Hardware]) -> Result<(), String> {
        let before = self.kept.clone();
        self.kept.forget(macs);
        if self.kept != before {
            self.keep();
            self.tell_dhcp(None);
        }
        let erased = self.audit.forget(macs);
        erased.map_err(|error| format!("it is forgotten, but orders about it could not be erased: {error}"))
    }

    fn report(&mut self, after: Option<Hardware>) -> ControlReport {
        let now = now();
        if let Ok(Some((_, counts))) = self.firewall.as_mut().map_or(Ok(None), Firewall::look) {
            self.counts = counts;
        }
        let leases = self.teller.leases();
        let restricted = self.kept.restrictions.all().map(|(mac, _)| mac);
        let named = self.kept.names.all().map(|(mac, _)| mac);
        let all: BTreeSet<Hardware> = restricted.chain(named).chain(leases.keys().copied()).collect();
        let mut behind = all.into_iter().filter(|mac| after.is_none_or(|after| *mac > after)).peekable();
        let page: Vec<Hardware> = behind.by_ref().take(PAGE).collect();
        let controlled = |mac| Controlled {
            mac,
            restricted: self.restricted(mac, now),
            named: self.kept.names.of(mac).cloned(),
            lease: leases.get(&mac).cloned(),
        };
        ControlReport {
            devices: page.into_iter().map(controlled).collect(),
            more: behind.peek().is_some(),
            trouble: self.trouble.clone(),
            dhcp: self.teller.state(),
        }
    }

    fn restricted(&self, mac: Hardware, now: Now) -> Option<Restricted> {
        let restriction = self.kept.restrictions.of(mac)?;
        let (packets, bytes) = self.counts.get(&mac).copied().unwrap_or_default();
        Some(Restricted { restriction, in_force: !self.is_released && restriction.is_in_force(now), packets, bytes })
    }

    fn trouble_with(&mut self, error: String) {
        if self.trouble.as_ref() != Some(&error) {
            self.say(true, format!("{error}; it is tried again every second"));
        }
        self.trouble = Some(error);
    }

    pub(super) fn say(&self, is_trouble: bool, text: String) {
        (self.tell)(Told::Event { is_trouble, text });
    }

    pub(super) fn pass_on(&self, told: Told) {
        (self.tell)(told);
    }
}

/// The time of day.
pub(super) fn now() -> Now {
    hours::at(clock::wall(), &clock::zone())
}

/// How long it is until that second of Unix time begins.
fn until(unix: u64) -> Duration {
    let now = u64::try_from(clock::wall().as_millisecond()).unwrap_or(0);
    Duration::from_millis(unix.saturating_mul(1000).saturating_sub(now))
}

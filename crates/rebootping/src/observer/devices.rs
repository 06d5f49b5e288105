//! What is learnt of devices: handed every frame, asked for reports, kept across restarts.

use super::keeper::{Keeper, Memory, Outcome};
use super::orders::{Erasing, Orders};
use crate::capture::interfaces::Captured;
use crate::config::observing::CaptureMode;
use crate::ipc::observer::{DeviceVerb, FromObserver, Traffic};
use crate::pcap_files::OwnerStatus;
use crate::report::devices::label;
use rebootping_core::inventory::events::Event;
use rebootping_core::inventory::interfaces::{Interface, Leads};
use rebootping_core::inventory::names::Source;
use rebootping_core::inventory::operator::Refusal;
use rebootping_core::inventory::report::{Captures, Hardware, Report, ReportedDevice};
use rebootping_core::inventory::stake::Stake;
use rebootping_core::inventory::traffic::Minute;
use rebootping_core::inventory::vendor::Vendors;
use rebootping_core::inventory::{Inventory, Output, Settings};
use rebootping_core::packet::frame::{Packet, Seen};
use rebootping_core::packet::neighbour::Mac;
use rebootping_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// After a crash so much of what was learnt is lost; each time costs some ten kilobytes on a flash disk.
const KEEP_EVERY: Duration = Duration::from_secs(600);
/// MACs that were proven before they were heard, at most.
const MOST_EARLY: usize = 16_384;
/// Devices of which the operator wants more or less kept than of the others, at most.
const MOST_MODES: usize = 4096;

/// The inventory, and what it needs around it.
pub(super) struct Devices {
    inventory: Inventory,
    /// Proven by the kernel or by name before a frame of theirs was seen.
    early: BTreeSet<Mac>,
    modes: BTreeMap<Hardware, CaptureMode>,
    orders: Orders,
    keeper: Keeper,
    keep_at: Time,
    learnt: Learnt,
}

/// What happened and what was moved, for the history.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    /// What a device moved in a minute.
    pub(super) minutes: Vec<(Mac, Minute)>,
    /// What happened to devices.
    pub(super) events: Vec<Event>,
    /// Spans of time in which names were asked for, and whether they were answered.
    pub(super) names: Vec<(Time, Time, bool)>,
}

impl Devices {
    /// Goes on from what lies in `state`, if that can be read; what cannot is said.
    pub(super) fn start(state: &Path, settings: Settings, seed: u64, now: Time) -> (Self, Vec<FromObserver>) {
        let (keeper, kept, trouble) = Keeper::start(state);
        let vendors = Vendors::new([]);
        let (inventory, modes) = match kept {
            Some(kept) => (Inventory::restore(settings, vendors, seed, kept.inventory, now), kept.modes),
            None => (Inventory::new(settings, vendors, seed), BTreeMap::new()),
        };
        let said = trouble.into_iter().map(FromObserver::Warning).collect();
        (
            Self {
                inventory,
                early: BTreeSet::new(),
                modes,
                orders: Orders::default(),
                keeper,
                keep_at: now + KEEP_EVERY,
                learnt: Learnt::default(),
            },
            said,
        )
    }

    /// Learns by these settings from now on.
    pub(super) fn configure(&mut self, settings: Settings) {
        self.inventory.configure(settings);
    }

    /// Takes a captured frame.
    pub(super) fn take(&mut self, seen: &Seen<'_>, packet: &Packet) {
        let is_new = self.inventory.handle_frame(seen, packet);
        let source = packet.ether.map(|ether| ether.source).filter(|_| is_new);
        if let Some(mac) = source.filter(|mac| self.early.remove(mac)) {
            self.prove(mac, seen.at);
        }
    }

    /// A MAC is proven to be there.
    pub(super) fn prove(&mut self, mac: Mac, now: Time) {
        if !self.inventory.handle_proven(mac, now) && self.early.len() < MOST_EARLY {
            self.early.insert(mac);
        }
    }

    /// Takes the interfaces there are: the links lead to the Internet, all others to devices.
    pub(super) fn set_interfaces(&mut self, captured: &Captured, links: &[String]) {
        let interface = |captured: &crate::capture::interfaces::Interface| Interface {
            id: captured.id,
            name: captured.name.clone(),
            mac: captured.mac,
            leads: if links.contains(&captured.name) { Leads::ToInternet } else { Leads::ToDevices },
            has_devices: captured.treatment.devices,
        };
        let interfaces: Vec<Interface> = captured.interfaces.iter().map(interface).collect();
        self.inventory.set_interfaces(&interfaces);
    }

    /// The clock by which times are labelled, which showed `now`, was stepped by so many nanoseconds.
    pub(super) fn shift(&mut self, now: Time, step: i64) {
        self.inventory.shift(now, step > 0, Duration::from_nanos(step.unsigned_abs()));
    }

    /// Does what is due, and says what happened.
    pub(super) fn tick(&mut self, now: Time) -> Vec<FromObserver> {
        self.inventory.handle_wake(now);
        if now >= self.keep_at {
            self.keep_at = now + KEEP_EVERY;
            let memory = self.memory();
            // A disk that is behind has what was learnt the next time.
            let _version = self.keeper.keep(memory);
        }
        let mut said = Vec::new();
        while let Some(output) = self.inventory.poll_output() {
            match output {
                Output::Event(event) => {
                    said.push(FromObserver::Event(Box::new(event.clone())));
                    self.learnt.events.push(event);
                }
                Output::Minute(mac, minute) => self.learnt.minutes.push((mac, minute)),
                Output::Names { begins, ends, answered } => self.learnt.names.push((begins, ends, answered)),
            }
        }
        said
    }

    /// What was learnt since the last time.
    pub(super) fn learnt(&mut self) -> Learnt {
        std::mem::take(&mut self.learnt)
    }

    /// All that is known, with what is kept of each device's packets.
    pub(super) fn report(&mut self, owners: &BTreeMap<Arc<str>, OwnerStatus>, now: Time) -> Report<String> {
        let mut report = self.inventory.report(now, &|time: Time| label(time.as_nanos()));
        for device in &mut report.devices {
            let kept = owners.get(device.mac.to_string().as_str());
            device.captures = kept.map(|kept| Captures { since: label(kept.oldest), bytes: kept.bytes });
            device.capture_mode = self.modes.get(&device.mac).copied().map(super::desk::mode);
        }
        report
    }

    /// Bytes each device has sent and was sent; those of another MAC of a device are its own.
    pub(super) fn traffic(&self) -> impl Iterator<Item = Traffic> {
        self.inventory.traffic().map(|(mac, sent, received)| Traffic { mac: Hardware(mac), sent, received })
    }

    /// Does what the operator wants of a device, as far as it is not about captures; what was done, or why it was not.
    pub(super) fn obey(&mut self, mac: Hardware, verb: &DeviceVerb, now: Time) -> Result<String, String> {
        let done = match verb {
            DeviceVerb::Rename(name) => self
                .inventory
                .name(mac.0, some(name).map(Into::into), now)
                .map(|()| format!("{mac} is called {name:?}")),
            DeviceVerb::Note(text) => self.inventory.note(mac.0, some(text)).map(|()| format!("{mac} has a note")),
            DeviceVerb::Merge(into) => self.inventory.merge(mac.0, into.0).map(|()| format!("{mac} belongs to {into}")),
            DeviceVerb::Split => self.inventory.split(mac.0).map(|()| format!("{mac} is a device of its own")),
            DeviceVerb::Capture(mode) => self.set_mode(mac, *mode),
            DeviceVerb::Weigh => return weighed(mac, self.inventory.stake(mac.0)),
            DeviceVerb::Forget => {
                for mac in self.macs(mac, now) {
                    self.early.remove(&mac.0);
                    self.modes.remove(&mac);
                }
                self.inventory.forget(mac.0);
                Ok(format!("{mac} is forgotten, and what was kept of it is erased"))
            }
        };
        done.map_err(|refusal| refused(mac, refusal))
    }

    /// Answers a question, which leaves nothing for the disk.
    pub(super) fn answer_now(&mut self, number: u64, answer: Result<String, String>) {
        self.orders.answer(number, answer);
    }

    /// Says whose traces others are to erase, before the order is answered.
    pub(super) fn forgetting(&mut self, number: u64, macs: Vec<Hardware>) {
        self.orders.forgetting(number, macs);
    }

    /// Answers an order when the disk has it and has erased what is to be erased.
    pub(super) fn answer_when_kept(&mut self, number: u64, result: Result<(String, Vec<Erasing>), String>) {
        self.orders.take(number, result);
    }

    /// Has orders kept, and says what became of them and of all else that was to be kept.
    pub(super) fn answers(&mut self) -> Vec<FromObserver> {
        if self.orders.want_keeping() {
            let memory = self.memory();
            if let Some(version) = self.keeper.keep(memory) {
                self.orders.keeping(version);
            }
        }
        let mut said = Vec::new();
        for Outcome { version, result } in self.keeper.outcomes() {
            self.orders.kept(version, &result);
            said.extend(result.err().map(FromObserver::Warning));
        }
        said.extend(self.orders.answers());
        said
    }

    /// How much the operator wants kept of a device's packets, if that was said.
    pub(super) fn mode(&self, mac: Hardware) -> Option<CaptureMode> {
        self.modes.get(&mac).copied()
    }

    /// The devices that the operator named, or said how much to keep of.
    pub(super) fn wanted(&mut self, now: Time) -> BTreeSet<Hardware> {
        let report = self.inventory.report(now, &|_| ());
        let is_named = |device: &ReportedDevice<()>| device.names.iter().any(|name| name.source == Source::User);
        let named = report.devices.iter().filter(|device| is_named(device)).map(|device| device.mac);
        named.chain(self.modes.keys().copied()).collect()
    }

    /// All MACs of the device that has this one, or this alone.
    pub(super) fn macs(&mut self, mac: Hardware, now: Time) -> Vec<Hardware> {
        let device = self.inventory.report_device(mac.0, now, &|_| ());
        let all = device.map(|device| device.also.into_iter().chain([device.mac]).collect());
        all.unwrap_or_else(|| vec![mac])
    }

    /// Keeps what was learnt, and waits until that is on the disk.
    pub(super) fn stop(mut self, timeout: Duration) {
        let memory = self.memory();
        self.keeper.stop(memory, timeout);
    }

    fn set_mode(&mut self, mac: Hardware, mode: Option<CaptureMode>) -> Result<String, Refusal> {
        let Some(mode) = mode else {
            self.modes.remove(&mac);
            return Ok(format!("of {mac} as much is kept from now on as of others in its network"));
        };
        if self.modes.len() >= MOST_MODES && !self.modes.contains_key(&mac) {
            return Err(Refusal::Full);
        }
        self.modes.insert(mac, mode);
        let kept = match mode {
            CaptureMode::Full => "packets are",
            CaptureMode::Headers => "headers are",
            CaptureMode::Off => "nothing is",
        };
        Ok(format!("of {mac} {kept} kept from now on"))
    }

    fn memory(&mut self) -> Memory {
        Memory { inventory: self.inventory.keep(), modes: self.modes.clone() }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// What speaks against cutting off a device.
fn weighed(mac: Hardware, stake: Option<Stake>) -> Result<String, String> {
    let what = match stake {
        None => return Ok(format!("{mac} serves nobody else")),
        Some(Stake::Routes) => "is a router, with others behind it",
        Some(Stake::LeasesAddresses) => "gives out addresses by DHCP",
        Some(Stake::AnswersNames) => "looks up names for others",
    };
    Err(format!("{mac} {what}; --force together with --for does it nevertheless"))
}

fn refused(mac: Hardware, refusal: Refusal) -> String {
    match refusal {
        Refusal::Unknown => format!("no device has {mac}; `rebootping devices` lists those that are"),
        Refusal::Same => format!("{mac} is that device already"),
        Refusal::Full => "there is no room for more of these; take some back first".to_owned(),
    }
}

//! What time alone brings about: new devices are told once they have a name or have had long enough to say one, silent ones are
//! missed, minutes end.

use super::contacts;
use super::device::Device;
use super::events::{Event, What};
use super::report::{Hardware, is_archived};
use super::resolvers::Span;
use super::{Inventory, MOST_MINUTES, Output, Slot};
use crate::packet::neighbour::Mac;
use crate::time::Time;
use core::time::Duration;

/// A new device may take so long to say its name before it is told.
const NAME_WITHIN: Duration = Duration::from_secs(60);
/// So many new devices wait for a name.
const MOST_NEWS: usize = 4096;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// Frames come so much later than their times say, at most.
const LATE: Duration = Duration::from_secs(10);

impl Inventory {
    /// When [`Inventory::handle_wake`] has something to do at the latest.
    pub fn next_deadline(&self, now: Time) -> Time {
        if self.news.is_empty() { self.next_minute.max(now) } else { self.next_minute.min(now + SECOND) }
    }

    /// Does what time brings about.
    pub fn handle_wake(&mut self, now: Time) {
        self.tell_news(now);
        self.tell_names(now);
        if now < self.next_minute {
            return;
        }
        let last = core::mem::replace(&mut self.next_minute, now + MINUTE) - MINUTE;
        self.account_since(last - LATE);
        self.forget_unused_names();
        for slot in self.devices.proven() {
            let over = self.devices.traffic_mut(slot).and_then(|traffic| traffic.turn(now));
            self.tell_minute(slot, over);
            self.miss(slot, now);
            if let Some(device) = self.devices.get_mut(slot) {
                device.contacts.forget_before(now - self.settings.contacts);
            }
        }
        let beyond = |(device, _): (&Device, _)| device.contacts.len().saturating_sub(contacts::FEW);
        self.many_contacts = self.devices.all().map(beyond).sum();
    }

    /// A device was proven: it may be news.
    pub(super) fn expect_news(&mut self, mac: Mac, now: Time) {
        let is_baseline = self.is_baseline(now);
        let Some(device) = self.devices.find(mac).and_then(|slot| self.devices.get_mut(slot)) else { return };
        if is_baseline {
            device.presence.is_told = true;
        } else if !device.presence.is_told && self.news.len() < MOST_NEWS {
            self.news.push_back((now + NAME_WITHIN, mac));
        } else if !device.presence.is_told {
            self.left_out.events = self.left_out.events.saturating_add(1);
        }
    }

    /// Everything seen now was there from the beginning, as far as we can know.
    pub(super) fn is_baseline(&self, now: Time) -> bool {
        self.started.is_none_or(|started| now.since(started) < self.settings.baseline)
    }

    /// Something happened to a device. Of what lives on an Internet link nothing is told.
    pub(super) fn tell(&mut self, slot: Slot, time: Time, what: What) {
        let Some(device) = self.devices.get(slot) else { return };
        let is_listed = self.settings.lists(device.is_proven);
        if !device.is_local || !is_listed {
            return;
        }
        let mac = self.main_of(device.mac);
        let main = self.devices.find(mac).and_then(|slot| self.devices.get(slot)).unwrap_or(device);
        let name = main.names.best().or_else(|| device.names.best()).cloned();
        self.events.push(Event { time, mac: Hardware(mac), name, what });
    }

    /// A device spoke after a silence.
    pub(super) fn speaks_again(&mut self, slot: Slot, silence: Duration, now: Time) {
        let was_gone = self.devices.get_mut(slot).and_then(|device| device.presence.speak(silence, now));
        if let Some(silence) = was_gone {
            self.tell(slot, now, What::Back { silent_s: silence.as_secs() });
        }
    }

    /// The archived device silent longest makes room for a new one.
    pub(super) fn drop_an_archived(&mut self, now: Time) {
        let archived = self.devices.all().filter(|(device, traffic)| is_archived(device, traffic, now));
        let longest = archived.min_by_key(|(device, traffic)| (traffic.last_seen, device.mac));
        if let Some(mac) = longest.map(|(device, _)| device.mac) {
            self.forget(mac);
            self.left_out.devices = self.left_out.devices.saturating_add(1);
        }
    }

    fn tell_news(&mut self, now: Time) {
        for _ in 0..self.news.len() {
            let Some((until, mac)) = self.news.pop_front() else { return };
            let Some(slot) = self.devices.find(mac) else { continue };
            let Some(device) = self.devices.get_mut(slot).filter(|device| !device.presence.is_told) else { continue };
            if device.names.best().is_none() && now < until {
                self.news.push_back((until, mac));
                continue;
            }
            device.presence.is_told = true;
            for port in device.ports.all_mut() {
                port.is_told = true;
            }
            if !self.merged.contains_key(&mac) {
                self.tell(slot, now, What::NewDevice);
            }
        }
    }

    fn tell_names(&mut self, now: Time) {
        let told = self.resolvers.turn(now).filter(|_| self.settings.tells_minutes);
        let Some(Span { begins, ends, answered }) = told else { return };
        if self.minutes.len() < MOST_MINUTES {
            self.minutes.push_back(Output::Names { begins, ends, answered });
        } else {
            self.left_out.minutes = self.left_out.minutes.saturating_add(1);
        }
    }

    fn miss(&mut self, slot: Slot, now: Time) {
        let Some((device, traffic)) = self.devices.both_mut(slot) else { return };
        // A MAC that came and went before its second day has no habits.
        if device.presence.leaves(device.first_seen, traffic.last_seen, now) {
            let silent_s = now.since(traffic.last_seen).as_secs();
            self.tell(slot, now, What::Gone { silent_s });
        }
    }

    /// Names of servers that no contact and no answer has any more make room.
    fn forget_unused_names(&mut self) {
        if !self.servers.is_full() {
            return;
        }
        self.keep_used_names();
        if self.servers.is_full() {
            // Answers fill it, more than anybody asks for: without them contacts have names again.
            self.lookups.clear();
            self.foretold.clear();
            self.keep_used_names();
        }
    }

    fn keep_used_names(&mut self) {
        let mut used: alloc::collections::BTreeSet<_> = self.lookups.names().chain(self.foretold.names()).collect();
        used.extend(self.devices.all().flat_map(|(device, _)| device.contacts.names()));
        used.extend(self.flows.all().filter_map(|flow| flow.name));
        self.servers.keep(|id| used.contains(&id));
    }
}

//! What happens to devices that an operator would like to hear of, as values.

use super::ports::Protocol;
use super::report::Hardware;
use crate::time::Time;
use crate::untrusted::Untrusted;
use alloc::vec::Vec;
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// Something happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event<T = Time> {
    /// When.
    pub time: T,
    /// To whom.
    pub mac: Hardware,
    /// What it is called, if it is.
    pub name: Option<Untrusted>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// It was never seen before.
    NewDevice,
    /// It has a port open that it had not: below 32768, or seen in two different hours.
    NewPort {
        /// At which address.
        ip: IpAddr,
        /// TCP or UDP.
        protocol: Protocol,
        /// Which.
        port: u16,
    },
    /// It says that an address is its own which another MAC had a moment ago.
    AddressConflict {
        /// The address.
        ip: IpAddr,
        /// Who had it.
        with: Hardware,
    },
    /// It gives out addresses.
    ActsAsDhcpServer {
        /// It speaks DHCPv6.
        is_v6: bool,
    },
    /// It says it is a router, or passes on what others send.
    ActsAsRouter {
        /// It advertises itself (IPv6).
        advertises: bool,
    },
    /// It has not been heard of for much longer than it was ever silent.
    Gone {
        /// For how many seconds.
        silent_s: u64,
    },
    /// It is heard of again.
    Back {
        /// After how many seconds.
        silent_s: u64,
    },
}

impl Event {
    /// The event with its time as the program writes it.
    pub(super) fn label<T>(&self, label: &impl Fn(Time) -> T) -> Event<T> {
        Event { time: label(self.time), mac: self.mac, name: self.name.clone(), what: self.what.clone() }
    }
}

/// So many of the latest events stay for the report.
const MOST: usize = 256;
/// So many wait for the program to take them.
const MOST_WAITING: usize = 1024;

/// The latest events, and those the program has not taken yet.
#[derive(Default)]
pub(super) struct Events {
    latest: alloc::collections::VecDeque<Event>,
    waiting: alloc::collections::VecDeque<Event>,
    pub(super) left_out: u64,
}

impl Events {
    pub(super) fn push(&mut self, event: Event) {
        if self.latest.len() >= MOST {
            self.latest.pop_front();
        }
        self.latest.push_back(event.clone());
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push_back(event);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        self.waiting.pop_front()
    }

    pub(super) fn latest(&self) -> Vec<Event> {
        self.latest.iter().cloned().collect()
    }

    pub(super) fn forget(&mut self, mac: Hardware) {
        let is_other = |event: &Event| {
            event.mac != mac && !matches!(event.what, What::AddressConflict { with, .. } if with == mac)
        };
        self.latest.retain(is_other);
        self.waiting.retain(is_other);
    }
}

//! Alerts: what people are told is decided at a desk, kept on the disk, and sent by a thread for each place it goes to.
//!
//! ```text
//! committer ─► desk (what is told: core's alerts; what waits: core's outbox; a file) ─┬─► webhook
//!                ▲                                                                    ├─► ntfy
//!                └──────────── taken, refused, failed ◄───────────────────────────────┼─► mail
//!                                                                                     └─► hooks, which the committer runs
//! ```

mod desk;
mod file;
mod places;
mod words;

use super::dial::Dialer;
use super::errand::{Errand, Outlet};
use crate::config::alerts::Alerts;
use crate::ipc::courier::{CourierSettings, FromCourier, News};
use desk::{Counter, Input};
use rebootping_core::alerts::Standing;
use rebootping_core::alerts::outbox::{Delivery, Sink};
use rebootping_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

/// What may wait for the desk, whose disk may be slow.
const INPUTS: usize = 512;

/// The way to those who decide of what people are told.
#[derive(Debug)]
pub(super) struct Desk {
    inputs: SyncSender<Input>,
    /// Nothing is on its way any more, and nothing will be.
    has_ended: Arc<AtomicBool>,
}

impl Desk {
    /// Something happened then. An error if that cannot be taken: whoever is started next is told again.
    pub(super) fn happened(&self, number: u64, at: Time, news: News) -> io::Result<()> {
        self.give(Input::Happened(number, at, news))
    }

    /// This is how things are since then.
    pub(super) fn stands(&self, at: Time, standing: Standing) -> io::Result<()> {
        self.give(Input::Stands(at, standing))
    }

    /// The hooks have run.
    pub(super) fn ran(&self, result: Result<(), String>) -> io::Result<()> {
        let delivery = result.map_or_else(Delivery::Failed, |()| Delivery::Taken);
        self.give(Input::Delivered(Sink::Hook, delivery))
    }

    /// Nothing more is to be sent.
    pub(super) fn end(&self) -> io::Result<()> {
        self.give(Input::End)
    }

    /// It is known what became of all that was sent.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    fn give(&self, input: Input) -> io::Result<()> {
        self.inputs.try_send(input).map_err(|_| io::Error::other("the disk takes too long to keep what is to be told"))
    }
}

/// Reads all secrets; what is to be done, and the way to it.
pub(super) fn prepare(
    alerts: &Alerts,
    settings: &CourierSettings,
    dialer: &Arc<Dialer>,
    outlet: &Outlet,
) -> (Desk, Vec<Errand>) {
    let gateway = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let (inputs, received) = sync_channel(INPUTS);
    let (places, warnings) = places::all(alerts, &gateway);
    for warning in warnings {
        outlet.say(&FromCourier::Warning(warning));
    }
    let mut sinks: BTreeSet<Sink> = places.keys().copied().collect();
    sinks.extend(settings.has_hooks.then_some(Sink::Hook));
    let mut errands = Vec::new();
    let mut jobs = BTreeMap::new();
    for (sink, place) in places {
        // The next one is given when it is known what became of this one.
        let (sender, messages) = sync_channel(1);
        jobs.insert(sink, sender);
        let (dialer, inputs) = (Arc::clone(dialer), inputs.clone());
        errands.push(Errand {
            name: sink.name(),
            ports: place.port().into_iter().collect(),
            run: Box::new(move || {
                for letter in messages {
                    if inputs.send(Input::Delivered(sink, place.send(&dialer, &letter))).is_err() {
                        return;
                    }
                }
            }),
        });
    }
    let counter = Counter::new(alerts, settings.state.clone(), gateway, (sinks, jobs), outlet.clone());
    let desk = Desk { inputs, has_ended: counter.has_ended() };
    errands.push(Errand { name: "alerts", ports: Vec::new(), run: Box::new(move || counter.run(&received)) });
    (desk, errands)
}

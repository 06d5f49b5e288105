//! What the committer and the observer say to each other.

use super::past::Past;
use crate::config::observing::{Capture, CaptureMode, NetworkRule, Store};
use crate::extract::News;
use crate::extract::own_stream::Flow;
use crate::store::Wanted;
use crate::store::kinds::Happening;
use rebootping_core::history::outages::Outage;
use rebootping_core::history::relay::Receipt;
use rebootping_core::inventory::events::Event;
use rebootping_core::inventory::report::Hardware;
use rebootping_core::keep::Counts;
use rebootping_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// From the committer to the observer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum ToObserver {
    /// Watch like this from now on. The first message; later ones replace it.
    Configure(Box<ObserverSettings>),
    /// Do not capture this connection for so long: captures leave over it.
    LeaveOut(Flow, Duration),
    /// Write packets without waiting for more for so long: somebody follows them.
    Follow(Duration),
    /// Do this to a device, and answer with the number when the disk has it.
    Device {
        /// By which the answer is known.
        number: u64,
        /// One of its MACs.
        mac: Hardware,
        /// What.
        verb: DeviceVerb,
    },
    /// The judge's notes for the history.
    Notes(Vec<u8>),
    /// Keep this at once, and say by the number when the disk has it.
    Happened {
        /// By which the answer is known.
        number: u64,
        /// What is to be kept.
        happened: Happened,
    },
}

/// Something that the committer did, or an operator.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Happened {
    /// What kind of thing it is.
    pub(crate) kind: Happening,
    /// When.
    pub(crate) at: Time,
    /// The link or the user it is about.
    pub(crate) subject: String,
    /// All of it, as JSON.
    pub(crate) body: String,
}

/// What is done to a device.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum DeviceVerb {
    /// Call it so; empty takes the name back.
    Rename(String),
    /// Write this down about it; empty takes the note back.
    Note(String),
    /// It is the device that has this MAC.
    Merge(Hardware),
    /// The MAC is a device of its own again.
    Split,
    /// Keep so much of its packets; none is as much as its network says.
    Capture(Option<CaptureMode>),
    /// Say what speaks against cutting it off, if anything does.
    Weigh,
    /// Forget it and erase what is kept of it.
    Forget,
}

/// From the observer to the committer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum FromObserver {
    /// How capturing goes, once a second.
    Capture(Box<CaptureReport>),
    /// Something happened to a device.
    Event(Box<Event>),
    /// There is news of an outage of this boot. All of its times are those since boot.
    Outage(Box<Outage>),
    /// Something the operator would like to know.
    Notice(String),
    /// Something the operator should know.
    Warning(String),
    /// What became of an order about a device: what was done, or why not.
    Answered {
        /// The order's number.
        number: u64,
        /// What was done, or why it was not.
        answer: Result<String, String>,
    },
    /// These are the MACs of the device that an order has forgotten; others erase what they have of them before it is answered.
    Forgetting {
        /// The order's number.
        number: u64,
        /// All of them.
        macs: Vec<Hardware>,
    },
    /// How the history is kept, when that has changed.
    Store(Box<StoreReport>),
    /// For the judge: how much of its notes the history has.
    Receipt(Receipt),
    /// The disk has what happened, or why it does not.
    Kept {
        /// Its number.
        number: u64,
        /// Whether it has it.
        result: Result<(), String>,
    },
}

/// How the history is kept.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct StoreReport {
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Bytes that wait for the disk.
    pub(crate) waiting_bytes: u64,
    /// Bytes of memory it takes: what waits, the hour that is not over, and SQLite's caches.
    pub(crate) memory: u64,
    /// When the disk last had all of it, in nanoseconds of Unix time.
    pub(crate) written: Option<u64>,
    /// What never came to the disk since the observer started: blocks and rows, by kind.
    pub(crate) lost: BTreeMap<String, u64>,
    /// Why nothing is kept, if nothing is.
    pub(crate) error: Option<String>,
    /// What links moved, once the clock is set.
    pub(crate) links: Vec<LinkMoved>,
}

/// What a link moved, by the operator's calendar.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LinkMoved {
    /// Its interface.
    pub(crate) link: String,
    /// Today.
    pub(crate) today: Bytes,
    /// Since the month began.
    pub(crate) month: Bytes,
    /// The day on which the count of its cap began, `2026-11-05`, and the one on which it begins anew.
    pub(crate) since: String,
    pub(crate) until: String,
    /// Since then.
    pub(crate) used: Bytes,
    /// Of that our own echoes.
    pub(crate) probes: Bytes,
    /// In the last whole days.
    pub(crate) of_late: Bytes,
    /// How many days these are; none on the first.
    pub(crate) days_of_late: u32,
}

/// Bytes in both directions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Bytes {
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

impl Bytes {
    /// Adds others.
    pub(crate) fn add(&mut self, other: Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.received = self.received.saturating_add(other.received);
    }

    /// Both directions.
    pub(crate) fn both(self) -> u64 {
        self.sent.saturating_add(self.received)
    }
}

/// What the observer can be asked, by root and the page.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    /// Something it knows.
    Known(Fact),
    /// What was captured. Whoever asks says then what belongs beside it ([`Beside`]).
    Packets(Packets),
    /// What was.
    Past(Box<Past>),
}

/// Something the observer knows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Fact {
    /// All there is to say of devices.
    Report,
    /// How many bytes each device has sent and was sent.
    Traffic,
    /// Samples or traffic of the hour that is not over.
    Recent(Wanted),
    /// What the series that begin so moved in it, by day.
    Moved(String),
}

/// Which packets are asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Packets {
    /// Whose.
    pub(crate) of: Of,
    /// From then on, in nanoseconds of Unix time.
    pub(crate) since: u64,
    /// Up to then.
    pub(crate) until: u64,
    /// Only those from or to one of these, if there are any.
    pub(crate) hosts: Vec<IpAddr>,
    /// As many bytes of each.
    pub(crate) snap: u32,
    /// Go on with what is captured from now on.
    pub(crate) follow: bool,
    /// The stream may be captured itself, so it is held to a pace.
    pub(crate) is_paced: bool,
}

/// Whose packets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Of {
    /// Those of the device with these MACs; those of which nothing is kept add nothing.
    Device(Vec<Hardware>),
    /// Those on this interface.
    Interface(String),
}

/// What whoever asked for packets says, for the observer asks nobody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Beside {
    /// This belongs beside them.
    News(News),
    /// That was all there is to say before the first; what follows is new.
    Begin,
}

/// How many bytes a device has sent and was sent since it is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Traffic {
    /// Its MAC.
    pub(crate) mac: Hardware,
    /// Bytes of its frames.
    pub(crate) sent: u64,
    /// Bytes of frames to it.
    pub(crate) received: u64,
}

/// A part of its answer, which is JSON.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Part {
    /// So much of it.
    Text(String),
    /// That was all.
    End,
    /// What follows is pcapng, until the connection ends.
    Packets,
    /// There is none, and why.
    Refused(String),
}

/// All the observer needs to know of the configuration and the links.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct ObserverSettings {
    /// The user it becomes.
    pub(crate) user: String,
    /// Where captures are kept.
    pub(crate) captures: PathBuf,
    /// Where it keeps what it learnt.
    pub(crate) state: PathBuf,
    /// Where its socket is.
    pub(crate) run: PathBuf,
    /// The user of the page, who may ask it.
    pub(crate) web_user: String,
    /// The user of the courier, who may ask it for minutes and for nothing else.
    pub(crate) courier_user: String,
    /// The Internet links' interfaces.
    pub(crate) links: Vec<String>,
    /// `[capture]`.
    pub(crate) capture: Capture,
    /// `[[network]]`, in the order written.
    pub(crate) networks: Vec<NetworkRule>,
    /// `[store]`.
    pub(crate) store: Store,
    /// Of each Internet link the day of the month on which the count of its cap begins.
    pub(crate) counted: BTreeMap<String, u8>,
}

/// How capturing goes: totals since the observer started.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct CaptureReport {
    /// Packets seen on all interfaces.
    pub(crate) packets: u64,
    /// Their bytes on the wire.
    pub(crate) bytes: u64,
    /// Records written to capture files; a packet between two devices has two.
    pub(crate) written: u64,
    /// Packets kept with fewer bytes than they had.
    pub(crate) truncated: u64,
    /// What became of them, and of the MACs in them.
    pub(crate) frames: Counts,
    /// Bytes written to capture files since midnight, local time.
    pub(crate) written_bytes_today: u64,
    /// Bytes all capture files hold.
    pub(crate) kept_bytes: u64,
    /// The oldest packet kept, in nanoseconds of Unix time.
    pub(crate) oldest: Option<u64>,
    /// Packets lost, by where.
    pub(crate) dropped: Dropped,
    /// Packets lost a second, over the last second.
    pub(crate) drop_rate: Dropped,
    /// Devices with a folder of their own.
    pub(crate) devices: u64,
    /// Interfaces captured.
    pub(crate) interfaces: Vec<String>,
    /// Bytes of memory the observer holds.
    pub(crate) memory: u64,
    /// Of these, buffers of packets on their way to the disk.
    pub(crate) buffers: u64,
    /// Why nothing is written, if nothing is.
    pub(crate) error: Option<String>,
}

/// Packets lost, by where.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Dropped {
    /// The ring was full: we were too slow.
    pub(crate) ring: u64,
    /// The network card had no room.
    pub(crate) nic: u64,
    /// The kernel's backlog was full before anybody saw the packet.
    pub(crate) softnet: u64,
    /// The disk was too slow or refused.
    pub(crate) writer: u64,
}

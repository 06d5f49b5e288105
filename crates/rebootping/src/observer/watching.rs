//! How the observer follows the kernel's interfaces, and tells how capturing goes.

use super::desk::{Desk, mode};
use super::devices::{Devices, Learnt};
use super::history::History;
use super::questions::Answer;
use super::today::Today;
use super::welcome;
use crate::capture::Capture;
use crate::capture::counters::Drops;
use crate::capture::interfaces::Captured;
use crate::clock::{Line, Moment};
use crate::config::observing::CaptureMode;
use crate::extract::folders::INTERFACE;
use crate::extract::own_stream::Flow;
use crate::ipc::observer::{CaptureReport, DeviceVerb, Dropped, FromObserver, ObserverSettings};
use crate::netlink::message::Link;
use crate::netlink::message::NeighbourState;
use crate::netlink::watch::Watch;
use crate::pcap_files::{Files, Limits, Maker};
use crate::sys::heap;
use jiff::tz::TimeZone;
use rebootping_core::inventory::{self, report::Hardware};
use rebootping_core::keep::{self, Interface, Keep, Mode, Stream};
use rebootping_core::packet::frame::InterfaceId;
use rebootping_core::time::Time;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// How long the end waits for the disk: the daemon has a second for all.
pub(super) const STOP_WITHIN: Duration = Duration::from_millis(800);
/// Of more interfaces than this the losses are told with all else, once a minute.
const MOST_ASKED: usize = 64;
/// A captures folder that is not there is made again after this, for another observer: this one may use no other folder than
/// that which it found.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// The capture, what is decided about each frame, and where it goes.
pub(super) struct Watching {
    settings: ObserverSettings,
    watch: Watch,
    capture: Capture,
    desk: Desk,
    line: Line,
    today: Today,
    bytes: u64,
    drops: Drops,
    dropped_by_writer: u64,
    reported: Moment,
    lacks_folder_since: Option<Moment>,
    /// What lay in the captures folder before is known.
    has_looked: bool,
    said: Vec<FromObserver>,
}

/// What is to be captured, as far as the kernel's interfaces are known.
pub(super) fn captured(watch: &Watch, settings: &ObserverSettings) -> Captured {
    Captured::decide(watch.snapshot().links(), &settings.capture, &settings.networks)
}

impl Watching {
    /// Begins; captures that cannot be kept are counted all the same.
    pub(super) fn start(watch: Watch, capture: Capture, settings: ObserverSettings, seed: u64, zone: TimeZone) -> Self {
        let now = Moment::now();
        let line = Line::set_at(now);
        let mut said = Vec::new();
        let files = match Files::start(&settings.captures, maker(), Limits::from(&settings.capture), line.of(now)) {
            Ok(files) => Some(files),
            Err(error) => {
                let folder = settings.captures.display();
                said.push(FromObserver::Warning(format!("packets are not kept: {folder}: {error}")));
                None
            }
        };
        // Two tables that strangers fill are not filled alike.
        let (devices, trouble) =
            Devices::start(&settings.state, learning(&settings), seed.rotate_left(32), line.of(now));
        said.extend(trouble);
        let (today, trouble) = Today::start(&settings.state, zone);
        let no_thread = |error| format!("what was written today will be forgotten at the next start: {error}");
        said.extend(trouble.map(no_thread).map(FromObserver::Warning));
        let mut watching = Self {
            desk: Desk::new(Keep::new(keep_settings(&settings), seed), files, devices, line.of(now)),
            settings,
            watch,
            capture,
            line,
            today,
            bytes: 0,
            drops: Drops::default(),
            dropped_by_writer: 0,
            reported: now,
            lacks_folder_since: None,
            has_looked: false,
            said,
        };
        watching.take_interfaces();
        watching
    }

    /// What can be waited for: frames and the kernel's news.
    pub(super) fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.capture.as_fd(), self.watch.as_fd()]
    }

    /// Takes all frames that are ready.
    pub(super) fn receive(&mut self) {
        let read = Moment::now();
        let Self { capture, desk, line, bytes, .. } = self;
        desk.tick(line.of(read));
        capture.receive(|frame| {
            *bytes += u64::from(frame.original);
            desk.take(frame, line.of_stamp(frame.stamp, read));
        });
    }

    /// Takes the kernel's news: interfaces that came, went or changed, neighbours that answered.
    pub(super) fn receive_netlink(&mut self) {
        match self.watch.receive() {
            Ok(false) => {}
            Ok(true) => self.take_interfaces(),
            Err(error) => self.warn(&format!("the kernel's messages cannot be read: {error}")),
        }
    }

    /// Asks the kernel for everything anew.
    pub(super) fn ask_kernel(&mut self) {
        if let Err(error) = self.watch.refresh() {
            self.warn(&format!("the kernel cannot be asked about interfaces: {error}"));
        }
    }

    /// Goes on with other settings.
    pub(super) fn configure(&mut self, settings: ObserverSettings) {
        if self.desk.configure(keep_settings(&settings), Limits::from(&settings.capture)).is_err() {
            self.warn("the disk is too slow to take other limits now; reload once more");
        }
        self.desk.devices.configure(learning(&settings));
        self.settings = settings;
        self.take_interfaces();
    }

    /// What is known of devices, to be told to whoever asked.
    pub(super) fn devices(&mut self) -> Answer {
        let kept = self.desk.files().map(Files::status).unwrap_or_default();
        let report = self.desk.devices.report(&kept.owners, self.line.of(Moment::now()));
        Box::new(move || serde_json::to_string(&report))
    }

    /// How much each device has sent and was sent, likewise.
    pub(super) fn traffic(&mut self) -> Answer {
        let traffic: Vec<_> = self.desk.devices.traffic().collect();
        Box::new(move || serde_json::to_string(&traffic))
    }

    /// Does not capture this connection for a while.
    pub(super) fn leave_out(&mut self, flow: Flow, lasting: Duration) {
        let until = self.line.of(Moment::now()) + lasting;
        if !self.desk.leave_out(Stream::new(flow.client, flow.server), until) {
            self.warn("a connection over which captures leave is captured too: too many are left out already");
        }
    }

    /// Has packets written without waiting for more for a while.
    pub(super) fn follow(&mut self, lasting: Duration) {
        self.desk.follow_until(self.line.of(Moment::now()) + lasting);
    }

    /// Does what the operator wants of a device.
    pub(super) fn obey(&mut self, number: u64, order: (Hardware, &DeviceVerb), history: &mut History) {
        self.desk.obey(number, order, &self.settings.captures, history, self.line.of(Moment::now()));
    }

    /// How capturing goes. An error says that another observer must try.
    pub(super) fn report(&mut self, now: Moment) -> io::Result<CaptureReport> {
        let before = self.line.of(now);
        if let Some(step) = self.line.follow(now) {
            self.desk.devices.shift(before, step);
        }
        let news = self.desk.devices.tick(self.line.of(now));
        self.said.extend(news);
        let span = now.time().since(self.reported.time());
        self.reported = now;
        let counters = self.capture.counters(self.watch.snapshot())?;
        self.ask_for_losses();
        let rates = counters.drops.since(self.drops).per_second(span);
        self.drops = counters.drops;
        let kept = self.desk.files().map(Files::status).unwrap_or_default();
        let by_writer = kept.behind.records + kept.refused.records;
        let writer_rate = by_writer.saturating_sub(self.dropped_by_writer);
        self.dropped_by_writer = by_writer;
        let lacks_folder = self.desk.files().is_none() || kept.lacks_folder;
        let error = self.trouble(kept.trouble, lacks_folder, now)?;
        if let Some(found) = kept.recovered.filter(|_| !self.has_looked) {
            self.has_looked = true;
            // They were proven when their folders were made.
            let folders = kept.owners.iter().map(|(folder, owner)| (&**folder, Time::from_nanos(owner.newest)));
            self.desk.handle_found(folders, self.line.of(now));
            self.welcome(found.segments == 0);
        }
        Ok(CaptureReport {
            packets: counters.packets,
            bytes: self.bytes,
            written: kept.written.records,
            truncated: kept.truncated,
            frames: self.desk.counts(),
            written_bytes_today: self.today.of(kept.written_bytes, now.label(now.time())),
            kept_bytes: kept.total,
            oldest: kept.owners.values().map(|owner| owner.oldest).min(),
            dropped: Dropped {
                ring: counters.drops.ring,
                nic: counters.drops.nic,
                softnet: counters.drops.softnet,
                writer: by_writer,
            },
            drop_rate: Dropped { ring: rates.ring, nic: rates.nic, softnet: rates.softnet, writer: writer_rate },
            devices: kept.owners.keys().filter(|folder| !folder.starts_with(INTERFACE)).count() as u64,
            interfaces: self.capture.captured().interfaces.iter().map(|interface| interface.name.clone()).collect(),
            memory: heap::handed_out(),
            buffers: kept.memory as u64,
            error,
        })
    }

    /// Asks the kernel what cards have lost, for the next report.
    fn ask_for_losses(&mut self) {
        let Self { capture, watch, .. } = self;
        for interface in capture.captured().interfaces.iter().take(MOST_ASKED) {
            // Where that fails so does asking for everything, once a minute, which is said.
            drop(watch.request_link(interface.id.0));
        }
    }

    /// What was learnt since the last time, and the line its times are on.
    pub(super) fn learnt(&mut self) -> (Learnt, Line) {
        (self.desk.devices.learnt(), self.line)
    }

    /// What the operator is to be told.
    pub(super) fn said(&mut self) -> Vec<FromObserver> {
        let mut said = std::mem::take(&mut self.said);
        said.extend(self.desk.devices.answers());
        said
    }

    /// Takes what the kernel still holds and writes all of it, as far as the disk is willing.
    pub(super) fn stop(self) {
        let Self { capture, mut desk, line, today, .. } = self;
        let read = Moment::now();
        // What could not be read any more is lost with us.
        drop(capture.close(|frame| desk.take(frame, line.of_stamp(frame.stamp, read))));
        let written = desk.files().map_or(0, |files| files.status().written_bytes);
        today.stop(written, read.label(read.time()), STOP_WITHIN / 8);
        desk.stop(STOP_WITHIN);
    }

    fn take_interfaces(&mut self) {
        let captured = captured(&self.watch, &self.settings);
        if captured != *self.capture.captured() {
            if let Err(error) = self.capture.set_interfaces(captured) {
                self.warn(&format!("an interface does not show frames between others: {error}"));
            }
        }
        if let Err(error) = self.watch.follow_neighbours(self.capture.captured().addressed.clone()) {
            self.warn(&format!("the kernel cannot be asked about neighbours: {error}"));
        }
        let interfaces = self.interfaces();
        let reachable = self.watch.snapshot().neighbours().filter(|it| it.state == NeighbourState::Reachable);
        let reachable = reachable.filter_map(|neighbour| neighbour.hardware_address);
        self.desk.set_interfaces(&interfaces, self.capture.captured(), self.line.of(Moment::now()));
        self.desk.handle_reachable(reachable, self.line.of(Moment::now()));
        self.desk.devices.set_interfaces(self.capture.captured(), &self.settings.links);
    }

    /// This host's interfaces as `keep` wants them, captured or not: the MACs of all of them are ours.
    fn interfaces(&self) -> Vec<Interface> {
        let snapshot = self.watch.snapshot();
        let is_bridge = |index: &u32| snapshot.link(*index).is_some_and(|link| link.kind.as_deref() == Some("bridge"));
        let captured = self.capture.captured();
        let interface = |link: &Link| {
            let treated = captured.get(InterfaceId(link.index));
            let vlans = treated.iter().flat_map(|interface| &interface.vlans);
            Interface {
                id: InterfaceId(link.index),
                name: link.name.clone(),
                mac: link.hardware_address,
                bridge: link.master.filter(is_bridge).map(InterfaceId),
                mode: treated.map_or(Mode::Off, |interface| mode(interface.treatment.mode)),
                vlans: vlans.map(|(vlan, treatment)| (*vlan, mode(treatment.mode))).collect(),
            }
        };
        snapshot.links().map(interface).collect()
    }

    /// Why nothing is written, if nothing is; an error once it is time to try again with a folder made anew.
    fn trouble(&mut self, said: Option<String>, lacks_folder: bool, now: Moment) -> io::Result<Option<String>> {
        if !lacks_folder {
            self.lacks_folder_since = None;
            return Ok(said);
        }
        let since = *self.lacks_folder_since.get_or_insert(now);
        let folder = self.settings.captures.display();
        if now.time().since(since.time()) > TRY_AGAIN {
            return Err(io::Error::other(format!("{folder} could not be used; it is tried again")));
        }
        Ok(said.or_else(|| Some(format!("{folder} cannot be used"))))
    }

    /// At the very first start: what is recorded, where, how long, and how to turn that off.
    fn welcome(&mut self, nothing_kept: bool) {
        if nothing_kept && self.settings.capture.mode != CaptureMode::Off {
            self.said.push(FromObserver::Notice(welcome::text(&self.settings.capture, &self.settings.captures)));
        }
    }

    fn warn(&mut self, text: &str) {
        self.said.push(FromObserver::Warning(format!("observer: {text}")));
    }
}

fn keep_settings(settings: &ObserverSettings) -> keep::Settings {
    keep::Settings { flow_cutoff: settings.capture.flow_cutoff }
}

fn learning(settings: &ObserverSettings) -> inventory::Settings {
    inventory::Settings { contacts: settings.store.contacts, ..inventory::Settings::live() }
}

/// What each file says of where it was made.
fn maker() -> Maker {
    Maker {
        hardware: std::env::consts::ARCH.to_owned(),
        system: "Linux".to_owned(),
        program: concat!("rebootping ", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

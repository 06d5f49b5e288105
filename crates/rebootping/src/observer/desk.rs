//! The desk over which every frame goes: whose it is, how much of it is kept and where, and what it tells of devices.

use super::devices::Devices;
use super::history::History;
use super::orders::Erasing;
use crate::capture::frame::Frame;
use crate::capture::interfaces::Captured;
use crate::config::observing::CaptureMode;
use crate::extract::folders::INTERFACE;
use crate::ipc::observer::DeviceVerb;
use crate::pcap_files::{Behind, Files, Limits, Record, Slot};
use rebootping_core::inventory::report::Hardware;
use rebootping_core::keep::{self, Counts, Interface, Keep, Keeping, Mode, Output, Owner, OwnerId, Share, Stream};
use rebootping_core::packet::frame::{InterfaceId, LinkType, Packet, Seen};
use rebootping_core::packet::neighbour::Mac;
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// The last frames of an interface come out of the ring later than the news that it is gone; `keep` waits as long for them.
const GRACE: Duration = Duration::from_secs(2);

/// Decides about frames and has them kept.
pub(super) struct Desk {
    keep: Keep,
    files: Option<Files>,
    pub(super) devices: Devices,
    /// Connections that are not captured, each with when it is again.
    left_out: Vec<(Stream, Time)>,
    /// The folder and the link type of each interface.
    folders: BTreeMap<InterfaceId, (String, LinkType)>,
    /// Interfaces that are gone, and since when.
    gone: BTreeMap<InterfaceId, Time>,
}

impl Desk {
    /// Without files, frames are counted and not kept.
    pub(super) fn new(keep: Keep, files: Option<Files>, devices: Devices, now: Time) -> Self {
        let mut desk =
            Self { keep, files, devices, left_out: Vec::new(), folders: BTreeMap::new(), gone: BTreeMap::new() };
        for mac in desk.devices.wanted(now) {
            desk.want(mac, now);
        }
        desk
    }

    /// The files, if there is a folder for them.
    pub(super) fn files(&self) -> Option<&Files> {
        self.files.as_ref()
    }

    /// What became of all frames until now.
    pub(super) fn counts(&self) -> Counts {
        self.keep.counts()
    }

    /// Goes on with other settings.
    pub(super) fn configure(&mut self, settings: keep::Settings, limits: Limits) -> Result<(), Behind> {
        self.keep.configure(settings);
        self.files.as_mut().map_or(Ok(()), |files| files.configure(limits))
    }

    /// Takes the list of this host's interfaces.
    pub(super) fn set_interfaces(&mut self, interfaces: &[Interface], captured: &Captured, now: Time) {
        for interface in &captured.interfaces {
            self.folders.insert(interface.id, (folder_of_interface(&interface.name), interface.link));
            if let Some(files) = &mut self.files {
                files.set_interface(interface.id, &interface.name);
            }
        }
        let is_here = |id: &InterfaceId| interfaces.iter().any(|interface| interface.id == *id);
        self.gone.retain(|id, _| !is_here(id));
        for id in self.folders.keys().filter(|id| !is_here(id)) {
            self.gone.entry(*id).or_insert(now);
        }
        self.keep.set_interfaces(interfaces, now);
        self.carry_out(now);
    }

    /// Takes note of neighbours the kernel has had an answer from.
    pub(super) fn handle_reachable(&mut self, macs: impl Iterator<Item = Mac>, now: Time) {
        for mac in macs {
            self.keep.handle_reachable(mac, now);
        }
        self.carry_out(now);
    }

    /// Takes note of the devices that have a folder from before, each last heard then.
    pub(super) fn handle_found<'a>(&mut self, folders: impl Iterator<Item = (&'a str, Time)>, now: Time) {
        for (mac, heard) in folders.filter_map(|(folder, heard)| Some((device_of_folder(folder)?, heard))) {
            self.keep.handle_remembered(mac, heard);
        }
        self.carry_out(now);
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Time) {
        if let Some(files) = &mut self.files {
            files.tick(now);
        }
        self.forget_gone(now);
        if self.keep.next_deadline().is_some_and(|at| at <= now) {
            self.keep.handle_wake(now);
            self.carry_out(now);
        }
        self.capture_again(now);
    }

    /// Does not capture a connection until then: captures leave over it, and would feed themselves. False if too many are
    /// left out already.
    pub(super) fn leave_out(&mut self, stream: Stream, until: Time) -> bool {
        self.left_out.retain(|(other, _)| *other != stream);
        let has_room = self.keep.exclude(stream);
        if has_room {
            self.left_out.push((stream, until));
        }
        has_room
    }

    /// Has packets written without waiting for more until then.
    pub(super) fn follow_until(&mut self, until: Time) {
        if let Some(files) = &mut self.files {
            files.follow_until(until);
        }
    }

    fn capture_again(&mut self, now: Time) {
        let Self { keep, left_out, .. } = self;
        left_out.retain(|(stream, until)| {
            let stays = *until > now;
            if !stays {
                keep.include(*stream);
            }
            stays
        });
    }

    /// Decides about a frame, and has it kept.
    pub(super) fn take(&mut self, frame: &Frame<'_>, at: Time) {
        let packet = Packet::read(frame.link, frame.bytes);
        let seen = Seen {
            at,
            interface: frame.interface,
            direction: frame.direction,
            link: frame.link,
            frame: frame.bytes,
            original: frame.original,
        };
        let keeping = self.keep.handle_frame(&seen, &packet);
        self.devices.take(&seen, &packet);
        if self.keep.has_output() {
            self.carry_out(at);
        }
        self.append(keeping, &seen, &packet);
    }

    /// Does what the operator wants of a device; captures lie in this folder. It is answered when the disk has it.
    pub(super) fn obey(
        &mut self,
        number: u64,
        (mac, verb): (Hardware, &DeviceVerb),
        captures: &Path,
        history: &mut History,
        now: Time,
    ) {
        let macs = self.devices.macs(mac, now);
        let done = self.devices.obey(mac, verb, now);
        if *verb == DeviceVerb::Weigh {
            return self.devices.answer_now(number, done);
        }
        let result = done.and_then(|done| {
            let mut erasing = self.follow(mac, &macs, verb, captures, now)?;
            if *verb == DeviceVerb::Forget {
                erasing.extend(history.forget(&macs).map(|tried| Erasing { folder: None, tried }));
            }
            Ok((done, erasing))
        });
        if *verb == DeviceVerb::Forget && result.is_ok() {
            self.devices.forgetting(number, macs);
        }
        self.devices.answer_when_kept(number, result);
    }

    /// Has captures follow what was done to a device; what is being erased.
    fn follow(
        &mut self,
        mac: Hardware,
        macs: &[Hardware],
        verb: &DeviceVerb,
        captures: &Path,
        now: Time,
    ) -> Result<Vec<Erasing>, String> {
        match verb {
            DeviceVerb::Rename(_) | DeviceVerb::Capture(_) => {
                self.want(mac, now);
                Ok(Vec::new())
            }
            DeviceVerb::Note(_) | DeviceVerb::Merge(_) | DeviceVerb::Split | DeviceVerb::Weigh => Ok(Vec::new()),
            DeviceVerb::Forget => macs.iter().filter_map(|mac| self.erase(*mac, captures, now).transpose()).collect(),
        }
    }

    /// Keeps of a device as much as the operator wants.
    fn want(&mut self, mac: Hardware, now: Time) {
        self.keep.handle_named(mac.0, self.devices.mode(mac).map(mode), now);
        self.carry_out(now);
    }

    /// Erases the captures of a MAC.
    fn erase(&mut self, mac: Hardware, captures: &Path, now: Time) -> Result<Option<Erasing>, String> {
        self.keep.forget(mac.0);
        self.carry_out(now);
        let Some(files) = &mut self.files else { return Ok(None) };
        let folder = folder_of_device(mac.0);
        let tried = files.erase(&folder).map_err(|_behind| {
            "it is forgotten, but the disk is too far behind to erase its captures; say it once more".to_owned()
        })?;
        Ok(Some(Erasing { folder: Some(captures.join(folder)), tried }))
    }

    /// Writes all that is left, as far as the disk takes it in time.
    pub(super) fn stop(self, timeout: Duration) {
        self.devices.stop(timeout / 2);
        if let Some(files) = self.files {
            files.stop(timeout / 2);
        }
    }

    fn append(&mut self, keeping: Keeping, seen: &Seen<'_>, packet: &Packet) {
        let Some(files) = &mut self.files else { return };
        for Share { owner, snap } in keeping.into_iter().flatten() {
            files.append(slot(owner), &record(seen, packet, snap));
        }
    }

    /// Forgets interfaces that have been gone for long enough.
    fn forget_gone(&mut self, now: Time) {
        while let Some((&id, _)) = self.gone.iter().find(|(_, since)| **since + GRACE <= now) {
            self.gone.remove(&id);
            self.folders.remove(&id);
            if let Some(files) = &mut self.files {
                files.remove_interface(id);
            }
        }
    }

    /// Does what `keep` asks for: it must be done before the next frame is kept.
    fn carry_out(&mut self, now: Time) {
        let Self { keep, files, devices, folders, .. } = self;
        while let Some(output) = keep.poll_output() {
            if let Output::Opened { owner: Owner::Mac(mac), .. } = output {
                devices.prove(mac, now);
            }
            if let Some(files) = files {
                keep_for(files, folders, output);
            }
        }
    }
}

/// How much `keep` is to let through.
pub(super) const fn mode(mode: CaptureMode) -> Mode {
    match mode {
        CaptureMode::Full => Mode::Full,
        CaptureMode::Headers => Mode::Headers,
        CaptureMode::Off => Mode::Off,
    }
}

/// Opens, fills and closes the files of owners.
fn keep_for(files: &mut Files, folders: &BTreeMap<InterfaceId, (String, LinkType)>, output: Output<'_>) {
    match output {
        Output::Opened { id, owner: Owner::Mac(mac) } => {
            files.open(slot(id), &folder_of_device(mac), LinkType::Ethernet);
        }
        Output::Opened { id, owner: Owner::Interface(interface) } => {
            if let Some((folder, link)) = folders.get(&interface) {
                files.open(slot(id), folder, *link);
            }
        }
        Output::Replay { id, seen } => {
            files.append(slot(id), &record(&seen, &Packet::read(seen.link, seen.frame), u32::MAX));
        }
        Output::Closed { id, .. } => files.close(slot(id)),
    }
}

/// The first bytes of a frame, as many as are kept. Where these are headers alone, the MACs among them must do to tell which way
/// it went: to say it beside them would take an eighth more of the disk for a stream.
fn record<'a>(seen: &Seen<'a>, packet: &Packet, snap: u32) -> Record<'a> {
    let bytes = seen.frame.get(..snap as usize).unwrap_or(seen.frame);
    let is_bare = packet.ether.is_some() && bytes.len().min(packet.payload.end) <= packet.payload.start;
    Record {
        interface: seen.interface,
        stamp: seen.at.as_nanos(),
        direction: Some(seen.direction).filter(|_| !is_bare),
        original: seen.original,
        bytes,
    }
}

const fn slot(owner: OwnerId) -> Slot {
    Slot(owner.0)
}

/// A device's folder: its MAC in lower case with colons.
fn folder_of_device(mac: Mac) -> String {
    Hardware(mac).to_string()
}

/// The device whose folder has this name.
fn device_of_folder(name: &str) -> Option<Mac> {
    let mut bytes = name.split(':').map(|byte| u8::from_str_radix(byte, 16).ok());
    let mut mac = Mac::default();
    for byte in &mut mac {
        *byte = bytes.next()??;
    }
    // Only the one way of writing it.
    (folder_of_device(mac) == name).then_some(mac)
}

/// The folder of frames that belong to no device: `if-` and the interface's name, with a percent sign and two digits for
/// each byte that is not a letter, a digit, a dot, a hyphen or an underscore.
fn folder_of_interface(name: &str) -> String {
    let mut folder = String::from(INTERFACE);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            folder.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(folder, "%{byte:02x}");
        }
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_by_mac_or_by_escaped_interface() {
        assert_eq!(folder_of_device([2, 0, 0x5e, 0, 0xff, 1]), "02:00:5e:00:ff:01");
        assert_eq!(device_of_folder("02:00:5e:00:ff:01"), Some([2, 0, 0x5e, 0, 0xff, 1]));
        for other in ["if-ppp0", "02:00:5E:00:FF:01", "2:0:5e:0:ff:1", "02:00:5e:00:ff", "02:00:5e:00:ff:01:02", ""] {
            assert_eq!(device_of_folder(other), None, "{other}");
        }
        assert_eq!(folder_of_interface("ppp0"), "if-ppp0");
        assert_eq!(folder_of_interface("../é"), "if-..%2f%c3%a9");
    }
}

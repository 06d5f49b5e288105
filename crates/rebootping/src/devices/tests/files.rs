//! Reports from capture files: of a crowd, from parts in any order, from what is damaged or not there.

use super::super::facts::{All, Origin};
use super::super::offline::{Offline, read};
use super::{form, forms};
use rebootping_core::inventory::report::Hardware;
use rebootping_core::untrusted::Untrusted;
use rebootping_lab::crowd::Crowd;
use std::fs;
use std::path::{Path, PathBuf};

const DEVICES: u32 = 50;
/// Bytes before the first packet of a pcap file.
const HEADER: usize = 24;

/// A folder with a crowd's capture in it, gone at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rebootping-devices-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("a file");
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn crowd() -> Vec<u8> {
    let mut bytes = Vec::new();
    Crowd::new(1, DEVICES).write(&mut bytes, 1_000_000).expect("memory takes all");
    bytes
}

/// Where packets begin, the end of the last one included.
fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let mut places = vec![HEADER];
    while let Some(length) = places.last().and_then(|at| bytes.get(at + 8..at + 12)) {
        let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
        places.push(places[places.len() - 1] + 16 + length);
    }
    places
}

#[track_caller]
fn fine(paths: &[PathBuf]) -> Offline {
    let offline = read(paths);
    assert!(offline.troubles.is_empty() && offline.files == paths.len(), "{:?}", offline.troubles);
    offline
}

const ORIGIN: Origin = Origin::Files { files: 1, packets: 1 };

fn report(mut offline: Offline) -> All {
    serde_json::from_str(&form("JSON", &offline.told(), ORIGIN)).expect("the shape of a report")
}

#[test]
fn everybody_in_a_crowd_is_listed_by_name() {
    let place = Place::new("crowd");
    let report = report(fine(&[place.write("crowd.pcap", &crowd())]));
    for number in 0..DEVICES {
        let is_it = |mac: Hardware| mac == Hardware(Crowd::mac(number));
        let device = report.devices.iter().find(|device| is_it(device.mac)).expect("it is listed");
        assert_eq!(device.name.as_ref().map(Untrusted::raw), Some(Crowd::name(number).as_str()));
        assert!(device.proven && !device.contacts.is_empty(), "{device:?}");
    }
    assert!(report.devices.iter().any(|device| device.tcp_open.iter().any(|port| port.port == 22)));
    assert!(report.hosts.len() > 100);
}

#[test]
fn what_is_written_piece_by_piece_is_what_it_would_be_whole() {
    let place = Place::new("pieces");
    let mut offline = fine(&[place.write("crowd.pcap", &crowd())]);
    let pieces = forms(&offline.told(), ORIGIN);
    assert_eq!(pieces, forms(&report(offline), ORIGIN));
}

#[test]
fn parts_of_a_capture_are_put_in_order() {
    let place = Place::new("parts");
    let bytes = crowd();
    let places = boundaries(&bytes);
    let middle = places[places.len() / 2];
    let later = [&bytes[..HEADER], &bytes[middle..]].concat();
    let whole = fine(&[place.write("whole.pcap", &bytes)]);
    let parts = fine(&[place.write("a.pcap", &later), place.write("b.pcap", &bytes[..middle])]);
    assert_eq!((parts.packets(), report(parts)), (whole.packets(), report(whole)));
}

#[test]
fn damage_is_said_and_what_stands_before_it_counts() {
    let place = Place::new("damage");
    let bytes = crowd();
    let cut = place.write("cut.pcap", &bytes[..bytes.len() - 7]);
    let none = place.write("none.pcap", b"no capture at all");
    let missing = place.0.join("missing.pcap");
    let offline = read(&[cut.clone(), none.clone(), missing.clone()]);
    let begins = |path: &Path| offline.troubles.iter().any(|told| told.starts_with(&format!("{}: ", path.display())));
    assert!([&cut, &none, &missing].iter().all(|path| begins(path)), "{:?}", offline.troubles);
    assert_eq!((offline.files, offline.packets()), (1, boundaries(&bytes).len() as u64 - 2));
    assert_eq!(read(&[none, missing]).files, 0);
}

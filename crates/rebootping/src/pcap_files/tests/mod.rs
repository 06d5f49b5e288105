//! The packet files on real file systems: what is kept, what is given up, and what a crash or a sick disk leaves.

mod bounds;
mod living;
mod measured;
mod places;
mod power;
mod reading;
mod sickness;
mod torn;

use super::pcapng::{Maker, Record};
use super::{Files, Limits, Slot};
use places::Place;
use rebootping_core::packet::frame::{Direction, InterfaceId, LinkType};
use rebootping_core::time::Time;
use std::time::Duration;

const MB: u64 = 1_000_000;
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
/// A Sunday in 2026.
const START: Time = Time::from_nanos(1_795_342_333_123_456_789);
/// A disk of this machine that takes longer is broken.
const PATIENCE: Duration = Duration::from_secs(60);
const LAN: InterfaceId = InterfaceId(3);

fn maker() -> Maker {
    Maker { hardware: "x86_64".into(), system: "Linux".into(), program: "rebootping 0".into() }
}

/// Nothing but `per_device` bounds anything.
fn limits(per_device: u64) -> Limits {
    Limits { per_device, total: u64::MAX, keep_free: Some(0), max_age: 365 * DAY }
}

fn start(place: &Place, limits: Limits) -> Files {
    let mut files = Files::start(place.path(), maker(), limits, START).expect("threads can be started");
    files.set_interface(LAN, "lan0");
    files
}

fn record(stamp: Time, bytes: &[u8]) -> Record<'_> {
    let original = bytes.len() as u32;
    Record { interface: LAN, stamp: stamp.as_nanos(), direction: Some(Direction::Received), original, bytes }
}

/// An Ethernet frame of `length` bytes that carries a number, so that each is another.
fn frame(number: u64, length: usize) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5];
    frame.extend(number.to_be_bytes());
    frame.resize(length.max(22), 0x5a);
    frame
}

/// The number a frame carries.
fn number(frame: &[u8]) -> u64 {
    u64::from_be_bytes(frame[14..22].try_into().expect("a whole frame"))
}

/// Opens a slot for the device of that number.
fn open(files: &mut Files, slot: u32) -> String {
    let folder = device(slot);
    files.open(Slot(slot), &folder, LinkType::Ethernet);
    folder
}

fn device(slot: u32) -> String {
    let [_, a, b, c] = slot.to_be_bytes();
    format!("02:00:00:{a:02x}:{b:02x}:{c:02x}")
}

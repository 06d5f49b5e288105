//! Devices that talk to the gateway and are answered all along, each frame with its number: what is missing in a file can be told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};

use rebootping_lab::{Flood, Yard, udp_frame};

use crate::pcap::Packet;
use crate::support::{GATEWAY, Mac};

/// Where UDP's payload begins in Ethernet and IPv4.
const PAYLOAD: usize = 42;
/// The source port of frames that are not numbered.
const ANSWER: u16 = 1;
/// Sent at once; the end of a stream is at most this many frames away.
const BATCH: u64 = 100;

/// What is sent, and until when.
pub(crate) struct Stream {
    devices: Vec<Mac>,
    per_second: u64,
    length: usize,
    sent: AtomicU64,
    is_over: AtomicBool,
}

impl Stream {
    /// Frames of that length in bytes from these devices to the gateway, by turns, so many a second in all.
    pub(crate) fn of(devices: Vec<Mac>, per_second: u64, length: usize) -> Self {
        Self { devices, per_second, length, sent: AtomicU64::new(0), is_over: AtomicBool::new(false) }
    }

    /// Sends until [`Self::end`].
    pub(crate) fn start<'scope>(
        &'scope self,
        scope: &'scope thread::Scope<'scope, '_>,
        yard: &'scope Yard,
    ) -> ScopedJoinHandle<'scope, ()> {
        scope.spawn(|| {
            while !self.is_over.load(Ordering::SeqCst) {
                yard.street().enter(|| self.send());
                yard.gw().enter(|| self.answer());
            }
        })
    }

    /// Frames that have left so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// Sends no more.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// The frames of all devices that are sent in so many seconds.
    pub(crate) const fn in_seconds(&self, seconds: u64) -> u64 {
        self.per_second * seconds
    }

    fn send(&self) {
        let first = self.sent();
        let frames = (first..first + BATCH).map(|number| self.frame(number)).collect();
        Flood::of(frames).per_second(self.per_second).send("lan0");
        self.sent.fetch_add(BATCH, Ordering::SeqCst);
    }

    /// An observer that knows nobody learns from this who is a device.
    fn answer(&self) {
        let answers = self.devices.iter().map(|&mac| udp_frame(GATEWAY, mac, ANSWER, 60)).collect();
        Flood::of(answers).send("lan0");
    }

    fn frame(&self, number: u64) -> Vec<u8> {
        let from = self.devices[(number % self.devices.len() as u64) as usize];
        let mut frame = udp_frame(from, GATEWAY, 1000, self.length.max(PAYLOAD + 8));
        frame[PAYLOAD..PAYLOAD + 8].copy_from_slice(&number.to_be_bytes());
        frame
    }
}

/// The numbers of the stream's frames among these packets.
pub(crate) fn numbers(packets: &[Packet]) -> Vec<u64> {
    let of_stream = packets.iter().filter(|packet| packet.bytes[34..36] != ANSWER.to_be_bytes());
    of_stream
        .map(|packet| u64::from_be_bytes(packet.bytes[PAYLOAD..PAYLOAD + 8].try_into().expect("8 bytes")))
        .collect()
}

//! Frames put on a wire exactly as given, many to a system call, as fast as wanted.

use std::io::IoSlice;
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, MultiHeaders, SockFlag, SockType, bind, sendmmsg, socket};
use nix::time::{ClockId, clock_gettime};

use crate::ns::Ns;

/// Frames handed over in one system call: more gain nothing.
const BATCH: usize = 64;
/// The ratio in which the "Internet mix" has short, middle and long packets (RFC 6985): whole Ethernet frames without
/// their checksum, in bytes.
pub(crate) const IMIX: [(usize, usize); 3] = [(7, 60), (4, 590), (1, 1514)];

/// Frames to be sent one after the other, over and over, until a number of them is reached.
#[derive(Clone, Debug)]
#[must_use]
pub struct Flood {
    frames: Vec<Vec<u8>>,
    count: u64,
    per_second: Option<u64>,
}

impl Flood {
    /// Each of these frames, once.
    pub fn of(frames: Vec<Vec<u8>>) -> Self {
        Self { count: frames.len() as u64, frames, per_second: None }
    }

    /// So many frames in all, from the first again after the last.
    pub fn count(self, count: u64) -> Self {
        Self { count, ..self }
    }

    /// So many frames a second instead of as fast as possible.
    pub fn per_second(self, rate: u64) -> Self {
        Self { per_second: Some(rate.max(1)), ..self }
    }

    /// Sends from an interface of a namespace, and returns when all frames have left; panics where one cannot.
    #[track_caller]
    pub fn send_in(&self, ns: &Ns, interface: &str) {
        ns.enter(|| self.send(interface));
    }

    /// Sends from an interface of the calling thread's namespace; panics where that cannot be.
    #[track_caller]
    pub fn send(&self, interface: &str) {
        self.send_by_turns(&mut [&mut self.tap(interface)]);
    }

    /// Something that sends these frames from an interface of the calling thread's namespace, wherever the thread goes then.
    #[track_caller]
    pub fn tap(&self, interface: &str) -> Tap<'_> {
        Tap::open(&self.frames, interface)
    }

    /// Sends all frames through each of these taps: a few through one, as many through the next; the one that begins
    /// changes with each turn. The rate is that of each.
    #[track_caller]
    pub fn send_by_turns(&self, taps: &mut [&mut Tap<'_>]) {
        let mut headers = MultiHeaders::preallocate(BATCH, None);
        let start = Instant::now();
        let mut sent = 0;
        while sent < self.count {
            self.wait_for_turn(start, sent);
            let batch = self.batch(sent);
            for tap in &mut *taps {
                tap.send(sent, batch, &mut headers);
            }
            taps.rotate_left(1);
            sent += batch as u64;
        }
    }

    /// How many to send at once: with a rate, no more than a millisecond's worth.
    fn batch(&self, sent: u64) -> usize {
        let most = self.per_second.map_or(BATCH as u64, |rate| (rate / 1000).clamp(1, BATCH as u64));
        let place = sent % self.frames.len() as u64;
        most.min(self.count - sent).min(self.frames.len() as u64 - place) as usize
    }

    fn wait_for_turn(&self, start: Instant, sent: u64) {
        let Some(rate) = self.per_second else { return };
        let due = start + Duration::from_secs_f64(sent as f64 / rate as f64);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// A socket on an interface, and what the thread's processor did for what went through it.
#[derive(Debug)]
pub struct Tap<'a> {
    socket: OwnedFd,
    interface: String,
    slices: Vec<[IoSlice<'a>; 1]>,
    spent: Duration,
}

impl<'a> Tap<'a> {
    #[track_caller]
    fn open(frames: &'a [Vec<u8>], interface: &str) -> Self {
        let flags = SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Packet, SockType::Raw, flags, None).expect("a packet socket opens");
        bind(socket.as_raw_fd(), &address_of(interface)).unwrap_or_else(|e| panic!("binding to {interface}: {e}"));
        Self {
            socket,
            interface: interface.to_owned(),
            slices: frames.iter().map(|frame| [IoSlice::new(frame)]).collect(),
            spent: Duration::ZERO,
        }
    }

    /// The thread's time that sending took, with all that the kernel did meanwhile: over a veth also what receiving costs.
    pub fn spent(&self) -> Duration {
        self.spent
    }

    /// Sends so many frames, of all frames from this one on.
    fn send(&mut self, first: u64, number: usize, headers: &mut MultiHeaders<LinkAddr>) {
        let before = thread_time();
        let first = (first % self.slices.len() as u64) as usize;
        let mut left = &self.slices[first..first + number];
        while !left.is_empty() {
            let addresses = [None; BATCH];
            match sendmmsg(self.socket.as_raw_fd(), headers, left, addresses, [], MsgFlags::empty()) {
                Ok(results) => left = &left[results.count()..],
                // The queue of the device is full: as on any card, the next try succeeds.
                Err(Errno::ENOBUFS | Errno::EINTR) => thread::yield_now(),
                Err(error) => panic!("sending over {}: {error}", self.interface),
            }
        }
        self.spent += thread_time().saturating_sub(before);
    }
}

/// How long the calling thread has run.
fn thread_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("every thread has such a clock").into()
}

/// UDP frames of IPv4 in the "Internet mix" of sizes, from one MAC to another.
pub fn imix(from: [u8; 6], to: [u8; 6]) -> Vec<Vec<u8>> {
    let mut sizes: Vec<usize> = Vec::new();
    for place in 0..12 {
        // 7, 4 and 1 of 12, spread: a long one in the middle of each dozen, middle ones at every third place.
        let size = if place == 7 { 2 } else { usize::from(place % 3 == 0) };
        sizes.push(IMIX[size].1);
    }
    sizes.iter().enumerate().map(|(place, &size)| udp_frame(from, to, 40_000 + place as u16, size)).collect()
}

/// A UDP frame of IPv4 of that length in bytes, between documentation addresses, to port 9 (discard).
pub fn udp_frame(from: [u8; 6], to: [u8; 6], source_port: u16, length: usize) -> Vec<u8> {
    const HEADERS: usize = 14 + 20 + 8;
    let mut frame = vec![0; length.max(HEADERS)];
    let ip_length = (frame.len() - 14) as u16;
    let mut ip = [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1];
    ip[2..4].copy_from_slice(&ip_length.to_be_bytes());
    let sum = ip_checksum(&ip);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    frame[..6].copy_from_slice(&to);
    frame[6..12].copy_from_slice(&from);
    frame[12..14].copy_from_slice(&[8, 0]);
    frame[14..34].copy_from_slice(&ip);
    frame[34..36].copy_from_slice(&source_port.to_be_bytes());
    frame[36..38].copy_from_slice(&9_u16.to_be_bytes());
    frame[38..40].copy_from_slice(&(ip_length - 20).to_be_bytes());
    frame
}

/// The Internet checksum (RFC 1071).
pub(crate) fn ip_checksum(header: &[u8; 20]) -> u16 {
    let sum: u32 = header.chunks_exact(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1])).sum();
    !((sum & 0xffff) + (sum >> 16)) as u16
}

/// The address of an interface of the calling thread's namespace, for packet sockets.
pub(crate) fn address_of(interface: &str) -> LinkAddr {
    let mut all = getifaddrs().expect("interfaces can be listed").filter(|found| found.interface_name == interface);
    let address = all.find_map(|found| found.address?.as_link_addr().copied());
    address.unwrap_or_else(|| panic!("there is no interface {interface}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_has_as_many_frames_of_each_size_as_it_should() {
        let frames = imix([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        for (share, size) in IMIX {
            assert_eq!(frames.iter().filter(|frame| frame.len() == size).count(), share, "of {size} bytes");
        }
        let header = frames[0][14..34].try_into().expect("20 bytes");
        assert_eq!(ip_checksum(header), 0, "a header with its checksum sums up to nothing");
    }
}

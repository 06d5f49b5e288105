//! A cable with delay, jitter, loss, duplicates and reordering: a thread between two packet sockets.

use std::collections::{BinaryHeap, VecDeque};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::EventFd;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recvmsg, sendmsg,
    setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

use crate::echo_log::{Echo, EchoLog};
use crate::flood::address_of;
use crate::ns::Ns;
use crate::random::Random;
use crate::stop::Running;
use crate::sys;

/// A segmented frame may be 64 KiB; before it stand its `virtio_net_hdr` and its Ethernet header.
const FRAME_SIZE: usize = 65_536 + VNET_HEADER + 18;
/// `struct virtio_net_hdr` of `linux/virtio_net.h`.
const VNET_HEADER: usize = 10;
/// More than any test has on the way at once; what exceeds it is lost.
const QUEUE_LIMIT: usize = 20_000;
/// How much later a reordered frame arrives, where jitter is not more.
const OVERTAKEN_BY: Duration = Duration::from_millis(5);

/// How a wire treats the frames that pass it, in each direction; nothing special unless said.
#[derive(Clone, Debug)]
#[must_use]
pub struct Conditions {
    seed: u64,
    delay: Duration,
    jitter: Duration,
    loss: f64,
    duplicate: f64,
    reorder: f64,
}

impl Conditions {
    /// A perfect wire; the same seed has chance fall the same way again.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, delay: Duration::ZERO, jitter: Duration::ZERO, loss: 0.0, duplicate: 0.0, reorder: 0.0 }
    }

    /// Every frame arrives this much later.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Every frame arrives later by a further random time up to this.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// This share of the frames never arrives, in percent.
    pub fn loss(mut self, percent: f64) -> Self {
        self.loss = percent;
        self
    }

    /// This share of the frames arrives twice, in percent.
    pub fn duplicate(mut self, percent: f64) -> Self {
        self.duplicate = percent;
        self
    }

    /// This share of the frames is overtaken by those sent within the next 5 ms (or the jitter, if longer), in percent.
    pub fn reorder(mut self, percent: f64) -> Self {
        self.reorder = percent;
        self
    }
}

/// A wire; dropping it cuts it.
#[derive(Debug)]
pub struct Wire {
    shared: Arc<Shared>,
    _relay: Running,
}

#[derive(Debug)]
struct Shared {
    conditions: Mutex<Conditions>,
    echoes: Mutex<EchoLog>,
}

impl Wire {
    /// Joins `w0`, towards the gateway, and `w1` in `ns`.
    pub(crate) fn lay(ns: &Ns, conditions: Conditions) -> Self {
        ns.configure("link set dev w0 up\nlink set dev w1 up\n");
        let ends = ns.enter(|| [End::open("w0"), End::open("w1")]);
        let seed = conditions.seed;
        let shared = Arc::new(Shared { conditions: Mutex::new(conditions), echoes: Mutex::default() });
        let seen_inside = Arc::clone(&shared);
        let relay = Running::start(ns, "wire", move |stop| {
            Relay { ends, shared: seen_inside, random: Random::seeded(seed), queue: BinaryHeap::new(), count: 0 }
                .run(stop);
        });
        Self { shared, _relay: relay }
    }

    /// Changes how it treats frames from now on; its random numbers go on.
    pub fn set(&self, conditions: Conditions) {
        *self.shared.conditions.lock().expect("no panic while it is held") = conditions;
    }

    /// The newest echoes that the gateway sent over this wire, oldest first.
    pub fn echoes(&self) -> VecDeque<Echo> {
        self.shared.echoes.lock().expect("no panic while it is held").all()
    }
}

/// A packet socket on one end.
#[derive(Debug)]
struct End {
    socket: OwnedFd,
}

impl End {
    /// Opens one on `interface` of the calling thread's namespace.
    fn open(interface: &str) -> Self {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket =
            socket(AddressFamily::Packet, SockType::Raw, flags, SockProtocol::EthAll).expect("a packet socket opens");
        sys::use_vnet_header(socket.as_fd()).expect("a packet socket takes a vnet header");
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).expect("a socket takes timestamps");
        setsockopt(&socket, sockopt::RcvBufForce, &(8 << 20)).expect("root sets buffers");
        bind(socket.as_raw_fd(), &address_of(interface)).unwrap_or_else(|e| panic!("binding to {interface}: {e}"));
        Self { socket }
    }

    /// The next frame that came in, with the time (`CLOCK_REALTIME`) the kernel had it.
    fn receive(&self, buffer: &mut [u8]) -> Option<(usize, Duration)> {
        loop {
            let mut space = cmsg_space!(TimeSpec);
            let mut slices = [IoSliceMut::new(buffer)];
            let received =
                recvmsg::<LinkAddr>(self.socket.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::empty());
            let message = match received {
                Ok(message) => message,
                // The interface went down: said once, and it may come up again.
                Err(Errno::ENETDOWN | Errno::EINTR) => continue,
                Err(_) => return None,
            };
            let ours = message.address.is_some_and(|from| from.pkttype() == libc::PACKET_OUTGOING);
            let stamp = message.cmsgs().ok().into_iter().flatten().find_map(|part| match part {
                ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
                _ => None,
            });
            if !ours {
                return Some((message.bytes, stamp.unwrap_or_else(real_time)));
            }
        }
    }

    fn send(&self, frame: &[u8]) {
        // What does not go out (the interface is down, a buffer is full) is lost, as on any cable.
        let _ = sendmsg::<LinkAddr>(self.socket.as_raw_fd(), &[IoSlice::new(frame)], &[], MsgFlags::empty(), None);
    }
}

/// A frame on its way to end `to`. The greatest is the one due first.
#[derive(Debug, PartialEq, Eq)]
struct Underway {
    due: Instant,
    count: u64,
    to: usize,
    frame: Vec<u8>,
}

impl Ord for Underway {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.due, other.count).cmp(&(self.due, self.count))
    }
}

impl PartialOrd for Underway {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What the wire's thread has. End 0 is towards the gateway.
struct Relay {
    ends: [End; 2],
    shared: Arc<Shared>,
    random: Random,
    queue: BinaryHeap<Underway>,
    count: u64,
}

impl Relay {
    fn run(mut self, stop: &EventFd) {
        let mut buffer = vec![0; FRAME_SIZE];
        loop {
            let wait = self.queue.peek().map(|next| TimeSpec::from(next.due.saturating_duration_since(Instant::now())));
            let [near, far] = &self.ends;
            let mut fds =
                [near.socket.as_fd(), far.socket.as_fd(), stop.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            let _ = ppoll(&mut fds, wait, None);
            if fds[2].any().unwrap_or(false) {
                return;
            }
            for from in 0..2 {
                while let Some((length, stamp)) = self.ends[from].receive(&mut buffer) {
                    self.take(from, &buffer[..length], stamp);
                }
            }
            self.deliver();
        }
    }

    /// Decides what becomes of a frame that came in at end `from`.
    fn take(&mut self, from: usize, frame: &[u8], stamp: Duration) {
        if from == 0 {
            self.echoes(|log| log.request(&frame[VNET_HEADER..], stamp));
        }
        let conditions = self.shared.conditions.lock().expect("no panic while it is held").clone();
        if self.random.percent(conditions.loss) {
            return;
        }
        let copies = if self.random.percent(conditions.duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let mut late = conditions.delay + conditions.jitter.mul_f64(self.random.unit());
            if self.random.percent(conditions.reorder) {
                late += conditions.jitter.max(OVERTAKEN_BY);
            }
            self.count += 1;
            if self.queue.len() < QUEUE_LIMIT {
                let due = Instant::now() + late;
                self.queue.push(Underway { due, count: self.count, to: 1 - from, frame: frame.to_vec() });
            }
        }
    }

    /// Sends what is due.
    fn deliver(&mut self) {
        while self.queue.peek().is_some_and(|next| next.due <= Instant::now()) {
            let Some(next) = self.queue.pop() else { return };
            let begun = real_time();
            self.ends[next.to].send(&next.frame);
            if next.to == 0 {
                self.echoes(|log| log.reply(&next.frame[VNET_HEADER..], (begun, real_time())));
            }
        }
    }

    fn echoes(&self, record: impl FnOnce(&mut EchoLog)) {
        record(&mut self.shared.echoes.lock().expect("no panic while it is held"));
    }
}

fn real_time() -> Duration {
    clock_gettime(ClockId::CLOCK_REALTIME).expect("there is a clock").into()
}

//! A forger on an ISP's wire: sees every echo request of the gateway there and answers it in its own way.

use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, send, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;
use rebootping_lab::{Lab, Ns};

/// Positions in an Ethernet frame that carries IPv4 without options.
const SOURCE: usize = 14 + 12;
const DESTINATION: usize = 14 + 16;
const ICMP: usize = 14 + 20;
const IDENTIFIER: usize = ICMP + 4;
const SEQUENCE: usize = ICMP + 6;
const TOKEN: usize = ICMP + 8;
const ECHO_REPLY: u8 = 0;
const ECHO_REQUEST: u8 = 8;
/// How often the forger looks whether something it holds back is due.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A forged frame: what, on which ISP's wire, how often and how much later.
#[derive(Clone, Debug)]
pub(crate) struct Forgery {
    frame: Vec<u8>,
    isp: usize,
    copies: usize,
    after: Duration,
}

impl Forgery {
    /// The answer the target would give, on the wire of ISP 1 at once.
    fn honest(request: &[u8]) -> Self {
        let mut frame = request.to_vec();
        frame[..6].copy_from_slice(&request[6..12]);
        frame[6..12].copy_from_slice(&request[..6]);
        frame[SOURCE..SOURCE + 4].copy_from_slice(&request[DESTINATION..DESTINATION + 4]);
        frame[DESTINATION..DESTINATION + 4].copy_from_slice(&request[SOURCE..SOURCE + 4]);
        frame[ICMP] = ECHO_REPLY;
        Self { frame, isp: 1, copies: 1, after: Duration::ZERO }
    }

    /// Whom it claims to be from.
    pub(crate) fn is_from(&self, host: Ipv4Addr) -> bool {
        self.frame[SOURCE..SOURCE + 4] == host.octets()
    }

    /// Claims to be from somebody else.
    pub(crate) fn from(mut self, host: Ipv4Addr) -> Self {
        self.frame[SOURCE..SOURCE + 4].copy_from_slice(&host.octets());
        self
    }

    /// Is meant for another address.
    pub(crate) fn to(mut self, host: Ipv4Addr) -> Self {
        self.frame[DESTINATION..DESTINATION + 4].copy_from_slice(&host.octets());
        self
    }

    /// Goes to the gateway over the wire of ISP 2.
    pub(crate) fn over_the_other_link(mut self) -> Self {
        self.isp = 2;
        self.frame[..6].copy_from_slice(&[2, 0, 0, 2, 0, 2]);
        self
    }

    /// Comes later.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    /// Comes so often.
    pub(crate) fn copies(mut self, copies: usize) -> Self {
        self.copies = copies;
        self
    }

    /// Has one bit of its token wrong.
    pub(crate) fn with_another_token(mut self) -> Self {
        self.frame[TOKEN] ^= 1;
        self
    }

    /// Has the next identifier.
    pub(crate) fn with_another_identifier(mut self) -> Self {
        self.frame[IDENTIFIER + 1] ^= 1;
        self
    }

    /// Answers the echo after the next.
    pub(crate) fn with_another_sequence(mut self) -> Self {
        self.frame[SEQUENCE + 1] ^= 2;
        self
    }

    /// Is no reply but the request come back.
    pub(crate) fn still_a_request(mut self) -> Self {
        self.frame[ICMP] = ECHO_REQUEST;
        self
    }

    /// Has the checksums a real sender would have given it.
    fn sealed(mut self) -> Self {
        for (from, to, at) in [(14, ICMP, 24), (ICMP, self.frame.len(), ICMP + 2)] {
            self.frame[at..at + 2].fill(0);
            let sum = checksum(&self.frame[from..to]);
            self.frame[at..at + 2].copy_from_slice(&sum);
        }
        self
    }
}

/// How an honest answer is forged; none is no answer.
pub(crate) type Forge = fn(Forgery) -> Option<Forgery>;

/// A thread that forges; dropping it ends that.
pub(crate) struct Forger {
    forge: Arc<Mutex<Forge>>,
    sent: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Forger {
    /// Sits down at the boxes of ISP 1 and 2 and answers nothing yet.
    pub(crate) fn at(lab: &Lab) -> Self {
        let wires = [wire(lab.isp(1).ns()), wire(lab.isp(2).ns())];
        let forge: Arc<Mutex<Forge>> = Arc::new(Mutex::new(|_| None));
        let (sent, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (forging, counting, stopped) = (Arc::clone(&forge), Arc::clone(&sent), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut held_back: Vec<(Instant, Forgery)> = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                if let Some(request) = request_on(&wires[0]) {
                    let forge = *forging.lock().expect("no panic while it is held");
                    held_back
                        .extend(forge(Forgery::honest(&request)).map(|it| (Instant::now() + it.after, it.sealed())));
                }
                let now = Instant::now();
                let (due, later): (Vec<_>, Vec<_>) = held_back.into_iter().partition(|(at, _)| *at <= now);
                held_back = later;
                for (_, forgery) in due {
                    for _ in 0..forgery.copies {
                        let wire = &wires[forgery.isp - 1];
                        send(wire.as_raw_fd(), &forgery.frame, MsgFlags::empty()).expect("the wire takes a frame");
                    }
                    counting.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self { forge, sent, stop, thread: Some(thread) }
    }

    /// Forges like this from now on.
    pub(crate) fn forge(&self, forge: Forge) {
        *self.forge.lock().expect("no panic while it is held") = forge;
    }

    /// How many requests it has answered.
    pub(crate) fn answered(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Forger {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(ended.is_none_or(|it| it.is_ok()) || thread::panicking(), "the forger panicked");
    }
}

/// A packet socket on the ISP's end of the cable.
fn wire(isp: &Ns) -> OwnedFd {
    isp.enter(|| {
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll);
        let socket = socket.expect("a packet socket opens");
        let patience = TimeVal::new(0, i64::from(LOOK_EVERY.subsec_micros()));
        setsockopt(&socket, sockopt::ReceiveTimeout, &patience).expect("a socket can be impatient");
        let mut all = getifaddrs().expect("interfaces can be listed").filter(|found| found.interface_name == "c0");
        let address: LinkAddr =
            all.find_map(|found| found.address?.as_link_addr().copied()).expect("an ISP has a cable");
        bind(socket.as_raw_fd(), &address).expect("the cable can be bound to");
        socket
    })
}

/// The next echo request from the gateway, if one comes soon.
fn request_on(wire: &OwnedFd) -> Option<Vec<u8>> {
    let mut frame = [0; 2048];
    let length = recv(wire.as_raw_fd(), &mut frame, MsgFlags::empty()).ok()?;
    let frame = &frame[..length];
    let is_request = length >= TOKEN + 8
        && frame[12..15] == [0x08, 0x00, 0x45]
        && frame[14 + 9] == 1
        && frame[ICMP] == ECHO_REQUEST
        && frame[..6] == [2, 0, 0, 1, 0, 1];
    is_request.then(|| frame.to_vec())
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
    let sum: u32 = bytes.chunks(2).map(word).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    (!((folded & 0xffff) + (folded >> 16)) as u16).to_be_bytes()
}

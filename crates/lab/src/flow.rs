//! One flow from the LAN to the Internet: what it asked, what was answered, and over which link it went.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use crate::echo_server::{ANSWER, QUESTION};
use crate::plan::link_of;

/// What a client waits for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// What became of one flow so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowReport {
    /// Its transport protocol.
    pub protocol: Protocol,
    /// Questions sent.
    pub sent: u64,
    /// Questions answered, each counted once.
    pub answered: u64,
    /// Questions not answered yet; lost for good in the report of [`crate::Flows::stop`].
    pub lost: u64,
    /// TCP: the connection was refused, reset or closed by someone else.
    pub reset: bool,
    /// Longest time in which a question waited and no answer came.
    pub max_stall: Duration,
    /// The link it went over first, by the source address the server saw; none while nothing is answered.
    pub link: Option<String>,
    /// All links it went over.
    pub links: BTreeSet<String>,
}

/// A flow's client side.
#[derive(Debug)]
pub(crate) struct Flow {
    socket: Socket,
    /// What has come of the next answer, TCP.
    partial: Vec<u8>,
    next: u64,
    /// Questions without an answer, and when they were sent.
    waiting: BTreeMap<u64, Instant>,
    /// Since when something waits and nothing comes.
    stalled_since: Option<Instant>,
    report: FlowReport,
}

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Closed,
}

impl Flow {
    /// Opens a flow in the calling thread's namespace; one that gets no connection is a closed one.
    pub(crate) fn open(protocol: Protocol, server: SocketAddr) -> Self {
        let opened = match protocol {
            Protocol::Udp => open_udp(server),
            Protocol::Tcp => open_tcp(server),
        };
        let reset = opened.is_err();
        let report = FlowReport {
            protocol,
            sent: 0,
            answered: 0,
            lost: 0,
            reset,
            max_stall: Duration::ZERO,
            link: None,
            links: BTreeSet::new(),
        };
        let socket = opened.unwrap_or(Socket::Closed);
        Self { socket, partial: Vec::new(), next: 0, waiting: BTreeMap::new(), stalled_since: None, report }
    }

    /// Asks once more.
    pub(crate) fn ask(&mut self, now: Instant) {
        let question = self.next.to_be_bytes();
        let sent = match &mut self.socket {
            Socket::Udp(udp) => udp.send(&question),
            Socket::Tcp(tcp) => tcp.write(&question),
            Socket::Closed => return,
        };
        match sent {
            Ok(QUESTION) => {}
            // A full buffer: TCP has stalled, and this question is not asked.
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Ok(_) => return self.close(),
            Err(_) if self.report.protocol == Protocol::Tcp => return self.close(),
            // UDP: a route that is not there loses the question.
            Err(_) => {}
        }
        self.report.sent += 1;
        self.waiting.insert(self.next, now);
        self.stalled_since.get_or_insert(now);
        self.next += 1;
    }

    /// Takes the answers that have come.
    pub(crate) fn listen(&mut self, now: Instant) {
        let mut bytes = [0; 4096];
        loop {
            let got = match &mut self.socket {
                Socket::Udp(udp) => udp.recv(&mut bytes),
                Socket::Tcp(tcp) => tcp.read(&mut bytes),
                Socket::Closed => return,
            };
            match got {
                Ok(length) if self.report.protocol == Protocol::Udp => self.take(&bytes[..length], now),
                Ok(0) => return self.close(),
                Ok(length) => {
                    self.partial.extend_from_slice(&bytes[..length]);
                    while self.partial.len() >= ANSWER {
                        let answer: Vec<u8> = self.partial.drain(..ANSWER).collect();
                        self.take(&answer, now);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) if self.report.protocol == Protocol::Tcp => return self.close(),
                // UDP: an ICMP error that came back, told once.
                Err(_) => {}
            }
        }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() && !matches!(self.socket, Socket::Closed)
    }

    /// What became of it until `now`.
    pub(crate) fn report(&self, now: Instant) -> FlowReport {
        let stall = self.stalled_since.map_or(Duration::ZERO, |since| now - since);
        let mut report = self.report.clone();
        report.lost = self.waiting.len() as u64;
        report.max_stall = report.max_stall.max(stall);
        report
    }

    fn take(&mut self, answer: &[u8], now: Instant) {
        let Some((question, from)) = answer.split_first_chunk::<QUESTION>() else { return };
        let Ok(from) = <[u8; 16]>::try_from(from) else { return };
        if self.waiting.remove(&u64::from_be_bytes(*question)).is_none() {
            return;
        }
        self.report.answered += 1;
        let stall = self.stalled_since.map_or(Duration::ZERO, |since| now - since);
        self.report.max_stall = self.report.max_stall.max(stall);
        self.stalled_since = (!self.waiting.is_empty()).then_some(now);
        if let Some(link) = link_of(Ipv6Addr::from(from).to_canonical()) {
            self.report.link.get_or_insert_with(|| link.clone());
            self.report.links.insert(link);
        }
    }

    fn close(&mut self) {
        self.socket = Socket::Closed;
        self.report.reset = true;
    }
}

fn open_udp(server: SocketAddr) -> io::Result<Socket> {
    let any: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let udp = UdpSocket::bind(any)?;
    udp.connect(server)?;
    udp.set_nonblocking(true)?;
    Ok(Socket::Udp(udp))
}

fn open_tcp(server: SocketAddr) -> io::Result<Socket> {
    let tcp = TcpStream::connect_timeout(&server, CONNECT_LIMIT)?;
    tcp.set_nodelay(true)?;
    tcp.set_nonblocking(true)?;
    Ok(Socket::Tcp(tcp))
}

//! Answers flows in the lab's Internet, by UDP and TCP, telling each client the address it was seen with.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;

use crate::ns::Ns;
use crate::stop::Running;

/// A question is a sequence number.
pub(crate) const QUESTION: usize = 8;
/// An answer is the question and the address it came from, as IPv6.
pub(crate) const ANSWER: usize = QUESTION + 16;
/// Where it listens: the port of the echo service (RFC 862).
const PORT: u16 = 7;

/// A thread that answers; dropping it ends that.
#[derive(Debug)]
pub(crate) struct EchoServer {
    _thread: Running,
    address: SocketAddr,
}

impl EchoServer {
    /// Listens on `address` of `net`.
    pub(crate) fn start(net: &Ns, address: IpAddr) -> Self {
        let address = SocketAddr::new(address, PORT);
        let sockets = net.enter(|| (UdpSocket::bind(address), TcpListener::bind(address)));
        let (Ok(udp), Ok(tcp)) = sockets else { panic!("nobody else listens on {address}: {sockets:?}") };
        udp.set_nonblocking(true).expect("a socket can be non-blocking");
        tcp.set_nonblocking(true).expect("a socket can be non-blocking");
        let mut server = Server { udp, tcp, connections: Vec::new() };
        Self { _thread: Running::start(net, "echo-server", move |stop| server.run(stop)), address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

struct Server {
    udp: UdpSocket,
    tcp: TcpListener,
    connections: Vec<Connection>,
}

impl Server {
    fn run(&mut self, stop: &EventFd) {
        loop {
            let mut watched: Vec<BorrowedFd<'_>> = vec![stop.as_fd(), self.udp.as_fd(), self.tcp.as_fd()];
            watched.extend(self.connections.iter().map(|connection| connection.stream.as_fd()));
            let mut fds: Vec<PollFd<'_>> = watched.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
            let _ = poll(&mut fds, PollTimeout::NONE);
            if fds[0].any().unwrap_or(false) {
                return;
            }
            self.answer_datagrams();
            self.connections.retain_mut(Connection::answer);
            self.accept();
        }
    }

    fn answer_datagrams(&self) {
        let mut question = [0; QUESTION];
        while let Ok((length, from)) = self.udp.recv_from(&mut question) {
            if length == QUESTION {
                // A lost answer is what the client is there to count.
                let _ = self.udp.send_to(&answer(question, from.ip()), from);
            }
        }
    }

    fn accept(&mut self) {
        while let Ok((stream, from)) = self.tcp.accept() {
            if stream.set_nonblocking(true).is_ok() && stream.set_nodelay(true).is_ok() {
                self.connections.push(Connection { stream, from: from.ip(), question: Vec::new() });
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    from: IpAddr,
    /// What has come of the next question.
    question: Vec<u8>,
}

impl Connection {
    /// Answers what has come in; false when the connection has ended.
    fn answer(&mut self) -> bool {
        let mut bytes = [0; 1024];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return false,
                Ok(length) => self.question.extend_from_slice(&bytes[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
            while let Some((question, rest)) = self.question.split_first_chunk::<QUESTION>() {
                let text = answer(*question, self.from);
                self.question = rest.to_vec();
                if self.stream.write_all(&text).is_err() {
                    return false;
                }
            }
        }
    }
}

fn answer(question: [u8; QUESTION], from: IpAddr) -> [u8; ANSWER] {
    let from = match from {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    let mut answer = [0; ANSWER];
    answer[..QUESTION].copy_from_slice(&question);
    answer[QUESTION..].copy_from_slice(&from.octets());
    answer
}

//! Servers that answer one visitor: whatever is opened is closed again, and only the report remembers it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use rebootping_lab::Ns;

/// Neither side waits longer for the other.
const PATIENCE: Duration = Duration::from_secs(20);
const SSDP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);

/// A client that connects to a server of TCP and says something, if anything, and is told something.
#[track_caller]
pub(crate) fn visit(client: &Ns, server: &Ns, at: &str, asks: &str, says: &str) {
    let at: SocketAddr = at.parse().expect("an address and a port");
    let listener = server.enter(|| TcpListener::bind(at)).unwrap_or_else(|e| panic!("listening at {at}: {e}"));
    let visitor = client.enter(|| TcpStream::connect_timeout(&at, PATIENCE));
    let mut visitor = visitor.unwrap_or_else(|e| panic!("connecting to {at}: {e}"));
    let (mut host, _) = listener.accept().expect("somebody has connected");
    tell(&mut visitor, &mut host, asks);
    tell(&mut host, &mut visitor, says);
}

fn tell(from: &mut TcpStream, to: &mut TcpStream, text: &str) {
    to.set_read_timeout(Some(PATIENCE)).expect("a patience above zero");
    from.write_all(text.as_bytes()).expect("the other end listens");
    to.read_exact(&mut vec![0; text.len()]).expect("the other end spoke");
}

/// Asks a DNS server for an address; `server` answers itself with that address unless somebody there does already.
#[track_caller]
pub(crate) fn look_up(client: &Ns, at: Ipv4Addr, name: &str, answered_by: Option<(&Ns, Ipv4Addr)>) {
    let listening = answered_by.map(|(server, answer)| (udp(server, (at, 53).into()), answer));
    let asker = udp(client, (Ipv4Addr::UNSPECIFIED, 0).into());
    let question = question(name);
    asker.send_to(&question, (at, 53)).expect("a question can be sent");
    let mut buffer = [0; 1500];
    if let Some((server, answer)) = listening {
        let (length, from) = server.recv_from(&mut buffer).expect("the question arrives");
        server.send_to(&answer_to(&buffer[..length], answer), from).expect("an answer can be sent");
    }
    asker.recv_from(&mut buffer).unwrap_or_else(|e| panic!("{name} is not answered by {at}: {e}"));
}

/// A query for an IPv4 address (RFC 1035 section 4.1).
fn question(name: &str) -> Vec<u8> {
    let mut message = vec![0x47, 0x11, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, 1, 0, 1]);
    message
}

fn answer_to(question: &[u8], address: Ipv4Addr) -> Vec<u8> {
    let mut message = question.to_vec();
    message[2] |= 0x84;
    message[7] = 1;
    // The name is that of the question; type, class, a minute to live, four bytes.
    message.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    message.extend_from_slice(&address.octets());
    message
}

/// Searches by SSDP, and has one device answer.
#[track_caller]
pub(crate) fn search(client: (&Ns, Ipv4Addr), server: (&Ns, Ipv4Addr), answer: &str) {
    let listening = udp(server.0, (Ipv4Addr::UNSPECIFIED, 1900).into());
    listening.join_multicast_v4(&SSDP, &server.1).expect("a group can be joined");
    let asker = udp(client.0, (client.1, 0).into());
    let search =
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n";
    asker.send_to(search.as_bytes(), (SSDP, 1900)).expect("a search can be sent");
    let mut buffer = [0; 1500];
    let (_, from) = listening.recv_from(&mut buffer).expect("the search arrives");
    listening.send_to(answer.as_bytes(), from).expect("an answer can be sent");
    asker.recv_from(&mut buffer).expect("the answer arrives");
}

fn udp(space: &Ns, at: SocketAddr) -> UdpSocket {
    let socket = space.enter(|| UdpSocket::bind(at)).unwrap_or_else(|e| panic!("binding to {at}: {e}"));
    socket.set_read_timeout(Some(PATIENCE)).expect("a patience above zero");
    socket
}

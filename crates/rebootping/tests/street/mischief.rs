//! Who is up to something: scans ports, claims what is another's, gives out addresses beside the gateway.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use rebootping_lab::{Flood, Ns};

/// Connects to closed ports, and sends datagrams to some: nobody may have a port open for that.
#[track_caller]
pub(crate) fn scan(scanner: &Ns, victim: Ipv4Addr) {
    scanner.enter(|| {
        let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket binds");
        for port in [9, 20, 21, 23, 25, 110, 139, 143, 443, 445, 3389, 8080, 9100, 62078] {
            let at = SocketAddr::from((victim, port));
            let refused = TcpStream::connect_timeout(&at, Duration::from_secs(20)).expect_err("the port is closed");
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{at}");
            socket.send_to(b"anybody?", at).expect("a datagram can be sent");
        }
    });
}

/// Says to all that an address is at this MAC, as who wants to read another's packets does (RFC 826: an unasked reply).
#[track_caller]
pub(crate) fn claim(liar: &Ns, mac: &str, address: Ipv4Addr) {
    let mac: Vec<u8> = mac.split(':').map(|byte| u8::from_str_radix(byte, 16).expect("a MAC")).collect();
    let mut frame = vec![0xff; 6];
    frame.extend_from_slice(&mac);
    frame.extend_from_slice(&[8, 6, 0, 1, 8, 0, 6, 4, 0, 2]);
    for _ in 0..2 {
        frame.extend_from_slice(&mac);
        frame.extend_from_slice(&address.octets());
    }
    Flood::of(vec![frame]).count(3).send_in(liar, "eth0");
}

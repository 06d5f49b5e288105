//! Too many and too slow: the page answers within a second all the while.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::raw::{connect, exchange};
use crate::site::{LOOPBACK, Site, address, request};

/// So many dawdle.
const SLOW: usize = 500;
/// The page's second.
const WITHIN: Duration = Duration::from_secs(1);

/// How long they dawdle: what the issue of it asks for takes a minute.
fn dawdling() -> Duration {
    Duration::from_secs(if std::env::var_os("REBOOTPING_LONG").is_some() { 60 } else { 12 })
}

fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let closed = matches!(stream.read(&mut [0; 512]), Ok(0)) || stream.take_error().is_ok_and(|error| error.is_some());
    stream.set_nonblocking(false).expect("a socket");
    closed
}

#[test]
fn five_hundred_slow_connections_keep_nobody_out() {
    let site = Site::start("slow", "");
    let open = || {
        let mut stream = connect(site.yard.gw(), address(LOOPBACK)).expect("it is served");
        stream.write_all(b"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1:8067\r\n").expect("it is read");
        stream
    };
    let mut slow: Vec<TcpStream> = (0..SLOW).map(|_| open()).collect();
    let begun = Instant::now();
    let (mut asked, mut slowest, mut came_back) = (0, Duration::ZERO, 0);
    while begun.elapsed() < dawdling() {
        for stream in &mut slow {
            if stream.write_all(b"X-Slow: x\r\n").is_err() || is_closed(stream) {
                *stream = open();
                came_back += 1;
            }
        }
        let at = Instant::now();
        let stream = connect(site.yard.gw(), address(LOOPBACK)).expect("it is served");
        let reply = exchange(stream, &request("GET", "/api/v1/status", LOOPBACK, &[], ""));
        let took = at.elapsed();
        assert_eq!(reply.expect("an answer").status, 200);
        (asked, slowest) = (asked + 1, slowest.max(took));
        thread::sleep(Duration::from_millis(100));
    }
    println!("{asked} answers, the slowest after {slowest:?}, while {came_back} dawdlers came back");
    assert!(slowest < WITHIN, "{slowest:?}");
    assert!(asked > 5);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let site = Site::start("body", "");
    let mut stream = connect(site.yard.gw(), address(LOOPBACK)).expect("it is served");
    let head = "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:8067\r\nOrigin: http://127.0.0.1:8067\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{";
    stream.write_all(head.as_bytes()).expect("it is read");
    let begun = Instant::now();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert!(begun.elapsed() >= Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn who_never_asks_is_hung_up_on() {
    let site = Site::start("mute", "");
    let mut stream = connect(site.yard.gw(), address(LOOPBACK)).expect("it is served");
    let begun = Instant::now();
    let said = stream.read(&mut [0; 512]);
    println!("{said:?} after {:?}", begun.elapsed());
    assert!(said.is_ok(), "it is closed before we give up: {said:?}");
}

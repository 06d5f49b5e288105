//! What the first words of connections tell, wherever segments end.

use super::super::Settings;
use super::wire::{A, ACK, B, End, SYN, Wire};
use proptest::prelude::*;
use std::string::String;
use std::vec::Vec;

const CLIENT: End = (A, [10, 0, 0, 10], 40000);
const SERVER: End = (B, [10, 0, 0, 11], 80);

/// Who says something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Client,
    Server,
}
use Who::{Client, Server};

/// A connection to some port, on which both sides say these segments in turn; whom the client is said to talk to, with which
/// software, and what the server is said to be.
fn told(port: u16, segments: &[(Who, &[u8])]) -> [Vec<String>; 3] {
    let mut wire = Wire::new(Settings::files());
    let server = (SERVER.0, SERVER.1, port);
    wire.connect(CLIENT, server);
    let mut sequences = [2_u32; 2];
    for (who, payload) in segments {
        let ([sequence, _], from, to) = match who {
            Client => (&mut sequences, CLIENT, server),
            Server => {
                sequences.reverse();
                (&mut sequences, server, CLIENT)
            }
        };
        wire.segment(from, to, ACK, *sequence, payload);
        *sequence += payload.len() as u32;
        if *who == Server {
            sequences.reverse();
        }
    }
    all_told(&mut wire)
}

fn all_told(wire: &mut Wire) -> [Vec<String>; 3] {
    let text = |text: &crate::untrusted::Untrusted| String::from(text.raw());
    let (client, server) = (wire.device(A), wire.device(B));
    let mut contacts: Vec<String> =
        client.contacts.iter().filter_map(|contact| contact.name.as_ref().map(text)).collect();
    contacts.sort();
    let banners =
        server.tcp_open.iter().flat_map(|port| port.banner.iter().chain(&port.other_banners)).map(text).collect();
    [contacts, client.user_agents.iter().map(text).collect(), banners]
}

#[track_caller]
fn check(port: u16, segments: &[(Who, &[u8])], expected: [&[&str]; 3]) {
    assert_eq!(told(port, segments), expected.map(|texts| texts.iter().copied().map(String::from).collect::<Vec<_>>()));
}

/// The ClientHello of somebody who wants to talk to `name`, in one record.
fn hello(name: &[u8]) -> Vec<u8> {
    let vector = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let server_name = [&[0, 0][..], &vector(&vector(&[&[0][..], &vector(name)].concat()))].concat();
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &vector(&server_name)].concat();
    [&[22, 3, 1][..], &vector(&[&[1, 0][..], &vector(&body)].concat())].concat()
}

#[test]
fn a_head_may_end_in_any_later_segment() {
    let request = b"GET /a HTTP/1.1\r\nCookie: c\r\nHost: www.example\r\nUser-Agent: tv/1\r\n\r\n";
    let response = b"HTTP/1.1 200 OK\r\nDate: d\r\nServer: nginx\r\n\r\nbody";
    let all: [&[&str]; 3] = [&["www.example"], &["tv/1"], &["nginx"]];
    for (cut, again) in [(1, 2), (5, 20), (16, 17), (30, 45), (request.len() - 1, request.len() - 1)] {
        let (one, rest) = request.split_at(cut);
        let (two, three) = rest.split_at(again - cut);
        let (four, five) = response.split_at(cut.min(45));
        check(80, &[(Client, one), (Client, two), (Client, three), (Server, four), (Server, five)], all);
    }
    let bytes: Vec<(Who, &[u8])> = request.chunks(2).map(|byte| (Client, byte)).collect();
    check(80, &bytes, [all[0], all[1], &[]]);
}

#[test]
fn what_never_ends_is_told_as_far_as_it_goes() {
    check(80, &[(Client, b"GET / HTTP/1.1\r\nHost: a.example\r\nUser-Ag")], [&["a.example"], &[], &[]]);
    check(80, &[(Server, b"HTTP/1.1 200 OK\r\nServer: x\r\nCont")], [&[], &[], &["x"]]);
    check(21, &[(Server, b"220 ftp.example rea")], [&[], &[], &["ftp.example rea"]]);
}

#[test]
fn what_a_capture_leaves_out_ends_the_line() {
    let mut wire = Wire::new(Settings::files());
    wire.connect(CLIENT, SERVER);
    for length in [54 + 46, 54 + 50, 54 + 48] {
        wire.snap_length = length;
        wire.tcp(CLIENT, SERVER, ACK, b"GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: tv/1.2 (x)\r\n\r\n");
    }
    wire.snap_length = 54 + 9;
    wire.tcp(SERVER, CLIENT, ACK, b"SSH-2.0-OpenSSH\r\n");
    assert_eq!(all_told(&mut wire), [["a.example"], ["tv/1."], ["SSH-2.0-O"]]);
    let mut wire = Wire::new(Settings::files());
    wire.connect(CLIENT, SERVER);
    wire.tcp(CLIENT, SERVER, ACK, b"GET / HTTP/1.1\r\n");
    wire.snap_length = 54 + 33;
    wire.segment(CLIENT, SERVER, ACK, 18, b"Host: a.example\r\nUser-Agent: tv/1.2 (x)\r\n\r\n");
    assert_eq!(all_told(&mut wire), [&["a.example"][..], &["tv/1"], &[]]);
}

#[test]
fn later_requests_and_responses_are_told_as_well() {
    let ask = |host: &str, agent: &str| {
        std::format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n\r\n").into_bytes()
    };
    let [one, two, three] = [ask("a.example", "x"), ask("b.example", "y"), ask("c.example", "x")];
    let body = [b'-'; 900];
    let segments: &[(Who, &[u8])] = &[
        (Client, &one),
        (Server, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nServer: first\r\n\r\n"),
        (Client, &two),
        (Server, b"HTTP/1.1 200 OK\r\nServer: second\r\n\r\n"),
        // More than is looked into in a row.
        (Server, &body),
        (Server, &body),
        (Server, &body),
        (Server, &body),
        (Server, &body),
        (Server, &body),
        (Server, &body),
        (Server, &body),
        (Server, &body),
        (Client, &three),
        (Server, b"HTTP/1.1 200 OK\r\nServer: third\r\n\r\n"),
    ];
    check(8080, segments, [&["a.example", "b.example", "c.example"], &["x", "y"], &["third", "first", "second"]]);
    check(
        80,
        &[(Client, &[&one[..], &two].concat()), (Client, &three)],
        [&["a.example", "b.example", "c.example"], &["x", "y"], &[]],
    );
}

#[test]
fn a_client_may_encrypt_late() {
    let hello = hello(b"late.example");
    let late: [&[&str]; 3] = [&["late.example"], &[], &[]];
    let with = |banner| [late[0], &[], banner];
    check(443, &[(Client, &hello)], late);
    let (one, two) = hello.split_at(20);
    check(443, &[(Client, one), (Client, two)], late);
    let connect = b"CONNECT late.example:443 HTTP/1.1\r\nHost: late.example:443\r\n\r\n";
    check(3128, &[(Client, connect), (Server, b"HTTP/1.1 200 OK\r\n\r\n"), (Client, one), (Client, two)], late);
    check(3128, &[(Client, &[&connect[..], &hello].concat())], late);
    let mail: &[(Who, &[u8])] = &[
        (Server, b"220 mx.example ESMTP\r\n"),
        (Client, b"EHLO me\r\n"),
        (Server, b"250-mx.example\r\n250 STARTTLS\r\n"),
        (Client, b"STARTTLS\r\n"),
        (Server, b"220 go ahead\r\n"),
        (Client, &hello),
    ];
    check(587, mail, with(&["mx.example ESMTP", "go ahead"]));
    check(
        1080,
        &[(Client, &[5, 1, 0]), (Server, &[5, 0]), (Client, &[5, 1, 0, 1, 192, 0, 2, 1, 1, 187]), (Client, &hello)],
        late,
    );
    check(5432, &[(Client, &[0, 0, 0, 8, 4, 210, 22, 47]), (Server, b"S"), (Client, &hello)], late);
    check(993, &[(Client, &[b'x'; LONG]), (Client, &hello)], [&[], &[], &[]]);
    let talk = [(Client, &b"x"[..]); 8];
    check(993, &[&talk[..], &[(Client, &hello)]].concat(), [&[], &[], &[]]);
}

/// Longer than what comes before encryption.
const LONG: usize = 600;

#[test]
fn greetings_are_read_whatever_segments_they_come_in() {
    check(21, &[(Server, b"220"), (Server, b" ready\r\n")], [&[], &[], &["ready"]]);
    check(21, &[(Server, b"220-\r\n"), (Server, b"220-Welcome to FTP\r\n220 x\r\n")], [&[], &[], &["Welcome to FTP"]]);
    check(22, &[(Server, b"SSH-2.0-Open"), (Server, b"SSH_9\r\n")], [&[], &[], &["SSH-2.0-OpenSSH_9"]]);
    check(22, &[(Client, b"SSH-2.0-Pu"), (Client, b"TTY\r\n")], [&[], &["SSH-2.0-PuTTY"], &[]]);
    check(110, &[(Server, b"+OK ready\r\n"), (Client, b"USER x\r\n"), (Server, b"+OK\r\n")], [&[], &[], &["ready"]]);
}

#[test]
fn a_late_greeting_in_two_segments_is_one() {
    let segments: [(Who, &[u8]); 3] = [(Server, b"220 mx ESMTP\r\n"), (Server, b"220 go "), (Server, b"ahead\r\n")];
    check(587, &segments, [&[], &[], &["mx ESMTP", "go ahead"]]);
    check(587, &[&segments[..], &segments[1..]].concat(), [&[], &[], &["mx ESMTP", "go ahead"]]);
}

#[test]
fn what_a_web_server_serves_is_no_greeting() {
    let get = (Client, &b"GET /up.txt HTTP/1.1\r\nHost: a.example\r\n\r\n"[..]);
    let connect = (Client, &b"CONNECT b.example:22 HTTP/1.1\r\nHost: b.example:22\r\n\r\n"[..]);
    let (head, ssh) = ((Server, &b"HTTP/1.1 200 OK\r\n\r\n"[..]), (Server, &b"SSH-2.0-x\r\n"[..]));
    check(80, &[get, head, ssh], [&["a.example"], &[], &[]]);
    check(80, &[head, ssh], [&[], &[], &[]]);
    check(3128, &[connect, head, ssh], [&["b.example"], &[], &["SSH-2.0-x"]]);
    check(3128, &[get, head, connect, head, ssh], [&["a.example", "b.example"], &[], &["SSH-2.0-x"]]);
    check(3128, &[connect, head, get, head, ssh], [&["a.example", "b.example"], &[], &[]]);
    check(22, &[get, ssh], [&["a.example"], &[], &["SSH-2.0-x"]]);
    check(80, &[get, (Client, ssh.1)], [&["a.example"], &[], &[]]);
    check(3128, &[connect, head, (Client, ssh.1)], [&["b.example"], &["SSH-2.0-x"], &[]]);
}

#[test]
fn a_proxy_may_be_told_in_the_first_line_alone_whom_to_ask() {
    check(3128, &[(Client, b"GET http://a.example/ HTTP/1.0\r\n\r\n")], [&["a.example"], &[], &[]]);
    let mail: &[(Who, &[u8])] = &[
        (Client, b"CONNECT mx.example:25 HTTP/1.0\r\n\r\n"),
        (Server, b"HTTP/1.0 200 OK\r\n\r\n"),
        (Server, b"220 mx.example ESMTP\r\n"),
        (Client, b"EHLO me\r\n"),
        (Server, b"250-mx.example\r\n250 STARTTLS\r\n"),
        (Client, b"STARTTLS\r\n"),
        (Server, b"220 go ahead\r\n"),
        (Client, &hello(b"late.example")),
    ];
    check(3128, &mail[..5], [&["mx.example"], &[], &["mx.example ESMTP"]]);
    check(3128, mail, [&["late.example", "mx.example"], &[], &["mx.example ESMTP", "go ahead"]]);
}

#[test]
fn what_is_said_behind_a_proxy_does_not_say_what_the_proxy_is() {
    let mut wire = Wire::new(Settings::files());
    let proxy = (SERVER.0, SERVER.1, 3128);
    wire.connect(CLIENT, proxy);
    wire.segment(CLIENT, proxy, ACK, 2, b"CONNECT b.example:22 HTTP/1.1\r\n\r\n");
    wire.segment(proxy, CLIENT, ACK, 2, b"HTTP/1.1 200 OK\r\n\r\n");
    wire.segment(proxy, CLIENT, ACK, 21, b"SSH-2.0-x\r\n");
    let port = wire.device(B).tcp_open.remove(0);
    assert_eq!((port.banner, port.other_banners), (None, ["SSH-2.0-x".into()].into()));
    assert_ne!(port.service.as_deref(), Some("ssh"));
}

#[test]
fn segments_may_come_twice_or_not_at_all() {
    let mut wire = Wire::new(Settings::files());
    wire.connect(CLIENT, SERVER);
    wire.segment(CLIENT, SERVER, ACK, 2, b"GET / HTTP/1.1\r\n");
    wire.segment(CLIENT, SERVER, ACK, 2, b"GET / HTTP/1.1\r\n");
    wire.segment(CLIENT, SERVER, ACK, 18, b"Host: a.example\r\n");
    wire.segment(CLIENT, SERVER, ACK, 99, b"GET /b HTTP/1.1\r\nHost: b.example\r\n\r\n");
    assert_eq!(all_told(&mut wire)[0], ["a.example", "b.example"]);
}

#[test]
fn what_does_not_go_on_with_a_head_is_read_itself() {
    let mut wire = Wire::new(Settings::files());
    wire.connect(CLIENT, SERVER);
    wire.segment(CLIENT, SERVER, ACK, 2, b"GET / HTTP/1.1\r\n");
    wire.segment(CLIENT, SERVER, ACK, 0x9000_0000, b"GET /b HTTP/1.1\r\nHost: b.example\r\n\r\n");
    assert_eq!(all_told(&mut wire)[0], ["b.example"]);
}

#[test]
fn a_syn_may_carry_the_first_words() {
    let mut wire = Wire::new(Settings::files());
    let hello = hello(b"a.example");
    let (one, two) = hello.split_at(40);
    wire.segment(CLIENT, SERVER, SYN, 1000, one);
    wire.accept(SERVER, CLIENT, 1041);
    wire.segment(CLIENT, SERVER, ACK, 1041, two);
    assert_eq!(all_told(&mut wire)[0], ["a.example"]);
}

#[test]
fn answers_of_dns_are_read_to_the_last() {
    let mut wire = Wire::new(Settings::files());
    let resolver = (SERVER.0, SERVER.1, 53);
    wire.connect(CLIENT, resolver);
    let mut sequence = 2;
    for n in 0..20 {
        let answer = framed(&answer(n));
        wire.segment(resolver, CLIENT, ACK, sequence, &answer);
        sequence += answer.len() as u32;
        wire.connect(CLIENT, (SERVER.0, [192, 0, 2, n], 443));
    }
    let told = all_told(&mut wire).into_iter().next().unwrap();
    assert!(told.len() == 20 && told.contains(&"t.example".into()), "{told:?}");
}

/// The answer of a resolver: `a.example`, `b.example` and so on are at 192.0.2.0, 192.0.2.1 and so on.
fn answer(number: u8) -> Vec<u8> {
    let question = [&[0, 9, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, b'a' + number][..], b"\x07example\0", &[0, 1, 0, 1]];
    let answer = [&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4][..], &[192, 0, 2, number]];
    [question.concat(), answer.concat()].concat()
}

/// A message of DNS as TCP carries it.
fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes(), message].concat()
}

#[test]
fn few_unfinished_words_are_kept_and_the_rest_is_counted() {
    let mut wire = Wire::new(Settings::files());
    let client = |n: u16| (CLIENT.0, CLIENT.1, 40_000 + n);
    for n in 0..100 {
        wire.connect(client(n), SERVER);
        wire.segment(client(n), SERVER, ACK, 2, b"GET / HTTP/1.1\r\n");
    }
    assert_eq!(wire.report().left_out.hellos, 100 - 64);
    for n in 0..100 {
        wire.segment(client(n), SERVER, ACK, 18, std::format!("Host: {n}.example\r\n\r\n").as_bytes());
    }
    let told = all_told(&mut wire).into_iter().next().unwrap();
    assert!(told.len() == 64 && !told.contains(&"35.example".into()), "{told:?}");
}

#[test]
fn ports_used_again_begin_anew() {
    let mut wire = Wire::new(Settings::files());
    wire.connect(CLIENT, SERVER);
    let hello = hello(b"a.example");
    wire.segment(CLIENT, SERVER, ACK, 2, &hello[..30]);
    wire.segment(CLIENT, SERVER, SYN, 1000, &[]);
    wire.segment(CLIENT, SERVER, ACK, 1001, &hello);
    assert_eq!(all_told(&mut wire)[0], ["a.example"]);
}

#[test]
fn ports_used_again_begin_anew_where_the_server_is_heard_first() {
    let mut wire = Wire::new(Settings::files());
    let [one, two] = [hello(b"one.example"), hello(b"two.example")];
    wire.connect(CLIENT, SERVER);
    wire.segment(CLIENT, SERVER, ACK, 2, &one);
    wire.accept(SERVER, CLIENT, 7001);
    wire.segment(CLIENT, SERVER, ACK, 7001, &two[..30]);
    // Sent again, it changes nothing.
    wire.accept(SERVER, CLIENT, 7001);
    wire.segment(CLIENT, SERVER, ACK, 7031, &two[30..]);
    assert_eq!(all_told(&mut wire)[0], ["one.example", "two.example"]);
    assert_eq!(wire.open(B), ["10.0.0.11 80 Established"]);
}

#[test]
fn bytes_stay_with_the_connection_they_were_sent_on() {
    let mut wire = Wire::new(Settings::files());
    let [one, two] = [hello(b"one.example"), hello(b"two.example")];
    wire.connect(CLIENT, SERVER);
    wire.segment(CLIENT, SERVER, ACK, 2, &one);
    wire.segment(SERVER, CLIENT, ACK, 2, &[0; 1000]);
    wire.segment(CLIENT, SERVER, SYN, 5000, &[]);
    wire.accept(SERVER, CLIENT, 5001);
    wire.segment(CLIENT, SERVER, ACK, 5001, &two);
    let contacts = wire.device(A).contacts;
    let mut bytes: Vec<_> = contacts
        .iter()
        .map(|contact| (contact.name.as_ref().unwrap().raw(), contact.bytes_sent, contact.bytes_received))
        .collect();
    bytes.sort_unstable();
    let hello = one.len() as u64;
    assert_eq!(bytes, [("one.example", 3 * 54 + hello, 2 * 54 + 1000), ("two.example", 2 * 54 + hello, 54)]);
}

#[test]
fn words_say_who_is_the_client_where_the_beginning_was_not_seen() {
    let [high, low] = [(A, [10, 0, 0, 10], 9000), (B, [10, 0, 0, 11], 1024)];
    for (from, to, words) in
        [(low, high, &b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"[..]), (low, high, &hello(b"a.example"))]
    {
        let mut wire = Wire::new(Settings::files());
        wire.segment(from, to, ACK, 77, words);
        let contact = wire.device(B).contacts.remove(0);
        assert_eq!((contact.port, contact.name.unwrap().raw()), (9000, "a.example"));
    }
}

proptest! {
    #[test]
    fn no_words_panic_and_all_that_is_kept_has_an_end(
        segments in proptest::collection::vec((any::<bool>(), 0..99_u32, WORDS), 0..60),
        port in prop_oneof![Just(53_u16), Just(80)],
    ) {
        let mut wire = Wire::new(Settings::files());
        let server = (SERVER.0, SERVER.1, port);
        for (is_client, sequence, words) in &segments {
            let (from, to) = if *is_client { (CLIENT, server) } else { (server, CLIENT) };
            wire.segment(from, to, ACK, *sequence, words.as_bytes());
        }
        let told = serde_json::to_string(&wire.report()).unwrap();
        prop_assert!(told.len() < 20_000 && wire.report().left_out.hellos == 0);
    }
}

/// What first words are made of.
const WORDS: &str = "(GET / HTTP/1.1\r\n|HTTP/1.1 200 OK\r\n|Host: [ab]\r\n|Server: x|\r\n|220|-| |SSH-2.0-|x|\x16\x03\x01|\x00\x0c){0,6}";

//! How much of a frame is kept: flows and their cut-off, modes, excluded streams.

use super::*;
use crate::packet::frame::{ACK, FIN, SYN};

const A: Mac = [2, 0, 1, 0, 0, 1];
const B: Mac = [2, 0, 1, 0, 0, 2];
/// Ethernet, IPv4, and TCP or UDP.
const TCP_HEADERS: u32 = 14 + 20 + 20;
const UDP_HEADERS: u32 = 14 + 20 + 8;

/// A house with two proven devices that keeps a thousand bytes of each flow.
fn house() -> House {
    let mut house = House::new(Some(1000));
    house.reachable(A);
    house.reachable(B);
    house
}

/// What the sender's file gets of each of these frames from A to the gateway.
#[track_caller]
fn check(house: &mut House, frames: &[(Vec<u8>, u32)]) {
    for (number, (packet, expected)) in frames.iter().enumerate() {
        let kept = house.pass(LAN, Direction::Received, &ether(A, GATEWAY, 0x0800, packet));
        assert_eq!(kept, [(Owner::Mac(A), *expected)], "frame {number}");
    }
}

fn segment(port: u16, flags: u8, length: usize) -> Vec<u8> {
    ipv4(6, [1, 2], &tcp([port, 443], flags, &std::vec![7; length]))
}

fn datagram(port: u16, length: usize) -> Vec<u8> {
    ipv4(17, [1, 2], &udp([port, 443], &std::vec![7; length]))
}

#[test]
fn of_a_flow_the_first_bytes_stay_and_then_the_headers() {
    check(
        &mut house(),
        &[
            (segment(1, SYN, 0), TCP_HEADERS),
            (segment(1, ACK, 600), TCP_HEADERS + 600),
            (segment(1, ACK, 0), TCP_HEADERS),
            (segment(1, ACK, 600), TCP_HEADERS + 400),
            (segment(1, ACK, 600), TCP_HEADERS),
            (segment(1, ACK, 0), TCP_HEADERS),
            (segment(2, ACK, 600), TCP_HEADERS + 600),
            (datagram(1, 1000), UDP_HEADERS + 1000),
            (datagram(1, 1), UDP_HEADERS),
            (segment(1, SYN, 900), TCP_HEADERS + 900),
            (segment(1, ACK, 900), TCP_HEADERS + 100),
        ],
    );
}

#[test]
fn what_is_no_stream_stays_whole() {
    let ping = || ipv4(1, [1, 2], &std::vec![8; 900]);
    let ospf = || ipv4(89, [1, 2], &std::vec![2; 900]);
    check(&mut house(), &[(ping(), 934), (ping(), 934), (ospf(), 934), (ospf(), 934)]);
    let mut house = house();
    for _ in 0..3 {
        let kept = house.pass(LAN, Direction::Received, &ether(A, GATEWAY, 0x88b5, &[1; 900]));
        assert_eq!(kept, [(Owner::Mac(A), 914)]);
    }
    assert_eq!(house.keep.counts().cut.frames, 0);
}

#[test]
fn a_tunnel_is_a_flow_of_its_addresses() {
    let esp = |to| ipv4(50, [1, to], &std::vec![9; 700]);
    check(&mut house(), &[(esp(2), 734), (esp(2), 334), (esp(2), 34), (esp(3), 734)]);
}

#[test]
fn later_fragments_are_a_flow_of_their_own() {
    let fragment = |length: usize| {
        let mut packet = ipv4(17, [1, 2], &std::vec![7; length]);
        packet[6..8].copy_from_slice(&[0, 185]);
        packet
    };
    check(
        &mut house(),
        &[(datagram(1, 1000), UDP_HEADERS + 1000), (fragment(800), 834), (fragment(800), 234), (fragment(800), 34)],
    );
}

#[test]
fn each_direction_interface_and_vlan_counts_for_itself() {
    let mut house = house();
    let up = ether(A, GATEWAY, 0x0800, &datagram(1, 1000));
    let down = ether(GATEWAY, A, 0x0800, &ipv4(17, [2, 1], &udp([443, 1], &[7; 1000])));
    let tagged = ether(A, GATEWAY, 0x8100, &[&[0, 9, 8, 0][..], &datagram(1, 1000)].concat());
    let whole = [(Owner::Mac(A), UDP_HEADERS + 1000)];
    assert_eq!(house.pass(LAN, Direction::Received, &up), whole);
    assert_eq!(house.pass(LAN, Direction::Sent, &down), whole);
    assert_eq!(house.pass(WAN, Direction::Received, &up), whole);
    assert_eq!(house.pass(LAN, Direction::Sent, &up), whole, "a router on a stick sends it on where it came from");
    assert_eq!(house.pass(LAN, Direction::Received, &tagged), [(Owner::Mac(A), UDP_HEADERS + 1004)]);
    assert_eq!(house.pass(LAN, Direction::Received, &up), [(Owner::Mac(A), UDP_HEADERS)]);
}

#[test]
fn a_flow_that_was_idle_begins_anew() {
    let mut house = house();
    check(&mut house, &[(datagram(1, 1000), UDP_HEADERS + 1000), (segment(1, ACK, 1000), TCP_HEADERS + 1000)]);
    house.now += 118 * SECOND;
    check(&mut house, &[(datagram(1, 9), UDP_HEADERS), (segment(1, ACK, 9), TCP_HEADERS)]);
    house.now += 124 * SECOND;
    check(&mut house, &[(datagram(1, 9), UDP_HEADERS + 9), (segment(1, ACK, 9), TCP_HEADERS)]);
    house.now += 604 * SECOND;
    check(&mut house, &[(segment(1, ACK, 9), TCP_HEADERS + 9)]);
}

#[test]
fn of_acknowledgements_of_what_was_cut_one_of_four_stays() {
    let mut house = house();
    let data = ether(GATEWAY, A, 0x0800, &ipv4(6, [2, 1], &tcp([443, 1], ACK, &[7; 1000])));
    let alone = |flags| ether(A, GATEWAY, 0x0800, &segment(1, flags, 0));
    let kept_of = |house: &mut House, flags, times| {
        (0..times).filter(|_| !house.pass(LAN, Direction::Received, &alone(flags)).is_empty()).count()
    };
    house.pass(LAN, Direction::Sent, &data[..data.len() - 1]);
    assert_eq!(kept_of(&mut house, ACK, 100), 100, "nothing was cut yet");
    house.pass(LAN, Direction::Sent, &data);
    let kept = kept_of(&mut house, ACK, 1000);
    assert!((200..300).contains(&kept), "{kept}");
    assert_eq!(house.keep.counts().thinned.frames, 1000 - kept as u64);
    assert_eq!(kept_of(&mut house, ACK | FIN, 100), 100, "what says more stays");
    assert_eq!(house.pass(LAN, Direction::Received, &ether(A, GATEWAY, 0x0800, &segment(1, ACK, 9))).len(), 1);
    assert_eq!(house.pass(WAN, Direction::Received, &alone(ACK)).len(), 1, "of another interface nothing was cut");
}

#[test]
fn bytes_beyond_the_capture_count_as_they_were_on_the_wire() {
    let mut house = house();
    let frame = ether(A, GATEWAY, 0x0800, &datagram(1, 1000));
    let seen = Seen {
        at: house.time(),
        interface: LAN,
        direction: Direction::Received,
        link: LinkType::Ethernet,
        frame: &frame[..100],
        original: frame.len() as u32,
    };
    assert_eq!(house.pass_seen(&seen), [(Owner::Mac(A), 100)]);
    check(&mut house, &[(datagram(1, 1), UDP_HEADERS)]);
}

#[test]
fn padding_is_no_payload() {
    let mut house = house();
    let mut frame = ether(A, GATEWAY, 0x0800, &segment(1, ACK, 1000));
    house.pass(LAN, Direction::Received, &frame);
    frame = ether(A, GATEWAY, 0x0800, &segment(1, ACK, 0));
    frame.resize(60, 0);
    assert_eq!(house.pass(LAN, Direction::Received, &frame), [(Owner::Mac(A), 60)]);
}

#[test]
fn without_a_cut_off_everything_stays() {
    let mut house = house();
    house.keep.configure(Settings { flow_cutoff: None });
    check(&mut house, &[(datagram(1, 1400), UDP_HEADERS + 1400), (datagram(1, 1400), UDP_HEADERS + 1400)]);
}

#[test]
fn an_owners_mode_goes_before_its_interfaces() {
    #[track_caller]
    fn check(of_interface: Mode, of_a: Option<Mode>, expected: &[(Owner, u32)]) {
        let mut house = house();
        house.list(&[Interface { mode: of_interface, ..interface(LAN, "lan0") }]);
        house.named(A, of_a);
        assert_eq!(house.pass(LAN, Direction::Overheard, &ether(A, B, 0x0800, &datagram(1, 100))), expected);
    }
    let (headers, full) = (UDP_HEADERS, UDP_HEADERS + 100);
    check(Mode::Full, None, &[(Owner::Mac(A), full), (Owner::Mac(B), full)]);
    check(Mode::Full, Some(Mode::Headers), &[(Owner::Mac(A), headers), (Owner::Mac(B), full)]);
    check(Mode::Full, Some(Mode::Off), &[(Owner::Mac(B), full)]);
    check(Mode::Headers, None, &[(Owner::Mac(A), headers), (Owner::Mac(B), headers)]);
    check(Mode::Headers, Some(Mode::Full), &[(Owner::Mac(A), full), (Owner::Mac(B), headers)]);
    check(Mode::Off, None, &[]);
    check(Mode::Off, Some(Mode::Full), &[(Owner::Mac(A), full)]);
}

#[test]
fn a_vlan_may_have_a_mode_of_its_own() {
    let mut house = house();
    let vlans = [(9, Mode::Off), (10, Mode::Headers)].into();
    house.list(&[Interface { vlans, ..interface(LAN, "lan0") }]);
    let mut kept = |vlan: u8| {
        let frame = ether(A, GATEWAY, 0x8100, &[&[0, vlan, 8, 0][..], &datagram(1, 100)].concat());
        house.pass(LAN, Direction::Received, &frame)
    };
    assert_eq!(kept(9), []);
    assert_eq!(kept(10), [(Owner::Mac(A), UDP_HEADERS + 4)]);
    assert_eq!(kept(11), [(Owner::Mac(A), UDP_HEADERS + 104)]);
}

#[test]
fn headers_are_no_payload_except_that_arp_is_all_header() {
    let mut house = house();
    house.named(A, Some(Mode::Headers));
    let arp = crate::packet::neighbour::arp_request(A, [10, 0, 0, 1].into(), [10, 0, 0, 2].into());
    assert_eq!(house.pass(LAN, Direction::Received, &ether(A, BROADCAST, 0x0806, &arp)), [(Owner::Mac(A), 42)]);
    assert_eq!(house.pass(LAN, Direction::Received, &bare(A, BROADCAST)), [(Owner::Mac(A), 14)]);
    assert_eq!(house.keep.counts().headers.frames, 2);
}

#[test]
fn an_excluded_stream_leaves_nothing_either_way() {
    let mut house = house();
    let stream = Stream::new("10.0.0.2:443".parse().unwrap(), "[::ffff:10.0.0.1]:1".parse().unwrap());
    assert!(house.keep.exclude(stream));
    let up = ether(A, GATEWAY, 0x0800, &segment(1, ACK, 5));
    let down = ether(GATEWAY, A, 0x0800, &ipv4(6, [2, 1], &tcp([443, 1], ACK, b"x")));
    assert_eq!(house.pass(LAN, Direction::Received, &up), []);
    assert_eq!(house.pass(LAN, Direction::Sent, &down), []);
    assert_eq!(house.keep.counts().excluded.frames, 2);
    check(&mut house, &[(segment(2, ACK, 5), TCP_HEADERS + 5), (datagram(1, 5), UDP_HEADERS + 5)]);
    house.keep.include(stream);
    check(&mut house, &[(segment(1, ACK, 5), TCP_HEADERS + 5)]);
}

#[test]
fn sixty_four_streams_can_be_excluded() {
    let mut house = house();
    let stream = |port| Stream::new(([10, 0, 0, 1], port).into(), ([10, 0, 0, 2], 443).into());
    assert!((0..64).all(|port| house.keep.exclude(stream(port))));
    assert!(!house.keep.exclude(stream(64)));
    assert!(house.keep.exclude(stream(3)), "it already is");
    check(&mut house, &[(segment(64, ACK, 5), TCP_HEADERS + 5)]);
}

#[test]
fn every_frame_is_counted_by_what_became_of_it() {
    let mut house = house();
    house.named(B, Some(Mode::Headers));
    for _ in 0..2 {
        house.pass(LAN, Direction::Overheard, &ether(A, B, 0x0800, &datagram(1, 1000)));
    }
    house.pass(LAN, Direction::Received, &bare(device(9), GATEWAY));
    let counts = house.keep.counts();
    let tally = |frames, bytes| Tally { frames, bytes };
    assert_eq!(counts.seen, tally(3, 2104));
    assert_eq!(counts.kept, tally(1, 1042));
    assert_eq!(counts.cut, tally(1, 1042));
    assert_eq!(counts.headers, tally(2, 2084));
    assert_eq!(counts.unproven, tally(1, 20));
}

//! Whose a frame is: the rows of the rule, and what bridges and interfaces that come and go make of it.

use super::*;

const A: Mac = [2, 0, 1, 0, 0, 1];
const B: Mac = [2, 0, 1, 0, 0, 2];
const GROUP: Mac = [1, 0, 0x5e, 0, 0, 0xfb];
const ZERO: Mac = [0; 6];
const LAN_ITSELF: Owner = Owner::Interface(LAN);
const OTHER_OF_OURS: Mac = [2, 0, 0, 0, 0, 0xfa];

#[track_caller]
fn check(from: Mac, to: Mac, expected: &[Owner]) {
    for direction in [Direction::Received, Direction::Overheard, Direction::Sent] {
        let mut house = House::new(None);
        house.reachable(A);
        house.reachable(B);
        let owners: Vec<Owner> =
            house.pass(LAN, direction, &bare(from, to)).into_iter().map(|(owner, _)| owner).collect();
        assert_eq!(owners, expected, "{direction:?}");
        let invalid = u64::from(from == ZERO || from[0] & 1 != 0);
        assert_eq!(house.keep.counts().invalid.frames, invalid);
    }
}

#[test]
fn a_frame_belongs_to_the_unicast_macs_in_it_that_are_not_ours() {
    check(A, B, &[Owner::Mac(A), Owner::Mac(B)]);
    check(A, GATEWAY, &[Owner::Mac(A)]);
    check(GATEWAY, A, &[Owner::Mac(A)]);
    check(A, A, &[Owner::Mac(A)]);
}

#[test]
fn a_frame_to_a_group_belongs_to_its_sender() {
    check(A, BROADCAST, &[Owner::Mac(A)]);
    check(A, GROUP, &[Owner::Mac(A)]);
    check(GATEWAY, GROUP, &[LAN_ITSELF]);
    check(GATEWAY, BROADCAST, &[LAN_ITSELF]);
}

#[test]
fn a_frame_between_interfaces_of_ours_belongs_to_the_one_that_carried_it() {
    check(GATEWAY, OTHER_OF_OURS, &[LAN_ITSELF]);
    check(GATEWAY, GATEWAY, &[LAN_ITSELF]);
}

#[test]
fn no_sender_is_a_group_or_all_zero() {
    check(ZERO, BROADCAST, &[]);
    check(GROUP, GATEWAY, &[]);
    check(GROUP, A, &[Owner::Mac(A)]);
    check(A, ZERO, &[Owner::Mac(A)]);
    check(GATEWAY, ZERO, &[LAN_ITSELF]);
}

#[test]
fn a_frame_too_short_for_macs_is_nobodys() {
    let mut house = House::new(None);
    assert_eq!(house.pass(LAN, Direction::Received, &[2; 11]), []);
    assert_eq!(house.keep.counts().invalid.frames, 1);
}

#[test]
fn a_link_without_macs_is_its_own_owner() {
    let mut house = House::new(None);
    let tun = Interface { mac: None, ..interface(InterfaceId(9), "tun0") };
    house.list(&[tun]);
    let frame = ipv4(17, [1, 2], &udp([1, 2], b"x"));
    let seen = Seen {
        at: house.time(),
        interface: InterfaceId(9),
        direction: Direction::Sent,
        link: LinkType::Ip,
        frame: &frame,
        original: frame.len() as u32,
    };
    let whole = frame.len() as u32;
    assert_eq!(house.pass_seen(&seen), [(Owner::Interface(InterfaceId(9)), whole)]);
    assert_eq!(house.pass_seen(&seen), [(Owner::Interface(InterfaceId(9)), whole)]);
}

#[test]
fn what_a_bridge_sends_on_is_kept_once() {
    let mut house = House::new(None);
    let port = |id| Interface { bridge: Some(InterfaceId(10)), ..interface(InterfaceId(id), "port") };
    house.list(&[port(4), port(5), Interface { bridge: Some(InterfaceId(11)), ..port(6) }, interface(LAN, "lan0")]);
    for mac in [A, B, device(3)] {
        house.reachable(mac);
    }
    let both = [Owner::Mac(A), Owner::Mac(B)];
    let mut kept = |port, direction, frame: &[u8]| {
        house.pass(InterfaceId(port), direction, frame).into_iter().map(|(owner, _)| owner).collect::<Vec<_>>()
    };
    assert_eq!(kept(4, Direction::Overheard, &bare(A, B)), both);
    assert_eq!(kept(5, Direction::Sent, &bare(A, B)), [], "it came in by another port");
    assert_eq!(kept(5, Direction::Overheard, &bare(B, A)), [Owner::Mac(B), Owner::Mac(A)]);
    assert_eq!(kept(4, Direction::Sent, &bare(B, A)), []);
    assert_eq!(kept(5, Direction::Sent, &bare(A, BROADCAST)), []);
    assert_eq!(kept(6, Direction::Sent, &bare(A, B)), both, "another bridge's");
    assert_eq!(kept(4, Direction::Sent, &bare(device(3), A)).len(), 2, "it came in where nothing is captured");
    assert_eq!(kept(5, Direction::Sent, &bare(GATEWAY, B)), [Owner::Mac(B)], "ours");
    // Unproven ones as well.
    kept(4, Direction::Received, &bare(device(8), BROADCAST));
    kept(5, Direction::Sent, &bare(device(8), BROADCAST));
    let counts = house.keep.counts();
    assert_eq!((counts.forwarded.frames, counts.unproven.frames), (4, 1));
}

#[test]
fn frames_of_an_interface_not_listed_are_only_counted() {
    let mut house = House::new(None);
    house.reachable(A);
    assert_eq!(house.pass(InterfaceId(99), Direction::Received, &bare(A, GATEWAY)), []);
    assert_eq!(house.keep.counts().unlisted.frames, 1);
}

#[test]
fn an_interface_that_is_gone_is_known_for_two_seconds_more() {
    let mut house = House::new(None);
    house.reachable(A);
    let frame = bare(GATEWAY, BROADCAST);
    assert_eq!(house.pass(LAN, Direction::Sent, &frame).len(), 1);
    house.list(&[interface(WAN, "wan0")]);
    house.now += SECOND;
    assert_eq!(house.pass(LAN, Direction::Sent, &frame).len(), 1, "its last frames come late");
    let deadline = house.keep.next_deadline().unwrap();
    house.keep.handle_wake(deadline);
    house.settle();
    assert_eq!(house.pass(LAN, Direction::Sent, &frame), []);
    assert_eq!((house.owners.len(), house.keep.next_deadline()), (1, None), "it is an owner no more");
}

#[test]
fn an_interface_that_returns_or_changes_goes_on() {
    let mut house = House::new(None);
    let frame = bare(GATEWAY, BROADCAST);
    house.pass(LAN, Direction::Sent, &frame);
    let before = house.owners.clone();
    house.list(&[]);
    house.list(&[Interface { mode: Mode::Headers, ..interface(LAN, "lan0") }]);
    house.now += 9 * SECOND;
    house.keep.handle_wake(house.time());
    house.settle();
    assert_eq!(house.owners, before);
    assert_eq!(house.pass(LAN, Direction::Sent, &frame), [(LAN_ITSELF, 14)]);
    assert_eq!(house.owners, before);
}

#[test]
fn another_name_is_another_owner() {
    let mut house = House::new(None);
    let frame = bare(GATEWAY, BROADCAST);
    house.pass(LAN, Direction::Sent, &frame);
    house.list(&[interface(LAN, "green")]);
    assert!(house.owners.is_empty());
    assert_eq!(house.pass(LAN, Direction::Sent, &frame).len(), 1);
}

#[test]
fn a_mac_that_becomes_ours_is_an_owner_no_more() {
    let mut house = House::new(None);
    house.reachable(A);
    house.list(&[Interface { mac: Some(A), ..interface(LAN, "lan0") }]);
    assert!(!house.is_proven(A));
    house.reachable(A);
    house.named(A, None);
    assert!(!house.is_proven(A));
    assert_eq!(house.keep.counts().refused_full, 0);
    house.list(&[interface(LAN, "lan0")]);
    house.reachable(A);
    assert!(house.is_proven(A), "it is a device again");
}

#[test]
fn a_thousand_interfaces_are_listed_and_the_rest_counted() {
    let mut house = House::new(None);
    let numbered = |id| Interface { id: InterfaceId(id), mac: None, ..interface(LAN, "lan0") };
    let all: Vec<Interface> = (0..1100).map(numbered).collect();
    house.list(&all);
    assert_eq!(house.keep.counts().interfaces_left_out, 1100 - 1024);
}

//! When a MAC is proven: the rows of the rule, its budgets and bounds, and what was overheard until then.

use super::*;

/// `G` is the gateway, `P` a proven MAC, `*` everybody; small letters are strangers.
fn mac(letter: char) -> Mac {
    match letter {
        'G' => GATEWAY,
        '*' => BROADCAST,
        letter => device(letter as u32),
    }
}

fn say(house: &mut House, words: &str) {
    for word in words.split_whitespace() {
        let mut letters = word.chars().filter(|letter| *letter != '>').map(mac);
        let (from, to) = (letters.next().unwrap(), letters.next().unwrap());
        let direction = if from == GATEWAY { Direction::Sent } else { Direction::Received };
        house.pass(LAN, direction, &bare(from, to));
    }
}

#[track_caller]
fn check(words: &str, expected: &str) {
    let mut house = House::new(None);
    house.reachable(mac('P'));
    say(&mut house, words);
    let proven: String = ('a'..='z').filter(|letter| house.is_proven(mac(*letter))).collect();
    assert_eq!(proven, expected, "{words}");
}

#[test]
fn a_mac_that_answers_the_gateway_or_a_proven_one_is_proven() {
    check("G>a", "");
    check("a>G", "");
    check("a>* G>a", "");
    check("G>a a>*", "a");
    check("G>a a>G", "a");
    check("G>a a>b", "a");
    check("a>G G>a a>G", "a");
    check("P>a a>P", "a");
    check("P>a a>*", "a");
    check("a>P a>P", "");
    check("G>* a>G", "");
    check("G>a a>* a>b b>*", "ab");
}

#[test]
fn two_that_talk_to_each_other_are_proven() {
    check("a>b", "");
    check("a>b a>b", "");
    check("a>b b>a", "ab");
    check("a>b b>*", "");
    check("a>* b>a", "");
    check("a>a a>a", "");
    check("a>b a>c b>a", "ab");
    check("a>b b>c c>a", "");
    check("a>b a>c a>d b>a", "");
    check("a>b a>c a>d b>a a>b", "ab");
}

#[test]
fn the_operator_and_the_kernel_prove_at_once() {
    let mut house = House::new(None);
    house.named(mac('a'), None);
    house.reachable(mac('b'));
    house.keep.handle_remembered(mac('c'), house.time());
    house.settle();
    assert!(['a', 'b', 'c'].iter().all(|letter| house.is_proven(mac(*letter))));
    for nobody in [[0; 6], BROADCAST, GATEWAY] {
        house.named(nobody, None);
        assert!(!house.is_proven(nobody));
    }
}

#[test]
fn a_mac_can_be_forgotten_and_proven_again() {
    let mut house = House::new(None);
    house.named(mac('a'), Some(Mode::Off));
    house.keep.forget(mac('a'));
    house.keep.forget(mac('a'));
    house.settle();
    assert!(house.owners.is_empty());
    assert_eq!(house.keep.counts().proven, 0);
    say(&mut house, "G>a a>G");
    assert_eq!(house.file(Owner::Mac(mac('a'))).len(), 2, "its mode is forgotten as well");
}

/// A server's message to a client, from DHCP's fixed part on.
fn message(kind: u8, client: Mac) -> Vec<u8> {
    let mut message = std::vec![0; 236];
    message[..3].copy_from_slice(&[2, 1, 6]);
    message[28..34].copy_from_slice(&client);
    message.extend([99, 130, 83, 99, 0, 0, 1, 4, 255, 255, 255, 0, 53, 1, kind, 255]);
    message
}

#[track_caller]
fn check_lease(from: char, ports: [u16; 2], message: &[u8], expected: bool) {
    let mut house = House::new(None);
    house.reachable(mac('P'));
    say(&mut house, "x>y y>x");
    let frame = ether(mac(from), BROADCAST, 0x0800, &ipv4(17, [1, 255], &udp(ports, message)));
    house.pass(LAN, Direction::Received, &frame);
    assert_eq!(house.is_proven(mac('a')), expected);
    for length in 0..frame.len() {
        house.pass(LAN, Direction::Received, &frame[..length]);
    }
}

#[test]
fn a_mac_is_proven_by_the_address_it_is_given() {
    let acknowledgement = message(5, mac('a'));
    check_lease('G', [67, 68], &acknowledgement, true);
    check_lease('P', [67, 68], &acknowledgement, true);
    check_lease('s', [67, 68], &acknowledgement, false);
    check_lease('x', [67, 68], &acknowledgement, false);
    check_lease('G', [68, 67], &acknowledgement, false);
    check_lease('G', [67, 68], &message(2, mac('a')), false);
    check_lease('G', [67, 68], &message(6, mac('a')), false);
    check_lease('G', [67, 68], &message(5, BROADCAST), false);
    let mut request = message(5, mac('a'));
    request[0] = 1;
    check_lease('G', [67, 68], &request, false);
    let mut short = acknowledgement;
    short.truncate(245);
    check_lease('G', [67, 68], &short, false);
}

#[test]
fn a_reply_of_dhcp_for_ipv6_proves_who_receives_it() {
    for (from, kind, expected) in [('G', 7, true), ('P', 7, true), ('s', 7, false), ('G', 2, false)] {
        let mut house = House::new(None);
        house.reachable(mac('P'));
        let datagram = udp([547, 546], &[kind, 1, 2, 3]);
        let header = [0x60, 0, 0, 0, 0, datagram.len() as u8, 17, 64];
        let packet = [&header[..], &[0xfe; 32], &datagram].concat();
        let kept = house.pass(LAN, Direction::Sent, &ether(mac(from), mac('a'), 0x86dd, &packet));
        assert_eq!(house.is_proven(mac('a')), expected);
        assert_eq!(kept.iter().any(|(owner, _)| *owner == Owner::Mac(mac('a'))), expected, "this frame is its already");
    }
}

fn pair(house: &mut House, on: InterfaceId, number: u32) {
    let [one, other] = [number * 2, number * 2 + 1].map(|number| device(0x1_0000 + number));
    house.pass(on, Direction::Overheard, &bare(one, other));
    house.pass(on, Direction::Overheard, &bare(other, one));
}

#[test]
fn a_thousand_macs_prove_each_other_at_once_and_then_one_a_second() {
    let mut house = House::new(None);
    (0..600).for_each(|number| pair(&mut house, LAN, number));
    let counts = house.keep.counts();
    assert_eq!((counts.proven, counts.proven_by_pair, counts.refused_pairs), (1000, 1000, 100));
    (600..700).for_each(|number| pair(&mut house, WAN, number));
    assert_eq!(house.keep.counts().proven, 1200, "another interface has its own");
    house.now += 10 * SECOND;
    (700..800).for_each(|number| pair(&mut house, LAN, number));
    assert_eq!(house.keep.counts().proven, 1210);
}

#[test]
fn no_more_than_4096_are_proven_by_each_other() {
    let mut house = House::new(None);
    for number in 0..2200 {
        house.now += 3 * SECOND;
        pair(&mut house, LAN, number);
    }
    assert_eq!(house.keep.counts().proven, 4096);
    house.reachable(device(0x1_0000));
    assert_eq!(house.keep.counts().proven_by_pair, 4095, "one is proven better now");
    house.keep.forget(device(0x1_0001));
    pair(&mut house, LAN, 3000);
    assert_eq!((house.keep.counts().proven, house.keep.counts().proven_by_pair), (4097, 4096));
}

#[test]
fn who_was_proven_by_another_proves_others_from_the_same_budget() {
    let mut house = House::new(None);
    say(&mut house, "a>b b>a");
    for number in 0..1200 {
        let stranger = device(0x1_0000 + number);
        house.pass(LAN, Direction::Overheard, &bare(mac('a'), stranger));
        house.pass(LAN, Direction::Overheard, &bare(stranger, mac('a')));
    }
    let counts = house.keep.counts();
    assert_eq!((counts.proven, counts.proven_by_pair, counts.refused_pairs), (1000, 1000, 202));
    say(&mut house, "G>z z>G");
    assert!(house.is_proven(mac('z')), "the gateway's word costs nothing");
}

#[test]
fn when_all_places_are_taken_one_absent_for_sixty_days_goes_and_nobody_else() {
    let mut house = House::new(None);
    house.named(device(0), None);
    house.now += SECOND;
    for number in 1..16_384 {
        house.reachable(device(number));
    }
    house.reachable(mac('a') /* = device(97), known */);
    let newcomer = device(20_000);
    house.reachable(newcomer);
    assert!(!house.is_proven(newcomer));
    assert_eq!((house.keep.counts().proven, house.keep.counts().refused_full), (16_384, 1));
    house.now += 60 * 86_400 * SECOND - 1000;
    house.pass(LAN, Direction::Received, &bare(device(1), GATEWAY));
    house.reachable(newcomer);
    assert!(house.is_proven(newcomer));
    assert!(house.is_proven(device(0)) && house.is_proven(device(1)), "named, and heard since");
    assert!(!house.is_proven(device(2)));
    house.named(device(20_001), None);
    assert!(!house.is_proven(device(3)));
    house.named(device(20_002), Some(Mode::Full));
    assert_eq!(house.keep.counts().proven, 16_384);
}

#[test]
fn one_the_operator_names_finds_a_place_at_once() {
    let mut house = House::new(None);
    (0..16_384).for_each(|number| house.reachable(device(number)));
    house.named(device(20_000), None);
    assert!(house.is_proven(device(20_000)) && !house.is_proven(device(0)));
    for number in 1..16_384 {
        house.named(device(number), None);
    }
    house.named(device(20_001), None);
    assert!(!house.is_proven(device(20_001)), "all of them are named");
}

#[test]
fn what_was_overheard_of_a_mac_is_its_first_when_it_is_proven() {
    let mut house = House::new(None);
    let frames: Vec<Vec<u8>> = (0..20_u8)
        .map(|number| ether(mac('a'), BROADCAST, 0x88b5, &std::vec![number; usize::from(number) * 70]))
        .collect();
    for frame in &frames {
        house.pass(LAN, Direction::Received, frame);
        house.pass(LAN, Direction::Received, &bare(mac('b'), BROADCAST));
    }
    let (question, answer) = (bare(GATEWAY, mac('a')), bare(mac('a'), GATEWAY));
    house.pass(LAN, Direction::Sent, &question);
    house.pass(LAN, Direction::Received, &answer);
    let expected: Vec<Vec<u8>> = frames.into_iter().chain([question, answer]).collect();
    assert_eq!(house.file(Owner::Mac(mac('a'))), expected);
    assert_eq!(house.keep.counts().lost_before_proof, 0);
    assert_eq!(house.file(Owner::Mac(mac('b'))).len(), 0);
}

#[test]
fn what_the_small_ring_had_lost_of_a_mac_is_counted() {
    let mut house = House::new(None);
    let long = |letter, number: u32| ether(mac(letter), BROADCAST, 0x88b5, &number.to_be_bytes().repeat(2000));
    (0..3).for_each(|number| drop(house.pass(LAN, Direction::Received, &long('a', number))));
    (0..1045).for_each(|number| drop(house.pass(LAN, Direction::Received, &long('b', number))));
    house.reachable(mac('a'));
    assert_eq!(house.file(Owner::Mac(mac('a'))).len(), 1);
    assert_eq!(house.file(Owner::Mac(mac('a')))[0], long('a', 2));
    assert_eq!((house.keep.counts().lost_before_proof, house.keep.counts().overheard_overwritten), (2, 2));
}

#[test]
fn a_newcomer_the_gateway_answered_is_proven_in_the_middle_of_a_flood() {
    let mut house = House::new(None);
    say(&mut house, "a>* G>a");
    for number in 0..100_000 {
        house.pass(LAN, Direction::Received, &bare(device(0x10_0000 + number), GATEWAY));
    }
    say(&mut house, "a>G");
    assert!(house.is_proven(mac('a')));
}

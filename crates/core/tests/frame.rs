//! Frames of every make, cut at every byte, taken apart by us and by etherparse: where both get far enough they agree.

#[path = "../../../fuzz/opinion.rs"]
mod opinion;

use opinion::agree;
use proptest::prelude::*;
use rebootping_core::packet::frame::{IPV4, IPV6};
use std::fs;
use std::path::Path;

fn frame() -> impl Strategy<Value = Vec<u8>> {
    let tags =
        proptest::collection::vec((prop_oneof![Just(0x8100_u16), Just(0x88a8), Just(0x9100)], any::<u16>()), 0..4);
    let padding = prop_oneof![3 => Just(0_usize), 1 => 1..9_usize];
    (any::<[u8; 12]>(), tags, prop_oneof![ipv4(), ipv6()], padding).prop_map(|(macs, tags, ip, padding)| {
        let ethertype = if ip[0] >> 4 == 4 { IPV4 } else { IPV6 };
        let mut bytes = macs.to_vec();
        for (kind, tag) in tags {
            bytes.extend(kind.to_be_bytes().iter().chain(&tag.to_be_bytes()));
        }
        bytes.extend(ethertype.to_be_bytes());
        bytes.extend(ip);
        bytes.extend(vec![0; padding]);
        bytes
    })
}

fn ipv4() -> impl Strategy<Value = Vec<u8>> {
    let options = (0..11_usize).prop_map(|words| vec![1_u8; words * 4]);
    let fragment = prop_oneof![4 => Just(0_u16), 1 => any::<u16>().prop_map(|word| word & 0x3fff)];
    (any::<[u8; 8]>(), any::<u8>(), options, fragment, transport(1)).prop_map(
        |(addresses, ttl, options, fragment, (protocol, payload))| {
            let header = 20 + options.len();
            let [high, low] = ((header + payload.len()) as u16).to_be_bytes();
            let [fragment_high, fragment_low] = fragment.to_be_bytes();
            let mut ip =
                vec![0x40 | (header / 4) as u8, 0, high, low, 0, 0, fragment_high, fragment_low, ttl, protocol, 0, 0];
            ip.extend(addresses);
            ip.extend(options);
            ip.extend(payload);
            ip
        },
    )
}

/// Extension headers in the order of RFC 8200 section 4.1, each there or not.
fn ipv6() -> impl Strategy<Value = Vec<u8>> {
    let extensions = (any::<[bool; 6]>(), 0..4_u8, prop_oneof![Just(0_u16), any::<u16>()]);
    (any::<[u8; 32]>(), any::<u8>(), extensions, transport(58)).prop_map(
        |(addresses, hop_limit, (there, units, fragment), (protocol, payload))| {
            let order = [0_u8, 60, 43, 44, 51, 60];
            let present: Vec<u8> =
                order.into_iter().zip(there).filter(|(_, there)| *there).map(|(kind, _)| kind).collect();
            let mut rest = payload;
            let mut next = protocol;
            for kind in present.iter().rev() {
                let [high, low] = fragment.to_be_bytes();
                let extension = match kind {
                    44 => vec![next, 0, high, low, 0, 0, 0, 9],
                    // In words of four bytes less two, the others in units of eight less one.
                    51 => [vec![next, units + 1], vec![0; 4 * usize::from(units) + 10]].concat(),
                    _ => [vec![next, units], vec![0; 8 * usize::from(units) + 6]].concat(),
                };
                rest = [extension, rest].concat();
                next = *kind;
            }
            let [high, low] = (rest.len() as u16).to_be_bytes();
            let header = [0x60, 0, 0, 0, high, low, next, hop_limit];
            [&header[..], &addresses, &rest].concat()
        },
    )
}

fn transport(icmp: u8) -> impl Strategy<Value = (u8, Vec<u8>)> {
    let payload = || proptest::collection::vec(any::<u8>(), 0..40);
    let ports = any::<[u8; 4]>();
    let tcp = (ports, any::<[u8; 8]>(), 5..16_u8, any::<u8>(), payload()).prop_map(
        |(ports, numbers, words, flags, payload)| {
            let options = vec![1; usize::from(words) * 4 - 20];
            (6, [&ports[..], &numbers, &[words << 4, flags, 0, 1, 0, 0, 0, 0], &options, &payload].concat())
        },
    );
    let udp = (ports, payload()).prop_map(|(ports, payload)| {
        let [high, low] = (payload.len() as u16 + 8).to_be_bytes();
        (17, [&ports[..], &[high, low, 0, 0], &payload].concat())
    });
    let icmp = (any::<[u8; 6]>(), payload()).prop_map(move |(rest, payload)| {
        let echo = if icmp == 1 { 8 } else { 128 };
        (icmp, [&[echo, 0][..], &rest, &payload].concat())
    });
    let other = payload().prop_map(|payload| (89, payload));
    prop_oneof![3 => tcp, 3 => udp, 2 => icmp, 1 => other]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn we_and_etherparse_agree(frame in frame()) {
        for length in 0..=frame.len() {
            agree(&frame[..length]);
        }
    }
}

#[test]
fn the_seeds_of_the_fuzzer_are_agreed_on_whole_and_cut() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/frame");
    let seeds = fs::read_dir(folder).expect("there are seeds").map(|seed| seed.expect("an entry").path());
    for seed in seeds {
        let frame = fs::read(seed).expect("a seed");
        (0..=frame.len()).for_each(|length| agree(&frame[..length]));
    }
}

//! Blocks as the kernel writes them, and blocks it never would.

use crate::capture::frame::{Frames, Skipped};
use proptest::prelude::{any, prop, proptest};
use rebootping_core::packet::frame::{Direction, InterfaceId, LinkType};

const BLOCK_HEADER: usize = 48;
const FRAME_HEADER: usize = 68;
/// Where the kernel puts a frame with an Ethernet header, with four bytes of reserve: its IP header is aligned.
const MAC: u16 = 86;
const NETWORK: u16 = 100;
const ETHER: u16 = 1;

/// One frame as the kernel leaves it.
#[derive(Clone)]
struct Written {
    next: u32,
    snap: u32,
    original: u32,
    status: u32,
    mac: u16,
    network: u16,
    tag: (u16, u16),
    hardware: u16,
    kind: u8,
    bytes: Vec<u8>,
}

fn written(bytes: &[u8]) -> Written {
    Written {
        next: (usize::from(MAC) + bytes.len()).next_multiple_of(16) as u32,
        snap: bytes.len() as u32,
        original: bytes.len() as u32,
        status: libc::TP_STATUS_USER,
        mac: MAC,
        network: NETWORK,
        tag: (0, 0),
        hardware: ETHER,
        kind: 0,
        bytes: bytes.to_vec(),
    }
}

fn block(frames: &[Written]) -> Vec<u8> {
    let mut block = vec![0; BLOCK_HEADER];
    put(&mut block, 12, &(frames.len() as u32).to_ne_bytes());
    put(&mut block, 16, &(BLOCK_HEADER as u32).to_ne_bytes());
    for frame in frames {
        let at = block.len();
        block.resize(at + FRAME_HEADER, 0);
        put(&mut block, at, &frame.next.to_ne_bytes());
        put(&mut block, at + 4, &7_u32.to_ne_bytes());
        put(&mut block, at + 8, &89_u32.to_ne_bytes());
        put(&mut block, at + 12, &frame.snap.to_ne_bytes());
        put(&mut block, at + 16, &frame.original.to_ne_bytes());
        put(&mut block, at + 20, &frame.status.to_ne_bytes());
        put(&mut block, at + 24, &frame.mac.to_ne_bytes());
        put(&mut block, at + 26, &frame.network.to_ne_bytes());
        put(&mut block, at + 32, &u32::from(frame.tag.1).to_ne_bytes());
        put(&mut block, at + 36, &frame.tag.0.to_ne_bytes());
        put(&mut block, at + 52, &3_u32.to_ne_bytes());
        put(&mut block, at + 56, &frame.hardware.to_ne_bytes());
        put(&mut block, at + 58, &[frame.kind]);
        block.resize(at + usize::from(MAC), 0xee);
        block.extend(&frame.bytes);
        block.resize(at + (usize::from(MAC) + frame.bytes.len()).next_multiple_of(16), 0);
    }
    block
}

fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Bytes and length on the wire of every frame, and what was skipped.
fn read(block: &mut [u8]) -> (Vec<(Vec<u8>, u32)>, Skipped) {
    let mut frames = Frames::of(block);
    let mut found = Vec::new();
    while let Some(frame) = frames.next() {
        found.push((frame.bytes.to_vec(), frame.original));
    }
    (found, frames.skipped())
}

fn ethernet(length: u8) -> Vec<u8> {
    (0..length).collect()
}

#[test]
fn a_frame_says_where_when_and_which_way() {
    for (kind, direction) in [
        (0, Direction::Received),
        (1, Direction::Received),
        (2, Direction::Received),
        (3, Direction::Overheard),
        (4, Direction::Sent),
    ] {
        let mut block = block(&[Written { kind, ..written(&ethernet(60)) }]);
        let mut frames = Frames::of(&mut block);
        let frame = frames.next().expect("a frame");
        assert_eq!((frame.interface, frame.stamp, frame.direction), (InterfaceId(3), 7_000_000_089, direction));
        assert_eq!((frame.bytes, frame.original, frame.link), (&ethernet(60)[..], 60, LinkType::Ethernet));
        assert!(frames.next().is_none());
    }
}

#[test]
fn the_tag_goes_back_behind_the_macs() {
    let untagged = ethernet(60);
    let tagged = |tag: [u8; 4]| [&untagged[..12], &tag, &untagged[12..]].concat();
    let valid = libc::TP_STATUS_USER | libc::TP_STATUS_VLAN_VALID;
    let both = valid | libc::TP_STATUS_VLAN_TPID_VALID;
    let check = |status, tag, expected: Vec<u8>| {
        let length = expected.len() as u32;
        let mut block = block(&[Written { status, tag, ..written(&untagged) }, written(&untagged)]);
        assert_eq!(read(&mut block), (vec![(expected, length), (untagged.clone(), 60)], Skipped::default()));
    };
    check(both, (0x88a8, 0x600a), tagged([0x88, 0xa8, 0x60, 0x0a]));
    check(valid, (0, 7), tagged([0x81, 0, 0, 7]));
    check(libc::TP_STATUS_USER, (0x8100, 7), untagged.clone());
}

#[test]
fn a_cut_frame_keeps_its_length_on_the_wire() {
    let cut = Written { original: 9000, status: libc::TP_STATUS_VLAN_VALID, ..written(&ethernet(60)) };
    assert_eq!(read(&mut block(&[cut])).0.first().map(|(bytes, original)| (bytes.len(), *original)), Some((64, 9004)));
}

#[test]
fn a_tunnels_frame_begins_with_its_ip_header() {
    let ip = Written { hardware: 0xfffe, mac: NETWORK - 4, ..written(&ethernet(40)) };
    let mut moved = ip.clone();
    moved.bytes = [&[0; 10][..], &ip.bytes].concat();
    let (found, _) = read(&mut block(&[moved]));
    assert_eq!(found, [(ethernet(40)[4..].to_vec(), 36)]);
}

#[test]
fn unknown_links_are_counted_and_passed_over() {
    let frames = [Written { hardware: 280, ..written(&ethernet(16)) }, written(&ethernet(60))];
    let (found, skipped) = read(&mut block(&frames));
    assert_eq!((found.len(), skipped), (1, Skipped { unknown: 1, damaged: 0 }));
}

#[test]
fn what_cannot_be_ends_the_block() {
    let good = written(&ethernet(60));
    for bad in [
        Written { snap: u32::MAX, ..good.clone() },
        Written { mac: u16::MAX, ..good.clone() },
        Written { next: 0, ..good.clone() },
        Written { next: 16, ..good.clone() },
        Written { mac: 70, status: libc::TP_STATUS_VLAN_VALID, ..good.clone() },
    ] {
        let (found, skipped) = read(&mut block(&[good.clone(), bad, good.clone()]));
        assert_eq!((found.len(), skipped.damaged), (1, 1));
    }
    let mut lies = block(&[good]);
    put(&mut lies, 12, &u32::MAX.to_ne_bytes());
    assert_eq!(read(&mut lies).1.damaged, 1, "it promises frames behind its end");
}

proptest! {
    #[test]
    fn no_block_does_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..512), frames in 0_u32..8, first in 0_u32..64) {
        if bytes.len() >= BLOCK_HEADER {
            put(&mut bytes, 12, &frames.to_ne_bytes());
            put(&mut bytes, 16, &first.to_ne_bytes());
        }
        let length = bytes.len();
        let (found, _) = read(&mut bytes);
        assert!(found.iter().all(|(bytes, _)| bytes.len() <= length));
    }

    #[test]
    fn no_header_does_harm(
        (next, snap, mac, network) in any::<(u16, u16, u8, u8)>(),
        (status, hardware) in (any::<u32>(), prop::sample::select(vec![1_u16, 0xfffe, 280])),
    ) {
        let odd = Written {
            next: next.into(),
            snap: (snap % 256).into(),
            mac: mac.into(),
            network: network.into(),
            status,
            hardware,
            ..written(&ethernet(60))
        };
        assert!(read(&mut block(&[odd.clone(), odd])).0.len() <= 2);
    }
}

//! Files made by hand in every variant, whole, damaged and cut at every byte; then real ones.

pub(crate) mod forge;
mod real;

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use forge::{ETHERNET, Forge};
use proptest::prelude::*;
use std::io::{Cursor, Write};
use std::net::Ipv6Addr;

const ORDERS: [bool; 2] = [false, true];
/// A stamp in 2026, in microseconds.
const MICROS: u64 = 1_790_000_000_123_456;
const SECONDS: u32 = 1_790_000_000;

/// A record with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    interface: u32,
    stamp: u64,
    original: u32,
    direction: Option<Direction>,
    bytes: Vec<u8>,
}

fn kept(record: &Record<'_>) -> Kept {
    let Record { interface, link, stamp, original, direction, bytes, .. } = *record;
    assert_eq!(link, u32::from(ETHERNET));
    Kept { interface: interface.0, stamp, original, direction, bytes: bytes.to_vec() }
}

fn plain(interface: u32, stamp: u64, bytes: &[u8]) -> Kept {
    Kept { interface, stamp, original: bytes.len() as u32, direction: None, bytes: bytes.to_vec() }
}

/// Every record, and what was wrong.
fn read<R: Read>(mut reader: Reader<R>) -> (Vec<Kept>, Option<String>) {
    let mut found = Vec::new();
    while let Some(record) = reader.next() {
        found.push(kept(&record));
    }
    assert!(reader.next().is_none(), "the end is the end");
    (found, reader.trouble().map(|trouble| trouble.to_string()))
}

/// The file holds these records and no damage, plain and packed; cut anywhere it holds as many of them as are whole.
#[track_caller]
fn check(file: &[u8], expected: &[Kept]) {
    assert_eq!(read(Reader::new(file)), (expected.to_vec(), None));
    let packed = packed(file);
    assert_eq!(read(input::unpacked(Cursor::new(packed)).unwrap()), (expected.to_vec(), None));
    let (mut before, mut whole) = (0, 0);
    for end in 0..file.len() {
        let (found, trouble) = read(Reader::new(&file[..end]));
        assert_eq!(found, expected[..found.len()], "cut at {end}");
        assert!(found.len() == before || found.len() == before + 1, "cut at {end}");
        whole += usize::from(trouble.is_none());
        before = found.len();
    }
    assert!((expected.len()..30).contains(&whole), "only a cut between blocks goes unnoticed: {whole}");
}

fn packed(file: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(file).unwrap();
    packer.finish().unwrap()
}

#[test]
fn classic_files_of_both_orders_and_resolutions() {
    for is_big in ORDERS {
        let file = |magic| Forge::new(is_big).pcap(magic).packet(SECONDS, 123_456, 3, b"abc").packet(1, 2, 9, b"");
        let expected = |fraction: u64| {
            let stamp = u64::from(SECONDS) * 1_000_000_000 + 123_456 * fraction;
            let empty = Kept { original: 9, ..plain(0, 1_000_000_000 + 2 * fraction, b"") };
            [plain(0, stamp, b"abc"), empty]
        };
        check(&file(0xa1b2_c3d4).bytes, &expected(1_000));
        check(&file(0xa1b2_3c4d).bytes, &expected(1));
        let modified = Forge::new(is_big).pcap(0xa1b2_cd34).u32(SECONDS).u32(123_456).u32(3).u32(3).raw(&[7; 8]);
        check(&modified.raw(b"abc").bytes, &expected(1_000)[..1]);
    }
}

#[test]
fn every_packet_block_of_both_orders() {
    for is_big in ORDERS {
        let file = Forge::new(is_big)
            .section()
            .interface(0, &[(2, b"lan0")])
            .interface(4, &[(2, b"wan1"), (9, &[9])])
            .enhanced(0, MICROS, b"abc", &[])
            .enhanced(1, MICROS * 1_000, b"abcd", &[])
            .obsolete(1, MICROS * 1_000 + 1, b"abcde")
            .simple(6, b"abcdef");
        let stamp = MICROS * 1_000;
        let expected = [
            plain(0, stamp, b"abc"),
            plain(1, stamp, b"abcd"),
            plain(1, stamp + 1, b"abcde"),
            plain(0, stamp + 1, b"abcdef"),
        ];
        check(&file.bytes, &expected);
        let mut reader = Reader::new(&*file.bytes);
        while reader.next().is_some() {}
        let named = |name: &str| Interface { name: name.into(), link: u32::from(ETHERNET) };
        assert_eq!(reader.interfaces(), [named("lan0"), named("wan1")]);
    }
}

#[test]
fn a_simple_packet_is_as_long_as_the_snap_length_lets_it() {
    let file = Forge::new(false).section().interface(4, &[]).simple(60, b"abcd");
    check(&file.bytes, &[Kept { original: 60, ..plain(0, 0, b"abcd") }]);
}

#[test]
fn the_flags_say_which_way_a_packet_went() {
    for is_big in ORDERS {
        let forge = Forge::new(is_big).section().interface(0, &[]);
        for (flags, direction) in [
            (0, None),
            (0b0_0001, Some(Direction::Received)),
            (0b0_1001, Some(Direction::Received)),
            (0b1_0001, Some(Direction::Overheard)),
            (0b0_0010, Some(Direction::Sent)),
            (0b1_0000, None),
        ] {
            let value = forge.word(flags);
            let file = forge.clone().enhanced(0, 1, b"a", &[(1, b"a comment"), (2, &value)]);
            check(&file.bytes, &[Kept { direction, ..plain(0, 1_000, b"a") }]);
        }
    }
}

#[test]
fn a_remark_is_read_wherever_it_stands_among_the_options() {
    for is_big in ORDERS {
        let forge = Forge::new(is_big).section().interface(0, &[]);
        let flags = forge.word(1);
        let file = forge.enhanced(0, 1, b"a", &[(2, &flags), (1, b"late!")]).enhanced(0, 2, b"b", &[(1, b"early")]);
        // Its filling and its end are missing.
        let file = file.block(6, |body| body.u32(0).u32(0).u32(3).u32(0).u32(0).u16(1).u16(2).raw(b"hm").u16(0));
        let mut reader = Reader::new(&*file.bytes);
        let mut remarks = Vec::new();
        while let Some(record) = reader.next() {
            remarks.push(String::from_utf8_lossy(record.remark).into_owned());
        }
        assert_eq!(remarks, ["late!", "early", "hm"]);
    }
}

#[test]
fn sections_may_differ_in_order_and_describe_an_interface_again() {
    let second = Forge::new(true)
        .section()
        .interface(0, &[(2, b"lan0"), (9, &[3])])
        .interface(0, &[])
        .enhanced(1, 3_000, b"c", &[])
        .enhanced(0, 2, b"b", &[])
        .bytes;
    let file = Forge::new(false)
        .section()
        .interface(0, &[])
        .interface(0, &[(2, b"lan0")])
        .enhanced(1, 1, b"a", &[])
        .raw(&second);
    check(&file.bytes, &[plain(1, 1_000, b"a"), plain(2, 3_000_000, b"c"), plain(1, 2_000_000, b"b")]);
}

#[test]
fn blocks_without_packets_are_passed_over_and_names_are_kept() {
    for is_big in ORDERS {
        let file = Forge::new(is_big)
            .section()
            .block(0x0000_0bad, |body| body.raw(b"custom!!"))
            .block(5, |body| body.u32(0).u32(0).u32(0))
            .block(0x7000_0000, |body| body)
            .interface(0, &[])
            .block(4, |body| {
                let v6 = Ipv6Addr::LOCALHOST.octets();
                let second = [v6.as_slice(), b"nas\0\0"].concat();
                body.options(&[(1, b"\xc0\0\x02\x01tv\0telly\0"), (2, &second), (3, b"??"), (1, b"\x01")])
            })
            .enhanced(0, 1, b"a", &[]);
        check(&file.bytes, &[plain(0, 1_000, b"a")]);
        let mut reader = Reader::new(&*file.bytes);
        while reader.next().is_some() {}
        let tv = IpAddr::from([192, 0, 2, 1]);
        let names = [(tv, "tv".into()), (tv, "telly".into()), (Ipv6Addr::LOCALHOST.into(), "nas".into())];
        assert_eq!(reader.names(), names);
    }
}

/// The file yields so many packets, and this is said of it.
#[track_caller]
fn damaged(file: &[u8], packets: usize, said: &str) {
    let (found, trouble) = read(Reader::new(file));
    assert_eq!((found.len(), trouble.as_deref()), (packets, Some(said)));
}

#[test]
fn what_came_before_the_damage_is_sane() {
    let classic = Forge::new(false).pcap(0xa1b2_c3d4).packet(1, 1, 1, b"a");
    let absurd = classic.clone().u32(1).u32(1).u32(300_000).u32(300_000).raw(&vec![0; 300_000]);
    damaged(&absurd.bytes, 1, "cut short after 1 packet (a packet claims 300000 bytes)");
    let torn = classic.packet(1, 1, 1, b"a").u32(1);
    damaged(&torn.bytes, 2, "cut short after 2 packets (it ends within a packet)");
    damaged(b"", 0, "nothing was read: it is empty");
    let no_capture = "nothing was read: it is no capture, neither pcap nor pcapng, as it is or packed by gzip";
    damaged(b"GIF89a..", 0, no_capture);
    damaged(b"GIF", 0, no_capture);
    damaged(b"\xfd7zXZ\0\0", 0, "nothing was read: xz packed it: unpack it first");
    damaged(b"\x28\xb5\x2f\xfd\0", 0, "nothing was read: zstd packed it: unpack it first");
    let third = Forge::new(true).u32(0xa1b2_c3d4).u16(3).u16(4).raw(&[0; 16]);
    damaged(&third.bytes, 0, "nothing was read: pcap of version 3 is unknown");

    let blocks = Forge::new(false).section().interface(0, &[]).enhanced(0, 1, b"a", &[]);
    let more = |rest: &[u8]| blocks.clone().raw(rest).bytes;
    damaged(&more(&[0; 64]), 1, "cut short after 1 packet (a block claims 0 bytes)");
    damaged(&more(&[0xff; 64]), 1, "cut short after 1 packet (a block claims 4294967295 bytes)");
    let differ = blocks.clone().u32(6).u32(12).u32(16).bytes;
    damaged(&differ, 1, "cut short after 1 packet (a block's two lengths differ)");
    let no_order = Forge::new(false).block(0x0a0d_0d0a, |body| body.raw(&[0; 16])).bytes;
    damaged(&more(&no_order), 1, "cut short after 1 packet (a section has no byte order)");
    let second = Forge::new(false).block(0x0a0d_0d0a, |body| body.u32(0x1a2b_3c4d).u16(2).u16(0).raw(&[0; 8])).bytes;
    damaged(&more(&second), 1, "cut short after 1 packet (pcapng of version 2 is unknown)");
    let short = Forge::new(false).block(1, |body| body.u32(1)).bytes;
    damaged(&more(&short), 1, "cut short after 1 packet (an interface is described in too few bytes)");
}

#[test]
fn a_block_without_sense_is_left_out_and_its_length_leads_on() {
    let forge = Forge::new(false).section().interface(0, &[]);
    let beyond = |length: u32| move |body: Forge| body.u32(0).u32(0).u32(1).u32(length).u32(1).raw(b"abcd");
    let file = forge.enhanced(7, 1, b"no such interface", &[]).block(6, beyond(5)).block(6, beyond(300_000));
    let file = file.block(6, |body| body.u32(0)).enhanced(0, 1, b"a", &[]);
    damaged(&file.bytes, 1, "4 damaged blocks left out");
    damaged(&file.u32(6).bytes, 1, "cut short after 1 packet (it ends within a packet); 4 damaged blocks left out");
}

#[test]
fn interfaces_and_names_are_bounded() {
    let mut file = Forge::new(false).section();
    for _ in 0..4_097 {
        file = file.interface(0, &[]);
    }
    damaged(&file.bytes, 0, "nothing was read: a section claims more than 4096 interfaces");
    let mut file = Forge::new(false);
    for number in 0..4_097_u32 {
        file = file.section().interface(0, &[(2, number.to_string().as_bytes())]);
    }
    damaged(&file.bytes, 0, "nothing was read: it claims more than 4096 interfaces");
}

#[test]
fn a_packing_that_ends_early_or_is_damaged_is_told_apart() {
    let file = Forge::new(false).pcap(0xa1b2_c3d4).packet(1, 1, 1, b"a").packet(1, 1, 1, b"b").bytes;
    let mut packed = packed(&file);
    let cut = packed[..packed.len() - 3].to_vec();
    let (found, trouble) = read(input::unpacked(Cursor::new(cut)).unwrap());
    assert_eq!((found.len(), trouble.as_deref()), (2, Some("cut short after 2 packets (what gzip packed ends early)")));
    let checksum = packed.len() - 8;
    packed[checksum] ^= 1;
    let (found, trouble) = read(input::unpacked(Cursor::new(packed)).unwrap());
    assert_eq!((found.len(), trouble.as_deref()), (2, Some("cut short after 2 packets (what gzip packed is damaged)")));
}

#[test]
fn a_file_that_grows_is_read_on_where_its_last_whole_packet_ended() {
    let whole = Forge::new(false).section().interface(0, &[]).enhanced(0, 1, b"a", &[]).enhanced(0, 2, b"b", &[]).bytes;
    let mut reader = Reader::new(Cursor::new(whole[..whole.len() - 5].to_vec()));
    assert_eq!(reader.next().map(|record| kept(&record)), Some(plain(0, 1_000, b"a")));
    assert!(reader.next().is_none() && reader.trouble().is_some());
    // Its torn tail is cut off and a new section appended, as after a power loss.
    let again = Forge::new(true).section().interface(0, &[]).enhanced(0, 3, b"c", &[]).bytes;
    let first = Forge::new(false).section().interface(0, &[]).enhanced(0, 1, b"a", &[]).bytes;
    *reader.window.input().get_mut() = [first, again].concat();
    reader.resume().unwrap();
    assert_eq!(reader.next().map(|record| kept(&record)), Some(plain(0, 3_000, b"c")));
    assert!(reader.next().is_none() && reader.trouble().is_none());
}

#[test]
fn a_frame_may_be_as_long_as_snap_lengths_go_and_lie_across_reads() {
    let long = vec![7; LONGEST_FRAME as usize];
    let mut file = Forge::new(false).pcap(0xa1b2_3c4d);
    for stamp in 0..9 {
        file = file.packet(0, stamp, LONGEST_FRAME, &long);
    }
    let (found, trouble) = read(Reader::new(Trickle(&file.bytes, false)));
    assert_eq!((found.len(), trouble), (9, None));
    assert!(found.iter().zip(0..).all(|(record, stamp)| *record == plain(0, stamp, &long)));
}

/// An input that gives what a pipe does: odd pieces, and now and then an interruption.
struct Trickle<'a>(&'a [u8], bool);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = buffer.len().min(self.0.len()).min(61_001);
        self.0.read(&mut buffer[..length])
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(head in 0..8_usize, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let forge = Forge::new(head & 1 == 1);
        let file = match head >> 1 {
            0 => forge,
            1 => forge.pcap(0xa1b2_c3d4),
            2 => forge.section(),
            _ => forge.section().interface(0, &[(9, &[9])]),
        };
        let file = file.raw(&bytes).bytes;
        let (found, _) = read_any(&file);
        prop_assert!(found * 12 <= file.len() as u64);
        let _ = read_any(&packed(&file));
    }
}

fn read_any(file: &[u8]) -> (u64, usize) {
    let mut reader = input::unpacked(Cursor::new(file.to_vec())).unwrap();
    let (mut packets, mut bytes) = (0, 0);
    while let Some(record) = reader.next() {
        packets += 1;
        bytes += record.bytes.len();
    }
    (packets, bytes)
}

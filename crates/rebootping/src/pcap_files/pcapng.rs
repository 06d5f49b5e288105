//! The blocks of a pcapng file as bytes, little-endian, stamps in nanoseconds.
//!
//! Sections and numbers are those of draft-ietf-opsawg-pcapng. Nothing here reads or writes a file.

use rebootping_core::packet::frame::{Direction, InterfaceId, LinkType};
use std::net::IpAddr;

/// Section Header Block (section 4.1).
pub(super) const SECTION: u32 = 0x0a0d_0d0a;
/// Interface Description Block (section 4.2).
pub(super) const INTERFACE: u32 = 1;
/// Name Resolution Block (section 4.5).
pub(super) const NAMES: u32 = 4;
/// Interface Statistics Block (section 4.6).
pub(super) const STATISTICS: u32 = 5;
/// Enhanced Packet Block (section 4.3).
pub(super) const PACKET: u32 = 6;

/// What a section begins with; in the other byte order it reads otherwise.
pub(super) const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// The longest frame we keep, said of every interface alike, for tools refuse to merge files that differ in it; tcpdump's own.
pub(super) const SNAP_LENGTH: u32 = 262_144;
/// A block's type and its two lengths.
pub(super) const FRAME: usize = 12;
/// An Enhanced Packet Block up to the packet's bytes.
pub(super) const PACKET_HEAD: usize = 28;
/// Its flags and the end of its options.
const OPTIONS: usize = 12;
/// A block's length again.
const LENGTH: usize = 4;

const COMMENT: u16 = 1;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const EPB_FLAGS: u16 = 2;
const SHB_HARDWARE: u16 = 2;
const SHB_OS: u16 = 3;
const SHB_USERAPPL: u16 = 4;
const ISB_IFRECV: u16 = 4;
const ISB_IFDROP: u16 = 5;
const ISB_OSDROP: u16 = 7;
const NRB_IPV4: u16 = 1;
const NRB_IPV6: u16 = 2;
/// Stamps count 10^-9 s.
const NANOSECONDS: u8 = 9;
/// The length of a section that may still grow.
const UNKNOWN_LENGTH: u64 = u64::MAX;
/// Options hold 16 bits of length; whoever says more than this in one says it to nobody.
const LONGEST_TEXT: usize = 4096;

/// One captured frame, as it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// Where it was captured.
    pub(crate) interface: InterfaceId,
    /// When, in nanoseconds since 1970.
    pub(crate) stamp: u64,
    /// Which way it went, where that is to be said.
    pub(crate) direction: Option<Direction>,
    /// Its length on the wire in bytes.
    pub(crate) original: u32,
    /// Its first bytes.
    pub(crate) bytes: &'a [u8],
}

/// Who made a section: the machine, its system and this program.
#[derive(Clone, Debug)]
pub(crate) struct Maker {
    pub(crate) hardware: String,
    pub(crate) system: String,
    pub(crate) program: String,
}

/// Begins a section, with a comment about all that is in it unless that is empty.
pub(crate) fn put_section(out: &mut Vec<u8>, maker: &Maker, comment: &str) {
    put_block(out, SECTION, |out| {
        out.extend(BYTE_ORDER_MAGIC.to_le_bytes());
        // Version 1.0.
        out.extend([1, 0, 0, 0]);
        out.extend(UNKNOWN_LENGTH.to_le_bytes());
        if !comment.is_empty() {
            put_option(out, COMMENT, text(comment));
        }
        put_option(out, SHB_HARDWARE, text(&maker.hardware));
        put_option(out, SHB_OS, text(&maker.system));
        put_option(out, SHB_USERAPPL, text(&maker.program));
        put_end_of_options(out);
    });
}

/// Describes the section's next interface; packets name it by how many came before it.
pub(crate) fn put_interface(out: &mut Vec<u8>, link: LinkType, name: &str) {
    put_block(out, INTERFACE, |out| {
        out.extend(link.number().to_le_bytes());
        out.extend([0, 0]);
        out.extend(SNAP_LENGTH.to_le_bytes());
        put_option(out, IF_NAME, text(name));
        put_option(out, IF_TSRESOL, &[NANOSECONDS]);
        put_end_of_options(out);
    });
}

/// The length of a packet's block with so many bytes of the frame, at most.
pub(crate) const fn packet_length(captured: usize) -> usize {
    PACKET_HEAD + captured.next_multiple_of(4) + OPTIONS + LENGTH
}

/// Appends a packet of the section's interface `number`. Allocates nothing where `out` has room for [`packet_length`].
#[inline]
pub(crate) fn put_packet(out: &mut Vec<u8>, number: u32, record: &Record<'_>) {
    let most = packet_length(record.bytes.len());
    let length = if record.direction.is_some() { most } else { most - OPTIONS };
    let length = (length as u32).to_le_bytes();
    let mut head = [0; PACKET_HEAD];
    for (into, field) in head.chunks_exact_mut(4).zip([
        PACKET.to_le_bytes(),
        length,
        number.to_le_bytes(),
        ((record.stamp >> 32) as u32).to_le_bytes(),
        (record.stamp as u32).to_le_bytes(),
        (record.bytes.len() as u32).to_le_bytes(),
        record.original.to_le_bytes(),
    ]) {
        into.copy_from_slice(&field);
    }
    out.extend_from_slice(&head);
    out.extend_from_slice(record.bytes);
    // Four bytes of padding less those too many: lengths the compiler knows need no call.
    let end = out.len() + record.bytes.len().next_multiple_of(4) - record.bytes.len();
    out.extend_from_slice(&[0; 4]);
    out.truncate(end);
    let [l, e, n, g] = length;
    match record.direction {
        // The option of four bytes and the empty option that ends them.
        Some(direction) => {
            out.extend_from_slice(&[EPB_FLAGS as u8, 0, 4, 0, flags(direction), 0, 0, 0, 0, 0, 0, 0, l, e, n, g]);
        }
        None => out.extend_from_slice(&length),
    }
}

/// Adds a remark, which Wireshark shows beside the packet, to the block of a packet that [`put_packet`] appended to nothing.
pub(crate) fn add_remark(block: &mut Vec<u8>, remark: &str) {
    // The option goes before the empty one that ends them, if there are any; that is written anew with the length.
    let captured = block.get(20..).and_then(|rest| rest.first_chunk()).map_or(0, |it| u32::from_le_bytes(*it));
    let has_options = block.len() > PACKET_HEAD + (captured as usize).next_multiple_of(4) + LENGTH;
    block.truncate(block.len().saturating_sub(if has_options { 8 } else { LENGTH }));
    put_option(block, COMMENT, text(remark));
    put_end_of_options(block);
    put_length(block, 0);
}

/// Tells the names of addresses. Wireshark takes no block above 256 KiB from a pipe: a few thousand at once fit.
pub(crate) fn put_names<'a>(out: &mut Vec<u8>, names: impl Iterator<Item = (IpAddr, &'a str)>) {
    put_block(out, NAMES, |out| {
        for (address, name) in names {
            let (kind, mut value) = match address {
                IpAddr::V4(address) => (NRB_IPV4, address.octets().to_vec()),
                IpAddr::V6(address) => (NRB_IPV6, address.octets().to_vec()),
            };
            value.extend_from_slice(text(name));
            value.push(0);
            put_option(out, kind, &value);
        }
        put_end_of_options(out);
    });
}

/// How many packets of an interface there were, and how many of them are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    /// All that should be in the file.
    pub(crate) received: u64,
    /// Those of them that are not, because whoever wrote the file could not.
    pub(crate) dropped: u64,
    /// Those that never came so far, on whatever interface.
    pub(crate) dropped_before: u64,
}

/// Tells them, as of a moment in nanoseconds since 1970.
pub(crate) fn put_statistics(out: &mut Vec<u8>, number: u32, stamp: u64, statistics: &Statistics) {
    put_block(out, STATISTICS, |out| {
        out.extend(number.to_le_bytes());
        put_stamp(out, stamp);
        put_option(out, ISB_IFRECV, &statistics.received.to_le_bytes());
        put_option(out, ISB_IFDROP, &statistics.dropped.to_le_bytes());
        put_option(out, ISB_OSDROP, &statistics.dropped_before.to_le_bytes());
        put_end_of_options(out);
    });
}

/// Bits 0 and 1 are the direction, bits 2 to 4 how it was received (section 4.3.1): overheard is what only promiscuous mode hears.
const fn flags(direction: Direction) -> u8 {
    const INBOUND: u8 = 1;
    const OUTBOUND: u8 = 2;
    const PROMISCUOUS: u8 = 4 << 2;
    match direction {
        Direction::Received => INBOUND,
        Direction::Overheard => INBOUND | PROMISCUOUS,
        Direction::Sent => OUTBOUND,
    }
}

fn put_block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let from = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    body(out);
    put_length(out, from);
}

/// Ends the block that begins at `from` with its length, which its beginning says too.
fn put_length(out: &mut Vec<u8>, from: usize) {
    let length = ((out.len() - from + 4) as u32).to_le_bytes();
    out[from + 4..from + 8].copy_from_slice(&length);
    out.extend(length);
}

fn put_stamp(out: &mut Vec<u8>, stamp: u64) {
    out.extend(((stamp >> 32) as u32).to_le_bytes());
    out.extend((stamp as u32).to_le_bytes());
}

fn put_option(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend(kind.to_le_bytes());
    out.extend((value.len() as u16).to_le_bytes());
    out.extend_from_slice(value);
    put_padding(out);
}

fn put_end_of_options(out: &mut Vec<u8>) {
    out.extend([0; 4]);
}

/// Every block begins at a multiple of four, so that what is within may be aligned to the whole.
fn put_padding(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

/// As much of a text as an option takes, not cut within a character.
fn text(text: &str) -> &[u8] {
    let mut end = text.len().min(LONGEST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text.as_bytes()[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record<'_> = Record {
        interface: InterfaceId(7),
        stamp: 0x0123_4567_89ab_cdef,
        direction: Some(Direction::Overheard),
        original: 1500,
        bytes: &[1, 2, 3, 4, 5],
    };

    /// The fields of a block, four bytes each.
    fn words(block: &[u8]) -> Vec<u32> {
        assert_eq!(block.len() % 4, 0);
        block.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes"))).collect()
    }

    #[test]
    fn a_packet_is_laid_out_as_the_standard_says() {
        let mut out = Vec::new();
        put_packet(&mut out, 3, &RECORD);
        assert_eq!(
            words(&out),
            [6, 52, 3, 0x0123_4567, 0x89ab_cdef, 5, 1500, 0x0403_0201, 5, 0x0004_0002, 0x11, 0, 52]
        );
        assert_eq!(out.len(), packet_length(RECORD.bytes.len()));
    }

    #[test]
    fn every_length_is_padded_to_four_bytes_and_foretold() {
        for length in 0..9 {
            let bytes = vec![0xff; length];
            let mut out = Vec::new();
            put_packet(&mut out, 0, &Record { bytes: &bytes, ..RECORD });
            let words = words(&out);
            assert_eq!(out.len(), packet_length(length));
            assert_eq!((words[1] as usize, words.last().copied()), (out.len(), Some(words[1])), "{length} bytes");
            assert_eq!(out[PACKET_HEAD..PACKET_HEAD + length], bytes);
            assert!(out[PACKET_HEAD + length..].iter().all(|&byte| byte != 0xff), "{length} bytes");
        }
    }

    #[test]
    fn a_packet_that_says_no_direction_has_no_options_until_it_is_remarked_on() {
        let mut out = Vec::new();
        put_packet(&mut out, 3, &Record { direction: None, ..RECORD });
        assert_eq!(words(&out)[1..], [40, 3, 0x0123_4567, 0x89ab_cdef, 5, 1500, 0x0403_0201, 5, 40]);
        add_remark(&mut out, "late");
        assert_eq!(words(&out)[7..], [0x0403_0201, 5, 0x0004_0001, u32::from_le_bytes(*b"late"), 0, 52]);
    }

    #[test]
    fn remarks_follow_the_flags() {
        let mut out = Vec::new();
        put_packet(&mut out, 3, &RECORD);
        add_remark(&mut out, "late");
        let [late, lost] = [b"late", b"lost"].map(|text| u32::from_le_bytes(*text));
        assert_eq!(words(&out)[9..], [0x0004_0002, 0x11, 0x0004_0001, late, 0, 60]);
        add_remark(&mut out, "lost");
        assert_eq!(words(&out)[9..], [0x0004_0002, 0x11, 0x0004_0001, late, 0x0004_0001, lost, 0, 68]);
        assert_eq!(words(&out)[1], 68);
    }

    #[test]
    fn names_end_with_a_zero() {
        let mut out = Vec::new();
        put_names(&mut out, [("10.0.0.1".parse().expect("an address"), "nas")].into_iter());
        assert_eq!(words(&out), [4, 28, 0x0008_0001, 0x0100_000a, u32::from_le_bytes(*b"nas\0"), 0, 28]);
    }

    #[test]
    fn statistics_count_in_64_bits() {
        let mut out = Vec::new();
        let statistics = Statistics { received: 2, dropped: 1 << 32, dropped_before: 3 };
        put_statistics(&mut out, 1, RECORD.stamp, &statistics);
        let (high, low) = (0x0123_4567, 0x89ab_cdef);
        let options = [0x0008_0004, 2, 0, 0x0008_0005, 0, 1, 0x0008_0007, 3, 0, 0];
        assert_eq!(words(&out), [vec![5, 64, 1, high, low], options.to_vec(), vec![64]].concat());
    }

    #[test]
    fn a_section_names_its_maker_and_leaves_its_length_open() {
        let mut out = Vec::new();
        let maker = Maker { hardware: "abc".into(), system: String::new(), program: "rebootping 1".into() };
        put_section(&mut out, &maker, "");
        let words = words(&out);
        assert_eq!(words[..6], [SECTION, out.len() as u32, BYTE_ORDER_MAGIC, 1, u32::MAX, u32::MAX]);
        assert_eq!(words[6..8], [0x0003_0002, u32::from_le_bytes(*b"abc\0")]);
        let mut out = Vec::new();
        put_section(&mut out, &maker, "why");
        assert_eq!(self::words(&out)[6..9], [0x0003_0001, u32::from_le_bytes(*b"why\0"), 0x0003_0002]);
    }

    #[test]
    fn texts_are_bounded_and_whole() {
        assert_eq!(text(&"é".repeat(LONGEST_TEXT)).len(), LONGEST_TEXT);
        assert_eq!(text(&("a".to_owned() + &"é".repeat(LONGEST_TEXT))).len(), LONGEST_TEXT - 1);
    }
}

//! Who made a device, by the first bits of its MAC: the IEEE's public listing, embedded, and the operator's own additions.
//!
//! The table is made by `tools/vendors.py` from the listings of 24, 28 and 36 bits (MA-L, MA-M, MA-S); a longer prefix wins over a
//! shorter. A MAC with the local bit is nobody's: phones draw such at random, and some programs for virtual machines and
//! containers use fixed ones, which are no phones.

use crate::packet::neighbour::{Mac, number};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// The embedded table: see `tools/vendors.py` for its shape.
static TABLE: &[u8] = include_bytes!("vendors.bin");

/// Lengths of prefixes in bits, the longest first.
const LENGTHS: [u32; 3] = [36, 28, 24];
/// So many prefixes stand behind each entry of the index of prefixes.
const PREFIXES_A_BLOCK: usize = 64;
/// So many names stand behind each entry of the index of names.
const NAMES_A_BLOCK: usize = 16;

/// Prefixes with the local bit that programs use for virtual machines and containers.
const VIRTUAL: [(&[u8], &str); 5] = [
    (&[0x52, 0x54, 0x00], "QEMU/KVM"),
    (&[0x02, 0x42], "Docker"),
    (&[0x0a, 0x00, 0x27], "VirtualBox host"),
    (&[0x0a, 0x58], "container network"),
    (&[0x02, 0x15, 0xb2], "Android emulator"),
];

/// Vendors by prefix.
#[derive(Clone, Debug, Default)]
pub struct Vendors {
    /// By length in bits and prefix.
    overrides: BTreeMap<(u32, u64), String>,
}

impl Vendors {
    /// The embedded table, with the operator's prefixes before it: each a MAC's first bits, how many count, and a name.
    pub fn new(overrides: impl IntoIterator<Item = (Mac, u32, String)>) -> Self {
        let key = |(mac, bits, name): (Mac, u32, String)| ((bits.min(48), prefix(mac, bits)), name);
        Self { overrides: overrides.into_iter().map(key).collect() }
    }

    /// Who made it.
    pub fn of(&self, mac: Mac) -> Option<String> {
        let longest_first = (1..=48).rev();
        let own = |bits| self.overrides.get(&(bits, prefix(mac, bits)));
        if let Some(name) = longest_first.filter(|_| !self.overrides.is_empty()).find_map(own) {
            return Some(name.clone());
        }
        virtual_by(mac).map(String::from).or_else(|| registered(TABLE, mac))
    }
}

/// Whether a MAC was drawn at random, for privacy: it has the local bit and is no virtual machine's.
pub fn is_randomised(mac: Mac) -> bool {
    let [first, ..] = mac;
    first & 2 != 0 && virtual_by(mac).is_none()
}

/// The program that made up a MAC for a virtual machine or container.
pub fn virtual_by(mac: Mac) -> Option<&'static str> {
    VIRTUAL.iter().find(|(prefix, _)| mac.starts_with(prefix)).map(|(_, name)| *name)
}

fn prefix(mac: Mac, bits: u32) -> u64 {
    number(mac).checked_shr(48_u32.saturating_sub(bits)).unwrap_or_default()
}

fn registered(table: &[u8], mac: Mac) -> Option<String> {
    let mut sections = Sections { rest: table };
    let names = sections.next()?;
    LENGTHS.iter().find_map(|&bits| {
        let section = sections.next()?;
        name(names, find(section, prefix(mac, bits))?)
    })
}

/// The sections of the table, each behind its length in four bytes.
struct Sections<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Sections<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk()?;
        let (section, behind) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.rest = behind;
        Some(section)
    }
}

/// An index of fixed entries, and the blocks it points into: so a block is found at once and then read from its begin.
fn split_index(section: &[u8], entry: usize) -> Option<(&[u8], &[u8])> {
    let (count, rest) = section.split_first_chunk()?;
    rest.split_at_checked((u32::from_le_bytes(*count) as usize).checked_mul(entry)?)
}

/// The number of the name of a prefix: each prefix is written as its distance from the one before.
fn find(section: &[u8], wanted: u64) -> Option<usize> {
    let (index, blocks) = split_index(section, 9)?;
    let (mut low, mut high) = (0, index.len() / 9);
    while low < high {
        let middle = low.midpoint(high);
        let prefix: [u8; 5] = array(index, middle.checked_mul(9)?)?;
        if prefix.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) <= wanted {
            low = middle.checked_add(1)?;
        } else {
            high = middle;
        }
    }
    let begin = array(index, low.checked_sub(1)?.checked_mul(9)?.checked_add(5)?)?;
    let mut at = blocks.get(u32::from_le_bytes(begin) as usize..)?;
    let mut here: u64 = 0;
    for _ in 0..PREFIXES_A_BLOCK {
        here = here.checked_add(varint(&mut at)?)?;
        let name = varint(&mut at)?;
        if here == wanted {
            return usize::try_from(name).ok();
        }
    }
    None
}

/// A name by its number: each is written as how much it shares with the one before, and the rest.
fn name(section: &[u8], number: usize) -> Option<String> {
    let (index, blocks) = split_index(section, 4)?;
    let begin = array(index, (number / NAMES_A_BLOCK).checked_mul(4)?)?;
    let mut at = blocks.get(u32::from_le_bytes(begin) as usize..)?;
    let mut text: Vec<u8> = Vec::new();
    for _ in 0..=number % NAMES_A_BLOCK {
        text.truncate(usize::try_from(varint(&mut at)?).ok()?);
        let length = usize::try_from(varint(&mut at)?).ok()?;
        let (rest, behind) = at.split_at_checked(length)?;
        text.extend_from_slice(rest);
        at = behind;
    }
    String::from_utf8(text).ok()
}

/// A number in groups of seven bits, the lowest first (as in protocol buffers).
fn varint(at: &mut &[u8]) -> Option<u64> {
    let mut number: u64 = 0;
    for shift in [0, 7, 14, 21, 28, 35] {
        let (&byte, rest) = at.split_first()?;
        *at = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn array<const LENGTH: usize>(bytes: &[u8], at: usize) -> Option<[u8; LENGTH]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(mac: Mac, expected: Option<&str>) {
        assert_eq!(Vendors::default().of(mac).as_deref(), expected, "{mac:x?}");
    }

    #[test]
    fn prefixes_of_all_lengths_are_found() {
        check([0xb8, 0x27, 0xeb, 1, 2, 3], Some("Raspberry Pi Foundation"));
        check([0x00, 0x00, 0x0c, 1, 2, 3], Some("Cisco"));
        check([0x52, 0x54, 0x00, 1, 2, 3], Some("QEMU/KVM"));
        check([0xee, 0xee, 0xee, 1, 2, 3], None);
    }

    #[test]
    fn the_operators_prefix_wins() {
        let vendors = Vendors::new([
            ([0xb8, 0x27, 0xeb, 0, 0, 0], 24, "ours".into()),
            ([0xb8, 0x27, 0xeb, 0x50, 0, 0], 28, "ours too".into()),
        ]);
        assert_eq!(vendors.of([0xb8, 0x27, 0xeb, 1, 2, 3]).as_deref(), Some("ours"));
        assert_eq!(vendors.of([0xb8, 0x27, 0xeb, 0x5f, 2, 3]).as_deref(), Some("ours too"));
    }

    #[test]
    fn virtual_machines_are_not_taken_for_phones() {
        for (mac, expected) in [
            ([0xda, 1, 2, 3, 4, 5], true),
            ([0x52, 0x54, 0x00, 3, 4, 5], false),
            ([0x02, 0x42, 0xac, 3, 4, 5], false),
            ([0x02, 0x43, 0xac, 3, 4, 5], true),
            ([0x00, 0x1b, 0x21, 3, 4, 5], false),
        ] {
            assert_eq!(is_randomised(mac), expected, "{mac:x?}");
        }
    }

    proptest! {
        #[test]
        fn no_table_panics(table in proptest::collection::vec(any::<u8>(), 0..300), mac in any::<Mac>()) {
            let _ = (registered(&table, mac), find(&table, 1), name(&table, 5));
        }
    }
}

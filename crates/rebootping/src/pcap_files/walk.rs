//! Walks the blocks of a segment as far as they are whole, which is what a crash or a lost disk block leaves of it.
//!
//! A block is whole when both of its lengths agree, and a packet when it lies within its block and names an interface of its
//! section. A tail of zeros, which ext4 and xfs leave where data was not written before power was lost, is a block of no length.

use super::pcapng::{BYTE_ORDER_MAGIC, FRAME, INTERFACE, NAMES, PACKET, PACKET_HEAD, SECTION, STATISTICS};
use rebootping_core::packet::frame::LinkType;
use std::io::{self, Read, Seek, SeekFrom};

/// The longest we write is a packet of the snap length.
const LONGEST_BLOCK: usize = 1 << 20;

/// What a walk found.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Walked {
    /// Bytes up to the end of the last whole block.
    pub(super) whole: u64,
    /// The link type of its first interface; none if not even that is there.
    pub(super) link: Option<LinkType>,
    /// The stamp of its last packet; zero if there is none.
    pub(super) last: u64,
    interfaces: u32,
}

/// Walks from the beginning to the first block that is not whole.
pub(super) fn walk(file: &mut impl Read) -> io::Result<Walked> {
    let mut walked = Walked::default();
    let mut block = Vec::new();
    while let Some(kind) = read_block(file, &mut block)? {
        if !walked.take(kind, &block) {
            break;
        }
        walked.whole += block.len() as u64;
    }
    Ok(walked)
}

/// The link type of the first interface, if the first section has one.
pub(super) fn first_link(file: &mut impl Read) -> io::Result<Option<LinkType>> {
    let mut walked = Walked::default();
    let mut block = Vec::new();
    while walked.link.is_none() {
        match read_block(file, &mut block)? {
            Some(kind) if walked.take(kind, &block) => walked.whole += block.len() as u64,
            _ => break,
        }
    }
    Ok(walked.link)
}

/// Whether the last block is whole, read from its end: all a segment needs that was synced since its last write.
pub(super) fn ends_whole(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut word = [0; 4];
    if end < FRAME as u64 {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(end - 4))?;
    file.read_exact(&mut word)?;
    let length = u64::from(u32::from_le_bytes(word));
    if length < FRAME as u64 || length > end || length % 4 != 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(end - length + 4))?;
    file.read_exact(&mut word)?;
    Ok(u64::from(u32::from_le_bytes(word)) == length)
}

impl Walked {
    /// Takes a block whose lengths agree; false if its content cannot be.
    fn take(&mut self, kind: u32, block: &[u8]) -> bool {
        match kind {
            SECTION => {
                self.interfaces = 0;
                word(block, 8) == Some(BYTE_ORDER_MAGIC)
            }
            // Nothing may come before a section (section 4.1).
            _ if self.whole == 0 => false,
            INTERFACE => {
                self.interfaces += 1;
                let link = word(block, 8).and_then(|it| LinkType::from_number(it & 0xffff));
                self.link = self.link.or(link);
                link.is_some()
            }
            PACKET => self.take_packet(block),
            NAMES => true,
            STATISTICS => word(block, 8).is_some_and(|number| number < self.interfaces),
            _ => false,
        }
    }

    fn take_packet(&mut self, block: &[u8]) -> bool {
        let field = |at| word(block, at).unwrap_or(u32::MAX);
        let captured = field(20) as usize;
        let room = block.len().saturating_sub(PACKET_HEAD + 4);
        if field(8) >= self.interfaces || captured > room {
            return false;
        }
        self.last = u64::from(field(12)) << 32 | u64::from(field(16));
        true
    }
}

/// The type of the next block, which is then in `into`; none at the end or where a block is not whole.
fn read_block(file: &mut impl Read, into: &mut Vec<u8>) -> io::Result<Option<u32>> {
    into.resize(8, 0);
    if !fill(file, into)? {
        return Ok(None);
    }
    let (kind, length) = (word(into, 0).unwrap_or(0), word(into, 4).unwrap_or(0));
    let bytes = length as usize;
    if !(FRAME..=LONGEST_BLOCK).contains(&bytes) || bytes % 4 != 0 {
        return Ok(None);
    }
    into.resize(bytes, 0);
    let whole = fill(file, into.get_mut(8..).unwrap_or_default())? && word(into, bytes - 4) == Some(length);
    Ok(whole.then_some(kind))
}

/// Fills a buffer; false if the file ends before.
fn fill(file: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(into) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        other => other.map(|()| true),
    }
}

fn word(block: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*block.get(at..)?.first_chunk()?))
}

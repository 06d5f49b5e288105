//! Frames of pcap and pcapng files, as far as the captures of the tests need it; whatever is damaged ends the file.

use rebootping_core::packet::frame::LinkType;

/// One captured frame.
pub(crate) struct Frame {
    pub(crate) nanos: u64,
    pub(crate) link: LinkType,
    pub(crate) original: u32,
    pub(crate) bytes: Vec<u8>,
}

/// All frames of a file, in its order.
pub(crate) fn frames(file: &[u8]) -> Vec<Frame> {
    if word(file, 0) == Some(0x0a0d_0d0a) { of_pcapng(file) } else { of_pcap(file) }
}

fn of_pcap(file: &[u8]) -> Vec<Frame> {
    let unit = if word(file, 0) == Some(0xa1b2_3c4d) { 1 } else { 1000 };
    let mut frames = Vec::new();
    let mut at = 24;
    let link = word(file, 20).and_then(LinkType::from_number);
    while let (Some(link), Some([seconds, fraction, length, original])) = (link, words(file, at)) {
        let Some(bytes) = file.get(at + 16..at + 16 + length as usize) else { break };
        let nanos = u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * unit;
        frames.push(Frame { nanos, link, original, bytes: bytes.into() });
        at += 16 + length as usize;
    }
    frames
}

fn of_pcapng(file: &[u8]) -> Vec<Frame> {
    let (mut frames, mut interfaces, mut at) = (Vec::new(), Vec::new(), 0);
    while let (Some(kind), Some(length)) = (word(file, at), word(file, at + 4)) {
        match kind {
            1 => interfaces.push(word(file, at + 8).map(|link| link & 0xffff).and_then(LinkType::from_number)),
            6 => {
                let Some([interface, high, low, captured]) = words(file, at + 8) else { break };
                let Some(original) = word(file, at + 24) else { break };
                let Some(bytes) = file.get(at + 28..at + 28 + captured as usize) else { break };
                let Some(Some(link)) = interfaces.get(interface as usize).copied() else { break };
                // Microseconds, as every file here has.
                let nanos = (u64::from(high) << 32 | u64::from(low)).saturating_mul(1000);
                frames.push(Frame { nanos, link, original, bytes: bytes.into() });
            }
            _ => {}
        }
        at += length.max(12) as usize;
    }
    frames
}

fn words(file: &[u8], at: usize) -> Option<[u32; 4]> {
    Some([word(file, at)?, word(file, at + 4)?, word(file, at + 8)?, word(file, at + 12)?])
}

fn word(file: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?))
}

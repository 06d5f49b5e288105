//! The door to the reader of capture files.

use crate::pcap_read::Reader;
use std::io::Read;

/// A capture file: what comes out of it is bounded by what it holds, and the same however it is cut into reads.
pub fn capture(data: &[u8]) {
    let mut reader = Reader::new(data);
    let (mut packets, mut bytes) = (0, 0);
    while reader.advance() {
        let record = reader.record().expect("it went to one");
        assert!(record.bytes.len() <= record.original as usize);
        packets += 1;
        bytes += record.bytes.len() + record.remark.len();
        let place = record.interface.0 as usize;
        assert_eq!(reader.interfaces().get(place).map(|interface| interface.link), Some(record.link));
    }
    assert!(bytes <= data.len() && packets * 16 <= data.len());
    assert!(!reader.advance() && reader.record().is_none(), "the end is the end");
    let trouble = reader.trouble();
    assert!(trouble.as_ref().is_none_or(|it| it.packets == packets as u64 && !it.to_string().is_empty()));
    let (first, rest) = data.split_at(data.len() / 2);
    let mut again = Reader::new(first.chain(rest));
    let count = std::iter::from_fn(|| again.advance().then_some(())).count();
    assert_eq!((count, again.trouble()), (packets, trouble));
}

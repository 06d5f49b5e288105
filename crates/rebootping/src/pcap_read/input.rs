//! A capture by its name: a file or standard input, packed by gzip or not, with progress shown for a long one.

use super::Reader;
use super::progress::Progress;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

/// Where the bytes of a capture come from, once opened and unpacked.
pub(crate) type CaptureInput = Box<dyn Read>;

/// What a member of a gzip file begins with (RFC 1952 section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Opens a capture file; `-` is standard input.
pub(crate) fn open(path: &Path) -> io::Result<Reader<CaptureInput>> {
    if path.as_os_str() == "-" {
        return unpacked(io::stdin().lock());
    }
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    unpacked(Progress::new(file, size))
}

/// Reads a capture that may be packed.
pub(super) fn unpacked(mut input: impl Read + 'static) -> io::Result<Reader<CaptureInput>> {
    let mut first = Vec::with_capacity(GZIP.len());
    input.by_ref().take(GZIP.len() as u64).read_to_end(&mut first)?;
    let is_packed = first == GZIP;
    let input = Cursor::new(first).chain(input);
    Ok(Reader::new(if is_packed { Box::new(MultiGzDecoder::new(input)) } else { Box::new(input) }))
}

//! Which folders hold packets of an interface: those whose newest segment begins with it.

use super::chain::{names, open};
use crate::pcap_read::{Interface, Reader};
use std::io::Read;
use std::path::Path;

/// A section's beginning and the interfaces of its first packets lie in so many bytes.
const BEGINNING: u64 = 4_096;

/// The interfaces that a folder's newest segment describes before its second packet.
pub(crate) fn of_newest(folder: &Path) -> Vec<Interface> {
    let newest = names(folder).ok().and_then(|names| names.into_iter().next_back());
    let file = newest.and_then(|name| open(&folder.join(name)).ok());
    let Some(file) = file else { return Vec::new() };
    let mut reader = Reader::new(file.take(BEGINNING));
    reader.advance();
    reader.interfaces().to_vec()
}

//! Capture files as a stream of packets: pcap and pcapng of any byte order and resolution, plain or packed by gzip.
//!
//! A damaged file yields every packet before the damage, then says what is wrong with it. Nothing is allocated per
//! packet: a record's bytes lie in the reader's window over its input until the next one is asked for.

pub(crate) mod input;
mod options;
mod pcap;
mod pcapng;
mod progress;
mod resolution;
mod stop;
#[cfg(test)]
pub(crate) mod tests;
mod window;

use core::ops::Range;
use pcap::Classic;
use pcapng::Sections;
use rebootping_core::packet::frame::{Direction, InterfaceId};
use rebootping_core::untrusted::Untrusted;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::IpAddr;
use stop::{Stop, Trouble};
use window::Window;

/// Longest frame of a sane file in bytes: the largest snap length tcpdump and Wireshark accept.
pub(crate) const LONGEST_FRAME: u32 = 262_144;

/// One packet of a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// Where it was captured: its place in [`Reader::interfaces`].
    pub(crate) interface: InterfaceId,
    /// What it begins with, as pcap numbers it (LINKTYPE_); `LinkType::from_number` knows some.
    pub(crate) link: u32,
    /// When it was captured, in nanoseconds since 1970; as the packet before it where the file does not say.
    pub(crate) stamp: u64,
    /// Its length on the wire in bytes.
    pub(crate) original: u32,
    /// Which way it went, where the file says so.
    pub(crate) direction: Option<Direction>,
    /// What whoever captured it remarked; empty for nearly all.
    pub(crate) remark: &'a [u8],
    /// Its bytes, as many as were captured.
    pub(crate) bytes: &'a [u8],
}

/// An interface of a capture file. Sections that describe the same interface again do not make it another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    /// Its name; empty where the file does not say.
    pub(crate) name: Untrusted,
    /// What its packets begin with, as pcap numbers it.
    pub(crate) link: u32,
}

/// A record before its bytes are lent: where they lie in the window.
struct Found {
    interface: InterfaceId,
    link: u32,
    stamp: u64,
    original: u32,
    direction: Option<Direction>,
    remark: Range<usize>,
    bytes: Range<usize>,
}

impl Found {
    const NONE: Self =
        Self { interface: InterfaceId(0), link: 0, stamp: 0, original: 0, direction: None, remark: 0..0, bytes: 0..0 };
}

/// Reads the packets of one capture file.
pub(crate) struct Reader<R> {
    window: Window<R>,
    format: Format,
    /// The last packet found, filled in place: it would else be copied for each.
    found: Found,
    /// It is the one the reader stands at.
    is_found: bool,
    packets: u64,
    stop: Option<Stop>,
}

enum Format {
    Unknown,
    Classic(Classic),
    Sections(Box<Sections>),
}

impl<R: Read> Reader<R> {
    /// Reads a file that is not packed; [`input::open`] also takes packed ones.
    pub(crate) fn new(input: R) -> Self {
        let (window, found) = (Window::new(input), Found::NONE);
        Self { window, format: Format::Unknown, found, is_found: false, packets: 0, stop: None }
    }

    /// The next packet; none at the end, and [`Reader::trouble`] then says whether it came too early.
    pub(crate) fn next(&mut self) -> Option<Record<'_>> {
        self.advance();
        self.record()
    }

    /// Goes to the next packet, if there is one; [`Reader::record`] shows it.
    pub(crate) fn advance(&mut self) -> bool {
        self.is_found = false;
        if self.stop.is_none() {
            match self.find() {
                Ok(()) => {
                    self.packets += 1;
                    self.is_found = true;
                }
                Err(stop) => self.stop = Some(stop),
            }
        }
        self.is_found
    }

    /// The packet [`Reader::advance`] went to.
    pub(crate) fn record(&self) -> Option<Record<'_>> {
        let Found { interface, link, stamp, original, direction, ref remark, ref bytes } = self.found;
        self.is_found.then(|| Record {
            interface,
            link,
            stamp,
            original,
            direction,
            remark: self.window.lent(remark.clone()),
            bytes: self.window.lent(bytes.clone()),
        })
    }

    /// The interfaces met so far, by the number records give.
    pub(crate) fn interfaces(&self) -> &[Interface] {
        match &self.format {
            Format::Unknown => &[],
            Format::Classic(classic) => classic.interfaces(),
            Format::Sections(sections) => sections.interfaces(),
        }
    }

    /// The names for addresses met so far, as whoever captured knew them, in the file's order.
    pub(crate) fn names(&self) -> &[(IpAddr, Untrusted)] {
        match &self.format {
            Format::Unknown | Format::Classic(_) => &[],
            Format::Sections(sections) => sections.names(),
        }
    }

    /// What was wrong with the file so far, if anything.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        let left_out = match &self.format {
            Format::Unknown | Format::Classic(_) => 0,
            Format::Sections(sections) => sections.left_out(),
        };
        let cut = self.stop.as_ref().and_then(Stop::reason);
        (left_out > 0 || cut.is_some()).then_some(Trouble { packets: self.packets, left_out, cut })
    }

    /// The file ends within a packet, as one does that is being written.
    pub(crate) const fn is_unfinished(&self) -> bool {
        matches!(self.stop, Some(Stop::Within))
    }

    fn find(&mut self) -> Result<(), Stop> {
        loop {
            match &mut self.format {
                Format::Unknown => self.format = Format::detect(&mut self.window)?,
                Format::Classic(classic) => return classic.find(&mut self.window, &mut self.found),
                Format::Sections(sections) => {
                    if let Some(found) = sections.find(&mut self.window)? {
                        self.found = found;
                        return Ok(());
                    }
                }
            }
        }
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Goes on where the last whole packet ended, for a file that still grows or whose torn tail was cut off meanwhile.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        self.window.forget();
        let at = SeekFrom::Start(self.window.consumed());
        self.window.input().seek(at)?;
        self.stop = None;
        Ok(())
    }
}

/// How files begin that others packed than gzip, of which we know only that.
const PACKED: [(&str, [u8; 4]); 3] =
    [("xz", [0xfd, b'7', b'z', b'X']), ("zstd", [0x28, 0xb5, 0x2f, 0xfd]), ("zip", [b'P', b'K', 3, 4])];

impl Format {
    fn detect<R: Read>(window: &mut Window<R>) -> Result<Self, Stop> {
        let Some(magic) = window.peek::<4>()? else {
            return Err(if window.is_empty() { Stop::Empty } else { Stop::NoCapture });
        };
        if let Some((packer, _)) = PACKED.iter().find(|(_, begin)| *begin == magic) {
            return Err(Stop::Packed(packer));
        }
        if magic == pcapng::SECTION {
            return Ok(Self::Sections(Box::default()));
        }
        Classic::detect(magic, window).map(Self::Classic)
    }
}

//! Why no further packet comes out of a capture file, and how that is told.

use core::fmt;
use std::io;

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The file ends between two packets.
    End,
    /// The file ends within a packet or header.
    Within,
    /// There is nothing in it.
    Empty,
    /// It begins like no capture file.
    NoCapture,
    /// This packed it, which we do not unpack.
    Packed(&'static str),
    /// It contradicts itself; what is wrong.
    Damaged(String),
    /// The system could not read it.
    Unreadable(io::Error),
}

impl Stop {
    /// The reason, unless this is how a file should end.
    pub(super) fn reason(&self) -> Option<String> {
        Some(match self {
            Self::End => return None,
            Self::Within => "it ends within a packet".to_owned(),
            Self::Empty => "it is empty".to_owned(),
            Self::NoCapture => "it is no capture, neither pcap nor pcapng, as it is or packed by gzip".to_owned(),
            Self::Packed(packer) => format!("{packer} packed it: unpack it first"),
            Self::Damaged(what) => what.clone(),
            Self::Unreadable(error) => unreadable(error),
        })
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// The words for an error of the system, or of the unpacker, whose kinds are the first three.
fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "what gzip packed ends early".to_owned(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => "what gzip packed is damaged".to_owned(),
        _ => format!("it cannot be read on: {error}"),
    }
}

/// What was wrong with a file; it reads on after the file's name and a colon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Packets that came out all the same.
    pub(crate) packets: u64,
    /// Blocks of pcapng whose inside made no sense.
    pub(crate) left_out: u64,
    /// Why nothing came after them.
    pub(crate) cut: Option<String>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { packets, left_out, cut } = self;
        match cut {
            Some(reason) if *packets == 0 => write!(f, "nothing was read: {reason}")?,
            Some(reason) => write!(f, "cut short after {packets} packet{} ({reason})", plural(*packets))?,
            None => {}
        }
        if *left_out > 0 {
            let comma = if cut.is_some() { "; " } else { "" };
            write!(f, "{comma}{left_out} damaged block{} left out", plural(*left_out))?;
        }
        Ok(())
    }
}

const fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

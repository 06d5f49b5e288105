//! The first line with which servers of old protocols greet whoever connects.

use crate::untrusted::Untrusted;

/// A greeting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Banner {
    /// What the server speaks.
    pub protocol: Protocol,
    /// Its line, without the protocol's own code in front where that says nothing more.
    pub text: Untrusted,
}

/// What a server speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Protocol {
    /// RFC 4253.
    Ssh,
    /// RFC 959.
    Ftp,
    /// RFC 5321.
    Smtp,
    /// `220` and no word that tells FTP from SMTP: the port has to.
    FtpOrSmtp,
    /// RFC 1939.
    Pop3,
    /// RFC 9051.
    Imap,
    /// RFC 3977.
    Nntp,
    /// RFC 6143.
    Vnc,
}

/// Reads the beginning of what a server said first, whatever its port; none if it is no greeting we know.
pub fn read(payload: &[u8]) -> Option<Banner> {
    let _ = payload;
    None
}

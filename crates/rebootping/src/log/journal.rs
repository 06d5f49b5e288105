//! Messages to systemd's journal by its own protocol, which carries fields beside the text.
//!
//! Source: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL>. One datagram a message; who reads none in time gets none, for nobody waits
//! for a journal.

use super::Field;
use nix::sys::stat::fstat;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

const SOCKET: &str = "/run/systemd/journal/socket";
const NAME: &str = "rebootping";

/// The way there.
#[derive(Debug)]
pub(super) struct Journal(UnixDatagram);

impl Journal {
    /// That of this machine, if standard error is the journal: whoever redirected it wants the messages elsewhere. systemd says which
    /// file that is (`JOURNAL_STREAM` in systemd.exec(5)).
    pub(super) fn of_standard_error(stream: Option<&str>) -> Option<Self> {
        let (device, inode) = stream?.split_once(':')?;
        let known = fstat(io::stderr()).ok()?;
        let is_it = device.parse() == Ok(known.st_dev) && inode.parse() == Ok(known.st_ino);
        if is_it { Self::open(Path::new(SOCKET)).ok() } else { None }
    }

    fn open(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// Hands over a message.
    pub(super) fn send(&self, priority: u8, text: &str, fields: &[Field]) -> io::Result<()> {
        self.0.send(&datagram(priority, text, fields)).map(drop)
    }
}

fn datagram(priority: u8, text: &str, fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put("PRIORITY", &priority.to_string(), &mut bytes);
    put("SYSLOG_IDENTIFIER", NAME, &mut bytes);
    for (name, value) in fields {
        put(name, value, &mut bytes);
    }
    put("MESSAGE", text.trim_matches('\n'), &mut bytes);
    bytes
}

/// A field in a line, or behind its length where it has several.
fn put(name: &str, value: &str, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        bytes.push(b'\n');
        bytes.extend((value.len() as u64).to_le_bytes());
    } else {
        bytes.push(b'=');
    }
    bytes.extend_from_slice(value.as_bytes());
    bytes.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;

    #[test]
    fn a_message_is_one_datagram_as_the_protocol_has_it() {
        let scratch = Scratch::new("journal");
        let path = scratch.path().join("socket");
        let socket = UnixDatagram::bind(&path).unwrap();
        let journal = Journal::open(&path).unwrap();
        let fields = [("LINK", "wan1".to_owned()), ("VERDICT", "wan1 out behind".to_owned())];
        journal.send(4, "IPv4: new connections use wan2", &fields).unwrap();
        journal.send(6, "\nlink\nstate\n", &[]).unwrap();
        let mut buffer = [0; 1024];
        let mut next = || {
            let length = socket.recv(&mut buffer).unwrap();
            buffer[..length].to_vec()
        };
        let expected = "PRIORITY=4\nSYSLOG_IDENTIFIER=rebootping\nLINK=wan1\nVERDICT=wan1 out behind\n\
            MESSAGE=IPv4: new connections use wan2\n";
        assert_eq!(String::from_utf8(next()).unwrap(), expected);
        let lines = b"PRIORITY=6\nSYSLOG_IDENTIFIER=rebootping\nMESSAGE\n\x0a\0\0\0\0\0\0\0link\nstate\n";
        assert_eq!(next(), lines);
    }

    #[test]
    fn a_journal_that_is_not_behind_standard_error_is_left_alone() {
        for stream in [None, Some("1:1"), Some("nonsense"), Some("")] {
            assert!(Journal::of_standard_error(stream).is_none(), "{stream:?}");
        }
    }

    #[test]
    fn a_journal_that_reads_nothing_holds_up_nobody() {
        let scratch = Scratch::new("journal-full");
        let path = scratch.path().join("socket");
        let _never_read = UnixDatagram::bind(&path).unwrap();
        let journal = Journal::open(&path).unwrap();
        let sent = (0..100_000).take_while(|_| journal.send(6, "on and on", &[]).is_ok()).count();
        assert!(sent < 100_000);
    }
}

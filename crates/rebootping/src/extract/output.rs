//! Where the packets go: one section of pcapng to standard output or a file, whole blocks at a time.

use crate::pcap_files::pcapng::{self, Maker};
use crate::pcap_read::Interface;
use core::time::Duration;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rebootping_core::packet::frame::LinkType;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// So many bytes are written at once.
const FULL: usize = 256 << 10;
/// Packets are private: whoever wants to share the file says so with chmod.
const PRIVATE: u32 = 0o600;

/// An open output.
pub(super) struct Output {
    to: File,
    name: String,
    is_file: bool,
    buffer: Vec<u8>,
    /// The interfaces described so far; packets name them by their place.
    interfaces: Vec<Interface>,
}

impl Output {
    /// Opens the named file, or standard output for none and `-`.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, String> {
        let path = path.filter(|path| path.as_os_str() != "-");
        let (to, name) = match path {
            Some(path) => (create(path), path.display().to_string()),
            None if io::stdout().is_terminal() => {
                return Err(
                    "packets would garble this terminal; name a file with -w FILE, or append `| tcpdump -r -`".into()
                );
            }
            None => (io::stdout().as_fd().try_clone_to_owned().map(File::from), "standard output".to_owned()),
        };
        let opened = to.and_then(|to| Ok((to.metadata()?.is_file(), to)));
        let (is_file, to) = opened.map_err(|error| format!("{name}: {error}"))?;
        Ok(Self::new(to, name, is_file))
    }

    /// Writes to a connection.
    pub(super) fn to_connection(to: OwnedFd) -> Self {
        Self::new(to.into(), "a connection".to_owned(), false)
    }

    fn new(to: File, name: String, is_file: bool) -> Self {
        let mut buffer = Vec::with_capacity(FULL * 2);
        let system = nix::sys::utsname::uname().map_or_else(
            |_| "Linux".to_owned(),
            |system| format!("{} {}", system.sysname().to_string_lossy(), system.release().to_string_lossy()),
        );
        let program = concat!("rebootping ", env!("CARGO_PKG_VERSION")).to_owned();
        pcapng::put_section(&mut buffer, &Maker { hardware: std::env::consts::ARCH.to_owned(), system, program });
        Self { to, name, is_file, buffer, interfaces: Vec::new() }
    }

    /// The place packets of this interface name, which is described when it is first met; none for a link nobody knows.
    pub(super) fn number(&mut self, interface: &Interface) -> Option<u32> {
        if let Some(place) = self.interfaces.iter().position(|known| known == interface) {
            return Some(place as u32);
        }
        let link = LinkType::from_number(interface.link)?;
        pcapng::put_interface(&mut self.buffer, link, interface.name.raw());
        self.interfaces.push(interface.clone());
        Some(self.interfaces.len() as u32 - 1)
    }

    /// Appends a packet's block.
    pub(super) fn put(&mut self, block: &[u8]) {
        self.buffer.extend_from_slice(block);
    }

    /// There is enough for a write.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= FULL
    }

    /// Writes what there is, and returns how many bytes that was.
    pub(super) fn flush(&mut self) -> io::Result<usize> {
        let written = self.buffer.len();
        self.to.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(written)
    }

    /// Waits that long; the error is that nobody reads any more.
    pub(super) fn wait(&self, time: Duration) -> io::Result<()> {
        // Without any event asked for, only errors and hang-ups are told.
        let mut polled = [PollFd::new(self.to.as_fd(), PollFlags::empty())];
        let timeout = PollTimeout::try_from(time).unwrap_or(PollTimeout::ZERO);
        match poll(&mut polled, timeout) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Ok(_) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// It is a file and no pipe.
    pub(super) const fn is_file(&self) -> bool {
        self.is_file
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE).open(path)
}

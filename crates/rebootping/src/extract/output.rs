//! Where the packets go: one section of pcapng to standard output or a file, whole blocks at a time.

use crate::pcap_files::pcapng::{self, Maker, Statistics};
use crate::pcap_read::Interface;
use core::time::Duration;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rebootping_core::packet::frame::LinkType;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// So many bytes are written at once.
const FULL: usize = 256 << 10;
/// A pipe that can be written to takes so many without a wait (pipe(7)).
const WITHOUT_WAIT: usize = 4_096;
/// As many names stand in one block: what reads a pipe for Wireshark takes none above 256 KiB, and a name has at most 255 bytes.
const NAMES_AT_ONCE: usize = 500;
/// Packets are private: whoever wants to share the file says so with chmod.
const PRIVATE: u32 = 0o600;

/// An open output.
pub(super) struct Output {
    to: File,
    name: String,
    is_file: bool,
    /// Whoever takes nothing for so long gets nothing more; for ever if there is no limit.
    patience: Option<Duration>,
    buffer: Vec<u8>,
    /// The interfaces described so far; packets name them by their place.
    interfaces: Vec<Described>,
    /// Packets that were lost before they came into a segment, on whatever interface.
    lost_before: u64,
    /// Packets were lost since statistics said how many.
    has_lost: bool,
}

struct Described {
    interface: Interface,
    written: u64,
    lost: u64,
}

impl Output {
    /// Opens the named file or pipe, or standard output for none and `-`. The comment is about the whole, if there is one.
    pub(super) fn open(path: Option<&Path>, comment: &str) -> Result<Self, String> {
        let Destination { to, name } = Destination::open(path)?;
        let is_file = to.metadata().map_err(|error| format!("{name}: {error}"))?.is_file();
        Ok(Self::new(to, name, is_file, comment))
    }

    /// Writes to a connection, as long as something is taken from it every now and then.
    pub(super) fn to_connection(to: OwnedFd, patience: Duration) -> Self {
        Self { patience: Some(patience), ..Self::new(to.into(), "a connection".to_owned(), false, "") }
    }

    fn new(to: File, name: String, is_file: bool, comment: &str) -> Self {
        let mut buffer = Vec::with_capacity(FULL * 2);
        let system = nix::sys::utsname::uname().map_or_else(
            |_| "Linux".to_owned(),
            |system| format!("{} {}", system.sysname().to_string_lossy(), system.release().to_string_lossy()),
        );
        let program = concat!("rebootping ", env!("CARGO_PKG_VERSION")).to_owned();
        let maker = Maker { hardware: std::env::consts::ARCH.to_owned(), system, program };
        pcapng::put_section(&mut buffer, &maker, comment);
        Self { to, name, is_file, patience: None, buffer, interfaces: Vec::new(), lost_before: 0, has_lost: false }
    }

    /// The place packets of this interface name, which is described when it is first met; none for a link nobody knows.
    pub(super) fn number(&mut self, interface: &Interface) -> Option<u32> {
        if let Some(place) = self.interfaces.iter().position(|known| known.interface == *interface) {
            return Some(place as u32);
        }
        let link = LinkType::from_number(interface.link)?;
        pcapng::put_interface(&mut self.buffer, link, interface.name.raw());
        self.interfaces.push(Described { interface: interface.clone(), written: 0, lost: 0 });
        Some(self.interfaces.len() as u32 - 1)
    }

    /// Appends the block of a packet of the interface with that place.
    pub(super) fn put(&mut self, number: u32, block: &[u8]) {
        self.buffer.extend_from_slice(block);
        if let Some(described) = self.interfaces.get_mut(number as usize) {
            described.written += 1;
        }
    }

    /// How many packets were appended.
    pub(super) fn packets(&self) -> u64 {
        self.interfaces.iter().map(|described| described.written).sum()
    }

    /// Appends names of addresses.
    pub(super) fn put_names(&mut self, names: &[(IpAddr, String)]) {
        for names in names.chunks(NAMES_AT_ONCE) {
            pcapng::put_names(&mut self.buffer, names.iter().map(|(address, name)| (*address, name.as_str())));
        }
    }

    /// Counts packets of an interface that were deleted before they were written here.
    pub(super) fn lose(&mut self, interface: &Interface, packets: u64) {
        if let Some(described) = self.number(interface).and_then(|number| self.interfaces.get_mut(number as usize)) {
            described.lost += packets;
            self.has_lost = true;
        }
    }

    /// Counts packets that were never captured, on whatever interface.
    pub(super) fn lose_before(&mut self, packets: u64) {
        self.lost_before += packets;
        self.has_lost = true;
    }

    /// Appends each interface's statistics as of a stamp.
    pub(super) fn put_statistics(&mut self, stamp: u64) {
        self.has_lost = false;
        for (number, Described { written, lost, .. }) in (0..).zip(&self.interfaces) {
            let received = written + lost;
            let statistics = Statistics { received, dropped: *lost, dropped_before: self.lost_before };
            pcapng::put_statistics(&mut self.buffer, number, stamp, &statistics);
        }
    }

    /// Packets were lost since the last statistics.
    pub(super) const fn has_lost(&self) -> bool {
        self.has_lost
    }

    /// There is enough for a write.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= FULL
    }

    /// Writes what there is, and returns how many bytes that was. Calls `meanwhile` at least as often as every `look`.
    pub(super) fn flush(&mut self, look: Duration, mut meanwhile: impl FnMut()) -> io::Result<usize> {
        let mut rest = self.buffer.as_slice();
        let mut idle = Duration::ZERO;
        while !rest.is_empty() {
            let most = if self.is_file { FULL } else { WITHOUT_WAIT };
            if self.is_file || is_ready(&self.to, PollFlags::POLLOUT, look)? {
                idle = Duration::ZERO;
                match self.to.write(rest.get(..most).unwrap_or(rest)) {
                    Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            } else {
                idle += look;
            }
            if self.patience.is_some_and(|patience| idle >= patience) {
                return Err(ErrorKind::TimedOut.into());
            }
            meanwhile();
        }
        let written = self.buffer.len();
        self.buffer.clear();
        Ok(written)
    }

    /// Waits that long; the error is that nobody reads any more.
    pub(super) fn wait(&self, time: Duration) -> io::Result<()> {
        // Without any event asked for, only errors and hang-ups are told.
        if is_ready(&self.to, PollFlags::empty(), time)? { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
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

/// The end of a pipe, or a file, and what it is called in messages.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) to: File,
    pub(crate) name: String,
}

impl Destination {
    /// Opens the named file or pipe, or standard output for none and `-`.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, String> {
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
        let to = to.map_err(|error| format!("{name}: {error}"))?;
        Ok(Self { to, name })
    }

    /// Nobody takes what is written any more.
    pub(crate) fn is_given_up(&self) -> io::Result<bool> {
        is_ready(&self.to, PollFlags::empty(), Duration::ZERO)
    }
}

/// Waits that long for one of the events, or for the other end to be gone.
fn is_ready(file: &File, events: PollFlags, time: Duration) -> io::Result<bool> {
    let timeout = PollTimeout::try_from(time).unwrap_or(PollTimeout::ZERO);
    match poll(&mut [PollFd::new(file.as_fd(), events)], timeout) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE).open(path)
}

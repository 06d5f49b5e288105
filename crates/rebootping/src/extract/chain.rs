//! The segments of one folder as one stream: each read to its end, then the next, the newest for as long as it grows.
//!
//! Old segments are deleted to make room for new ones, whoever reads them. A few ahead are held open, so that what is
//! deleted before it is reached can still be counted; then it is let go, for its space is promised to others.

use super::wanted::Wanted;
use crate::log;
use crate::pcap_files::name;
use crate::pcap_read::{Interface, Reader, Record};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Packets of one ring may stand in a segment that began a little after them.
const DISORDER: u64 = 1_000_000_000;
/// As many segments ahead are held open: between two looks a disk does not fill more.
const HELD: usize = 4;

/// The wanted packets of a folder's segments.
pub(super) struct Chain {
    folder: PathBuf,
    wanted: Wanted,
    current: Option<Segment>,
    /// Segments not begun, oldest first.
    ahead: VecDeque<Ahead>,
    /// The name of the newest segment ever seen: what is listed later and is older was read or left out.
    newest: String,
    /// The folder could not be listed, which was said.
    is_unlisted: bool,
    lost: Vec<(Interface, u64)>,
}

struct Ahead {
    name: String,
    file: Option<File>,
}

struct Segment {
    name: String,
    reader: Reader<File>,
}

impl Chain {
    /// Lists the folder; segments that ended before the span are left out unread.
    pub(super) fn new(folder: &Path, wanted: Wanted) -> Result<Self, String> {
        let mut chain = Self {
            folder: folder.to_owned(),
            wanted,
            current: None,
            ahead: VecDeque::new(),
            newest: String::new(),
            is_unlisted: false,
            lost: Vec::new(),
        };
        chain.list().map_err(|error| format!("{}: {error}", folder.display()))?;
        let since = chain.wanted.span.since;
        let begins_late =
            |ahead: &Ahead| name::stamp(&ahead.name).is_some_and(|stamp| stamp.saturating_add(DISORDER) > since);
        let first = chain.ahead.iter().position(begins_late).unwrap_or(chain.ahead.len());
        // The one before may hold what came just before the next began.
        chain.ahead.drain(..first.saturating_sub(1));
        Ok(chain)
    }

    /// Goes to the next packet; none for now if there is none.
    pub(super) fn advance(&mut self) -> bool {
        loop {
            while let Some(segment) = &mut self.current {
                if segment.advance(&self.wanted) {
                    return true;
                }
                if self.ahead.is_empty() {
                    return false;
                }
                self.complain(false);
                self.current = None;
            }
            let Some(ahead) = self.ahead.pop_front() else { return false };
            self.begin(ahead);
        }
    }

    /// The packet [`Chain::advance`] went to, and the interface it was captured on.
    pub(super) fn record(&self) -> Option<(Record<'_>, &Interface)> {
        self.current.as_ref()?.record()
    }

    /// Looks for new segments and for more in the newest.
    pub(super) fn look(&mut self) {
        // First the list: once a newer segment is in it, nothing is added to the current one any more.
        self.list_or_complain();
        let Some(segment) = &mut self.current else { return };
        if let Err(error) = segment.reader.resume() {
            complain(&self.folder.join(&segment.name), &error.to_string());
            self.current = None;
        }
    }

    /// Notes which segments are deleted while nobody takes our packets, and counts what is lost with them.
    pub(super) fn keep_up(&mut self) {
        self.list_or_complain();
        while self.ahead.front().is_some_and(|ahead| ahead.file.as_ref().is_some_and(is_deleted)) {
            let Some(Ahead { name, file: Some(file) }) = self.ahead.pop_front() else { return };
            self.count_lost(Segment { name, reader: Reader::new(file) });
        }
        self.hold();
    }

    /// The packets lost since this was asked, by interface.
    pub(super) fn take_lost(&mut self) -> Vec<(Interface, u64)> {
        std::mem::take(&mut self.lost)
    }

    /// Says what was wrong with the last segment, which may well end within a packet if it is still written.
    pub(super) fn finish(&self) {
        self.complain(true);
    }

    fn list_or_complain(&mut self) {
        if let Err(error) = self.list() {
            if !self.is_unlisted {
                complain(&self.folder, &error.to_string());
            }
            self.is_unlisted = true;
        }
    }

    fn list(&mut self) -> io::Result<()> {
        let names = match names(&self.folder) {
            Ok(names) => names,
            // A device that is forgotten or evicted may come back.
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        self.is_unlisted = false;
        let new = names.into_iter().filter(|name| *name > self.newest);
        self.ahead.extend(new.map(|name| Ahead { name, file: None }));
        if let Some(last) = self.ahead.back() {
            self.newest.clone_from(&last.name);
        }
        Ok(())
    }

    fn begin(&mut self, Ahead { name, file }: Ahead) {
        let path = self.folder.join(&name);
        match file.map_or_else(|| open(&path), Ok) {
            Ok(file) => self.current = Some(Segment { name, reader: Reader::new(file) }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                complain(&path, "deleted before it could be read, to make room for newer packets");
            }
            Err(error) => complain(&path, &error.to_string()),
        }
        self.hold();
    }

    fn hold(&mut self) {
        for ahead in self.ahead.iter_mut().take(HELD).filter(|ahead| ahead.file.is_none()) {
            // One that cannot be opened is complained of when it is its turn.
            ahead.file = open(&self.folder.join(&ahead.name)).ok();
        }
    }

    fn count_lost(&mut self, mut segment: Segment) {
        while segment.advance(&self.wanted) {
            let Some((_, interface)) = segment.record() else { continue };
            match self.lost.iter_mut().find(|(known, _)| known == interface) {
                Some((_, count)) => *count += 1,
                None => self.lost.push((interface.clone(), 1)),
            }
        }
    }

    fn complain(&self, is_last: bool) {
        let Some(Segment { name, reader }) = &self.current else { return };
        let Some(trouble) = reader.trouble() else { return };
        if !(is_last && reader.is_unfinished()) {
            complain(&self.folder.join(name), &trouble.to_string());
        }
    }
}

impl Segment {
    /// Goes to the next wanted packet.
    fn advance(&mut self, wanted: &Wanted) -> bool {
        while self.reader.advance() {
            if self.record().is_some_and(|(record, interface)| wanted.takes(&record, interface)) {
                return true;
            }
        }
        false
    }

    fn record(&self) -> Option<(Record<'_>, &Interface)> {
        let record = self.reader.record()?;
        let interface = self.reader.interfaces().get(record.interface.0 as usize)?;
        Some((record, interface))
    }
}

fn complain(path: &Path, what: &str) {
    log::say(format_args!("rebootping: {}: {what}", path.display()));
}

fn is_deleted(file: &File) -> bool {
    file.metadata().is_ok_and(|about| about.nlink() == 0)
}

/// The names of a folder's segments, oldest first.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        names.extend(name.to_str().filter(|name| name::stamp(name).is_some()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Opens a segment, and nothing that was put in its place: its folder belongs to a process that reads from networks.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::new(ErrorKind::InvalidInput, "not a file")) }
}

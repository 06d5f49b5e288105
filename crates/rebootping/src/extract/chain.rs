//! The segments of one folder as one stream: each read to its end, then the next, the newest for as long as it grows.

use super::Span;
use crate::pcap_files::name;
use crate::pcap_read::{Interface, Reader, Record};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Packets of one ring may stand in a segment that began a little after them.
const DISORDER: u64 = 1_000_000_000;

/// The packets of a folder's segments within a span of time.
pub(super) struct Chain {
    folder: PathBuf,
    span: Span,
    current: Option<Segment>,
    /// The names of segments not begun, oldest first.
    ahead: VecDeque<String>,
    /// The name of the newest segment ever seen: what is listed later and is older was read or left out.
    newest: String,
    /// The folder could not be listed, which was said.
    is_unlisted: bool,
}

struct Segment {
    name: String,
    reader: Reader<File>,
}

impl Chain {
    /// Lists the folder; segments that ended before the span are left out unread.
    pub(super) fn new(folder: &Path, span: Span) -> Result<Self, String> {
        let mut chain = Self {
            folder: folder.to_owned(),
            span,
            current: None,
            ahead: VecDeque::new(),
            newest: String::new(),
            is_unlisted: false,
        };
        chain.list().map_err(|error| format!("{}: {error}", folder.display()))?;
        let begins_late = |name: &String| name::stamp(name).is_some_and(|stamp| stamp + DISORDER > span.since);
        let first = chain.ahead.iter().position(begins_late).unwrap_or(chain.ahead.len());
        // The one before may hold what came just before the next began.
        chain.ahead.drain(..first.saturating_sub(1));
        Ok(chain)
    }

    /// Goes to the next packet; none for now if there is none.
    pub(super) fn advance(&mut self) -> bool {
        loop {
            while let Some(segment) = &mut self.current {
                while segment.reader.advance() {
                    let stamp = segment.reader.record().map_or(0, |record| record.stamp);
                    if (self.span.since..=self.span.until).contains(&stamp) {
                        return true;
                    }
                }
                if self.ahead.is_empty() {
                    return false;
                }
                self.complain(false);
                self.current = None;
            }
            let Some(name) = self.ahead.pop_front() else { return false };
            self.begin(name);
        }
    }

    /// The packet [`Chain::advance`] went to, and the interface it was captured on.
    pub(super) fn record(&self) -> Option<(Record<'_>, &Interface)> {
        let reader = &self.current.as_ref()?.reader;
        let record = reader.record()?;
        let interface = reader.interfaces().get(record.interface.0 as usize)?;
        Some((record, interface))
    }

    /// Looks for new segments and for more in the newest.
    pub(super) fn look(&mut self) {
        // First the list: once a newer segment is in it, nothing is added to the current one any more.
        if let Err(error) = self.list() {
            if !self.is_unlisted {
                complain(&self.folder, &error.to_string());
            }
            self.is_unlisted = true;
        }
        let Some(segment) = &mut self.current else { return };
        if let Err(error) = segment.reader.resume() {
            complain(&self.folder.join(&segment.name), &error.to_string());
            self.current = None;
        }
    }

    /// Says what was wrong with the last segment, which may well end within a packet if it is still written.
    pub(super) fn finish(&self) {
        self.complain(true);
    }

    fn list(&mut self) -> io::Result<()> {
        let names = match names(&self.folder) {
            Ok(names) => names,
            // A device that is forgotten or evicted may come back.
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        self.is_unlisted = false;
        self.ahead.extend(names.into_iter().filter(|name| *name > self.newest));
        if let Some(last) = self.ahead.back() {
            self.newest.clone_from(last);
        }
        Ok(())
    }

    fn begin(&mut self, name: String) {
        let path = self.folder.join(&name);
        match open(&path) {
            Ok(file) => self.current = Some(Segment { name, reader: Reader::new(file) }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                complain(&path, "deleted before it could be read, to make room for newer packets");
            }
            Err(error) => complain(&path, &error.to_string()),
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

fn complain(path: &Path, what: &str) {
    eprintln!("rebootping: {}: {what}", path.display());
}

/// The names of a folder's segments, oldest first.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        names.extend(name.to_str().filter(|name| name::stamp(name).is_some()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Opens a segment, and nothing that was put in its place: its folder belongs to a process that reads from networks.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::new(ErrorKind::InvalidInput, "not a file")) }
}

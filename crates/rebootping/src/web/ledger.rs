//! Who has logged in, beyond the end of this process: digests alone, in a file that was opened while files could be.
//!
//! It lies in memory (tmpfs(5)) and counts for the boot in which it was written: an upgrade logs nobody out, a reboot everybody.

use super::digest::{Digest, hex, unhex};
use rebootping_core::time::Time;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The file's name.
const NAME: &str = "sessions";
/// More was never written.
const LARGEST: u64 = 64 * 1024;

/// A session as the file has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// The digest of its secret.
    pub(super) key: Digest,
    pub(super) begun: Time,
    pub(super) used: Time,
    /// The digest of the password it was begun with.
    pub(super) password: Digest,
}

/// The file.
#[derive(Debug)]
pub(super) struct Ledger {
    file: Mutex<File>,
    /// The boot that runs (random(4)).
    boot: String,
}

impl Ledger {
    /// Opens that of this folder, before files are out of reach.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
        let mut options = OpenOptions::new();
        // Root may open it, in a folder of another user.
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.custom_flags(libc::O_NOFOLLOW).open(folder.join(NAME))?;
        Ok(Self { file: Mutex::new(file), boot })
    }

    /// What was written in this boot; of what cannot be read, nothing.
    pub(super) fn read(&self) -> Vec<Line> {
        let mut text = String::new();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.rewind().and_then(|()| (&mut *file).take(LARGEST).read_to_string(&mut text));
        let mut lines = text.lines();
        match (read, lines.next()) {
            (Ok(_), Some(boot)) if boot == self.boot => lines.map_while(Line::parse).collect(),
            _ => Vec::new(),
        }
    }

    /// Writes all of it in one piece over what was there; what is left of that behind an empty line is not read.
    pub(super) fn write(&self, lines: &[Line]) -> io::Result<()> {
        let mut text = format!("{}\n", self.boot);
        for line in lines {
            line.write(&mut text);
        }
        text.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.rewind()?;
        file.write_all(text.as_bytes())
    }
}

impl Line {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut digest = || unhex(words.next()?)?.try_into().ok();
        let (key, password) = (digest()?, digest()?);
        let mut time = || words.next()?.parse().ok().map(Time::from_nanos);
        Some(Self { key, password, begun: time()?, used: time()? })
    }

    fn write(&self, text: &mut String) {
        let (key, password) = (hex(&self.key), hex(&self.password));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key} {password} {} {}", self.begun.as_nanos(), self.used.as_nanos());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;
    use std::os::unix::fs::PermissionsExt;

    fn line(number: u8) -> Line {
        let at = Time::from_nanos(u64::from(number) << 40);
        Line { key: [number; 32], begun: at, used: at, password: [9; 32] }
    }

    #[test]
    fn what_was_written_is_read_by_the_next_and_only_in_the_same_boot() {
        let scratch = Scratch::new("ledger");
        let ledger = Ledger::open(scratch.path()).expect("a file");
        assert_eq!(ledger.read(), []);
        ledger.write(&[line(1), line(2), line(3)]).expect("it is written");
        assert_eq!(ledger.read(), [line(1), line(2), line(3)]);
        ledger.write(&[line(2)]).expect("it is written");
        let mut next = Ledger::open(scratch.path()).expect("a file");
        assert_eq!(next.read(), [line(2)], "what was there before is gone");
        next.boot = "another".into();
        assert_eq!(next.read(), []);
        let file = scratch.path().join(NAME);
        assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
        for damaged in ["", "\n", "\u{1}\n\n", &format!("{}\nzz", ledger.boot), &"x".repeat(100_000)] {
            fs::write(&file, damaged).expect("it can be written");
            assert_eq!(ledger.read(), [], "{damaged:.20}");
        }
    }
}

//! The log in which SQLite writes what is new, kept small: it goes into the file now and then, and when a reader stands still and does
//! not let it, nothing more is written until it does.

use super::file::beside;
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// From here on the log is brought into the file; it has then been written once for many changes of the same pages. At a flush of five
/// minutes 19.2 MB are written a day, with a third of it 20.5 (`cargo bench --bench store -- 6`).
const ENOUGH: u64 = 3 << 20;
/// The log grows no further while a reader holds it.
const MOST: u64 = 4 << 20;
/// How long a writer may wait for somebody who looks into the file by hand.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the log may take of the history's size.
pub(super) fn most(max_size: u64) -> u64 {
    MOST.min(max_size / 4)
}

/// The log of a file.
#[derive(Debug)]
pub(super) struct Wal {
    path: PathBuf,
}

impl Wal {
    pub(super) fn of(file: &Path) -> Self {
        Self { path: beside(file, "-wal") }
    }

    /// Its length in bytes; a log that is not there has none.
    pub(super) fn bytes(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |found| found.len())
    }

    /// Brings the log into the file if it is long enough; whether there is room in it. The history may have `max_size` in all.
    pub(super) fn make_room(&self, connection: &Connection, max_size: u64) -> rusqlite::Result<bool> {
        let length = self.bytes();
        if length < ENOUGH.min(max_size / 8) || Self::empty(connection)? {
            return Ok(true);
        }
        Ok(length < most(max_size))
    }

    /// Brings the log into the file; false if a reader still needs it. It is not waited for.
    pub(super) fn empty(connection: &Connection) -> rusqlite::Result<bool> {
        connection.busy_timeout(Duration::ZERO)?;
        let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        connection.busy_timeout(PATIENCE)?;
        Ok(busy? == 0)
    }
}

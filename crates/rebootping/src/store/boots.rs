//! Which boot it is, and how far its wall clock is ahead of the time since it: what all rows are dated by.
//!
//! Rows hold the time since their boot, which no step of the wall clock touches. The difference is kept once a boot, and is the latest
//! known: a gateway that boots in 1970 and learns the date a minute later has had the right dates all along.

use crate::clock::Moment;
use rusqlite::{Connection, OptionalExtension, params};

/// A smaller change of the difference is not worth writing, in nanoseconds.
const DRIFT: i64 = 100_000_000;

/// The boot that runs, as the file knows it.
#[derive(Debug)]
pub(super) struct Boot {
    /// As the kernel names it (random(4), `boot_id`).
    name: String,
    /// Its number in the file, once it is there.
    id: Option<i64>,
    ahead: i64,
}

impl Boot {
    pub(super) fn new(name: String) -> Self {
        Self { name, id: None, ahead: 0 }
    }

    /// As the kernel names it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its number in the file that is being written; the difference is brought up to date.
    pub(super) fn enter(&mut self, connection: &Connection, now: Moment) -> rusqlite::Result<i64> {
        let (at, ahead) = (nanos(now), now.ahead());
        if let Some(id) = self.id {
            if (ahead - self.ahead).abs() >= DRIFT {
                connection
                    .prepare_cached("UPDATE boot SET ahead = ?2, ended = ?3 WHERE id = ?1")?
                    .execute(params![id, ahead, at])?;
                self.ahead = ahead;
            }
            return Ok(id);
        }
        connection
            .prepare_cached(
                "INSERT INTO boot (name, began, ended, ahead) VALUES (?1, ?2, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET ahead = ?3, ended = ?2",
            )?
            .execute(params![self.name, at, ahead])?;
        connection.prepare_cached("SELECT id FROM boot WHERE name = ?1")?.query_row([&self.name], |row| row.get(0))
    }

    /// What was entered is on the disk.
    pub(super) fn entered(&mut self, id: i64, now: Moment) {
        if self.id.replace(id).is_none() {
            self.ahead = now.ahead();
        }
    }

    /// The file it was in is gone, or what was entered did not come there.
    pub(super) fn forget(&mut self) {
        self.id = None;
    }

    /// Its number in the file, if it is there.
    pub(super) fn find(&self, connection: &Connection) -> rusqlite::Result<Option<i64>> {
        connection
            .prepare_cached("SELECT id FROM boot WHERE name = ?1")?
            .query_row([&self.name], |row| row.get(0))
            .optional()
    }
}

/// What the kernel called a boot.
pub(super) fn name(connection: &Connection, boot: i64) -> rusqlite::Result<String> {
    connection.prepare_cached("SELECT name FROM boot WHERE id = ?1")?.query_row([boot], |row| row.get(0))
}

/// How far the wall clock of a boot was ahead.
pub(super) fn ahead(connection: &Connection, boot: i64) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT ahead FROM boot WHERE id = ?1")?.query_row([boot], |row| row.get(0))
}

/// Nanoseconds since boot, as rows hold them.
pub(super) fn nanos(now: Moment) -> i64 {
    of_time(now.time())
}

/// The same of any time of this boot.
pub(super) fn of_time(time: rebootping_core::time::Time) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

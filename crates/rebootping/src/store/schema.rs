//! The tables of the history, and how a file of an earlier version gets those of this one.
//!
//! A step that was released is never changed: files in the field were made by it. A new version adds one at the end, and a golden
//! file of the version before to the tests.

use rusqlite::{Connection, Transaction};

/// Step `n` turns a file of version `n` into one of version `n + 1`.
const STEPS: &[&str] = &[FIRST, BY_DAY];

/// The version this program writes (`PRAGMA user_version`).
pub(super) const CURRENT: i64 = STEPS.len() as i64;

/// Times are nanoseconds since the boot of their row; `ahead` is how far the wall clock of that boot is ahead of them.
///
/// A row of `stream` is written over in place, hour after hour: a new row would touch five pages of the file, and this is done once
/// a minute for years. `block_by_age` holds the rowid after the kind: the oldest of a kind is its first.
const FIRST: &str = "
    CREATE TABLE boot (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, began INTEGER NOT NULL, ended INTEGER NOT NULL,
        ahead INTEGER NOT NULL
    );
    CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE block (
        id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, boot INTEGER NOT NULL, begins INTEGER NOT NULL,
        ends INTEGER NOT NULL, bytes BLOB NOT NULL
    );
    CREATE INDEX block_by_time ON block (kind, boot, begins);
    CREATE INDEX block_by_age ON block (kind);
    CREATE TABLE stream (
        slot INTEGER PRIMARY KEY, hour INTEGER NOT NULL, flush INTEGER NOT NULL, boot INTEGER NOT NULL, at INTEGER NOT NULL,
        length INTEGER NOT NULL, bytes BLOB NOT NULL
    );
    CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE verdict (
        id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, at INTEGER NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE TABLE applied (
        id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, at INTEGER NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE TABLE outage (
        id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, at INTEGER NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE TABLE event (
        id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, at INTEGER NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, at INTEGER NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE INDEX verdict_by_time ON verdict (boot, at);
    CREATE INDEX applied_by_time ON applied (boot, at);
    CREATE INDEX outage_by_time ON outage (boot, at);
    CREATE INDEX event_by_time ON event (boot, at);
    CREATE INDEX audit_by_time ON audit (boot, at);
    CREATE TABLE day (
        series INTEGER NOT NULL, day TEXT NOT NULL, sent INTEGER NOT NULL, received INTEGER NOT NULL,
        PRIMARY KEY (series, day)
    ) WITHOUT ROWID;
    CREATE TABLE month (
        series INTEGER NOT NULL, month TEXT NOT NULL, sent INTEGER NOT NULL, received INTEGER NOT NULL,
        PRIMARY KEY (series, month)
    ) WITHOUT ROWID;
";

/// The sums of one day lie beside each other: each hour writes those of all series. What is not dated waits.
const BY_DAY: &str = "
    CREATE TABLE by_day (
        day TEXT NOT NULL, series INTEGER NOT NULL, sent INTEGER NOT NULL, received INTEGER NOT NULL,
        PRIMARY KEY (day, series)
    ) WITHOUT ROWID;
    INSERT INTO by_day SELECT day, series, sent, received FROM day;
    DROP TABLE day;
    ALTER TABLE by_day RENAME TO day;
    CREATE TABLE by_month (
        month TEXT NOT NULL, series INTEGER NOT NULL, sent INTEGER NOT NULL, received INTEGER NOT NULL,
        PRIMARY KEY (month, series)
    ) WITHOUT ROWID;
    INSERT INTO by_month SELECT month, series, sent, received FROM month;
    DROP TABLE month;
    ALTER TABLE by_month RENAME TO month;
    CREATE TABLE undated (
        boot INTEGER NOT NULL, at INTEGER NOT NULL, series INTEGER NOT NULL, sent INTEGER NOT NULL, received INTEGER NOT NULL,
        PRIMARY KEY (boot, at, series)
    ) WITHOUT ROWID;
";

/// The version of an open file; 0 is an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings a file of this version up to the current one: all steps, or none.
pub(super) fn migrate(connection: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let missing = usize::try_from(from).ok().and_then(|from| STEPS.get(from..)).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    let transaction: Transaction<'_> = connection.transaction()?;
    for step in missing {
        transaction.execute_batch(step)?;
    }
    transaction.execute_batch(&format!("PRAGMA user_version = {CURRENT}"))?;
    transaction.commit()
}

//! What goes: what is older than its kind is kept, and, when the file is as large as it may be, what is worth least.
//!
//! Little goes at a time, so that nobody waits: some rows a step, then some free pages from the file's end. `VACUUM`, which rewrites
//! the whole file, is never called.

use super::kinds::{Happening, LASTING, Stretch};
use super::sums;
use super::wal;
use crate::config::observing::Store as Limits;
use rusqlite::Connection;
use std::time::Duration;

/// Rows that go in one step.
const STEP: i64 = 64;
/// Blocks that go in one step: each may be a hundred kilobytes.
const BLOCKS: i64 = 4;
/// Free pages that leave the file in one step.
const PAGES: i64 = 256;

/// What the file takes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// All of it.
    pub(super) file: u64,
    /// Without what is free in it.
    pub(super) used: u64,
}

/// The size of the file as its last transaction left it.
pub(super) fn size(connection: &Connection) -> rusqlite::Result<Size> {
    let of = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (page, pages, free) = (of("page_size")?, of("page_count")?, of("freelist_count")?);
    let bytes = |pages: i64| u64::try_from(pages.saturating_mul(page)).unwrap_or(0);
    Ok(Size { file: bytes(pages), used: bytes(pages - free) })
}

/// How large the file itself may be.
pub(super) fn most(limits: &Limits) -> u64 {
    // The log can hold one transaction more than it may.
    limits.max_size.saturating_sub(2 * wal::most(limits.max_size))
}

/// Makes room for so many more bytes; true if something went, and there may be more to go.
pub(super) fn make_room(connection: &Connection, limits: &Limits, coming: u64) -> rusqlite::Result<bool> {
    // A block fills its last page in part, and an index grows with it.
    let coming = coming + coming / 8 + (64 << 10);
    if size(connection)?.used + coming <= most(limits) {
        return Ok(false);
    }
    for kind in Stretch::ALL {
        let gone = connection
            .prepare_cached(
                "DELETE FROM block WHERE id IN (SELECT id FROM block WHERE kind = ?1 ORDER BY id LIMIT ?2)",
            )?
            .execute([kind.number(), BLOCKS])?;
        if gone > 0 {
            return Ok(true);
        }
    }
    if sums::drop_oldest(connection)? {
        return Ok(true);
    }
    for kind in [Happening::Event, Happening::Applied, Happening::Outage, Happening::Verdict, Happening::Audit] {
        if drop_oldest(connection, kind)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lets go of what is older than it is kept, `wall` being the time since 1970 in nanoseconds; true if there may be more.
pub(super) fn forget_old(connection: &Connection, limits: &Limits, wall: i64) -> rusqlite::Result<bool> {
    let mut is_more = false;
    for kind in Stretch::ALL {
        let before = earlier(wall, kind.kept(limits));
        let mut statement = connection.prepare_cached(
            "DELETE FROM block WHERE id IN (
                SELECT id FROM (SELECT id, boot, ends FROM block WHERE kind = ?1 ORDER BY id LIMIT ?2) AS oldest
                WHERE ends + (SELECT ahead FROM boot WHERE boot.id = oldest.boot) < ?3)",
        )?;
        is_more |= statement.execute([kind.number(), STEP, before])? == STEP as usize;
    }
    let before = earlier(wall, LASTING);
    sums::forget_old(connection, before)?;
    for kind in Happening::ALL {
        let table = kind.table();
        let mut statement = connection.prepare_cached(&format!(
            "DELETE FROM {table} WHERE id IN (
                SELECT id FROM (SELECT id, boot, at FROM {table} ORDER BY id LIMIT ?1) AS oldest
                WHERE at + (SELECT ahead FROM boot WHERE boot.id = oldest.boot) < ?2)"
        ))?;
        is_more |= statement.execute([STEP, before])? == STEP as usize;
    }
    connection
        .prepare_cached(
            "DELETE FROM boot WHERE id < (SELECT max(id) FROM boot) AND ended + ahead < ?1
                AND NOT EXISTS (SELECT 1 FROM block WHERE block.boot = boot.id LIMIT 1)",
        )?
        .execute([before])?;
    Ok(is_more)
}

/// Bytes of text that the rows of a kind have.
pub(super) fn text_of(connection: &Connection, kind: Happening) -> rusqlite::Result<u64> {
    let sum = format!("SELECT coalesce(sum(length(subject) + length(body) + 32), 0) FROM {}", kind.table());
    connection.query_row(&sum, [], |row| row.get::<_, i64>(0)).map(|sum| u64::try_from(sum).unwrap_or(0))
}

/// Lets go of the oldest rows of a kind; true if there were any.
pub(super) fn drop_oldest(connection: &Connection, kind: Happening) -> rusqlite::Result<bool> {
    let table = kind.table();
    let gone = format!("DELETE FROM {table} WHERE id IN (SELECT id FROM {table} ORDER BY id LIMIT ?1)");
    Ok(connection.prepare_cached(&gone)?.execute([STEP])? > 0)
}

/// Gives the disk back some of what is free in the file; true if there may be more.
pub(super) fn give_back(connection: &Connection) -> rusqlite::Result<bool> {
    let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    // What is free now is needed again within hours.
    if free <= 2 * PAGES {
        return Ok(false);
    }
    let mut statement = connection.prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(true)
}

fn earlier(wall: i64, by: Duration) -> i64 {
    wall.saturating_sub(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX))
}

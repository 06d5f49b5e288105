//! What series moved by day and month of the operator's calendar, exactly.
//!
//! A boot whose clock is not set does not know which day it is. What was moved in it waits in the file, by the time since that boot, and
//! is counted to its day once the clock is set; if it never was, to the day on which a later boot learnt the date: a cap must not forget it.

use super::memory::Day;
use super::read::Total;
use crate::clock::{self, Moment};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

/// Days whose sums are asked for one by one, at most; those are kept no longer.
const MOST_DAYS: usize = 401;

/// Adds to what a series, given by its number and that of the boot that runs, moved in a day.
pub(super) fn write(
    connection: &Connection,
    (series, boot): (i64, i64),
    day: &Day,
    (sent, received): (u64, u64),
) -> rusqlite::Result<()> {
    let bytes = (sent as i64, received as i64);
    match day {
        Day::Known(day) => add(connection, day, series, bytes),
        Day::Unknown(of, at) => connection
            .prepare_cached(
                "INSERT INTO undated VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (boot, at, series) DO UPDATE SET sent = sent + ?4, received = received + ?5",
            )?
            .execute(params![of.unwrap_or(boot), super::boots::of_time(*at), series, bytes.0, bytes.1])
            .map(drop),
    }
}

/// Whether anything waits for its day.
pub(super) fn has_undated(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM undated)", [], |row| row.get(0))
}

/// Counts what waits to its day, now that the clock is set.
pub(super) fn date(connection: &Connection, zone: &TimeZone, now: Moment) -> rusqlite::Result<()> {
    let today = now.label(now.time()).to_zoned(zone.clone()).date();
    let mut sums: BTreeMap<(Date, i64), (i64, i64)> = BTreeMap::new();
    let mut all = connection.prepare_cached(
        "SELECT undated.at + boot.ahead, series, sent, received FROM undated JOIN boot ON boot.id = undated.boot",
    )?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let wall: i64 = row.get(0)?;
        let label = Timestamp::from_nanosecond(wall.into()).unwrap_or_default();
        let day = if clock::is_date(wall) { label.to_zoned(zone.clone()).date() } else { today };
        let bytes = sums.entry((day, row.get(1)?)).or_default();
        *bytes = (bytes.0.saturating_add(row.get(2)?), bytes.1.saturating_add(row.get(3)?));
    }
    for ((day, series), bytes) in sums {
        add(connection, &day.to_string(), series, bytes)?;
    }
    connection.prepare_cached("DELETE FROM undated")?.execute([]).map(drop)
}

/// Lets go of days that are older than that, in nanoseconds since 1970. Months stay as long as there is room.
pub(super) fn forget_old(connection: &Connection, before: i64) -> rusqlite::Result<()> {
    let day = Timestamp::from_nanosecond(before.into()).unwrap_or_default().strftime("%Y-%m-%d").to_string();
    connection.prepare_cached("DELETE FROM day WHERE day < ?1")?.execute([day]).map(drop)
}

/// Makes room: the oldest month beyond those that are kept whatever happens goes, else the oldest day that no cap asks for any more,
/// else the oldest that waits for its day; true if there was one.
pub(super) fn drop_oldest(connection: &Connection) -> rusqlite::Result<bool> {
    const OLDEST: [&str; 3] = [
        "DELETE FROM month WHERE month = (SELECT min(month) FROM month)
            AND month < (SELECT strftime('%Y-%m', max(month) || '-01', '-13 months') FROM month)",
        "DELETE FROM day WHERE day = (SELECT min(day) FROM day) AND day < (SELECT date(max(day), '-62 days') FROM day)",
        "DELETE FROM undated WHERE (boot, at) = (SELECT boot, at FROM undated ORDER BY boot, at LIMIT 1)",
    ];
    for oldest in OLDEST {
        if connection.prepare_cached(oldest)?.execute([])? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Days on which a series moved something, from one to another; the oldest first.
pub(super) fn days(connection: &Connection, series: i64, (from, to): (Date, Date)) -> rusqlite::Result<Vec<Total>> {
    let mut find = connection.prepare_cached("SELECT sent, received FROM day WHERE day = ?1 AND series = ?2")?;
    let mut days = Vec::new();
    for day in from.series(1.day()).take_while(|day| *day <= to).take(MOST_DAYS) {
        let label = day.to_string();
        let found = find.query_row(params![label, series], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
        let total = |(sent, received): (i64, i64)| Total { label, sent: sent as u64, received: received as u64 };
        days.extend(found.optional()?.map(total));
    }
    Ok(days)
}

fn add(connection: &Connection, day: &str, series: i64, (sent, received): (i64, i64)) -> rusqlite::Result<()> {
    let month = day.get(..7).unwrap_or(day);
    for (table, label) in [("day", day), ("month", month)] {
        connection
            .prepare_cached(&format!(
                "INSERT INTO {table} VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT ({table}, series) DO UPDATE SET sent = sent + ?3, received = received + ?4"
            ))?
            .execute(params![label, series, sent, received])?;
    }
    Ok(())
}

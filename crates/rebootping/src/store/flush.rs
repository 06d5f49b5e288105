//! One transaction: everything that waits comes to the disk, or nothing of it does.

use super::boots::{self, Boot, nanos, of_time};
use super::evict::{self, Size};
use super::file;
use super::kinds::{Happening, ORDERS, Stretch};
use super::memory::{Block, Memory, Row};
use super::pack;
use super::read::Total;
use super::stream::{self, Heard, Place};
use super::sums;
use super::wal::Wal;
use crate::clock::Moment;
use crate::config::observing::Store as Limits;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

/// Steps of making room in one flush; more are taken in the next.
const MOST_STEPS: usize = 256;

/// What is to be written.
pub(super) struct Coming<'a> {
    pub(super) memory: &'a Memory,
    /// What was heard since the last flush.
    pub(super) heard: &'a [u8],
    pub(super) now: Moment,
}

/// What the file has of the hour that was not over, in one boot.
#[derive(Debug)]
pub(super) struct Unfinished {
    /// The boot's number in the file.
    pub(super) boot: i64,
    /// As the kernel named it.
    pub(super) name: String,
    /// It is the boot that runs.
    pub(super) runs: bool,
    /// How far its wall clock was ahead.
    pub(super) ahead: i64,
    /// What was heard.
    pub(super) heard: Vec<Heard>,
    /// The rollups of the day, by series.
    pub(super) days: Vec<(Stretch, String, Vec<u8>)>,
}

/// Why it was not.
#[derive(Debug)]
pub(super) struct NotWritten {
    /// The file is no good any more.
    pub(super) is_damage: bool,
    pub(super) text: String,
}

/// An open history.
#[derive(Debug)]
pub(super) struct File {
    connection: Connection,
    wal: Wal,
    place: Place,
    /// The file does not say yet that this is the hour.
    is_new_hour: bool,
    /// Bytes of text of each kind of happening.
    texts: [u64; Happening::ALL.len()],
    /// By which days begin.
    zone: TimeZone,
    /// It has sums that wait for their boot to learn the date.
    has_undated: bool,
}

impl From<rusqlite::Error> for NotWritten {
    fn from(error: rusqlite::Error) -> Self {
        Self { is_damage: file::is_damage(&error), text: error.to_string() }
    }
}

impl File {
    pub(super) fn new(connection: Connection, path: &Path, zone: TimeZone) -> rusqlite::Result<Self> {
        let mut texts = [0; Happening::ALL.len()];
        for (text, kind) in texts.iter_mut().zip(Happening::ALL) {
            *text = evict::text_of(&connection, kind)?;
        }
        let has_undated = sums::has_undated(&connection)?;
        let place = stream::find(&connection)?;
        Ok(Self { wal: Wal::of(path), place, is_new_hour: false, texts, zone, has_undated, connection })
    }

    /// What the file has of the hour that is not over, of each boot it was heard in, the boot that runs last.
    pub(super) fn unfinished(&self, boot: &Boot) -> rusqlite::Result<Vec<Unfinished>> {
        let running = boot.find(&self.connection)?;
        let mut found: Vec<Unfinished> = Vec::new();
        for heard in stream::read(&self.connection)? {
            match found.iter_mut().find(|it| it.boot == heard.boot) {
                Some(it) => it.heard.push(heard),
                None => found.push(Unfinished {
                    boot: heard.boot,
                    runs: Some(heard.boot) == running,
                    name: boots::name(&self.connection, heard.boot)?,
                    ahead: boots::ahead(&self.connection, heard.boot)?,
                    heard: vec![heard],
                    days: Vec::new(),
                }),
            }
        }
        for it in &mut found {
            for kind in Stretch::GROWING {
                it.days.extend(self.newest(kind, it.boot)?);
            }
        }
        found.sort_by_key(|it| it.runs);
        Ok(found)
    }

    /// The series of the newest block of a kind in a boot.
    fn newest(&self, kind: Stretch, boot: i64) -> rusqlite::Result<Vec<(Stretch, String, Vec<u8>)>> {
        let mut newest = self
            .connection
            .prepare_cached("SELECT bytes FROM block WHERE kind = ?1 AND boot = ?2 ORDER BY begins DESC LIMIT 1")?;
        let Some(packed) = newest.query_row([kind.number(), boot], |row| row.get::<_, Vec<u8>>(0)).optional()? else {
            return Ok(Vec::new());
        };
        let mut name = self.connection.prepare_cached("SELECT name FROM series WHERE id = ?1")?;
        let mut series = Vec::new();
        for (id, bytes) in pack::unpack(&packed) {
            series.push((kind, name.query_row([id], |row| row.get(0))?, bytes.to_vec()));
        }
        Ok(series)
    }

    /// What a series moved on each day from one to another.
    pub(super) fn days(&self, name: &str, days: (Date, Date)) -> rusqlite::Result<Vec<Total>> {
        let mut find = self.connection.prepare_cached("SELECT id FROM series WHERE name = ?1")?;
        let series = find.query_row([name], |row| row.get(0)).optional()?;
        series.map_or(Ok(Vec::new()), |series| sums::days(&self.connection, series, days))
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Brings the log into the file and leaves nothing of it; false if somebody reads it.
    pub(super) fn empty_log(&self) -> Result<bool, NotWritten> {
        Ok(Wal::empty(&self.connection)?)
    }

    /// The hour has as many rows as it may.
    pub(super) fn hour_is_full(&self) -> bool {
        self.place.is_full()
    }

    /// What is written from now on is of another hour, and what was written of the last is void.
    pub(super) fn next_hour(&mut self) {
        if !std::mem::replace(&mut self.is_new_hour, true) {
            self.place = self.place.next_hour();
        }
    }

    /// Writes all of it and waits for the disk; how large the file is then.
    pub(super) fn write(&mut self, coming: &Coming<'_>, boot: &mut Boot, limits: &Limits) -> Result<Size, NotWritten> {
        let has_news = !coming.memory.is_empty() || !coming.heard.is_empty() || self.is_new_hour;
        let can_date = self.has_undated && coming.now.is_dated();
        if !has_news && !can_date {
            return Ok(evict::size(&self.connection)?);
        }
        if !self.wal.make_room(&self.connection, limits.max_size)? {
            let text = "somebody reads it and does not finish: until then what is new stays in memory".to_owned();
            return Err(NotWritten { is_damage: false, text });
        }
        let transaction = self.connection.unchecked_transaction()?;
        let bytes = (coming.memory.bytes() + coming.heard.len()) as u64;
        for _ in 0..MOST_STEPS {
            if !evict::make_room(&transaction, limits, bytes)? {
                break;
            }
        }
        let id = boot.enter(&transaction, coming.now)?;
        for row in &coming.memory.rows {
            write_row(&transaction, row, id)?;
        }
        for block in &coming.memory.blocks {
            write_block(&transaction, block, id)?;
        }
        for ((day, name), bytes) in &coming.memory.sums {
            sums::write(&transaction, (series(&transaction, name)?, id), day, *bytes)?;
        }
        let has_undated = if coming.now.is_dated() {
            sums::date(&transaction, &self.zone, coming.now)?;
            false
        } else {
            self.has_undated || coming.memory.has_undated()
        };
        if self.is_new_hour {
            stream::begin(&transaction, self.place)?;
        }
        let place = match coming.heard {
            [] => self.place,
            heard => stream::write(&transaction, self.place, id, coming.now.time(), heard)?,
        };
        transaction.commit()?;
        boot.entered(id, coming.now);
        (self.place, self.is_new_hour, self.has_undated) = (place, false, has_undated);
        self.count(&coming.memory.rows);
        Ok(evict::size(&self.connection)?)
    }

    /// Lets go of what is too old or too much, and gives the disk back what is free; true if there may be more to do.
    pub(super) fn tend(&mut self, limits: &Limits, now: Moment) -> Result<bool, NotWritten> {
        if !self.wal.make_room(&self.connection, limits.max_size)? {
            return Ok(false);
        }
        let wall = nanos(now).saturating_add(now.ahead());
        let transaction = self.connection.unchecked_transaction()?;
        let mut is_more = evict::forget_old(&transaction, limits, wall)?;
        is_more |= evict::make_room(&transaction, limits, 0)?;
        for (text, kind) in self.texts.iter_mut().zip(Happening::ALL) {
            if *text > kind.most().min(evict::most(limits) / 4) {
                is_more |= evict::drop_oldest(&transaction, kind)?;
                *text = evict::text_of(&transaction, kind)?;
            }
        }
        transaction.commit()?;
        is_more |= evict::give_back(&self.connection)?;
        Ok(is_more)
    }

    /// Brings the log into the file, if nobody reads it, and ends.
    pub(super) fn close(self) {
        // What is in the log is on the disk.
        drop(Wal::empty(&self.connection));
    }

    fn count<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) {
        for row in rows {
            let at = Happening::ALL.iter().position(|kind| *kind == row.kind);
            if let Some(text) = at.and_then(|at| self.texts.get_mut(at)) {
                *text += (row.subject.len() + row.body.len() + 32) as u64;
            }
        }
    }
}

fn write_row(connection: &Connection, row: &Row, boot: i64) -> rusqlite::Result<()> {
    let table = row.kind.table();
    // Who keeps orders until they are here may tell of one twice, each time in the same words.
    let insert = format!(
        "INSERT INTO {table} (boot, at, subject, body) SELECT ?1, ?2, ?3, ?4
         WHERE ?3 <> '{ORDERS}' OR NOT EXISTS (SELECT 1 FROM {table} WHERE subject = ?3 AND body = ?4)"
    );
    let boot = row.boot.unwrap_or(boot);
    if row.is_told_anew() {
        connection
            .prepare_cached(&format!("DELETE FROM {} WHERE boot = ?1 AND at = ?2 AND subject = ?3", row.kind.table()))?
            .execute(params![boot, of_time(row.at), row.subject])?;
    }
    connection.prepare_cached(&insert)?.execute(params![boot, of_time(row.at), row.subject, row.body]).map(drop)
}

fn write_block(connection: &Connection, block: &Block, boot: i64) -> rusqlite::Result<()> {
    let (boot, kind) = (block.boot.unwrap_or(boot), block.kind.number());
    let (begins, ends) = (of_time(block.begins), of_time(block.ends));
    let mut parts = Vec::with_capacity(block.parts.len());
    for part in &block.parts {
        parts.push((series(connection, &part.series)?, part.bytes.as_slice()));
    }
    if Stretch::GROWING.contains(&block.kind) {
        connection
            .prepare_cached("DELETE FROM block WHERE kind = ?1 AND boot = ?2 AND begins = ?3")?
            .execute([kind, boot, begins])?;
    }
    connection
        .prepare_cached("INSERT INTO block (kind, boot, begins, ends, bytes) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![kind, boot, begins, ends, pack::pack(&parts)])
        .map(drop)
}

/// The number of a series.
fn series(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    let mut find = connection.prepare_cached("SELECT id FROM series WHERE name = ?1")?;
    if let Some(id) = find.query_row([name], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    connection.prepare_cached("INSERT INTO series (name) VALUES (?1)")?.execute([name])?;
    Ok(connection.last_insert_rowid())
}

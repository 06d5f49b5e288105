//! The hour that is not over: what was heard in it, as it was heard, so that it survives us until it is made into blocks.
//!
//! Each flush compresses what came since the last and writes it over the rows of an hour that is over. Rows have one length, so that
//! SQLite writes them in place: one page a flush, where a new row touches five.

use super::boots::of_time;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rebootping_core::time::Time;
use rusqlite::{Connection, params};
use std::io::{self, Read, Write};

/// Bytes of a row, so that a page of 4096 holds one whole row and nothing else.
const SLOT: usize = 3900;
/// Rows of an hour; an hour that needs more ends early.
const MOST: i64 = 2048;
/// What a flush unpacks to at most: no damaged row makes us allocate more.
const LONGEST: u64 = 64 << 20;

/// Where the next flush goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Place {
    /// The number of the hour.
    pub(super) hour: i64,
    slot: i64,
    flush: i64,
}

impl Place {
    /// The beginning of the next hour: all that was written of this one is void once that is committed.
    pub(super) fn next_hour(self) -> Self {
        Self { hour: self.hour + 1, slot: 0, flush: 0 }
    }

    /// The hour must end: it has as many rows as it may.
    pub(super) fn is_full(self) -> bool {
        self.slot >= MOST
    }
}

/// Where the file's stream goes on.
pub(super) fn find(connection: &Connection) -> rusqlite::Result<Place> {
    let hour = state(connection, "hour")?;
    let (slot, flush) = connection.query_row(
        "SELECT coalesce(max(slot), -1) + 1, coalesce(max(flush), -1) + 1 FROM stream WHERE hour = ?1",
        [hour],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(Place { hour, slot, flush })
}

/// Says in the file that this is the hour.
pub(super) fn begin(connection: &Connection, place: Place) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO state VALUES ('hour', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1")?
        .execute([place.hour])
        .map(drop)
}

/// Writes what was heard until then; where the next goes.
pub(super) fn write(
    connection: &Connection,
    mut place: Place,
    boot: i64,
    at: Time,
    heard: &[u8],
) -> rusqlite::Result<Place> {
    let packed = pack(heard).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    for piece in packed.chunks(SLOT) {
        let mut bytes = piece.to_vec();
        bytes.resize(SLOT, 0);
        let row = params![place.slot, place.hour, place.flush, boot, of_time(at), piece.len() as i64, bytes];
        let over =
            "UPDATE stream SET hour = ?2, flush = ?3, boot = ?4, at = ?5, length = ?6, bytes = ?7 WHERE slot = ?1";
        if connection.prepare_cached(over)?.execute(row)? == 0 {
            connection.prepare_cached("INSERT INTO stream VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(row)?;
        }
        place.slot += 1;
    }
    place.flush += 1;
    Ok(place)
}

/// Overwrites all rows but those of an hour.
pub(super) fn blank_but(connection: &Connection, hour: i64) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE stream SET length = 0, bytes = zeroblob(length(bytes)) WHERE hour <> ?1", [hour])
        .map(drop)
}

/// What was heard between two flushes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    /// The number of its boot in the file.
    pub(crate) boot: i64,
    /// When it was flushed, in nanoseconds since that boot.
    pub(crate) at: i64,
    /// As it was given.
    pub(crate) bytes: Vec<u8>,
}

/// All of the hour that is not over, in order. What does not unpack is left out.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Vec<Heard>> {
    let hour = state(connection, "hour")?;
    let mut statement =
        connection.prepare("SELECT flush, boot, at, length, bytes FROM stream WHERE hour = ?1 ORDER BY slot")?;
    let mut rows = statement.query([hour])?;
    let mut packed: Vec<(i64, Heard)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (flush, length): (i64, usize) = (row.get(0)?, row.get::<_, i64>(3)?.try_into().unwrap_or(0));
        let bytes = row.get_ref(4)?.as_blob()?;
        let piece = bytes.get(..length).unwrap_or(bytes);
        match packed.last_mut().filter(|(last, _)| *last == flush) {
            Some((_, heard)) => heard.bytes.extend_from_slice(piece),
            None => packed.push((flush, Heard { boot: row.get(1)?, at: row.get(2)?, bytes: piece.to_vec() })),
        }
    }
    let unpacked =
        packed.into_iter().filter_map(|(_, heard)| Some(Heard { bytes: unpack(&heard.bytes).ok()?, ..heard }));
    Ok(unpacked.collect())
}

/// A number the file keeps under a name; 0 where it has none.
fn state(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(value), 0) FROM state WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
}

fn pack(heard: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
    packed.write_all(heard)?;
    packed.finish()
}

fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut heard = Vec::new();
    DeflateDecoder::new(packed).take(LONGEST).read_to_end(&mut heard)?;
    Ok(heard)
}

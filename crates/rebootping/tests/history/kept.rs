//! What a history's file holds, by another reading of its tables than the program's own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;
use rebootping_core::history::journal;
use rebootping_core::history::relay::{Inbox, Message};
use rebootping_core::link::Family;
use rebootping_core::link::decide::Entry;
use rusqlite::{Connection, OpenFlags};

/// A record of the stream that holds notes of the judge's.
const NOTES: u64 = 1;

/// The file of a daemon.
pub(crate) struct Kept {
    connection: Connection,
}

/// Where the history of a daemon with this state folder lies.
pub(crate) fn file(state: &Path) -> PathBuf {
    state.join("observer/history.db")
}

impl Kept {
    /// Opens it; it must be sound to the last page.
    #[track_caller]
    pub(crate) fn open(state: &Path) -> Self {
        let kept = Self::glance(state);
        let found: String = kept.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
        assert_eq!(found, "ok");
        kept
    }

    /// Opens it.
    #[track_caller]
    pub(crate) fn glance(state: &Path) -> Self {
        let path = file(state);
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let beside = || {
            fs::read_dir(state.join("observer")).map(|all| all.flatten().map(|it| it.file_name()).collect::<Vec<_>>())
        };
        Self { connection: connection.unwrap_or_else(|e| panic!("{}: {e}; there are {:?}", path.display(), beside())) }
    }

    /// When each round of IPv4 began that is in the file, in nanoseconds since boot; in order, each as often as it is there.
    pub(crate) fn rounds(&self) -> Vec<u64> {
        let mut rounds: Vec<u64> = self.journal().into_iter().chain(self.stream()).collect();
        rounds.sort_unstable();
        rounds
    }

    /// The bodies of all rows of a table, oldest first.
    pub(crate) fn bodies(&self, table: &str) -> Vec<String> {
        let mut rows = self.connection.prepare(&format!("SELECT body FROM {table} ORDER BY id")).expect("a table");
        rows.query_map([], |row| row.get(0)).expect("rows").map(|body| body.expect("a text")).collect()
    }

    fn journal(&self) -> Vec<u64> {
        let mut rows = self.connection.prepare("SELECT bytes FROM block WHERE kind = 1").expect("a table");
        let packs: Vec<Vec<u8>> =
            rows.query_map([], |row| row.get(0)).expect("rows").map(|pack| pack.expect("bytes")).collect();
        let ipv4: u64 = self
            .connection
            .query_row("SELECT id FROM series WHERE name = 'ipv4'", [], |row| row.get::<_, i64>(0))
            .map_or(u64::MAX, |id| id as u64);
        let blocks = packs.iter().flat_map(|pack| unpack(pack)).filter(|(series, _)| *series == ipv4);
        let entries =
            blocks.flat_map(|(_, block)| journal::Reader::new(&block).expect("a whole block").collect::<Vec<_>>());
        entries.filter_map(|entry| began(&entry)).collect()
    }

    fn stream(&self) -> Vec<u64> {
        let question = "SELECT flush, length, bytes FROM stream
            WHERE hour = (SELECT coalesce(max(value), 0) FROM state WHERE name = 'hour') ORDER BY slot";
        let mut rows = self.connection.prepare(question).expect("a table");
        let mut rows = rows.query([]).expect("rows");
        let mut flushes: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
        while let Some(row) = rows.next().expect("a row") {
            let column = |at| row.get::<_, i64>(at).expect("a number");
            let (flush, length, bytes) = (column(0), column(1), row.get::<_, Vec<u8>>(2).expect("bytes"));
            flushes.entry(flush).or_default().extend_from_slice(&bytes[..length as usize]);
        }
        let (mut inbox, mut rounds) = (Inbox::default(), Vec::new());
        for packed in flushes.values() {
            let mut heard = Vec::new();
            DeflateDecoder::new(packed.as_slice()).read_to_end(&mut heard).expect("it unpacks");
            let mut rest = heard.as_slice();
            while !rest.is_empty() {
                let (kind, length) = (number(&mut rest), number(&mut rest) as usize);
                let (record, after) = rest.split_at(length);
                rest = after;
                if kind != NOTES {
                    continue;
                }
                for (_, message) in inbox.take(record) {
                    if let Message::Note(Family::Ipv4, entry) = message {
                        rounds.extend(began(&entry));
                    }
                }
            }
        }
        assert_eq!(inbox.damaged(), 0);
        rounds
    }
}

fn began(entry: &Entry) -> Option<u64> {
    match entry {
        Entry::Round(observed) => Some(observed.at.as_nanos()),
        Entry::Lost(..) | Entry::Orders(..) | Entry::Retry(..) => None,
    }
}

fn unpack(pack: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut rest = pack;
    let count = number(&mut rest);
    let heads: Vec<(u64, usize)> = (0..count).map(|_| (number(&mut rest), number(&mut rest) as usize)).collect();
    let part = |(series, length)| {
        let (bytes, after) = rest.split_at(length);
        rest = after;
        (series, bytes.to_vec())
    };
    heads.into_iter().map(part).collect()
}

/// A number of seven bits a byte, the lowest first.
fn number(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = bytes.split_first().expect("a whole number");
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            break;
        }
    }
    number
}

//! Reading the history while another process writes it: nothing is changed, and nobody is held up.
//!
//! Each question is one short transaction. Times are wall-clock nanoseconds since 1970, by what each boot's clock was last known to be
//! ahead.

mod columns;
mod latest;
mod outages;
mod recent;
mod traffic;

pub(crate) use latest::{Place, Placed, Which};
pub(crate) use outages::{End, KeptOutage};
pub(crate) use recent::Open;
pub(crate) use traffic::{Amounts, Totals};

use super::kinds::{Happening, Stretch};
use super::{file, pack, schema};
use rusqlite::{Connection, OpenFlags, params};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The writer holds the file only for an instant.
const PATIENCE: Duration = Duration::from_secs(2);

/// No block is longer: a day, and what a busy hour may add to it.
const LONGEST: i64 = 26 * 3600 * 1_000_000_000;

/// Why it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// There is none: nothing was ever kept.
    NotThere,
    /// Who asks may not look into this folder.
    Private(PathBuf),
    /// It has the schema of an earlier version until the observer is started.
    Older,
    /// A newer version wrote it.
    Newer,
    /// Something else, in these words.
    Failed(String),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotThere => f.write_str("there is no history yet; `rebootping run` keeps one"),
            Self::Private(folder) => {
                write!(f, "the history is in {}, which you may not read; use sudo", folder.display())
            }
            Self::Older => f.write_str(
                "the history is of an earlier version; start `rebootping run` once, it is brought up to date",
            ),
            Self::Newer => {
                f.write_str("the history was written by a newer rebootping; install that version to read it")
            }
            Self::Failed(why) => write!(f, "the history cannot be read: {why}"),
        }
    }
}

impl From<rusqlite::Error> for Unreadable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A stretch of wall-clock time, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its first instant.
    pub(crate) from: i64,
    /// The first that is not in it.
    pub(crate) until: i64,
}

/// One boot of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Boot {
    /// Its number in the file.
    pub(crate) id: i64,
    /// As the kernel named it.
    pub(crate) name: String,
    /// When the observer first wrote in it, in nanoseconds since it.
    pub(crate) began: i64,
    /// How far its wall clock was ahead.
    pub(crate) ahead: i64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    /// The number of its boot in the file.
    pub(crate) boot: i64,
    /// When, in nanoseconds since 1970.
    pub(crate) wall: i64,
    /// What it is about.
    pub(crate) subject: String,
    /// All of it, as JSON.
    pub(crate) body: String,
}

/// A stretch of history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The number of its boot in the file.
    pub(crate) boot: i64,
    /// What is to be added to a time since that boot to have nanoseconds since 1970.
    pub(crate) ahead: i64,
    /// When it begins, in nanoseconds since that boot.
    pub(crate) begins: i64,
    /// When it ends.
    pub(crate) ends: i64,
    /// In its kind's encoding.
    pub(crate) bytes: Vec<u8>,
}

/// What a series had in a day or a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Total {
    /// The day or the month.
    pub(crate) label: String,
    /// Bytes sent.
    pub(crate) sent: u64,
    /// Bytes received.
    pub(crate) received: u64,
}

/// The history, open to be read.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: Connection,
}

impl Reader {
    /// Opens the history in the observer's folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, Unreadable> {
        let path = folder.join(file::NAME);
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => return Err(Unreadable::NotThere),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(Unreadable::Private(folder.to_owned()));
            }
            Err(error) => return Err(Unreadable::Failed(error.to_string())),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        match schema::version(&connection)? {
            schema::CURRENT => Ok(Self { connection }),
            version if version > schema::CURRENT => Err(Unreadable::Newer),
            _ => Err(Unreadable::Older),
        }
    }

    /// All that is asked from here on is answered as the file stands at the first question.
    pub(crate) fn stand_still(&self) -> Result<(), Unreadable> {
        Ok(self.connection.execute_batch("BEGIN")?)
    }

    /// All boots the history knows, oldest first.
    pub(crate) fn boots(&self) -> Result<Vec<Boot>, Unreadable> {
        let mut statement = self.connection.prepare_cached("SELECT id, name, began, ahead FROM boot ORDER BY id")?;
        let boots = statement.query_map([], |row| {
            Ok(Boot { id: row.get(0)?, name: row.get(1)?, began: row.get(2)?, ahead: row.get(3)? })
        })?;
        Ok(boots.collect::<Result<_, _>>()?)
    }

    /// What happened in that time, oldest first; of too many the newest.
    pub(crate) fn happened(&self, kind: Happening, span: Span, most: usize) -> Result<Vec<Happened>, Unreadable> {
        let mut found = Vec::new();
        for boot in self.boots()?.into_iter().rev() {
            let left = most.saturating_sub(found.len());
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT at, subject, body FROM {} WHERE boot = ?1 AND at >= ?2 AND at < ?3 ORDER BY at DESC, id DESC LIMIT ?4",
                kind.table()
            ))?;
            let within = params![boot.id, since(span.from, &boot), since(span.until, &boot), left as i64];
            let rows = statement.query_map(within, |row| {
                let at: i64 = row.get(0)?;
                Ok(Happened {
                    boot: boot.id,
                    wall: at.saturating_add(boot.ahead),
                    subject: row.get(1)?,
                    body: row.get(2)?,
                })
            })?;
            for row in rows {
                found.push(row?);
            }
        }
        found.reverse();
        Ok(found)
    }

    /// The stretches of a kind and a series that touch that time, oldest first.
    pub(crate) fn stretches(&self, kind: Stretch, series: &str, span: Span) -> Result<Vec<Found>, Unreadable> {
        let Some(series) = self.series(series)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for boot in self.boots()? {
            let mut statement = self.connection.prepare_cached(
                "SELECT begins, ends, bytes FROM block
                 WHERE kind = ?1 AND boot = ?2 AND begins > ?3 AND begins < ?5 AND ends > ?4 ORDER BY begins, id",
            )?;
            let (from, until) = (since(span.from, &boot), since(span.until, &boot));
            let earliest = from.saturating_sub(LONGEST);
            let mut rows = statement.query([kind.number(), boot.id, earliest, from, until])?;
            while let Some(row) = rows.next()? {
                let (begins, ends) = (row.get(0)?, row.get(1)?);
                let parts = pack::unpack(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?);
                let bytes = parts.into_iter().find(|(id, _)| *id == series);
                found.extend(bytes.map(|(_, bytes)| Found {
                    boot: boot.id,
                    ahead: boot.ahead,
                    begins,
                    ends,
                    bytes: bytes.to_vec(),
                }));
            }
        }
        Ok(found)
    }

    /// The names of all series that begin so.
    pub(crate) fn series_of(&self, beginning: &str) -> Result<Vec<String>, Unreadable> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name FROM series WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name")?;
        let names = statement.query_map([beginning], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// For those who copy it.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The number of a series in the file.
    fn series(&self, name: &str) -> Result<Option<i64>, Unreadable> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM series WHERE name = ?1")?;
        let mut rows = statement.query([name])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }
}

/// A wall-clock time as one since this boot.
fn since(wall: i64, boot: &Boot) -> i64 {
    wall.saturating_sub(boot.ahead)
}

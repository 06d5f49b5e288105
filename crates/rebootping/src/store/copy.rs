//! A copy of the history that is one file by itself, with files of the state folder in it: what `backup` writes and `restore` reads.
//!
//! It is the history's own format, so that it has the same versions and any tool can look into it, and a table more.

use super::read::{Reader, Unreadable};
use super::schema;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, params};
use std::path::Path;
use std::time::Duration;

/// Stands in the file's header (`PRAGMA application_id`) and says what it is: `rbbk`.
const MARK: i32 = 0x7262_626b;
/// Pages copied at once, and the pause between, in which others read and write.
const PAGES: i32 = 256;
const PAUSE: Duration = Duration::from_millis(5);
/// What else is in it.
const TABLE: &str = "CREATE TABLE backup (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID";

/// A file of the state folder: its name from there on, and what is in it.
pub(crate) type Beside = (String, Vec<u8>);

/// Writes a history, if there is one, as it is at one moment, and files beside it; returns when the disk has it. Whoever writes the
/// history goes on meanwhile.
pub(crate) fn write(history: Option<&Reader>, to: &Path, beside: &[Beside]) -> Result<(), Unreadable> {
    let mut copy = Connection::open(to)?;
    if let Some(history) = history {
        Backup::new(history.connection(), &mut copy)?.run_to_completion(PAGES, PAUSE, None)?;
    }
    // One file by itself.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    let transaction = copy.transaction()?;
    transaction.execute_batch(TABLE)?;
    for (name, bytes) in beside {
        transaction.execute("INSERT INTO backup VALUES (?1, ?2)", params![name, bytes])?;
    }
    transaction.pragma_update(None, "application_id", MARK)?;
    transaction.commit()?;
    copy.close().map_err(|(_, error)| error.into())
}

/// Why a copy cannot be used.
#[derive(Debug)]
pub(crate) enum NoCopy {
    /// It is something else.
    Other,
    /// A newer program wrote it, in this version.
    Newer(i64),
    /// It is damaged, or cannot be read, in these words.
    Failed(String),
}

impl std::fmt::Display for NoCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Other => f.write_str("it is no backup of rebootping"),
            Self::Newer(version) => write!(
                f,
                "a newer rebootping wrote it (schema {version}, this one knows {}); install that version first",
                schema::CURRENT
            ),
            Self::Failed(why) => write!(f, "it is damaged or cannot be read ({why})"),
        }
    }
}

impl From<rusqlite::Error> for NoCopy {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Self::Other,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// A copy that is sound.
#[derive(Debug)]
pub(crate) struct Copy {
    connection: Connection,
    /// The version of the history in it; 0 is none.
    version: i64,
}

impl Copy {
    /// Opens it, to be read and not changed.
    pub(crate) fn open(path: &Path) -> Result<Self, NoCopy> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mark: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        if mark != MARK {
            return Err(NoCopy::Other);
        }
        let version = schema::version(&connection)?;
        if version > schema::CURRENT {
            return Err(NoCopy::Newer(version));
        }
        let sound: String = connection.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
        if sound == "ok" { Ok(Self { connection, version }) } else { Err(NoCopy::Failed(sound)) }
    }

    /// The files beside the history.
    pub(crate) fn beside(&self) -> Result<Vec<Beside>, NoCopy> {
        let mut statement = self.connection.prepare("SELECT name, bytes FROM backup ORDER BY name")?;
        let files = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(files.collect::<Result<_, _>>()?)
    }

    /// Writes the history in it to a file of its own, and waits for the disk; false if there is none.
    pub(crate) fn history_to(&self, path: &Path) -> Result<bool, NoCopy> {
        if self.version == 0 {
            return Ok(false);
        }
        let mut history = Connection::open(path)?;
        Backup::new(&self.connection, &mut history)?.run_to_completion(PAGES, PAUSE, None)?;
        let transaction = history.transaction()?;
        transaction.execute_batch("DROP TABLE backup")?;
        transaction.pragma_update(None, "application_id", 0)?;
        transaction.commit()?;
        history.close().map_err(|(_, error)| error)?;
        Ok(true)
    }
}

//! Opening the history's file: made anew, brought up to date, set aside where it is damaged, left alone where it is newer.

use super::schema;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::ffi::OsString;
use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file's name in the observer's folder.
pub(crate) const NAME: &str = "history.db";
/// What lies beside the file while it is in use.
pub(crate) const COMPANIONS: [&str; 2] = ["-wal", "-shm"];
/// Those who serve the page read it by its group; nobody else does.
const MODE: u32 = 0o640;
/// Somebody who looks into the file by hand may hold it for a moment.
const PATIENCE: Duration = Duration::from_secs(1);
/// Damaged files that stay: each may be as large as all of the history.
const MOST_ASIDE: usize = 2;

/// Why there is no file to write to.
#[derive(Debug)]
pub(super) enum Unusable {
    /// A newer program wrote it, in this version: it is not touched.
    Newer(i64),
    /// The disk, or whoever holds the file, refuses for now.
    Refused(String),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Newer(version) => write!(
                f,
                "it was written by a newer rebootping (schema {version}, this one knows {}); it is left as it is: install \
                 that version again, or move the file away",
                schema::CURRENT
            ),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

/// Opens the file to write, making it where there is none; a damaged one is set aside, which the text says. `label` is the time, as
/// it is to stand in the name of what is set aside.
pub(super) fn open(path: &Path, label: &str) -> Result<(Connection, Option<String>), Unusable> {
    match try_open(path) {
        Ok(connection) => Ok((connection, None)),
        Err(Failed::Newer(version)) => Err(Unusable::Newer(version)),
        Err(Failed::Refused(why)) => Err(Unusable::Refused(why)),
        Err(Failed::Damaged(why)) => {
            let said = set_aside(path, label, &why).map_err(|error| Unusable::Refused(error.to_string()))?;
            match try_open(path) {
                Ok(connection) => Ok((connection, Some(said))),
                Err(Failed::Newer(version)) => Err(Unusable::Newer(version)),
                Err(Failed::Refused(why) | Failed::Damaged(why)) => Err(Unusable::Refused(why)),
            }
        }
    }
}

/// Whether an error says that the file itself is no good.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Moves a damaged file out of the way, with all that lies beside it; says where to.
pub(super) fn set_aside(path: &Path, label: &str, why: &str) -> io::Result<String> {
    let aside = beside(path, &format!(".damaged-{label}"));
    fs::rename(path, &aside)?;
    for companion in COMPANIONS {
        match fs::rename(beside(path, companion), beside(&aside, companion)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    forget_old_damage(path);
    Ok(format!("the history could not be read ({why}); it was set aside as {} and begins anew", aside.display()))
}

/// The path with something appended to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

enum Failed {
    Newer(i64),
    Damaged(String),
    Refused(String),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        // At its opening the plain error says that a table is not there.
        let lacks_tables = error.sqlite_error_code() == Some(ErrorCode::Unknown);
        if is_damage(&error) || lacks_tables {
            Self::Damaged(error.to_string())
        } else {
            Self::Refused(error.to_string())
        }
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

fn try_open(path: &Path) -> Result<Connection, Failed> {
    let file = OpenOptions::new().append(true).create(true).mode(MODE).open(path)?;
    // The mode a new file asked for is cut by the umask.
    file.set_permissions(Permissions::from_mode(MODE))?;
    drop(file);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    // A file that is only looked at stays as it is, its log included.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(PATIENCE)?;
    let version = schema::version(&connection)?;
    if version > schema::CURRENT {
        return Err(Failed::Newer(version));
    }
    prepare(&connection)?;
    schema::migrate(&mut connection, version)?;
    connection.query_row("SELECT (SELECT count(*) FROM boot) + (SELECT count(*) FROM state)", [], |_| Ok(()))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(connection)
}

/// Every commit waits for the disk: there is one a flush, and what is answered "done" must be there. The log goes into the file when
/// we say so. Only a file without tables takes the first line.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -1024;",
    )
}

/// Erases all damaged files but the newest.
fn forget_old_damage(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else { return };
    let prefix = format!("{name}.damaged-");
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)))
        .map(|entry| entry.path())
        .filter(|path| COMPANIONS.iter().all(|companion| !path.as_os_str().to_string_lossy().ends_with(companion)))
        .collect();
    found.sort();
    let surplus = found.len().saturating_sub(MOST_ASIDE);
    for old in found.drain(..surplus) {
        // What cannot be erased now is tried at the next damage.
        drop(fs::remove_file(&old));
        for companion in COMPANIONS {
            drop(fs::remove_file(beside(&old, companion)));
        }
    }
}

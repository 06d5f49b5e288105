//! `rebootping backup FILE` and `restore FILE`: all that was learnt and ordered, in one file.
//!
//! In it is what `device forget` would erase, of all devices, but for their packets: the history, what is known of devices, names,
//! restrictions, and who ordered them. Packets are too many, the configuration is the operator's own file, passwords and tokens are
//! made anew, and hold-downs tell of the present. A backup is taken while a daemon runs; it is brought back while none does, and what
//! was there is set aside whole.

use crate::client::with_config;
use crate::clock;
use crate::daemon::folders::{self, observer_state};
use crate::durable;
use crate::report::amount::bytes;
use crate::store::copy::{self, Beside, Copy};
use crate::store::read::{Reader, Unreadable};
use crate::store::{COMPANIONS, NAME};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The files beside the history, from the state folder on.
const BESIDE: [&str; 4] = ["observer/devices.json.gz", "control.json", "audit", "audit.1"];

/// `rebootping backup`.
pub(crate) fn backup(explicit: Option<&Path>, file: &Path) -> ExitCode {
    with_config(explicit, |config| {
        let whole = write(&config.paths.state, file)?;
        let names: Vec<&str> = ["the history"].into_iter().chain(whole.iter().map(|(name, _)| name.as_str())).collect();
        let size = fs::metadata(file).map_or(0, |found| found.len());
        Ok(format!("{} written, {}: {}\n", file.display(), bytes(size), names.join(", ")))
    })
}

/// `rebootping restore`.
pub(crate) fn restore(explicit: Option<&Path>, file: &Path) -> ExitCode {
    with_config(explicit, |config| {
        readable(file)?;
        let copy = Copy::open(file).map_err(|why| format!("{} is not restored: {why}", file.display()))?;
        fs::create_dir_all(&config.paths.run).map_err(|error| of(&config.paths.run, &error))?;
        let _lock = folders::Lock::take(&config.paths.run).map_err(|error| {
            format!("{error} (`systemctl stop rebootping`), restore, and start it again; nothing was changed")
        })?;
        let aside = bring_back(&copy, &config.paths.state)?;
        let before = aside.map_or_else(String::new, |aside| format!("; what was there is in {}", aside.display()));
        Ok(format!("{} is restored{before}. Start `rebootping run` again.\n", file.display()))
    })
}

/// Why a file cannot be read at all, in better words than the database's.
fn readable(file: &Path) -> Result<(), String> {
    let found = fs::metadata(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no file {}", file.display()),
        _ => of(file, &error),
    })?;
    if !found.is_file() {
        return Err(format!("{} is no file; name the one that `rebootping backup` wrote", file.display()));
    }
    File::open(file).map(drop).map_err(|error| of(file, &error))
}

/// Why a file cannot be written where the operator wants it, before any work is done.
fn writable(file: &Path) -> Result<(), String> {
    if file.is_dir() {
        return Err(format!("{} is a folder; name a file in it", file.display()));
    }
    let folder = folder_of(file);
    if folder.is_dir() { Ok(()) } else { Err(format!("there is no folder {}; make it first", folder.display())) }
}

fn of(path: &Path, error: &io::Error) -> String {
    let remedy = if error.kind() == io::ErrorKind::PermissionDenied { "; use sudo" } else { "" };
    format!("{}: {error}{remedy}", path.display())
}

/// Writes a backup of a state folder; the files in it beside the history. What had the name before is replaced at the end.
fn write(state: &Path, file: &Path) -> Result<Vec<Beside>, String> {
    writable(file)?;
    let history = match Reader::open(&observer_state(state)) {
        Ok(reader) => Some(reader),
        Err(Unreadable::NotThere) => None,
        Err(why) => return Err(why.to_string()),
    };
    let mut beside = Vec::new();
    for name in BESIDE {
        match fs::read(state.join(name)) {
            Ok(content) => beside.push((name.to_owned(), content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(of(&state.join(name), &error)),
        }
    }
    if history.is_none() && beside.is_empty() {
        return Err(format!("there is nothing to back up in {}", state.display()));
    }
    let new = with_suffix(file, ".new");
    make_empty(&new).map_err(|error| of(file, &error))?;
    copy::write(history.as_ref(), &new, &beside).map_err(|why| format!("{}: {why}", file.display()))?;
    fs::rename(&new, file).and_then(|()| sync_folder_of(file)).map_err(|error| of(file, &error))?;
    Ok(beside)
}

/// Puts a backup in the place of what is there; where that is now. All of it is on the disk before anything is moved.
fn bring_back(copy: &Copy, state: &Path) -> Result<Option<PathBuf>, String> {
    let observer = observer_state(state);
    fs::create_dir_all(&observer).map_err(|error| of(&observer, &error))?;
    let history = observer.join(NAME);
    let mut staged = Vec::new();
    let beginning = with_suffix(&history, RESTORED);
    make_empty(&beginning).map_err(|error| of(&beginning, &error))?;
    if copy.history_to(&beginning).map_err(|why| why.to_string())? {
        staged.push((beginning, history.clone()));
    } else {
        fs::remove_file(&beginning).map_err(|error| of(&beginning, &error))?;
    }
    for (name, content) in copy.beside().map_err(|why| why.to_string())? {
        // What somebody else put into it stays in it.
        let Some(name) = BESIDE.into_iter().find(|known| *known == name) else { continue };
        let (to, from) = (state.join(name), with_suffix(&state.join(name), RESTORED));
        durable::replace(&from, &content).map_err(|error| of(&from, &error))?;
        staged.push((from, to));
    }
    let aside = set_aside(state, &history)?;
    for (from, to) in &staged {
        fs::rename(from, to).and_then(|()| sync_folder_of(to)).map_err(|error| of(to, &error))?;
    }
    Ok(aside)
}

/// What is put in place of something has this behind its name until then.
const RESTORED: &str = ".restored";

/// Moves what is there into a folder of its own, if there is anything.
fn set_aside(state: &Path, history: &Path) -> Result<Option<PathBuf>, String> {
    let label = clock::wall().strftime("%Y%m%dT%H%M%SZ");
    let aside = state.join(format!("before-restore-{label}"));
    let of_history = COMPANIONS.iter().map(|companion| with_suffix(history, companion));
    let there = BESIDE.iter().map(|name| state.join(name)).chain(of_history).chain([history.to_owned()]);
    let there: Vec<PathBuf> = there.filter(|path| path.exists()).collect();
    if there.is_empty() {
        return Ok(None);
    }
    let moved = || -> io::Result<()> {
        fs::create_dir_all(&aside)?;
        for path in &there {
            fs::rename(path, aside.join(path.file_name().unwrap_or_default()))?;
        }
        sync_folder_of(&aside.join("all"))
    };
    moved().map_err(|error| of(&aside, &error))?;
    Ok(Some(aside))
}

/// A file that nobody else reads: it says whom every device talks to.
fn make_empty(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map(drop)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;
    use crate::store::measuring::Measured;
    use rebootping_core::time::Time;
    use rusqlite::Connection;
    use std::time::Duration;

    /// A state folder with an empty history and some files.
    fn state(name: &str) -> Scratch {
        let scratch = Scratch::new(name);
        let observer = observer_state(scratch.path());
        fs::create_dir_all(&observer).unwrap();
        let mut store = Measured::start(&observer, Duration::from_secs(60));
        // What is no frame is heard of no more, but the file is made.
        store.hear(Vec::new(), Time::BOOT);
        drop(store.end(Time::BOOT));
        for name in &BESIDE[..3] {
            fs::write(scratch.path().join(name), name).unwrap();
        }
        scratch
    }

    fn files(state: &Path) -> Vec<Option<String>> {
        BESIDE.iter().map(|name| fs::read_to_string(state.join(name)).ok()).collect()
    }

    #[test]
    fn what_was_backed_up_comes_back_and_what_was_there_is_set_aside() {
        let (state, place) = (state("backup"), Scratch::new("backup-file"));
        let file = place.path().join("all.backup");
        let before = files(state.path());
        assert_eq!(write(state.path(), &file).unwrap().len(), 3);
        for name in &BESIDE {
            fs::write(state.path().join(name), "something else").unwrap();
        }
        fs::write(observer_state(state.path()).join(NAME), "no history").unwrap();
        let aside = bring_back(&Copy::open(&file).unwrap(), state.path()).unwrap().unwrap();
        assert_eq!(files(state.path()), before);
        assert!(Reader::open(&observer_state(state.path())).unwrap().boots().is_ok());
        assert_eq!(fs::read_to_string(aside.join(NAME)).unwrap(), "no history");
        assert_eq!(fs::read_to_string(aside.join("audit.1")).unwrap(), "something else");
        let left = fs::read_dir(place.path()).unwrap().count();
        assert_eq!(left, 1, "the backup is one file");
        // It comes back where nothing was, too.
        let empty = Scratch::new("backup-empty");
        assert_eq!(bring_back(&Copy::open(&file).unwrap(), empty.path()).unwrap(), None);
        assert_eq!(files(empty.path()), before);
    }

    #[track_caller]
    fn check_refused(file: &Path, expected: &str) {
        let content = fs::read(file).unwrap();
        let why = Copy::open(file).unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
        assert!(fs::read(file).unwrap() == content, "it was touched");
    }

    #[test]
    fn what_is_newer_damaged_or_no_backup_is_refused_untouched() {
        let (state, place) = (state("refused"), Scratch::new("refused-file"));
        let file = place.path().join("all.backup");
        fs::write(&file, "this is no database ".repeat(100)).unwrap();
        check_refused(&file, "no backup of rebootping");
        fs::remove_file(&file).unwrap();
        fs::copy(observer_state(state.path()).join(NAME), &file).unwrap();
        check_refused(&file, "no backup of rebootping");
        write(state.path(), &file).unwrap();
        let whole = fs::read(&file).unwrap();
        let version: i64 = {
            let newer = Connection::open(&file).unwrap();
            let version = newer.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            newer.pragma_update(None, "user_version", version + 1).unwrap();
            version
        };
        check_refused(&file, &format!("newer rebootping wrote it (schema {}", version + 1));
        fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        check_refused(&file, "damaged or cannot be read");
    }

    #[test]
    fn what_cannot_be_a_backup_is_told_by_the_name_that_was_typed() {
        let (state, place) = (state("named"), Scratch::new("named-file"));
        let missing = place.path().join("missing");
        let name = missing.display();
        assert_eq!(readable(&missing), Err(format!("there is no file {name}")));
        let folder = place.path().display();
        let no_file = format!("{folder} is no file; name the one that `rebootping backup` wrote");
        assert_eq!(readable(place.path()), Err(no_file));
        let inside = write(state.path(), &missing.join("all.backup")).map(drop);
        assert_eq!(inside, Err(format!("there is no folder {name}; make it first")));
        let onto = write(state.path(), place.path()).map(drop);
        assert_eq!(onto, Err(format!("{folder} is a folder; name a file in it")));
    }

    #[test]
    fn a_state_folder_without_anything_has_no_backup() {
        let (state, place) = (Scratch::new("nothing"), Scratch::new("nothing-file"));
        let file = place.path().join("all.backup");
        assert!(write(state.path(), &file).unwrap_err().contains("nothing to back up"));
        assert!(!file.exists());
    }
}

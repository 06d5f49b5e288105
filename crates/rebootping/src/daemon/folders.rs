//! The folders the daemon needs, who owns them, and the lock that says a daemon runs.

use crate::config::meant::Config;
use crate::sandbox::Role;
use crate::sandbox::users::Identity;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::Uid;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Refuses to go on without root, and says what needs it for what.
pub(super) fn require_root(what: &str) -> io::Result<()> {
    if Uid::effective().is_root() {
        return Ok(());
    }
    Err(io::Error::other(format!("{what}; use sudo")))
}

/// Where the judge keeps what must survive.
pub(crate) fn judge_state(state: &Path) -> PathBuf {
    state.join("judge")
}

/// Where the observer keeps what it learnt.
pub(crate) fn observer_state(state: &Path) -> PathBuf {
    state.join("observer")
}

/// Where the courier keeps what waits to be sent.
pub(super) fn courier_state(state: &Path) -> PathBuf {
    state.join("courier")
}

/// Where password and tokens of the page are kept.
pub(crate) fn access(state: &Path) -> PathBuf {
    state.join("web")
}

/// Where the judge keeps what need only survive itself.
pub(super) fn judge_run(run: &Path) -> PathBuf {
    run.join("judge")
}

/// Where the observer is asked what it knows.
pub(crate) fn observer_run(run: &Path) -> PathBuf {
    run.join("observer")
}

/// Where the web process keeps who has logged in.
pub(crate) fn web_run(run: &Path) -> PathBuf {
    run.join("web")
}

/// The file whose lock is held while a daemon runs.
pub(super) fn lock_path(run: &Path) -> PathBuf {
    run.join("lock")
}

/// Makes the folders, each with its owner and mode.
pub(super) fn make(config: &Config) -> io::Result<()> {
    for path in [&config.paths.run, &config.paths.state] {
        make_one(path, 0o755)?;
    }
    let judge = Identity::find(&config.process.judge_user, Role::Judge)?;
    for path in [judge_state(&config.paths.state), judge_run(&config.paths.run)] {
        make_one(&path, 0o700)?;
        give_all(&path, judge, 1)?;
    }
    let courier = courier_state(&config.paths.state);
    make_one(&courier, 0o700)?;
    give_all(&courier, Identity::find(&config.process.courier_user, Role::Courier)?, 1)?;
    let observer = Identity::find(&config.process.observer_user, Role::Observer)?;
    let web = Identity::find(&config.process.web_user, Role::Web)?;
    let run = &config.paths.run;
    for (path, mode, to) in [
        // The page asks the observer for what is in there.
        (observer_state(&config.paths.state), 0o750, observer),
        (observer_run(run), 0o755, observer),
        (web_run(run), 0o700, web),
    ] {
        make_one(&path, mode)?;
        give_all(&path, to, 1)?;
    }
    make_access(config)
}

/// Makes the folder of password and tokens: root's to write, the page's user's to read.
pub(crate) fn make_access(config: &Config) -> io::Result<()> {
    let folder = access(&config.paths.state);
    let web = Identity::find(&config.process.web_user, Role::Web)?;
    make_one(&folder, 0o750)?;
    lchown(&folder, Some(0), Some(web.gid().as_raw()))
        .map_err(|error| io::Error::other(format!("{} cannot be given to its group: {error}", folder.display())))
}

/// Makes the folder of captures, whose disk may be ill, or full, or not there, without keeping a link from being judged.
pub(super) fn make_captures(captures: &Path, observer_user: &str) -> io::Result<()> {
    let observer = Identity::find(observer_user, Role::Observer)?;
    make_one(captures, 0o750)?;
    // A device's folder holds segments and nothing deeper.
    give_all(captures, observer, 2)
}

/// Gives a folder and what is in it, so many levels deep, to its user; what has the right owner is only looked at.
fn give_all(path: &Path, to: Identity, levels: u32) -> io::Result<()> {
    give(path, to)?;
    if levels == 0 {
        return Ok(());
    }
    for entry in fs::read_dir(path)?.flatten() {
        // A file may be gone again, and a link is not followed.
        let Ok(found) = entry.metadata() else { continue };
        let levels = if found.is_dir() { levels - 1 } else { 0 };
        if found.is_dir() {
            give_all(&entry.path(), to, levels)?;
        } else if !found.is_symlink() && (found.uid(), found.gid()) != (to.uid().as_raw(), to.gid().as_raw()) {
            give(&entry.path(), to)?;
        }
    }
    Ok(())
}

fn make_one(path: &Path, mode: u32) -> io::Result<()> {
    let made = fs::create_dir_all(path).and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)));
    made.map_err(|error| io::Error::other(format!("{} cannot be made: {error}", path.display())))
}

fn give(path: &Path, to: Identity) -> io::Result<()> {
    // Not through a link: what lies in a folder of another user may be one.
    lchown(path, Some(to.uid().as_raw()), Some(to.gid().as_raw()))
        .map_err(|error| io::Error::other(format!("{} cannot be given to its user: {error}", path.display())))
}

/// The hardened `isusable` holds the lock for an instant when Shorewall asks it; a daemon that runs holds it for good.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(20);

/// Proof that no other daemon runs with these folders.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock, or says that another daemon has it.
    pub(crate) fn take(run: &Path) -> io::Result<Self> {
        let path = lock_path(run);
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
        for _ in 0..TRIES {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => return Ok(Self { _file: file }),
                Err((unlocked, _)) => file = unlocked,
            }
            thread::sleep(PAUSE);
        }
        Err(io::Error::other(format!("another rebootping runs here: it holds {}; stop it first", path.display())))
    }
}

//! The folders the daemon needs, who owns them, and the lock that says a daemon runs.

use crate::config::meant::Config;
use crate::sandbox::Role;
use crate::sandbox::users::Identity;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::{Uid, chown};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Refuses to go on without root, and says why it is needed.
pub(super) fn require_root() -> io::Result<()> {
    if Uid::effective().is_root() {
        return Ok(());
    }
    Err(io::Error::other("run needs root, to open packet sockets and to command Shorewall; use sudo"))
}

/// Where the judge keeps what must survive.
pub(crate) fn judge_state(state: &Path) -> PathBuf {
    state.join("judge")
}

/// Where the judge keeps what need only survive itself.
pub(super) fn judge_run(run: &Path) -> PathBuf {
    run.join("judge")
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
        give(&path, judge)?;
        for file in fs::read_dir(&path)?.flatten() {
            give(&file.path(), judge)?;
        }
    }
    Ok(())
}

fn make_one(path: &Path, mode: u32) -> io::Result<()> {
    let made = fs::create_dir_all(path).and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)));
    made.map_err(|error| io::Error::other(format!("{} cannot be made: {error}", path.display())))
}

fn give(path: &Path, to: Identity) -> io::Result<()> {
    chown(path, Some(to.uid()), Some(to.gid()))
        .map_err(|error| io::Error::other(format!("{} cannot be given to its user: {error}", path.display())))
}

/// The hardened `isusable` holds the lock for an instant when Shorewall asks it; a daemon that runs holds it for good.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(20);

/// Proof that no other daemon runs with these folders.
#[derive(Debug)]
pub(super) struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock, or says that another daemon has it.
    pub(super) fn take(run: &Path) -> io::Result<Self> {
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

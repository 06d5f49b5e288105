//! What the kernel and the file system offer.

use crate::check::facts::{Folder, FolderProblem, Machine};
use crate::config::meant::Config;
use crate::config::observing::CaptureMode;
use crate::daemon::folders;
use crate::judge::memory;
use crate::pcap_files::{self, Limits};
use crate::sandbox;
use nix::unistd::{AccessFlags, access};
use rebootping_core::link::Family;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// There once the kernel tracks connections in this network namespace.
const CONNECTION_TRACKING: &str = "/proc/sys/net/netfilter/nf_conntrack_max";
/// Write permission for everybody, and the bit that takes its sting (chmod(1)).
const WRITABLE_BY_ALL: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Looks at both.
pub(super) fn look(config: &Config, networking_error: Option<String>, is_root: bool) -> Machine {
    let paths = &config.paths;
    let folder = |key, path: &Path| Folder { key, path: path.to_owned(), problem: problem(path, is_root) };
    let mut folders = vec![folder("state", &paths.state), folder("run", &paths.run)];
    if let Some(state) = folders.first_mut().filter(|state| state.problem.is_none()) {
        state.problem = damage(&paths.state);
    }
    if config.capture.mode != CaptureMode::Off {
        let mut captures = folder("captures", &paths.captures);
        captures.problem = captures.problem.or_else(|| lack_of_room(config));
        folders.push(captures);
    }
    Machine {
        networking_error,
        tracks_connections: Path::new(CONNECTION_TRACKING).exists(),
        confinement: sandbox::offered(),
        hash_policy: hash_policies(),
        folders,
    }
}

fn hash_policies() -> BTreeMap<Family, u8> {
    let policy = |family: Family| {
        let file = format!("/proc/sys/net/{}/fib_multipath_hash_policy", family.name());
        Some((family, fs::read_to_string(file).ok()?.trim().parse().ok()?))
    };
    Family::ALL.into_iter().filter_map(policy).collect()
}

/// A folder that is not there yet will be made in the nearest one that is.
fn problem(path: &Path, is_root: bool) -> Option<FolderProblem> {
    let there = path.ancestors().find(|folder| fs::symlink_metadata(folder).is_ok())?;
    let found = match fs::metadata(there) {
        Ok(found) if found.is_dir() => found,
        Ok(_) | Err(_) => return Some(FolderProblem::NoFolder(there.to_owned())),
    };
    let mode = found.permissions().mode();
    if there == path && mode & WRITABLE_BY_ALL != 0 && mode & STICKY == 0 {
        return Some(FolderProblem::WritableByAll);
    }
    let error = access(there, AccessFlags::W_OK).err().filter(|_| is_root)?;
    Some(FolderProblem::Unwritable(there.to_owned(), error.desc().to_lowercase()))
}

/// Captures stop when the disk is as full as they may make it.
fn lack_of_room(config: &Config) -> Option<FolderProblem> {
    let there = config.paths.captures.ancestors().find(|folder| folder.exists())?;
    let (available, keep_free) = pcap_files::room(there, &Limits::from(&config.capture)).ok()?;
    (available < keep_free).then_some(FolderProblem::TooFull(available, keep_free))
}

fn damage(state: &Path) -> Option<FolderProblem> {
    let error = memory::look(&folders::judge_state(state)).err()?;
    let is_damage = !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied);
    is_damage.then(|| FolderProblem::Damaged(error.to_string()))
}

//! What a lab leaves on the machine, and its removal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::child::Owned;
use crate::files::{create_dir, write};

/// Below this each lab has its directory.
const BASE: &str = "/var/lib/rebootping-lab";
/// In the directory of a lab that shall outlive its process.
const KEPT: &str = "kept";

/// Everything outside this process that a lab has made; dropping it removes all of it.
#[derive(Debug)]
pub(crate) struct Remains {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    /// Servers and clients that run in the namespaces, by name.
    pub(crate) children: BTreeMap<String, Owned>,
    kept: bool,
}

impl Remains {
    pub(crate) fn of(name: String, kept: bool) -> Self {
        let dir = Path::new(BASE).join(&name);
        create_dir(&dir);
        if kept {
            write(&dir.join(KEPT), "");
        }
        Self { name, dir, children: BTreeMap::new(), kept }
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        if !self.kept || std::thread::panicking() {
            self.children.clear();
            remove(&self.name);
        }
    }
}

/// Removes what labs of processes that are dead have left; their names.
pub fn sweep() -> Vec<String> {
    remove_all(|lab| !is_kept(lab) && owner(lab).is_some_and(|pid| !is_alive(pid)))
}

/// Removes the labs of this process, which is about to end without dropping them; their names.
pub fn remove_own() -> Vec<String> {
    remove_all(|lab| !is_kept(lab) && owner(lab) == Some(Pid::this().as_raw()))
}

/// Removes the labs that were to outlive their process; their names.
pub(crate) fn remove_kept() -> Vec<String> {
    remove_all(is_kept)
}

fn remove_all(which: impl Fn(&str) -> bool) -> Vec<String> {
    let labs: Vec<String> = labs().into_iter().filter(|lab| which(lab)).collect();
    for lab in &labs {
        remove(lab);
    }
    labs
}

/// Names of all labs of which anything is left.
pub(crate) fn labs() -> BTreeSet<String> {
    let spaces = entries("/run/netns").into_iter().chain(entries("/etc/netns"));
    let spaces = spaces.filter_map(|ns| ns.rsplit_once('-').map(|(lab, _)| lab.to_owned()));
    spaces.chain(entries(BASE)).filter(|lab| owner(lab).is_some()).collect()
}

/// The process that made a lab of this name, `rb-PREFIX-PID-COUNT`.
fn owner(lab: &str) -> Option<i32> {
    let mut parts = lab.strip_prefix("rb-")?.split('-');
    let (_, pid, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() { None } else { pid.parse().ok() }
}

fn is_alive(pid: i32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

fn is_kept(lab: &str) -> bool {
    Path::new(BASE).join(lab).join(KEPT).exists()
}

/// Removes one lab: processes first, or its namespaces would live on without a name.
fn remove(lab: &str) {
    let belongs = |entry: &String| entry.rsplit_once('-').is_some_and(|(of, _)| of == lab);
    for ns in entries("/run/netns").iter().filter(|ns| belongs(ns)) {
        kill_inside(ns);
        let deleted = Command::new("ip").args(["netns", "delete", ns]).output();
        if !deleted.as_ref().is_ok_and(|output| output.status.success()) {
            eprintln!("namespace {ns} is still there: {deleted:?}");
        }
    }
    for ns in entries("/etc/netns").iter().filter(|ns| belongs(ns)) {
        remove_dir(&Path::new("/etc/netns").join(ns));
    }
    remove_dir(&Path::new(BASE).join(lab));
}

/// Kills every process in a namespace but this one, whose threads may be in there.
fn kill_inside(ns: &str) {
    let Ok(output) = Command::new("ip").args(["netns", "pids", ns]).output() else { return };
    let pids = String::from_utf8_lossy(&output.stdout);
    for pid in pids.split_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw) {
        if pid != Pid::this() {
            // It may have ended since it was listed.
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}

fn remove_dir(path: &Path) {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            eprintln!("{} is still there: {error}", path.display());
        }
        _ => {}
    }
}

fn entries(dir: &str) -> BTreeSet<String> {
    let Ok(found) = fs::read_dir(dir) else { return BTreeSet::new() };
    found.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_is_known_by_its_name() {
        assert_eq!(owner("rb-drain-4711-3"), Some(4711));
        assert_eq!(owner("rb-drain-4711-3-x"), None);
        assert_eq!(owner("rb-drain-now-3"), None);
        assert_eq!(owner("other-drain-4711-3"), None);
    }
}

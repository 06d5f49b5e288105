//! Gives up root: groups, user, every capability in every set, and the means to get any back.
//!
//! A process that a unit started is its user already, with the few capabilities it opens its sockets with.

use super::during;
use super::users::Identity;
use caps::{CapSet, CapsHashSet};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, Uid, getgroups, getppid, getresgid, getresuid, setgroups, setresgid, setresuid};
use std::{fs, io};

/// Refuses to go on with several threads: capabilities and landlock belong to a thread, and would leave the others free.
pub(super) fn demand_one_thread() -> io::Result<()> {
    match fs::read_dir("/proc/self/task").map_err(during("count the threads"))?.count() {
        1 => Ok(()),
        threads => Err(io::Error::other(format!("{threads} threads run where one should: confine, then start them"))),
    }
}

/// No memory image of this process reaches the disk: it holds keys and, elsewhere, others' traffic.
pub(super) fn forbid_core_dumps() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    prctl::set_dumpable(false).map_err(Into::into)
}

/// Becomes that user without any capability, and checks that it did.
pub(super) fn become_powerless(identity: Identity) -> io::Result<()> {
    clear(CapSet::Ambient)?;
    let was_root = Uid::effective().is_root();
    if was_root {
        clear(CapSet::Bounding)?;
        become_user(identity).map_err(during("become another user"))?;
    }
    for set in [CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        clear(set)?;
    }
    prctl::set_no_new_privs()?;
    // A change of user lets the process be traced and dumped again.
    prctl::set_dumpable(false)?;
    check(identity)?;
    // Who was never root may not shrink that set, and without new privileges nothing is ever taken from it.
    if was_root { check_sets(&[CapSet::Bounding]) } else { Ok(()) }
}

/// Dies at once when `parent` does. The signal is tied to the *thread* of the parent that started this process.
pub(super) fn die_with(parent: Pid) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // It may have died before the line above.
    if getppid() == parent { Ok(()) } else { Err(io::Error::other("the process that started this one is gone")) }
}

fn become_user(identity: Identity) -> io::Result<()> {
    let (uid, gid) = (identity.uid(), identity.gid());
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    Ok(())
}

fn check(identity: Identity) -> io::Result<()> {
    let users = getresuid()?;
    let groups = getresgid()?;
    let is_the_user = [users.real, users.effective, users.saved].iter().all(|&uid| uid == identity.uid())
        && [groups.real, groups.effective, groups.saved].iter().all(|&gid| gid == identity.gid())
        && getgroups()?.iter().all(|&gid| gid == identity.gid());
    if !is_the_user {
        return Err(io::Error::other(format!(
            "this process runs as user {} and not as {}: a unit's User= and its name under [process] must be the same",
            users.effective,
            identity.uid()
        )));
    }
    check_sets(&[CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted])
}

fn check_sets(sets: &[CapSet]) -> io::Result<()> {
    for &set in sets {
        let left = read(set)?;
        if !left.is_empty() {
            return Err(io::Error::other(format!("capabilities are left ({set:?}): {left:?}")));
        }
    }
    Ok(())
}

fn clear(set: CapSet) -> io::Result<()> {
    caps::clear(None, set).map_err(|error| io::Error::other(format!("drop capabilities ({set:?}): {error}")))
}

fn read(set: CapSet) -> io::Result<CapsHashSet> {
    caps::read(None, set).map_err(|error| io::Error::other(format!("read capabilities ({set:?}): {error}")))
}

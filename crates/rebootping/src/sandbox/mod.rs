//! Takes away, once a process has opened its sockets, every power it will not need again.
//!
//! Order matters: capabilities can only be dropped while there are some, landlock and seccomp want `no_new_privs` first,
//! and the last filter forbids the calls that all the steps before it need.

mod files;
mod powers;
mod syscalls;
#[cfg(test)]
mod tests;
pub(crate) mod users;

use nix::unistd::Pid;
use std::fmt;
use std::io;
use std::path::PathBuf;
use users::Identity;

/// A process that has its own user and its own list of system calls; later ones join here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Probes the links and selects among them.
    Judge,
    /// Captures, and keeps what it captured.
    Observer,
    /// Serves the page.
    Web,
    /// Sends messages to others.
    Courier,
    /// Reads what another program answered, and says what it means.
    Reader,
}

/// All that a process may still do.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) role: Role,
    pub(crate) identity: Identity,
    /// Files and folders it may read.
    pub(crate) read: Vec<PathBuf>,
    /// Files and folders it may read and change.
    pub(crate) write: Vec<PathBuf>,
    /// Folders of sockets it may connect to.
    pub(crate) sockets: Vec<PathBuf>,
    /// TCP ports it may connect to.
    pub(crate) ports: Vec<u16>,
    /// The process with which it dies, where that is not the service manager.
    pub(crate) dies_with: Option<Pid>,
}

/// What the kernel took part in.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Confinement {
    /// The version of landlock in force; `None` where the kernel has none.
    pub(crate) landlock_abi: Option<u32>,
}

impl Confinement {
    /// What the operator should know, if anything is missing.
    pub(crate) fn warning(self) -> Option<String> {
        let missing = match self.landlock_abi {
            None => "nothing but file modes keeps it from other files, and nothing from TCP",
            Some(1..4) => "nothing but its system calls keeps it from TCP",
            Some(_) => return None,
        };
        Some(format!("{self}: {missing}; boot a kernel with CONFIG_SECURITY_LANDLOCK and lsm=landlock,…, 6.7 or newer"))
    }
}

impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.landlock_abi {
            Some(abi) => write!(f, "seccomp and landlock (ABI {abi}) are in force"),
            None => f.write_str("seccomp is in force, but this kernel has no landlock"),
        }
    }
}

/// What the kernel would take part in; nothing is confined by asking.
pub(crate) fn offered() -> Confinement {
    Confinement { landlock_abi: files::offered() }
}

/// Confines this process, started as root or by a unit as its user and still of one thread, for good. After an error it must not go on: it may
/// be half confined.
pub(crate) fn enter(sandbox: &Sandbox) -> io::Result<Confinement> {
    powers::demand_one_thread()?;
    confine_thread(sandbox)
}

/// Takes from the committer what neither it nor any script it runs has a use for. It stays root and may read and write
/// everything, as Shorewall's scripts do.
pub(crate) fn enter_as_committer() -> io::Result<()> {
    powers::demand_one_thread()?;
    confine_committer_thread()
}

fn confine_thread(sandbox: &Sandbox) -> io::Result<Confinement> {
    powers::forbid_core_dumps()?;
    powers::become_powerless(sandbox.identity)?;
    if let Some(parent) = sandbox.dies_with {
        powers::die_with(parent)?;
    }
    let landlock_abi = files::restrict(sandbox)?;
    syscalls::allow_only(sandbox.role, !sandbox.sockets.is_empty())?;
    Ok(Confinement { landlock_abi })
}

fn confine_committer_thread() -> io::Result<()> {
    powers::forbid_core_dumps()?;
    syscalls::forbid_what_nobody_needs()
}

/// Says what was being done when it failed.
fn during(what: &str) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{what}: {error}"))
}

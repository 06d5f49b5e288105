//! A process that ends with its owner.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running process; dropping it kills it and waits for it.
#[derive(Debug)]
pub(crate) struct Owned(Child);

impl Owned {
    /// Starts `command` with its output in `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        Self(spawn_logged(command, log))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `command`, its standard output and error appended to `log`.
pub(crate) fn spawn_logged(command: &mut Command, log: &Path) -> Child {
    let out = File::options().create(true).append(true).open(log);
    let out = out.unwrap_or_else(|e| panic!("{}: {e}", log.display()));
    let err = out.try_clone().expect("a descriptor can be duplicated");
    command.stdin(Stdio::null()).stdout(out).stderr(err);
    command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"))
}

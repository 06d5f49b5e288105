//! A program that stands in for the daemon's and runs it in its own way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;

/// The program that was built with this test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_rebootping");

/// A script in a folder of its own; both go when it is dropped.
pub(crate) struct Wrapper {
    folder: PathBuf,
}

impl Wrapper {
    /// A shell script for `rebootping run`, in which `"$@"` is the daemon's command line and `$0.how` the file below; other
    /// commands are left as they are.
    pub(crate) fn of(name: &str, run: &str) -> Self {
        let wrapper = Self { folder: std::env::temp_dir().join(format!("rebootping-{name}-{}", process::id())) };
        fs::create_dir_all(&wrapper.folder).expect("a folder can be made");
        let others = format!("case \"$*\" in *run) ;; *) exec {PROGRAM} \"$@\" ;; esac");
        let script = format!("#!/bin/sh\n{others}\nset -- {PROGRAM} \"$@\"\n{run}\n");
        fs::write(wrapper.program(), script).expect("a file can be written");
        fs::set_permissions(wrapper.program(), fs::Permissions::from_mode(0o755))
            .expect("a script can be made executable");
        wrapper
    }

    /// The script's path.
    pub(crate) fn program(&self) -> PathBuf {
        self.folder.join("run")
    }

    /// A file that tells the script how.
    pub(crate) fn how(&self) -> PathBuf {
        self.program().with_extension("how")
    }
}

impl Drop for Wrapper {
    fn drop(&mut self) {
        let gone = fs::remove_dir_all(&self.folder);
        assert!(gone.is_ok() || std::thread::panicking(), "{} stays: {gone:?}", self.folder.display());
    }
}

/// Writes a file that others read all along: by rename, so that nobody finds half of it.
pub(crate) fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("beside");
    fs::write(&beside, text).expect("a file can be written");
    fs::rename(&beside, path).expect("a file can be renamed");
}

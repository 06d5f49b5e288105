//! A directory of its own for a test, gone when the test ends.

use std::fs;
use std::path::{Path, PathBuf};

/// A fresh directory.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// `name` is the test's, so that tests running beside each other do not meet.
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rebootping-test-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and the directories above it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, text).expect("a file");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

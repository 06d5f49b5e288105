//! The package, made as `make deb` makes it, from the program that was built with this test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package that is made again from the same is the same to the byte.
pub(crate) fn assert_reproducible(package: &Path, version: &str) {
    let first = fs::read(package).expect("it was made");
    assert!(fs::read(built(version)).expect("it was made") == first, "{} differs each time", package.display());
}

/// A package of that version.
#[track_caller]
pub(crate) fn built(version: &str) -> PathBuf {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(tree.join("tools/deb"));
    command.args(["--version", version, env!("CARGO_BIN_EXE_rebootping")]);
    // Packed in a hurry: nobody keeps it.
    command.env("DPKG_DEB_COMPRESSOR_LEVEL", "0");
    let output = command.output().expect("tools/deb can be run");
    assert!(output.status.success(), "{output:?}");
    tree.join(String::from_utf8_lossy(&output.stdout).trim())
}

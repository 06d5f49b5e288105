//! The package, made as `make deb` makes it, from the program that was built with this test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package that is made again from the same is the same to the byte.
pub(crate) fn assert_reproducible(package: &Path, version: &str) {
    let first = fs::read(package).expect("it was made");
    assert!(fs::read(built(version)).expect("it was made") == first, "{} differs each time", package.display());
}

/// Debian's own checker of packages finds no error, and whoever wrote what is in the program is named with the licence's text.
pub(crate) fn assert_sound(package: &Path) {
    let mut lintian = Command::new("lintian");
    lintian.args(["--allow-root", "--profile", "debian", "--fail-on", "error"]).arg(package);
    let output = lintian.output().expect("lintian is installed; see tools/need");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let copyright = document(package, "cat", "copyright");
    let texts = document(package, "zcat", "licences.gz");
    let named = copyright.lines().filter_map(|line| line.strip_prefix("Files: "));
    // Our own, and what has no file of its own for it.
    let named: Vec<&str> = named.filter(|name| !["*", "library/*", "sqlite3/*"].contains(name)).collect();
    for name in ["serde_json-", "preact-"] {
        assert!(named.iter().any(|named| named.starts_with(name)), "{name} is not in {named:?}");
    }
    for name in named {
        let folder = name.trim_end_matches('*');
        assert!(texts.lines().any(|line| line.starts_with(folder)), "no text of {name}");
    }
}

/// What a program makes of a document in the package.
#[track_caller]
fn document(package: &Path, reader: &str, name: &str) -> String {
    let script = "dpkg-deb --fsys-tarfile \"$1\" | tar --extract --to-stdout \"./usr/share/doc/rebootping/$3\" | $2";
    let mut command = Command::new("bash");
    let output = command.args(["-o", "pipefail", "-c", script, "bash"]).arg(package).args([reader, name]).output();
    let output = output.expect("a shell starts");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
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

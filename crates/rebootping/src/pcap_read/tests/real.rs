//! Captures from the test suites of other programs, counted as capinfos counts them.

use crate::pcap_read::input::open;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Beside the checkout; they are others' and not part of the tree.
fn captures() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/pcaps");
    let entries = fs::read_dir(&folder).ok()?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pcap"));
    paths.sort();
    Some(paths)
}

/// Number of packets, bytes captured and bytes on the wire.
fn counted_by_capinfos(path: &Path) -> [u64; 2] {
    let output = Command::new("capinfos").args(["-T", "-M", "-r", "-c", "-d"]).arg(path).output();
    let output = output.expect("capinfos is installed (package wireshark-common)");
    let text = String::from_utf8(output.stdout).expect("capinfos writes UTF-8");
    let fields: Vec<&str> = text.trim().split('\t').collect();
    [1, 2].map(|at| fields[at].parse().unwrap_or_else(|_| panic!("{}: {text:?}", path.display())))
}

#[test]
fn real_files_hold_as_many_packets_and_bytes_as_capinfos_counts() {
    let Some(captures) = captures() else {
        eprintln!("SKIPPED: no ../shared/pcaps beside the checkout; real captures were not read");
        return;
    };
    assert!(!captures.is_empty());
    for path in captures {
        let mut reader = open(&path).unwrap();
        let mut counted = [0, 0];
        while let Some(record) = reader.next() {
            counted[0] += 1;
            counted[1] += u64::from(record.original);
        }
        assert_eq!(counted, counted_by_capinfos(&path), "{}: {:?}", path.display(), reader.trouble());
    }
}

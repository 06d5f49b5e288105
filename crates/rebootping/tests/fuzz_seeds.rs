//! Throws the seeds of `fuzz/` at the doors the fuzzers use, in every run of the tests.

use rebootping::fuzzing::DOORS;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A byte in each of so many places is changed, each to these.
const CHANGED: [u8; 4] = [0x00, 0x7f, 0x80, 0xff];
/// Targets that are no doors of ours: `fuzz/opinion.rs` asks etherparse, and core's tests throw its seeds.
const OPINIONS: [&str; 1] = ["frame"];

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_door_has_seeds_and_a_target() {
    let names_of_doors = DOORS.iter().map(|(name, _)| *name);
    let mut doors: Vec<String> = names_of_doors.chain(OPINIONS).map(str::to_owned).collect();
    doors.sort();
    assert_eq!(names(&seeds()), doors);
    let targets = names(&seeds().join("../fuzz_targets"));
    assert_eq!(targets, doors.iter().map(|door| format!("{door}.rs")).collect::<Vec<_>>());
    let manifest = fs::read_to_string(seeds().join("../Cargo.toml")).expect("the fuzzers' manifest");
    let manifest: toml::Table = manifest.parse().unwrap_or_else(|error| panic!("fuzz/Cargo.toml: {error}"));
    let built = manifest["bin"].as_array().expect("programs").iter();
    let mut built: Vec<&str> = built.map(|program| program["name"].as_str().expect("a name")).collect();
    built.sort_unstable();
    assert_eq!(built, doors, "each door has a program in fuzz/Cargo.toml");
}

#[test]
fn no_seed_breaks_a_promise_whole_cut_or_changed() {
    for (name, door) in DOORS {
        let folder = seeds().join(name);
        let seeds = names(&folder);
        assert!(!seeds.is_empty(), "{} is empty", folder.display());
        for seed in seeds {
            let bytes = fs::read(folder.join(seed)).expect("a seed");
            door(&bytes);
            for at in 0..bytes.len() {
                door(&bytes[..at]);
                for byte in CHANGED {
                    let mut changed = bytes.clone();
                    changed[at] = byte;
                    door(&changed);
                }
            }
        }
    }
}

#[test]
#[ignore = "takes minutes: 20 s for each door, and its own build; `make test-long SLICE=fuzz` runs it"]
fn twenty_seconds_of_random_bytes_break_no_promise() {
    let script = seeds().join("../../tools/fuzz");
    let status = Command::new(&script).status().unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    assert!(status.success(), "a reader broke: its bytes are named above");
}

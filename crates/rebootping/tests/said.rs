//! What the program says where it cannot do what was asked, and how it ends then.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// A configuration that names folders in which there is nothing.
static CONFIG: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("said");
    fs::create_dir_all(&folder).expect("a folder");
    let paths = ["state", "run", "captures"].map(|key| format!("{key} = \"{}\"\n", folder.join(key).display()));
    let config = folder.join("config.toml");
    fs::write(&config, format!("[paths]\n{}", paths.concat())).expect("a file");
    config
});

/// `rebootping ARGUMENTS`, with nothing to read.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rebootping"));
    command.arg("--config").arg(&*CONFIG).args(arguments).stdin(Stdio::null()).env_remove("JOURNAL_STREAM");
    command
}

#[test]
fn the_exit_code_is_the_same_where_nothing_can_be_said() {
    for (arguments, code) in [(&["status"][..], 3), (&["link", "pin", "wan1"], 1), (&["report"], 1), (&["judge"], 2)] {
        let full = || -> Stdio { OpenOptions::new().write(true).open("/dev/full").expect("a full disk").into() };
        let heard = command(arguments).output().expect("it runs");
        let unheard = command(arguments).stdout(full()).stderr(full()).status().expect("it runs");
        assert_eq!((heard.status.code(), unheard.code()), (Some(code), Some(code)), "{arguments:?}");
    }
}

#[test]
fn a_process_that_run_starts_says_so_when_it_is_started_by_hand() {
    for name in ["web", "judge", "observer", "courier"] {
        for stdin in [Stdio::null(), File::open("/dev/zero").expect("a device").into()] {
            let output = command(&[name]).stdin(stdin).output().expect("it runs");
            let said = String::from_utf8(output.stderr).expect("UTF-8");
            let expected = format!(
                "rebootping: {name} is a process that `rebootping run` starts; `rebootping {name} --help` says what people can ask of it\n"
            );
            assert_eq!((output.status.code(), said), (Some(2), expected));
        }
    }
}

#[test]
fn that_no_daemon_runs_is_said_in_one_form() {
    let orders = [
        &["status"][..],
        &["why", "wan1"],
        &["link", "pin", "wan1"],
        &["alerts"],
        &["devices"],
        &["device", "show", "tv"],
        &["device", "allow", "tv"],
        &["device", "undo"],
        &["report"],
    ];
    for arguments in orders {
        let said = command(arguments).output().expect("it runs").stderr;
        let said = String::from_utf8(said).expect("UTF-8");
        let form = "rebootping: no daemon runs; start one with `rebootping run`, or name its file with --config";
        assert!(said.starts_with(form), "{arguments:?}: {said}");
    }
}

#[test]
fn what_stands_in_the_way_is_told_by_the_name_that_was_typed() {
    let (file, folder) = (CONFIG.to_str().expect("UTF-8"), CONFIG.parent().and_then(Path::to_str).expect("UTF-8"));
    let rows = [
        (["wireshark", "profile", file], format!("{file} is no folder; name one for the profile's files")),
        (["restore", folder, "--"], format!("{folder} is no file; name the one that `rebootping backup` wrote")),
        (["restore", "missing", "--"], "there is no file missing".to_owned()),
    ];
    for (arguments, expected) in rows {
        let said = command(&arguments).output().expect("it runs").stderr;
        assert_eq!(String::from_utf8(said).expect("UTF-8"), format!("rebootping: {expected}\n"), "{arguments:?}");
    }
}

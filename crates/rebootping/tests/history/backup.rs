//! A backup that is taken from a running daemon and brought back while none runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::Duration;

use rebootping_lab::wait_until;

use crate::crash::{CONFIG, order};
use crate::kept::Kept;
use crate::support::{lab, start};

/// A flush is due within a second.
const KEPT_LIMIT: Duration = Duration::from_secs(60);

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_backup_brings_history_back_and_sets_aside_what_was_there() {
    let lab = lab("backup").build();
    let state = lab.dir().join("state");
    let file = lab.dir().join("all.backup");
    let file = file.to_str().expect("a path of letters");
    let daemon = start(&lab, CONFIG);
    order(&daemon, 0);
    wait_until("rounds are kept", KEPT_LIMIT, || Kept::glance(&state).rounds().len() > 3);
    let backup = daemon.cli(&["backup", file]);
    assert!(backup.status.success(), "{}", said(&backup));
    assert_eq!(fs::metadata(file).expect("it was written").permissions().mode() & 0o777, 0o600);
    let refused = daemon.cli(&["restore", file]);
    assert!(refused.status.code() == Some(1) && said(&refused).contains("stop it first"), "{}", said(&refused));
    order(&daemon, 1);
    let config = daemon.config_path().to_owned();
    assert!(daemon.terminate().0.success());
    assert_eq!(Kept::open(&state).bodies("audit").len(), 2);
    let mut restore = Command::new(env!("CARGO_BIN_EXE_rebootping"));
    let restored = restore.arg("--config").arg(&config).args(["restore", file]).output().expect("it starts");
    assert!(restored.status.success() && said(&restored).contains("before-restore-"), "{}", said(&restored));
    assert_eq!(Kept::open(&state).bodies("audit").len(), 1, "what was ordered after the backup is not in it");
    let before = fs::read_dir(&state).expect("a folder").flatten();
    let before: Vec<_> = before.filter(|it| it.file_name().to_string_lossy().starts_with("before-restore-")).collect();
    assert!(before.len() == 1 && before[0].path().join("history.db").exists());
    let daemon = start(&lab, CONFIG);
    let rounds = Kept::glance(&state).rounds().len();
    wait_until("history goes on", KEPT_LIMIT, || Kept::glance(&state).rounds().len() > rounds + 2);
    assert!(daemon.status()["store"]["error"].is_null());
    assert!(daemon.terminate().0.success());
}

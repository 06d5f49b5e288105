//! Debian's Chromium on the gateway, led through the page by `ui/tests/browser`, where each look is told.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::SystemTime;

use rebootping_lab::Ns;
use serde_json::Value;

/// Each look has a limit of its own; this is for a browser that hangs.
const SECONDS: &str = "300";

/// Leads a browser through the page that `gateway` serves on loopback; `fail` does what a look asks for, `break LINK` or `hang`. Panics
/// where a look failed, and leaves pictures in `target/page/FOLDER`.
#[track_caller]
pub(crate) fn look(gateway: &Ns, facts: &Value, folder: &str, options: &[&str], mut fail: impl FnMut(&str)) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ui = root.join("ui");
    assert!(
        ui.join("node_modules/playwright-core").exists(),
        "the browser's leader is not installed: run tools/ui tests"
    );
    assert!(Path::new("/usr/bin/chromium").exists(), "there is no browser: run tools/need page");
    let shots = root.join("target/page").join(folder);
    fs::create_dir_all(&shots).expect("a folder for pictures");
    let told = written(&shots, facts);
    let mut command = gateway.command("timeout");
    command.args([SECONDS, "node"]).arg(ui.join("tests/browser/run.mjs"));
    command.args(["--base", "http://127.0.0.1:8067/", "--facts"]).arg(told).arg("--shots").arg(&shots).args(options);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("`ip` starts");
    let mut answers = child.stdin.take().expect("it is piped");
    for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
        let line = line.expect("it speaks UTF-8");
        println!("{line}");
        if line == "hang" || line.starts_with("break ") {
            fail(&line);
            writeln!(answers, "{}", now_ms()).expect("it listens");
        }
    }
    assert!(child.wait().expect("its end").success(), "looks failed; pictures are in {}", shots.display());
}

fn written(shots: &Path, facts: &Value) -> PathBuf {
    let file = shots.join("facts.json");
    fs::write(&file, facts.to_string()).expect("the folder takes a file");
    file
}

fn now_ms() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis()
}

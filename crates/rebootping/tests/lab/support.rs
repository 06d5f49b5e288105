//! What every test here begins with: a lab whose Internet owns the daemon's default targets, and a daemon that has settled on it.

use std::thread;
use std::time::{Duration, Instant};

use rebootping_lab::{Builder, Daemon, Family, Lab, wait_until};
use serde_json::Value;

/// Start-up asks Shorewall, looks for gateways and judges a first round: 3 s on an idle machine.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// Five times the two seconds within which a link must be back when its hold-down has ended.
pub(crate) const RETURN_LIMIT: Duration = Duration::from_secs(10);
/// Often enough to see every round, which takes a second.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A lab with two ISPs where nothing else is said, the daemon's default targets and the daemon that was built with this test.
pub(crate) fn lab(prefix: &str) -> Builder {
    Lab::builder(prefix).default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping"))
}

/// Default settings but for a short hold-down.
pub(crate) fn hold_down(seconds: u64) -> String {
    format!("[select]\nhold_down = \"{seconds}s\"\n")
}

/// Starts the daemon on the lab's gateway and waits until it uses every link.
#[track_caller]
pub(crate) fn start(lab: &Lab, config: &str) -> Daemon {
    let daemon = lab.gw().daemon(config);
    daemon.wait_ready();
    wait_until("every link is healthy and committed", SETTLE_LIMIT, || {
        let status = daemon.status();
        let mut links = links(&status).peekable();
        links.peek().is_some() && links.all(|link| link["healthy"] == true && link["committed"] == true)
    });
    daemon
}

/// The links of a status.
pub(crate) fn links(status: &Value) -> impl Iterator<Item = &Value> {
    status["links"].as_array().into_iter().flatten()
}

/// Waits until the daemon has taken `link` out and file and kernel say so.
#[track_caller]
pub(crate) fn wait_out(lab: &Lab, daemon: &Daemon, link: &str, limit: Duration) {
    wait_until(&format!("{link} is out, in file and kernel"), limit, || {
        let said = daemon.link(link);
        let agreed = said["enabled"] == false && said["committed"] == true;
        agreed && lab.gw().status_file(link).as_deref() == Some("1\n") && !lab.gw().balance_has(link, Family::V4)
    });
}

/// Waits until the daemon uses `link` again and file and kernel say so.
#[track_caller]
pub(crate) fn wait_in(lab: &Lab, daemon: &Daemon, link: &str, limit: Duration) {
    wait_until(&format!("{link} is in, in file and kernel"), limit, || {
        let said = daemon.link(link);
        let agreed = said["healthy"] == true && said["enabled"] == true && said["committed"] == true;
        agreed && lab.gw().status_file(link).as_deref() == Some("0\n") && lab.gw().balance_has(link, Family::V4)
    });
}

/// Whole seconds that `link` has still to hold.
#[track_caller]
pub(crate) fn hold_left(daemon: &Daemon, link: &str) -> u64 {
    daemon.link(link)["hold_down_left_s"].as_u64().unwrap_or_else(|| panic!("{link} has no hold-down"))
}

/// Waits until `link` has held a part of its hold-down of `seconds`, and returns what is left of it.
#[track_caller]
pub(crate) fn wait_mid_hold_down(daemon: &Daemon, link: &str, seconds: u64) -> u64 {
    let mut left = 0;
    wait_until(&format!("{link} is in the midst of its hold-down"), RETURN_LIMIT, || {
        left = hold_left(daemon, link);
        (1..=seconds - 2).contains(&left)
    });
    left
}

/// Looks at `holds` several times a round for `time`, and panics with `what` when it does not.
#[track_caller]
pub(crate) fn stays_so(what: &str, time: Duration, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        assert!(holds(), "not so after {:?}: {what}", begin.elapsed());
        thread::sleep(LOOK_EVERY);
    }
}

//! The Debian package on a clean Debian that a service manager of its own runs: installed, upgraded, refused, removed and purged.

mod machine;
mod package;
mod root;

use machine::Machine;
use package::{assert_reproducible, assert_sound, built};
use rebootping_lab::{Family, Isusable, Lab, SWITCH_LIMIT, Watcher, wait_until};
use serde_json::Value;
use std::time::Duration;

/// A machine that boots, and a daemon that looks at its firewall, on a busy host.
const LIMIT: Duration = Duration::from_secs(120);
/// Everything of the package that runs.
const UNITS: [&str; 4] = ["rebootping", "rebootping-judge", "rebootping-observer", "rebootping-web"];
/// What is told at the first installation.
const FIRST_WORDS: [&str; 3] = ["from now on rebootping records", "it keeps that in", "to record less or nothing"];
/// What a process says that was forbidden something.
const DENIED: [&str; 5] =
    ["its sandbox refused", "Permission denied", "Operation not permitted", "is started here", "not let it run"];

/// Has Shorewall's compiled scripts, which carry out its commands, write down beside them how they are called.
const WRITE_CALLS_DOWN: &str = r#"
    for script in $(sed -s -n 's/^VARDIR=//p' /etc/shorewall*/vardir); do
        sed --in-place '1a echo "$*" >>"${0%/*}/calls"' $script/firewall
    done"#;

/// What Shorewall was told to do so far.
fn calls(machine: &Machine) -> Vec<String> {
    let all =
        machine.run("cat $(sed -s -n 's/^VARDIR=//p' /etc/shorewall*/vardir | sed 's|$|/calls|') 2>/dev/null; true");
    let is_order = |call: &&str| call.split(' ').any(|word| ["enable", "disable", "reload", "start"].contains(&word));
    all.lines().filter(is_order).map(str::to_owned).collect()
}

/// The daemon's view, as root on the machine sees it.
fn status(machine: &Machine) -> Value {
    serde_json::from_str(&machine.try_run("rebootping status --json").1).unwrap_or_default()
}

fn link(machine: &Machine, name: &str) -> Value {
    let status = status(machine);
    let links = status["links"].as_array();
    links.and_then(|links| links.iter().find(|link| link["name"] == name)).cloned().unwrap_or_default()
}

/// The number of a unit's first process.
fn main_pid(machine: &Machine, unit: &str) -> String {
    machine.run(&format!("systemctl show --property MainPID --value {unit}")).trim().to_owned()
}

/// Waits until every process of the daemon works and Shorewall follows it.
#[track_caller]
fn wait_settled(machine: &Machine) {
    wait_until("every process works and Shorewall follows", LIMIT, || {
        let status = status(machine);
        let processes = status["processes"].as_array().cloned().unwrap_or_default();
        processes.len() >= 4
            && processes.iter().all(|process| process["state"] == "running")
            && status["commit"]["backend"] == "shorewall"
            && status["commit"]["state"] == "applied"
            && status["capture"]["packets"].as_u64() > Some(0)
    });
}

/// Each unit runs one process, as its user, and none was denied anything.
#[track_caller]
fn check_units(machine: &Machine) {
    for unit in UNITS {
        assert_eq!(machine.try_run(&format!("systemctl is-active {unit}")).1.trim(), "active", "{unit}");
        let user = machine.run(&format!("stat --format %U /proc/{}", main_pid(machine, unit)));
        let process = machine.run(&format!("cat /proc/{}/status", main_pid(machine, unit)));
        let expected = if unit == "rebootping" { "root" } else { unit };
        assert_eq!(user.trim(), expected, "{unit}");
        assert!(process.contains("NoNewPrivs:\t1") && process.contains("Seccomp:\t2"), "{unit}: {process}");
        assert!(unit == "rebootping" || process.contains("CapEff:\t0000000000000000"), "{unit}: {process}");
    }
    check_last_to_go(machine);
    let journal = machine.run("journalctl --no-pager --output cat --unit 'rebootping*'");
    // A host that is itself a container may not have that right to give.
    let denied = journal.lines().filter(|line| !line.contains("when memory runs out"));
    let denied: Vec<&str> = denied.filter(|line| DENIED.iter().any(|word| line.contains(word))).collect();
    assert!(denied.is_empty(), "{denied:?}\n{journal}");
}

/// When memory runs out, the kernel begins with the process that its unit says, as far as this host may say so itself.
#[track_caller]
fn check_last_to_go(machine: &Machine) {
    if !machine.try_run("echo -1000 >/proc/self/oom_score_adj").0 {
        println!("NOT TESTED: who goes first when memory runs out, which this host may not say");
        return;
    }
    for unit in UNITS {
        let wanted = machine.run(&format!("systemctl show --property OOMScoreAdjust --value {unit}"));
        let found = machine.run(&format!("cat /proc/{}/oom_score_adj", main_pid(machine, unit)));
        assert_eq!(found, wanted, "{unit}");
    }
}

#[test]
fn the_package_comes_goes_and_leaves_nothing_behind() {
    let packages = ["0.0.8", "0.0.9", "0.1.0"].map(built);
    assert_reproducible(&packages[0], "0.0.8");
    assert_sound(&packages[0]);
    let root = match root::debian() {
        Ok(root) => root,
        Err(error) if std::env::var_os("REBOOTPING_LONG").is_none() => {
            println!("NOT TESTED: the package on a clean Debian, which needs the archive once: {error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist/shorewall/isusable");
    let lab = Lab::builder("package").default_targets(true).isusable(Isusable::Hardened(script.into())).build();
    let machine = Machine::boot(&lab, &root);
    let watcher = lab.gw().watch();
    machine.run(WRITE_CALLS_DOWN);

    let said = install(&machine, &packages[0]);
    for words in FIRST_WORDS {
        assert!(said.contains(words), "{said}");
    }
    wait_settled(&machine);
    check_units(&machine);

    courier_comes_and_goes(&machine);

    lab.isp(1).blackhole(true);
    wait_until("wan1 is out", SWITCH_LIMIT.max(LIMIT), || !lab.gw().balance_has("wan1", Family::V4));
    lab.isp(1).mend();
    upgrade_in_hold_down(&machine, &lab, &watcher, &packages[1]);
    check_units(&machine);
    refuse_upgrade(&machine, &packages[2]);
    remove(&machine, &lab);
    purge(&machine);
}

#[track_caller]
fn install(machine: &Machine, package: &std::path::Path) -> String {
    machine.take(package);
    machine.run("dpkg --install /tmp/rebootping.deb 2>&1")
}

/// It runs while there is somebody to tell, as its user, and reads what only root may.
fn courier_comes_and_goes(machine: &Machine) {
    let conf = "/etc/rebootping/conf.d/alerts.toml";
    machine.run("umask 077; echo http://127.0.0.1:9/hook >/etc/rebootping/webhook.url");
    machine.run(&format!("printf '[alerts]\\nwebhook_url_file = \"/etc/rebootping/webhook.url\"\\n' >{conf}"));
    machine.run("systemctl reload rebootping");
    let state = || {
        let processes = status(machine)["processes"].as_array().cloned().unwrap_or_default();
        processes.iter().find(|process| process["name"] == "courier").map(|process| process["state"].clone())
    };
    wait_until("the courier runs", LIMIT, || state().is_some_and(|state| state == "running"));
    let user = machine.run(&format!("stat --format %U /proc/{}", main_pid(machine, "rebootping-courier")));
    assert_eq!(user.trim(), "rebootping-courier");
    machine.run(&format!("rm {conf} && systemctl reload rebootping"));
    wait_until("the courier has ended", LIMIT, || {
        let (_, said) = machine.try_run("systemctl is-active rebootping-courier");
        said.trim() == "inactive" && state().is_none()
    });
    check_units(machine);
}

/// A link in hold-down stays there, and no command of Shorewall's is run.
fn upgrade_in_hold_down(machine: &Machine, lab: &Lab, watcher: &Watcher, package: &std::path::Path) {
    wait_until("wan1 holds", LIMIT, || {
        link(machine, "wan1")["hold_down_left_s"].as_u64().is_some_and(|left| (1..3600).contains(&left))
    });
    let (before, changes, called) = (link(machine, "wan1"), watcher.changes().len(), calls(machine));
    assert!(called.iter().any(|call| call.contains("disable")), "it was taken out: {called:?}");
    let old = UNITS.map(|unit| main_pid(machine, unit));
    let said = install(machine, package);
    assert!(!said.contains(FIRST_WORDS[0]), "it is said once: {said}");
    wait_settled(machine);
    wait_until("wan1 is judged again", LIMIT, || link(machine, "wan1")["answered"].as_u64() > Some(0));
    let after = link(machine, "wan1");
    let left = |link: &Value| link["hold_down_left_s"].as_u64().expect("it holds");
    assert!(left(&after) <= left(&before) && left(&after) > 0, "{before} {after}");
    assert_eq!(after["committed"], true, "{after}");
    assert!(old.iter().zip(UNITS).all(|(old, unit)| *old != main_pid(machine, unit)), "another version runs");
    assert_eq!(watcher.changes().len(), changes, "{:?}", watcher.changes());
    assert_eq!(calls(machine), called);
    assert_eq!(lab.gw().status_file("wan1").as_deref(), Some("1\n"));
}

/// A version that does not accept the configuration leaves the old one running, and says so.
fn refuse_upgrade(machine: &Machine, package: &std::path::Path) {
    let old = UNITS.map(|unit| main_pid(machine, unit));
    machine.run("printf '[probe]\\ninterval = \"0s\"\\n' >/etc/rebootping/conf.d/wrong.toml");
    let said = install(machine, package);
    assert!(said.contains("does not accept the configuration, so the old one goes on"), "{said}");
    assert!(said.contains("wrong.toml"), "{said}");
    assert_eq!(UNITS.map(|unit| main_pid(machine, unit)), old);
    machine.run("rm /etc/rebootping/conf.d/wrong.toml");
    wait_settled(machine);
}

/// Every link is given back before the program goes.
fn remove(machine: &Machine, lab: &Lab) {
    assert_eq!(lab.gw().status_file("wan1").as_deref(), Some("1\n"), "it is still out");
    machine.run("dpkg --remove rebootping");
    assert_eq!(lab.gw().status_file("wan1").as_deref(), Some("0\n"));
    assert!(lab.gw().balance_has("wan1", Family::V4) && lab.gw().balance_has("wan2", Family::V4));
    // What has ended may be waiting to be reaped.
    wait_until("no process is left", LIMIT, || machine.try_run("pgrep --list-full rebootping").1.is_empty());
    assert!(machine.run("ls /etc/rebootping /var/lib/rebootping").contains("rebootping.toml"), "a removal keeps both");
    let rules = machine.run("ip rule; nft list tables");
    assert!(!rules.contains("rebootping"), "{rules}");
}

/// Nothing is left, neither file nor user nor unit.
fn purge(machine: &Machine) {
    machine.run("dpkg --purge rebootping");
    let left = machine.run("find / /run -xdev -name '*rebootping*' -not -path '/var/lib/rebootping-lab*'");
    assert_eq!(left, "");
    let users = machine.try_run("getent passwd | grep rebootping; getent group | grep rebootping").1;
    assert_eq!(users, "");
    assert_eq!(machine.run("systemctl list-units --all --plain --no-legend 'rebootping*'"), "");
}

//! How the daemon lets go: `release`, SIGTERM, and kill -9 with the hardened `isusable`.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use rebootping_lab::{Daemon, Family, Isusable, Lab, SWITCH_LIMIT, wait_until};

use crate::asking::{ask, run_alone};
use crate::support::{RETURN_LIMIT, hold_down, lab, start, stays_so, wait_out};

/// Five times what an end may take while nothing is under way.
const END_LIMIT: Duration = Duration::from_secs(5);
/// Five times what it may take while a command of Shorewall's runs.
const BUSY_END_LIMIT: Duration = Duration::from_secs(25);

/// A gateway whose daemon has taken wan1 out because it misses one of its targets, so that a drain keeps its flows.
fn with_wan1_drained(lab: &Lab) -> Daemon {
    let daemon = start(lab, &hold_down(3600));
    lab.isp(1).lose_target("8.8.8.8", true);
    wait_out(lab, &daemon, "wan1", SWITCH_LIMIT);
    wait_until("wan1 has its drain", SWITCH_LIMIT, || has_drain(lab));
    daemon
}

/// Whether a rule of ours keeps flows on a link that leaves: its priority is nobody else's.
fn has_drain(lab: &Lab) -> bool {
    lab.gw().run("ip rule").lines().any(|rule| {
        let priority = rule.split(':').next().and_then(|number| number.parse().ok());
        priority.is_some_and(|priority: u32| (19_001..20_000).contains(&priority))
    })
}

/// Routes for new connections, status files and rules are as if there were no daemon.
fn is_given_back(lab: &Lab) -> bool {
    let gw = lab.gw();
    let links = ["wan1", "wan2"];
    links.iter().all(|link| gw.balance_has(link, Family::V4) && gw.status_file(link).as_deref() == Some("0\n"))
        && !has_drain(lab)
}

#[test]
fn release_has_a_running_daemon_give_every_link_back_and_commit_no_more() {
    let lab = lab("release").build();
    let daemon = with_wan1_drained(&lab);
    ask(&daemon, "release").is_done("every link was given back; the daemon goes on observing until it is started anew");
    assert!(is_given_back(&lab), "{}", lab.gw().run("ip rule; ip route show table all"));
    assert_eq!(daemon.status()["commit"]["state"], "observing");
    lab.isp(2).blackhole(true);
    wait_until("wan2 is seen to fail", SWITCH_LIMIT, || daemon.link("wan2")["answered"] == 0);
    stays_so("nothing is committed any more", Duration::from_secs(2), || is_given_back(&lab));
    assert!(daemon.log().contains("every link is given back"), "{}", daemon.log());
}

#[test]
fn release_without_a_daemon_gives_every_link_back_before_it_ends() {
    let lab = lab("alone").build();
    let daemon = with_wan1_drained(&lab);
    let (status, took) = daemon.terminate();
    assert!(status.success() && took < END_LIMIT, "{status} after {took:?}");
    assert_eq!(lab.gw().status_file("wan1").as_deref(), Some("1\n"));
    assert!(!lab.gw().balance_has("wan1", Family::V4) && has_drain(&lab), "the end of the daemon changes nothing");
    let said = run_alone(&lab, "release");
    assert_eq!((said.code, said.out.as_str()), (Some(0), "every link was given back\n"), "{said:?}");
    assert!(is_given_back(&lab), "{}", lab.gw().run("ip rule; ip route show table all"));
    let again = run_alone(&lab, "release");
    assert_eq!(again.code, Some(0), "it is safe to run twice: {again:?}");
}

#[test]
fn release_gives_ipv6_back_too() {
    let lab = lab("releasesix").ipv6(true).build();
    let daemon = start(&lab, &hold_down(3600));
    let watcher = lab.gw().watch();
    let broken = lab.isp(2).blackhole(true);
    for family in [Family::V4, Family::V6] {
        watcher.wait_left("wan2", family, broken, SWITCH_LIMIT);
    }
    let (status, _) = daemon.terminate();
    assert!(status.success());
    let said = run_alone(&lab, "release");
    assert_eq!(said.code, Some(0), "{said:?}");
    for family in [Family::V4, Family::V6] {
        assert!(["wan1", "wan2"].iter().all(|link| lab.gw().balance_has(link, family)), "{family:?}");
        assert_eq!(lab.gw().status_file_of("wan2", family).as_deref(), Some("0\n"));
    }
}

#[test]
fn a_term_while_a_shorewall_command_is_in_flight_does_not_wait_for_it() {
    let lab = lab("term").build();
    let daemon = start(&lab, &hold_down(3600));
    let other = HeldLock::take(&lab);
    lab.isp(1).blackhole(true);
    wait_until("a command of Shorewall's is in flight", SWITCH_LIMIT, || {
        lab.gw().status_file("wan1").as_deref() == Some("1\n") && commands_in_flight(&lab) > 0
    });
    assert!(lab.gw().balance_has("wan1", Family::V4), "the command waits for Shorewall's lock");
    let (status, took) = daemon.terminate();
    assert!(status.success() && took < BUSY_END_LIMIT, "{status} after {took:?}");
    drop(other);
    wait_until("the command has ended by itself", BUSY_END_LIMIT, || commands_in_flight(&lab) == 0);
}

/// How many processes run Shorewall's compiled script in this lab.
fn commands_in_flight(lab: &Lab) -> usize {
    let script = lab.gw().var_dir(Family::V4).join("firewall");
    let found = Command::new("pgrep").args(["--count", "--full"]).arg(format!("{} ", script.display())).output();
    String::from_utf8_lossy(&found.expect("`pgrep` starts").stdout).trim().parse().unwrap_or(0)
}

/// Shorewall's own lock, held as another Shorewall command would.
struct HeldLock(PathBuf);

impl HeldLock {
    fn take(lab: &Lab) -> Self {
        let path = lab.gw().var_dir(Family::V4).join("lock");
        fs::write(&path, std::process::id().to_string()).expect("it can be written");
        Self(path)
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn after_kill_9_the_hardened_isusable_lets_a_link_back_once_the_hold_down_is_over_and_not_before() {
    const HOLD_DOWN: u64 = 120;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist/shorewall/isusable");
    let lab = lab("hardened").isusable(Isusable::Hardened(script.into())).build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    age_status_file(&lab, HOLD_DOWN + 60);
    reload(&lab);
    assert!(!lab.gw().balance_has("wan1", Family::V4), "a daemon that runs is believed however old its word");

    let judge = children_of(daemon.pid());
    daemon.kill9();
    wait_until("the judge has ended with the daemon", END_LIMIT, || {
        judge.iter().all(|pid| !PathBuf::from(format!("/proc/{pid}")).exists())
    });
    age_status_file(&lab, HOLD_DOWN - 30);
    reload(&lab);
    assert!(!lab.gw().balance_has("wan1", Family::V4), "the hold-down is not over");
    age_status_file(&lab, HOLD_DOWN + 1);
    stays_so("nothing happens without a reload", Duration::from_secs(1), || !lab.gw().balance_has("wan1", Family::V4));
    reload(&lab);
    assert!(lab.gw().balance_has("wan1", Family::V4), "the hold-down is over");
}

/// Makes wan1's status file as old as if time had passed.
fn age_status_file(lab: &Lab, seconds: u64) {
    let path = lab.gw().var_dir(Family::V4).join("rebootping-wan1.status");
    let file = File::options().write(true).open(path).expect("it is there");
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("it is ours");
}

#[track_caller]
fn reload(lab: &Lab) {
    let output = lab.gw().shorewall("reload");
    assert!(output.status.success(), "{output:?}");
}

fn children_of(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let pids: Vec<u32> =
        children.flat_map(|line| line.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect();
    assert!(!pids.is_empty(), "the daemon has a judge");
    pids
}

#[test]
fn a_daemon_killed_for_good_is_followed_by_another_that_goes_on() {
    let lab = lab("follow").build();
    let daemon = with_wan1_drained(&lab);
    daemon.kill9();
    let daemon = lab.gw().daemon(&hold_down(3600));
    daemon.wait_ready();
    wait_until("the next daemon has judged", RETURN_LIMIT, || daemon.link("wan1")["reason"]["code"] == "behind");
    assert_eq!(daemon.link("wan1")["committed"], true);
    assert!(!lab.gw().balance_has("wan1", Family::V4) && has_drain(&lab));
}

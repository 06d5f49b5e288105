//! Sick company: a firewall that does not obey, a disk that takes nothing, a process that stops. No round is missed for it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Daemon, Family, Lab, SWITCH_LIMIT, wait_until};
use serde_json::Value;

use crate::beat::{Beat, rounds};
use crate::crash::Holding;
use crate::disk::Disk;
use crate::slow_disk::SlowDisk;
use crate::support::{RETURN_LIMIT, hold_down, lab, start, wait_in, wait_mid_hold_down, wait_out};

/// A command is ended after two seconds and two of grace, and tried again after 1, 2, 4 s: that, and a slow machine.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
/// The daemon ends a judge that says nothing for 10 s; five times that.
const SILENCE_LIMIT: Duration = Duration::from_secs(50);
/// So long the daemon's first process stands still while its judge goes on.
const STANDSTILL: Duration = Duration::from_secs(5);

/// Shorewall's compiled script, sound or sick.
struct Script {
    compiled: PathBuf,
    sound: PathBuf,
}

impl Script {
    fn of(lab: &Lab) -> Self {
        let compiled = lab.gw().var_dir(Family::V4).join("firewall");
        let sound = compiled.with_extension("sound");
        fs::copy(&compiled, &sound).expect("Shorewall was compiled");
        Self { compiled, sound }
    }

    /// Whatever changes a provider does `what` instead. All else stays: the daemon reads the script to learn whom it asks.
    fn sickens(&self, what: &str) {
        let sound = fs::read_to_string(&self.sound).expect("it was kept");
        self.replace(&format!("#!/bin/sh\ncase \"$*\" in *enable*|*disable*|*reload*) {what} ;; esac\n{sound}"));
    }

    fn recovers(&self) {
        self.replace(&fs::read_to_string(&self.sound).expect("it was kept"));
    }

    /// By rename: nobody runs half of it.
    fn replace(&self, text: &str) {
        let beside = self.compiled.with_extension("beside");
        fs::write(&beside, text).expect("a file can be written");
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o700)).expect("a script can be made executable");
        fs::rename(&beside, &self.compiled).expect("a file can be renamed");
    }
}

/// What a disk may have.
#[derive(Clone, Copy)]
enum Trouble {
    Full,
    ReadOnly,
}

impl Trouble {
    fn begins(self, disk: &Disk, daemon: &Daemon) {
        match self {
            Self::Full => disk.fill(),
            // The observer has the history open, and is started anew within an instant.
            Self::ReadOnly => {
                wait_until("nobody can write any more", RECOVERY_LIMIT, || {
                    if let Some(observer) = find(daemon, "observer") {
                        // It may have ended by itself just now.
                        let _ = kill(Pid::from_raw(observer as i32), Signal::SIGKILL);
                    }
                    disk.try_read_only()
                });
            }
        }
    }

    fn ends(self, disk: &Disk) {
        match self {
            Self::Full => disk.clear(),
            Self::ReadOnly => disk.read_only(false),
        }
    }
}

/// Breaks wan1 while the firewall does `sickness`, sees that said, and sees all mended by itself once it is sound again.
#[track_caller]
fn check_sick(lab: &Lab, daemon: &Daemon, script: &Script, (sickness, said): (&str, &str)) {
    let beat = Beat::of(lab);
    script.sickens(sickness);
    lab.isp(1).blackhole(true);
    wait_until("it is shown that the choice is not applied", RECOVERY_LIMIT, || {
        let commit = &daemon.status()["commit"];
        commit["state"] == "failing" && commit["error"].as_str().is_some_and(|error| error.contains(said))
    });
    assert_eq!(lab.gw().status_file("wan1").as_deref(), Some("1\n"), "the file is right whatever Shorewall does");
    let shown = daemon.cli(&["status"]).stdout;
    assert!(String::from_utf8_lossy(&shown).contains("NOT APPLIED (failing)"), "{}", String::from_utf8_lossy(&shown));
    let log = daemon.log();
    assert!(log.lines().any(|line| line.contains("not applied") && line.contains(said)), "{said}:\n{log}");
    script.recovers();
    wait_out(lab, daemon, "wan1", RECOVERY_LIMIT);
    lab.isp(1).mend();
    wait_in(lab, daemon, "wan1", RECOVERY_LIMIT);
    beat.assert_unbroken();
}

/// A name server that nobody reaches, for whatever might ask one.
fn kill_resolver(lab: &Lab) {
    let etc = lab.gw().etc_dir(Family::V4);
    let etc = etc.parent().expect("it is below that of the namespace");
    fs::write(etc.join("resolv.conf"), "nameserver 192.0.2.254\n").expect("a file can be written");
}

#[track_caller]
fn check_sicknesses(prefix: &str, sicknesses: &[(&str, &str)]) {
    let lab = lab(prefix).build();
    kill_resolver(&lab);
    let daemon = start(&lab, &format!("{}[commit]\ntimeout = \"2s\"\n", hold_down(2)));
    let script = Script::of(&lab);
    for sickness in sicknesses {
        println!("{sickness:?}");
        check_sick(&lab, &daemon, &script, *sickness);
    }
}

#[test]
fn a_firewall_that_hangs_or_ignores_term_delays_no_round_and_is_commanded_again() {
    check_sicknesses(
        "hang",
        &[
            ("exec sleep 1000", "it took too long and was ended"),
            ("trap '' TERM; while :; do sleep 0.1; done", "it took too long and was ended"),
        ],
    );
}

#[test]
fn a_firewall_that_fails_or_prints_a_hundred_megabytes_delays_no_round_and_is_commanded_again() {
    let much = "head -c 100000000 /dev/zero | tr '\\0' x; exit 4";
    check_sicknesses("fail", &[("echo 'no luck' >&2; exit 3", "no luck"), (much, "it ended with exit code 4")]);
}

#[test]
fn a_state_folder_that_is_full_read_only_or_slow_delays_no_switch_and_is_used_again() {
    let lab = lab("full").build();
    let disk = Disk::small(&lab.dir().join("state"));
    // Captures would make room by going.
    let daemon = start(&lab, &format!("{}[capture]\nmode = \"off\"\n", hold_down(2)));
    let lasting = lab.dir().join("state/judge/links.json");
    for (number, trouble) in [Trouble::Full, Trouble::ReadOnly].into_iter().enumerate() {
        let (beat, kept) = (Beat::of(&lab), rounds(&lasting));
        trouble.begins(&disk, &daemon);
        lab.isp(1).blackhole(true);
        wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
        wait_until("it is said that hold-downs are not kept", SWITCH_LIMIT, || {
            daemon.log().matches("hold-downs cannot be kept in").count() == number + 1
        });
        trouble.ends(&disk);
        lab.isp(1).mend();
        wait_in(&lab, &daemon, "wan1", RETURN_LIMIT);
        wait_until("hold-downs are kept again", RETURN_LIMIT, || rounds(&lasting) > kept);
        beat.assert_unbroken();
    }
    let beat = Beat::of(&lab);
    let slow = SlowDisk::under(&daemon);
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    drop(slow);
    beat.assert_unbroken();
}

#[test]
fn status_files_that_cannot_be_written_are_said_and_written_as_soon_as_they_can_be() {
    let lab = lab("readonly").build();
    let disk = Disk::over(&lab.gw().var_dir(Family::V4));
    let daemon = start(&lab, &hold_down(2));
    let beat = Beat::of(&lab);
    disk.read_only(true);
    lab.isp(1).blackhole(true);
    wait_until("it is shown that the choice is not applied", SWITCH_LIMIT, || {
        daemon.status()["commit"]["state"] == "failing"
    });
    assert!(daemon.log().contains("(not applied; tried again in "), "{}", daemon.log());
    assert_eq!(daemon.link("wan1")["committed"], false);
    disk.read_only(false);
    wait_out(&lab, &daemon, "wan1", RECOVERY_LIMIT);
    lab.isp(1).mend();
    wait_in(&lab, &daemon, "wan1", RECOVERY_LIMIT);
    beat.assert_unbroken();
}

#[test]
fn a_firewalls_folder_that_is_full_is_said_and_the_choice_applied_as_soon_as_there_is_room() {
    let lab = lab("varfull").build();
    let var = lab.gw().var_dir(Family::V4);
    let disk = Disk::over(&var);
    let daemon = start(&lab, &hold_down(2));
    let beat = Beat::of(&lab);
    // A file that is there is changed where it lies, which takes no room: one must be gone before the daemon sees it.
    signal_to(daemon.pid(), Signal::SIGSTOP);
    fs::remove_file(var.join("rebootping-wan1.status")).expect("it was made");
    disk.fill();
    signal_to(daemon.pid(), Signal::SIGCONT);
    lab.isp(1).blackhole(true);
    wait_until("it is shown that the choice is not applied", RECOVERY_LIMIT, || {
        daemon.try_status().is_some_and(|status| status["commit"]["state"] == "failing")
    });
    assert!(daemon.log().contains("(not applied; tried again in "), "{}", daemon.log());
    assert_eq!(daemon.link("wan1")["committed"], false);
    assert_eq!(lab.gw().status_file("wan2").as_deref(), Some("0\n"), "what was there is whole");
    disk.clear();
    wait_out(&lab, &daemon, "wan1", RECOVERY_LIMIT);
    lab.isp(1).mend();
    wait_in(&lab, &daemon, "wan1", RECOVERY_LIMIT);
    beat.assert_unbroken();
}

#[test]
fn a_judge_that_ends_or_stands_still_is_replaced_and_hold_downs_are_kept() {
    const HOLD_DOWN: u64 = 600;
    let lab = lab("judge").build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    lab.isp(1).mend();
    wait_mid_hold_down(&daemon, "wan1", HOLD_DOWN);
    let (memory, holding) = (lab.dir().join("run/judge/links.json"), Holding::of(&lab));
    // A panic ends a process by SIGABRT where it is no longer caught, the kernel out of memory by SIGKILL.
    for (restarts, signal) in (1..).zip([Signal::SIGKILL, Signal::SIGABRT, Signal::SIGSTOP]) {
        let judged = rounds(&memory);
        signal_to(judge(&daemon), signal);
        wait_until(&format!("another judge has judged after {signal}"), SILENCE_LIMIT, || {
            let status = daemon.status();
            process(&daemon, "judge")["restarts"] == restarts
                && status["links"][0]["reason"]["code"] == "hold_down"
                && rounds(&memory) > judged + 2
        });
        holding.assert_kept(&lab);
    }
    assert!(daemon.log().contains("the judge says nothing; it is ended and started anew"), "{}", daemon.log());
    assert_eq!(daemon.log().matches("new connections use").count(), 1, "{}", daemon.log());
    assert!(lab.gw().uses("wan2", Family::V4) && !lab.gw().balance_has("wan1", Family::V4));
}

#[test]
fn an_observer_that_ends_or_stands_still_is_replaced_and_no_round_is_missed() {
    let lab = lab("watch").build();
    let daemon = start(&lab, &hold_down(600));
    let beat = Beat::of(&lab);
    for (restarts, signal) in (1..).zip([Signal::SIGKILL, Signal::SIGABRT, Signal::SIGSTOP]) {
        signal_to(running(&daemon, "observer"), signal);
        wait_until(&format!("another observer runs after {signal}"), SILENCE_LIMIT, || {
            let status = daemon.status();
            let observer =
                status["processes"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "observer"));
            observer.is_some_and(|one| one["restarts"] == restarts && one["state"] == "running")
        });
        beat.assert_unbroken();
    }
    assert!(daemon.log().contains("the observer says nothing; it is ended and started anew"), "{}", daemon.log());
    assert_eq!(process(&daemon, "judge")["restarts"], 0, "the judge went on");
    assert_eq!(daemon.log().matches("new connections use").count(), 0, "{}", daemon.log());
}

#[test]
fn rounds_go_on_while_the_daemon_stands_still_and_no_judge_outlives_it() {
    let lab = lab("still").build();
    let daemon = start(&lab, &hold_down(600));
    let beat = Beat::of(&lab);
    signal_to(daemon.pid(), Signal::SIGSTOP);
    lab.isp(1).blackhole(true);
    wait_until("it has stood still", STANDSTILL * 2, || beat.lasted() > STANDSTILL);
    beat.assert_unbroken();
    assert!(lab.gw().balance_has("wan1", Family::V4), "nobody commits");
    signal_to(daemon.pid(), Signal::SIGCONT);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    beat.assert_unbroken();
    let judge = judge(&daemon);
    daemon.kill9();
    wait_until("its judge has ended", RETURN_LIMIT, || !is_alive(judge));
}

/// What `status` says of the daemon's process of that name.
#[track_caller]
fn process(daemon: &Daemon, name: &str) -> Value {
    let status = daemon.status();
    let all = status["processes"].as_array().expect("there are processes");
    all.iter().find(|one| one["name"] == name).cloned().unwrap_or_else(|| panic!("no {name}: {status}"))
}

/// The process id of the judge that runs now.
#[track_caller]
pub(crate) fn judge(daemon: &Daemon) -> u32 {
    running(daemon, "judge")
}

/// The same, where there may be none.
pub(crate) fn find_judge(daemon: &Daemon) -> Option<u32> {
    find(daemon, "judge")
}

/// The process id of the daemon's process of that name.
#[track_caller]
fn running(daemon: &Daemon, name: &str) -> u32 {
    let mut found = None;
    wait_until(&format!("there is a {name}"), RETURN_LIMIT, || {
        found = find(daemon, name);
        found.is_some()
    });
    found.expect("it was just found")
}

fn find(daemon: &Daemon, name: &str) -> Option<u32> {
    let pattern = format!("rebootping {name}$");
    let output = Command::new("pgrep").args(["-P", &daemon.pid().to_string(), "-f", &pattern]).output();
    String::from_utf8_lossy(&output.expect("pgrep starts").stdout).lines().next()?.parse().ok()
}

/// Whether a process is there and no zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Sends a signal to a process that has not been waited for.
#[track_caller]
pub(crate) fn signal_to(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid as i32), signal).expect("it has not been waited for");
}

//! A kill at every call that changes a file: strace ends a process when one of its threads comes to its first, second, third … one.

use std::fs;
use std::time::Duration;

use rebootping_lab::{Family, Lab, SWITCH_LIMIT, wait_until};

use crate::beat::rounds;
use crate::company::{find_judge, is_alive};
use crate::crash::{Holding, config, reader};
use crate::support::{lab, start, wait_out};
use crate::times;
use crate::wrapper::{Wrapper, replace};

/// Each changes a file or brings it to the disk.
const CALLS: [&str; 4] = ["write", "pwrite64", "fsync", "rename"];
/// A thread that writes every round makes more of them than one waits for.
const MOST: usize = 16;
/// The program, ended by `$0.how`; `-D` has it be the process that is waited for, and strace its grandchild.
const RUN: &str =
    "[ -s \"$0.how\" ] || exec \"$@\"\nexec strace -D -f -qqq -o /dev/null -e \"$(cat \"$0.how\")\" \"$@\"";
/// Start-up, a switch, and some rounds more.
const LIFE_LIMIT: Duration = Duration::from_secs(30);

/// Starts the daemon to be killed at the `nth` call of a kind, has it write all its files, and says whether something was killed.
#[track_caller]
fn is_killed_at(lab: &Lab, wrapper: &Wrapper, call: &str, nth: usize) -> bool {
    replace(&wrapper.how(), &format!("inject={call}:signal=KILL:when={nth}"));
    // The other way round than the file has it: it must be written.
    let in_use = lab.gw().status_file("wan2").as_deref() == Some("0\n");
    lab.isp(2).blackhole(in_use);
    let wanted = if in_use { "1\n" } else { "0\n" };
    let daemon = lab.gw().daemon(&config());
    let is_killed = || !is_alive(daemon.pid()) || daemon.log().contains("the judge ended (killed by SIGKILL)");
    let memory = lab.dir().join("run/judge/links.json");
    let enough = rounds(&memory) + times(2, 10) as u64;
    wait_until("somebody was killed or all is written, some of it often", LIFE_LIMIT, || {
        is_killed() || (lab.gw().status_file("wan2").as_deref() == Some(wanted) && rounds(&memory) >= enough)
    });
    let killed = is_killed();
    let judge = find_judge(&daemon);
    daemon.kill9();
    wait_until("its judge has ended", SWITCH_LIMIT, || judge.is_none_or(|judge| !is_alive(judge)));
    killed
}

#[test]
fn processes_killed_at_any_call_that_changes_a_file_keep_files_whole_and_hold_downs() {
    let wrapper = Wrapper::of("injected", RUN);
    let lab = lab("injected").isps(3).binary(wrapper.program()).build();
    let daemon = start(&lab, &config());
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    lab.isp(1).mend();
    let (reader, holding) = (reader(&lab), Holding::of(&lab));
    daemon.kill9();
    let mut points = 0;
    for call in CALLS {
        let killed = (1..=MOST).take_while(|nth| is_killed_at(&lab, &wrapper, call, *nth));
        let killed = killed.count();
        println!("{call}: killed at {killed} points");
        assert!(killed > 0, "nobody was killed at {call}");
        points += killed;
    }
    reader.end();
    println!("killed at {points} points in all");
    fs::remove_file(wrapper.how()).expect("it was written");
    let daemon = lab.gw().daemon(&config());
    wait_until("the last daemon has judged", SWITCH_LIMIT, || {
        daemon.try_status().is_some_and(|status| status["links"][0]["reason"]["code"] == "hold_down")
    });
    holding.assert_kept(&lab);
    assert!(!lab.log_contains("links.damaged"), "a memory was not whole");
    assert!(!lab.gw().balance_has("wan1", Family::V4));
}

//! Power that is lost while hold-downs change: what the disk has then is whole, and hold-downs are within a minute of the truth.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rebootping_lab::{Daemon, Lab, SWITCH_LIMIT, wait_until};

use crate::beat::held;
use crate::company::{is_alive, judge};
use crate::disk::Disk;
use crate::support::{RETURN_LIMIT, hold_left, lab, links, start};
use crate::times;
use crate::wrapper::{Wrapper, replace};

const HOLD_DOWN: u64 = 3600;
/// Start-up asks Shorewall, looks for gateways and judges a first round: 3 s on an idle machine.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// Memory that must survive is written at every fault, and once a minute while a link holds.
const A_MINUTE: u64 = 60;

/// What a sync of a status file takes at first, in microseconds: well within what is waited for.
const SYNC_TAKES: u32 = 150_000;
/// The program under strace as `$0.how` says, if it does.
const RUN: &str = "[ -s \"$0.how\" ] || exec \"$@\"\nexec strace -D -f -qqq -o /dev/null $(cat \"$0.how\") \"$@\"";

/// The status files lie on the disk that fails; Shorewall keeps its own elsewhere, or it would have to be started anew.
fn config(disk: &Path) -> String {
    let files = disk.join("{interface}.status");
    format!(
        "[select]\nhold_down = \"{HOLD_DOWN}s\"\n[[link]]\ninterface = \"wan2\"\nhold_down = \"1s\"\n\
         [commit]\nbackend = \"shorewall\"\nstatus_file = \"{}\"\n",
        files.display()
    )
}

/// How a status file was found.
fn found(disk: &Path, link: &str) -> String {
    fs::read_to_string(disk.join(format!("{link}.status"))).unwrap_or_else(|error| error.to_string())
}

/// What is in a status file that a script would misread.
fn misread(disk: &Path) -> Vec<String> {
    let all = ["wan1", "wan2", "wan3"].map(|link| format!("{link}: {:?}", found(disk, link)));
    all.into_iter().filter(|it| !it.ends_with("\"0\\n\"") && !it.ends_with("\"1\\n\"")).collect()
}

/// Power that is lost at the instant in which the first status file of all is there, and somebody else has just had the names of
/// all files brought to the disk. What is in status files comes there late.
#[track_caller]
fn check_first_files(lab: &Lab, wrapper: &Wrapper, disk: &Disk, folder: &Path) {
    let files = ["wan1", "wan2", "wan3"].map(|link| folder.join(format!("{link}.status")));
    let late = |name: &str| {
        format!("-P {} -P {} ", folder.join(name).display(), folder.join(format!(".{name}.first")).display())
    };
    let files_late: String = ["wan1", "wan2", "wan3"].map(|link| late(&format!("{link}.status"))).concat();
    replace(&wrapper.how(), &format!("-e trace=fsync -e inject=fsync:delay_enter={SYNC_TAKES} {files_late}"));
    for loss in 0..times(3, 20) {
        let daemon = lab.gw().daemon(&config(folder));
        let begun = Instant::now();
        while !files.iter().any(|file| file.exists()) {
            assert!(begun.elapsed() < SETTLE_LIMIT, "no status file is made");
        }
        fs::File::create(folder.join("other")).and_then(|file| file.sync_all()).expect("a file can be made");
        disk.lose_power();
        let judge = judge(&daemon);
        daemon.kill9();
        wait_until("its judge has ended", SWITCH_LIMIT, || !is_alive(judge));
        fs::remove_dir_all(lab.dir().join("run")).expect("it was there");
        disk.boot();
        let there = files.iter().filter(|file| file.exists()).count();
        println!("first files, loss {loss}: {there} are there after it");
        for file in files.iter().filter(|file| file.exists()) {
            let content = fs::read_to_string(file).expect("a file");
            assert!(["0\n", "1\n"].contains(&content.as_str()), "{} holds {content:?}", file.display());
            fs::remove_file(file).expect("it is there");
        }
    }
    fs::remove_file(wrapper.how()).expect("it was written");
}

#[track_caller]
fn check(prefix: &str, kind: &str) {
    let wrapper = Wrapper::of(prefix, RUN);
    let lab = lab(prefix).isps(3).binary(wrapper.program()).build();
    let folder = lab.dir().join("state");
    let disk = Disk::made(kind, &lab.dir().join("image"), &folder);
    check_first_files(&lab, &wrapper, &disk, &folder);
    let mut daemon = start(&lab, &config(&folder));
    lab.isp(1).blackhole(true);
    wait_until("wan1 is left", SWITCH_LIMIT, || {
        daemon.link("wan1")["committed"] == true && found(&folder, "wan1") == "1\n"
    });
    lab.isp(1).mend();
    for loss in 0..times(4, 50) {
        // The last thing it does is to change a choice and a hold-down.
        lab.isp(2).blackhole(loss % 2 == 0);
        let wanted = if loss % 2 == 0 { "1\n" } else { "0\n" };
        wait_until("wan2 has changed", RETURN_LIMIT, || found(&folder, "wan2") == wanted);
        let truth = hold_left(&daemon, "wan1");
        disk.lose_power();
        let judge = judge(&daemon);
        daemon.kill9();
        wait_until("its judge has ended", SWITCH_LIMIT, || !is_alive(judge));
        // What lay in memory alone is gone too.
        fs::remove_dir_all(lab.dir().join("run")).expect("it was there");
        disk.boot();
        assert!(misread(&folder).is_empty(), "{kind}, loss {loss}: {:?}", misread(&folder));
        let kept = held(&folder.join("judge/links.json"), "wan1");
        println!("{kind}, loss {loss}: {truth} s to hold before, {kept} s after it");
        assert!(kept + 2 >= truth && kept <= truth + A_MINUTE, "{truth} s were left to hold, {kept} s are kept");
        daemon = start_again(&lab, &folder);
        assert!(misread(&folder).is_empty(), "{:?}", misread(&folder));
    }
    lab.isp(2).mend();
    wait_until("wan2 is back", RETURN_LIMIT, || {
        daemon.link("wan2")["healthy"] == true && found(&folder, "wan2") == "0\n"
    });
    assert!(!lab.log_contains("links.damaged"), "a memory was not whole");
}

/// Starts the daemon of the next boot and waits until it has judged.
#[track_caller]
fn start_again(lab: &Lab, folder: &Path) -> Daemon {
    let daemon = lab.gw().daemon(&config(folder));
    wait_until("the next boot has judged and committed", SETTLE_LIMIT, || {
        let Some(status) = daemon.try_status() else { return false };
        status["links"][0]["reason"]["code"] == "hold_down"
            && links(&status).count() == 3
            && links(&status).all(|link| link["committed"] == true)
    });
    daemon
}

#[test]
fn an_ext4_that_loses_its_power_keeps_files_whole_and_hold_downs() {
    check("ext4", "ext4");
}

#[test]
fn an_xfs_that_loses_its_power_keeps_files_whole_and_hold_downs() {
    check("xfs", "xfs");
}

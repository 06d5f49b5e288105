//! A kill at every call that changes a file: strace names them all in a first life, and ends each further life at one of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rebootping_lab::{Daemon, Family, Lab, SWITCH_LIMIT, wait_until};

use crate::beat::rounds;
use crate::company::{find_judge, is_alive};
use crate::crash::{Holding, config};
use crate::files::Reader;
use crate::support::{lab, start, wait_out};
use crate::times;
use crate::wrapper::{Wrapper, replace};

/// Each makes, changes, names or takes away a file, or brings it to the disk.
const CALLS: &str = "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat2,unlink";
/// Files written every round, and at every fault, are written in the same way each time.
const MOST_OF_A_KIND: usize = 5;
/// Kills of a short test, spread over all that there are.
const SHORT: usize = 12;
/// Fewer places than this cannot be all: two files of memory, three status files, the file of trust.
const AT_LEAST: usize = 40;
/// The program under strace, as `$0.how` says; `-D` has the program be the process that is waited for, and strace its grandchild.
const RUN: &str = "[ -s \"$0.how\" ] || exec \"$@\"\nexec strace -D -f -qqq $(cat \"$0.how\") \"$@\"";
/// Start-up, a link out and in again, and some rounds more, all under strace.
const LIFE_LIMIT: Duration = Duration::from_secs(60);

/// The `nth` time that a thread makes this call on this file.
#[derive(Debug)]
struct Place {
    call: String,
    file: PathBuf,
    nth: usize,
}

/// Where the daemon of a test changes files, and how its lives begin.
struct Scene<'a> {
    lab: &'a Lab,
    wrapper: &'a Wrapper,
    memory: PathBuf,
    /// A status file, and the file that says when to trust it, that are made anew in every life.
    made: PathBuf,
    trust: PathBuf,
}

impl Scene<'_> {
    /// Every place at which the files of a daemon are changed that starts, takes a link out and brings it in again.
    #[track_caller]
    fn places(&self) -> Vec<Place> {
        let log = self.lab.dir().join("calls");
        self.live(&format!("-y -s 0 -o {} -e trace={CALLS}", log.display()));
        let text = fs::read_to_string(&log).expect("strace wrote");
        let mut counts: BTreeMap<(String, PathBuf), usize> = BTreeMap::new();
        for (call, file) in text.lines().filter_map(change) {
            if self.is_ours(&file) {
                *counts.entry((call.to_owned(), file)).or_default() += 1;
            }
        }
        let each = |((call, file), count): ((String, PathBuf), usize)| {
            let place = move |nth| Place { call: call.clone(), file: file.clone(), nth };
            (1..=count.min(MOST_OF_A_KIND)).map(place)
        };
        counts.into_iter().flat_map(each).collect()
    }

    /// Whether committer or judge write it, and not the firewall's commands below them, nor the observer, whose files are killed
    /// over elsewhere and bear the time in their names.
    fn is_ours(&self, file: &Path) -> bool {
        let (own, shared) = (self.lab.dir(), self.lab.gw().var_dir(Family::V4));
        let named = file.file_name().is_some_and(|name| name.to_string_lossy().contains("rebootping-wan"));
        ["run", "state/judge"].iter().any(|folder| file.starts_with(own.join(folder)))
            || file == shared
            || (file.starts_with(&shared) && (named || file.to_string_lossy().contains("rebootping.trust")))
    }

    /// Whether somebody was killed at this place.
    #[track_caller]
    fn is_killed_at(&self, Place { call, file, nth }: &Place) -> bool {
        let how = format!("-o /dev/null -e trace={call} -P {} -e inject={call}:signal=KILL:when={nth}", file.display());
        let killed = self.live(&how);
        let made = fs::read(&self.made).ok();
        assert!(made.is_none_or(|it| it == b"0\n" || it == b"1\n"), "{} after {call} {nth}", self.made.display());
        let trust = fs::read_to_string(&self.trust).ok();
        assert!(trust.is_none_or(|it| it.lines().count() == 2 && it.ends_with("lock\n")), "trust after {call} {nth}");
        killed
    }

    /// A life under strace, in which all files are written if it lasts; whether somebody was killed.
    #[track_caller]
    fn live(&self, how: &str) -> bool {
        replace(&self.wrapper.how(), how);
        self.lab.isp(2).mend();
        for file in [&self.made, &self.trust] {
            drop(fs::remove_file(file));
        }
        let daemon = self.lab.gw().daemon(&config());
        let judged = |more: u64| rounds(&self.memory) >= more;
        let is_killed = || !is_alive(daemon.pid()) || daemon.log().contains("the judge ended (killed by SIGKILL)");
        let is_in = |yes: bool| self.lab.gw().status_file("wan2").as_deref() == Some(if yes { "0\n" } else { "1\n" });
        let begun = rounds(&self.memory);
        wait_until("somebody was killed, or wan2 is in", LIFE_LIMIT, || {
            is_killed() || (is_in(true) && self.made.exists() && self.trust.exists() && judged(begun + 2))
        });
        self.lab.isp(2).blackhole(true);
        wait_until("somebody was killed, or wan2 is out", LIFE_LIMIT, || is_killed() || is_in(false));
        self.lab.isp(2).mend();
        let after = rounds(&self.memory) + 3;
        wait_until("somebody was killed, or all is written", LIFE_LIMIT, || {
            is_killed() || (is_in(true) && judged(after))
        });
        let killed = is_killed();
        end(daemon);
        killed
    }
}

/// The call of a line of strace and the file it changes, if it is one that changes a file.
fn change(line: &str) -> Option<(&str, PathBuf)> {
    let (_, line) = line.trim_start().split_once(' ')?;
    let (call, arguments) = line.trim_start().split_once('(')?;
    let quoted = || arguments.split('"').nth(1);
    let file = match call {
        "openat" => quoted().filter(|_| arguments.contains("O_CREAT"))?,
        "rename" | "renameat2" | "unlink" => quoted()?,
        _ => arguments.split_once('<')?.1.split_once('>')?.0,
    };
    Some((call, file.into()))
}

fn end(daemon: Daemon) {
    let judge = find_judge(&daemon);
    daemon.kill9();
    wait_until("its judge has ended", SWITCH_LIMIT, || judge.is_none_or(|judge| !is_alive(judge)));
}

fn status_file(lab: &Lab, link: &str) -> PathBuf {
    lab.gw().var_dir(Family::V4).join(format!("rebootping-{link}.status"))
}

#[test]
fn processes_killed_at_any_call_that_changes_a_file_keep_files_whole_and_hold_downs() {
    let wrapper = Wrapper::of("injected", RUN);
    let lab = lab("injected").isps(3).binary(wrapper.program()).build();
    let daemon = start(&lab, &config());
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    lab.isp(1).mend();
    let holding = Holding::of(&lab);
    end(daemon);
    let scene = Scene {
        lab: &lab,
        wrapper: &wrapper,
        memory: lab.dir().join("run/judge/links.json"),
        made: status_file(&lab, "wan3"),
        trust: lab.gw().var_dir(Family::V4).join("rebootping.trust"),
    };
    let places = scene.places();
    assert!(places.len() >= AT_LEAST, "{} places", places.len());
    let reader = Reader::of(["wan1", "wan2"].map(|link| status_file(&lab, link)).to_vec());
    let every = places.len().div_ceil(times(SHORT, usize::MAX));
    let (mut killed, mut tried) = (0, 0);
    for place in places.iter().step_by(every) {
        let hit = scene.is_killed_at(place);
        let name = place.file.file_name().map_or(place.file.as_path(), Path::new);
        println!("{} {} of {}: {}", place.call, place.nth, name.display(), if hit { "killed" } else { "not reached" });
        (killed, tried) = (killed + usize::from(hit), tried + 1);
    }
    reader.end();
    println!("killed at {killed} of {tried} places, {} there are", places.len());
    // A life that begins otherwise, because the one before was cut short, may not come to some of them.
    assert!(killed * 10 >= tried * 7, "killed at {killed} of {tried} places");
    fs::remove_file(wrapper.how()).expect("it was written");
    let daemon = lab.gw().daemon(&config());
    wait_until("the last daemon has judged", SWITCH_LIMIT, || {
        daemon.try_status().is_some_and(|status| status["links"][0]["reason"]["code"] == "hold_down")
    });
    holding.assert_kept(&lab);
    assert!(!lab.log_contains("links.damaged"), "a memory was not whole");
    assert!(!lab.gw().balance_has("wan1", Family::V4));
}

//! How evenly rounds begin: idle, and beside each kind of sick company.
//!
//! The times are the wire's own: when the kernel there had the first echo of each round. A beat is the time from one round's
//! first echo to the next one's; company may lengthen its 99th percentile by a tenth.

#[path = "../tests/lab/slow_disk.rs"]
#[expect(dead_code, reason = "the tests ask it more")]
mod slow_disk;
#[path = "../tests/lab/support.rs"]
#[expect(dead_code, reason = "the tests ask it more")]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, ExitCode};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Conditions, Daemon, Family, Lab};
use slow_disk::SlowDisk;
use support::{lab, start};

/// Short rounds give many beats; what delays a long one delays a short one too.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long each company is kept: its 99th percentile is the third worst of 300.
const TIME: Duration = Duration::from_secs(60);
/// Echoes fill the first half of a round; a silence longer than between two of them begins the next.
const SILENCE: Duration = Duration::from_millis(70);
/// By so much the 99th percentile may grow.
const PROMISED: f64 = 1.1;

/// The beats of one stretch of rounds, shortest first.
struct Beats(Vec<Duration>);

impl Beats {
    /// Those of the rounds that began after `since`, as the wire stamps.
    fn since(lab: &Lab, since: Duration) -> Self {
        let sent: Vec<Duration> = lab.isp(2).wire().echoes().iter().map(|echo| echo.request_at).collect();
        let gap = |pair: &[Duration]| pair[1].saturating_sub(pair[0]);
        let first_echoes = sent.windows(2).filter(|pair| pair[1] > since && gap(pair) > SILENCE);
        let begins: Vec<Duration> = first_echoes.map(|pair| pair[1]).collect();
        let mut beats: Vec<Duration> = begins.windows(2).map(gap).collect();
        beats.sort();
        Self(beats)
    }

    fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }

    fn print(&self, company: &str, idle: &Self) -> bool {
        let ratio = self.percentile(99).as_secs_f64() / idle.percentile(99).as_secs_f64();
        let kept = ratio <= PROMISED;
        let ms = |percent| self.percentile(percent).as_secs_f64() * 1e3;
        println!(
            "{company:34}{:>7}{:>10.2}{:>10.2}{:>10.2}{ratio:>8.3}  {}",
            self.0.len(),
            ms(50),
            ms(99),
            ms(100),
            if kept { "kept" } else { "BROKEN" }
        );
        kept
    }
}

/// The newest time the wire has stamped.
fn newest(lab: &Lab) -> Duration {
    lab.isp(2).wire().echoes().back().map(|echo| echo.request_at).unwrap_or_default()
}

/// Beats while `company` is there; it goes when what it returns is dropped.
fn beside<T>(lab: &Lab, company: impl FnOnce() -> T) -> Beats {
    let company = company();
    let since = newest(lab);
    thread::sleep(TIME);
    let beats = Beats::since(lab, since);
    drop(company);
    beats
}

/// Commands of the firewall do this instead, and there is always one to be done: wan1's upstream is dead.
fn sick_firewall(lab: &Lab, what: &str) -> Healed {
    let compiled = lab.gw().var_dir(Family::V4).join("firewall");
    let sound = fs::read_to_string(&compiled).expect("Shorewall was compiled");
    let sick = format!("#!/bin/sh\ncase \"$*\" in *enable*|*disable*|*reload*) {what} ;; esac\n{sound}");
    let put = move |text: &str| {
        let beside = compiled.with_extension("beside");
        fs::write(&beside, text).expect("a file can be written");
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o700)).expect("a script can be made executable");
        fs::rename(&beside, &compiled).expect("a file can be renamed");
    };
    put(&sick);
    lab.isp(1).blackhole(true);
    Healed(Some(Box::new(move || put(&sound))))
}

/// Ends a sickness when dropped.
struct Healed(Option<Box<dyn FnOnce()>>);

impl Drop for Healed {
    fn drop(&mut self) {
        if let Some(heal) = self.0.take() {
            heal();
        }
    }
}

/// As many busy processes as there are processors, at the priority of all.
struct Busy(Vec<Child>);

impl Busy {
    fn everywhere() -> Self {
        let processors = thread::available_parallelism().map_or(2, usize::from);
        let spin = || Command::new("sh").args(["-c", "while :; do :; done"]).spawn().expect("a shell starts");
        Self((0..processors).map(|_| spin()).collect())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Both fail only when it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The daemon's first process stands still until this is dropped.
struct Stopped(Pid);

impl Stopped {
    fn of(daemon: &Daemon) -> Self {
        let pid = Pid::from_raw(daemon.pid() as i32);
        kill(pid, Signal::SIGSTOP).expect("it runs");
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        kill(self.0, Signal::SIGCONT).expect("it has not been waited for");
    }
}

fn main() -> ExitCode {
    let lab = lab("beat").wire(2, Conditions::seeded(1)).build();
    let config = format!(
        "[probe]\ninterval = \"{}ms\"\n[select]\nhold_down = \"1s\"\n[commit]\ntimeout = \"2s\"\n",
        INTERVAL.as_millis()
    );
    let daemon = start(&lab, &config);
    println!("{:34}{:>7}{:>10}{:>10}{:>10}{:>8}", "company", "beats", "median ms", "99 % ms", "worst ms", "ratio");
    let idle = beside(&lab, || ());
    let mut kept = idle.print("none", &idle);
    let much = "head -c 100000000 /dev/zero | tr '\\0' x; exit 4";
    for (company, what) in [
        ("a firewall that hangs", "exec sleep 1000"),
        ("a firewall that fails", "exit 3"),
        ("a firewall that prints 100 MB", much),
        ("a firewall that ignores TERM", "trap '' TERM; while :; do sleep 0.1; done"),
    ] {
        kept &= beside(&lab, || sick_firewall(&lab, what)).print(company, &idle);
    }
    kept &= beside(&lab, || SlowDisk::under(&daemon)).print("a disk that takes 30 s a sync", &idle);
    kept &= beside(&lab, Busy::everywhere).print("busy processors", &idle);
    kept &= beside(&lab, || Stopped::of(&daemon)).print("a daemon that stands still", &idle);
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

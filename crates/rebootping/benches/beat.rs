//! How evenly rounds begin: idle, and beside each kind of sick company.
//!
//! The times are the wire's own: when the kernel there had the first echo of each round. A beat is the time from one round's
//! first echo to the next one's; company may lengthen its 99th percentile by a tenth. All companies come in turn, several times,
//! and twice in each turn there is none: how far these two are apart is what the machine alone does to the figure.
//!
//! `cargo bench --bench beat -- SECONDS` has each stretch last so long.

#[path = "../tests/lab/slow_disk.rs"]
#[expect(dead_code, reason = "the tests ask it more")]
mod slow_disk;
#[path = "../tests/lab/support.rs"]
#[expect(dead_code, reason = "the tests ask it more")]
mod support;

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Conditions, Daemon, Family, Lab, wait_until};
use slow_disk::SlowDisk;
use support::{lab, links, start};

/// Short rounds give many beats; what delays a long one delays a short one too.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long a company is kept at a time, and how many times: its 99th percentile is the sixth worst of 600.
const STRETCH: u64 = 30;
const TURNS: usize = 4;
/// A link is back well within this when the firewall is sound again: the longest pause after failures, and a hold-down.
const HEALED_LIMIT: Duration = Duration::from_secs(90);
/// Echoes fill the first half of a round; a silence longer than between two of them begins the next.
const SILENCE: Duration = Duration::from_millis(70);
/// By so much the 99th percentile may grow.
const PROMISED: f64 = 1.1;

/// The beats of some stretches of rounds.
#[derive(Default)]
struct Beats(Vec<Duration>);

impl Beats {
    /// Adds those of the rounds that began after `since`, as the wire stamps.
    fn add_since(&mut self, lab: &Lab, since: Duration) {
        let sent: Vec<Duration> = lab.isp(2).wire().echoes().iter().map(|echo| echo.request_at).collect();
        let gap = |pair: &[Duration]| pair[1].saturating_sub(pair[0]);
        let first_echoes = sent.windows(2).filter(|pair| pair[1] > since && gap(pair) > SILENCE);
        let begins: Vec<Duration> = first_echoes.map(|pair| pair[1]).collect();
        self.0.extend(begins.windows(2).map(gap));
    }

    fn percentile(&self, percent: usize) -> Duration {
        let mut beats = self.0.clone();
        beats.sort_unstable();
        beats[(beats.len() * percent / 100).min(beats.len() - 1)]
    }

    /// Prints a line, and says whether the promise is kept.
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

/// What may go on beside the daemon.
#[derive(Clone, Copy)]
enum Company {
    None,
    /// Commands of the firewall do this instead.
    Firewall(&'static str),
    SlowDisk,
    Busy,
    Standstill,
    ObserverKilled,
    ObserverStill,
    PageKilled,
    PageStill,
    PageFlooded,
}

const COMPANIES: [(&str, Company); 14] = [
    ("none", Company::None),
    ("a firewall that hangs", Company::Firewall("exec sleep 1000")),
    ("a firewall that fails", Company::Firewall("exit 3")),
    ("a firewall that prints 100 MB", Company::Firewall("head -c 100000000 /dev/zero | tr '\\0' x; exit 4")),
    ("a firewall that ignores TERM", Company::Firewall("trap '' TERM; while :; do sleep 0.1; done")),
    ("none, again", Company::None),
    ("a disk that takes 30 s a sync", Company::SlowDisk),
    ("busy processors", Company::Busy),
    ("a daemon that stands still", Company::Standstill),
    ("an observer killed again and again", Company::ObserverKilled),
    ("an observer that stands still", Company::ObserverStill),
    ("a page killed again and again", Company::PageKilled),
    ("a page that stands still", Company::PageStill),
    ("a page asked without end", Company::PageFlooded),
];

impl Company {
    /// Adds the beats of a stretch beside it.
    fn keep(self, lab: &Lab, daemon: &Daemon, stretch: Duration, beats: &mut Beats) {
        match self {
            Self::None => beside(lab, (), stretch, beats),
            Self::Firewall(what) => beside(lab, sick_firewall(lab, what), stretch, beats),
            Self::SlowDisk => beside(lab, SlowDisk::under(daemon), stretch, beats),
            Self::Busy => beside(lab, Busy::everywhere(), stretch, beats),
            Self::Standstill => beside(lab, Stopped::of(daemon.pid()), stretch, beats),
            Self::ObserverKilled => beside(lab, Killing::each(daemon.pid(), OBSERVER), stretch, beats),
            Self::ObserverStill => {
                beside(lab, Stopped::of(process(daemon.pid(), OBSERVER).expect("it observes")), stretch, beats);
            }
            Self::PageKilled => beside(lab, Killing::each(daemon.pid(), PAGE), stretch, beats),
            Self::PageStill => {
                beside(lab, Stopped::of(process(daemon.pid(), PAGE).expect("it serves")), stretch, beats);
            }
            Self::PageFlooded => beside(lab, Flooding::of_the_page(lab), stretch, beats),
        }
        lab.isp(1).mend();
        wait_until("all is as before", HEALED_LIMIT, || {
            daemon.try_status().is_some_and(|status| {
                links(&status).count() == 2
                    && links(&status).all(|link| link["enabled"] == true && link["committed"] == true)
            })
        });
    }
}

/// `company` is there, and goes when the stretch is over.
fn beside<T>(lab: &Lab, company: T, stretch: Duration, beats: &mut Beats) {
    let since = newest(lab);
    thread::sleep(stretch);
    beats.add_since(lab, since);
    drop(company);
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

/// A process stands still until this is dropped.
struct Stopped(Pid);

impl Stopped {
    fn of(pid: u32) -> Self {
        let pid = Pid::from_raw(pid as i32);
        kill(pid, Signal::SIGSTOP).expect("it runs");
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // The daemon ends an observer that is silent for long; then there is nobody to go on.
        let _ = kill(self.0, Signal::SIGCONT);
    }
}

/// Kills every such process a second after it was started.
struct Killing {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Killing {
    fn each(daemon: u32, name: &'static str) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = thread::spawn(move || {
            while !seen.load(Ordering::SeqCst) {
                if let Some(pid) = process(daemon, name) {
                    // It may have ended by itself just now.
                    let _ = kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
                }
                thread::sleep(Duration::from_secs(1));
            }
        });
        Self { over, thread: Some(thread) }
    }
}

impl Drop for Killing {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it only kills");
        }
    }
}

/// So many ask the page at once, over and over, for what costs it and the observer most; they themselves give way to all others.
const ASKERS: usize = 8;
const ASKED: [&str; 4] = ["overview", "links/wan1/history?from=1d", "log?limit=500", "devices"];

struct Flooding {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Flooding {
    fn of_the_page(lab: &Lab) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let asker = |number: usize| {
            let (over, path) = (Arc::clone(&over), ASKED[number % ASKED.len()]);
            let request = format!("GET /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1:8067\r\nConnection: close\r\n\r\n");
            lab.gw().enter(|| {
                thread::spawn(move || {
                    give_way();
                    let mut answers = 0;
                    while !over.load(Ordering::SeqCst) {
                        let asked = TcpStream::connect("127.0.0.1:8067").and_then(|mut stream| {
                            stream.write_all(request.as_bytes())?;
                            stream.read_to_end(&mut Vec::new())
                        });
                        answers += u64::from(asked.is_ok());
                    }
                    answers
                })
            })
        };
        Self { threads: (0..ASKERS).map(asker).collect(), over }
    }
}

impl Drop for Flooding {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let answers = self.threads.drain(..).map(|thread| thread.join().expect("it only asks")).sum::<u64>();
        println!("the page gave {answers} answers in the flood");
    }
}

/// What is measured is the daemon's work, not ours: this thread has the lowest priority there is (setpriority(2) of a thread).
fn give_way() {
    let tid = nix::unistd::gettid().to_string();
    let output = Command::new("renice").args(["-n", "19", "-p", &tid]).output().expect("renice starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What our processes are called on their command lines.
const OBSERVER: &str = "observer";
const PAGE: &str = "web";

/// The daemon's process of that name, if there is one just now.
fn process(daemon: u32, name: &str) -> Option<u32> {
    let line = format!("rebootping {name}$");
    let output = Command::new("pgrep").args(["-P", &daemon.to_string(), "-f", &line]).output();
    String::from_utf8_lossy(&output.expect("pgrep starts").stdout).lines().next()?.parse().ok()
}

fn main() -> ExitCode {
    let lab = lab("beat").wire(2, Conditions::seeded(1)).build();
    let config = format!(
        "[probe]\ninterval = \"{}ms\"\n[select]\nhold_down = \"1s\"\n[commit]\ntimeout = \"2s\"\n",
        INTERVAL.as_millis()
    );
    let daemon = start(&lab, &config);
    let seconds = env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(STRETCH);
    let mut all: [Beats; COMPANIES.len()] = Default::default();
    for _ in 0..TURNS {
        for ((_, company), beats) in COMPANIES.iter().zip(&mut all) {
            company.keep(&lab, &daemon, Duration::from_secs(seconds), beats);
        }
    }
    let load = fs::read_to_string("/proc/loadavg").expect("the kernel counts");
    println!("{TURNS} turns of {seconds} s each; load at the end: {}", load.trim());
    println!("{:34}{:>7}{:>10}{:>10}{:>10}{:>8}", "company", "beats", "median ms", "99 % ms", "worst ms", "ratio");
    let idle = COMPANIES.iter().zip(&all).filter(|((_, company), _)| matches!(company, Company::None));
    let idle = Beats(idle.flat_map(|(_, beats)| beats.0.clone()).collect());
    let broken = COMPANIES.iter().zip(&all).filter(|((name, _), beats)| !beats.print(name, &idle)).count();
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

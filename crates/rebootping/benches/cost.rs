//! What rebootping costs a gateway: CPU per echo beside fping's, memory of all its processes, error of its round trips.
//!
//! CPU is what the scheduler counted for every thread of a program's processes, in nanoseconds, and with it the soft
//! interrupts its packets cause, which Linux charges to whoever they interrupt: those are the machine's, less those of
//! an idle run of the same length. Both programs ask the same targets as often, over the same two links.

#[path = "cost/processes.rs"]
mod processes;
#[path = "cost/trips.rs"]
mod trips;

use processes::{family_of, run_time};
use rebootping_lab::{Daemon, Lab, PUBLIC_V4, wait_until};
use std::env;
use std::fs;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

const LINKS: [&str; 2] = ["wan1", "wan2"];
/// Each program is measured for so long, in turns, so often.
const RUN: Duration = Duration::from_secs(10);
const TURNS: u32 = 3;
/// Start-up is not what a daemon costs.
const SETTLE: Duration = Duration::from_secs(3);
/// Anonymous memory of all processes, in kilobytes.
const MOST_MEMORY: u64 = 30_000;
const READY_LIMIT: Duration = Duration::from_secs(30);

/// How densely the targets are asked: the daemon's configuration, and fping's period and spacing in milliseconds.
struct Rate {
    name: &'static str,
    config: &'static str,
    period: &'static str,
    spacing: &'static str,
}

const RATES: [Rate; 2] = [
    Rate { name: "by default: 24 echoes a second", config: "", period: "333", spacing: "83" },
    Rate {
        name: "densest: 400 echoes a second",
        config: "[probe]\ninterval = \"200ms\"\nechoes = 10\n",
        period: "20",
        spacing: "5",
    },
];

const PROGRAM: &str = env!("CARGO_BIN_EXE_rebootping");

/// Measures, prints, and says whether every limit is kept.
type Part = fn() -> bool;

/// What is measured; `cargo bench --bench cost -- NAME…` measures these alone.
const PARTS: [(&str, Part); 3] = [("cpu", cpu), ("memory", memory), ("trips", trips::measure)];

fn main() -> ExitCode {
    let wanted: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut held = true;
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            held &= part();
        }
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn plain_lab() -> Lab {
    Lab::builder("cost").without_shorewall().default_targets(true).binary(PROGRAM).build()
}

fn cpu() -> bool {
    let lab = plain_lab();
    let over: Vec<&Rate> = RATES.iter().filter(|rate| !compare(&lab, rate)).collect();
    over.is_empty()
}

/// What was used up between two moments.
#[derive(Clone, Copy, Default)]
struct Used {
    /// By the program's own threads.
    own: Duration,
    /// In soft interrupts, by the whole machine.
    soft: Duration,
    echoes: u64,
}

impl Used {
    fn plus(self, other: Self) -> Self {
        Self { own: self.own + other.own, soft: self.soft + other.soft, echoes: self.echoes + other.echoes }
    }

    /// Microseconds of an echo: the program's own, and its soft interrupts beyond those of `idle`.
    fn an_echo(self, idle: Self) -> (f64, f64) {
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / self.echoes.max(1) as f64;
        let soft = self.soft.as_secs_f64() - idle.soft.as_secs_f64();
        (micros(self.own), soft * 1e6 / self.echoes.max(1) as f64)
    }
}

/// Whether an echo of ours costs at most one of fping's.
fn compare(lab: &Lab, rate: &Rate) -> bool {
    let [mut idle, mut theirs, mut ours] = [Used::default(); 3];
    for _ in 0..TURNS {
        idle = idle.plus(measured(lab, &[]));
        let fpings = Fpings::start(lab, rate);
        thread::sleep(SETTLE);
        theirs = theirs.plus(measured(lab, &fpings.pids()));
        drop(fpings);
        let daemon = settled(lab, rate.config);
        ours = ours.plus(measured(lab, &family_of(daemon.pid())));
        assert!(daemon.terminate().0.success(), "the daemon ends well");
    }
    let ((our_own, our_soft), (their_own, their_soft)) = (ours.an_echo(idle), theirs.an_echo(idle));
    let share = |used: Used| used.own.as_secs_f64() / (RUN * TURNS).as_secs_f64() * 100.0;
    println!("CPU per echo, {}", rate.name);
    println!("                       own  soft interrupts    echoes   of one CPU");
    println!("  rebootping   {our_own:8.1} us      {our_soft:8.1} us  {:8}     {:.3} %", ours.echoes, share(ours));
    println!(
        "  fping        {their_own:8.1} us      {their_soft:8.1} us  {:8}     {:.3} %",
        theirs.echoes,
        share(theirs)
    );
    let with_soft = (our_own + our_soft) / (their_own + their_soft);
    println!("  rebootping / fping: {:.2} own, {with_soft:.2} with soft interrupts", our_own / their_own);
    limit("CPU per echo, soft interrupts included, to fping's", with_soft, 1.0)
}

/// The daemon with every link healthy.
fn settled(lab: &Lab, config: &str) -> Daemon {
    let daemon = lab.gw().daemon(config);
    daemon.wait_ready();
    wait_until("every link is healthy", READY_LIMIT, || {
        let status = daemon.status();
        let links = status["links"].as_array().cloned().unwrap_or_default();
        links.len() == LINKS.len() && links.iter().all(|link| link["healthy"] == true)
    });
    thread::sleep(SETTLE);
    daemon
}

fn measured(lab: &Lab, pids: &[u32]) -> Used {
    let before = (run_time(pids), soft_interrupts(), echoes(lab));
    thread::sleep(RUN);
    let after = (run_time(pids), soft_interrupts(), echoes(lab));
    Used {
        own: after.0.saturating_sub(before.0),
        soft: after.1.saturating_sub(before.1),
        echoes: after.2.saturating_sub(before.2),
    }
}

/// Packets the gateway has sent over its links; but for a few ARP requests, all are echoes.
fn echoes(lab: &Lab) -> u64 {
    let table = lab.gw().run("cat /proc/net/dev");
    let sent = |line: &str| {
        let (name, counts) = line.split_once(':')?;
        let sent = counts.split_whitespace().nth(9)?.parse::<u64>().ok()?;
        LINKS.contains(&name.trim()).then_some(sent)
    };
    table.lines().filter_map(sent).sum()
}

/// The machine's time in soft interrupts, which the kernel counts in hundredths of a second.
fn soft_interrupts() -> Duration {
    let text = fs::read_to_string("/proc/stat").expect("the kernel counts");
    let ticks = text.lines().next().and_then(|line| line.split_whitespace().nth(7)?.parse::<u64>().ok());
    Duration::from_millis(ticks.expect("a number of ticks") * 10)
}

/// One fping a link, quiet until it is ended.
struct Fpings(Vec<Child>);

impl Fpings {
    fn start(lab: &Lab, rate: &Rate) -> Self {
        let one = |link: &&str| {
            let mut command: Command = lab.gw().command("fping");
            command.args(["-q", "-l", "-p", rate.period, "-i", rate.spacing, "-I", link]).args(PUBLIC_V4);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("fping starts")
        };
        Self(LINKS.iter().map(one).collect())
    }

    fn pids(&self) -> Vec<u32> {
        self.0.iter().map(Child::id).collect()
    }
}

impl Drop for Fpings {
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.kill().and_then(|()| child.wait()).expect("fping can be ended");
        }
    }
}

/// Whether all processes together hold little memory of their own.
fn memory() -> bool {
    let lab = plain_lab();
    let daemon = settled(&lab, "");
    let mut total = 0;
    println!("Anonymous memory, two links, default settings");
    for pid in family_of(daemon.pid()) {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the kernel counts");
        let anonymous = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:")?.split_whitespace().next());
        let kilobytes: u64 = anonymous.and_then(|text| text.parse().ok()).expect("a number of kilobytes");
        let name = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        println!("  {kilobytes:8} KB  {}", name.rsplit('\0').find(|word| !word.is_empty()).unwrap_or_default());
        total += kilobytes;
    }
    limit("anonymous memory of all processes, in KB", total as f64, MOST_MEMORY as f64)
}

/// Says whether a figure keeps its limit.
fn limit(what: &str, found: f64, most: f64) -> bool {
    let held = found <= most;
    println!("  {}: {what}: {found:.2}, at most {most}\n", if held { "held" } else { "NOT HELD" });
    held
}

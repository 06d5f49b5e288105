//! What capturing a packet costs beside tcpdump: CPU of the reader and of the kernel for it, and what each one drops.
//!
//! A gateway of its own gets frames over a cable while one program captures them into files on the same file system; the next run
//! is another's. A turn is a run of nobody, of tcpdump and of rebootping, and there are five: the machine's mood changes within
//! minutes, so only runs of one turn are divided by each other, and the median of the five quotients counts.
//!
//! **Own** is what the scheduler counted for every thread of the reader, in nanoseconds, from before the first frame until
//! two seconds after the last: writing, and what a reader does at its leisure, are in it. Of rebootping that is its observer.
//!
//! **Kernel** is what receiving costs: over a veth the kernel hands a frame to its readers in the sender's own system call. The
//! sender sends every batch twice, once to the gateway and once to another on which nobody captures, and what the first takes
//! longer is the readers' doing: of all that the daemon keeps open, the judge's sockets included. So what slows the whole machine,
//! or the sender after its sleep, slows both. To that come the kernel's threads for soft interrupts, less the median of
//! the runs of nobody. One thing would be hidden, for it costs both gateways: once any socket wants the kernel's stamps, which the
//! judge does for round trips, every packet of the machine is stamped. So a reading of the clock is added to ours.
//! This holds where the kernel does not take interrupts out of a thread's time (`CONFIG_IRQ_TIME_ACCOUNTING` is off, or the clock
//! is no TSC).
//!
//! Beside them, once a load: dumpcap with a ring of files, the bare ring (frames counted and given back), and rebootping with the
//! cut-off of flows it has by default. Of a wire full at 1 Gbit/s only the losses are told, for the sender needs a processor of
//! its own. How soon a packet is followed comes last. `cargo bench --bench capture -- imix` measures what is named alone.

#[path = "capture/follow.rs"]
mod follow;
#[path = "../tests/captures/followed.rs"]
mod followed;
#[path = "capture/load.rs"]
mod load;
#[path = "../tests/captures/pcap.rs"]
#[expect(dead_code, reason = "the tests ask it more")]
mod pcap;
#[path = "cost/processes.rs"]
mod processes;
#[path = "capture/reader.rs"]
mod reader;
#[path = "../tests/captures/support.rs"]
#[expect(dead_code, reason = "the tests ask it more")]
mod support;

use load::{LOADS, Load};
use processes::run_time;
use reader::{Reader, Told};
use std::env;
use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use support::yard;

const TURNS: usize = 5;
/// A packet waits a tenth of a second in the ring and half a second in a buffer, and the disk is synced a second later.
const TAIL: Duration = Duration::from_secs(2);

/// Packets go no further than to IPv4's door: a route that is looked up in vain is freed later, on whoever's time that is.
const DROPPED: &str = "table ip bench { chain door { type filter hook prerouting priority raw; policy drop; }; }";

fn main() -> ExitCode {
    let wanted: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if wanted.first().is_some_and(|word| word == reader::BARE) {
        return reader::count_frames();
    }
    let load_average = fs::read_to_string("/proc/loadavg").expect("the kernel counts");
    println!("load average before: {}", load_average.trim_end());
    let is_wanted = |name| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let mut held = true;
    for load in LOADS.iter().filter(|load| is_wanted(load.name)) {
        held &= measure(load);
    }
    if is_wanted(follow::NAME) {
        held &= follow::measure();
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What one run of a reader used up for each packet sent, in nanoseconds, and what the reader told at its end.
#[derive(Clone, Copy)]
struct Run {
    own: f64,
    /// What sending to a gateway that captures takes longer.
    receiving: f64,
    /// The kernel's threads, not yet less those of nobody.
    beside: f64,
    told: Told,
}

/// A reader's costs for a packet, in nanoseconds.
#[derive(Clone, Copy)]
struct Cost {
    own: f64,
    kernel: f64,
    told: Told,
}

impl Cost {
    fn of(run: Run, nobody: f64) -> Self {
        Self { own: run.own, kernel: run.receiving + run.beside - nobody, told: run.told }
    }

    fn total(&self) -> f64 {
        self.own + self.kernel
    }
}

/// Measures a load with every reader; whether ours kept its limits.
fn measure(load: &Load) -> bool {
    println!("\n{}: {} packets, {} a second", load.what, load.packets, load.per_second);
    match load.limit {
        Some(limit) => compare(load, limit),
        None => endure(load),
    }
}

/// Whether a wire as busy as this is captured without a loss.
fn endure(load: &Load) -> bool {
    [("tcpdump -B 32768 -s 0 -w", Reader::Tcpdump), ("rebootping, flow_cutoff = \"off\"", Reader::Whole)]
        .map(|(name, reader)| {
            let yard = yard("bench");
            let running = reader.start(&yard);
            let begun = Instant::now();
            load.flood().send_in(yard.street(), "lan0");
            let rate = load.packets as f64 / begun.elapsed().as_secs_f64();
            thread::sleep(TAIL);
            let told = running.end();
            let held = reader == Reader::Tcpdump || told.dropped == 0;
            let (captured, dropped) = (told.captured, told.dropped);
            println!("  {name:32}{rate:10.0} a second{captured:12} captured{dropped:9} dropped, {}", verdict(held));
            held
        })
        .into_iter()
        .all(|held| held)
}

/// Measures a load five times with nobody, tcpdump and ours by turns.
fn compare(load: &Load, limit: f64) -> bool {
    println!(
        "  {:32}{:>8}{:>8}{:>8}{:>8}{:>12}{:>9}",
        "ns a packet", "own", "kernel", "both", "ratio", "captured", "dropped"
    );
    let turns = [(); TURNS].map(|()| [Reader::Nobody, Reader::Tcpdump, Reader::Whole].map(|reader| run(load, reader)));
    let nobody = median(turns.map(|[nobody, ..]| nobody.beside).to_vec());
    let theirs = turns.map(|[_, their, _]| Cost::of(their, nobody));
    let ours = turns.map(|[.., our]| Cost::of(our, nobody));
    let still = turns.map(|[nobody, ..]| Cost::of(nobody, nobody.beside));
    for ((our, their), still) in ours.iter().zip(&theirs).zip(&still) {
        print("nobody: what the measure is off", still, their);
        print("tcpdump -B 32768 -s 0 -w", their, their);
        print("rebootping, flow_cutoff = \"off\"", our, their);
    }
    for (name, reader) in Reader::BESIDE {
        print(name, &Cost::of(run(load, reader), nobody), &theirs[0]);
    }
    let quotients = ours.iter().zip(&theirs).map(|(our, their)| our.total() / their.total()).collect();
    let cheap = keeps(limit, median(quotients));
    let dropped = |costs: &[Cost]| costs.iter().map(|cost| cost.told.dropped).sum::<u64>();
    let (our_drops, their_drops) = (dropped(&ours), dropped(&theirs));
    let whole = our_drops == 0 || their_drops > 0;
    println!("  {}: dropped {our_drops}, tcpdump {their_drops}", verdict(whole));
    cheap && whole
}

/// One run on a gateway that nobody has used before, with another beside it on which nobody captures.
fn run(load: &Load, reader: Reader) -> Run {
    let (yard, still) = (yard("bench"), yard("still"));
    for yard in [&yard, &still] {
        yard.gw().nft(DROPPED);
    }
    let running = reader.start(&yard);
    let flood = load.flood();
    let [mut captured, mut passed] = [&yard, &still].map(|yard| yard.street().enter(|| flood.tap("lan0")));
    let own = run_time(running.pids());
    let kernel = run_time(&soft_interrupt_threads());
    flood.send_by_turns(&mut [&mut captured, &mut passed]);
    thread::sleep(TAIL);
    let a_packet = |time: Duration| time.as_secs_f64() * 1e9 / load.packets as f64;
    let stamps = if reader.is_ours() { a_stamp() } else { 0.0 };
    Run {
        own: a_packet(run_time(running.pids()).saturating_sub(own)),
        receiving: a_packet(captured.spent()) - a_packet(passed.spent()) + stamps,
        beside: a_packet(run_time(&soft_interrupt_threads()).saturating_sub(kernel)),
        told: running.end(),
    }
}

/// What reading the clock takes, in nanoseconds.
fn a_stamp() -> f64 {
    const READINGS: u32 = 100_000;
    let begun = Instant::now();
    let last = (0..READINGS).map(|_| SystemTime::now()).max();
    assert!(last.is_some(), "the clock was read");
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(READINGS)
}

/// The kernel's threads that handle what soft interrupts leave over, one for each processor.
fn soft_interrupt_threads() -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("processes are listed").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let name = |pid: u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    pids.filter(|&pid| name(pid).starts_with("ksoftirqd/")).collect()
}

fn print(who: &str, cost: &Cost, their: &Cost) {
    println!(
        "  {who:32}{:8.0}{:8.0}{:8.0}{:8.2}{:12}{:9}",
        cost.own,
        cost.kernel,
        cost.total(),
        cost.total() / their.total(),
        cost.told.captured,
        cost.told.dropped
    );
}

/// Says whether the quotient of a load keeps its limit.
fn keeps(limit: f64, quotient: f64) -> bool {
    let held = quotient <= limit;
    println!("  {}: {quotient:.2} of tcpdump's CPU, at most {limit}, the median of {TURNS} turns", verdict(held));
    held
}

const fn verdict(held: bool) -> &'static str {
    if held { "held" } else { "NOT HELD" }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

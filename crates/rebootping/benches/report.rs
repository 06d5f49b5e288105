//! How fast a report comes out of a capture file, beside darkstat, prads, p0f, `tshark -z endpoints` and two bounds: a bare walk over
//! its headers, and that with bytes counted by MAC and by flow, which is what all of them do before they understand anything.
//!
//! A gigabyte is made up from a seed: 5,000 devices, 200,000 flows. All programs read the same file in turns, each on one core;
//! what counts is the processor's time, so that a busy machine does not show. tshark takes its turn once, for it takes minutes.
//! `cargo bench --bench report -- MEGABYTES` makes a smaller file.

use std::collections::HashMap;
use std::env;
use std::fs::{self, File};
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::Pid;
use rebootping_core::packet::frame::{LinkType, Packet, Transport};
use rebootping_core::packet::neighbour::Mac;
use rebootping_lab::crowd::Crowd;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rebootping");
const SEED: u64 = 1;
const DEVICES: u32 = 5_000;
const MEGABYTES: u64 = 1_000;
/// Each program reads the file so often; its fastest turn counts.
const TURNS: u32 = 5;
/// The forms of a report: whichever is asked for, memory is bounded.
const FORMS: [&str; 4] = ["--json", "--csv", "--html", "--text"];
/// How many times as fast as each we promise to be, and the anonymous memory we may take, in kilobytes.
const DARKSTAT: f64 = 1.0;
const PRADS: f64 = 5.0;
/// p0f reads only TCP, so nothing is promised.
const P0F: f64 = 0.0;
/// Fifty is wished for, and out of reach: where tshark 4.0 read 129,000 packets a second, counting bytes by MAC and flow alone was 59
/// times as fast, which leaves a sixth of the time for all that packets say.
const TSHARK: f64 = 20.0;
const MOST_MEMORY: u64 = 32 * 1024;

fn main() -> ExitCode {
    let megabytes = env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(MEGABYTES);
    let folder = Folder::new();
    // Some leave files where they run.
    env::set_current_dir(&folder.0).expect("it was made");
    let file = folder.0.join("crowd.pcap");
    let packets = make(&file, megabytes * 1_000_000);
    stay_on_one_core();

    let walk = fastest(|| time_of(UsageWho::RUSAGE_SELF, || assert_eq!(walk_headers(&file, |_| {}), packets)));
    let count = fastest(|| time_of(UsageWho::RUSAGE_SELF, || assert_eq!(count_bytes(&file), packets)));
    let programs = [
        Program { name: "rebootping report --pcap", promised: 1.0, turns: TURNS, words: report(&file, "--json") },
        Program { name: "darkstat -r", promised: DARKSTAT, turns: TURNS, words: darkstat(&file, &folder.0) },
        Program { name: "prads -r", promised: PRADS, turns: TURNS, words: prads(&file) },
        Program { name: "p0f -r", promised: P0F, turns: TURNS, words: p0f(&file) },
        Program { name: "tshark -q -z endpoints", promised: TSHARK, turns: 1, words: tshark(&file) },
    ];
    // In turns, so that what disturbs one disturbs all.
    let mut times = [Duration::MAX; 5];
    for turn in 0..TURNS {
        for (best, program) in times.iter_mut().zip(&programs).filter(|(_, program)| turn < program.turns) {
            *best = (*best).min(time_of(UsageWho::RUSAGE_CHILDREN, || run(&program.words)));
        }
    }
    println!("{:36} {:>12} {:>10}", "", "packets/s", "we are");
    row("bare walk over the headers", rate(packets, walk), rate(packets, times[0]));
    row("the same, bytes counted", rate(packets, count), rate(packets, times[0]));
    let mut held = true;
    for (program, time) in programs.iter().zip(times) {
        let (ours, theirs) = (rate(packets, times[0]), rate(packets, time));
        row(program.name, theirs, ours);
        held &= ours >= theirs * program.promised;
    }
    for form in FORMS {
        let memory = anonymous(&report(&file, form));
        println!("anonymous memory of ours, {form}: {memory} kB of {MOST_MEMORY} allowed");
        held &= memory <= MOST_MEMORY;
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Somebody who reads captures.
struct Program {
    name: &'static str,
    /// How many times as fast we promise to be.
    promised: f64,
    turns: u32,
    words: Vec<String>,
}

fn row(name: &str, rate: f64, ours: f64) {
    println!("{name:36} {rate:>12.0} {:>8.2} x", ours / rate);
}

fn rate(packets: u64, time: Duration) -> f64 {
    packets as f64 / time.as_secs_f64()
}

/// Makes the capture up; how many packets it has.
fn make(path: &Path, bytes: u64) -> u64 {
    let mut out = BufWriter::new(File::create(path).expect("a file for the capture"));
    let census = Crowd::new(SEED, DEVICES).write(&mut out, bytes).expect("the disk takes the capture");
    out.flush().expect("the disk takes the capture");
    let mean = census.bytes / census.packets;
    println!("{} packets of {mean} B on average: {census:?}", census.packets);
    assert!(mean <= 400 && census.handshakes * 100 >= census.packets * 3, "it is not what was promised");
    assert!(bytes < 1_000_000_000 || census.flows >= 200_000, "too few flows");
    census.packets
}

fn length_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.get(at + 8..at + 12)?.try_into().ok()?) as usize)
}

/// Reads the file and takes every packet's headers apart: no reader of packets can be faster. How many there are.
fn walk_headers(path: &Path, mut each: impl FnMut(&Packet)) -> u64 {
    let mut file = File::open(path).expect("it was made");
    let mut window = vec![0; 1 << 20];
    let (mut begin, mut end, mut packets) = (0, file.read(&mut window).expect("it can be read"), 0);
    begin += 24;
    loop {
        let ends = length_at(&window[..end], begin).map(|length| begin + 16 + length).filter(|ends| *ends <= end);
        let Some(ends) = ends else {
            window.copy_within(begin..end, 0);
            (begin, end) = (0, end - begin);
            let read = file.read(&mut window[end..]).expect("it can be read");
            if read == 0 {
                return packets;
            }
            end += read;
            continue;
        };
        each(std::hint::black_box(&Packet::read(LinkType::Ethernet, &window[begin + 16..ends])));
        (begin, packets) = (ends, packets + 1);
    }
}

/// Counts what each MAC sent and received, and what each flow carried each way: no table of endpoints can be had for less.
fn count_bytes(path: &Path) -> u64 {
    let mut devices: HashMap<Mac, [u64; 2], BuildHasherDefault<Fold>> = HashMap::default();
    let mut flows: HashMap<_, [u64; 2], BuildHasherDefault<Fold>> = HashMap::default();
    let packets = walk_headers(path, |packet| {
        let bytes = packet.payload.end as u64;
        if let Some(ether) = packet.ether {
            devices.entry(ether.source).or_default()[0] += bytes;
            devices.entry(ether.destination).or_default()[1] += bytes;
        }
        if let (Some(ip), Transport::Tcp { source, destination, .. } | Transport::Udp { source, destination }) =
            (packet.ip, packet.transport)
        {
            let ends = [(ip.source, source), (ip.destination, destination)];
            let side = usize::from(ends[0] > ends[1]);
            flows.entry((ip.protocol, ends[side], ends[1 - side])).or_default()[side] += bytes;
        }
    });
    std::hint::black_box((devices, flows));
    packets
}

/// A hash that costs next to nothing: a multiplication for each word.
#[derive(Default)]
struct Fold(u64);

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            let product = u128::from(self.0 ^ u64::from_le_bytes(word)) * 0x9e37_79b9_7f4a_7c15;
            self.0 = product as u64 ^ (product >> 64) as u64;
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn report(file: &Path, form: &str) -> Vec<String> {
    let mut words = words(&[PROGRAM, "report", form, "--pcap", &file.to_string_lossy()]);
    // Text is what comes unasked.
    words.retain(|word| word != "--text");
    words
}

fn darkstat(file: &Path, folder: &Path) -> Vec<String> {
    let (file, folder) = (file.to_string_lossy(), folder.to_string_lossy());
    // Tables as large as the network, as its manual advises.
    let hosts = ["--hosts-max", "100000", "--hosts-keep", "50000"];
    let where_ = ["--no-daemon", "--no-dns", "--chroot", &folder, "--user", "root", "--export", "darkstat.db"];
    words(&[&["darkstat", "-r", &file][..], &hosts, &where_].concat())
}

fn prads(file: &Path) -> Vec<String> {
    words(&["prads", "-d", "-q", "-r", &file.to_string_lossy(), "-l", "/dev/null"])
}

fn p0f(file: &Path) -> Vec<String> {
    words(&["p0f", "-r", &file.to_string_lossy()])
}

/// All endpoints that a report has.
fn tshark(file: &Path) -> Vec<String> {
    let of = ["eth", "ip", "tcp", "udp"].map(|of| format!("endpoints,{of}"));
    let asked: Vec<&str> = of.iter().flat_map(|of| ["-z", of]).collect();
    words(&[&["tshark", "-n", "-q"][..], &asked, &["-r", &file.to_string_lossy()]].concat())
}

fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn run(words: &[String]) {
    let status =
        command(words).status().unwrap_or_else(|error| panic!("{}: {error}; tools/need lab installs it", words[0]));
    assert!(status.success(), "{words:?}: {status}");
}

/// The most anonymous memory a program has while it runs, in kilobytes.
fn anonymous(words: &[String]) -> u64 {
    let mut child = command(words).spawn().expect("it starts");
    let mut most = 0;
    while child.try_wait().expect("it is ours").is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
        most = most.max(line.trim().trim_end_matches(" kB").parse().unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    }
    most
}

fn fastest(mut measure: impl FnMut() -> Duration) -> Duration {
    (0..TURNS).map(|_| measure()).min().unwrap_or(Duration::MAX)
}

/// The processor's time that something takes, the kernel's part included.
fn time_of(who: UsageWho, work: impl FnOnce()) -> Duration {
    let used = || {
        let usage = getrusage(who).expect("one's own usage can be asked");
        let time = usage.user_time() + usage.system_time();
        Duration::from_micros(time.tv_sec() as u64 * 1_000_000 + time.tv_usec() as u64)
    };
    let before = used();
    work();
    used().saturating_sub(before)
}

/// Children inherit it.
fn stay_on_one_core() {
    let mut cores = CpuSet::new();
    cores.set(0).expect("there is a core");
    // Where core 0 is not ours to use, the kernel's choice is as good: only the processor's time counts.
    let _is_ours = sched_setaffinity(Pid::from_raw(0), &cores);
}

/// A folder on the disk, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = env::temp_dir().join(format!("rebootping-report-{}", std::process::id()));
        fs::create_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop::<io::Result<()>>(fs::remove_dir_all(&self.0));
    }
}

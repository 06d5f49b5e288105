//! How long the page's API takes with a history of 30 days and 1,000 devices, while a browser listens.
//!
//! A store is filled as a daemon leaves it (`web/filled.rs`), a real daemon goes on from it in a gateway of its own, and a thousand
//! devices speak on its wire. Each question is asked over a connection of its own, from its first byte to the last of the answer;
//! printed are the middle of all times, the 95th of a hundred, and the longest. Then a real browser opens the page (`ui/tests/browser/times.mjs`):
//! printed is how long it takes until all is there, graphs painted. `cargo bench --bench web -- DAYS` makes fewer days.

#[path = "../tests/page/browser.rs"]
mod browser;
#[path = "web/filled.rs"]
mod filled;
#[path = "../tests/web/raw.rs"]
#[expect(dead_code, reason = "the tests ask it more")]
mod raw;
#[path = "store/round_trips.rs"]
mod round_trips;

use raw::{connect, exchange};
use rebootping_lab::{Daemon, Flood, Yard, udp_frame, wait_until};
use serde_json::json;
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

const DAYS: u64 = 30;
const DEVICES: u64 = 1000;
/// Each question is asked so often, so far apart.
const TIMES: usize = 100;
const APART: Duration = Duration::from_millis(30);
/// All that is in the store stays, however long ago it is; the links are those of the history.
const CONFIG: &str = r#"
[links]
interfaces = ["fibre", "cable", "lte"]
[capture]
keep_free = "0MB"
[store]
raw = "4000d"
minutes = "4000d"
quarters = "4000d"
journal = "4000d"
"#;
const GATEWAY: [u8; 6] = [0x02, 0, 0, 0, 0, 1];
const HERE: &str = "127.0.0.1:8067";
const LIMIT: Duration = Duration::from_secs(120);
/// What was promised of the middle of all times.
const OVERVIEW: Duration = Duration::from_millis(10);
const YEAR: Duration = Duration::from_millis(30);

fn main() -> ExitCode {
    let days = env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(DAYS).max(1);
    let yard = Yard::build("benchweb", env!("CARGO_BIN_EXE_rebootping"));
    yard.lay_cable("lan0", "02:00:00:00:00:01");
    // The links of the history; nobody answers over them now.
    for (link, mac) in [("fibre", "02:00:00:00:00:11"), ("cable", "02:00:00:00:00:12"), ("lte", "02:00:00:00:00:13")] {
        yard.lay_cable(link, mac);
    }
    let folder = yard.dir().join("state/observer");
    fs::create_dir_all(&folder).expect("a folder for the history");
    let begun = Instant::now();
    let (first, last) = filled::fill(&folder, days, DEVICES);
    let size = fs::metadata(folder.join("history.db")).expect("it was written").len();
    println!(
        "{days} days of history with {DEVICES} devices: {:.1} MB, made in {:.0?}",
        size as f64 / 1e6,
        begun.elapsed()
    );
    let daemon = yard.daemon(CONFIG);
    daemon.wait_ready();
    speak(&yard);
    let _listening = listen(&yard);
    let (hour, day) = (3600, 86_400);
    let graph = |link: &str, from: i64| format!("links/{link}/history?from={from}&to={last}&points=1200");
    let questions = [
        ("overview", "overview".to_owned(), Some(OVERVIEW)),
        ("a year of a link", graph("fibre", last - 365 * day), Some(YEAR)),
        ("all days of a link", graph("cable", first), None),
        ("its last day", graph("lte", last - day), None),
        ("its last hour", graph("fibre", last - hour), None),
        ("why, at a moment", format!("links/cable/why?at={}", last - 5 * hour), None),
        ("the log", "log?limit=100".to_owned(), None),
        ("status", "status".to_owned(), None),
        ("all devices", "devices".to_owned(), None),
        ("one device", "devices/02:de:00:00:00:07".to_owned(), None),
    ];
    println!("{:20}{:>10}{:>10}{:>10}{:>9}", "", "median", "95 %", "longest", "kB");
    let mut held = true;
    for (what, path, promised) in questions {
        let (mut times, bytes) = ask(&yard, &path);
        times.sort_unstable();
        let ms = |per_cent: usize| times[(times.len() * per_cent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
        let verdict =
            promised.map_or("", |promised| if ms(50) <= promised.as_secs_f64() * 1e3 { "kept" } else { "BROKEN" });
        held &= verdict != "BROKEN";
        println!("{what:20}{:>10.2}{:>10.2}{:>10.2}{:>9.1}  {verdict}", ms(50), ms(95), ms(100), bytes as f64 / 1e3);
    }
    costs(&daemon);
    println!("In a browser, until all is there and painted:");
    browser::look(yard.gw(), &json!({ "link": "fibre", "until": last }), "bench", &["--measure"], |_| {});
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Has all devices speak and be spoken to until they are listed.
fn speak(yard: &Yard) {
    let frames = |both: &dyn Fn([u8; 6]) -> Vec<u8>| Flood::of((0..DEVICES).map(|it| both(filled::mac(it))).collect());
    wait_until("a thousand devices are listed", LIMIT, || {
        frames(&|mac| udp_frame(GATEWAY, mac, 1, 60)).send_in(yard.gw(), "lan0");
        frames(&|mac| udp_frame(mac, GATEWAY, 1, 60)).send_in(yard.street(), "lan0");
        let reply =
            exchange(connect(yard.gw(), here()).expect("it is served"), &request("devices")).expect("an answer");
        let listed =
            reply.status == 200 && reply.json()["devices"].as_array().is_some_and(|all| all.len() as u64 >= DEVICES);
        thread::sleep(Duration::from_secs(1));
        listed
    });
}

/// A browser's stream, whose reader takes all that comes.
fn listen(yard: &Yard) -> thread::JoinHandle<()> {
    let mut stream = connect(yard.gw(), here()).expect("it is served");
    stream.write_all(&request("events")).expect("it is read");
    thread::spawn(move || {
        let mut buffer = [0; 16_384];
        while stream.read(&mut buffer).is_ok_and(|length| length > 0) {}
    })
}

/// The times of all answers, and how long the last was.
fn ask(yard: &Yard, path: &str) -> (Vec<Duration>, usize) {
    let mut length = 0;
    let times = (0..TIMES).map(|_| {
        thread::sleep(APART);
        let begun = Instant::now();
        let reply = exchange(connect(yard.gw(), here()).expect("it is served"), &request(path)).expect("an answer");
        let took = begun.elapsed();
        assert_eq!(reply.status, 200, "{path}: {}", String::from_utf8_lossy(&reply.body));
        length = reply.body.len();
        took
    });
    (times.collect(), length)
}

/// What a listening browser takes of the processor in ten seconds.
fn costs(daemon: &Daemon) {
    let before = used(daemon);
    thread::sleep(Duration::from_secs(10));
    for ((name, after), (_, before)) in used(daemon).iter().zip(before) {
        println!("{name} takes {:.2} % of a processor while a browser listens", (after - before) as f64 / 10.0);
    }
}

/// Ticks (10 ms) that the daemon's processes have used.
fn used(daemon: &Daemon) -> Vec<(String, u64)> {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.pid())).expect("it runs").flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let pids: Vec<u32> =
        children.flat_map(|line| line.split_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect();
    let of = |pid: u32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        let name = line.trim_end_matches('\0').rsplit('\0').next()?.to_owned();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let words: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = words.get(11)?.parse::<u64>().ok()? + words.get(12)?.parse::<u64>().ok()?;
        Some((name, ticks))
    };
    let mut used: Vec<(String, u64)> = pids.into_iter().filter_map(of).collect();
    used.sort();
    used
}

fn request(path: &str) -> Vec<u8> {
    format!("GET /api/v1/{path} HTTP/1.1\r\nHost: {HERE}\r\nConnection: close\r\n\r\n").into_bytes()
}

fn here() -> SocketAddr {
    HERE.parse().expect("an address")
}

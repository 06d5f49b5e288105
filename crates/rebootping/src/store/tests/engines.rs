//! Real engines on the loopback that are away for ten minutes of the store's time, and are told all the same, each minute once.

use super::hour::{Judge, run};
use super::*;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_core::metrics::remote_write::HEADERS;
use rebootping_core::metrics::sender::{Kept as Sent, Outcome, Output, Sender, Settings};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

/// The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than ten minutes of two links take.
const A_MESSAGE: usize = 16 * 1024;

/// One that is started anew with what it had.
struct Engine {
    program: &'static str,
    arguments: fn(folder: &str, address: &str) -> Vec<String>,
    /// Where it takes remote-write.
    path: &'static str,
    /// All it has of a site, as series with their numbers in order of time.
    ask: fn(address: &str) -> Vec<Series>,
    scratch: Scratch,
    address: String,
    process: Option<Child>,
}

/// Labels, and each time in milliseconds with its number.
type Series = (BTreeMap<String, String>, Vec<(i64, f64)>);

impl Engine {
    fn start(&mut self) {
        let folder = self.scratch.path().to_str().unwrap().to_owned();
        let mut command = Command::new(self.program);
        command.args((self.arguments)(&folder, &self.address)).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap_or_else(|_| panic!("{} is not here: tools/need lab", self.program)));
        for _ in 0..PATIENCE.as_millis() / 20 {
            if request(&self.address, "GET", "/-/healthy", &[], &[]).is_ok_and(|answer| answer.0 == 200) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("{} does not answer", self.program);
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Killed, they would lose what they took in the last seconds.
            kill(Pid::from_raw(process.id() as i32), Signal::SIGTERM).unwrap();
            process.wait().unwrap();
        }
    }

    fn post(&self, body: &[u8]) -> Outcome {
        match request(&self.address, "POST", self.path, &HEADERS, body) {
            Ok((200..=299, _)) => Outcome::Taken,
            Ok((status @ 400..=499, why)) => Outcome::Refused(format!("{status}: {why}")),
            Ok((status, why)) => Outcome::Failed(format!("{status}: {why}")),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", body].concat())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok((head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), body.to_owned()))
}

fn a_free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn victoria() -> Engine {
    Engine {
        program: "victoria-metrics",
        arguments: |folder, address| {
            let mut all = vec![format!("-storageDataPath={folder}/data"), format!("-httpListenAddr={address}")];
            all.extend(["-retentionPeriod=100y", "-memory.allowedPercent=20"].map(str::to_owned));
            all
        },
        path: "/api/v1/write",
        ask: |address| {
            // What came in a moment ago is not found before that.
            request(address, "GET", "/internal/force_flush", &[], &[]).unwrap();
            let path = "/api/v1/export?match%5B%5D=%7Bsite%3D%22home%22%7D";
            let (status, text) = request(address, "GET", path, &[], &[]).unwrap();
            assert_eq!(status, 200, "{text}");
            let line = |line: &str| {
                let line: Value = serde_json::from_str(line).unwrap();
                let times = line["timestamps"].as_array().unwrap().iter().map(|at| at.as_i64().unwrap());
                let numbers = line["values"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap());
                (labels(&line["metric"]), times.zip(numbers).collect())
            };
            text.lines().map(line).collect()
        },
        scratch: Scratch::new("victoria"),
        address: a_free_address(),
        process: None,
    }
}

fn prometheus() -> Engine {
    Engine {
        program: "prometheus",
        arguments: |folder, address| {
            let config = format!("{folder}/prometheus.yml");
            std::fs::write(&config, "").unwrap();
            vec![
                format!("--config.file={config}"),
                format!("--storage.tsdb.path={folder}/data"),
                format!("--web.listen-address={address}"),
                "--web.enable-remote-write-receiver".to_owned(),
                "--storage.tsdb.retention.time=100y".to_owned(),
            ]
        },
        path: "/api/v1/write",
        ask: |address| {
            let path = "/api/v1/query?query=%7Bsite%3D%22home%22%7D%5B3h%5D&time=2026-11-22T14:30:00Z";
            let (status, text) = request(address, "GET", path, &[], &[]).unwrap();
            assert_eq!(status, 200, "{text}");
            let answer: Value = serde_json::from_str(&text).unwrap();
            let number = |pair: &Value| {
                let seconds = pair[0].as_f64().unwrap();
                ((seconds * 1000.0).round() as i64, pair[1].as_str().unwrap().parse().unwrap())
            };
            let series = |series: &Value| {
                (labels(&series["metric"]), series["values"].as_array().unwrap().iter().map(number).collect())
            };
            answer["data"]["result"].as_array().unwrap().iter().map(series).collect()
        },
        scratch: Scratch::new("prometheus"),
        address: a_free_address(),
        process: None,
    }
}

fn labels(metric: &Value) -> BTreeMap<String, String> {
    let all = metric.as_object().unwrap().iter();
    all.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

/// Half an hour in which the engine is away from the tenth minute to the twentieth, and the sender's process dies now and then.
#[track_caller]
fn check(mut engine: Engine) {
    let mut bench = Bench::new(&format!("engine-{}", engine.program));
    bench.grow_old();
    let begin = bench.wall.as_second();
    let mut judge = Judge::new(bench.now().time());
    let replay = Duration::from_secs(7 * 24 * 3600);
    let settings = Settings { site: "home".into(), labels: BTreeMap::from([("wan2".into(), "dsl".into())]), replay };
    let mut kept = Sent::default();
    let mut sender = Sender::new(settings.clone(), kept.clone(), bench.now().time());
    let (mut longest, mut minutes, mut failures) = (0, Vec::new(), 0);
    engine.start();
    for second in 0..1800 {
        match second {
            600 => engine.stop(),
            1200 => engine.start(),
            _ => {}
        }
        run(&mut bench, &mut judge, 1, u64::MAX);
        let now = bench.now().time();
        if second % 401 == 400 {
            sender = Sender::new(settings.clone(), kept.clone(), now);
        }
        while sender.next_deadline() <= now {
            sender.handle_wake(now);
            while let Some(output) = sender.poll_output() {
                match output {
                    Output::Ask(after) => sender.handle_stretch(Some(bench.minutes(after)), now),
                    Output::Keep(keep) => {
                        // As its process keeps it.
                        kept = serde_json::from_slice(&serde_json::to_vec(&keep).unwrap()).unwrap();
                    }
                    Output::Post(body) => {
                        longest = longest.max(body.len());
                        if second < 600 {
                            minutes.push(body.len());
                        }
                        let outcome = engine.post(&body);
                        failures += u32::from(matches!(outcome, Outcome::Failed(_)));
                        sender.handle_outcome(&outcome, now);
                    }
                    Output::Say(..) => {}
                }
            }
        }
    }
    let counts = sender.counts();
    assert!(failures > 10 && counts.refused == 0 && counts.too_old == 0, "{failures} failures, {counts:?}");
    // What docs/fleet.md calculates with.
    let samples = counts.taken;
    println!("{}: messages of a minute {minutes:?} bytes, the longest {longest}, {samples} samples", engine.program);
    assert!(longest < A_MESSAGE, "{longest} bytes in one message");

    let all = (engine.ask)(&engine.address);
    let names: BTreeSet<&str> = all.iter().map(|(labels, _)| labels["__name__"].as_str()).collect();
    assert!(names.contains("rebootping_round_trip_seconds_bucket") && names.len() == 10, "{names:?}");
    let numbers: usize = all.iter().map(|(_, numbers)| numbers.len()).sum();
    assert_eq!(numbers as u64, counts.taken, "it has all that it took");
    let first = begin + 60;
    let expected: Vec<i64> = (0..).map(|minute| (first + 60 * minute) * 1000).take(all[0].1.len()).collect();
    assert!((27..=29).contains(&expected.len()), "{} minutes", expected.len());
    for (labels, numbers) in &all {
        let times: Vec<i64> = numbers.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, expected, "{labels:?}: no gap, and no time twice");
        if labels["__name__"] != "rebootping_link_used" {
            assert!(numbers.is_sorted_by(|one, other| one.1 <= other.1), "{labels:?}: {numbers:?}");
        }
    }
    let sent = all.iter().find(|(labels, _)| {
        labels["__name__"] == "rebootping_echoes_sent_total" && labels.get("label").is_some_and(|label| label == "dsl")
    });
    let sent: Vec<f64> = sent.unwrap().1.iter().map(|(_, number)| *number).collect();
    let each: Vec<f64> = (1..=sent.len()).map(|minute| 360.0 * minute as f64).collect();
    assert_eq!(sent, each, "two targets, three echoes a second");
}

#[test]
fn victoria_metrics_that_was_away_for_ten_minutes_has_every_minute_once() {
    check(victoria());
}

#[test]
fn prometheus_that_was_away_for_ten_minutes_has_every_minute_once() {
    check(prometheus());
}

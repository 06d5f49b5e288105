//! Each cause of an outage is made once on a gateway in the lab, and named rightly by the real daemon, which is killed meanwhile.

use std::fs::{self, Permissions};
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use rebootping_lab::{Daemon, Lab, wait_until};
use serde_json::Value;

use crate::support::{lab, start, wait_in};
use crate::{find, is_alive};

/// A link is back soon, and the file is never far behind.
const CONFIG: &str = "[select]\nhold_down = \"5s\"\n[store]\nflush = \"1s\"\n";
/// Trouble counts after three rounds, the next hop is given up after ten seconds, names after twenty; ten good seconds end it all.
const LIMIT: Duration = Duration::from_secs(120);
/// A pause of more than three rounds.
const PAUSE: Duration = Duration::from_secs(6);
/// The host that answers names, one of those every link is asked to reach.
const RESOLVER: &str = "8.8.8.8:53";
const QUESTION: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04name\x07example\0\0\x01\0\x01";
/// Often enough that ten seconds have more than five.
const ASK_EVERY: Duration = Duration::from_millis(900);

/// A device that asks for a name all the time, and who answers it.
struct Names {
    answers: Arc<AtomicBool>,
    ends: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Names {
    fn begin(lab: &Lab) -> Self {
        let server = lab.net().enter(|| UdpSocket::bind(RESOLVER).expect("a socket"));
        let client = lab.lan(1).enter(|| UdpSocket::bind("0.0.0.0:0").expect("a socket"));
        server.set_read_timeout(Some(ASK_EVERY)).expect("a limit");
        let (answers, ends) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let (may_answer, is_over) = (Arc::clone(&answers), Arc::clone(&ends));
        let answering = thread::spawn(move || {
            let mut message = [0; 512];
            while !is_over.load(Ordering::SeqCst) {
                let Ok((length, asker)) = server.recv_from(&mut message) else { continue };
                if may_answer.load(Ordering::SeqCst) {
                    message[2] |= 0x80;
                    drop(server.send_to(&message[..length], asker));
                }
            }
        });
        let is_over = Arc::clone(&ends);
        let asking = thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                // While no link leads there it is refused.
                drop(client.send_to(QUESTION, RESOLVER));
                thread::sleep(ASK_EVERY);
            }
        });
        Self { answers, ends, threads: vec![answering, asking] }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

/// The program, in a boot of a name that can be changed: `ip` gives each a namespace of its own for mounts.
struct Booted {
    folder: PathBuf,
}

impl Booted {
    fn new(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).expect("a folder");
        drop(fs::remove_file(folder.join("boot_id")));
        let (boot, program) = (folder.join("boot_id"), env!("CARGO_BIN_EXE_rebootping"));
        let script = format!(
            "#!/bin/sh\nif [ -e {0} ]; then mount --bind {0} /proc/sys/kernel/random/boot_id; fi\nexec {program} \"$@\"\n",
            boot.display()
        );
        fs::write(folder.join("rebootping"), script).expect("a script");
        fs::set_permissions(folder.join("rebootping"), Permissions::from_mode(0o755)).expect("a script");
        Self { folder }
    }

    fn program(&self) -> PathBuf {
        self.folder.join("rebootping")
    }

    fn boot_anew(&self) {
        let name = "11111111-2222-4333-8444-555555555555\n";
        fs::write(self.folder.join("boot_id"), name).expect("a file");
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Outages that began then or later.
fn outages(daemon: &Daemon, since: Timestamp) -> Vec<Value> {
    let output = daemon.cli(&["outages", "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let all = told["outages"].as_array().cloned().unwrap_or_default();
    let begin = |outage: &Value| outage["begin"].as_str().and_then(|begin| begin.parse::<Timestamp>().ok());
    all.into_iter().filter(|outage| begin(outage).is_some_and(|begin| begin >= since)).collect()
}

/// Waits until an outage that began since then is told so; it.
#[track_caller]
fn wait_told(daemon: &Daemon, since: Timestamp, cause: &str, is_over: bool) -> Value {
    let mut found = None;
    let what = format!("`outages` tells of {cause}, {}", if is_over { "which is over" } else { "which goes on" });
    wait_until(&what, LIMIT, || {
        let all = outages(daemon, since);
        found = all.into_iter().find(|it| it["where"] == cause && it["end"].is_string() == is_over);
        found.is_some()
    });
    found.expect("it was found")
}

/// Makes trouble of one link, waits until it is told, and mends it; the outage.
#[track_caller]
fn check<T, U>(lab: &Lab, daemon: &Daemon, cause: &str, make: impl FnOnce() -> T, mend: impl FnOnce() -> U) -> Value {
    // What a round had when the trouble began is of that round.
    let since = Timestamp::now() - Duration::from_secs(2);
    make();
    wait_told(daemon, since, cause, false);
    mend();
    let told = wait_told(daemon, since, cause, true);
    let of_link: Vec<Value> = outages(daemon, since).into_iter().filter(|it| it["link"] == told["link"]).collect();
    assert_eq!(of_link.len(), 1, "{of_link:#?}");
    for link in ["wan1", "wan2"] {
        wait_in(lab, daemon, link, LIMIT);
    }
    println!("{}", told["text"]);
    told
}

#[track_caller]
fn assert_spare(told: &Value) {
    assert_eq!((&told["link"], &told["noticed"]), (&"wan1".into(), &"on_the_spare".into()), "{told:#}");
    assert!(told["text"].as_str().is_some_and(|text| text.contains("connections used wan2")), "{told:#}");
}

fn kill_observer(daemon: &Daemon) {
    let observer = find(daemon, "observer").expect("there is one");
    kill(observer, Signal::SIGKILL).expect("it lives");
    wait_until("another observer is there", LIMIT, || !is_alive(observer) && find(daemon, "observer").is_some());
}

#[test]
fn each_cause_is_named_rightly() {
    let booted = Booted::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("causes"));
    let lab = lab("cause").binary(booted.program()).build();
    let daemon = start(&lab, CONFIG);
    let names = Names::begin(&lab);

    let isp = lab.isp(1);
    let told = check(&lab, &daemon, "cable", || isp.carrier(false), || isp.carrier(true));
    assert_spare(&told);
    let told = check(&lab, &daemon, "isp_box", || isp.silence(true), || isp.mend());
    assert_spare(&told);
    let mend = || {
        kill_observer(&daemon);
        isp.mend()
    };
    let told = check(&lab, &daemon, "isp", || isp.blackhole(true), mend);
    assert_spare(&told);
    let moment = told["begin"].as_str().expect("a time").to_owned();
    let dead = |dead| lab.target_dead("1.1.1.1", dead);
    let told = check(&lab, &daemon, "destination", || dead(true), || dead(false));
    assert_eq!((&told["noticed"], &told["troubles"][0]["target"]), (&"nothing".into(), &"1.1.1.1".into()));
    let answer = |answers| names.answers.store(answers, Ordering::SeqCst);
    let told = check(&lab, &daemon, "dns", || answer(false), || answer(true));
    assert_eq!((&told["noticed"], &told["link"]), (&"nothing_worked".into(), &Value::Null));

    let since = Timestamp::now() - Duration::from_secs(2);
    assert!(daemon.terminate().0.success());
    thread::sleep(PAUSE);
    let daemon = start(&lab, CONFIG);
    let told = wait_told(&daemon, since, "daemon", true);
    assert_eq!((&told["noticed"], &told["link"]), (&"nothing".into(), &Value::Null));

    let since = Timestamp::now() - Duration::from_secs(2);
    daemon.kill9();
    booted.boot_anew();
    thread::sleep(PAUSE);
    let daemon = start(&lab, CONFIG);
    let told = wait_told(&daemon, since, "power", true);
    assert_eq!((&told["noticed"], &told["link"]), (&"nothing_worked".into(), &Value::Null));

    let tell = |arguments: &[&str]| String::from_utf8(daemon.cli(arguments).stdout).expect("text");
    println!("{}", tell(&["outages"]));
    println!("{}", tell(&["why", "wan1", "--at", &moment]));
    let after = moment.parse::<Timestamp>().expect("a time") + Duration::from_secs(2);
    println!("{}", tell(&["why", "wan1", "--at", &after.to_string()]));
    println!("{}", tell(&["history", "wan1", "--since", "10m"]));
    let sheet = lab.dir().join("sheet.html");
    tell(&["outages", "--html", &sheet.display().to_string()]);
    let sheet = fs::read_to_string(sheet).expect("it was written");
    assert!(sheet.starts_with("<!doctype html>") && sheet.contains("the ISP&#39;s box did not answer"), "{sheet}");
}

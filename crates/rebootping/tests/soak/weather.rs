//! What happens to a gateway while it is watched: links fail, interfaces come under other names, settings change, people ask.

use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use rebootping_lab::{Daemon, Flood, Lab, udp_frame};

use crate::street;

/// So long each fault lasts: several rounds.
const FAULT: Duration = Duration::from_secs(3);
/// The kernel's and the daemon's work after a change of interfaces.
const PAUSE: Duration = Duration::from_secs(1);
/// Invented MACs of each storm: more than the tables of unproven ones take soon.
const INVENTED: u64 = 5_000;
/// So many short frames fill 8 MB.
const UNOWNED: u64 = 130_000;
/// What changes with a reload, and changes back with the next.
const SETTINGS: [&str; 2] = [
    "[select]\nhold_down = \"5s\"\n[capture]\nflow_cutoff = \"64KB\"\nper_device = \"4MB\"\n",
    "[select]\nhold_down = \"6s\"\n[capture]\nflow_cutoff = \"32KB\"\nper_device = \"4MB\"\n[probe]\nechoes = 2\n",
];

/// So many kinds of weather there are.
pub(crate) const KINDS: u64 = 9;

/// The settings of that number, and what stays as it is.
pub(crate) fn settings(number: u64, lasting: &str) -> String {
    format!("{}{lasting}", SETTINGS[number as usize % SETTINGS.len()])
}

/// Fills what is kept of frames that are nobody's, which has its bound and would look like growth until it is reached.
pub(crate) fn begin(lab: &Lab) {
    storm(lab, u64::MAX / 2..u64::MAX / 2 + UNOWNED);
}

/// Has the weather of this turn happen, to its end; settings change where it is said what stays.
pub(crate) fn turn(lab: &Lab, daemon: &Daemon, lasting: Option<&str>, number: u64) {
    match number % KINDS {
        0 => with_fault(|on| lab.isp(1).blackhole(on)),
        1 => with_fault(|pulled| lab.isp(2).carrier(!pulled)),
        2 => with_fault(|on| lab.isp(1).lose(if on { 40 } else { 0 })),
        3 => with_fault(|on| lab.isp(2).silence(on)),
        4 => {
            if let Some(lasting) = lasting {
                daemon.reload(Some(&settings(number / KINDS + 1, lasting)));
            }
        }
        5 => rename_an_interface(lab),
        6 => order(daemon, number),
        7 => ask(lab, daemon),
        _ => storm(lab, number * INVENTED..(number + 1) * INVENTED),
    }
    thread::sleep(PAUSE);
}

fn with_fault(change: impl Fn(bool) -> Instant) {
    change(true);
    thread::sleep(FAULT);
    change(false);
}

/// One comes, is renamed while up, and goes.
fn rename_an_interface(lab: &Lab) {
    let gw = lab.gw();
    gw.run("ip link add hot0 type veth peer name hot1 && ip link set dev hot0 up && ip link set dev hot1 up");
    thread::sleep(PAUSE);
    gw.run("ip link set dev hot0 down && ip link set dev hot0 name hot9 && ip link set dev hot9 up");
    thread::sleep(PAUSE);
    gw.run("ip link delete dev hot9");
}

/// An operator's orders, each of which is written down.
fn order(daemon: &Daemon, number: u64) {
    let device = street::text(street::device(0));
    let name = format!("box-{}", number % 2);
    tell(daemon, &["device", "rename", &device, &name]);
    tell(daemon, &["device", "restrict", &device, "pause", "--for", "1m"]);
    tell(daemon, &["device", "allow", &device]);
    tell(daemon, &["link", "pin", "wan2", "--for", "1m"]);
    thread::sleep(PAUSE);
    tell(daemon, &["link", "auto", "wan2"]);
}

/// Questions at the socket, and a browser's.
fn ask(lab: &Lab, daemon: &Daemon) {
    let device = street::text(street::device(0));
    for words in [
        &["status", "--json"] as &[&str],
        &["why", "wan1"],
        &["devices", "--json"],
        &["report", "--json"],
        &["history", "wan1", "--json"],
        &["outages", "--json"],
        &["alerts", "--json"],
        &["pcap", &device, "--since", "10s", "-w", "/dev/null"],
    ] {
        // Status tells by its exit code how the links are.
        drop(daemon.cli(words));
    }
    let page = "for at in status overview devices links/wan1/history check log; do \
        curl --silent --output /dev/null http://127.0.0.1:8067/api/v1/$at; done; \
        curl --silent --max-time 3 --output /dev/null http://127.0.0.1:8067/api/v1/events || true";
    lab.gw().run(page);
}

/// Frames from as many MACs that nobody has; other numbers are other MACs.
fn storm(lab: &Lab, numbers: Range<u64>) {
    let frame = |number: u64| {
        let mut mac = [0x0a, 0, 0, 0, 0, 0];
        mac[1..].copy_from_slice(&number.to_be_bytes()[3..]);
        udp_frame(mac, street::device(0), 5, 60)
    };
    street::send(lab, &Flood::of(numbers.map(frame).collect()).per_second(20_000));
}

#[track_caller]
fn tell(daemon: &Daemon, words: &[&str]) {
    let output = daemon.cli(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

//! What every test here begins with: a gateway with a LAN on which frames of any making are sent, and devices that are proven.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use nix::unistd::Pid;
use rebootping_lab::{Daemon, Flood, Yard, udp_frame, wait_until};
use serde_json::Value;

pub(crate) type Mac = [u8; 6];

/// The gateway's own, on `lan0`.
pub(crate) const GATEWAY: Mac = [0x02, 0, 0, 0, 0, 1];
/// All that is kept whole: what each test adds stands behind it.
pub(crate) const KEEP_ALL: &str = "[capture]\nflow_cutoff = \"off\"\n";
/// The daemon reports once a second; the machine may be busy.
pub(crate) const REPORT_LIMIT: Duration = Duration::from_secs(60);
/// Packets wait 100 ms in the ring and half a second in a buffer; the machine may be busy.
pub(crate) const WRITE_LIMIT: Duration = Duration::from_secs(60);

/// So much is done what `make test` does `short` times and `make test-long` `long` times.
pub(crate) fn times(short: u64, long: u64) -> u64 {
    if std::env::var_os("REBOOTPING_LONG").is_some() { long } else { short }
}

/// A gateway with one cable, `lan0`.
#[track_caller]
pub(crate) fn yard(prefix: &str) -> Yard {
    let yard = Yard::build(prefix, env!("CARGO_BIN_EXE_rebootping"));
    yard.lay_cable("lan0", &text(GATEWAY));
    yard
}

/// Starts the daemon and waits until it captures `lan0`.
#[track_caller]
pub(crate) fn start(yard: &Yard, config: &str) -> Daemon {
    let daemon = yard.daemon(config);
    daemon.wait_ready();
    wait_until("lan0 is captured", REPORT_LIMIT, || captures(&daemon, "lan0"));
    daemon
}

/// The MAC of a device of the LAN.
pub(crate) fn device(number: u16) -> Mac {
    let [high, low] = number.to_be_bytes();
    [0x02, 0xde, 0, 0, high, low]
}

/// A MAC as folders are named: in lower case with colons.
pub(crate) fn text(mac: Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// Where a device's captures are, by default.
pub(crate) fn folder(yard: &Yard, mac: Mac) -> PathBuf {
    yard.captures().join(text(mac))
}

/// Proves devices as any conversation with the gateway does: it sends each a frame, and each answers.
///
/// Returns the two frames of each.
#[track_caller]
pub(crate) fn prove(yard: &Yard, daemon: &Daemon, devices: &[Mac]) -> Vec<[Vec<u8>; 2]> {
    let frames: Vec<[Vec<u8>; 2]> =
        devices.iter().map(|&mac| [udp_frame(GATEWAY, mac, 1, 60), udp_frame(mac, GATEWAY, 1, 60)]).collect();
    let side = |side: usize| frames.iter().map(|pair| pair[side].clone()).collect();
    Flood::of(side(0)).per_second(5_000).send_in(yard.gw(), "lan0");
    Flood::of(side(1)).per_second(5_000).send_in(yard.street(), "lan0");
    wait_until("every device is proven and has its folder", WRITE_LIMIT, || {
        devices.iter().all(|&mac| !crate::pcap::segments(&folder(yard, mac)).is_empty())
    });
    wait_until("status has them", REPORT_LIMIT, || capture(daemon)["devices"].as_u64() >= Some(devices.len() as u64));
    frames
}

/// What status says of the captures.
#[track_caller]
pub(crate) fn capture(daemon: &Daemon) -> Value {
    daemon.status()["capture"].clone()
}

/// The process that captures.
#[track_caller]
pub(crate) fn observer(daemon: &Daemon) -> Pid {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.pid())).expect("the daemon runs").flatten();
    let children: Vec<String> =
        tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok()).collect();
    let is_observer = |pid: &&str| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|&byte| byte == 0).any(|word| word == b"observer")
    };
    let children = children.join(" ");
    let pid = children.split_whitespace().find(is_observer).expect("the daemon has an observer");
    Pid::from_raw(pid.parse().expect("a number"))
}

/// Whether an interface of that name is captured.
pub(crate) fn captures(daemon: &Daemon, interface: &str) -> bool {
    let status = daemon.try_status().unwrap_or_default();
    let mut names = status["capture"]["interfaces"].as_array().into_iter().flatten();
    names.any(|name| name == interface)
}

/// Waits until the daemon has seen that many packets since it started, and none was lost anywhere.
#[track_caller]
pub(crate) fn wait_seen(daemon: &Daemon, packets: u64) {
    let mut last = Value::Null;
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_until(&format!("{packets} packets were seen"), REPORT_LIMIT, || {
            last = capture(daemon);
            last["packets"].as_u64() >= Some(packets)
        })
    }));
    assert!(seen.is_ok(), "waited in vain until {packets} packets were seen; status says {last}");
    assert_nothing_lost(&last);
}

/// Fails where packets were lost, and says by whom: what a busy machine loses is no fault of the files.
#[track_caller]
pub(crate) fn assert_nothing_lost(capture: &Value) {
    for (cause, packets) in capture["dropped"].as_object().expect("status has its causes") {
        assert_eq!(packets, 0, "{cause} lost packets, so the test says nothing about the rest: {capture}");
    }
}

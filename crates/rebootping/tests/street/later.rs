//! Days later: what a daemon knows of devices survives its ends, and what happens from then on is told.
//!
//! Nobody here waits a day: between two starts, what was kept is made so much older.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rebootping_lab::{Daemon, wait_until};
use serde_json::Value;

use crate::servers::visit;
use crate::street::{Street, address, mac};
use crate::support::{device, events, lines, report, try_report};

const HOUR: u64 = 3600;
/// Devices are looked after once a second, and another observer is started at once; the machine may be slow.
const TOLD_WITHIN: Duration = Duration::from_secs(30);

#[test]
fn what_is_known_outlives_the_daemon() {
    let mut street = Street::build("outlives");
    let daemon = street.yard.daemon("");
    daemon.wait_ready();
    street.move_in(&["phone", "nas"]);
    visit(street.of("phone"), street.of("nas"), &format!("{}:22", address("nas")), "", "SSH-2.0-x\r\n");
    wait_until("the port is reported", TOLD_WITHIN, || {
        lines(&report(&daemon)).iter().any(|line| line.contains("established: ssh, SSH-2.0-x"))
    });
    let before = known(&report(&daemon));
    let (status, _) = daemon.terminate();
    assert!(status.success(), "{status}");

    let daemon = street.yard.daemon("");
    daemon.wait_ready();
    assert_eq!(known(&report(&daemon)), before, "after a restart");
    let observer = observer(&daemon).expect("there is an observer");
    kill9(observer);
    wait_until("another observer answers", TOLD_WITHIN, || {
        self::observer(&daemon).is_some_and(|other| other != observer) && try_report(&daemon).is_some()
    });
    assert_eq!(known(&report(&daemon)), before, "after a crash: kept when the daemon last ended");
}

#[test]
fn after_the_first_day_news_is_told() {
    let mut street = Street::build("later");
    let daemon = street.yard.daemon("");
    daemon.wait_ready();
    street.move_in(&["phone", "tv", "nas"]);
    wait_until("all are listed", TOLD_WITHIN, || {
        report(&daemon)["devices"].as_array().is_some_and(|all| all.len() == 3)
    });
    assert!(daemon.terminate().0.success());
    let hours = |hours: u64| hours * HOUR;
    // The phone has slept for half an hour, the television has been off for seven.
    grow_older(street.yard.dir(), hours(40), &[("phone", hours(1) / 2), ("tv", hours(7)), ("nas", 60)]);

    street.of("phone").run("ip link set dev eth0 down");
    street.of("tv").run("ip link set dev eth0 down");
    let daemon = street.yard.daemon("");
    daemon.wait_ready();
    wait_until("the television is missed", TOLD_WITHIN, || device(&report(&daemon), "tv")["gone"] == true);
    let told = events(&report(&daemon));
    assert_eq!(told, ["event: tv gone name living-room"], "and nobody else");
    street.of("tv").run("ip link set dev eth0 up");
    visit(street.of("nas"), street.of("tv"), &format!("{}:8060", address("tv")), "", "");
    street.move_in(&["sensor"]);
    wait_until("the sensor is told", TOLD_WITHIN, || events(&report(&daemon)).len() == 4);
    let mut told = events(&report(&daemon));
    told.sort();
    assert_eq!(
        told,
        [
            "event: sensor new_device name sensor",
            "event: tv back name living-room",
            "event: tv gone name living-room",
            "event: tv new_port name living-room ip 10.77.0.19 protocol tcp port 8060",
        ]
    );
    assert_eq!(device(&report(&daemon), "phone")["gone"], false);
}

/// What must not change over a restart: all lines, and since when each device and address is known.
fn known(report: &Value) -> Vec<String> {
    let mut known = lines(report);
    for device in report["devices"].as_array().into_iter().flatten() {
        known.push(format!("{} since {}", device["mac"], device["first_seen"]));
        for address in device["addresses"].as_array().into_iter().flatten() {
            known.push(format!("{} since {}", address["ip"], address["first_seen"]));
        }
    }
    known
}

/// The observer that belongs to a daemon.
fn observer(daemon: &Daemon) -> Option<u32> {
    let output = Command::new("pgrep").args(["-P", &daemon.pid().to_string(), "-f", "rebootping observer$"]).output();
    String::from_utf8_lossy(&output.expect("pgrep starts").stdout).lines().next()?.parse().ok()
}

fn kill9(process: u32) {
    let status = Command::new("kill").args(["-9", &process.to_string()]).status();
    assert!(status.expect("kill starts").success());
}

/// Makes what was kept so many seconds older, and each of these devices silent for the last so many.
fn grow_older(dir: &Path, seconds: u64, silent: &[(&str, u64)]) {
    let path = dir.join("state/observer/devices.json.gz");
    let mut text = Vec::new();
    GzDecoder::new(File::open(&path).expect("devices were kept")).read_to_end(&mut text).expect("it can be unpacked");
    let mut kept: Value = serde_json::from_slice(&text).expect("it is JSON");
    let inventory = &mut kept["inventory"];
    earlier(&mut inventory["started"], seconds);
    for known in inventory["devices"].as_array_mut().expect("devices") {
        let octets: Vec<String> = known["device"]["mac"].as_array().expect("a MAC").iter().map(hexadecimal).collect();
        let (_, silent) = silent.iter().find(|(role, _)| mac(role) == octets.join(":")).expect("its role");
        earlier(&mut known["device"]["first_seen"], seconds);
        earlier(&mut known["traffic"]["last_seen"], *silent);
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(kept.to_string().as_bytes()).expect("memory can be written");
    fs::write(&path, packed.finish().expect("memory can be written")).expect("it can be kept again");
}

fn earlier(time: &mut Value, seconds: u64) {
    *time = (time.as_u64().expect("nanoseconds") - seconds * 1_000_000_000).into();
}

fn hexadecimal(byte: &Value) -> String {
    format!("{:02x}", byte.as_u64().expect("a byte"))
}

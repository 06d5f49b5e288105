//! What a decision was made of, as a file: the packets around it, every link's pings, and the verdict.

use std::process::Command;
use std::time::Duration;

use rebootping_lab::{Daemon, Lab, SWITCH_LIMIT, wait_until};

use crate::shark::Wireshark;
use crate::support::{KEEP_ALL, captures};

const SETTLE_LIMIT: Duration = Duration::from_secs(60);
const CONFIG: &str = "[store]\nflush = \"10s\"\n[[link]]\ninterface = \"wan1\"\nlabel = \"fibre\"\n";
const UNHEALTHY: &str = "fibre (IPv4) judged unhealthy, not in use: answered ";

fn two_links(prefix: &str) -> (Lab, Daemon) {
    let lab = Lab::builder(prefix).default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping"));
    let lab = lab.without_shorewall().build();
    let daemon = lab.gw().daemon(&format!("{KEEP_ALL}{CONFIG}"));
    daemon.wait_ready();
    wait_until("both links are healthy and captured", SETTLE_LIMIT, || {
        ["wan1", "wan2"].iter().all(|link| daemon.link(link)["healthy"] == true && captures(&daemon, link))
    });
    (lab, daemon)
}

#[track_caller]
fn said(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = daemon.cli(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What tshark shows of a file: of each packet that fits the filter, these fields.
#[track_caller]
fn shown(file: &str, filter: &str, fields: &[&str]) -> String {
    let fields = fields.iter().flat_map(|field| ["-e", field]);
    let output = Command::new("tshark").args(["-r", file, "-Y", filter, "-T", "fields"]).args(fields).output();
    let output = output.expect("tshark is installed; see tools/need");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_evidence_of_a_decision_has_all_links_pings_and_the_verdict() {
    let (lab, daemon) = two_links("evidence");
    lab.isp(1).blackhole(true);
    wait_until("fibre is out", SWITCH_LIMIT * 4, || daemon.link("wan1")["enabled"] == false);
    // What comes of it is evidence as well.
    std::thread::sleep(Duration::from_secs(3));
    let path = |name: &str| lab.dir().join(name).display().to_string();
    let at_once = path("at-once.pcapng");
    let told = said(&daemon, &["why", "fibre", "--pcap", &at_once]);
    assert!(
        told.contains("fibre was out of use for IPv4") && told.contains("packets of wan1, wan2 around it"),
        "{told}"
    );
    let verdicts = shown(&at_once, "frame.comment", &["frame.comment"]);
    assert!(verdicts.contains(UNHEALTHY), "{verdicts}");
    for link in ["wan1", "wan2"] {
        let asked = shown(&at_once, &format!("icmp.type == 8 && frame.interface_name == {link}"), &["ip.dst"]);
        assert!(asked.lines().count() >= 8, "{link}: {asked}");
    }
    let answered = shown(&at_once, "icmp.type == 0 && frame.interface_name == wan2", &["ip.src"]);
    assert!(answered.lines().count() >= 8, "{answered}");
    let about = Command::new("capinfos").args(["-k", &at_once]).output().expect("capinfos; see tools/need");
    assert!(String::from_utf8_lossy(&about.stdout).contains("fibre was out of use for IPv4"), "{about:?}");
    for pings in ["pings of fibre (IPv4): ", " answered 0 of ", "pings of wan2 (IPv4): ", " ms"] {
        assert!(verdicts.contains(pings), "{verdicts}");
    }
    // A moment of the past, and the same without a daemon, once it is on the disk.
    let since = daemon.link("wan1")["since"].as_str().expect("a time").to_owned();
    let later = path("later.pcapng");
    wait_until("the history has the pings around it", SETTLE_LIMIT, || {
        said(&daemon, &["why", "wan1", "--at", &since, "--pcap", &later]);
        let told = shown(&later, "frame.comment", &["frame.comment"]);
        told.contains(UNHEALTHY) && told.contains("pings of fibre (IPv4): ")
    });
    // A capture of that time tells of it once, whoever knows of it.
    let whole = path("wan1.pcapng");
    said(&daemon, &["pcap", "wan1", "--since", "10m", "-w", &whole]);
    let told = shown(&whole, "frame.comment", &["frame.comment"]);
    assert_eq!(told.matches(UNHEALTHY).count(), 1, "{told}");
    let unknown = daemon.cli(&["why", "wan1", "--at", "2020-01-01T00:00:00Z", "--pcap", &later]);
    assert_eq!(unknown.status.code(), Some(1));
    let config = daemon.config_path().display().to_string();
    daemon.terminate();
    let program = env!("CARGO_BIN_EXE_rebootping");
    let offline = path("offline.pcapng");
    lab.gw().run(&format!("{program} --config {config} why fibre --at {since} --pcap {offline}"));
    let told = shown(&offline, "frame.comment", &["frame.comment"]);
    assert!(told.contains(UNHEALTHY) && told.contains("pings of fibre (IPv4): "), "{told}");
}

#[test]
fn a_link_is_captured_through_the_page_with_the_verdicts_beside_it() {
    let (lab, daemon) = two_links("paged");
    let token = said(&daemon, &["web", "token", "add", "shark", "--scope", "control"]);
    let laptop = Wireshark::absent(&lab.gw(), &lab.dir());
    let (code, told) = laptop.alone(&["wireshark", "install", "--system", "--gateway", "http://127.0.0.1:8067"]);
    assert_eq!(code, Some(0), "{told}");
    let laptop = laptop.with("REBOOTPING_TOKEN", token.trim());
    let (_, listed) = laptop.tshark(&["-D"]);
    assert!(listed.contains("rebootping-wan1 (link fibre (wan1))") && listed.contains("rebootping-wan2"), "{listed}");
    let fields = ["-T", "fields", "-E", "separator=|", "-e", "frame.interface_name", "-e", "frame.comment"];
    let capture = laptop.capture("rebootping-wan1", &fields);
    assert_eq!(capture.line(SETTLE_LIMIT), "wan1|");
    lab.isp(1).blackhole(true);
    let verdict = (0..10_000).find_map(|_| {
        let line = capture.line(SETTLE_LIMIT);
        let (interface, comment) = line.split_once('|').expect("two fields");
        assert_eq!(interface, "wan1");
        (!comment.is_empty()).then(|| comment.to_owned())
    });
    let verdict = verdict.expect("a verdict comes");
    assert!(verdict.starts_with(UNHEALTHY), "{verdict}");
    capture.stop();
}

//! Devices on a real wire, as an operator asks about them and orders: what was said is on the disk, what is forgotten is not.

use std::fs;
use std::io::Read;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use rebootping_lab::talk::{self, End};
use rebootping_lab::{Daemon, Flood, Yard, udp_frame, wait_until};
use serde_json::Value;

type Mac = [u8; 6];

/// The gateway's own, on `lan0`.
const GATEWAY: Mac = [0x02, 0, 0, 0, 0, 1];
const PRINTER: Mac = [0x02, 0xde, 0xc0, 0xff, 0xee, 0x05];
const TV: Mac = [0x02, 0xde, 0xc0, 0xff, 0xee, 0x06];
/// The daemon looks ten times a second and the ring hands blocks over as often; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(15);

#[track_caller]
fn yard() -> Yard {
    let yard = Yard::build("dev", env!("CARGO_BIN_EXE_rebootping"));
    yard.lay_cable("lan0", &text(GATEWAY));
    yard
}

#[track_caller]
fn start(yard: &Yard) -> Daemon {
    let daemon = yard.daemon("");
    daemon.wait_ready();
    wait_until("lan0 is captured", LIMIT, || {
        let interfaces = daemon.try_status().unwrap_or_default()["capture"]["interfaces"].clone();
        interfaces.as_array().into_iter().flatten().any(|name| name == "lan0")
    });
    daemon
}

/// The device says its name and address to all, and talks with the gateway, which proves it.
fn speak(yard: &Yard, mac: Mac, name: &str) {
    let end = End { mac, ip: Ipv4Addr::new(10, 0, 0, mac[5]), port: 40_000 };
    Flood::of(vec![udp_frame(GATEWAY, mac, 1, 60)]).send_in(yard.gw(), "lan0");
    let frames =
        vec![talk::dhcp_request(mac, name.as_bytes(), b"udhcp"), talk::arp(&end), udp_frame(mac, GATEWAY, 1, 60)];
    Flood::of(frames).send_in(yard.street(), "lan0");
}

#[track_caller]
fn wait_for(daemon: &Daemon, mac: Mac, name: &str) {
    wait_until("the device is listed with its name", LIMIT, || {
        device(daemon, mac).is_some_and(|device| device["name"] == name && device["captures"].is_object())
    });
}

fn device(daemon: &Daemon, mac: Mac) -> Option<Value> {
    let report: Value = serde_json::from_str(&said(daemon, &["devices", "--json"])).expect("it is JSON");
    report["devices"].as_array()?.iter().find(|device| device["mac"] == text(mac)).cloned()
}

/// What a command says that succeeds.
#[track_caller]
fn said(daemon: &Daemon, words: &[&str]) -> String {
    let output = daemon.cli(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
}

fn text(mac: Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

#[test]
fn what_an_operator_said_of_a_device_survives_a_kill() {
    let yard = yard();
    let daemon = start(&yard);
    speak(&yard, PRINTER, "npi1");
    speak(&yard, TV, "tv");
    wait_for(&daemon, PRINTER, "npi1");
    wait_for(&daemon, TV, "tv");
    let mac = text(PRINTER).to_uppercase().replace(':', "-");
    assert_eq!(
        said(&daemon, &["device", "rename", &mac, "second-floor"]),
        format!(
            "{} is called second-floor (undo: rebootping device undo 1); no DHCP server that could be told runs here\n",
            text(PRINTER)
        )
    );
    said(&daemon, &["device", "note", "second-floor", "asks for A4"]);
    said(&daemon, &["device", "capture", "tv", "off"]);
    daemon.kill9();
    let daemon = start(&yard);
    let printer = device(&daemon, PRINTER).expect("it is listed");
    assert_eq!((&printer["name"], &printer["note"]), (&"second-floor".into(), &"asks for A4".into()));
    let shown = said(&daemon, &["device", "show", "second-floor"]);
    assert!(shown.starts_with("second-floor (user)\n") && shown.contains("also called  npi1 (dhcp)"), "{shown}");
    assert!(said(&daemon, &["devices"]).contains("second-floor"));
    // Nothing more of the television is kept, while the printer's next frame is.
    let before = kept(&yard, TV);
    speak(&yard, TV, "tv");
    let printers = kept(&yard, PRINTER);
    speak(&yard, PRINTER, "npi1");
    wait_until("the printer's frames are kept", LIMIT, || kept(&yard, PRINTER) > printers);
    assert_eq!(kept(&yard, TV), before);
}

fn kept(yard: &Yard, mac: Mac) -> u64 {
    files(&yard.captures().join(text(mac))).iter().map(|path| fs::metadata(path).map_or(0, |file| file.len())).sum()
}

#[test]
fn merged_macs_are_one_device_until_they_are_split() {
    let yard = yard();
    let daemon = start(&yard);
    speak(&yard, PRINTER, "laptop");
    speak(&yard, TV, "laptop-wifi");
    wait_for(&daemon, PRINTER, "laptop");
    wait_for(&daemon, TV, "laptop-wifi");
    said(&daemon, &["device", "merge", &text(TV), "laptop"]);
    assert!(device(&daemon, TV).is_none());
    assert_eq!(device(&daemon, PRINTER).expect("it is listed")["also"], serde_json::json!([text(TV)]));
    said(&daemon, &["device", "split", &text(TV)]);
    assert!(device(&daemon, TV).is_some());
    let refused = daemon.cli(&["device", "merge", &text(TV), "labtop"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(
        (refused.status.code(), told.trim_end()),
        (Some(1), "rebootping: no device is called \"labtop\"; nearest: laptop")
    );
}

#[test]
fn a_forgotten_device_leaves_nothing() {
    let yard = yard();
    let daemon = start(&yard);
    speak(&yard, PRINTER, "npi1");
    speak(&yard, TV, "tv");
    wait_for(&daemon, PRINTER, "npi1");
    wait_for(&daemon, TV, "tv");
    // All an operator can order is written down somewhere.
    said(&daemon, &["device", "rename", "tv", "childrens-tv"]);
    said(&daemon, &["device", "restrict", "childrens-tv", "pause", "--for", "1h"]);
    said(&daemon, &["device", "note", "childrens-tv", "of the children"]);
    said(&daemon, &["device", "merge", &text(TV), "npi1"]);
    said(&daemon, &["device", "split", &text(TV)]);
    let state = yard.dir().join("state");
    assert!(!traces(&state, TV).is_empty() && !traces(&state, PRINTER).is_empty(), "nothing would be found");
    let refused = daemon.cli(&["device", "forget", &text(TV)]);
    assert!(!refused.status.success(), "whoever is forgotten would stay restricted");
    said(&daemon, &["device", "allow", &text(TV)]);
    said(&daemon, &["device", "forget", &text(TV)]);
    assert_eq!(traces(&state, TV), Vec::<PathBuf>::new());
    daemon.terminate();
    assert_eq!(traces(&state, TV), Vec::<PathBuf>::new());
    let daemon = start(&yard);
    assert!(device(&daemon, TV).is_none() && device(&daemon, PRINTER).is_some());
    assert_eq!(traces(&state, TV), Vec::<PathBuf>::new());
}

#[test]
fn only_root_may_ask_or_order() {
    let yard = yard();
    let daemon = start(&yard);
    speak(&yard, TV, "tv");
    wait_for(&daemon, TV, "tv");
    for words in [&["devices"][..], &["report", "--json"], &["device", "show", "tv"], &["device", "forget", &text(TV)]]
    {
        let mut command = yard.gw().command("setpriv");
        command.args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            env!("CARGO_BIN_EXE_rebootping"),
            "--config",
        ]);
        let output = command.arg(daemon.config_path()).args(words).output().expect("it starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(1) && output.stdout.is_empty() && told.contains("only root may"),
            "{words:?}: {told}"
        );
    }
    assert!(device(&daemon, TV).is_some());
}

/// The files below a folder in whose names or bytes a MAC stands in any form, packed or not.
fn traces(folder: &Path, mac: Mac) -> Vec<PathBuf> {
    let digits: Vec<String> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let numbers: Vec<String> = mac.iter().map(u8::to_string).collect();
    let dots: Vec<String> = digits.chunks(2).map(<[String]>::concat).collect();
    let texts =
        [digits.join(":"), digits.join("-"), digits.concat(), dots.join("."), numbers.join(","), numbers.join(", ")];
    let has = |bytes: &[u8]| {
        let lower = bytes.to_ascii_lowercase();
        let within = |wanted: &[u8]| lower.windows(wanted.len()).any(|window| window == wanted);
        bytes.windows(6).any(|window| window == mac) || texts.iter().any(|text| within(text.as_bytes()))
    };
    let is_trace = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap_or_default();
        let mut unpacked = Vec::new();
        // What is not packed has no inside.
        drop(MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked));
        has(path.to_string_lossy().as_bytes()) || has(&bytes) || has(&unpacked)
    };
    files(folder).into_iter().filter(is_trace).collect()
}

/// Everything below a folder, folders too.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found
}

//! tshark on a device: it is listed by name, and its packets come live, named, and no others.

use std::time::{Duration, Instant};

use rebootping_lab::talk::{End, arp, udp};
use rebootping_lab::{Daemon, Flood, Yard, wait_until};

use crate::shark::Wireshark;
use crate::support::{GATEWAY, KEEP_ALL, REPORT_LIMIT, device, prove, start, text, yard};

const PROMISED: Duration = Duration::from_secs(1);
/// A machine that is busy with other things may be late now and then.
pub(crate) const AT_MOST: Duration = Duration::from_secs(20);
pub(crate) const FIELDS: [&str; 14] = [
    "-N",
    "n",
    "-T",
    "fields",
    "-E",
    "separator=|",
    "-e",
    "frame.interface_name",
    "-e",
    "ip.src_host",
    "-e",
    "eth.src",
    "-e",
    "data",
];

pub(crate) const GATEWAY_END: End = End { mac: GATEWAY, ip: std::net::Ipv4Addr::new(10, 0, 0, 1), port: 4_000 };

pub(crate) fn end(number: u16) -> End {
    End { mac: device(number), ip: [10, 0, 0, number as u8 + 10].into(), port: 4_000 }
}

/// A yard with two proven devices, the first of which is called `kitchen-tv`.
fn street(prefix: &str) -> (Yard, Daemon, Wireshark) {
    let yard = yard(prefix);
    let daemon = start(&yard, KEEP_ALL);
    settle(&yard, &daemon);
    let wireshark = Wireshark::install(yard.gw(), &daemon, yard.dir());
    (yard, daemon, wireshark)
}

/// Proves two devices, the first of which is called `kitchen-tv`, and waits until their addresses are known.
pub(crate) fn settle(yard: &Yard, daemon: &Daemon) {
    prove(yard, daemon, &[device(1), device(2)]);
    Flood::of(vec![arp(&end(1)), arp(&end(2))]).send_in(yard.street(), "lan0");
    let renamed = daemon.cli(&["device", "rename", &text(device(1)), "kitchen-tv"]);
    assert!(renamed.status.success(), "{}", String::from_utf8_lossy(&renamed.stderr));
    wait_until("its address is known", REPORT_LIMIT, || {
        let shown = daemon.cli(&["device", "show", "kitchen-tv"]).stdout;
        String::from_utf8_lossy(&shown).contains("10.0.0.11")
    });
}

pub(crate) fn interface(number: u16) -> String {
    format!("rebootping-{}", text(device(number)))
}

#[test]
fn a_device_is_listed_by_name_and_captured_live_with_its_own_packets_and_no_others() {
    let (yard, _daemon, wireshark) = street("shark");
    let (_, listed) = wireshark.tshark(&["-D"]);
    assert!(listed.contains(&format!("{} (kitchen-tv ({}))", interface(1), text(device(1)))), "{listed}");
    assert!(listed.contains(&interface(2)), "{listed}");
    let capture = wireshark.capture(&interface(1), &FIELDS);
    capture.wait_begun(|| Flood::of(vec![udp(&end(1), &GATEWAY_END, b"begun")]).send_in(yard.street(), "lan0"));
    let mut sent = Vec::new();
    let mut took = Vec::new();
    for number in 0..7_u8 {
        let before = Instant::now();
        let frames = [(1, b'a'), (2, b'b'), (1, b'c')].map(|(from, letter)| (from, [letter, number]));
        let all = frames.iter().map(|(from, said)| udp(&end(*from), &GATEWAY_END, said)).collect();
        Flood::of(all).send_in(yard.street(), "lan0");
        for (_, said) in frames.into_iter().filter(|(from, _)| *from == 1) {
            sent.push(format!("lan0|kitchen-tv|{}|{:02x}{:02x}", text(device(1)), said[0], said[1]));
        }
        let came: Vec<String> = (0..2).map(|_| capture.line(AT_MOST)).collect();
        took.push(before.elapsed());
        assert_eq!(came, sent[sent.len() - 2..]);
    }
    took.sort();
    println!("packets took {took:?}");
    assert!(took[3] < PROMISED, "{took:?}");
    let (rest, said) = capture.stop();
    assert_eq!(rest, [""; 0], "{said}");
    assert!(!said.contains("Error"), "{said}");
}

#[test]
fn options_and_filters_reach_the_capture() {
    let (yard, _daemon, wireshark) = street("options");
    let said: Vec<Vec<u8>> =
        vec![udp(&end(1), &GATEWAY_END, b"long enough to be cut"), udp(&end(1), &end(2), b"to the other")];
    Flood::of(said).send_in(yard.street(), "lan0");
    let preference =
        |option: &str, value: &str| format!("extcap.{}.{option}:{value}", interface(1).replace([':', '-'], "_"));
    let options = [preference("since", "10m"), preference("snaplen", "46")];
    let fields = [
        "-o",
        &options[0],
        "-o",
        &options[1],
        "-f",
        "host 10.0.0.12",
        "-c",
        "1",
        "-T",
        "fields",
        "-e",
        "frame.cap_len",
    ];
    let (code, printed) = wireshark.tshark(&[&["-i", &interface(1)][..], &fields].concat());
    assert!(printed.starts_with("46\n"), "{code:?}: {printed}");
    let (code, printed) = wireshark.tshark(&["-i", &interface(1), "-f", "port 53"]);
    assert!(code != Some(0) && printed.contains("write `host ADDRESS`"), "{code:?}: {printed}");
}

#[test]
fn a_daemon_that_is_gone_is_told_in_wiresharks_own_form() {
    let (yard, daemon, wireshark) = street("gone");
    let mut capture = wireshark.capture(&interface(1), &[]);
    capture.wait_begun(|| Flood::of(vec![udp(&end(1), &GATEWAY_END, b"begun")]).send_in(yard.street(), "lan0"));
    daemon.terminate();
    let (_, said) = capture.wait();
    let message = "Error by extcap pipe: rebootping: ";
    assert!(said.contains(message) && said.contains("the daemon ended, so nothing is captured any more"), "{said}");
    let (code, said) = wireshark.tshark(&["-i", &interface(1)]);
    assert!(code != Some(0) && said.contains(&format!("{message}no daemon runs")), "{code:?}: {said}");
    let (_, listed) = wireshark.tshark(&["-D"]);
    assert!(listed.contains(&interface(1)), "what was captured can still be opened: {listed}");
}

#[test]
fn what_was_installed_is_undone_and_nothing_else() {
    let (yard, daemon, wireshark) = street("undo");
    let run = |arguments: &[&str]| {
        let output = wireshark.rebootping(&daemon, &[&["wireshark", "install", "--system"][..], arguments].concat());
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8"))
    };
    let script = yard.dir().join("extcap/rebootping");
    assert!(script.exists());
    assert_eq!(run(&["--undo"]).0, Some(0));
    assert!(!script.exists());
    assert!(run(&["--undo"]).1.contains("nothing is left to undo"));
    std::fs::write(&script, "#!/bin/sh\n# a stranger's\n").expect("a file");
    for arguments in [&[][..], &["--undo"]] {
        let (code, said) = run(arguments);
        assert!(code == Some(1) && said.contains("is not ours"), "{said}");
    }
    assert!(script.exists());
}

#[test]
fn the_profile_names_devices_and_is_understood() {
    let (yard, daemon, wireshark) = street("profile");
    let folder = yard.dir().join("home/.config/wireshark/profiles/gateway");
    let folder = folder.to_str().expect("UTF-8");
    let written = wireshark.rebootping(&daemon, &["wireshark", "profile", folder]);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let file = yard.dir().join("tv.pcapng");
    let file = file.to_str().expect("UTF-8");
    assert!(daemon.cli(&["pcap", &text(device(1)), "-w", file]).status.success());
    let (code, shown) = wireshark.tshark(&["-C", "gateway", "--color", "-r", file]);
    assert_eq!(code, Some(0), "{shown}");
    // The columns: link, sending and receiving device, source.
    let arp = shown.lines().find(|line| line.contains("ARP")).unwrap_or_else(|| panic!("{shown}"));
    let words: Vec<&str> = arp.split_whitespace().collect();
    assert!(words.windows(2).any(|pair| pair == ["lan0", "kitchen-tv"]), "{arp}");
    for trouble in ["preferences", "colorfilters", "ethers", "hosts", "isn't a valid"] {
        assert!(!shown.contains(trouble), "{shown}");
    }
}

//! A crowd on the LAN: devices that only say their names, a thousand honest ones, and some whose names are no honest device's.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use rebootping_lab::talk::{self, BROADCAST, End};
use rebootping_lab::{Daemon, Flood, Lab, wait_until};
use serde_json::{Value, json};

/// The names every place that shows one is tested with.
#[path = "../../src/escape/hostile.rs"]
mod hostile;

pub(crate) const HONEST: u16 = 1_000;
/// The gateway's own, on `lan0`.
const GATEWAY: [u8; 6] = [0x02, 0, 0, 0, 0, 1];
/// What an honest device may be.
const KINDS: [(&str, &str); 8] = [
    ("anna-phone", "android-dhcp-14"),
    ("office-printer", "JetDirect"),
    ("living-room-tv", "tv-os"),
    ("nas", "storage-os"),
    ("bens-laptop", "MSFT 5.0"),
    ("camera-yard", "camera-os"),
    ("kitchen-speaker", "speaker-os"),
    ("thermostat", "udhcp 1.36"),
];
/// Two that are one laptop, by cable and by radio.
const TWINS: [u16; 2] = [4, 12];
/// The observer has thousands of frames to read, on a machine that has other work too.
const HEARD_WITHIN: Duration = Duration::from_secs(60);

/// Lets the crowd speak on the LAN until the daemon lists it.
#[track_caller]
pub(crate) fn speak(lab: &Lab, daemon: &Daemon) {
    let honest = (0..HONEST).map(|number| (honest(number), introduction(number)));
    let hostile =
        (0..).zip(hostile::NAMES).map(|(number, name)| (stranger(number), everything(&stranger(number), name)));
    let crowd: Vec<(End, Vec<Vec<u8>>)> = honest.chain(hostile).collect();
    let mut listed = BTreeSet::new();
    wait_until("the whole crowd is listed", HEARD_WITHIN, || {
        // Whoever the gateway has written to, and who speaks after that, is no invention.
        let missing = || crowd.iter().filter(|(device, _)| !listed.contains(&written(device.mac)));
        let greetings = missing().map(|(device, _)| talk::udp(&gateway(), device, b"who are you?")).collect::<Vec<_>>();
        let words = missing().flat_map(|(_, words)| words.clone()).collect::<Vec<_>>();
        if !greetings.is_empty() {
            Flood::of(greetings).send_in(&lab.gw(), "lan0");
            Flood::of(words).send_in(lab.lan(1), "eth0");
        }
        listed = devices(daemon).iter().filter_map(|device| device["mac"].as_str().map(str::to_owned)).collect();
        crowd.iter().all(|(device, _)| listed.contains(&written(device.mac)))
    });
}

/// The MAC of an honest device, as the page has it.
pub(crate) fn honest_mac(number: u16) -> String {
    written(honest(number).mac)
}

/// Those whose names are not honest, each with the beginning of its name as it must be seen.
pub(crate) fn hostile(daemon: &Daemon) -> Vec<Value> {
    let known = devices(daemon);
    let macs: BTreeSet<String> = (0..).zip(hostile::NAMES).map(|(number, _)| written(stranger(number).mac)).collect();
    let named = known.iter().filter(|device| device["mac"].as_str().is_some_and(|mac| macs.contains(mac)));
    named
        .filter_map(|device| Some(json!({ "mac": device["mac"], "shown": beginning(device["name"].as_str()?) })))
        .collect()
}

/// The first letters that nothing hides and no browser folds; what would hide is written out.
fn beginning(name: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_graphic();
    let seen: String = name.trim_start().chars().take_while(is_plain).take(12).collect();
    if seen.is_empty() && name.chars().any(char::is_control) { "\\u{".to_owned() } else { seen }
}

fn devices(daemon: &Daemon) -> Vec<Value> {
    let output = daemon.cli(&["devices", "--json"]);
    let known: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    known["devices"].as_array().cloned().unwrap_or_default()
}

fn gateway() -> End {
    End { mac: GATEWAY, ip: Ipv4Addr::new(10, 50, 0, 1), port: 9 }
}

fn honest(number: u16) -> End {
    let [high, low] = number.to_be_bytes();
    End { mac: [0x00, 0x1b, 0x21, 0x50, high, low], ip: Ipv4Addr::new(10, 60, high, low), port: 9 }
}

fn stranger(number: u8) -> End {
    End { mac: [0x00, 0x1b, 0x21, 0x66, 0, number], ip: Ipv4Addr::new(10, 66, 0, number), port: 9 }
}

fn introduction(number: u16) -> Vec<Vec<u8>> {
    let (device, (name, class)) = (honest(number), KINDS[usize::from(number) % KINDS.len()]);
    if TWINS.contains(&number) {
        let client = [0, 2, 0, 0, 0x47, 0x11];
        return vec![talk::arp(&device), talk::dhcp_request_of_client(device.mac, name.as_bytes(), &client)];
    }
    let name = if number < 8 { name.to_owned() } else { format!("{name}-{number}") };
    vec![talk::arp(&device), talk::dhcp_request(device.mac, name.as_bytes(), class.as_bytes())]
}

/// The name in every protocol that has names.
fn everything(device: &End, name: &[u8]) -> Vec<Vec<u8>> {
    let mdns = End::group(Ipv4Addr::new(224, 0, 0, 251), 5353);
    let ssdp = End::group(Ipv4Addr::new(239, 255, 255, 250), 1900);
    let all = End { mac: BROADCAST, ip: Ipv4Addr::BROADCAST, port: 137 };
    let host = talk::host_answer(&[name, b".local"].concat(), device.ip);
    vec![
        talk::arp(device),
        talk::dhcp_request(device.mac, name, name),
        talk::udp(&device.at(5353), &mdns, &host),
        talk::udp(&device.at(5353), &mdns, &talk::announced(name)),
        talk::udp(&device.at(137), &all, &talk::netbios_registration(name, device.ip)),
        talk::udp(&device.at(1900), &ssdp, &talk::ssdp_notify(name, name)),
        talk::lldp(device.mac, name, name),
    ]
}

fn written(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

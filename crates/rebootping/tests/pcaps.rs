//! `rebootping report --pcap` of real captures against what tshark makes of them: ports, names, addresses.
//!
//! The captures lie in `../shared/pcaps` beside the checkout, their truth beside them (`truth/NAME.json`); where they are not, the test says
//! so on the terminal and proves nothing.
#![expect(clippy::unwrap_used, reason = "a truth of another shape fails the test")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[test]
fn captures_tell_what_tshark_says() {
    let Some(files) = captures() else { return };
    let mut faults = Vec::new();
    let [mut strong, mut strong_found, mut told, mut told_right] = [0; 4];
    println!("{:24} {:>9} {:>11} {:>11} {:>7}", "capture", "TCP", "UDP strong", "UDP listed", "names");
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let truth = truth(&file, &name);
        let report = report(&file);
        let (tcp, expected) = (ports(&report, "tcp_open"), true_ports(&truth["tcp_open"], false));
        if tcp != expected {
            faults.push(format!("{name}: TCP {:?}", tcp.symmetric_difference(&expected).collect::<Vec<_>>()));
        }
        let (udp, all) = (ports(&report, "udp_open"), true_ports(&truth["udp_services"], false));
        let true_strong = true_ports(&truth["udp_services"], true);
        strong += true_strong.len();
        strong_found += true_strong.intersection(&udp).count();
        told += udp.len();
        told_right += udp.intersection(&all).count();
        let missing: Vec<_> = true_strong.difference(&udp).chain(udp.difference(&all)).collect();
        if !missing.is_empty() {
            println!("{name}: UDP {missing:?}");
        }
        let (names, unknown) = names(&report, &truth);
        println!(
            "{name:24} {:>4}/{:<4} {:>5}/{:<5} {:>5}/{:<5} {names:>3}/{}",
            tcp.intersection(&expected).count(),
            expected.len(),
            true_strong.intersection(&udp).count(),
            true_strong.len(),
            udp.intersection(&all).count(),
            udp.len(),
            names + unknown.len()
        );
        faults.extend(unknown.into_iter().map(|unknown| format!("{name}: {unknown}")));
        // Its ARP is damaged: what tshark still reads from it is nobody's claim.
        let is_sane = name != "tcpdump-arp-oobr.pcap";
        faults.extend(strangers(&report, &truth, is_sane).into_iter().map(|stranger| format!("{name}: {stranger}")));
    }
    println!("UDP: {strong_found} of {strong} strong services found, {told_right} of {told} told are right");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(strong_found * 100 >= strong * 95 && told_right * 100 >= told * 98);
}

#[test]
fn the_same_capture_makes_the_same_report() {
    for file in captures().into_iter().flatten() {
        assert!(run(&file).stdout == run(&file).stdout, "{}: two reports", file.display());
    }
}

#[test]
fn damage_is_survived_anywhere() {
    let damaged = std::env::temp_dir().join(format!("rebootping-pcaps-{}.pcap", std::process::id()));
    for file in captures().into_iter().flatten() {
        let mut bytes = fs::read(&file).unwrap();
        for at in (24..bytes.len()).step_by(101) {
            bytes[at] ^= 0x5a;
        }
        fs::write(&damaged, &bytes).unwrap();
        let output = run(&damaged);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {told}", file.display());
        // What stood before the damage is reported, and the damage said.
        assert!(
            output.stdout.is_empty() || serde_json::from_slice::<Value>(&output.stdout).is_ok(),
            "{}",
            file.display()
        );
    }
    fs::remove_file(&damaged).unwrap_or_default();
}

fn captures() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/pcaps");
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("NOT TESTED: there is no {}; captures are compared with tshark where it is", folder.display());
        return None;
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "pcap"));
    files.sort();
    assert!(!files.is_empty(), "{} holds no capture", folder.display());
    Some(files)
}

fn truth(file: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(file.with_file_name("truth").join(format!("{name}.json"))).unwrap()).unwrap()
}

fn report(file: &Path) -> Value {
    let output = run(file);
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn run(file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rebootping"));
    command.args(["report", "--json", "--pcap"]).arg(file).output().unwrap()
}

fn texts<'a>(value: &'a Value, of: &str) -> impl Iterator<Item = &'a str> {
    value[of].as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn list<'a>(value: &'a Value, of: &str) -> impl Iterator<Item = &'a Value> {
    value[of].as_array().into_iter().flatten()
}

type At = (String, u64);

fn at(port: &Value) -> At {
    (port["ip"].as_str().unwrap().into(), port["port"].as_u64().unwrap())
}

fn ports(report: &Value, of: &str) -> BTreeSet<At> {
    list(report, "devices").chain(list(report, "hosts")).flat_map(|device| list(device, of)).map(at).collect()
}

fn true_ports(ports: &Value, only_strong: bool) -> BTreeSet<At> {
    let ports = ports.as_array().into_iter().flatten();
    ports.filter(|port| !only_strong || port["strong"] == true).map(at).collect()
}

/// How many names were found with the right source at the right device, and which were not.
fn names(report: &Value, truth: &Value) -> (usize, Vec<String>) {
    const SOURCES: [(&str, &str); 9] = [
        ("dhcp_hostname", "dhcp"),
        ("dhcp_fqdn", "dhcp"),
        ("dhcp6_fqdn", "dhcp"),
        ("mdns_A", "mdns"),
        ("mdns_AAAA", "mdns"),
        ("llmnr_A", "llmnr"),
        ("nbns_registered", "netbios"),
        ("lldp_system_name", "lldp"),
        ("cdp_device", "cdp"),
    ];
    let (mut found, mut missing) = (0, Vec::new());
    for (mac, device) in truth["devices"].as_object().unwrap() {
        let known = list(report, "devices").find(|known| known["mac"] == *mac);
        for (key, source) in SOURCES {
            for name in texts(device, key).filter(|name| !name.ends_with(')')) {
                let name = name.split(" -> ").next().unwrap().trim_end_matches('.');
                let name = if source == "netbios" { &name[..name.rfind('<').unwrap_or(name.len())] } else { name };
                // tshark writes bytes that are no text as numbers in angle brackets.
                let is = |known: &&Value| {
                    let text = known["name"].as_str().unwrap().replace('\u{1}', "<01>").replace('\u{2}', "<02>");
                    text.trim_end_matches('.') == name && known["source"] == source
                };
                match known.into_iter().flat_map(|known| list(known, "names")).find(is) {
                    Some(_) => found += 1,
                    None => missing.push(format!("{mac} is called {name:?} by {source}")),
                }
            }
        }
        let (marks, lost) = marks(report, known, mac, device);
        found += marks;
        missing.extend(lost);
    }
    (found, missing)
}

/// Announced services, banners, user agents, DHCP classes.
fn marks(report: &Value, known: Option<&Value>, mac: &str, device: &Value) -> (usize, Vec<String>) {
    const OF_DEVICE: [&str; 5] =
        ["http_user_agent", "ssdp_server", "ssdp_user_agent", "dhcp_vendor_class", "dhcp_param_list"];
    let of_device = known.map(ToString::to_string).unwrap_or_default();
    // What greets may be a host behind the device.
    let behind: Vec<&Value> = list(report, "hosts").filter(|host| host["behind"] == mac).collect();
    let of_any = format!("{of_device}{behind:?}");
    let (mut found, mut missing) = (0, Vec::new());
    for key in OF_DEVICE.into_iter().chain(["ssh_banner", "ftp_banner", "smtp_banner"]) {
        for text in texts(device, key) {
            let is_there = if OF_DEVICE.contains(&key) { &of_device } else { &of_any }.contains(text);
            found += usize::from(is_there);
            if !is_there {
                missing.push(format!("{mac} has {key} {text:?}"));
            }
        }
    }
    for key in ["tls_sni", "quic_sni", "http_host"] {
        for server in texts(device, key) {
            let server = server.split_once(':').map_or(server, |(host, _)| host);
            let is_there = known.is_some_and(|known| list(known, "contacts").any(|contact| contact["name"] == server));
            found += usize::from(is_there);
            if !is_there {
                missing.push(format!("{mac} talks to {server:?} by {key}"));
            }
        }
    }
    for announced in texts(device, "mdns_PTR").filter_map(|pair| pair.split_once(" -> ")) {
        let (kind, instance) = announced;
        let Some(title) = instance.strip_suffix(&format!(".{kind}")).filter(|title| !title.starts_with('_')) else {
            continue;
        };
        let name = format!("{} {title}", kind.trim_end_matches(".local"));
        let is_there = known.is_some_and(|known| list(known, "services_announced").any(|known| known["name"] == name));
        found += usize::from(is_there);
        if !is_there {
            missing.push(format!("{mac} announces {name:?}"));
        }
    }
    (found, missing)
}

/// Devices that are none, or are missing, and addresses that were claimed and are not listed.
fn strangers(report: &Value, truth: &Value, is_sane: bool) -> Vec<String> {
    let mut found = Vec::new();
    let devices = truth["devices"].as_object().unwrap();
    let senders: BTreeSet<&str> =
        devices.iter().filter(|(_, d)| d["packets"] != 0).map(|(mac, _)| mac.as_str()).collect();
    let listed: BTreeSet<&str> = list(report, "devices").filter_map(|device| device["mac"].as_str()).collect();
    found.extend(senders.symmetric_difference(&listed).map(|mac| format!("device {mac}")));
    for device in list(report, "devices") {
        let mac = device["mac"].as_str().unwrap();
        let own: BTreeSet<&str> = list(device, "addresses").filter_map(|address| address["ip"].as_str()).collect();
        let is_host = |ip: &&str| !ip.starts_with("224.") && *ip != "255.255.255.255";
        for ip in texts(&devices[mac], "claimed_ips").filter(is_host).filter(|ip| !own.contains(ip)) {
            if own.len() < 32 && is_sane {
                found.push(format!("{mac} claims {ip}"));
            }
        }
    }
    found
}

//! The report of a running daemon, and the same in lines that can be compared with what there is.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rebootping_lab::{Daemon, wait_until};
use serde_json::Value;

use crate::street::{GATEWAY_MAC, ROLES, mac};

/// The observer looks at its wires ten times a second; machines that run tests may be slow.
const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// What the daemon knows of devices; none while there is nobody to ask.
pub(crate) fn try_report(daemon: &Daemon) -> Option<Value> {
    serde_json::from_slice(&daemon.cli(&["report", "--json"]).stdout).ok()
}

/// What the daemon knows of devices.
#[track_caller]
pub(crate) fn report(daemon: &Daemon) -> Value {
    let mut last = None;
    wait_until("the daemon reports devices", HEARD_WITHIN, || {
        last = try_report(daemon);
        last.is_some()
    });
    last.expect("it has reported")
}

/// Waits until the report says all of this and nothing else; panics with what is missing and what is too much.
#[track_caller]
pub(crate) fn expect(daemon: &Daemon, expected: &str) {
    let expected: BTreeSet<String> = expected.lines().map(|line| line.trim().to_owned()).collect();
    let expected: BTreeSet<String> = expected.into_iter().filter(|line| !line.is_empty()).collect();
    let start = Instant::now();
    loop {
        let told: BTreeSet<String> = lines(&report(daemon)).into_iter().collect();
        if told == expected {
            return;
        }
        if start.elapsed() > HEARD_WITHIN {
            let missing: Vec<&String> = expected.difference(&told).collect();
            let surplus: Vec<&String> = told.difference(&expected).collect();
            panic!("the report lacks {missing:#?}\nand has {surplus:#?}");
        }
    }
}

/// A report in lines: who is there, with every address, name, open port, service and kind, hosts, and events.
pub(crate) fn lines(report: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for device in list(&report["devices"]) {
        let who = role(&device["mac"]);
        lines.push(format!("{who} on {}", words(&device["interfaces"])));
        if device["proven"] != true {
            lines.push(format!("{who} is not proven"));
        }
        if device["gone"] == true {
            lines.push(format!("{who} is gone"));
        }
        if let Some(kind) = device["kind"].as_str() {
            lines.push(format!("{who} kind {kind}"));
        }
        for option in ["vendor_class", "parameters"] {
            if let Some(value) = device["dhcp"][option].as_str() {
                lines.push(format!("{who} dhcp {option} {value}"));
            }
        }
        for address in list(&device["addresses"]) {
            lines.push(format!("{who} has {} by {}", text(&address["ip"]), text(&address["claimed_by"])));
        }
        for name in list(&device["names"]) {
            lines.push(format!("{who} name {} by {}", text(&name["name"]), text(&name["source"])));
        }
        for service in list(&device["services_announced"]) {
            let (name, protocol) = (text(&service["name"]), text(&service["protocol"]));
            lines.push(format!("{who} announces {name} by {protocol} at {}", service["port"]));
        }
        lines.extend(ports(&who, device));
    }
    for host in list(&report["hosts"]) {
        let who = format!("host behind {}", role(&host["behind"]));
        lines.extend(ports(&who, host));
    }
    lines.extend(list(&report["events"]).iter().map(event));
    lines
}

/// Every event of a report, as a line.
pub(crate) fn events(report: &Value) -> Vec<String> {
    list(&report["events"]).iter().map(event).collect()
}

/// The device of a report that has this role.
#[track_caller]
pub(crate) fn device<'a>(report: &'a Value, role: &str) -> &'a Value {
    let mut all = list(&report["devices"]).iter();
    all.find(|device| device["mac"] == mac(role).as_str()).unwrap_or_else(|| panic!("no {role} in {report:#}"))
}

fn ports(who: &str, of: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for protocol in ["tcp", "udp"] {
        for port in list(&of[format!("{protocol}_open")]) {
            let banner = port["banner"].as_str().map_or_else(String::new, |banner| format!(", {banner}"));
            let service = port["service"].as_str().unwrap_or("unknown");
            let (ip, number, evidence) = (text(&port["ip"]), &port["port"], text(&port["evidence"]));
            lines.push(format!("{who} open {ip} {number}/{protocol} {evidence}: {service}{banner}"));
        }
    }
    lines
}

fn event(event: &Value) -> String {
    let details = ["name", "ip", "with", "protocol", "port", "is_v6", "advertises"].map(|key| match &event[key] {
        Value::Null => String::new(),
        value if key == "with" => format!(" {key} {}", role(value)),
        Value::String(value) => format!(" {key} {value}"),
        value => format!(" {key} {value}"),
    });
    format!("event: {} {}{}", role(&event["mac"]), text(&event["event"]), details.concat())
}

/// The role that has a MAC, or else the MAC.
fn role(of: &Value) -> String {
    let of = text(of);
    if of == GATEWAY_MAC {
        return "the gateway".to_owned();
    }
    ROLES.iter().find(|role| mac(role) == of).map_or_else(|| of.to_owned(), |role| (*role).to_owned())
}

fn words(of: &Value) -> String {
    list(of).iter().map(text).collect::<Vec<_>>().join(" ")
}

fn list(of: &Value) -> &[Value] {
    of.as_array().map_or(&[], Vec::as_slice)
}

fn text(of: &Value) -> &str {
    of.as_str().unwrap_or("nothing")
}

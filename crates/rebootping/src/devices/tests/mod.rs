//! Every form of a report under snapshot, of a network made up.

mod files;
mod hostile;

use super::facts::{All, Origin};
use super::told::Told;
use super::{csv, html, json, list, text};
use rebootping_core::inventory::report::Report;
use serde_json::{Value, json};

const FILES: Origin = Origin::Files { files: 2, packets: 12_345 };

/// A network of five devices, as the contract's JSON has it.
pub(crate) fn sample() -> All {
    serde_json::from_value(network()).expect("the shape of a report")
}

fn network() -> Value {
    let mut printer = device("00:1b:21:00:00:0a");
    let mut proxy = port("10.0.0.9", 80, Some("http"), "established", Some("HP HTTP Server"));
    merge(&mut proxy, &json!({"other_banners": ["lighttpd/1.4.59"]}));
    merge(
        &mut printer,
        &json!({
            "also": ["0a:1b:21:00:00:0b"], "vendor": "Intel", "name": "printer",
            "names": [
                {"name": "printer", "source": "user", "group": false},
                {"name": "HP LaserJet 400", "source": "mdns", "group": false},
                {"name": "WORKGROUP", "source": "netbios", "group": true},
            ],
            "addresses": [address("10.0.0.9", "dhcp"), address("fe80::21b:21ff:fe00:a", "ndp")],
            "kind": "printer", "kind_reason": "it announces _ipp._tcp",
            "tcp_open": [
                port("10.0.0.9", 22, Some("ssh"), "established", Some("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3")),
                proxy,
                port("10.0.0.9", 631, Some("ipp"), "syn_ack", None),
                port("fe80::21b:21ff:fe00:a", 631, Some("ipp"), "syn_ack", None),
            ],
            "udp_open": [port("10.0.0.9", 161, Some("snmp"), "answered", None)],
            "services_announced": [
                {"name": "_ipp._tcp HP LaserJet 400", "protocol": "mdns", "port": 631},
                {"name": "urn:schemas-upnp-org:device:Printer:1", "protocol": "ssdp", "port": 0},
            ],
            "contacts": [
                contact(Some("updates.example.com"), "192.0.2.80", 443, 1_200_000, 38_000_000),
                contact(None, "192.0.2.53", 53, 4_000, 9_000),
                contact(Some("time.example.com"), "192.0.2.123", 123, 900, 900),
                contact(None, "2001:db8::53", 53, 400, 900),
                contact(None, "192.0.2.1", 80, 300, 200),
                contact(None, "192.0.2.2", 80, 30, 20),
            ],
            "dhcp": {"vendor_class": "HP Printer", "parameters": "1,3,6,15", "requested": "10.0.0.9", "client_id": "01001b2100000a",
                "other_vendor_classes": ["PXEClient"]},
            "user_agents": ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"],
            "models": ["LaserJet 400 M401dn"],
            "note": "second floor, beside the window; asks for A4 whenever the tray is opened and nobody knows why",
            "bytes_sent": 48_000_000, "bytes_received": 1_900_000_000_u64,
            "captures": {"since": "2026-11-20T08:00:00Z", "bytes": 99_000_000}, "restriction": null, "lease": null,
        }),
    );
    let mut phone = device("da:a1:19:00:00:01");
    merge(&mut phone, &json!({"randomised": true, "proven": false, "addresses": [address("10.0.0.21", "traffic")]}));
    let mut router = device("02:00:00:00:00:0c");
    merge(
        &mut router,
        &json!({"name": "電視-router", "names": [{"name": "電視-router", "source": "dhcp", "group": false}], "gone": true,
        "kind": "router", "kind_reason": "it passes on what others send"}),
    );
    let twin = |mac| {
        let mut twin = device(mac);
        merge(&mut twin, &json!({"name": "twin", "names": [{"name": "twin", "source": "mdns", "group": false}]}));
        twin
    };
    json!({
        "schema": 1,
        "devices": [printer, phone, router, twin("02:00:00:00:00:a1"), twin("02:00:00:00:00:a2")],
        "hosts": [
            {"ip": "198.51.100.7", "behind": "02:00:00:00:00:0c", "tcp_open": [port("198.51.100.7", 443, Some("https"), "established", None),
                port("198.51.100.7", 8443, None, "syn_ack", None)], "udp_open": []},
            {"ip": "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "behind": null, "tcp_open": [],
                "udp_open": [port("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 53, Some("domain"), "answered", None)]},
        ],
        "events": [
            {"time": "2026-11-22T10:12:13.5Z", "mac": "da:a1:19:00:00:01", "name": null, "event": "new_device"},
            {"time": "2026-11-22T10:13:00Z", "mac": "00:1b:21:00:00:0a", "name": "printer", "event": "address_conflict",
                "ip": "10.0.0.9", "with": "02:00:00:00:00:0c"},
        ],
        "left_out": {"devices": 0, "unproven": 3, "addresses": 0, "hosts": 0, "ports": 0, "contacts": 12, "services": 0, "names": 0,
            "flows": 1_234, "hellos": 0, "events": 0, "minutes": 0},
    })
}

/// A report in every form, by its name.
pub(super) fn forms(told: &impl Told, origin: Origin) -> [(&'static str, String); 4] {
    let mut forms: [(_, Vec<u8>); 4] = ["text", "HTML", "CSV", "JSON"].map(|name| (name, Vec::new()));
    let [(_, text), (_, html), (_, csv), (_, json)] = &mut forms;
    let results = [
        text::write(text, told, origin),
        html::write(html, told, origin),
        csv::write(csv, told),
        json::write(json, told),
    ];
    assert!(results.iter().all(Result::is_ok), "memory takes all");
    forms.map(|(name, bytes)| (name, String::from_utf8(bytes).expect("every form is text")))
}

/// One of the forms of a report.
pub(super) fn form(name: &str, told: &impl Told, origin: Origin) -> String {
    let found = forms(told, origin).into_iter().find(|(form, _)| *form == name);
    found.map(|(_, text)| text).expect("a form")
}

fn device(mac: &str) -> Value {
    json!({
        "mac": mac, "also": [], "likely_also": [], "proven": true, "vendor": null, "randomised": false, "archived": false, "interfaces": ["lan0"],
        "first_seen": "2026-11-20T08:00:00Z", "last_seen": "2026-11-22T10:12:13.123456789Z", "gone": false, "addresses": [],
        "name": null, "names": [], "kind": null, "kind_reason": null, "tcp_open": [], "udp_open": [], "services_announced": [],
        "contacts": [], "dhcp": {"vendor_class": null, "parameters": null, "requested": null, "client_id": null}, "user_agents": [], "ja4": [], "models": [], "note": null,
        "bytes_sent": 1_000, "bytes_received": 2_000, "captures": null, "capture_mode": null, "restriction": null, "lease": null, "fixed_address": null,
    })
}

fn address(ip: &str, claimed_by: &str) -> Value {
    json!({"ip": ip, "claimed_by": claimed_by, "first_seen": "2026-11-20T08:00:00Z", "last_seen": "2026-11-22T10:00:00Z"})
}

fn port(ip: &str, port: u16, service: Option<&str>, evidence: &str, banner: Option<&str>) -> Value {
    json!({"ip": ip, "port": port, "service": service, "evidence": evidence, "banner": banner,
        "first_seen": "2026-11-20T08:00:00Z", "last_seen": "2026-11-22T10:00:00Z"})
}

fn contact(name: Option<&str>, ip: &str, port: u16, sent: u64, received: u64) -> Value {
    json!({"name": name, "ip": ip, "port": port, "bytes_sent": sent, "bytes_received": received})
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().expect("an object") {
        into[key] = value.clone();
    }
}

#[test]
fn text_reads_well_at_80_columns() {
    let text = form("text", &sample(), FILES);
    let wide: Vec<&str> = text.lines().filter(|line| crate::escape::columns(line) > 80).collect();
    assert_eq!(wide, Vec::<&str>::new());
    insta::assert_snapshot!(text);
}

#[test]
fn one_device_of_a_daemon_is_a_block() {
    let report = sample();
    insta::assert_snapshot!(text::device(&report.devices[0]));
    assert!(form("text", &report, Origin::Daemon).contains("3 MACs not proven to be there"));
}

#[test]
fn csv_has_a_row_for_each_port() {
    insta::assert_snapshot!(form("CSV", &sample(), FILES));
}

#[test]
fn html_is_one_file() {
    let html = form("HTML", &sample(), FILES);
    assert!(!html.contains("<script") && !html.contains("http://") && !html.contains("src="));
    insta::assert_snapshot!(html);
}

#[test]
fn json_is_what_was_told() {
    assert_eq!(serde_json::from_str::<Value>(&json::json(&sample())).unwrap(), network());
    assert_eq!(form("JSON", &sample(), FILES), json::json(&sample()));
}

#[test]
fn the_list_fits_80_columns() {
    let list = list::list(&sample(), "2026-11-22T11:15:00Z".parse().unwrap());
    assert!(list.lines().all(|line| crate::escape::columns(line) <= 80));
    insta::assert_snapshot!(list);
    let mut old = sample();
    old.devices[1].archived = true;
    let list = list::list(&old, "2026-11-22T11:15:00Z".parse().unwrap());
    let last = "not shown: 1 random MAC silent for 30 days; `rebootping report` has them\n";
    assert!(list.ends_with(last) && !list.contains("da:a1:19"), "{list}");
    let empty = Report { devices: Vec::new(), ..sample() };
    assert!(list::list(&empty, jiff::Timestamp::UNIX_EPOCH).starts_with("no device yet"));
}

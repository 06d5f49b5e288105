//! Names no honest device has, said in every protocol through the real decoders: no output obeys any of them.

use super::super::facts::{All, Origin};
use super::super::{find, list, text};
use super::form;
use crate::escape::hostile::NAMES;
use crate::report::devices::label;
use rebootping_core::inventory::names::Source;
use rebootping_core::inventory::report::ReportedDevice;
use rebootping_core::inventory::vendor::Vendors;
use rebootping_core::inventory::{Inventory, Settings};
use rebootping_core::packet::frame::{Direction, InterfaceId, LinkType, Packet, Seen};
use rebootping_core::time::Time;
use rebootping_lab::talk::{self, ACK, BROADCAST, End, SYN, SYN_ACK};
use std::net::Ipv4Addr;

const ORIGIN: Origin = Origin::Files { files: 1, packets: 1 };
/// Every element the page is made of.
const ELEMENTS: [&str; 22] = [
    "!doctype", "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "thead", "tbody", "tr",
    "th", "td", "a", "section", "dl", "dt", "dd", "br",
];

/// A wire on which device after device says one of the names in every protocol there is.
struct Wire {
    inventory: Inventory,
    now: Time,
}

impl Wire {
    fn see(&mut self, frame: &[u8]) {
        self.now = self.now + std::time::Duration::from_millis(1);
        let seen = Seen {
            at: self.now,
            interface: InterfaceId(0),
            direction: Direction::Overheard,
            link: LinkType::Ethernet,
            frame,
            original: frame.len() as u32,
        };
        self.inventory.handle_frame(&seen, &Packet::read(LinkType::Ethernet, frame));
    }

    fn converse(&mut self, client: &End, server: &End, request: &[u8], response: &[u8]) {
        self.see(&talk::tcp(client, server, SYN, [1, 0], &[]));
        self.see(&talk::tcp(server, client, SYN_ACK, [1, 2], &[]));
        self.see(&talk::tcp(client, server, ACK, [2, 2], &[]));
        for (from, to, payload) in [(client, server, request), (server, client, response)] {
            if !payload.is_empty() {
                self.see(&talk::tcp(from, to, ACK | 8, [2, 2], payload));
            }
        }
    }

    fn say(&mut self, number: u8, name: &[u8]) {
        let device = End { mac: [0, 0x1b, 0x21, 0, 0, number], ip: Ipv4Addr::new(10, 0, 0, number), port: 40_000 };
        let router = [0, 0x1b, 0x21, 0, 1, 0];
        let resolver = End { mac: router, ip: Ipv4Addr::new(10, 0, 0, 254), port: 53 };
        let site = End { mac: router, ip: Ipv4Addr::new(192, 0, 2, number), port: 443 };
        let local = [name, b".local"].concat();
        self.see(&talk::arp(&device));
        self.see(&talk::dhcp_request(device.mac, name, name));
        assert!(self.inventory.handle_proven(device.mac, self.now));
        let mdns = End::group(Ipv4Addr::new(224, 0, 0, 251), 5353);
        self.see(&talk::udp(&device.at(5353), &mdns, &talk::host_answer(&local, device.ip)));
        self.see(&talk::udp(&device.at(5353), &mdns, &talk::announced(name)));
        self.see(&talk::udp(&device.at(5355), &resolver.at(40_000), &talk::host_answer(name, device.ip)));
        let broadcast = End { mac: BROADCAST, ip: Ipv4Addr::BROADCAST, port: 137 };
        self.see(&talk::udp(&device.at(137), &broadcast, &talk::netbios_registration(name, device.ip)));
        let ssdp = End::group(Ipv4Addr::new(239, 255, 255, 250), 1900);
        self.see(&talk::udp(&device.at(1900), &ssdp, &talk::ssdp_notify(name, name)));
        self.see(&talk::lldp(device.mac, name, name));
        self.see(&talk::udp(&device, &resolver, &talk::dns_question(1, name)));
        self.see(&talk::udp(&resolver, &device, &talk::dns_answer(1, name, site.ip)));
        self.see(&talk::udp(&resolver, &device, &talk::dns_pointer(device.ip, name)));
        self.converse(&device, &site, &talk::tls_hello(name), &[]);
        self.converse(&device.at(40_001), &site.at(80), &talk::http_request(name, name), &[]);
        self.converse(&site.at(40_002), &device.at(80), &[], &talk::http_response(name));
        self.converse(&site.at(40_003), &device.at(22), &[], &[b"SSH-2.0-", name, b"\r\n"].concat());
        self.converse(&site.at(40_004), &device.at(21), &[], &[b"220 ", name, b"\r\n"].concat());
    }
}

fn heard() -> All {
    // What is new after the baseline is told as an event, with its name.
    let settings = Settings { baseline: std::time::Duration::ZERO, ..Settings::files() };
    let mut wire = Wire {
        inventory: Inventory::new(settings, Vendors::default(), 1),
        now: Time::from_nanos(1_795_342_333_000_000_000),
    };
    for (number, name) in (1..).zip(NAMES) {
        wire.say(number, name);
    }
    let now = wire.now;
    wire.inventory.handle_wake(now);
    let mut report = wire.inventory.report(now, &|time: Time| label(time.as_nanos()));
    // The operator's own words, the vendor's file and a capture's interfaces are no safer.
    for (device, name) in report.devices.iter_mut().zip(NAMES) {
        let text = String::from_utf8_lossy(name).into_owned();
        device.note = Some(text.clone());
        device.vendor = Some(text.clone());
        device.interfaces.push(text);
    }
    report
}

#[track_caller]
fn check_shown(what: &str, shown: &str) {
    let bad: Vec<(usize, char)> = shown
        .char_indices()
        .filter(|&(_, c)| c != '\n' && (c.is_control() || crate::escape::visible(&c.to_string()) != c.to_string()))
        .collect();
    assert!(bad.is_empty(), "{what}: {bad:?}");
}

#[test]
fn the_names_are_heard_in_every_protocol() {
    let report = heard();
    let count =
        |is_so: &dyn Fn(&ReportedDevice<String>) -> bool| report.devices.iter().filter(|device| is_so(device)).count();
    let mut few = Vec::new();
    for source in [Source::Dhcp, Source::Mdns, Source::Llmnr, Source::Netbios, Source::Lldp, Source::Dns] {
        let heard = count(&|device| device.names.iter().any(|name| name.source == source));
        few.push((format!("{source:?}"), heard));
    }
    few.push(("service".into(), count(&|device| device.services_announced.len() > 1)));
    few.push(("model".into(), count(&|device| !device.models.is_empty())));
    few.push(("agent".into(), count(&|device| !device.user_agents.is_empty())));
    few.push(("class".into(), count(&|device| device.dhcp.vendor_class.is_some())));
    few.push(("contact".into(), count(&|device| device.contacts.iter().any(|contact| contact.name.is_some()))));
    few.push((
        "banner".into(),
        count(&|device| device.tcp_open.iter().filter(|port| port.banner.is_some()).count() > 1),
    ));
    few.push(("event".into(), report.events.iter().filter(|event| event.name.is_some()).count()));
    few.retain(|(_, heard)| *heard < 60);
    assert!(few.is_empty(), "of {} names were heard only: {few:?}", NAMES.len());
}

#[test]
fn no_terminal_obeys_a_name() {
    let report = heard();
    check_shown("text", &form("text", &report, ORIGIN));
    check_shown("list", &list::list(&report, jiff::Timestamp::UNIX_EPOCH));
    for device in &report.devices {
        check_shown("device", &text::device(device));
    }
    for name in NAMES.iter().map(|name| String::from_utf8_lossy(name)) {
        if let Err(told) = find::find(&report, &name) {
            check_shown("refusal", &told);
        }
    }
}

#[test]
fn no_browser_obeys_a_name() {
    let page = form("HTML", &heard(), ORIGIN);
    check_shown("HTML", &page);
    for (at, _) in page.match_indices('<') {
        let name: String = page[at + 1..].trim_start_matches('/').chars().take_while(|c| !" >".contains(*c)).collect();
        assert!(
            ELEMENTS.contains(&name.as_str()),
            "an element {name:?} at {:?}",
            &page[at..].chars().take(60).collect::<String>()
        );
    }
    // Attributes are ours alone: a MAC or what stands in the head.
    for attribute in
        page.split('<').filter_map(|element| element.split('>').next()).filter(|element| element.contains('='))
    {
        let is_ours = ["html lang=", "meta ", "a href=\"#00:1b:21:", "section id=\"00:1b:21:", "dd", "td"];
        assert!(is_ours.iter().any(|ours| attribute.starts_with(ours)), "{attribute:?}");
    }
}

#[test]
fn no_program_is_misled_by_a_name() {
    let report = heard();
    let json = form("JSON", &report, ORIGIN);
    check_shown("JSON", &json);
    assert!(!json.contains(['<', '>']));
    assert_eq!(serde_json::from_str::<All>(&json).unwrap(), report);
}

#[test]
fn no_spreadsheet_obeys_a_name() {
    let table = form("CSV", &heard(), ORIGIN);
    check_shown("CSV", &table);
    let columns = table.lines().next().unwrap().split(',').count();
    for line in table.lines() {
        let fields = fields(line);
        assert_eq!(fields.len(), columns, "{line}");
        for field in &fields {
            assert!(!field.trim_start().starts_with(['=', '+', '-', '@']), "{line}");
        }
    }
}

/// The fields of a line as RFC 4180 reads them.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

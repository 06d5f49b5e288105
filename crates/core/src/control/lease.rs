//! What DHCP servers wrote down of leases and reservations, read from the text of their files; what cannot be read is none.
//!
//! A later line about an address replaces an earlier one, as these files are journals. Names in leases came from devices.

use crate::inventory::report::Hardware;
use crate::untrusted::Untrusted;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// So many are read of one file.
const MOST: usize = 4096;
/// A label of DNS is not longer, in bytes (RFC 1035 section 2.3.4).
const LONGEST_NAME: usize = 63;

/// An address that a DHCP server gave to a device, or keeps for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lease {
    /// The address; a reservation may have none.
    pub ip: Option<IpAddr>,
    /// The name that came with it.
    pub name: Option<Untrusted>,
    /// It is the server's configuration that says so.
    pub reserved: bool,
}

/// Leases, each by the MAC that has it.
pub type Leases = BTreeMap<Hardware, Lease>;

/// Those of dnsmasq(8) that have not ended: `expiry mac ip name client-id` in seconds of Unix time, 0 for never.
pub fn of_dnsmasq(text: &str, now: u64) -> Leases {
    let mut leases = Leases::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        let (Some(end), Some(mac), Some(ip), Some(name)) = (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let (Ok(end), Ok(mac), Ok(ip)) = (end.parse::<u64>(), mac.parse(), ip.parse()) else { continue };
        if end == 0 || end > now {
            put(&mut leases, mac, Lease { ip: Some(ip), name: named(name, "*"), reserved: false });
        }
    }
    leases
}

/// Those of Kea's memfile that have not ended: `address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,
/// hostname,state,…`; a state that is not 0 is none.
pub fn of_kea(text: &str, now: u64) -> Leases {
    let mut by_address: BTreeMap<IpAddr, (Hardware, Lease)> = BTreeMap::new();
    for line in text.lines() {
        let mut fields = line.split(',');
        let mut at = |place| fields.nth(place).unwrap_or_default();
        let (ip, mac, end, name, state) = (at(0), at(0), at(2), at(3), at(0));
        let (Ok(ip), Ok(mac), Ok(end)) = (ip.parse::<IpAddr>(), mac.parse(), end.parse::<u64>()) else { continue };
        if end > now && state == "0" {
            if by_address.len() < MOST || by_address.contains_key(&ip) {
                by_address.insert(ip, (mac, Lease { ip: Some(ip), name: named(name, ""), reserved: false }));
            }
        } else {
            by_address.remove(&ip);
        }
    }
    by_address.into_values().collect()
}

/// Those of ISC's dhcpd.leases(5) that are active.
pub fn of_isc(text: &str) -> Leases {
    let mut by_address: BTreeMap<IpAddr, Option<(Hardware, Lease)>> = BTreeMap::new();
    for (head, body) in blocks(text) {
        let Some(ip) = head.strip_prefix("lease ").and_then(|ip| ip.trim().parse::<IpAddr>().ok()) else { continue };
        let mac = statement(body, "hardware ethernet").and_then(|mac| mac.parse().ok());
        let is_active = statement(body, "binding state") == Some("active");
        let name = statement(body, "client-hostname").and_then(|name| named(name.trim_matches('"'), ""));
        let lease = mac.filter(|_| is_active).map(|mac| (mac, Lease { ip: Some(ip), name, reserved: false }));
        if by_address.len() < MOST || by_address.contains_key(&ip) {
            by_address.insert(ip, lease);
        }
    }
    by_address.into_values().flatten().collect()
}

/// The hosts of dhcpd.conf(5).
pub fn reserved_by_isc(text: &str) -> Leases {
    let mut leases = Leases::new();
    for (head, body) in blocks(text) {
        let Some(name) = head.strip_prefix("host ") else { continue };
        let Some(mac) = statement(body, "hardware ethernet").and_then(|mac| mac.parse().ok()) else { continue };
        let ip = statement(body, "fixed-address").and_then(|ip| ip.parse().ok());
        put(&mut leases, mac, Lease { ip, name: named(name.trim(), ""), reserved: true });
    }
    leases
}

/// The lines `dhcp-host=` of dnsmasq(8)'s configuration that name one MAC.
pub fn reserved_by_dnsmasq(text: &str) -> Leases {
    let mut leases = Leases::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        if key.trim() != "dhcp-host" {
            continue;
        }
        let mut fields = value.split(',').map(str::trim);
        let Some(mac) = fields.next().and_then(|mac| mac.parse().ok()) else { continue };
        let mut lease = Lease { ip: None, name: None, reserved: true };
        for field in fields {
            if let Ok(ip) = field.parse() {
                lease.ip = Some(ip);
            } else if let Ok(label) = field.parse::<super::label::Label>() {
                lease.name = Some(label.as_str().into());
            }
        }
        put(&mut leases, mac, lease);
    }
    leases
}

/// Adds one, unless there is no room or it says nothing.
pub fn put(leases: &mut Leases, mac: Hardware, lease: Lease) {
    let says_something = lease.ip.is_some() || lease.name.is_some();
    if says_something && (leases.len() < MOST || leases.contains_key(&mac)) {
        leases.insert(mac, lease);
    }
}

/// A name that is not the word for none.
fn named(name: &str, none: &str) -> Option<Untrusted> {
    let cut: String = name.chars().take(LONGEST_NAME).collect();
    (name != none && !cut.is_empty()).then(|| cut.into())
}

/// What stands before each pair of braces that has none within, and what within.
fn blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('}').filter_map(|block| {
        let (before, body) = block.rsplit_once('{')?;
        let head = before.rsplit(['\n', '{', ';']).next().unwrap_or_default();
        Some((head.trim(), body))
    })
}

/// What stands behind a word in a statement.
fn statement<'a>(body: &'a str, word: &str) -> Option<&'a str> {
    body.split(';').find_map(|statement| Some(statement.trim().strip_prefix(word)?.strip_prefix(' ')?.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::vec::Vec;

    #[track_caller]
    fn check(leases: &Leases, expected: &[&str]) {
        let told: Vec<String> = leases
            .iter()
            .map(|(mac, lease)| {
                let ip = lease.ip.map_or_else(String::new, |ip| format!(" {ip}"));
                let name = lease.name.as_ref().map_or_else(String::new, |name| format!(" {}", name.raw()));
                format!("{mac}{ip}{name}{}", if lease.reserved { " reserved" } else { "" })
            })
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn dnsmasq_has_a_line_for_each() {
        let text = "100 02:00:00:00:00:01 10.0.0.5 tv 01:aa\n99 02:00:00:00:00:02 10.0.0.6 old *\n\
                    0 02:00:00:00:00:03 10.0.0.7 * *\nduid 00:01\n100 12345 2001:db8::5 tv 00:01\nx y z\n\n";
        check(&of_dnsmasq(text, 99), &["02:00:00:00:00:01 10.0.0.5 tv", "02:00:00:00:00:03 10.0.0.7"]);
        let text = "# dhcp-host=02:00:00:00:00:09,x\ndhcp-host=02:00:00:00:00:01,10.0.0.9,tv,infinite\n\
                    dhcp-host=02:00:00:00:00:02,set:iot,nas\ndhcp-host=02:00:00:00:00:03,ignore\ndhcp-host=laptop\n";
        check(
            &reserved_by_dnsmasq(text),
            &["02:00:00:00:00:01 10.0.0.9 tv reserved", "02:00:00:00:00:02 nas reserved"],
        );
    }

    #[test]
    fn in_keas_journal_the_last_line_of_an_address_counts() {
        let text = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n\
                    10.0.0.5,02:00:00:00:00:01,01:aa,600,700,1,0,0,esp,0,\n\
                    10.0.0.6,02:00:00:00:00:02,,600,700,1,0,0,,0,\n\
                    10.0.0.7,02:00:00:00:00:03,,600,700,1,0,0,x,1,\n\
                    10.0.0.5,02:00:00:00:00:01,01:aa,600,800,1,0,0,tv,0,\n\
                    10.0.0.6,02:00:00:00:00:02,,0,700,1,0,0,,2,\n10.0.0.8,torn";
        check(&of_kea(text, 699), &["02:00:00:00:00:01 10.0.0.5 tv"]);
        check(&of_kea(text, 800), &[]);
    }

    #[test]
    fn iscs_blocks_are_read_as_far_as_they_are_whole() {
        let text = "lease 10.0.0.5 {\n  starts 4 2026/01/01 00:00:00;\n  binding state active;\n  next binding state free;\n  \
                    hardware ethernet 02:00:00:00:00:01;\n  client-hostname \"tv\";\n}\n\
                    lease 10.0.0.6 {\n  binding state active;\n  hardware ethernet 02:00:00:00:00:02;\n}\n\
                    lease 10.0.0.6 {\n  binding state free;\n  hardware ethernet 02:00:00:00:00:02;\n}\n\
                    lease 10.0.0.7 {\n  binding state active;\n  hardware ether";
        check(&of_isc(text), &["02:00:00:00:00:01 10.0.0.5 tv"]);
        let text = "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.5 10.0.0.9;\n host nas { hardware ethernet \
                    02:00:00:00:00:04; fixed-address 10.0.0.4; } }\nhost tv {\n hardware ethernet 02:00:00:00:00:05;\n}\n";
        let expected = ["02:00:00:00:00:04 10.0.0.4 nas reserved", "02:00:00:00:00:05 tv reserved"];
        check(&reserved_by_isc(text), &expected);
    }

    #[test]
    fn there_is_room_for_so_many() {
        let line = |n: usize| format!("0 02:00:00:00:{:02x}:{:02x} 10.0.{}.{} * *", n >> 8, n & 255, n >> 8, n & 255);
        let lines: Vec<String> = (0..MOST + 9).map(line).collect();
        assert_eq!(of_dnsmasq(&lines.join("\n"), 0).len(), MOST);
    }
}

//! Which device an operator means: a MAC in any usual form, an address, or a name.

use super::facts::{All, Device};
use crate::escape::for_terminal;
use rebootping_core::inventory::report::Hardware;
use std::net::IpAddr;
use strsim::damerau_levenshtein;

/// Names longer than this are not compared letter by letter, which takes quadratic time.
const LONGEST: usize = 64;
/// So many names are suggested.
const SUGGESTED: usize = 3;

/// The one device that is meant, or why it is not known.
pub(super) fn find<'a>(report: &'a All, asked: &str) -> Result<&'a Device, String> {
    let found: Vec<&Device> = match parse_mac(asked) {
        Some(mac) => report.devices.iter().filter(|device| device.mac == mac || device.also.contains(&mac)).collect(),
        None => by_text(report, asked),
    };
    match found.as_slice() {
        [device] => Ok(device),
        [] => Err(unknown(report, asked)),
        several => {
            let macs: Vec<String> = several.iter().map(|device| device.mac.to_string()).collect();
            Err(format!("{asked:?} is what several devices are called; name one by its MAC: {}", macs.join(", ")))
        }
    }
}

/// A MAC as people and machines write it: `AA:BB:CC:00:11:22`, `aa-bb-cc-00-11-22`, `aabb.cc00.1122`, `aabbcc001122`.
pub(super) fn parse_mac(text: &str) -> Option<Hardware> {
    let groups: Vec<&str> = text.split([':', '-', '.']).collect();
    let is_even = |length| groups.iter().all(|group| group.len() == length);
    let is_form = match groups.len() {
        1 => is_even(12) && text.bytes().any(|byte| byte.is_ascii_digit()),
        3 => is_even(4) && text.contains('.'),
        6 => is_even(2),
        _ => false,
    };
    let digits = groups.concat();
    if !is_form || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut mac = [0; 6];
    for (byte, digits) in mac.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(Hardware(mac))
}

fn by_text<'a>(report: &'a All, asked: &str) -> Vec<&'a Device> {
    if let Ok(ip) = asked.parse::<IpAddr>() {
        let has = |device: &&Device| device.addresses.iter().any(|address| address.ip == ip);
        return report.devices.iter().filter(has).collect();
    }
    let is_called = |name: &str| name.eq_ignore_ascii_case(asked) || for_terminal(&name.into()) == asked;
    let best = |device: &&Device| device.name.as_ref().is_some_and(|name| is_called(name.raw()));
    let by_best: Vec<&Device> = report.devices.iter().filter(best).collect();
    if !by_best.is_empty() {
        return by_best;
    }
    let any = |device: &&Device| device.names.iter().any(|name| !name.group && is_called(name.name.raw()));
    report.devices.iter().filter(any).collect()
}

fn unknown(report: &All, asked: &str) -> String {
    let wanted = asked.to_lowercase();
    let distance = |name: &str| {
        let is_short = name.len() <= LONGEST && wanted.len() <= LONGEST;
        if is_short { damerau_levenshtein(&wanted, &name.to_lowercase()) } else { usize::MAX }
    };
    let names = report.devices.iter().flat_map(|device| {
        let names = device.name.iter().map(|name| (distance(name.raw()), for_terminal(name)));
        names.chain([(distance(&device.mac.to_string()), device.mac.to_string())])
    });
    let mut near: Vec<(usize, String)> =
        names.filter(|(slips, name)| *slips <= name.chars().count().div_ceil(3)).collect();
    near.sort();
    near.dedup();
    let near: Vec<String> = near.into_iter().take(SUGGESTED).map(|(_, name)| name).collect();
    let remedy = if near.is_empty() {
        "`rebootping devices` lists those that are".to_owned()
    } else {
        format!("nearest: {}", near.join(", "))
    };
    format!("no device is called {asked:?}; {remedy}")
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[track_caller]
    fn check(text: &str, mac: Option<&str>) {
        assert_eq!(parse_mac(text).map(|mac| mac.to_string()).as_deref(), mac, "{text}");
    }

    #[test]
    fn a_mac_is_read_in_every_usual_form() {
        for text in ["aa:bb:cc:00:11:2f", "AA-BB-CC-00-11-2F", "aabb.cc00.112F", "AABBCC00112f"] {
            check(text, Some("aa:bb:cc:00:11:2f"));
        }
        for text in ["", "aa:bb", "aa:bb:cc:00:11:2g", "aabb:cc00:112f", "aaé:bb:cc:00:11:2", "deadbeefcafe"] {
            check(text, None);
        }
    }

    #[test]
    fn a_device_is_found_by_mac_address_or_name() {
        let report = sample();
        for asked in ["00-1B-21-00-00-0A", "printer", "PRINTER", "10.0.0.9", "0a:1b:21:00:00:0b"] {
            assert_eq!(find(&report, asked).map(|device| device.mac.to_string()), Ok("00:1b:21:00:00:0a".into()));
        }
    }

    #[test]
    fn an_unknown_one_names_the_nearest() {
        let report = sample();
        let told = |asked| find(&report, asked).unwrap_err();
        insta::assert_snapshot!(["pirnter", "00:1b:21:00:00:0d", "zzz", "twin"].map(told).join("\n"), @r#"
        no device is called "pirnter"; nearest: printer
        no device is called "00:1b:21:00:00:0d"; nearest: 00:1b:21:00:00:0a, 02:00:00:00:00:0c
        no device is called "zzz"; `rebootping devices` lists those that are
        "twin" is what several devices are called; name one by its MAC: 02:00:00:00:00:a1, 02:00:00:00:00:a2
        "#);
    }
}

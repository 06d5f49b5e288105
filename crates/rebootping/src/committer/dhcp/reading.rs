//! Reads what Kea answers, in a process of its own that can do nothing else: no file, no socket, no other user's rights.
//!
//! The rule of an edit: a device that has a reservation keeps it with all that it says, and gets the name, and the address if
//! one is fixed; what it was called before is kept beside. One that has none gets one: in the subnet of its address, else in
//! every subnet. A name that was taken back leaves everything as it was. Nothing that is not ours is touched.

use super::kea::LONGEST;
use super::leases::Kind;
use crate::clock;
use crate::command::{self, Command};
use crate::sandbox::users::Identity;
use crate::sandbox::{self, Role, Sandbox};
use rebootping_core::control::lease::{self, Lease, Leases};
use rebootping_core::control::names::{Named, Names};
use rebootping_core::inventory::report::Hardware;
use rebootping_core::untrusted::Untrusted;
use serde_json::{Map, Value, json};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

/// Editing thousands of reservations takes some ten milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A user that is nobody's, as there is no need to name it.
const USER: &str = "rebootping-reader";
/// What marks a reservation that we made, or changed.
const MARK: &str = "rebootping";
/// How its answer begins: nothing is to be done; this is; that is wrong.
const NOTHING: u8 = b'=';
const CHANGED: u8 = b'!';
const WRONG: u8 = b'?';

/// What is to be found out of an answer.
#[derive(Debug)]
pub(super) enum Reading {
    /// The configuration with these names; nothing if it has them.
    Edit(Vec<u8>),
    /// Whether Kea agreed.
    Verdict,
}

/// Has an answer read, and returns what is to be sent next, if anything.
pub(super) fn run(reading: &Reading, answer: Vec<u8>) -> Result<Option<Vec<u8>>, String> {
    let program = std::env::current_exe().map_err(|error| format!("our own program is not there: {error}"))?;
    let (kind, mut input) = match reading {
        Reading::Edit(order) => ("edit", [order.as_slice(), b"\n"].concat()),
        Reading::Verdict => ("verdict", Vec::new()),
    };
    input.extend(answer);
    let arguments = ["reader", kind].map(OsString::from).to_vec();
    let command = Command { program: program.into(), arguments, input, timeout: TIMEOUT, keep: LONGEST as usize + 1 };
    let finished = command::run(&command, clock::now).map_err(|error| format!("Kea's answer is not read: {error}"))?;
    if !finished.status.success() {
        return Err("Kea's answer could not be read".to_owned());
    }
    match finished.output.split_first() {
        Some((&NOTHING, [])) => Ok(None),
        Some((&CHANGED, next)) => Ok(Some(next.to_vec())),
        Some((&WRONG, why)) => Err(plain(&String::from_utf8_lossy(why))),
        _ => Err("Kea's answer could not be read".to_owned()),
    }
}

/// Has the file of a DHCP server read, which was opened here.
pub(super) fn leases(kind: Kind, file: File) -> Result<Leases, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let arguments = ["reader", kind.word()].map(OsString::from).to_vec();
    let command =
        Command { program: program.into(), arguments, input: Vec::new(), timeout: TIMEOUT, keep: LONGEST as usize };
    let finished = command::run_on(&command, file, clock::now).map_err(|error| error.to_string())?;
    serde_json::from_slice(&finished.output).map_err(|error| error.to_string())
}

/// `rebootping reader KIND`: an answer or a file on standard input, what follows from it on standard output.
pub(crate) fn main(kind: &str) -> ExitCode {
    match read_confined(kind) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn read_confined(kind: &str) -> io::Result<()> {
    let identity = Identity::find(USER, Role::Reader)?;
    let (read, write, sockets) = (Vec::new(), Vec::new(), Vec::new());
    let powerless = Sandbox { role: Role::Reader, identity, read, write, sockets, ports: Vec::new(), dies_with: None };
    // Without landlock it has still no call that opens a file.
    let _confinement = sandbox::enter(&powerless)?;
    let mut input = Vec::new();
    io::stdin().take(2 * LONGEST).read_to_end(&mut input)?;
    let now = u64::try_from(clock::wall().as_second()).unwrap_or(0);
    let said = match Kind::of_word(kind) {
        Some(kind) => serde_json::to_vec(&leases_in(kind, &String::from_utf8_lossy(&input), now))?,
        None => said(kind, &input),
    };
    io::stdout().write_all(&said)
}

/// Reads any bytes as each kind of file in turn.
pub(crate) fn read_all(data: &[u8]) {
    for kind in Kind::ALL {
        let text = String::from_utf8_lossy(data);
        let leases = leases_in(kind, &text, 0);
        assert!(leases.values().all(|lease| lease.ip.is_some() || lease.name.is_some()));
    }
}

/// What the text of a DHCP server's file says.
fn leases_in(kind: Kind, text: &str, now: u64) -> Leases {
    match kind {
        Kind::OfDnsmasq => lease::of_dnsmasq(text, now),
        Kind::OfKea => lease::of_kea(text, now),
        Kind::OfIsc => lease::of_isc(text),
        Kind::ReservedByDnsmasq => lease::reserved_by_dnsmasq(text),
        Kind::ReservedByIsc => lease::reserved_by_isc(text),
        Kind::ReservedByKea => reserved_by_kea(text),
    }
}

/// Every reservation of a configuration of Kea's, wherever it stands.
fn reserved_by_kea(text: &str) -> Leases {
    let mut leases = Leases::new();
    // What is no JSON without its comments is none of Kea's.
    let mut ahead: Vec<Value> = serde_json::from_str(&without_comments(text)).into_iter().collect();
    while let Some(value) = ahead.pop() {
        if let Some(mac) = mac_of(&value) {
            let of = |key: &str| value.get(key).and_then(Value::as_str);
            let ip = of("ip-address").and_then(|ip| ip.parse().ok());
            let name = of("hostname").filter(|name| !name.is_empty()).map(Untrusted::from);
            lease::put(&mut leases, mac, Lease { ip, name, reserved: true });
        }
        match value {
            Value::Array(all) => ahead.extend(all),
            Value::Object(all) => ahead.extend(all.into_iter().map(|(_, value)| value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    leases
}

/// A configuration without what Kea's manual calls comments: `#` and `//` to the end of a line, and `/* … */`.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '#', '/']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let length = if from.starts_with('"') {
            let length = string_length(from);
            plain.push_str(&from[..length]);
            length
        } else if from.starts_with('#') || from.starts_with("//") {
            from.find('\n').unwrap_or(from.len())
        } else if from.starts_with("/*") {
            from.find("*/").map_or(from.len(), |end| end + 2)
        } else {
            plain.push('/');
            1
        };
        rest = &from[length..];
    }
    plain.push_str(rest);
    plain
}

/// How long a text in quotes is, with them.
fn string_length(from: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in from.char_indices().skip(1) {
        match c {
            '"' if !is_escaped => return at + 1,
            _ => is_escaped = c == '\\' && !is_escaped,
        }
    }
    from.len()
}

/// What follows from an answer, as it is told to the committer.
fn said(kind: &str, input: &[u8]) -> Vec<u8> {
    let result = match kind {
        "edit" => edited(input),
        _ => verdict(input).map(|()| None),
    };
    match result {
        Ok(None) => vec![NOTHING],
        Ok(Some(next)) => [&[CHANGED], next.to_string().as_bytes()].concat(),
        Err(why) => [&[WRONG], why.as_bytes()].concat(),
    }
}

/// The configuration with the names, the order being the first line; nothing if it has them.
pub(crate) fn edited(input: &[u8]) -> Result<Option<Value>, String> {
    let at = input.iter().position(|byte| *byte == b'\n').ok_or("there is no order")?;
    let (order, answer) = input.split_at(at);
    let names: Names = serde_json::from_slice(order).map_err(|error| error.to_string())?;
    let mut configuration = arguments(answer)?;
    // Newer versions say how to name a configuration, which is not part of it.
    configuration.as_object_mut().map(|all| all.remove("hash"));
    let before = configuration.clone();
    edit(&mut configuration, &names)?;
    Ok((configuration != before).then_some(configuration))
}

fn verdict(answer: &[u8]) -> Result<(), String> {
    answered(answer).map(drop)
}

fn arguments(answer: &[u8]) -> Result<Value, String> {
    let mut answer = answered(answer)?;
    answer.remove("arguments").ok_or_else(|| "Kea's answer holds nothing".to_owned())
}

/// An answer that says that all is well.
fn answered(answer: &[u8]) -> Result<Map<String, Value>, String> {
    let answer: Value = serde_json::from_slice(answer).map_err(|_| "Kea's answer is not understood")?;
    let Value::Object(answer) = answer else { return Err("Kea's answer is not understood".into()) };
    match (answer.get("result").and_then(Value::as_i64), answer.get("text").and_then(Value::as_str)) {
        (Some(0), _) => Ok(answer),
        (_, Some(text)) => Err(format!("Kea refuses: {}", plain(text))),
        (_, None) => Err("Kea refuses".to_owned()),
    }
}

/// A text on one line, of a length that can be read.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn edit(configuration: &mut Value, names: &Names) -> Result<(), String> {
    let server = configuration.get_mut("Dhcp4").ok_or("Kea's configuration has no Dhcp4")?;
    let mut subnets: Vec<&mut Value> = Vec::new();
    let Value::Object(server) = server else { return Err("Kea's configuration has no Dhcp4".into()) };
    for (key, value) in server.iter_mut() {
        let Value::Array(all) = value else { continue };
        match key.as_str() {
            "subnet4" => subnets.extend(all),
            "shared-networks" => {
                let within = all.iter_mut().filter_map(|network| network.get_mut("subnet4")?.as_array_mut());
                subnets.extend(within.flatten());
            }
            _ => {}
        }
    }
    if subnets.is_empty() {
        return Err("Kea serves no subnet".into());
    }
    for subnet in &mut subnets {
        take_back(subnet, names);
    }
    for (mac, named) in names.all() {
        give(&mut subnets, mac, named)?;
    }
    Ok(())
}

/// Undoes what we did for devices that are not named any more.
fn take_back(subnet: &mut Value, names: &Names) {
    let Some(reservations) = subnet.get_mut("reservations").and_then(Value::as_array_mut) else { return };
    reservations.retain_mut(|reservation| {
        let is_named = mac_of(reservation).is_some_and(|mac| names.of(mac).is_some());
        let Some(mark) = mark_of(reservation).filter(|_| !is_named) else { return true };
        let Some(before) = mark.as_object() else { return false };
        for key in ["hostname", "ip-address"] {
            match (before.get(key), reservation.as_object_mut()) {
                (Some(value), Some(all)) => drop(all.insert(key.into(), value.clone())),
                (None, Some(all)) => drop(all.remove(key)),
                (_, None) => {}
            }
        }
        unmark(reservation);
        true
    });
}

/// Gives a device its name, where it is reserved or wherever it may come.
fn give(subnets: &mut [&mut Value], mac: Hardware, named: &Named) -> Result<(), String> {
    let mut is_reserved = false;
    for subnet in subnets.iter_mut() {
        let all = subnet.get_mut("reservations").and_then(Value::as_array_mut);
        for reservation in all.into_iter().flatten().filter(|reservation| mac_of(reservation) == Some(mac)) {
            change(reservation, named);
            is_reserved = true;
        }
    }
    if is_reserved {
        return Ok(());
    }
    let fits = |subnet: &Value| named.address.is_none_or(|address| is_within(subnet, address));
    let mut all = subnets.iter_mut().filter(|subnet| fits(subnet)).peekable();
    if all.peek().is_none() {
        return Err(format!("no subnet of Kea's has {}", named.address.map_or_else(String::new, |it| it.to_string())));
    }
    for subnet in all {
        let mut reservation = json!({"hw-address": mac, "hostname": named.label, "user-context": {MARK: true}});
        put_address(&mut reservation, named);
        if let Some(subnet) = subnet.as_object_mut() {
            let reservations = subnet.entry("reservations").or_insert_with(|| json!([]));
            reservations.as_array_mut().ok_or("Kea's reservations are no list")?.push(reservation);
        }
    }
    Ok(())
}

/// Changes a reservation, and keeps beside what it said before, unless it is all ours.
fn change(reservation: &mut Value, named: &Named) {
    if mark_of(reservation).is_none() {
        let keep = |key: &str| reservation.get(key).map(|value| (key.to_owned(), value.clone()));
        let before: Map<String, Value> = ["hostname", "ip-address"].into_iter().filter_map(keep).collect();
        if let Some(all) = reservation.as_object_mut() {
            let context = all.entry("user-context").or_insert_with(|| json!({}));
            if let Some(context) = context.as_object_mut() {
                context.insert(MARK.into(), Value::Object(before));
            }
        }
    }
    if let Some(all) = reservation.as_object_mut() {
        all.insert("hostname".into(), json!(named.label));
    }
    put_address(reservation, named);
}

fn put_address(reservation: &mut Value, named: &Named) {
    if let (Some(all), Some(address)) = (reservation.as_object_mut(), named.address) {
        all.insert("ip-address".into(), json!(address));
    }
}

fn mark_of(reservation: &Value) -> Option<Value> {
    reservation.get("user-context")?.get(MARK).cloned()
}

fn unmark(reservation: &mut Value) {
    let Some(all) = reservation.as_object_mut() else { return };
    let is_empty = all.get_mut("user-context").and_then(Value::as_object_mut).is_some_and(|context| {
        context.remove(MARK);
        context.is_empty()
    });
    if is_empty {
        all.remove("user-context");
    }
}

fn mac_of(reservation: &Value) -> Option<Hardware> {
    reservation.get("hw-address")?.as_str()?.parse().ok()
}

/// Whether a subnet, written `10.0.0.0/24`, has an address.
fn is_within(subnet: &Value, address: Ipv4Addr) -> bool {
    let text = subnet.get("subnet").and_then(Value::as_str).unwrap_or_default();
    let Some((network, length)) = text.split_once('/') else { return false };
    let (Ok(network), Ok(length)) = (network.parse::<Ipv4Addr>(), length.parse::<u32>()) else { return false };
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0);
    length <= 32 && u32::from(network) & mask == u32::from(address) & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Hardware = Hardware([2, 0, 0, 0, 0, 1]);
    const B: Hardware = Hardware([2, 0, 0, 0, 0, 2]);

    fn names(all: &[(Hardware, &str, Option<&str>)]) -> Names {
        let mut names = Names::default();
        for (mac, label, address) in all {
            let address = address.map(|address| address.parse().expect("an address"));
            names.give(*mac, Some(Named { label: label.parse().expect("a name"), address })).expect("room");
        }
        names
    }

    fn configuration() -> Value {
        json!({"Dhcp4": {
            "valid-lifetime": 600,
            "subnet4": [{"id": 1, "subnet": "10.0.0.0/24", "reservations": [
                {"hw-address": "02:00:00:00:00:02", "client-id": "01:aa", "hostname": "old", "ip-address": "10.0.0.5",
                 "user-context": {"owner": "me"}},
            ]}],
            "shared-networks": [{"name": "x", "subnet4": [{"id": 2, "subnet": "10.0.1.0/24"}]}],
        }, "hash": "abc"})
    }

    fn edit_with(configuration: &Value, names: &Names) -> Result<Option<Value>, String> {
        let order = serde_json::to_string(names).expect("names");
        let answer = json!({"result": 0, "arguments": configuration}).to_string();
        edited(format!("{order}\n{answer}").as_bytes())
    }

    #[test]
    fn a_reservation_keeps_what_it_says_and_gets_the_name() {
        let named = edit_with(&configuration(), &names(&[(B, "tv", None)])).expect("it can be edited").expect("news");
        let reservation = &named["Dhcp4"]["subnet4"][0]["reservations"][0];
        assert_eq!((&reservation["hostname"], &reservation["client-id"]), (&json!("tv"), &json!("01:aa")));
        assert_eq!(
            (&reservation["ip-address"], &reservation["user-context"]["owner"]),
            (&json!("10.0.0.5"), &json!("me"))
        );
        assert_eq!(
            named["Dhcp4"]["shared-networks"],
            configuration()["Dhcp4"]["shared-networks"],
            "one place is enough"
        );
        assert_eq!(edit_with(&named, &names(&[(B, "tv", None)])), Ok(None), "twice does no harm");
        let again = edit_with(&named, &names(&[(B, "telly", Some("10.0.0.9"))])).expect("it can").expect("news");
        let back = edit_with(&again, &Names::default()).expect("it can").expect("news");
        assert_eq!(back["Dhcp4"], configuration()["Dhcp4"], "as if nothing had been");
    }

    #[test]
    fn a_device_without_a_reservation_gets_one_where_it_may_come() {
        let everywhere = edit_with(&configuration(), &names(&[(A, "nas", None)])).expect("it can").expect("news");
        let ours = json!({"hw-address": A, "hostname": "nas", "user-context": {"rebootping": true}});
        assert_eq!(everywhere["Dhcp4"]["subnet4"][0]["reservations"][1], ours);
        assert_eq!(everywhere["Dhcp4"]["shared-networks"][0]["subnet4"][0]["reservations"], json!([ours]));
        assert_eq!(everywhere.get("hash"), None);
        let fixed =
            edit_with(&configuration(), &names(&[(A, "nas", Some("10.0.1.7"))])).expect("it can").expect("news");
        assert_eq!(fixed["Dhcp4"]["subnet4"], configuration()["Dhcp4"]["subnet4"]);
        let reservation = &fixed["Dhcp4"]["shared-networks"][0]["subnet4"][0]["reservations"][0];
        assert_eq!(reservation["ip-address"], "10.0.1.7");
        let nowhere = edit_with(&configuration(), &names(&[(A, "nas", Some("10.9.9.9"))]));
        assert_eq!(nowhere, Err("no subnet of Kea's has 10.9.9.9".into()));
        let back = edit_with(&everywhere, &Names::default()).expect("it can").expect("news");
        assert_eq!(back["Dhcp4"]["subnet4"], configuration()["Dhcp4"]["subnet4"]);
    }

    #[test]
    fn reservations_of_kea_are_found_among_its_comments() {
        let text = r#"{ // a "comment"
            "Dhcp4": { /* "x": { */ "subnet4": [ { "reservations": [ # here
                { "hw-address": "02:00:00:00:00:01", "ip-address": "10.0.0.9", "hostname": "a#b\"//c" },
                { "client-id": "01:02", "hostname": "other" } ] } ] } }"#;
        let found = leases_in(Kind::ReservedByKea, text, 0);
        let expected = Lease { ip: "10.0.0.9".parse().ok(), name: Some("a#b\"//c".into()), reserved: true };
        assert_eq!(found, Leases::from([(A, expected)]));
        for nonsense in ["", "{", "\"", "/*", "/", "{\"hw-address\": 5}", "\"\\"] {
            assert_eq!(leases_in(Kind::ReservedByKea, nonsense, 0), Leases::new(), "{nonsense}");
        }
    }

    #[test]
    fn what_kea_says_is_told_and_nonsense_is_not_understood() {
        assert_eq!(said("verdict", br#"{"result":0,"text":"ok"}"#), b"=");
        assert_eq!(said("verdict", br#"{"result":1,"text":"bad\u001b[31m\nline"}"#), b"?Kea refuses: bad[31mline");
        for nonsense in [&b""[..], b"[]", b"{}", b"{\"result\":\"0\"}", b"\xff"] {
            assert_eq!(said("verdict", nonsense).first(), Some(&WRONG), "{nonsense:?}");
            assert_eq!(said("edit", nonsense).first(), Some(&WRONG), "{nonsense:?}");
        }
        let none = "Kea's configuration has no Dhcp4";
        for (wrong, expected) in [
            (json!({}), Err(none)),
            (json!({"Dhcp4": 5}), Err(none)),
            (json!({"Dhcp4": {}}), Err("Kea serves no subnet")),
            (json!({"Dhcp4": {"subnet4": [{"reservations": 5}]}}), Err("Kea's reservations are no list")),
            (json!({"Dhcp4": {"subnet4": [5]}}), Ok(None)),
        ] {
            assert_eq!(edit_with(&wrong, &names(&[(A, "nas", None)])), expected.map_err(str::to_owned), "{wrong}");
        }
    }
}

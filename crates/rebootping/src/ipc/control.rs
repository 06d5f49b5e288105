//! What operators may order about devices in the firewall and in the DHCP server: a few verbs, MACs, checked words, nothing else.

use rebootping_core::control::lease::Lease;
use rebootping_core::control::names::Named;
use rebootping_core::control::restriction::Restriction;
use rebootping_core::inventory::report::Hardware;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A device has no more MACs than so many; who says more means something else.
const MOST_MACS: usize = 16;

/// The MACs of one device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<Hardware>")]
pub(crate) struct Macs(Vec<Hardware>);

impl Macs {
    pub(crate) fn all(&self) -> &[Hardware] {
        &self.0
    }

    /// The one that stands for the device.
    pub(crate) fn first(&self) -> Hardware {
        self.0.first().copied().unwrap_or(Hardware([0; 6]))
    }
}

impl TryFrom<Vec<Hardware>> for Macs {
    type Error = &'static str;

    fn try_from(macs: Vec<Hardware>) -> Result<Self, Self::Error> {
        let is_device = |mac: &Hardware| mac.0[0] & 1 == 0 && mac.0 != [0; 6];
        match macs.len() {
            1..=MOST_MACS if macs.iter().all(is_device) => Ok(Self(macs)),
            1..=MOST_MACS => Err("this is no device's MAC"),
            _ => Err("a device has 1 to 16 MACs"),
        }
    }
}

/// What is done to a device. Whoever leaves a word out, or says another, is not understood: nothing may be taken back by mistake.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) enum ControlOrder {
    /// Restrict it so; without a restriction it is allowed everything.
    Restrict {
        /// The device.
        macs: Macs,
        /// How.
        #[serde(deserialize_with = "Option::deserialize")]
        to: Option<Restriction>,
        /// Even where that cuts off more than one device, or whoever asks.
        force: bool,
        /// The address from which the operator works, if it is known.
        asking: Option<IpAddr>,
    },
    /// Call it so; without a name, as it calls itself.
    Name {
        /// The device.
        mac: Hardware,
        /// Its name, and its address where that is fixed.
        #[serde(deserialize_with = "Option::deserialize")]
        to: Option<Named>,
    },
    /// Undo the order of this number, or the latest that is not undone.
    Undo(Option<u64>),
}

/// What stands before and after an order's number in the answer to it.
const NUMBER: (&str, &str) = (" (undo: rebootping device undo ", ")");

/// What is said of an order's number, behind what was done.
pub(crate) fn with_number(done: &str, number: u64) -> String {
    let (before, after) = NUMBER;
    format!("{done}{before}{number}{after}")
}

/// What was done, without its number, and that.
pub(crate) fn without_number(answer: &str) -> (String, Option<u64>) {
    let (before, after) = NUMBER;
    let parts = answer.split_once(before).and_then(|(done, rest)| Some((done, rest.split_once(after)?)));
    let Some((done, (number, rest))) = parts else { return (answer.to_owned(), None) };
    (format!("{done}{rest}"), number.parse().ok())
}

/// How devices are controlled now: so many of them that a frame holds them.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ControlReport {
    /// Those of whom there is anything to say, by MAC.
    pub(crate) devices: Vec<Controlled>,
    /// There are more behind the last.
    pub(crate) more: bool,
    /// Why the firewall is not as it should be, if it is not.
    pub(crate) trouble: Option<String>,
    /// The DHCP server that is told names, and how that goes.
    pub(crate) dhcp: Option<String>,
}

/// A device that is restricted, named, or has a lease.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Controlled {
    /// Its MAC.
    pub(crate) mac: Hardware,
    /// How it is restricted.
    pub(crate) restricted: Option<Restricted>,
    /// What the operator calls it.
    pub(crate) named: Option<Named>,
    /// What the DHCP server gave it.
    pub(crate) lease: Option<Lease>,
}

/// How a device is restricted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Restricted {
    /// How.
    pub(crate) restriction: Restriction,
    /// It is carried out now: the hours of its schedule are.
    pub(crate) in_force: bool,
    /// Packets that it sent in vain.
    pub(crate) packets: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, is_understood: bool) {
        assert_eq!(serde_json::from_str::<ControlOrder>(json).is_ok(), is_understood, "{json}");
    }

    #[test]
    fn an_order_s_number_is_told_apart_from_what_was_done() {
        let done = with_number("02:00:00:00:00:01 is called tv", 7);
        assert_eq!(done, "02:00:00:00:00:01 is called tv (undo: rebootping device undo 7)");
        let told = format!("{done}; dnsmasq knows it");
        assert_eq!(without_number(&told), ("02:00:00:00:00:01 is called tv; dnsmasq knows it".to_owned(), Some(7)));
        for other in ["wan1 is pinned", "a (undo: rebootping device undo 7", "a (undo)"] {
            assert_eq!(without_number(other), (other.to_owned(), None));
        }
    }

    #[test]
    fn nothing_but_a_known_verb_with_a_mac_a_mode_and_a_checked_name_is_understood() {
        let restrict = |macs: &str, mode: &str| {
            format!(r#"{{"Restrict":{{"macs":[{macs}],"to":{{"mode":"{mode}"}},"force":false,"asking":null}}}}"#)
        };
        let mac = r#""02:00:00:00:00:01""#;
        check(&restrict(mac, "pause"), true);
        check(&restrict(mac, "open"), false);
        check(&restrict("", "pause"), false);
        check(&restrict(&[mac; 17].join(","), "pause"), false);
        check(&restrict(r#""ff:ff:ff:ff:ff:ff""#, "block"), false);
        check(&restrict(r#""01:00:5e:00:00:01""#, "block"), false);
        check(&restrict(r#""00:00:00:00:00:00""#, "block"), false);
        check(&restrict(r#""02:00:00:00:00:01; flush ruleset""#, "block"), false);
        let name = |label: &str| format!(r#"{{"Name":{{"mac":{mac},"to":{{"label":"{label}"}}}}}}"#);
        check(&name("tv"), true);
        for label in ["", "a b", "a,ignore", "a\\nb", "-a", "../a", &"a".repeat(64)] {
            check(&name(label), false);
        }
        check(&format!(r#"{{"Name":{{"mac":{mac},"to":null}}}}"#), true);
        check(&format!(r#"{{"Name":{{"mac":{mac}}}}}"#), false);
        check(&format!(r#"{{"Name":{{"mac":{mac},"two":{{"label":"tv"}}}}}}"#), false);
        check(&format!(r#"{{"Restrict":{{"macs":[{mac}],"force":false,"asking":null}}}}"#), false);
        check(r#"{"Undo":null}"#, true);
        check(r#"{"Run":"sh"}"#, false);
    }
}

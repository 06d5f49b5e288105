//! What an operator ordered about a device, in a sentence: as the audit has it, whose rows the history keeps as they are.

use crate::report::control::described;
use jiff::tz::TimeZone;
use rebootping_core::control::names::Named;
use rebootping_core::control::restriction::Restriction;
use rebootping_core::inventory::report::Hardware;
use serde::Deserialize;

/// An order, and the device it was about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ordered {
    pub(super) mac: Hardware,
    pub(super) text: String,
}

/// A row of the audit, as far as it is told.
#[derive(Deserialize)]
struct Row {
    uid: u32,
    undoes: Option<u64>,
    changes: Vec<Changed>,
}

#[derive(Deserialize)]
struct Changed {
    mac: Hardware,
    after: After,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum After {
    Restriction(Option<Restriction>),
    Name(Option<Named>),
}

/// The order of a row; none if it says of no device any more what was done.
pub(super) fn told(body: &str, zone: &TimeZone) -> Option<Ordered> {
    let Row { uid, undoes, changes } = serde_json::from_str(body).ok()?;
    let Changed { mac, after } = changes.into_iter().next()?;
    // Nobody else may order.
    let who = if uid == 0 { "root" } else { "the page" };
    let undid = undoes.map_or_else(String::new, |number| format!("undid order {number} and so "));
    let what = match after {
        After::Restriction(Some(restriction)) => format!("restricted {mac}: {}", described(&restriction, zone)),
        After::Restriction(None) => format!("allowed {mac} everything"),
        After::Name(Some(Named { label, address: None })) => format!("called {mac} {label}"),
        After::Name(Some(Named { label, address: Some(address) })) => format!("called {mac} {label}, at {address}"),
        After::Name(None) => format!("took back what {mac} was called"),
    };
    Some(Ordered { mac, text: format!("{who} {undid}{what}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uid: u32, undoes: &str, after: &str, text: &str) {
        let mac = "02:00:00:00:00:01";
        let body = format!(
            r#"{{"id":9,"time":"2026-01-02T03:04:05Z","uid":{uid},"pid":77,"login":null,"verb":"undo","undoes":{undoes},"changes":[{{"mac":"{mac}","before":{{"name":null}},"after":{after}}}]}}"#
        );
        let told = told(&body, &TimeZone::UTC).expect("it is about a device");
        assert_eq!((told.mac.to_string().as_str(), told.text.as_str()), (mac, text));
    }

    #[test]
    fn each_order_is_a_sentence() {
        let pause = r#"{"restriction":{"mode":"pause","until":1767225600,"schedule":null}}"#;
        check(0, "null", pause, "root restricted 02:00:00:00:00:01: no Internet until 2026-01-01 00:00:00");
        check(990, "null", r#"{"restriction":null}"#, "the page allowed 02:00:00:00:00:01 everything");
        check(0, "4", r#"{"restriction":null}"#, "root undid order 4 and so allowed 02:00:00:00:00:01 everything");
        check(0, "null", r#"{"name":{"label":"tv"}}"#, "root called 02:00:00:00:00:01 tv");
        let fixed = r#"{"name":{"label":"tv","address":"10.0.0.7"}}"#;
        check(990, "null", fixed, "the page called 02:00:00:00:00:01 tv, at 10.0.0.7");
        check(0, "null", r#"{"name":null}"#, "root took back what 02:00:00:00:00:01 was called");
        assert_eq!(told(r#"{"uid":0,"undoes":null,"changes":[]}"#, &TimeZone::UTC), None);
    }
}

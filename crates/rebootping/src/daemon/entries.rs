//! What happened to the committer, as the history keeps it.

use super::control::{Call, Request};
use crate::committer::CommitEvent;
use crate::committer::audit::Row;
use crate::config::observing::CaptureMode;
use crate::duration::format_duration;
use crate::ipc::observer::{DeviceVerb, Happened};
use crate::log::Field;
use crate::report::links::Names;
use crate::store::kinds::{Happening, ORDERS};
use rebootping_core::link::verdict::Order;
use rebootping_core::time::Time;
use serde_json::json;

/// Something the committer did or could not do; which links are in force, if that is known since.
pub(super) fn commit(event: &CommitEvent, names: &Names, in_force: Option<&[&str]>, now: Time) -> Happened {
    let link = event.link.and_then(|link| names.get(link)).map(|names| names.interface.clone());
    let body = json!({
        "family": event.family,
        "link": link,
        "took_ms": event.took.map(|took| took.as_millis() as u64),
        "failed": event.is_trouble,
        "in_force": in_force,
        "text": event.text,
    });
    Happened { kind: Happening::Applied, at: now, subject: link.unwrap_or_default(), body: body.to_string() }
}

/// What its message is about, for programs that read the log.
pub(super) fn fields(event: &CommitEvent, names: &Names) -> Vec<Field> {
    let commit = match (event.took, event.is_trouble) {
        (Some(_), _) => "applied",
        (None, true) => "trouble",
        (None, false) => "notice",
    };
    let link = event.link.and_then(|link| names.get(link)).map(|names| ("LINK", names.interface.clone()));
    let family = event.family.map(|family| ("FAMILY", family.name().to_owned()));
    let took = event.took.map(|took| ("TOOK_MS", took.as_millis().to_string()));
    [("COMMIT", commit.to_owned())].into_iter().chain(link).chain(family).chain(took).collect()
}

/// A row of the audit.
pub(super) fn row(row: &Row, now: Time) -> Happened {
    // What it holds are numbers, MACs and checked words: it has a form in JSON.
    let body = serde_json::to_string(row).unwrap_or_default();
    Happened { kind: Happening::Audit, at: now, subject: ORDERS.to_owned(), body }
}

/// What an operator ordered.
pub(super) fn order(call: &Call, now: Time) -> Happened {
    // Whoever is forgotten is not remembered for having been.
    let request = match &call.request {
        Request::Device(_, DeviceVerb::Forget) => json!("forget a device"),
        request => json!(request),
    };
    let who = call.who();
    let mac = match &call.request {
        Request::Device(mac, verb) if *verb != DeviceVerb::Forget => Some(mac),
        _ => None,
    };
    let link = match &call.request {
        Request::Order { link, .. } | Request::Auto { link } | Request::Retry { link } => Some(link),
        _ => None,
    };
    let called = if who == "web" { "the page" } else { who };
    let text = told(&call.request).map(|told| format!("{called} {told}"));
    let body = json!({ "who": who, "request": request, "mac": mac, "link": link, "text": text }).to_string();
    Happened { kind: Happening::Audit, at: now, subject: who.to_owned(), body }
}

/// What somebody did, behind his name; nothing of what changes nothing, or has a row of its own.
fn told(request: &Request) -> Option<String> {
    Some(match request {
        Request::Order { link, order, lasting, force: _ } => {
            let lasting = lasting.map_or_else(String::new, |lasting| format!(" for {}", format_duration(lasting)));
            match order {
                Order::Pin => format!("pinned {link}{lasting}"),
                Order::Out => format!("took {link} out{lasting}"),
            }
        }
        Request::Auto { link } => format!("let the answers decide about {link} again"),
        Request::Retry { link } => format!("ended the hold-down of {link}"),
        Request::Release => "gave every link back".to_owned(),
        Request::Device(mac, verb) => match verb {
            DeviceVerb::Note(_) => format!("wrote a note about {mac}"),
            DeviceVerb::Merge(into) => format!("took {mac} for the device {into}"),
            DeviceVerb::Split => format!("took the MACs of {mac} for devices of their own"),
            DeviceVerb::Capture(Some(mode)) => format!("has {} of {mac} kept", in_words(*mode)),
            DeviceVerb::Capture(None) => format!("has as much of {mac} kept as of others in its network"),
            DeviceVerb::Forget => "had a device forgotten".to_owned(),
            DeviceVerb::Rename(_) | DeviceVerb::Weigh => return None,
        },
        Request::Status
        | Request::LeaveOut { .. }
        | Request::Follow { .. }
        | Request::Control(_)
        | Request::Controlled { .. }
        | Request::Alerts
        | Request::TestAlerts
        | Request::Check
        | Request::Reload => return None,
    })
}

const fn in_words(mode: CaptureMode) -> &'static str {
    match mode {
        CaptureMode::Full => "all packets",
        CaptureMode::Headers => "headers",
        CaptureMode::Off => "nothing",
    }
}

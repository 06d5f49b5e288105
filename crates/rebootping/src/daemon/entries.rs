//! What happened to the committer, as the history keeps it.

use super::control::{Call, Request};
use crate::committer::CommitEvent;
use crate::ipc::observer::{DeviceVerb, Happened};
use crate::report::links::Names;
use crate::store::kinds::Happening;
use rebootping_core::time::Time;
use serde_json::json;

/// Something the committer did or could not do.
pub(super) fn commit(event: &CommitEvent, names: &Names, now: Time) -> Happened {
    let link = event.link.and_then(|link| names.get(link)).map(|names| names.interface.clone());
    let body = json!({
        "family": event.family,
        "link": link,
        "took_ms": event.took.map(|took| took.as_millis() as u64),
        "failed": event.is_trouble,
        "text": event.text,
    });
    Happened { kind: Happening::Applied, at: now, subject: link.unwrap_or_default(), body: body.to_string() }
}

/// What an operator ordered.
pub(super) fn order(call: &Call, now: Time) -> Happened {
    // Whoever is forgotten is not remembered for having been.
    let request = match &call.request {
        Request::Device(_, DeviceVerb::Forget) => json!("forget a device"),
        request => json!(request),
    };
    let body = json!({ "who": call.who(), "request": request }).to_string();
    Happened { kind: Happening::Audit, at: now, subject: call.who().to_owned(), body }
}

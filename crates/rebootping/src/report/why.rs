//! Why one link is used or not, in at most ten lines.

use super::links::in_words;
use super::status::{LinkStatus, State, Status};
use super::table::{ago, milliseconds};
use std::fmt::Write;
use std::net::IpAddr;

/// No explanation is longer, in lines.
const LINES: usize = 10;

/// The link's state and its reasons, as prose.
pub(crate) fn prose(status: &Status, link: &LinkStatus) -> String {
    let mut text = String::new();
    let shown: Vec<_> = link.families.iter().filter(|(_, state)| state.source.is_some()).collect();
    for (family, state) in &shown {
        let of_family = if shown.len() > 1 { format!(" for {}", in_words(**family)) } else { String::new() };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}{of_family} has been {} for {}: it {}.",
            link.called(),
            used(state),
            ago(&state.since, &status.time),
            state.reason.text
        );
        text.push_str(&measured(state));
        text.push_str(&others(status, link, **family));
    }
    if shown.is_empty() {
        let _ = writeln!(text, "{} {}.", link.called(), link.own.reason.text);
    }
    if !link.own.committed && status.commit.state != "observing" {
        let error = status.commit.error.as_deref().unwrap_or("it is being worked on");
        let _ = writeln!(text, "This is NOT APPLIED yet ({}): {error}.", status.commit.state);
    }
    text.lines().take(LINES).fold(String::new(), |text, line| text + line + "\n")
}

fn used(state: &State) -> &'static str {
    match (state.enabled, state.healthy) {
        (true, true) => "healthy and in use",
        (true, false) => "in use though not healthy",
        (false, true) => "healthy and out of use",
        (false, false) => "out of use",
    }
}

fn measured(state: &State) -> String {
    let trips = state.rtt_ms.map(|trips| {
        format!("round trips {} (median), {} (95 %)", milliseconds(trips.median), milliseconds(trips.p95))
    });
    let trips = trips.unwrap_or_else(|| "no answer".to_owned());
    let load =
        format!("{} received and {} sent in the last round", bytes(state.bytes_received), bytes(state.bytes_sent));
    let left_out = match list(&state.left_out) {
        none if none.is_empty() => String::new(),
        targets => format!("  Does not count for now, because one link alone cannot reach it: {targets}.\n"),
    };
    format!("  Last minute: {trips}, {:.1} % of echoes lost; {load}.\n{left_out}", state.loss * 100.0)
}

/// What the other links did in the same round.
fn others(status: &Status, link: &LinkStatus, family: rebootping_core::link::Family) -> String {
    let others = status.links.iter().filter(|other| other.name != link.name);
    let said =
        others.filter_map(|other| Some(format!("{} {}", other.called(), other.families.get(&family)?.reason.brief())));
    let said: Vec<String> = said.collect();
    if said.is_empty() { String::new() } else { format!("  The others: {}.\n", said.join("; ")) }
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} B"),
        10_000..10_000_000 => format!("{} kB", count / 1000),
        _ => format!("{} MB", count / 1_000_000),
    }
}

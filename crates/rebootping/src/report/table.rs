//! The links as a table for a terminal.

use super::links::in_words;
use super::reason::rounded;
use super::status::{LinkStatus, State, Status};
use super::{captures, sending, store};
use crate::duration::format_duration;
use rebootping_core::link::Family;
use rebootping_core::link::verdict::{Code, Order};
use std::fmt::Write;
use std::time::Duration;

/// The links, one line each and family, and what is wrong with committing; in colour if asked.
pub(crate) fn status(status: &Status, colour: bool) -> String {
    let mut text = String::new();
    let rows: Vec<[String; 5]> =
        status.links.iter().flat_map(|link| rows(link, status.commit.state == "observing")).collect();
    let widths: Vec<usize> =
        (0..5).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        let line = painted(cells.join("  ").trim_end(), &row[1], colour);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    if rows.is_empty() && status.processes.iter().all(|process| process.state == "running") {
        text.push_str("no link: no interface has a default route, and the configuration names none\n");
    }
    for link in &status.links {
        text.push_str(&ordered(link));
        text.push_str(&link.cap.as_ref().map_or_else(String::new, |cap| cap.line(link.called())));
    }
    text.push_str(&committed(status));
    if let Some(capture) = &status.capture {
        text.push_str(&captures::lines(capture));
    }
    if let Some(kept) = &status.store {
        text.push_str(&store::lines(kept));
    }
    text.push_str(&sending::lines(status.alerts.as_ref(), status.remote_write.as_ref()));
    text
}

fn rows(link: &LinkStatus, observing: bool) -> Vec<[String; 5]> {
    let shown = |(_, state): &(&Family, &State)| state.source.is_some();
    let families: Vec<(&Family, &State)> = link.families.iter().filter(shown).collect();
    match families.as_slice() {
        [] => vec![row(link, "", &link.own, observing)],
        [(family, state)] => vec![row(link, if **family == Family::Ipv6 { "IPv6" } else { "" }, state, observing)],
        several => several.iter().map(|(family, state)| row(link, in_words(**family), state, observing)).collect(),
    }
}

fn row(link: &LinkStatus, family: &str, state: &State, observing: bool) -> [String; 5] {
    let name = match &link.label {
        Some(label) => format!("{label} ({})", link.name),
        None => link.name.clone(),
    };
    let trips = state.rtt_ms.map_or_else(String::new, |trips| milliseconds(trips.median));
    let loss = if state.rtt_ms.is_some() { format!("{:.0} % loss", state.loss * 100.0) } else { String::new() };
    [
        [name, family.to_owned()].join(" ").trim_end().to_owned(),
        standing(state, observing),
        trips,
        loss,
        state.reason.text.clone(),
    ]
}

/// State as shape and word, so that it can be read without colour.
fn standing(state: &State, observing: bool) -> String {
    let committed = if state.committed || observing { "" } else { ", not applied" };
    let standing = match state.reason.code {
        _ if state.enabled => "● in use",
        Code::HoldDown => "◐ sits out",
        Code::TakenOut | Code::Pinned => "○ out",
        Code::NoCarrier | Code::NoAddress | Code::NoNextHop | Code::Absent => "○ absent",
        Code::Best | Code::Behind | Code::Incumbent | Code::SoleBest | Code::NothingAnswers | Code::Starting => {
            "▲ failing"
        }
    };
    format!("{standing}{committed}")
}

fn painted(line: &str, standing: &str, colour: bool) -> String {
    let code = match standing.chars().next() {
        Some('●') => 32,
        Some('◐') => 33,
        Some('▲') => 31,
        _ => 90,
    };
    if colour { format!("\u{1b}[{code}m{line}\u{1b}[0m") } else { line.to_owned() }
}

fn ordered(link: &LinkStatus) -> String {
    let Some(order) = &link.order else { return String::new() };
    let what = match order.order {
        Order::Pin => "pinned",
        Order::Out => "taken out",
    };
    let until = match order.left_s {
        Some(seconds) => format!("for {} more", rounded(Duration::from_secs(seconds))),
        None => format!("until `rebootping link auto {}`", link.name),
    };
    format!("{} is {what} {until}\n", link.called())
}

fn committed(status: &Status) -> String {
    let commit = &status.commit;
    let error = commit.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    let mut text = match commit.state.as_str() {
        "applied" if commit.left_alone.is_empty() => format!("{} follows the choice\n", commit.backend),
        "applied" => format!("{} follows the choice, but for {}\n", commit.backend, commit.left_alone.join(" and ")),
        "observing" => format!("observing: the choice is shown and not carried out{error}\n"),
        "waiting" => format!(
            "NOT APPLIED: {} does not run; the status files are right for its next start{error}\n",
            commit.backend
        ),
        state => format!("NOT APPLIED ({state}){error}\n"),
    };
    for link in &commit.left_alone {
        let _ = writeln!(
            text,
            "{link} was changed by hand twice within the hour and is left so; `rebootping link pin|out {link}` makes it lasting"
        );
    }
    for process in status.processes.iter().filter(|process| process.state != "running" || process.restarts > 0) {
        let again =
            if process.restarts > 0 { format!(", started again {}", times(process.restarts)) } else { String::new() };
        let _ = writeln!(text, "{} is {}{again}", process.name, process.state);
    }
    text
}

/// How often, in words.
fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

/// Two digits below 10 ms, one above.
pub(crate) fn milliseconds(time: f64) -> String {
    if time < 10.0 { format!("{time:.2} ms") } else { format!("{time:.1} ms") }
}

/// How long something has been so, from two labels of time.
pub(crate) fn ago(since: &str, now: &str) -> String {
    let parsed = |label: &str| label.parse::<jiff::Timestamp>().ok();
    let (Some(since), Some(now)) = (parsed(since), parsed(now)) else { return "an unknown time".to_owned() };
    let seconds = now.duration_since(since).as_secs().max(0).unsigned_abs();
    format_duration(Duration::from_secs(if seconds >= 900 { seconds / 60 * 60 } else { seconds }))
}

//! A report as text that reads well in 80 columns: a heading, a block for each device, servers beyond routers, events.

use super::facts::{Device, Fact, Joined, Origin, counted, facts, from, left_out, moment, open, port_lines, title};
use super::told::{Outline, Told};
use crate::escape::{columns, for_columns};
use crate::report::devices::event_text;
use rebootping_core::inventory::report::Hardware;
use rebootping_core::untrusted::Untrusted;
use std::io::{self, Write};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Columns of the labels of facts, with the blanks around them.
const LABELS: usize = 15;
/// Columns of a moment, with the blanks around it.
const TIMES: usize = 23;
/// Where a line did not suffice, the next begins so.
const GOES_ON: &str = "  ";

/// Writes everything.
pub(super) fn write(out: &mut impl Write, told: &impl Told, origin: Origin) -> io::Result<()> {
    let outline = Outline::of(told);
    write!(out, "{}\n{}; times are UTC\n", counted(&outline), from(origin))?;
    for one in outline.devices(told) {
        write!(out, "\n{}", device(&one))?;
    }
    for (router, name) in &outline.routers {
        write!(out, "\n{}", hosts(told, *router, name.as_ref()))?;
    }
    out.write_all(ending(told, origin).as_bytes())
}

/// One device.
pub(super) fn device(device: &Device) -> String {
    let mut page = Page::default();
    page.device(device);
    page.text
}

fn hosts(told: &impl Told, router: Option<Hardware>, name: Option<&Untrusted>) -> String {
    let mut page = Page::default();
    page.line(&for_columns(&format!("Servers beyond {}", who(router, name)), WIDTH));
    for host in told.hosts_behind(router) {
        let ports = port_lines(open(&host.tcp_open, &host.udp_open));
        let ip = host.ip.to_string();
        // IPv6 addresses are longer than any column is wide.
        page.entry(&ip, 18.max(ip.len() + 3), &ports, Joined::Commas);
    }
    page.text
}

fn who(router: Option<Hardware>, name: Option<&Untrusted>) -> String {
    match (router, name) {
        (None, _) => "a router".to_owned(),
        (Some(router), None) => router.to_string(),
        (Some(router), Some(name)) => format!("{} ({router})", name.raw()),
    }
}

fn ending(told: &impl Told, origin: Origin) -> String {
    let mut page = Page::default();
    let events = told.events();
    if !events.is_empty() {
        page.line("");
        page.line("What happened");
    }
    for event in events.iter() {
        page.entry(&moment(&event.time), TIMES, &words(&event_text(event)), Joined::Words);
    }
    let left = left_out(&told.left_out(), origin);
    if !left.is_empty() {
        page.line("");
        page.entry("left out", LABELS, &left, Joined::Commas);
    }
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn device(&mut self, device: &Device) {
        self.line(&for_columns(&title(device), WIDTH));
        for Fact { label, items, joined } in facts(device) {
            self.entry(label, LABELS, &items, joined);
        }
    }

    /// A label, and behind it in lines of equal indentation what there is to say.
    fn entry(&mut self, label: &str, indent: usize, items: &[String], joined: Joined) {
        for (at, line) in lay_out(items, joined, WIDTH - indent).iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            self.line(&format!("  {label:<width$}{line}", width = indent - 2));
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Lines of at most so many columns.
fn lay_out(items: &[String], joined: Joined, room: usize) -> Vec<String> {
    match joined {
        Joined::Commas => {
            let last = items.len().saturating_sub(1);
            let comma = |at| if at < last { "," } else { "" };
            let item = |(at, item): (usize, &String)| format!("{}{}", for_columns(item, room - 1), comma(at));
            fill(items.iter().enumerate().map(item), room, "")
        }
        Joined::Words => fill(items.iter().map(|word| for_columns(word, room)), room, ""),
        Joined::Lines => items.iter().flat_map(|item| broken(item, room)).collect(),
    }
}

/// A line, and further ones for what does not find room on it.
fn broken(item: &str, room: usize) -> Vec<String> {
    let words = item.split(' ').map(|word| for_columns(word, room - GOES_ON.len()));
    fill(words, room, GOES_ON)
}

/// Pieces one after the other, on a new line where there is no room.
fn fill(pieces: impl Iterator<Item = String>, room: usize, goes_on: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(&piece) <= room => {
                line.push(' ');
                line.push_str(&piece);
            }
            Some(_) => lines.push(format!("{goes_on}{piece}")),
            None => lines.push(piece),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(items: &[&str], joined: Joined, lines: &[&str]) {
        let items: Vec<String> = items.iter().map(|&item| item.to_owned()).collect();
        assert_eq!(lay_out(&items, joined, 10), lines);
    }

    #[test]
    fn lines_break_between_items_and_never_grow_too_long() {
        check(&["one", "two"], Joined::Commas, &["one, two"]);
        check(&["three", "four", "five"], Joined::Commas, &["three,", "four, five"]);
        check(&["a", "b"], Joined::Lines, &["a", "b"]);
        check(&["one two three", "b"], Joined::Lines, &["one two", "  three", "b"]);
        check(&["a", "note", "of", "words"], Joined::Words, &["a note of", "words"]);
        check(&["far too long an item", "b"], Joined::Commas, &["far too …,", "b"]);
        check(&["電視機電視", "b"], Joined::Words, &["電視機電視", "b"]);
    }
}

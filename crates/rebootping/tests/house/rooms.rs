//! Which room of the program may not know which: what came in is judged before anything goes out.

use crate::source::Source;
use std::collections::BTreeSet;

/// Rooms, and the rooms whose names they may not use.
const STRANGERS: &[(&[&str], &[&str])] = &[
    (
        &["echo", "netlink", "leases", "capture", "pcap_read"],
        &["committer", "report", "status", "why", "check", "control"],
    ),
    (&["judge"], &["committer"]),
    (&["report", "web"], &["capture", "echo", "committer"]),
    (&["courier"], &["capture", "echo", "committer", "store"]),
    (&["devices", "wireshark"], &["capture", "echo", "committer", "judge"]),
];

const HOUSE: &str = "crates/rebootping/src/";

/// The uses of one room by another that may not know it.
pub(crate) fn trespasses(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let Some(room) = room_of(&source.path) else { continue };
        let used = rooms_used(&source.code);
        for (_, strangers) in STRANGERS.iter().filter(|(rooms, _)| rooms.contains(&room)) {
            for stranger in strangers.iter().filter(|stranger| used.contains(**stranger)) {
                found.push(format!(
                    "{}: `{room}` may not know `{stranger}`; move what both need into a room below them, or hand it over in main",
                    source.path
                ));
            }
        }
    }
    found
}

/// The first part of the path below the program's sources: `echo` of `echo.rs` and of `echo/socket.rs`.
fn room_of(path: &str) -> Option<&str> {
    path.strip_prefix(HOUSE)?.split(['/', '.']).next()
}

/// The names that follow `crate::` or `super::`, alone or in braces.
fn rooms_used(code: &str) -> BTreeSet<&str> {
    let after = |root: &'static str| code.match_indices(root).map(move |(at, _)| &code[at + root.len()..]);
    after("crate::").chain(after("super::")).flat_map(first_names).collect()
}

fn first_names(rest: &str) -> Vec<&str> {
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let mut depth = 0;
    let mut names = vec![name(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

fn name(rest: &str) -> &str {
    let rest = rest.trim_start();
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(rest)
}

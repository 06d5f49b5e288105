//! The rooms that ARCHITECTURE.md names: all that there are, and which of the program's may not know which others.

use crate::source::Source;
use std::collections::BTreeSet;

const HOUSE: &str = "crates/rebootping/src/";
const TABLE: &str = "## Rooms of the program";

/// Rooms of the program, and those they may not use.
type Strangers<'a> = (Vec<&'a str>, Vec<&'a str>);

/// The uses of one room by another that may not know it, and what may not be known but is no room.
pub(crate) fn trespasses(architecture: &str, rooms: &[&str], sources: &[Source]) -> Vec<String> {
    let table = strangers(architecture);
    let forbidden: BTreeSet<&str> = table.iter().flat_map(|(_, strangers)| strangers.iter().copied()).collect();
    let unknown = forbidden.into_iter().filter(|stranger| !rooms.contains(stranger));
    let mut found: Vec<String> = unknown
        .map(|stranger| {
            format!("ARCHITECTURE.md: `{stranger}` may not be known, but there is no such room; name one that is")
        })
        .collect();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let Some(below) = source.path.strip_prefix(HOUSE) else { continue };
        let used = rooms_used(&source.code);
        let held = table.iter().flat_map(|(rooms, strangers)| {
            let room = rooms.iter().find(|room| is_in(below, room));
            strangers.iter().filter_map(move |stranger| room.map(|room| (room, stranger)))
        });
        for (room, stranger) in held.filter(|(_, stranger)| used.contains(**stranger)) {
            found.push(format!(
                "{}: `{room}` may not know `{stranger}`; move what both need into a room below them, or hand it over in main",
                source.path
            ));
        }
    }
    found
}

/// The modules of a crate that ARCHITECTURE.md does not name.
pub(crate) fn unnamed(architecture: &str, path: &str, modules: &[&str]) -> Vec<String> {
    let named: BTreeSet<&str> =
        quoted(architecture).flat_map(|span| span.split('/')).map(|part| part.trim_end_matches(".rs")).collect();
    let unnamed = modules.iter().filter(|module| !named.contains(*module));
    unnamed
        .map(|module| format!("{path}: ARCHITECTURE.md does not name `{module}`; say there what it is for"))
        .collect()
}

/// The modules a crate's root declares, but for those of tests.
pub(crate) fn modules(root: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_for_tests = false;
    for line in root.lines() {
        let declared = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ");
        found.extend(declared.and_then(|rest| rest.strip_suffix(';')).filter(|_| !is_for_tests));
        is_for_tests = line == "#[cfg(test)]";
    }
    found
}

/// What the table of rooms says: of its last column what consists of names alone, as all else is for people.
fn strangers(architecture: &str) -> Vec<Strangers<'_>> {
    let table = architecture.split_once(TABLE).map_or("", |(_, after)| after);
    let rows = table.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let read = rows.filter_map(|row| {
        let mut columns = row.trim_matches('|').split(" |");
        let (rooms, last) = (columns.next()?, columns.nth(1)?);
        let lists = last.split(';').filter(|part| part.split('`').step_by(2).all(|between| between.trim().is_empty()));
        Some((quoted(rooms).collect(), lists.flat_map(quoted).collect()))
    });
    read.filter(|(rooms, _): &Strangers<'_>| !rooms.is_empty()).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Whether a file below the program's sources is of a room: `echo.rs` and `echo/socket.rs` are of `echo`.
fn is_in(below: &str, room: &str) -> bool {
    let rest = below.strip_prefix(room.trim_end_matches(".rs"));
    rest.is_some_and(|rest| rest.starts_with(['/', '.']))
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

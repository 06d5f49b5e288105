//! What docs/troubleshooting.md quotes is what the program prints.

use crate::source::Source;

/// Shorter pieces of a message are in every program.
const SHORTEST: usize = 8;

/// Messages in the first column of the guide's tables that no source has; `…` stands for what differs.
pub(crate) fn unknown_messages(markdown: &str, sources: &[Source]) -> Vec<String> {
    let said: Vec<String> = sources.iter().map(|source| as_printed(&source.text)).collect();
    let is_said = |piece: &str| said.iter().any(|text| text.contains(piece));
    let mut found = Vec::new();
    for message in messages(markdown) {
        for piece in pieces(message).filter(|piece| !is_said(piece)) {
            found.push(format!(
                "docs/troubleshooting.md: `{message}`: nothing prints {piece:?}; mend the guide, or the message"
            ));
        }
    }
    found
}

/// The code spans of every row's first cell.
fn messages(markdown: &str) -> Vec<&str> {
    let rows = markdown.lines().filter_map(|line| line.strip_prefix("| "));
    rows.flat_map(|row| spans(row.split(" | ").next().unwrap_or_default())).collect()
}

/// What stands between backticks: two of them where the text has one itself.
fn spans(cell: &str) -> Vec<&str> {
    let marks = if cell.contains("``") { "``" } else { "`" };
    cell.split(marks).skip(1).step_by(2).map(str::trim).collect()
}

/// What a message is put together from.
fn pieces(message: &str) -> impl Iterator<Item = &str> {
    let parts = message.split('…').flat_map(|part| part.split("; ")).flat_map(|part| part.split(": "));
    parts.map(|part| part.trim().trim_end_matches([':', ';'])).filter(|part| part.chars().count() >= SHORTEST)
}

/// Literals without their escapes, and those of several lines as one.
fn as_printed(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        let goes_on = line.strip_suffix('\\');
        lines.push_str(goes_on.unwrap_or(line));
        if goes_on.is_none() {
            lines.push('\n');
        }
    }
    lines.replace("\\\"", "\"")
}

#[test]
fn messages_are_found_in_tables_and_put_together_from_literals() {
    let markdown = "`prose`\n\n| it says | do |\n|---|---|\n| `no link: … is` or ``say `so` now`` | `not this` |\n";
    assert_eq!(messages(markdown), ["say `so` now"], "a cell has spans of one kind");
    let markdown = "| `no link at all: … is broken; mend it now` | x |";
    assert_eq!(
        messages(markdown).into_iter().flat_map(pieces).collect::<Vec<_>>(),
        ["no link at all", "is broken", "mend it now"]
    );
    assert_eq!(as_printed("(\"one \\\n    line\", \"a \\\"b\\\"\")"), "(\"one line\", \"a \"b\"\")\n");
}

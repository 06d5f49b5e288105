//! What the program says: to the journal with its priority and fields, to a terminal or file as plain text on standard error.

mod journal;

use journal::Journal;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{LazyLock, OnceLock};

/// What a message is about, for programs: a field's name as the journal has it, and its value.
pub(crate) type Field = (&'static str, String);

/// systemd says so when standard error is the journal (sd-daemon(3)).
static STREAM: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("JOURNAL_STREAM").ok());
/// The confined processes have none and say what they say on standard error.
static JOURNAL: OnceLock<Journal> = OnceLock::new();

/// From now on messages go to the journal with their fields, where standard error is the journal.
pub(crate) fn open_journal() {
    if let Some(journal) = Journal::of_standard_error(STREAM.as_deref()) {
        // Whoever opened it before opened the same.
        let _ = JOURNAL.set(journal);
    }
}

/// Writes a line to standard error. One that is closed or on a full disk is no reason to end, or to end otherwise.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// The operator would like to know.
pub(crate) fn info(text: &str) {
    send(6, text, &[]);
}

/// It might wake someone.
pub(crate) fn warn(text: &str) {
    send(4, text, &[]);
}

/// We cannot go on.
pub(crate) fn error(text: &str) {
    send(3, text, &[]);
}

/// A warning if it is trouble, else information.
pub(crate) fn event(is_trouble: bool, text: &str) {
    about(is_trouble, text, &[]);
}

/// The same with what it is about.
pub(crate) fn about(is_trouble: bool, text: &str, fields: &[Field]) {
    send(if is_trouble { 4 } else { 6 }, text, fields);
}

fn send(priority: u8, text: &str, fields: &[Field]) {
    if JOURNAL.get().is_some_and(|journal| journal.send(priority, text, fields).is_ok()) {
        return;
    }
    if STREAM.is_some() {
        for line in text.lines() {
            say(format_args!("<{priority}>{line}"));
        }
    } else {
        say(format_args!("rebootping: {text}"));
    }
}

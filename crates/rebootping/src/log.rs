//! What the daemon says on standard error: for the journal with its priority, for a terminal or file plain.

use std::sync::LazyLock;

/// systemd says so when standard error is the journal (sd-daemon(3)).
static TO_JOURNAL: LazyLock<bool> = LazyLock::new(|| std::env::var_os("JOURNAL_STREAM").is_some());

/// The operator would like to know.
pub(crate) fn info(text: &str) {
    say(6, text);
}

/// It might wake someone.
pub(crate) fn warn(text: &str) {
    say(4, text);
}

/// We cannot go on.
pub(crate) fn error(text: &str) {
    say(3, text);
}

/// A warning if it is trouble, else information.
pub(crate) fn event(is_trouble: bool, text: &str) {
    say(if is_trouble { 4 } else { 6 }, text);
}

fn say(priority: u8, text: &str) {
    if *TO_JOURNAL {
        for line in text.lines() {
            eprintln!("<{priority}>{line}");
        }
    } else {
        eprintln!("rebootping: {text}");
    }
}

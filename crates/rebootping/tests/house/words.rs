//! Words that may stand in few files only: those that ask the time, run a command, are unsafe, print or put work off.

use crate::source::{Source, lines_with};

/// Words, and where they may stand.
pub(crate) struct Reserved {
    pub(crate) words: &'static [&'static str],
    /// Longer words that hold one of them and are free.
    pub(crate) free: &'static [&'static str],
    /// The beginnings of the paths in which the rule holds.
    pub(crate) within: &'static [&'static str],
    /// The files, and the folders with all that is in them, that may hold the words.
    pub(crate) only_in: &'static [&'static str],
    pub(crate) tests_too: bool,
    pub(crate) comments_too: bool,
    pub(crate) rule: &'static str,
}

/// The crates that run on the gateway; `lab` and `sim` only ever run for a developer.
const PROGRAM: &[&str] = &["crates/core/", "crates/rebootping/"];

pub(crate) const TIME: Reserved = Reserved {
    words: &["SystemTime", "Instant::now", ".elapsed(", "Timestamp::now", "Zoned::now", "clock_gettime"],
    free: &[],
    within: PROGRAM,
    only_in: &["crates/rebootping/src/clock.rs"],
    tests_too: false,
    comments_too: false,
    rule: "only clock.rs asks the time; take `now` as an argument, or ask clock.rs at the loop",
};

pub(crate) const COMMANDS: Reserved = Reserved {
    words: &["Command::new", "execve", "execvp", "posix_spawn"],
    free: &["clap::Command::new"],
    within: PROGRAM,
    only_in: &["crates/rebootping/src/command.rs", "crates/rebootping/src/daemon/supervise.rs"],
    tests_too: false,
    comments_too: false,
    rule: "only command.rs runs programs and supervise.rs our own processes; call one of them, its limits on time and output then hold",
};

pub(crate) const UNSAFE: Reserved = Reserved {
    words: &["unsafe"],
    free: &[],
    within: &["crates/"],
    only_in: &["crates/rebootping/src/sys/", "crates/lab/src/sys.rs"],
    tests_too: true,
    comments_too: false,
    rule: "`unsafe` stands in sys alone; look for a safe call in nix, else wrap this one there with a SAFETY comment",
};

pub(crate) const PRINTED: Reserved = Reserved {
    words: &["eprintln!", "eprint!", "println!", "print!"],
    free: &[],
    within: PROGRAM,
    only_in: &["crates/rebootping/build.rs"],
    tests_too: false,
    comments_too: false,
    rule: "these panic where nothing can be written; call log::say, or write to standard output and tell its error",
};

pub(crate) const PUT_OFF: Reserved = Reserved {
    words: &[
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!"),
        concat!("unim", "plemented!"),
        concat!("db", "g!"),
    ],
    free: &[],
    within: &["crates/"],
    only_in: &[],
    tests_too: true,
    comments_too: true,
    rule: "nothing is put off in the code; do it now, or write an issue and leave the code whole without it",
};

/// The places where a reserved word stands that may not.
pub(crate) fn strays(reserved: &Reserved, sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| holds(reserved, source)) {
        let text = if reserved.comments_too { &source.text } else { &source.code };
        let text = reserved.free.iter().fold(text.clone(), |text, free| text.replace(free, ""));
        for word in reserved.words {
            for line in lines_with(&text, word) {
                found.push(format!("{}:{line}: `{word}`: {}", source.path, reserved.rule));
            }
        }
    }
    found
}

fn holds(reserved: &Reserved, source: &Source) -> bool {
    reserved.within.iter().any(|prefix| source.path.starts_with(prefix))
        && !reserved
            .only_in
            .iter()
            .any(|place| source.path == *place || (place.ends_with('/') && source.path.starts_with(place)))
        && (reserved.tests_too || !source.is_test())
}

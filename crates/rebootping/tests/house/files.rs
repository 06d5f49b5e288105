//! What every file looks like: a first sentence that tells its idea, a length one can hold in mind, no path of one machine.

use crate::source::Source;

/// Beyond this a file holds more than one idea; the longest admired cores end here.
const LONGEST: usize = 500;
/// From here on the file is worth a look at every change.
const LONG: usize = 340;

/// Files that do not open with one sentence of documentation within three lines.
pub(crate) fn untold(sources: &[Source]) -> Vec<String> {
    let told = |source: &Source| {
        let opening: Vec<&str> = source.text.lines().take(3).map_while(|line| line.strip_prefix("//! ")).collect();
        let opening = opening.join(" ") + " ";
        opening.contains(". ")
    };
    let message = |source: &Source| {
        format!(
            "{}: a file begins with `//! ` and one sentence that tells its idea; end it with a period within three lines",
            source.path
        )
    };
    sources.iter().filter(|source| !told(source)).map(message).collect()
}

/// Files that are too long; prints those that soon will be.
pub(crate) fn too_long(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let lines = source.lines();
        if lines > LONGEST {
            found.push(format!(
                "{}: {lines} lines; give its second idea a file beside it ({LONGEST} at most)",
                source.path
            ));
        } else if lines > LONG {
            println!("{}: {lines} lines, the limit is {LONGEST}", source.path);
        }
    }
    found
}

/// Files that name a directory of the machine they were written on.
pub(crate) fn at_home(files: &[(String, String)]) -> Vec<String> {
    let homes = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    let mut found = Vec::new();
    for (path, text) in files {
        for (number, line) in text.lines().enumerate() {
            for home in homes.iter().filter(|home| names_directory(line, home)) {
                found.push(format!(
                    "{path}:{}: `{home}` is a place on one machine; name it from the tree's root",
                    number + 1
                ));
            }
        }
    }
    found
}

/// Whether `line` holds this absolute path, and not the end of a longer one.
fn names_directory(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '}'))
    })
}

//! A Rust source file as the rules see it: its text, and its code without comments, strings and inline tests.

use std::fs;
use std::path::{Path, PathBuf};

/// One file of the tree.
pub(crate) struct Source {
    /// The path from the workspace's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments, strings and inline test modules made blank; lines keep their numbers.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into(), code: without_inline_tests(&without_prose(text)) }
    }

    /// Whether the whole file is a test: it may then ask the time, run commands and be long.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
    }

    /// How many lines are not an inline test.
    pub(crate) fn lines(&self) -> usize {
        let tests = tests_of(&without_prose(&self.text))
            .map_or(0, |(from, to)| self.text.chars().skip(from).take(to - from).filter(|&c| c == '\n').count());
        self.text.lines().count() - tests
    }
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every text file below the root that is not built, sorted by path.
pub(crate) fn files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(&root(), "", &mut found);
    found.sort();
    found
}

/// Every Rust file of the crates.
pub(crate) fn sources() -> Vec<Source> {
    let rust = |path: &str| path.starts_with("crates/") && Path::new(path).extension().is_some_and(|e| e == "rs");
    files().iter().filter(|(path, _)| rust(path)).map(|(path, text)| Source::new(path, text)).collect()
}

/// The line numbers, from 1, on which `word` stands in `text` by itself.
pub(crate) fn lines_with(text: &str, word: &str) -> Vec<usize> {
    text.lines().enumerate().filter(|(_, line)| has_word(line, word)).map(|(number, _)| number + 1).collect()
}

fn has_word(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().filter(|_| word.starts_with(part_of_name));
        let after = line[at + word.len()..].chars().next().filter(|_| word.ends_with(part_of_name));
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    })
}

fn walk(directory: &Path, below: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).expect("the tree can be read") {
        let entry = entry.expect("the tree can be read");
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        let built = matches!(path.as_str(), ".git" | "target" | "fuzz/target") || path.ends_with("node_modules");
        if built {
            continue;
        }
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            found.push((path, text));
        }
    }
}

/// The text with comments and the inside of literals made blank.
fn without_prose(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let length = prose_at(&chars, at);
        if length == 0 {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..at + length].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at += length;
        }
    }
    code
}

/// The length of the comment or literal that begins here, zero if none does.
fn prose_at(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let named = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match rest {
        ['/', '/', ..] => rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment(rest),
        ['r', '"' | '#', ..] if !named => raw_string(rest),
        ['b', 'r', '"' | '#', ..] if !named => 1 + raw_string(&rest[1..]),
        ['"', ..] => quoted(rest, '"'),
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => quoted(rest, '\''),
        _ => 0,
    }
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match &rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// `r"…"` with as many `#` as it has; zero for a raw name such as `r#type`.
fn raw_string(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|&&c| c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let from = hashes + 2;
    rest[from..].windows(end.len()).position(|w| w == end).map_or(rest.len(), |length| from + length + end.len())
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn without_inline_tests(code: &str) -> String {
    let Some((from, to)) = tests_of(code) else { return code.into() };
    let blank = |(at, c)| if (from..to).contains(&at) && c != '\n' { ' ' } else { c };
    code.chars().enumerate().map(blank).collect()
}

/// Where the inline test module begins and ends, in characters, if there is one.
fn tests_of(code: &str) -> Option<(usize, usize)> {
    let chars: Vec<char> = code.chars().collect();
    let (byte, _) = code.match_indices("#[cfg(test)]").find(|(at, _)| {
        let item = code[at + "#[cfg(test)]".len()..].trim_start();
        item.starts_with("mod ") && item.find('{') < item.find(';').or(Some(usize::MAX)) && item.contains('{')
    })?;
    let from = code[..byte].chars().count();
    let mut depth = 0;
    for (at, &c) in chars.iter().enumerate().skip(from) {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some((from, at + 1)),
            '}' => depth -= 1,
            _ => {}
        }
    }
    Some((from, chars.len()))
}

#[test]
fn comments_strings_and_inline_tests_are_no_code() {
    let text = "let a = \"x // y\"; // z\nlet b = r#\"q\"u\"#; /* c /* d */ e */ 'f' '\\'' &'g h\n#[cfg(test)]\nmod tests {\n fn i() {}\n}\nj";
    let code = Source::new("a.rs", text).code;
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(words.join(" "), "let a = ; let b = ; &'g h j");
    assert_eq!(code.lines().count(), text.lines().count());
    assert_eq!(Source::new("a.rs", text).lines(), 4);
}

//! The sentences extcap programs answer in: a word, and values in braces (extcap(4)).

use crate::escape::visible;

/// A sentence that is being made.
#[derive(Debug)]
pub(super) struct Sentence(String);

impl Sentence {
    pub(super) fn new(word: &str) -> Self {
        Self(format!("{word} "))
    }

    /// Adds a value. Nothing ends a sentence or a value early, whatever a device calls itself.
    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        let inside: String = visible(value).chars().map(unbraced).collect();
        self.0.extend(["{", key, "=", inside.as_str(), "}"]);
        self
    }

    /// The line, with its end.
    pub(super) fn line(self) -> String {
        self.0 + "\n"
    }
}

/// The protocol knows no escape for what it is made of.
const fn unbraced(c: char) -> char {
    match c {
        '{' => '(',
        '}' => ')',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_a_value_or_a_line() {
        let line = Sentence::new("interface").with("value", "x").with("display", "a}{b=\nc\r\u{202e}").line();
        assert_eq!(line, "interface {value=x}{display=a)(b=\\x0ac\\x0d\\u(202e)}\n");
    }
}

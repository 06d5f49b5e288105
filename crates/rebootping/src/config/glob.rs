//! Patterns for interface names: `*` any characters, `?` one, `[abc]` or `[0-9]` one of these.

use core::fmt;
use serde::{Deserialize, Serialize};

/// The longest name the kernel gives an interface, in bytes (`IFNAMSIZ` less its NUL).
const LONGEST_NAME: usize = 15;

/// A pattern for interface names, as written and as matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Glob {
    text: String,
    parts: Vec<Part>,
}

impl TryFrom<String> for Glob {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Glob> for String {
    fn from(glob: Glob) -> Self {
        glob.text
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Of(Vec<(char, char)>),
    Exactly(char),
}

impl Glob {
    /// Returns the pattern that matches every name.
    pub(super) fn any() -> Self {
        Self { text: "*".to_owned(), parts: vec![Part::Any] }
    }

    /// Reads a pattern; the error says what no interface name can be.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        if text.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control()) {
            return Err("has a slash, a space or a control character, which no interface name has");
        }
        let mut parts = Vec::new();
        let mut rest = text.chars();
        while let Some(next) = rest.next() {
            parts.push(match next {
                '*' => Part::Any,
                '?' => Part::One,
                '[' => Part::Of(ranges(&mut rest)?),
                other => Part::Exactly(other),
            });
        }
        if parts.iter().map(Part::shortest).sum::<usize>() > LONGEST_NAME {
            return Err("is longer than the 15 bytes an interface name can have");
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// Says whether the pattern covers the whole of `name`.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut part, mut at) = (0, 0);
        // Where to go on when a later part fails: behind the last `*`, which then swallows one character more.
        let mut retry = None;
        while at < name.len() || part < self.parts.len() {
            match (self.parts.get(part), name.get(at)) {
                (Some(Part::Any), _) => {
                    retry = Some((part, at + 1));
                    part += 1;
                }
                (Some(wanted), Some(found)) if wanted.takes(*found) => {
                    part += 1;
                    at += 1;
                }
                _ => match retry {
                    Some((star, next)) if next <= name.len() => (part, at) = (star, next),
                    _ => return false,
                },
            }
        }
        true
    }
}

impl Part {
    fn takes(&self, found: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Of(ranges) => ranges.iter().any(|(first, last)| (*first..=*last).contains(&found)),
            Self::Exactly(wanted) => *wanted == found,
        }
    }

    fn shortest(&self) -> usize {
        match self {
            Self::Any => 0,
            Self::One | Self::Of(_) => 1,
            Self::Exactly(c) => c.len_utf8(),
        }
    }
}

fn ranges(rest: &mut core::str::Chars<'_>) -> Result<Vec<(char, char)>, &'static str> {
    let Some((inside, after)) = rest.as_str().split_once(']') else {
        return Err("has a [ without its ]");
    };
    *rest = after.chars();
    let mut chars = inside.chars().peekable();
    let mut ranges = Vec::new();
    while let Some(first) = chars.next() {
        if matches!(first, '!' | '^') && ranges.is_empty() {
            return Err("asks for characters that are not in a list, which is not understood here");
        }
        let last = match chars.clone().nth(1) {
            Some(last) if chars.peek() == Some(&'-') => {
                chars.by_ref().take(2).for_each(drop);
                last
            }
            _ => first,
        };
        if last < first {
            return Err("has a range that runs backwards");
        }
        ranges.push((first, last));
    }
    if ranges.is_empty() { Err("has an empty list []") } else { Ok(ranges) }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let glob = Glob::parse(pattern).expect(pattern);
        for name in matching {
            assert!(glob.matches(name), "{pattern} should match {name}");
        }
        for name in others {
            assert!(!glob.matches(name), "{pattern} should not match {name}");
        }
    }

    #[test]
    fn patterns_cover_whole_names() {
        check("wan1", &["wan1"], &["wan", "wan10", "xwan1", ""]);
        check("wan?", &["wan1", "wanx"], &["wan", "wan10"]);
        check("*", &["", "lo", "wan1"], &[]);
        check("eth*", &["eth", "eth0", "eth0.7"], &["xeth", "et"]);
        check("*.7", &["eth0.7", "eth.7.7"], &["eth0.70"]);
        check("e*h*0", &["eth0", "exhh00", "eh0"], &["eth1", "e0"]);
        check("ppp[012]", &["ppp0", "ppp2"], &["ppp3", "ppp", "ppp01"]);
        check("ppp[0-9a]", &["ppp0", "ppp9", "pppa"], &["pppb", "ppp-"]);
        check("w[-x]", &["w-", "wx"], &["wy"]);
        check("w[x-]", &["w-", "wx"], &["wy"]);
        check("**?", &["a", "ab"], &[""]);
    }

    #[test]
    fn a_bad_pattern_says_what_is_wrong_with_it() {
        for pattern in ["", "a/b", "a b", "a\u{7}", "wan[", "wan[]", "[!a]", "[^a]", "[9-0]", "abcdefghijklmnop"] {
            assert!(Glob::parse(pattern).is_err(), "{pattern:?}");
        }
    }

    #[test]
    fn many_stars_stay_quick() {
        let glob = Glob::parse("*a*a*a*a*a*a*a*b").expect("a pattern");
        assert!(!glob.matches(&"a".repeat(10_000)));
    }
}

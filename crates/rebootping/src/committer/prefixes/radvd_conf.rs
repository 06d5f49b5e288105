//! radvd.conf(5) with prefixes that hosts are to avoid: what is put in stands between marks, and without it the file is as it was.
//!
//! A prefix that the file names gets `AdvPreferredLifetime 0` behind all that is said of it. Where `::/64` stands for
//! whatever the interface has, the prefix is named behind it, with the same words and that lifetime: hosts take what an
//! advertisement says last (RFC 4862 section 5.5.3).

use rebootping_core::control::prefix::Prefix;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What is put in stands between these lines.
const BEGIN: &str = "\n# rebootping: avoided while its link is out of IPv6\n";
const END: &str = "# rebootping: until here\n";
/// What both have.
const MARK: &str = "# rebootping:";
/// Tells hosts to avoid it.
const AVOIDED: &str = "AdvPreferredLifetime 0;";
/// It stands for the prefixes of all addresses of the interface.
const ALL: &str = "::/64";

/// Prefixes to be avoided, by the interface they are advertised on.
pub(crate) type Avoided = BTreeMap<String, BTreeSet<Prefix>>;

/// The file with these avoided and no others.
pub(crate) fn edited(text: &str, avoided: &Avoided) -> String {
    let plain = plain(text);
    let mut insertions = Vec::new();
    for (name, block) in named_blocks(&plain, "interface", 0..plain.len()) {
        let Some(avoided) = avoided.get(name) else { continue };
        let Some(body) = block.body else { continue };
        for (prefix, advertised) in named_blocks(&plain, "prefix", body) {
            insertions.extend(insertion(&plain, prefix, &advertised, avoided));
        }
    }
    insertions.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    insertions.into_iter().fold(plain, |mut text, (at, inserted)| {
        text.insert_str(at, &format!("{BEGIN}{inserted}{END}"));
        text
    })
}

/// Which of these the file has hosts hear of, on that interface.
pub(super) fn advertises(text: &str, interface: &str, network: Prefix) -> bool {
    let plain = plain(text);
    let blocks = named_blocks(&plain, "interface", 0..plain.len());
    let bodies = blocks.into_iter().filter(|(name, _)| *name == interface).filter_map(|(_, block)| block.body);
    let mut prefixes = bodies.flat_map(|body| named_blocks(&plain, "prefix", body)).map(|(prefix, _)| prefix);
    prefixes.any(|prefix| prefix == ALL || names(prefix, network))
}

/// The file as it was before anything was put in.
fn plain(text: &str) -> String {
    let mut plain = text.to_owned();
    let mut from = 0;
    while let Some(at) = plain.get(from..).and_then(|rest| rest.find(END)) {
        let end = from + at;
        // Half a mark is somebody's edit, and stays; so what is taken out begins at the nearest.
        match plain.get(..end).and_then(|before| before.rfind(BEGIN)) {
            Some(begin) => {
                plain.replace_range(begin..end + END.len(), "");
                from = 0;
            }
            None => from = end + END.len(),
        }
    }
    plain
}

fn names(prefix: &str, network: Prefix) -> bool {
    prefix.parse::<Prefix>().is_ok_and(|named| named.holds(network))
}

fn insertion(text: &str, prefix: &str, block: &Block, avoided: &BTreeSet<Prefix>) -> Option<(usize, String)> {
    let body = block.body.clone().and_then(|body| text.get(body)).unwrap_or_default();
    if prefix == ALL {
        // What is put in has no marks of its own.
        if body.contains(MARK) {
            return None;
        }
        let mut all = String::new();
        for avoided in avoided {
            // Writing to a string cannot fail.
            let _ = writeln!(all, "prefix {avoided} {{ {body}\n{AVOIDED} }};");
        }
        return Some((block.end, all));
    }
    if !avoided.iter().any(|avoided| names(prefix, *avoided)) {
        return None;
    }
    Some(match &block.body {
        Some(body) => (body.end, format!("{AVOIDED}\n")),
        // In front of the semicolon.
        None => (block.end.saturating_sub(1), format!("{{ {AVOIDED} }}\n")),
    })
}

/// What follows a word and a name: braces or none, and a semicolon.
struct Block {
    /// What is within the braces.
    body: Option<std::ops::Range<usize>>,
    /// Behind the semicolon.
    end: usize,
}

/// The blocks `WORD NAME { … };` in a part of the text, not those within others.
fn named_blocks<'a>(text: &'a str, word: &str, part: std::ops::Range<usize>) -> Vec<(&'a str, Block)> {
    let mut found = Vec::new();
    let mut tokens = Tokens { text, at: part.start, end: part.end };
    let mut statement: Vec<&str> = Vec::new();
    let mut body = None;
    while let Some((token, at)) = tokens.next() {
        match token {
            "{" => {
                let start = at + 1;
                body = Some(start..tokens.skip_block());
            }
            ";" => {
                if let [first, name, ..] = statement.as_slice() {
                    if *first == word {
                        found.push((*name, Block { body: body.clone(), end: at + 1 }));
                    }
                }
                statement.clear();
                body = None;
            }
            _ => statement.push(token),
        }
    }
    found
}

/// Words, braces and semicolons, without comments.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Tokens<'a> {
    /// Goes on behind the brace that closes the block begun; where that stands.
    fn skip_block(&mut self) -> usize {
        let mut depth = 1;
        for (token, at) in self.by_ref() {
            match token {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at;
            }
        }
        self.end
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (&'a str, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.rest();
            let start = rest.find(|c: char| !c.is_whitespace())?;
            let found = rest.get(start..)?;
            let at = self.at + start;
            if found.starts_with('#') {
                self.at = at + found.find('\n').unwrap_or(found.len());
                continue;
            }
            let is_mark = |c: char| matches!(c, '{' | '}' | ';');
            let length = match found.find(|c: char| c.is_whitespace() || is_mark(c) || c == '#') {
                Some(0) => 1,
                Some(length) => length,
                None => found.len(),
            };
            self.at = at + length;
            return Some((found.get(..length)?, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# prefix 2001:db8:100:1::/64 { };
interface lan0
{
\tAdvSendAdvert on; # yes; { really }
\tprefix 2001:db8:100:1::1/64
\t{
\t\tAdvOnLink on;
\t\tAdvPreferredLifetime 3600;
\t};
\tprefix 2001:db8:200:1::/64;
\troute 2001:db8:100:1::/64 { AdvRoutePreference low; };
};
interface guests { AdvSendAdvert on; prefix ::/64 { AdvValidLifetime 7200; }; };
";

    fn avoided(of: &[(&str, &[&str])]) -> Avoided {
        let prefixes = |all: &[&str]| all.iter().map(|it| it.parse().expect("a prefix")).collect();
        of.iter().map(|(interface, all)| ((*interface).to_owned(), prefixes(all))).collect()
    }

    #[test]
    fn a_named_prefix_is_said_to_be_avoided_last_of_all() {
        let wanted = avoided(&[("lan0", &["2001:db8:100:1::/64", "2001:db8:200:1::/64"])]);
        let changed = edited(FILE, &wanted);
        insta::assert_snapshot!(changed.replace('\t', "  "));
        assert_eq!(edited(&changed, &wanted), changed, "twice does no harm");
        assert_eq!(edited(&changed, &Avoided::new()), FILE, "without it the file is as it was");
        assert_eq!(edited(FILE, &avoided(&[("lan1", &["2001:db8:100:1::/64"])])), FILE, "on another interface");
        assert_eq!(edited(FILE, &avoided(&[("lan0", &["2001:db8:300:1::/64"])])), FILE, "another prefix");
    }

    #[test]
    fn one_that_is_advertised_for_its_address_is_named_behind() {
        let changed = edited(FILE, &avoided(&[("guests", &["2001:db8:100:2::/64"])]));
        let last = changed.split_once("interface guests").expect("it is there").1;
        insta::assert_snapshot!(last);
        assert_eq!(edited(&changed, &Avoided::new()), FILE);
    }

    #[test]
    fn what_is_advertised_is_known() {
        let is = |interface, prefix: &str| advertises(FILE, interface, prefix.parse().expect("a prefix"));
        assert!(is("lan0", "2001:db8:100:1::/64") && is("lan0", "2001:db8:200:1::/64"));
        assert!(is("guests", "2001:db8:300:9::/64"));
        assert!(!is("lan0", "2001:db8:300:9::/64") && !is("lan1", "2001:db8:100:1::/64"));
    }

    #[test]
    fn a_torn_file_is_left_as_it_is() {
        let wanted = avoided(&[("lan0", &["2001:db8:100:1::/64"])]);
        for text in
            ["", "interface lan0 {", "interface lan0 { prefix 2001:db8:100:1::/64 {", "}};;{", "interface lan0 };"]
        {
            assert_eq!(edited(text, &wanted), text);
        }
        for text in [format!("a{BEGIN}b"), format!("a{END}b{BEGIN}")] {
            assert_eq!(edited(&text, &wanted), text, "half a mark");
        }
        let half = format!("{BEGIN}{FILE}");
        assert_eq!(edited(&edited(&half, &wanted), &Avoided::new()), half, "half a mark before a whole one");
    }
}

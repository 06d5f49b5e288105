//! How text from a network is shown: one way for each place, so that none of it is obeyed there.
//!
//! What `serde_json` wrote is safe for those who read JSON; [`for_json`] makes it so for terminals and pages that show it too.

use rebootping_core::untrusted::Untrusted;
use std::fmt::Write;

/// Shown on a terminal: what would move the cursor, change colours, reorder or hide is written out, as in `\x1b`.
pub(crate) fn for_terminal(text: &Untrusted) -> String {
    visible(text.raw())
}

/// Text of any length that is as little trusted, in at most so many columns of a terminal; what is cut off leaves `…`.
pub(crate) fn for_columns(text: &str, columns: usize) -> String {
    let shown = visible(text);
    let mut taken = 0;
    let mut end = 0;
    for (at, c) in shown.char_indices() {
        taken += width(c);
        if taken > columns {
            return format!("{}…", &shown[..end]);
        }
        // Where it can be cut and still leave a column for the ellipsis.
        if taken < columns {
            end = at + c.len_utf8();
        }
    }
    shown
}

/// A log line: as a terminal shows it, for journals are read on terminals.
pub(crate) fn for_log(text: &Untrusted) -> String {
    for_terminal(text)
}

/// Columns of a terminal that visible text takes.
pub(crate) fn columns(shown: &str) -> usize {
    shown.chars().map(width).sum()
}

/// In HTML, between tags or in a quoted attribute.
pub(crate) fn for_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // Some browsers took it for a quote, and none needs it bare.
            '`' => html.push_str("&#96;"),
            c => html.push(c),
        }
    }
    html
}

/// JSON, as it was serialised, for a terminal or a `<script>` of HTML as well: the same values, but no tag, comment or line of a
/// script ends within it, and what [`for_terminal`] writes out is a `\u` escape.
pub(crate) fn for_json(json: String) -> String {
    if is_plain(json.as_bytes()) {
        return json;
    }
    // Such characters only stand within strings; a serialiser's own line ends are left.
    let is_unsafe = |c: char| match c {
        '<' | '>' | '&' => true,
        ' '..='~' | '\n' => false,
        c => hides(c),
    };
    let mut safe = String::with_capacity(json.len());
    let mut rest = &json[..];
    while let Some((before, c)) = rest.find(is_unsafe).and_then(|at| Some((&rest[..at], rest[at..].chars().next()?))) {
        safe.push_str(before);
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(safe, "\\u{unit:04x}");
        }
        rest = &rest[before.len() + c.len_utf8()..];
    }
    safe.push_str(rest);
    safe
}

/// There are only characters of ASCII that show themselves and begin no tag, as in nearly all that is written: seen many at a time.
fn is_plain(json: &[u8]) -> bool {
    let is_odd = |byte: u8| !matches!(byte, b' '..=b'~' | b'\n') || matches!(byte, b'<' | b'>' | b'&');
    json.chunks(64).all(|bytes| !bytes.iter().fold(false, |odd, byte| odd | is_odd(*byte)))
}

/// A field of CSV (RFC 4180): quoted where it must be, and no formula to any spreadsheet.
pub(crate) fn for_csv(text: &str) -> String {
    let shown = visible(text);
    let is_formula = |c: char| matches!(c, '=' | '+' | '-' | '@');
    // Spreadsheets skip blanks and quotes before they look for a formula.
    let first = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).chars().next();
    let is_guarded = first.is_some_and(is_formula) || text.starts_with(['\t', '\r']);
    let field = if is_guarded { format!("'{shown}") } else { shown };
    if field.contains([',', '"', ';', '\'']) || field.starts_with(' ') || field.ends_with(' ') {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}

/// The name of one file: letters, digits, `.`, `_` and `-` stay, all else is percent-escaped, as is a dot in front.
pub(crate) fn for_file_name(text: &Untrusted) -> String {
    let mut name = String::with_capacity(text.raw().len());
    for (at, byte) in text.raw().bytes().enumerate() {
        let stays = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && at > 0);
        if stays {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    name
}

/// The text with everything that does not show itself written out; done twice it changes nothing more.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_control() {
            let _ = write!(shown, "\\x{:02x}", u32::from(c));
        } else if hides(c) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether a character controls, reorders or takes no place of its own.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Soft hyphen; joiners, fillers and marks without width.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            // Ends of lines and paragraphs; embeddings, overrides and isolates of writing direction (UAX #9).
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Variation selectors, annotations, private use, tags.
            | '\u{fe00}'..='\u{fe0f}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
        || is_combining(c)
}

/// Marks that pile up on the character before them. In names of devices one is rare and a pile is an attack.
const fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Columns of a terminal a visible character takes: two for East Asian wide ones and pictures (UAX #11).
const fn width(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{115e}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
pub(crate) mod hostile;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(show: fn(&str) -> String, rows: &[(&str, &str)]) {
        for (text, shown) in rows {
            assert_eq!(show(text), *shown, "{text:?}");
        }
    }

    #[test]
    fn a_terminal_is_shown_what_it_would_obey() {
        check(
            |text| for_terminal(&text.into()),
            &[
                ("Küche-TV 電視", "Küche-TV 電視"),
                ("\x1b[31mred", "\\x1b[31mred"),
                ("a\r\nb\tc\0", "a\\x0d\\x0ab\\x09c\\x00"),
                ("\u{9b}2J", "\\u{9b}2J"),
                ("gpj\u{202e}exe", "gpj\\u{202e}exe"),
                ("a\u{200b}b", "a\\u{200b}b"),
                ("e\u{301}", "e\\u{301}"),
                ("back\\slash", "back\\slash"),
            ],
        );
    }

    #[test]
    fn columns_are_kept_with_wide_characters_and_an_ellipsis() {
        let cut = |columns| move |text: &str| for_columns(text, columns);
        assert_eq!(["", "abcd", "abcde", "電視機", "\x1b[1m"].map(cut(4)), ["", "abcd", "abc…", "電…", "\\x1…"]);
        assert_eq!(["a", "ab"].map(cut(1)), ["a", "…"]);
        assert_eq!(["電視機", "a電視機"].map(cut(6)), ["電視機", "a電視…"]);
    }

    #[test]
    fn html_is_safe_between_tags_and_in_attributes() {
        check(
            for_html,
            &[
                ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
                ("\" onload='x'", "&quot; onload=&#39;x&#39;"),
                ("a & b", "a &amp; b"),
                ("`\u{202e}", "&#96;\\u{202e}"),
            ],
        );
    }

    #[test]
    fn json_stays_what_it_is_and_ends_no_script() {
        let text = "</script><!-- \u{2028}&\u{1b}\u{9b}\u{7f}\u{e0041}é";
        let json = for_json(serde_json::to_string_pretty(&[text]).unwrap());
        let escaped = r"\u003c/script\u003e\u003c!-- \u2028\u0026\u001b\u009b\u007f\udb40\udc41é";
        assert_eq!(json, format!("[\n  \"{escaped}\"\n]"));
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [text]);
    }

    #[test]
    fn csv_is_quoted_and_holds_no_formula() {
        check(
            for_csv,
            &[
                ("plain", "plain"),
                ("a,b", "\"a,b\""),
                ("say \"hi\"", "\"say \"\"hi\"\"\""),
                ("=1+1", "\"'=1+1\""),
                ("+49", "\"'+49\""),
                ("-1", "\"'-1\""),
                ("@SUM(A1)", "\"'@SUM(A1)\""),
                ("\t=1", "\"'\\x09=1\""),
                ("\rx", "\"'\\x0dx\""),
                (" =1", "\"' =1\""),
                ("\"=1", "\"'\"\"=1\""),
                ("two\nlines", "two\\x0alines"),
                ("", ""),
            ],
        );
    }

    #[test]
    fn a_file_name_leads_nowhere() {
        check(
            |text| for_file_name(&text.into()),
            &[
                ("wan1", "wan1"),
                ("br-lan.10", "br-lan.10"),
                ("..", "%2E."),
                ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
                (".hidden", "%2Ehidden"),
                ("a b\0%", "a%20b%00%25"),
                ("ü", "%C3%BC"),
            ],
        );
    }

    /// Nothing that shows itself to a terminal as anything but characters.
    fn is_visible(shown: &str) -> bool {
        shown.chars().all(|c| !hides(c) && !c.is_control())
    }

    fn is_safe_everywhere(text: &Untrusted) -> Result<(), String> {
        let say = |what: &str, shown: &str| Err(format!("{what}: {text:?} is shown as {shown:?}"));
        let html = for_html(text.raw());
        if html.contains(['<', '>', '"', '\'', '`']) || !is_visible(&html) {
            return say("HTML", &html);
        }
        let csv = for_csv(text.raw());
        let unquoted = csv.trim_matches('"');
        if unquoted.starts_with(['=', '+', '-', '@', '\t', '\r'])
            || !is_visible(&csv)
            || csv.matches('"').count() % 2 != 0
        {
            return say("CSV", &csv);
        }
        let name = for_file_name(text);
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-%".contains(c);
        if name.starts_with('.') || !name.chars().all(plain) {
            return say("file name", &name);
        }
        let json = for_json(serde_json::to_string(text).unwrap());
        if json.contains('<') || !is_visible(&json) {
            return say("JSON", &json);
        }
        for shown in [for_terminal(text), for_log(text)] {
            if !is_visible(&shown) {
                return say("terminal", &shown);
            }
        }
        let cut = for_columns(text.raw(), 20);
        if columns(&cut) > 20 || !is_visible(&cut) {
            return say("columns", &cut);
        }
        Ok(())
    }

    #[test]
    fn every_hostile_name_is_harmless_everywhere() {
        assert!(hostile::NAMES.len() >= 60);
        for name in hostile::NAMES {
            is_safe_everywhere(&Untrusted::new(name)).unwrap();
        }
    }

    proptest! {
        #[test]
        fn any_text_is_harmless_everywhere(text in ".{0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            for text in [Untrusted::from(text.as_str()), Untrusted::new(&bytes)] {
                prop_assert_eq!(is_safe_everywhere(&text), Ok(()));
            }
        }
    }
}

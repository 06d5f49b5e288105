//! A mail: its head (RFC 5322) and a text in UTF-8, which in base64 passes any server and needs no escape from dots.

use jiff::Zoned;

/// A line of base64 has so many characters (RFC 2045 section 6.8), of which each stands for six bits.
const LINE: usize = 76;
/// Bytes in an encoded word, which is at most 75 characters long (RFC 2047 section 2).
const WORD: usize = 42;
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What is in a mail.
#[derive(Debug)]
pub(super) struct Letter<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a [String],
    pub(super) subject: &'a str,
    pub(super) date: Zoned,
    /// By which it is known everywhere.
    pub(super) id: &'a str,
    pub(super) text: &'a str,
}

impl Letter<'_> {
    /// As it is sent, every line with its end.
    pub(super) fn written(&self) -> String {
        let date = self.date.strftime("%a, %d %b %Y %H:%M:%S %z");
        let head = [
            format!("From: rebootping <{}>", self.from),
            format!("To: {}", self.to.join(",\r\n ")),
            format!("Subject: {}", encoded(self.subject)),
            format!("Date: {date}"),
            format!("Message-ID: <{}>", self.id),
            "Auto-Submitted: auto-generated".to_owned(),
            "MIME-Version: 1.0".to_owned(),
            "Content-Type: text/plain; charset=utf-8".to_owned(),
            "Content-Transfer-Encoding: base64".to_owned(),
        ];
        let text = base64(self.text.replace('\n', "\r\n").as_bytes());
        let mut written = head.join("\r\n") + "\r\n\r\n";
        for line in text.as_bytes().chunks(LINE) {
            written.push_str(&String::from_utf8_lossy(line));
            written.push_str("\r\n");
        }
        written
    }
}

/// A text for a head: as it is, if it is of plain ASCII and short, else as encoded words.
pub(super) fn encoded(text: &str) -> String {
    let is_plain = text.len() <= LINE && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !text.contains("=?");
    if is_plain {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if word.len() + c.len_utf8() > WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let words: Vec<String> = words.iter().map(|word| format!("=?utf-8?B?{}?=", base64(word.as_bytes()))).collect();
    words.join("\r\n ")
}

/// Bytes in base64 (RFC 4648 section 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let mut bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        bits <<= 8;
        for place in 0..4 {
            let digit = (bits >> 26) as usize;
            text.push(if place <= three.len() { char::from(DIGITS[digit]) } else { '=' });
            bits <<= 6;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_its_rfc() {
        let rows =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (bytes, text) in rows {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfb]), "//77");
    }

    #[test]
    fn a_head_holds_what_is_not_ascii_in_words_and_never_a_line_of_its_own() {
        assert_eq!(encoded("fibre is out"), "fibre is out");
        assert_eq!(encoded("Küche"), "=?utf-8?B?S8O8Y2hl?=");
        assert_eq!(encoded("a\r\nBcc: x"), "=?utf-8?B?YUJjYzogeA==?=");
        let long = encoded(&"é".repeat(50));
        assert!(long.split("\r\n ").all(|word| word.len() <= 75 && word.starts_with("=?utf-8?B?")), "{long}");
        assert_eq!(long.split("\r\n ").count(), 3);
    }

    #[test]
    fn a_letter_has_all_that_servers_want() {
        let date = "2026-11-22T20:15:00+01:00[Europe/Berlin]".parse().expect("a time");
        let to = ["a@example.org".to_owned(), "b@example.org".to_owned()];
        let letter = Letter {
            from: "gw@example.org",
            to: &to,
            subject: "fibre is out",
            date,
            id: "1.2@gw",
            text: "one\n.\ntwo",
        };
        insta::assert_snapshot!(letter.written().replace("\r\n", "|\n"), @r"
        From: rebootping <gw@example.org>|
        To: a@example.org,|
         b@example.org|
        Subject: fibre is out|
        Date: Sun, 22 Nov 2026 20:15:00 +0100|
        Message-ID: <1.2@gw>|
        Auto-Submitted: auto-generated|
        MIME-Version: 1.0|
        Content-Type: text/plain; charset=utf-8|
        Content-Transfer-Encoding: base64|
        |
        b25lDQouDQp0d28=|
        ");
    }
}

//! The line with which servers of old protocols greet whoever connects.

use crate::untrusted::Untrusted;

/// No greeting is looked at beyond so many bytes: lines of SMTP and FTP end there (RFC 5321 section 4.5.3.1.5).
const LONGEST: usize = 512;

/// How greetings begin.
const BEGINNINGS: [&[u8]; 8] =
    [b"SSH-1.", b"SSH-2.", b"RFB 003.008\n", b"220 ", b"220-", b"+OK ", b"* OK ", b"* PREAUTH "];

/// A greeting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Banner {
    /// What the server speaks.
    pub protocol: Protocol,
    /// What it says about itself, without the code in front that all servers of the protocol send.
    pub text: Untrusted,
}

/// What a server speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Protocol {
    /// RFC 4253; the text is the whole line, `SSH-2.0-OpenSSH_9.2p1`.
    Ssh,
    /// RFC 959.
    Ftp,
    /// RFC 5321.
    Smtp,
    /// A greeting of FTP and SMTP alike, without a word that tells them apart: the port has to.
    FtpOrSmtp,
    /// RFC 1939.
    Pop3,
    /// RFC 9051.
    Imap,
    /// RFC 3977.
    Nntp,
    /// RFC 6143; the text is the whole line, `RFB 003.008`.
    Vnc,
}

/// Reads the beginning of what a server said first, whatever its port; none if it is no greeting we know.
pub fn read(payload: &[u8]) -> Option<Banner> {
    let greeting = payload.get(..LONGEST).unwrap_or(payload);
    let (protocol, text) = known(greeting)?;
    Some(Banner { protocol, text: Untrusted::new(line(text).map_or(&[], |(line, _)| line)) })
}

/// Whether bytes may begin a greeting of which the line that says something has not ended.
pub fn is_unfinished(payload: &[u8]) -> bool {
    if !may_greet(payload) || payload.len() >= LONGEST {
        return false;
    }
    let Some((_, text)) = known(payload) else { return BEGINNINGS.iter().any(|begin| begin.starts_with(payload)) };
    match line(text) {
        Some((_, is_whole)) => !is_whole,
        None => payload.starts_with(b"220-") || !text.contains(&b'\n'),
    }
}

/// Of several lines the first that says something, and whether it has ended.
fn line(text: &[u8]) -> Option<(&[u8], bool)> {
    let mut lines = text.split_inclusive(|&byte| byte == b'\n').map(|line| (without_code(line), line.ends_with(b"\n")));
    lines.find(|(line, _)| !line.is_empty())
}

/// A greeting of several lines repeats its code in each.
fn without_code(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"220-").or_else(|| line.strip_prefix(b"220 ")).unwrap_or(line).trim_ascii()
}

/// Most of what is asked about is no greeting: its first byte says so.
const fn may_greet(payload: &[u8]) -> bool {
    matches!(payload, [b'S' | b'R' | b'2' | b'+' | b'*', ..])
}

fn known(greeting: &[u8]) -> Option<(Protocol, &[u8])> {
    if !may_greet(greeting) {
        return None;
    }
    let after = |code: &[u8]| greeting.strip_prefix(code);
    if let Some([b'1'..=b'9', b'.', ..]) = after(b"SSH-") {
        return Some((Protocol::Ssh, greeting));
    }
    if after(b"RFB ").is_some_and(is_version_of_vnc) {
        return Some((Protocol::Vnc, greeting));
    }
    if let Some(text) = after(b"220 ").or_else(|| after(b"220-")) {
        return Some((ftp_or_smtp(text), text));
    }
    if let Some(text) = after(b"+OK").filter(|text| ends_a_word(text)) {
        return Some((Protocol::Pop3, text));
    }
    if let Some(text) = after(b"* OK").or_else(|| after(b"* PREAUTH")).filter(|text| ends_a_word(text)) {
        return Some((Protocol::Imap, text));
    }
    // Others greet with these numbers too.
    let news = after(b"200 ").or_else(|| after(b"201 ")).filter(|text| has(text, b"nntp") || has(text, b"news"))?;
    Some((Protocol::Nntp, news))
}

/// Three digits, a dot, three digits and the end of the line (RFC 6143 section 7.1.1): more on the line is a request of HTTP, or nothing.
fn is_version_of_vnc(text: &[u8]) -> bool {
    let Some((version, rest)) = text.split_first_chunk::<7>() else { return false };
    let is_right = |(place, byte): (usize, &u8)| if place == 3 { *byte == b'.' } else { byte.is_ascii_digit() };
    version.iter().enumerate().all(is_right) && matches!(rest, [] | [b'\n', ..])
}

fn ftp_or_smtp(text: &[u8]) -> Protocol {
    match (has(text, b"ftp"), has(text, b"smtp")) {
        (true, false) => Protocol::Ftp,
        (false, true) => Protocol::Smtp,
        (true, true) | (false, false) => Protocol::FtpOrSmtp,
    }
}

fn ends_a_word(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_whitespace)
}

fn has(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(payload: &str, expected: Option<(Protocol, &str)>) {
        let banner = read(payload.as_bytes());
        assert_eq!(banner.as_ref().map(|banner| (banner.protocol, banner.text.raw())), expected, "{payload:?}");
    }

    #[test]
    fn servers_are_known_by_how_they_greet() {
        check("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Some((Protocol::Ssh, "SSH-2.0-OpenSSH_9.2p1 Debian-2")));
        check("SSH-1.99-x\nmore", Some((Protocol::Ssh, "SSH-1.99-x")));
        check("220 (vsFTPd 3.0.3)\r\n", Some((Protocol::Ftp, "(vsFTPd 3.0.3)")));
        check("220 mx.example.com ESMTP Postfix\r\n", Some((Protocol::Smtp, "mx.example.com ESMTP Postfix")));
        check("220-\r\n220-Welcome to FTP\r\n", Some((Protocol::Ftp, "Welcome to FTP")));
        check("220 ready\r\n", Some((Protocol::FtpOrSmtp, "ready")));
        check("220 ftp and smtp", Some((Protocol::FtpOrSmtp, "ftp and smtp")));
        check("+OK Dovecot ready.\r\n", Some((Protocol::Pop3, "Dovecot ready.")));
        check("* OK [CAPABILITY IMAP4rev1] x\r\n", Some((Protocol::Imap, "[CAPABILITY IMAP4rev1] x")));
        check("* PREAUTH hello\r\n", Some((Protocol::Imap, "hello")));
        check("200 news.example InterNetNews\r\n", Some((Protocol::Nntp, "news.example InterNetNews")));
        check("RFB 003.008\n", Some((Protocol::Vnc, "RFB 003.008")));
    }

    #[test]
    fn a_greeting_is_unfinished_until_a_line_has_said_something() {
        for whole in ["SSH-2.0-x\r\n", "220 x\n", "220-\r\n220 ready\r\n", "+OK \n", "* PREAUTH x\n", "RFB 003.008\n"] {
            let is_unfinished = |end: usize| is_unfinished(&whole.as_bytes()[..end]);
            assert!((1..whole.len() - 1).all(is_unfinished), "{whole:?}");
        }
        for other in ["", "x", "221", "220 ready\r\n", "220 ready\r\n220", "HTTP/1.1", "+OKAY"] {
            assert!(!is_unfinished(other.as_bytes()), "{other:?}");
        }
        assert!(!is_unfinished(&[b"220 ".as_slice(), &[b'a'; LONGEST]].concat()));
    }

    #[test]
    fn anything_else_is_none() {
        for payload in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "SSH-",
            "SSH-x",
            "2200 ",
            "+OKAY",
            "* OKAY",
            "200 OK\r\n",
            "RFB x",
            "RFB 003.008 HTTP/1.1\r\n",
        ] {
            check(payload, None);
        }
    }

    #[test]
    fn control_characters_stay_for_whoever_shows_them_to_escape() {
        check("220 ftp\x1b]52;c;eA==\x07\r\n", Some((Protocol::Ftp, "ftp\u{1b}]52;c;eA==\u{7}")));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(head in 0..4_usize, bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let heads: [&[u8]; 4] = [b"", b"220-", b"SSH-2.0-", b"* OK "];
            let _ = read(&[heads[head], &bytes].concat());
        }
    }
}

//! One message over HTTP/1.1 (RFC 9112), and what the server makes of it.

use super::dial::Dialer;
use super::url::Url;
use super::wire::Wire;
use crate::escape::for_columns;
use rebootping_core::time::Time;
use std::fmt::Write as _;
use std::io::{self, Read, Write};

/// A head has at most so many bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// So much is read at once.
const PIECE: usize = 4096;
/// Columns of what a server says that are shown.
const SHOWN: usize = 160;

/// What a server answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The beginning of what it says, for people.
    pub(super) text: String,
}

/// Sends it, by then at the latest. The error is what to tell the operator, and does not hold the address.
pub(super) fn post(
    dialer: &Dialer,
    url: &Url,
    headers: &[(&str, String)],
    body: &[u8],
    until: Time,
) -> Result<Answer, String> {
    let mut wire = dialer.dial(&url.host, url.port, until)?;
    if url.is_tls {
        wire = dialer.encrypt(wire, &url.host)?;
    }
    say(&mut wire, url, headers, body).map_err(|error| format!("{} broke off: {error}", url.host))
}

fn say(wire: &mut Wire, url: &Url, headers: &[(&str, String)], body: &[u8]) -> io::Result<Answer> {
    wire.write_all(&[request(url, headers, body.len()).as_bytes(), body].concat())?;
    wire.flush()?;
    read(wire)
}

/// The head of a request. What a header's value must not hold is left out of it.
fn request(url: &Url, headers: &[(&str, String)], length: usize) -> String {
    let agent = concat!("rebootping/", env!("CARGO_PKG_VERSION"));
    let mut head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {agent}\r\nConnection: close\r\nContent-Length: {length}\r\n",
        url.path,
        url.authority()
    );
    for (name, value) in headers {
        let value: String = value.chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).collect();
        // Writing to a string cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head + "\r\n"
}

fn read(from: &mut impl Read) -> io::Result<Answer> {
    let mut inbox = Vec::new();
    loop {
        if let Some(answer) = taken(&mut inbox)? {
            return Ok(answer);
        }
        if inbox.len() > LARGEST_HEAD {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its answer has no end"));
        }
        let mut piece = [0; PIECE];
        match from.read(&mut piece) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => inbox.extend_from_slice(piece.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads any bytes as an answer, for those who throw bytes at it.
pub(crate) fn read_any(mut bytes: &[u8]) {
    if let Ok(answer) = read(&mut bytes) {
        assert!(answer.status >= 200 && !answer.text.contains(char::is_control));
    }
}

/// The answer, once its head is whole; an interim one (RFC 9110 section 15.2) is taken off.
fn taken(inbox: &mut Vec<u8>) -> io::Result<Option<Answer>> {
    while let Some(end) = inbox.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(inbox.get(..end).unwrap_or_default()).into_owned();
        let mut words = head.split(['\r', ' ']);
        let is_http = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
        let status: Option<u16> = words.next().filter(|_| is_http).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it does not speak HTTP"))?;
        inbox.drain(..end + 4);
        if status >= 200 {
            let text = String::from_utf8_lossy(inbox).into_owned();
            return Ok(Some(Answer { status, text: for_columns(text.trim(), SHOWN) }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(says: &str, expected: Result<(u16, &str), io::ErrorKind>) {
        let mut says = says.as_bytes();
        let found = read(&mut says).map(|answer| (answer.status, answer.text)).map_err(|error| error.kind());
        assert_eq!(found, expected.map(|(status, text)| (status, text.to_owned())));
    }

    #[test]
    fn the_answer_is_its_status_and_its_first_words() {
        check("HTTP/1.1 200 OK\r\nX: y\r\n\r\n", Ok((200, "")));
        check("HTTP/1.1 204\r\n\r\n", Ok((204, "")));
        check("HTTP/1.0 403 No\r\n\r\nno\u{1b}[31m\n", Ok((403, "no\\x1b[31m")));
        check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", Ok((200, "")));
        check("HTTP/1.1 200 OK\r\n", Err(io::ErrorKind::UnexpectedEof));
        check("220 mail.example ESMTP\r\n\r\n", Err(io::ErrorKind::InvalidData));
        check(&format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(LARGEST_HEAD)), Err(io::ErrorKind::InvalidData));
    }

    #[test]
    fn no_value_ends_its_line() {
        let url: Url = "http://a:8080/b?c".parse().expect("an address");
        let head = request(&url, &[("Title", "x\r\nEvil: y\u{e9}".to_owned())], 3);
        assert!(head.starts_with("POST /b?c HTTP/1.1\r\nHost: a:8080\r\n"), "{head}");
        assert!(head.contains("Content-Length: 3\r\n") && head.ends_with("Title: xEvil: y\r\n\r\n"), "{head}");
    }
}

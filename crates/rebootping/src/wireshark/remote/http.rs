//! One question over HTTP/1.1 (RFC 9112) and its answer, whose body is taken as it comes.

use super::chunks::{Broken, Framing};
use std::io::{self, Read, Write};

/// A head has at most so many bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// So much is read at once.
const PIECE: usize = 64 * 1024;

/// An answer whose head was read.
pub(super) struct Answer<C> {
    pub(super) status: u16,
    connection: C,
    /// What came of the body and was not taken apart yet.
    inbox: Vec<u8>,
    framing: Framing,
    ended: bool,
}

/// Asks for a path, and reads the head of the answer.
pub(super) fn get<C: Read + Write>(
    mut connection: C,
    host: &str,
    path: &str,
    token: Option<&str>,
) -> io::Result<Answer<C>> {
    let token = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let agent = concat!("rebootping/", env!("CARGO_PKG_VERSION"));
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\nConnection: close\r\n{token}\r\n"
    );
    connection.write_all(request.as_bytes())?;
    connection.flush()?;
    let mut inbox = Vec::new();
    loop {
        if let Some((length, head)) = Head::parse(&inbox)? {
            inbox.drain(..length);
            return Ok(Answer { status: head.status, connection, inbox, framing: head.framing, ended: false });
        }
        if inbox.len() > LARGEST_HEAD {
            return Err(strange("its answer has no end"));
        }
        if read(&mut connection, &mut inbox)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

impl<C: Read> Answer<C> {
    /// Appends what comes next of the body; false at its end. `WouldBlock` means that nothing came in time, and `UnexpectedEof` that
    /// the body is not whole.
    pub(super) fn take(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let before = out.len();
        loop {
            self.ended |= self.framing.take(&mut self.inbox, out).map_err(|Broken| strange("its answer is broken"))?;
            if out.len() > before || self.ended {
                return Ok(out.len() > before);
            }
            if read(&mut self.connection, &mut self.inbox)? == 0 {
                self.ended = self.framing.may_end();
                if !self.ended {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }

    /// All of the body, if it is not too long.
    pub(super) fn whole(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        while self.take(&mut body)? {
            if body.len() > most {
                return Err(strange("its answer is too long"));
            }
        }
        Ok(body)
    }

    /// What it comes over.
    pub(super) const fn connection(&self) -> &C {
        &self.connection
    }
}

fn read(from: &mut impl Read, inbox: &mut Vec<u8>) -> io::Result<usize> {
    let mut piece = vec![0; PIECE];
    let length = loop {
        match from.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => break result?,
        }
    };
    inbox.extend_from_slice(piece.get(..length).unwrap_or_default());
    Ok(length)
}

fn strange(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what}; is it the page?"))
}

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    framing: Framing,
}

impl Head {
    /// The head and its length, once all of it came.
    fn parse(inbox: &[u8]) -> io::Result<Option<(usize, Self)>> {
        let Some(end) = inbox.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let text = String::from_utf8_lossy(inbox.get(..end).unwrap_or_default()).into_owned();
        let mut lines = text.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let is_http = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
        let status = words.next().filter(|_| is_http).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| strange("it does not speak HTTP"))?;
        let mut framing = Framing::ToEnd;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            // Where both are there, chunks it is (section 6.3).
            if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
                framing = Framing::chunked();
            } else if name.eq_ignore_ascii_case("content-length") && framing == Framing::ToEnd {
                framing = Framing::Left(value.parse().map_err(|_| strange("its answer has no length"))?);
            }
        }
        Ok(Some((end + 4, Self { status, framing })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn ask(says: &str) -> io::Result<Answer<Scripted>> {
        get(Scripted::new(says), "gw:8067", "/api/v1/status", Some("secret"))
    }

    #[track_caller]
    fn check(says: &str, expected: Result<(u16, &str), io::ErrorKind>) {
        let body = ask(says).and_then(|mut answer| Ok((answer.status, answer.whole(100)?)));
        let expected = expected.map(|(status, body)| (status, body.as_bytes().to_vec()));
        assert_eq!(body.map_err(|error| error.kind()), expected, "{says}");
    }

    #[test]
    fn answers_of_every_framing_are_read_and_what_is_missing_is_noticed() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok((200, "hello")));
        check("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", Ok((404, "")));
        check("HTTP/1.0 200 OK\r\n\r\nto the end", Ok((200, "to the end")));
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\n, a\r\n0\r\n\r\n",
            Ok((200, "hello, a")),
        );
        let missing = Err(io::ErrorKind::UnexpectedEof);
        check("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", missing);
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", missing);
        check("HTTP/1.1 200 OK\r\n", missing);
        let strange = Err(io::ErrorKind::InvalidData);
        check("SSH-2.0-OpenSSH_9.2\r\n\r\n", strange);
        check("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", strange);
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", strange);
        check(&format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(200)), strange);
        check(&format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(LARGEST_HEAD)), strange);
    }

    #[test]
    fn the_question_has_the_token_once() {
        let answer = ask("HTTP/1.1 200 OK\r\n\r\n").expect("an answer");
        let heard = String::from_utf8_lossy(&answer.connection().heard).into_owned();
        assert!(heard.starts_with("GET /api/v1/status HTTP/1.1\r\nHost: gw:8067\r\n") && heard.ends_with("\r\n\r\n"));
        assert_eq!(heard.matches("Authorization: Bearer secret\r\n").count(), 1);
    }
}

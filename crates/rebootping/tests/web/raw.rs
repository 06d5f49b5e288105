//! HTTP as bytes: what is sent is exactly what a test says, and what comes back is taken apart no further than tests need.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rebootping_lab::Ns;
use serde_json::Value;

/// The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = bytes[at + 4..].to_vec();
        let is_chunked = head.to_lowercase().contains("transfer-encoding: chunked");
        Some(Self { status, body: if is_chunked { dechunked(&body) } else { body }, head })
    }
}

/// Opens a connection from this namespace.
pub(crate) fn connect(from: &Ns, to: SocketAddr) -> io::Result<TcpStream> {
    from.enter(|| {
        let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    })
}

/// Sends bytes and reads until the other end closes; none if it closed without a word.
pub(crate) fn exchange(mut stream: TcpStream, request: &[u8]) -> Option<Reply> {
    // Who refuses a request may close before all of it is sent.
    drop(stream.write_all(request));
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return Reply::parse(&bytes),
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
        }
    }
}

fn dechunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
        let length = std::str::from_utf8(&rest[..at]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(chunk) = length.filter(|&length| length > 0).and_then(|length| rest.get(at + 2..at + 2 + length))
        else {
            break;
        };
        body.extend_from_slice(chunk);
        rest = rest.get(at + 4 + chunk.len()..).unwrap_or_default();
    }
    body
}

//! A gateway elsewhere, asked over its page's API: its list for Wireshark, and its packets.
//!
//! ```text
//! extcap ─► Gateway ─► address ─► tls (who is it?) ─► http ─► chunks ─► blocks ─► Wireshark's pipe
//! ```
//!
//! The token is never an argument for longer than Wireshark makes it one, and is sent only where nobody in between can read it.

mod address;
mod blocks;
mod chunks;
mod fingerprint;
mod http;
mod listing;
mod packets;
mod tls;

pub(crate) use address::Address;
pub(crate) use fingerprint::Fingerprint;
pub(super) use packets::Wanted;

use crate::escape::for_columns;
use http::Answer;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{KeepAlive, TcpKeepCount, TcpKeepIdle, TcpKeepInterval};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;
use tls::Encrypted;

/// Where tokens are looked for: other users of this machine cannot read the environment of our process.
pub(super) const TOKEN: &str = "REBOOTPING_TOKEN";
/// A gateway that does not answer within this is not there. Wireshark waits for the list when it starts.
const PATIENCE: Duration = Duration::from_secs(5);
/// One that vanished is noticed after 25 s without a sign of it: questions begin after ten, and three go unanswered.
const SILENT: u32 = 10;
const BETWEEN: u32 = 5;
const QUESTIONS: u32 = 3;
/// The list of some thousand devices is shorter.
const LONGEST: usize = 256 << 20;
/// What another says is shown in so many columns.
const SHOWN: usize = 300;

/// A gateway's page.
#[derive(Clone)]
pub(super) struct Gateway {
    pub(super) address: Address,
    pub(super) pinned: Option<Fingerprint>,
    pub(super) token: Option<String>,
}

/// What a page says of whoever asks.
#[derive(Deserialize)]
pub(super) struct Session {
    /// The gateway's own name.
    pub(super) gateway: String,
}

/// Why something was not answered.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Gateway {
    /// Whether it is there and trusted; its name. That takes no token.
    pub(super) fn meet(&self) -> Result<String, String> {
        let session: Session = Self { token: None, ..self.clone() }.json("/api/v1/session")?;
        Ok(for_columns(&session.gateway, SHOWN))
    }

    /// Asks for something that is JSON.
    fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        let mut answer = self.get(path)?;
        let body = answer.whole(LONGEST).map_err(|error| self.broken(&error))?;
        serde_json::from_slice(&body).map_err(|error| {
            format!("what {} says is not understood ({error}); is it a page of this version?", self.address)
        })
    }

    /// Asks; the answer is a good one.
    fn get(&self, path: &str) -> Result<Answer<Connection>, String> {
        let connection = self.connect()?;
        let token = self.token.as_deref().map(|token| is_sound(token).map(|()| token)).transpose()?;
        let answer = http::get(connection, &self.address.authority(), &self.address.path(path), token);
        let mut answer = answer.map_err(|error| self.broken(&error))?;
        if answer.status == 200 { Ok(answer) } else { Err(self.refused(&mut answer)) }
    }

    fn connect(&self) -> Result<Connection, String> {
        let Address { host, port, is_tls, .. } = &self.address;
        let unreachable = |error: &io::Error| {
            format!(
                "{} cannot be reached ({error}); is the gateway there, and its page served on that address? `rebootping web enable` there says where",
                self.address
            )
        };
        let addresses = (host.as_str(), *port).to_socket_addrs().map_err(|error| unreachable(&error))?;
        let mut result = Err(ErrorKind::AddrNotAvailable.into());
        for address in addresses {
            result = TcpStream::connect_timeout(&address, PATIENCE).and_then(prepared);
            if result.is_ok() {
                break;
            }
        }
        let stream = result.map_err(|error| unreachable(&error))?;
        if !is_tls {
            return Ok(Connection::Plain(stream));
        }
        let encrypted = tls::encrypt(stream, host, self.pinned).map_err(|why| format!("{} {why}", self.address))?;
        Ok(Connection::Encrypted(Box::new(encrypted)))
    }

    fn refused(&self, answer: &mut Answer<Connection>) -> String {
        let said = answer.whole(LONGEST).ok().and_then(|body| serde_json::from_slice::<Refusal>(&body).ok());
        let said = said.map_or_else(|| format!("it answers with status {}", answer.status), |said| said.error);
        let said = for_columns(&said, SHOWN);
        let token = match answer.status {
            401 | 403 => format!(
                "; `rebootping web token add NAME --scope control` makes a token on the gateway: enter it among the interface's options, or set {TOKEN}"
            ),
            _ => String::new(),
        };
        format!("{} refuses: {said}{token}", self.address)
    }

    fn broken(&self, error: &io::Error) -> String {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => format!("{} does not answer; try again", self.address),
            ErrorKind::UnexpectedEof => format!("{} broke off its answer; try again", self.address),
            _ => format!("the connection to {} broke ({error})", self.address),
        }
    }
}

/// A token goes into one line of a head.
fn is_sound(token: &str) -> Result<(), String> {
    let is_sound = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if is_sound { Ok(()) } else { Err("the token is none: it has characters that no token has".to_owned()) }
}

fn prepared(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    setsockopt(&stream, KeepAlive, &true)?;
    setsockopt(&stream, TcpKeepIdle, &SILENT)?;
    setsockopt(&stream, TcpKeepInterval, &BETWEEN)?;
    setsockopt(&stream, TcpKeepCount, &QUESTIONS)?;
    Ok(stream)
}

/// A part of a path, percent-encoded (RFC 3986, section 2).
fn part(text: &str) -> String {
    text.bytes().fold(String::new(), |mut part, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            part.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(part, "%{byte:02X}");
        }
        part
    })
}

/// A connection to a page.
enum Connection {
    /// To this machine itself.
    Plain(TcpStream),
    Encrypted(Box<Encrypted>),
}

impl Connection {
    const fn stream(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Encrypted(encrypted) => &encrypted.sock,
        }
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Encrypted(encrypted) => encrypted.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Encrypted(encrypted) => encrypted.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Encrypted(encrypted) => encrypted.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_one_part_of_a_path_and_tokens_one_line() {
        assert_eq!(part("aa:bb wan1/../x?y%"), "aa:bb%20wan1%2F..%2Fx%3Fy%25");
        assert!(is_sound("rebootping_0123abc").is_ok());
        for token in ["", "a b", "a\r\nX: y", "é"] {
            assert!(is_sound(token).is_err(), "{token:?}");
        }
    }

    #[test]
    fn a_gateway_that_is_not_there_is_told_with_what_to_do() {
        // A port that was just given back.
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
        let address = format!("http://127.0.0.1:{port}").parse().expect("an address");
        let why = Gateway { address, pinned: None, token: None }.meet().unwrap_err();
        assert!(why.contains("cannot be reached") && why.contains("rebootping web enable"), "{why}");
    }
}

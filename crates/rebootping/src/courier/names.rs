//! The addresses of a host, from `/etc/hosts` and from the name servers in `/etc/resolv.conf`.
//!
//! The C library would load whatever `nsswitch.conf` says into this process; a question and an answer of DNS (RFC 1035) are short.

use crate::clock;
use rebootping_core::packet::dns::data::Data;
use rebootping_core::packet::dns::{A, AAAA, Message, Section};
use rebootping_core::time::Time;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const HOSTS: &str = "/etc/hosts";
const SERVERS: &str = "/etc/resolv.conf";
const PORT: u16 = 53;
/// As many as the C library asks (resolv.conf(5)).
const MOST_SERVERS: usize = 3;
/// All servers are asked so often.
const ROUNDS: usize = 2;
/// Each may take so long.
const PATIENCE: Duration = Duration::from_secs(2);
/// An answer without extensions has at most 512 bytes.
const LONGEST: usize = 2048;
/// A name has at most so many bytes, and a part of it so many (section 2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;
/// The name does not exist (section 4.1.1).
const NO_SUCH_NAME: u8 = 3;
const INTERNET: u16 = 1;

/// The files that are read for it, as far as there are any.
pub(super) fn files() -> Vec<PathBuf> {
    [HOSTS, SERVERS].into_iter().map(PathBuf::from).filter(|path| path.exists()).collect()
}

/// Looks up names.
#[derive(Debug, Default)]
pub(super) struct Names {
    moved: AtomicBool,
}

impl Names {
    /// A file was replaced by one that this process may not read.
    pub(super) fn moved(&self) -> bool {
        self.moved.load(Ordering::Relaxed)
    }

    /// The addresses of a host, at least one: IPv4 first.
    pub(super) fn look_up(&self, host: &str, until: Time) -> Result<Vec<IpAddr>, String> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let known = in_hosts(&self.read(HOSTS), host);
        if !known.is_empty() {
            return Ok(known);
        }
        let servers = servers(&self.read(SERVERS));
        let mut found = Vec::new();
        let mut error = None;
        for kind in [A, AAAA] {
            match ask_all(&servers, host, kind, until) {
                Ok(addresses) => found.extend(addresses),
                Err(why) => error = Some(why),
            }
        }
        match (found.is_empty(), error) {
            (false, _) => Ok(found),
            (true, Some(why)) => Err(format!("the address of {host} is not known: {why}")),
            (true, None) => Err(format!("the address of {host} is not known: it has none")),
        }
    }

    /// A file's text, empty where there is none.
    fn read(&self, path: &str) -> String {
        fs::read_to_string(path).unwrap_or_else(|error| {
            if error.kind() == io::ErrorKind::PermissionDenied {
                self.moved.store(true, Ordering::Relaxed);
            }
            String::new()
        })
    }
}

/// The addresses that lines like `192.168.1.2 nas nas.lan` have for a host.
fn in_hosts(text: &str, host: &str) -> Vec<IpAddr> {
    let line = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(host)).then_some(address)
    };
    let mut found: Vec<IpAddr> = text.lines().filter_map(line).collect();
    found.sort_by_key(IpAddr::is_ipv6);
    found
}

/// The servers that lines like `nameserver 192.168.1.1` name, or the one on this host.
fn servers(text: &str) -> Vec<IpAddr> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        words.next().filter(|word| *word == "nameserver")?;
        words.next()?.parse().ok()
    };
    let mut found: Vec<IpAddr> = text.lines().filter_map(line).take(MOST_SERVERS).collect();
    if found.is_empty() {
        found.push(Ipv4Addr::LOCALHOST.into());
    }
    found
}

/// Asks one after the other, until one knows.
fn ask_all(servers: &[IpAddr], host: &str, kind: u16, until: Time) -> Result<Vec<IpAddr>, String> {
    let mut why = "nobody was asked in time".to_owned();
    for server in servers.iter().cycle().take(servers.len() * ROUNDS) {
        let limit = clock::until(until).min(PATIENCE);
        if limit.is_zero() {
            break;
        }
        match ask(*server, host, kind, limit) {
            Ok(Answer::Addresses(addresses)) => return Ok(addresses),
            Ok(Answer::NoSuchName) => return Err("there is no such name".to_owned()),
            Ok(Answer::Nothing(code)) => why = format!("the name server {server} refuses (code {code})"),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                why = format!("the name server {server} does not answer");
            }
            Err(error) => why = format!("the name server {server} cannot be asked: {error}"),
        }
    }
    Err(why)
}

/// Reads any bytes as the answer to a question, for those who throw bytes at it.
pub(crate) fn read_any(bytes: &[u8]) {
    /// The question that some answer.
    const ID: u16 = 7;
    if let Some(Answer::Addresses(found)) =
        question(ID, "mail.example", A).and_then(|question| answer(bytes, ID, &question))
    {
        assert!(found.len() <= bytes.len());
    }
}

#[derive(PartialEq, Eq, Debug)]
enum Answer {
    Addresses(Vec<IpAddr>),
    NoSuchName,
    /// The server would not say, with this code.
    Nothing(u8),
}

fn ask(server: IpAddr, host: &str, kind: u16, limit: Duration) -> io::Result<Answer> {
    // Nobody who cannot read it can guess it, together with the port.
    let id = RandomState::new().build_hasher().finish() as u16;
    let question = question(id, host, kind).ok_or_else(|| io::Error::other("it is no name"))?;
    let here: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((here, 0))?;
    socket.connect(SocketAddr::from((server, PORT)))?;
    socket.send(&question)?;
    let until = clock::now() + limit;
    let mut buffer = [0; LONGEST];
    loop {
        let left = clock::until(until);
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let length = socket.recv(&mut buffer)?;
        if let Some(answer) = answer(buffer.get(..length).unwrap_or_default(), id, &question) {
            return Ok(answer);
        }
    }
}

/// The question, if a host can have that name.
fn question(id: u16, host: &str, kind: u16) -> Option<Vec<u8>> {
    const WANTS_RECURSION: u16 = 0x0100;
    let host = host.strip_suffix('.').unwrap_or(host);
    let mut bytes: Vec<u8> = [id, WANTS_RECURSION, 1, 0, 0, 0].into_iter().flat_map(u16::to_be_bytes).collect();
    for label in host.split('.') {
        let length =
            u8::try_from(label.len()).ok().filter(|length| (1..=LONGEST_LABEL).contains(&usize::from(*length)))?;
        bytes.push(length);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend([kind, INTERNET].into_iter().flat_map(u16::to_be_bytes));
    (host.len() <= LONGEST_NAME).then_some(bytes)
}

/// What a message says, if it answers that question.
fn answer(bytes: &[u8], id: u16, question: &[u8]) -> Option<Answer> {
    /// Length of a message's head.
    const HEAD: usize = 12;
    let message = Message::read(bytes).filter(|message| message.is_response && message.id == id)?;
    let asked = question.get(HEAD..)?;
    let same = bytes.get(HEAD..HEAD + asked.len())?;
    if !same.eq_ignore_ascii_case(asked) {
        return None;
    }
    let address = |data: Data<'_>| match data {
        Data::A(address) => Some(IpAddr::from(address)),
        Data::Aaaa(address) => Some(IpAddr::from(address)),
        Data::Cname(_) | Data::Ptr(_) | Data::Srv(_) | Data::Txt(_) | Data::Svcb(_) | Data::Other => None,
    };
    let answers = message.records().filter(|record| record.section == Section::Answer);
    Some(match message.rcode {
        0 => Answer::Addresses(answers.filter_map(|record| address(record.data)).collect()),
        NO_SUCH_NAME => Answer::NoSuchName,
        code => Answer::Nothing(code),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn the_files_are_read_as_the_c_library_reads_them() {
        let hosts = "127.0.0.1 localhost\n::1 NAS # x\n192.168.1.2\tnas.lan  nas\n#10.0.0.1 nas\nx nas\n";
        assert_eq!(in_hosts(hosts, "nas"), addresses(&["192.168.1.2", "::1"]));
        assert!(in_hosts(hosts, "na").is_empty());
        let text = "# x\nsearch lan\nnameserver 192.168.1.1\nnameserver x\noptions a\nnameserver fd00::1\nnameserver 1.1.1.1\nnameserver 8.8.8.8";
        assert_eq!(servers(text), addresses(&["192.168.1.1", "fd00::1", "1.1.1.1"]));
        assert_eq!(servers(""), addresses(&["127.0.0.1"]));
    }

    fn answered(flags: [u8; 2], parts: &[&[u8]]) -> Vec<u8> {
        let asked = question(7, "mail.example", A).expect("a name");
        let counts = [0, 1, 0, parts.len() as u8, 0, 0, 0, 0];
        [&[0, 7], &flags[..], &counts, &asked[12..], &parts.concat()].concat()
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<&Answer>) {
        let asked = question(7, "Mail.example.", A).expect("a name");
        assert_eq!(answer(bytes, 7, &asked).as_ref(), expected);
    }

    #[test]
    fn an_answer_is_taken_only_if_it_answers_what_was_asked() {
        let alias: &[u8] = &[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 3, 1, b'm', 0];
        let found: &[u8] = &[1, b'm', 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 9];
        let good = answered([0x81, 0x80], &[alias, found]);
        check(&good, Some(&Answer::Addresses(addresses(&["192.0.2.9"]))));
        check(&answered([0x81, 0x80], &[]), Some(&Answer::Addresses(Vec::new())));
        check(&answered([0x81, 0x83], &[]), Some(&Answer::NoSuchName));
        check(&answered([0x81, 0x85], &[]), Some(&Answer::Nothing(5)));
        check(&answered([0x01, 0x00], &[found]), None);
        let other = [&[0, 8], &good[2..]].concat();
        check(&other, None);
        let mut other = good;
        other[13] = b'n';
        check(&other, None);
    }

    #[test]
    fn what_cannot_be_a_name_is_not_asked_for() {
        for host in ["", ".", "a..b", &"a".repeat(64), &"a.".repeat(130)] {
            assert_eq!(question(1, host, A), None, "{host}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let asked = question(7, "mail.example", A).expect("a name");
            let _ = answer(&bytes, 7, &asked);
        }
    }
}

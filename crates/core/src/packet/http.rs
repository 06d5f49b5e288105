//! HTTP/1 from the beginning of a TCP segment (RFC 9112): whom it is for, and which software speaks. The path is not kept.

mod description;

pub use description::Description;

use crate::untrusted::Untrusted;

/// No head is read beyond so many bytes.
const LONGEST: usize = 8 * 1024;
/// How a response begins.
const RESPONSE: &[u8] = b"HTTP/1.";
/// No method registered with IANA is longer (`UPDATEREDIRECTREF`).
const LONGEST_METHOD: usize = 17;

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Its method.
    pub method: Untrusted,
    /// The host it is for, or whom a proxy is to ask, without its port.
    pub host: Option<Untrusted>,
    /// The client's software.
    pub user_agent: Option<Untrusted>,
}

/// A response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// Its status, 100 to 599.
    pub status: u16,
    /// The server's software.
    pub server: Option<Untrusted>,
    /// What a `UPnP` device says it is, if the body is such a description and begins in this segment.
    pub description: Option<Description>,
}

impl Request {
    /// Reads the beginning of a TCP payload; none if it is no request. Headers that the segment cuts off are not told.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let (line, head) = first_line(payload)?;
        let end = line.iter().position(|&byte| byte == b' ').filter(|end| (1..=LONGEST_METHOD).contains(end))?;
        let (method, rest) = line.split_at_checked(end)?;
        let (target, version) = rest.split_at_checked(rest.iter().rposition(|&byte| byte == b' ')?)?;
        if !method.iter().copied().all(is_of_method) || !is_version(version) {
            return None;
        }
        let hosts = [header(head, "host"), proxied(method, target.trim_ascii())].map(|host| host.map(without_port));
        let host = hosts.into_iter().flatten().find(|host| !host.is_empty()).map(Untrusted::new);
        Some(Self { method: Untrusted::new(method), host, user_agent: text(head, "user-agent") })
    }

    /// Whether bytes may begin a request whose head has not ended: what is missing may be in the next segment.
    pub fn is_unfinished(payload: &[u8]) -> bool {
        let method = payload.iter().take_while(|&&byte| is_of_method(byte)).count();
        let begins = || {
            let ends_well = payload.get(method).is_none_or(|&after| after == b' ');
            (1..=LONGEST_METHOD).contains(&method) && ends_well
        };
        is_cut(payload, || Self::read(payload).is_some(), begins)
    }
}

impl Response {
    /// Reads the beginning of a TCP payload; none if it is no response.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let (line, head) = first_line(payload)?;
        let (b"HTTP/1.", [_minor, b' ', status @ ..]) = line.split_first_chunk()? else { return None };
        let digits = status.get(..3).filter(|_| status.get(3).is_none_or(|&after| after == b' '))?;
        let status = core::str::from_utf8(digits).ok()?.parse().ok().filter(|status| (100..600).contains(status))?;
        let description = body(head).and_then(Description::read);
        Some(Self { status, server: text(head, "server"), description })
    }

    /// Whether bytes may begin a response whose head has not ended.
    pub fn is_unfinished(payload: &[u8]) -> bool {
        let begins = || payload.iter().zip(RESPONSE).all(|(is, expected)| is == expected);
        is_cut(payload, || Self::read(payload).is_some(), begins)
    }
}

/// What follows the head that bytes begin with; none if that has not ended.
pub fn behind_head(payload: &[u8]) -> Option<&[u8]> {
    body(first_line(payload)?.1)
}

/// A head is cut: by its first line, or while its first line has not ended by what that begins with.
fn is_cut(payload: &[u8], is_known: impl Fn() -> bool, begins: impl Fn() -> bool) -> bool {
    let is_open = !payload.is_empty() && payload.len() < LONGEST;
    is_open
        && match first_line(payload) {
            Some((_, head)) => body(head).is_none() && is_known(),
            None => begins(),
        }
}

/// Of all that RFC 9110 allows, methods have these.
fn is_of_method(byte: u8) -> bool {
    byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_')
}

/// A segment's first line without its end, and what follows. An empty line before it is some clients' end of the last body (RFC 9112
/// section 2.2).
fn first_line(payload: &[u8]) -> Option<(&[u8], &[u8])> {
    let payload = payload.strip_prefix(b"\r\n").unwrap_or(payload);
    // Most segments that are asked about are no HTTP: their first byte says so.
    if !payload.first()?.is_ascii_uppercase() {
        return None;
    }
    lines(payload.get(..LONGEST).unwrap_or(payload)).next()
}

/// Lines that have ended, without their ends, each with what follows it.
fn lines(mut rest: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    core::iter::from_fn(move || {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let (line, after) = rest.split_at_checked(end)?;
        rest = after.get(1..)?;
        Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
    })
}

fn is_version(version: &[u8]) -> bool {
    matches!(version, [b' ', b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor] if minor.is_ascii_digit())
}

fn text(head: &[u8], name: &str) -> Option<Untrusted> {
    header(head, name).filter(|value| !value.is_empty()).map(Untrusted::new)
}

/// The value of the first header of this name.
fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let headers = lines(head).map(|(line, _)| line).take_while(|line| !line.is_empty());
    headers.filter_map(|line| line.split_at_checked(name.len())).find_map(|(before, after)| {
        let value = after.strip_prefix(b":").filter(|_| before.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(value.trim_ascii())
    })
}

fn body(head: &[u8]) -> Option<&[u8]> {
    lines(head).find(|(line, _)| line.is_empty()).map(|(_, after)| after)
}

/// Whom a proxy is asked to talk to, with the port: clients of old say it in no header (RFC 9112 sections 3.2.2 and 3.2.3).
fn proxied<'a>(method: &[u8], target: &'a [u8]) -> Option<&'a [u8]> {
    if method == b"CONNECT" {
        return Some(target);
    }
    let scheme = target.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let rest = target.get(scheme..)?.strip_prefix(b"://").filter(|_| scheme != 0)?;
    let authority = rest.split(|byte| b"/?#".contains(byte)).next()?;
    authority.rsplit(|&byte| byte == b'@').next()
}

/// `host:80` and `[2001:db8::1]:80` lose their ports.
fn without_port(host: &[u8]) -> &[u8] {
    let port = host.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    match host.split_at_checked(host.len().saturating_sub(port)) {
        Some(([host @ .., b':'], _)) if !host.contains(&b':') || host.ends_with(b"]") => host,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn raw(text: Option<&Untrusted>) -> &str {
        text.map_or("-", Untrusted::raw)
    }

    #[track_caller]
    fn check_request(payload: &str, expected: Option<[&str; 3]>) {
        let request = Request::read(payload.as_bytes());
        let read = request
            .as_ref()
            .map(|request| [request.method.raw(), raw(request.host.as_ref()), raw(request.user_agent.as_ref())]);
        assert_eq!(read, expected, "{payload:?}");
    }

    #[test]
    fn a_request_tells_host_and_software() {
        let usual = "GET /a b HTTP/1.1\r\nHost: www.example.com:8080\r\nUser-Agent:  tv/1 (x) \r\n\r\n";
        check_request(usual, Some(["GET", "www.example.com", "tv/1 (x)"]));
        check_request("M-SEARCH * HTTP/1.1\nhOST:[2001:db8::1]:80\n\n", Some(["M-SEARCH", "[2001:db8::1]", "-"]));
        check_request("GET / HTTP/1.0\r\n\r\nHost: body\r\n", Some(["GET", "-", "-"]));
        check_request("GET / HTTP/1.1\r\nX: 1\r\nHost: \r\nUser-Agent: cut o", Some(["GET", "-", "-"]));
        check_request("\r\nGET / HTTP/1.1\r\nHost: a\r\n", Some(["GET", "a", "-"]));
        check_request("RPC_IN_DATA / HTTP/1.1\r\n\r\n", Some(["RPC_IN_DATA", "-", "-"]));
        check_request("GET / HTTP/1.1\r\nHost: 2001:db8::1\r\nHost: b\r\n", Some(["GET", "2001:db8::1", "-"]));
        check_request("CONNECT a:22 HTTP/1.0\r\n\r\n", Some(["CONNECT", "a", "-"]));
        check_request("CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: \r\n", Some(["CONNECT", "[2001:db8::1]", "-"]));
        check_request("CONNECT  HTTP/1.0\r\n", Some(["CONNECT", "-", "-"]));
        check_request("GET http://a/ HTTP/1.0\r\n", Some(["GET", "a", "-"]));
        check_request("GET http://me:x@a:80?q=@b HTTP/1.0\r\n", Some(["GET", "a", "-"]));
        check_request("GET HTTP://a/ HTTP/1.1\r\nHost: b\r\n", Some(["GET", "b", "-"]));
        check_request("GET /?to=http://a/ HTTP/1.0\r\n", Some(["GET", "-", "-"]));
        check_request("GET / HTTP/1.1\r\nHost: a\u{1b}[2J\r\nHosts: b\r\n", Some(["GET", "a\u{1b}[2J", "-"]));
    }

    #[test]
    fn what_is_no_request_is_none() {
        let long = std::format!("GET /{} HTTP/1.1\r\n", "a".repeat(LONGEST));
        for payload in [
            "",
            "GET / HTTP/1.1",
            "GET / RTSP/1.0\r\n",
            "INVITE sip:a SIP/2.0\r\n",
            "get / HTTP/1.1\r\n",
            " / HTTP/1.1\r\n",
            "GET HTTP/2.0\r\n",
            "HTTP/1.1 200 OK\r\n",
            "ABCDEFGHIJKLMNOPQR / HTTP/1.1\r\n",
            &long,
        ] {
            check_request(payload, None);
        }
    }

    #[test]
    fn a_head_is_unfinished_until_its_empty_line() {
        let request = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
        let response = "HTTP/1.1 200 OK\r\nServer: a\r\n\r\n";
        let is_unfinished = [Request::is_unfinished, Response::is_unfinished];
        for (whole, is_unfinished) in [request, response].into_iter().zip(is_unfinished) {
            assert!((1..whole.len()).all(|end| is_unfinished(&whole.as_bytes()[..end])), "{whole:?}");
            assert!(!is_unfinished(whole.as_bytes()) && !is_unfinished(b""));
            assert_eq!(behind_head(std::format!("{whole}body").as_bytes()), Some(b"body".as_slice()));
            assert_eq!(behind_head(&whole.as_bytes()[..whole.len() - 1]), None);
        }
        for other in ["get", "a GET", "GET\t", "EHLO a\r\n", "ABCDEFGHIJKLMNOPQR", "\x16\x03"] {
            assert!(!Request::is_unfinished(other.as_bytes()), "{other:?}");
        }
        for other in ["HTTP/2", "GET", "HTTP/1.1 20 OK\r\n", "ICY 200 OK\r\n"] {
            assert!(!Response::is_unfinished(other.as_bytes()), "{other:?}");
        }
        assert!(!Request::is_unfinished(&[b"GET /".as_slice(), &[b'a'; LONGEST]].concat()));
    }

    #[track_caller]
    fn check_response(payload: &str, expected: Option<(u16, &str)>) {
        let response = Response::read(payload.as_bytes());
        assert_eq!(response.as_ref().map(|response| (response.status, raw(response.server.as_ref()))), expected);
    }

    #[test]
    fn a_response_tells_its_server() {
        check_response("HTTP/1.1 200 OK\r\nServer: nginx/1.2\r\n\r\n", Some((200, "nginx/1.2")));
        check_response("HTTP/1.0 404\r\nDate: x\r\n\r\nServer: body\r\n", Some((404, "-")));
        check_response("HTTP/1.1 2000 OK\r\n", None);
        check_response("HTTP/1.1 99 OK\r\n", None);
        check_response("HTTP/1.1 600 OK\r\n", None);
        check_response("HTTP/1.1 +20 OK\r\n", None);
        check_response("HTTP/2.0 200 OK\r\n", None);
        check_response("HTTP/1.", None);
        check_response("ICY 200 OK\r\n", None);
    }

    #[test]
    fn the_description_of_a_device_is_read_from_the_same_segment() {
        let body =
            "<root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device><friendlyName>TV</friendlyName></device></root>";
        let response = Response::read(std::format!("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n{body}").as_bytes()).unwrap();
        assert_eq!(response.description.unwrap().friendly_name, Some("TV".into()));
        assert_eq!(Response::read(b"HTTP/1.1 200 OK\r\n\r\n<html>").unwrap().description, None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(head in 0..3_usize, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let heads: [&[u8]; 3] = [b"", b"GET ", b"HTTP/1.1 200 OK\r\n"];
            let payload: Vec<u8> = [heads[head], &bytes].concat();
            let _ = (Request::read(&payload), Response::read(&payload));
        }
    }
}

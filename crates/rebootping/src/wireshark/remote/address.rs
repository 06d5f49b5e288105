//! Where a gateway's page is, as its operator writes it: a URL, or only a host.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Where the page is served unless something else is configured.
const PAGE: u16 = 8067;
const HTTPS: u16 = 443;
const HTTP: u16 = 80;

/// The address of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// What is said to it is encrypted.
    pub(super) is_tls: bool,
    /// A name, or an IP address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// What stands before the API's paths: nothing, or the path a proxy serves the page below, which begins with a slash.
    path: String,
}

impl Address {
    /// The page's address followed by a path of its own, which begins with a slash.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.path)
    }

    /// Host and port, as a request names them.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.is_tls, self.port) {
            (true, HTTPS) | (false, HTTP) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// What is said to it does not leave this machine.
    fn is_loopback(&self) -> bool {
        let is_address = self.host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
        is_address || self.host.eq_ignore_ascii_case("localhost")
    }
}

impl FromStr for Address {
    type Err = String;

    /// Without a scheme TLS is meant. Without TLS only this machine is: everybody in between could read the token.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address of a page; write one such as https://192.168.1.1:8067");
        let (is_tls, rest, default) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest, HTTPS),
            Some(("http", rest)) => (false, rest, HTTP),
            Some(_) => return Err(wrong()),
            None => (true, text, PAGE),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = split(authority).ok_or_else(wrong)?;
        let port = port.map_or(Some(default), |port| port.parse().ok().filter(|&port| port > 0)).ok_or_else(wrong)?;
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '?' | '#' | '<' | '>' | '@');
        if host.is_empty() || !host.chars().chain(path.chars()).all(is_plain) {
            return Err(wrong());
        }
        let path = path.trim_end_matches('/').to_owned();
        let address = Self { is_tls, host: host.to_owned(), port, path };
        if !is_tls && !address.is_loopback() {
            return Err(format!(
                "over {text} everybody in between could read the token; serve the page with [web] tls_cert, or let ssh carry it: `ssh -L 8067:127.0.0.1:8067 {host}`, and then http://127.0.0.1:8067"
            ));
        }
        Ok(address)
    }
}

/// Host and port of an authority; IPv6 addresses are in brackets.
fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let is_v6 = matches!(host.parse(), Ok(IpAddr::V6(_)));
        let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
        return is_v6.then_some((host, port));
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http{}://{}{}", if self.is_tls { "s" } else { "" }, self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(text.parse::<Address>().map(|address| address.to_string()), Ok(expected.to_owned()), "{text}");
    }

    #[test]
    fn a_url_or_a_host_is_understood() {
        check("https://192.168.1.1:8067/", "https://192.168.1.1:8067");
        check("https://gw.example", "https://gw.example");
        check("gw.example", "https://gw.example:8067");
        check("192.168.1.1:443", "https://192.168.1.1");
        check("[fd00::1]", "https://[fd00::1]:8067");
        check("https://[fd00::1]:9000/gw/", "https://[fd00::1]:9000/gw");
        check("http://127.0.0.1:8067", "http://127.0.0.1:8067");
        check("http://localhost:9000/", "http://localhost:9000");
        let address: Address = "https://proxy.example/gw/".parse().expect("an address");
        assert_eq!((address.path("/api"), address.authority()), ("/gw/api".to_owned(), "proxy.example".to_owned()));
    }

    #[test]
    fn what_is_no_address_or_would_tell_the_token_is_refused() {
        for text in
            ["", "https://", "ftp://gw", "gw:x", "gw:0", "fd00::1", "[10.0.0.1]", "[fd00::1", "a b", "u@gw", "gw/?x"]
        {
            assert!(text.parse::<Address>().is_err_and(|why| why.contains("is no address")), "{text}");
        }
        for text in ["http://192.168.1.1:8067", "http://gw.example", "http://localhost.example"] {
            assert!(text.parse::<Address>().is_err_and(|why| why.contains("ssh -L 8067")), "{text}");
        }
    }
}

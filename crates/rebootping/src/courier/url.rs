//! Where something is sent over HTTP, as operators write it: `https://host:port/path?query`.

use std::net::IpAddr;
use std::str::FromStr;

const HTTPS: u16 = 443;
const HTTP: u16 = 80;

/// The address of a web server and of something on it. Whoever knows it may write there: it is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Url {
    /// What is said to it is encrypted.
    pub(super) is_tls: bool,
    /// A name, or an IP address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// All behind the host, beginning with a slash.
    pub(super) path: String,
}

/// A text that is no such address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NoUrl;

impl Url {
    /// Host and port, as a request names them.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.is_tls, self.port) {
            (true, HTTPS) | (false, HTTP) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

impl FromStr for Url {
    type Err = NoUrl;

    fn from_str(text: &str) -> Result<Self, NoUrl> {
        let (is_tls, rest, usual) = match text.split_once("://").ok_or(NoUrl)? {
            ("https", rest) => (true, rest, HTTPS),
            ("http", rest) => (false, rest, HTTP),
            _ => return Err(NoUrl),
        };
        // What stands behind a `#` is for browsers.
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = split(authority)?;
        let port = port.map_or(Ok(usual), |port| port.parse().ok().filter(|&port| port > 0).ok_or(NoUrl))?;
        let is_host =
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
        if !is_host || !path.chars().all(|c| c.is_ascii_graphic()) {
            return Err(NoUrl);
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { is_tls, host: host.to_ascii_lowercase(), port, path })
    }
}

/// Host and port; IPv6 addresses are in brackets.
fn split(authority: &str) -> Result<(&str, Option<&str>), NoUrl> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or(NoUrl)?;
        if !matches!(host.parse(), Ok(IpAddr::V6(_))) {
            return Err(NoUrl);
        }
        let port = if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or(NoUrl)?) };
        return Ok((host, port));
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(NoUrl),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((authority, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(bool, &str, &str), NoUrl>) {
        let found = text.parse::<Url>().map(|url| (url.is_tls, url.authority(), url.path));
        let expected = expected.map(|(is_tls, authority, path)| (is_tls, authority.to_owned(), path.to_owned()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn addresses_are_taken_apart_and_what_is_none_is_refused() {
        check("https://ntfy.example/topic", Ok((true, "ntfy.example", "/topic")));
        check("http://127.0.0.1:8080", Ok((false, "127.0.0.1:8080", "/")));
        check("https://[fd00::1]:444/a/b?c=d#e", Ok((true, "[fd00::1]:444", "/a/b?c=d")));
        check("https://Hook.Example:443?token=x", Ok((true, "hook.example", "/?token=x")));
        for wrong in [
            "",
            "hook.example/x",
            "ftp://x/",
            "https://",
            "https:///x",
            "https://a:0/",
            "https://a:b/",
            "https://[10.0.0.1]/",
            "https://u@h/",
            "https://h/a b",
            "https://a:1:2/",
        ] {
            check(wrong, Err(NoUrl));
        }
    }
}

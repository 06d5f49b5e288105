//! The gate before every route: for which host a request is, from which page it comes, and what every answer says to a browser.
//!
//! A page of somebody else that a browser of the LAN has open can send requests here. It cannot choose the `Host` (a name of
//! its own that it lets point here is not on the list) nor the `Origin`, so both are looked at before anything else.

use super::access::has_token;
use super::problem::Problem;
use super::site::Site;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use std::net::{IpAddr, SocketAddr};

/// The two ends of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Peer {
    pub(super) remote: SocketAddr,
    pub(super) local: SocketAddr,
    /// It is encrypted.
    pub(super) is_tls: bool,
}

impl Peer {
    /// Whoever is between the two can read along.
    pub(super) fn is_plain(&self) -> bool {
        !self.is_tls && !self.remote.ip().to_canonical().is_loopback()
    }
}

/// Nothing but what comes from here, no inline code, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// What every answer says, errors too, unless its route has said it in its own way.
const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// Refuses what no route should see.
pub(super) fn enter(site: &Site, peer: &Peer, request: &Request<Body>) -> Result<(), Problem> {
    let headers = request.headers();
    let host = host(headers, request.uri())?;
    if !is_known_host(host, peer.local.ip(), &site.settings.web.allowed_hosts) {
        let text =
            format!("nobody is called {host:?} here; write the name under [web] allowed_hosts if it is this gateway");
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, text));
    }
    if is_write(request.method()) {
        same_origin(headers, host, &site.settings.web.allowed_hosts)?;
    }
    Ok(())
}

/// Adds what every answer says.
pub(super) fn dress(mut response: Response<Body>, peer: &Peer) -> Response<Body> {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if peer.is_tls {
        // A day: whoever takes the certificate away again is not locked out for long.
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=86400"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether a method may change something.
pub(super) fn is_write(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The host of the one `Host` header; a request line that names another is refused (RFC 9112, section 3.2).
fn host<'a>(headers: &'a HeaderMap, uri: &Uri) -> Result<&'a str, Problem> {
    let mut all = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (all.next(), all.next()) else {
        return Err(Problem::wrong("send one Host header"));
    };
    let host = host.to_str().map_err(|_| Problem::wrong("the Host header is no host"))?;
    match uri.authority() {
        Some(authority) if !authority.as_str().eq_ignore_ascii_case(host) => {
            Err(Problem::wrong("the request line names another host than the Host header"))
        }
        _ => Ok(host),
    }
}

/// Whether a request may be for that host: an address is no name that somebody could let point here, if it is ours; a name
/// must be known.
fn is_known_host(host: &str, local: IpAddr, allowed: &[String]) -> bool {
    let name = without_port(host);
    let is_address = address(name).is_some_and(|address| address == local.to_canonical());
    let is_allowed = || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name));
    is_address || (local.is_loopback() && is_loopback_name(host)) || is_allowed()
}

/// Whether a `Host` means this host itself, as seen from itself.
pub(super) fn is_loopback_name(host: &str) -> bool {
    let name = without_port(host);
    name.eq_ignore_ascii_case("localhost") || address(name).is_some_and(|address| address.is_loopback())
}

/// Refuses a write that another site's page makes a browser send. Without `Origin` none is made by a browser's page of ours;
/// a script shows by its token that it is not a browser.
fn same_origin(headers: &HeaderMap, host: &str, allowed: &[String]) -> Result<(), Problem> {
    let foreign = |text: &str| Err(Problem::new(StatusCode::FORBIDDEN, text));
    if let Some(site) = headers.get("sec-fetch-site") {
        if site != "same-origin" && site != "none" {
            return foreign("this was sent by a page of another site");
        }
    }
    let mut all = headers.get_all(header::ORIGIN).iter();
    match (all.next().map(HeaderValue::to_str), all.next()) {
        (None, _) if has_token(headers) => Ok(()),
        (None, _) => foreign("send the Origin header of the page, or a token"),
        (Some(Ok(origin)), None) if is_own(origin, host, allowed) => Ok(()),
        (Some(_), _) => foreign("this was sent by a page of another site"),
    }
}

/// Whether an origin is that of our page: the host that was asked, or one of those allowed, before which a proxy stands.
fn is_own(origin: &str, host: &str, allowed: &[String]) -> bool {
    let Some(authority) = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")) else {
        return false;
    };
    let name = without_port(authority);
    authority.eq_ignore_ascii_case(host) || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !is_bare_v6(host) => name,
        _ => host,
    }
}

fn is_bare_v6(host: &str) -> bool {
    !host.starts_with('[') && host.matches(':').count() > 1
}

fn address(name: &str) -> Option<IpAddr> {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let address: IpAddr = bare.unwrap_or(name).parse().ok()?;
    // Brackets are for IPv6, and IPv6 is in brackets.
    (address.is_ipv6() == bare.is_some()).then(|| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn known(host: &str, local: &str, allowed: &[&str], expected: bool) {
        let allowed: Vec<String> = allowed.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(is_known_host(host, local.parse().unwrap(), &allowed), expected, "{host} at {local}");
    }

    #[test]
    fn a_host_is_our_address_loopback_or_an_allowed_name() {
        known("127.0.0.1:8067", "127.0.0.1", &[], true);
        known("localhost:8067", "127.0.0.1", &[], true);
        known("LOCALHOST", "127.0.0.1", &[], true);
        known("[::1]:8067", "::1", &[], true);
        known("localhost", "192.168.1.1", &[], false);
        known("127.0.0.1", "192.168.1.1", &[], false);
        known("192.168.1.1:8067", "192.168.1.1", &[], true);
        known("192.168.1.1", "::ffff:192.168.1.1", &[], true);
        known("192.168.1.2", "192.168.1.1", &[], false);
        known("[fd00::1]:8067", "fd00::1", &[], true);
        known("fd00::1", "fd00::1", &[], false);
        known("evil.example", "127.0.0.1", &[], false);
        known("localhost.evil.example", "127.0.0.1", &[], false);
        known("127.0.0.1.evil.example", "127.0.0.1", &[], false);
        known("gw.example", "127.0.0.1", &["gw.example"], true);
        known("GW.example:443", "192.168.1.1", &["gw.example"], true);
        known("x.gw.example", "192.168.1.1", &["gw.example"], false);
        known("", "127.0.0.1", &[], false);
        known("127.0.0.1:x", "127.0.0.1", &[], false);
        known("user@127.0.0.1", "127.0.0.1", &[], false);
    }

    #[track_caller]
    fn write(headers: &[(&'static str, &str)], expected: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let allowed = ["gw.example".to_owned()];
        assert_eq!(same_origin(&map, "192.168.1.1:8067", &allowed).is_ok(), expected, "{headers:?}");
    }

    #[test]
    fn a_write_comes_from_our_page_or_with_a_token() {
        write(&[("origin", "http://192.168.1.1:8067")], true);
        write(&[("origin", "https://gw.example")], true);
        write(&[("origin", "https://gw.example:8443")], true);
        write(&[("origin", "http://192.168.1.1:8067"), ("sec-fetch-site", "same-origin")], true);
        write(&[("authorization", "Bearer x")], true);
        write(&[], false);
        write(&[("origin", "null")], false);
        write(&[("origin", "")], false);
        write(&[("origin", "http://192.168.1.1")], false);
        write(&[("origin", "http://evil.example")], false);
        write(&[("origin", "http://evil.example"), ("authorization", "Bearer x")], false);
        write(&[("origin", "http://192.168.1.1:8067.evil.example")], false);
        write(&[("origin", "http://gw.example@evil.example")], false);
        write(&[("origin", "http://192.168.1.1:8067"), ("origin", "http://evil.example")], false);
        write(&[("origin", "http://192.168.1.1:8067"), ("sec-fetch-site", "cross-site")], false);
        write(&[("origin", "http://192.168.1.1:8067"), ("sec-fetch-site", "same-site")], false);
    }
}

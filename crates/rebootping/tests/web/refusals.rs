//! What nobody should get an answer to: each row is a request, byte by byte, and the status it must have.

use crate::raw::Reply;
use crate::site::{PASSWORD, Site, login};

/// The page's own origin.
const OURS: &str = "Origin: http://127.0.0.1:8067\r\n";
const JSON: &str = "Content-Type: application/json\r\n";

/// A request in words, as bytes, and the statuses that are right.
struct Row {
    what: &'static str,
    request: String,
    right: &'static [u16],
}

fn row(what: &'static str, request: impl Into<String>, right: &'static [u16]) -> Row {
    Row { what, request: request.into(), right }
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8067\r\nConnection: close\r\n{headers}\r\n")
}

fn write(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:8067\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

fn post(path: &str, headers: &str, body: &str) -> String {
    write("POST", path, headers, body)
}

/// For whom: another host is not served, whatever points here.
fn hosts() -> Vec<Row> {
    let with = |host: &str| format!("GET /api/v1/status HTTP/1.1\r\nConnection: close\r\n{host}\r\n");
    vec![
        row("our own host", with("Host: 127.0.0.1:8067\r\n"), &[200]),
        row("our own name", with("Host: localhost:8067\r\n"), &[200]),
        row("a foreign host", with("Host: evil.example\r\n"), &[421]),
        row("a foreign host on our port", with("Host: evil.example:8067\r\n"), &[421]),
        row("a host that begins like ours", with("Host: 127.0.0.1.evil.example\r\n"), &[421]),
        row("a host that ends like ours", with("Host: evil.localhost\r\n"), &[421]),
        row("another address", with("Host: 192.168.1.1:8067\r\n"), &[421]),
        row("an address of the LAN on loopback", with("Host: 10.0.0.1:8067\r\n"), &[421]),
        row("user and host", with("Host: user@127.0.0.1:8067\r\n"), &[400, 421]),
        row("no host", with(""), &[400]),
        row("an empty host", with("Host: \r\n"), &[400, 421]),
        row("two hosts", with("Host: 127.0.0.1:8067\r\nHost: evil.example\r\n"), &[400]),
        row(
            "a request line for another host",
            "GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: 127.0.0.1:8067\r\nConnection: close\r\n\r\n",
            &[400],
        ),
        row("HTTP/1.0 without a host", "GET /api/v1/status HTTP/1.0\r\n\r\n", &[400]),
    ]
}

/// From whom: what a proxy passed on is not local.
fn proxies() -> Vec<Row> {
    let with = |header: &str| get("/api/v1/status", header);
    vec![
        row("X-Forwarded-For from loopback", with("X-Forwarded-For: 127.0.0.1\r\n"), &[401]),
        row("X-Forwarded-Host from loopback", with("X-Forwarded-Host: localhost\r\n"), &[401]),
        row("X-Forwarded-Proto from loopback", with("X-Forwarded-Proto: https\r\n"), &[401]),
        row("X-Real-IP from loopback", with("X-Real-IP: 127.0.0.1\r\n"), &[401]),
        row("Forwarded from loopback", with("Forwarded: for=127.0.0.1\r\n"), &[401]),
        row("Via from loopback", with("Via: 1.1 proxy\r\n"), &[401]),
        row("Basic", with("Authorization: Basic YTpi\r\n"), &[400]),
        row("a token that is none", with("Authorization: Bearer rebootping_00\r\n"), &[401]),
        row("an empty token", with("Authorization: Bearer \r\n"), &[400, 401]),
        row("two tokens", with("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), &[400]),
        row(
            "a session that is none, through a proxy",
            with("Via: 1.1 proxy\r\nCookie: rebootping_session=00\r\n"),
            &[401],
        ),
    ]
}

/// From which page: another site's page changes nothing.
fn origins(cookie: &str) -> Vec<Row> {
    let pin = |headers: &str| post("/api/v1/links/wan1/pin", &format!("{cookie}\r\n{JSON}{headers}"), "{}");
    vec![
        row("our page, logged in, a link nobody has", pin(OURS), &[404]),
        row("no origin", pin(""), &[403]),
        row("an origin that is null", pin("Origin: null\r\n"), &[403]),
        row("a foreign origin", pin("Origin: http://evil.example\r\n"), &[403]),
        row("our host on another port", pin("Origin: http://127.0.0.1:80\r\n"), &[403]),
        row("an origin that begins like ours", pin("Origin: http://127.0.0.1:8067.evil.example\r\n"), &[403]),
        row("two origins", pin(&format!("{OURS}Origin: http://evil.example\r\n")), &[403]),
        row("a page of another site by its own word", pin(&format!("{OURS}Sec-Fetch-Site: cross-site\r\n")), &[403]),
        row(
            "a login from another site",
            post("/api/v1/session", &format!("{JSON}Origin: http://evil.example\r\n"), &login(PASSWORD)),
            &[403],
        ),
        row("a login without origin", post("/api/v1/session", JSON, &login(PASSWORD)), &[403]),
        row(
            "a log-out from another site",
            write("DELETE", "/api/v1/session", &format!("{cookie}\r\nOrigin: http://evil.example\r\n"), ""),
            &[403],
        ),
        row("an order without a login", post("/api/v1/links/wan1/pin", &format!("{JSON}{OURS}"), "{}"), &[401]),
    ]
}

/// What scripts may: exactly what their token says.
fn tokens(read: &str, control: &str) -> Vec<Row> {
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    let (read, control) = (bearer(read), bearer(control));
    let rename = |headers: &str| {
        post("/api/v1/devices/02:00:00:00:00:09/rename", &format!("{headers}{JSON}"), "{\"name\":\"x\"}")
    };
    vec![
        row(
            "reading with a token through a proxy",
            get("/api/v1/status", &format!("{read}Via: 1.1 proxy\r\n")),
            &[200],
        ),
        row("an order with a token to read", rename(&read), &[403]),
        row("packets with a token to read", get("/api/v1/devices/02:00:00:00:00:09/pcap", &read), &[403]),
        row("packets without a token", get("/api/v1/devices/02:00:00:00:00:09/pcap", ""), &[401]),
        row("packets nobody has", get("/api/v1/devices/02:00:00:00:00:09/pcap", &control), &[404]),
        row("packets of no MAC", get("/api/v1/devices/..%2f..%2fstate/pcap", &control), &[400]),
        row("packets since never", get("/api/v1/devices/02:00:00:00:00:09/pcap?since=noon", &control), &[400]),
        row("packets followed perhaps", get("/api/v1/devices/02:00:00:00:00:09/pcap?follow=perhaps", &control), &[400]),
        row("an order for a device nobody has", rename(&control), &[409]),
        row(
            "an order with a token from another site",
            rename(&format!("{control}Origin: http://evil.example\r\n")),
            &[403],
        ),
    ]
}

/// How: bodies that are too long, of another kind, or not understood.
fn bodies(control: &str) -> Vec<Row> {
    let token = format!("Authorization: Bearer {control}\r\n");
    let with = |path: &str, body: &str| post(path, &format!("{token}{JSON}"), body);
    let of_kind = |kind: &str| post("/api/v1/session", &format!("{OURS}{kind}"), &login(PASSWORD));
    let device = "/api/v1/devices/02:00:00:00:00:09";
    let long = "x".repeat(40_000);
    let chunks = format!("400\r\n{}\r\n", "x".repeat(1024)).repeat(40);
    vec![
        row("a form", of_kind("Content-Type: application/x-www-form-urlencoded\r\n"), &[415]),
        row("plain text", of_kind("Content-Type: text/plain\r\n"), &[415]),
        row("no kind", of_kind(""), &[415]),
        row("no JSON", with(&format!("{device}/note"), "note=x"), &[400]),
        row("no body", with(&format!("{device}/note"), ""), &[400]),
        row("another type", with(&format!("{device}/note"), "{\"note\":1}"), &[400]),
        row("another field", with(&format!("{device}/note"), "{\"note\":\"x\",\"path\":\"/etc\"}"), &[400]),
        row("a body of 40 kB", with(&format!("{device}/note"), &long), &[413]),
        row(
            "a body of 40 kB in chunks",
            format!(
                "POST {device}/note HTTP/1.1\r\nHost: 127.0.0.1:8067\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n{token}{JSON}\r\n{chunks}0\r\n\r\n"
            ),
            &[413],
        ),
        row("a name that moves the cursor", with(&format!("{device}/rename"), "{\"name\":\"\\u001b[2J\"}"), &[400]),
        row(
            "a name that is too long",
            with(&format!("{device}/rename"), &format!("{{\"name\":\"{}\"}}", "x".repeat(300))),
            &[400],
        ),
        row("a mode there is not", with(&format!("{device}/capture"), "{\"mode\":\"some\"}"), &[400]),
        row("an order that lasts no time", with("/api/v1/links/wan1/pin", "{\"for\":\"0s\"}"), &[400]),
        row("a link that is a path", with("/api/v1/links/..%2f..%2fetc/pin", "{}"), &[404]),
        row("undoing what was not done", with("/api/v1/undo", "{\"id\":7}"), &[410]),
        row("a query that is not encoded", get("/api/v1/status?at=%zz", ""), &[400]),
    ]
}

/// What: paths that lead out, methods that nobody has.
fn paths() -> Vec<Row> {
    let of = |method: &str, path: &str| write(method, path, OURS, "");
    vec![
        row("the page", get("/", ""), &[200]),
        row("a path that leads out", get("/../../../etc/passwd", ""), &[404]),
        row("the same, encoded", get("/%2e%2e/%2e%2e/etc/passwd", ""), &[404]),
        row("the same, with its slashes", get("/..%2f..%2f..%2fetc%2fpasswd", ""), &[404]),
        row("the same, twice encoded", get("/%252e%252e/etc/passwd", ""), &[404]),
        row("two slashes", get("//etc/passwd", ""), &[404]),
        row("a zero", get("/index.html%00.js", ""), &[404]),
        row("a file of the source", get("/Cargo.toml", ""), &[404]),
        row("no such route", get("/api/v1/config", ""), &[404]),
        row("a verb the page has not", write("POST", "/api/v1/release", &format!("{OURS}{JSON}"), "{}"), &[404, 405]),
        row("PUT", of("PUT", "/api/v1/status"), &[405]),
        row("DELETE", of("DELETE", "/api/v1/devices"), &[405]),
        row("PATCH", of("PATCH", "/"), &[405]),
        row("TRACE", of("TRACE", "/"), &[405]),
        row("CONNECT", of("CONNECT", "/"), &[400, 404, 405]),
        row(
            "a method nobody knows, without origin",
            "BREW / HTTP/1.1\r\nHost: 127.0.0.1:8067\r\nConnection: close\r\n\r\n",
            &[403],
        ),
        row("OPTIONS", get("/api/v1/status", "").replacen("GET", "OPTIONS", 1), &[405]),
    ]
}

/// What is no HTTP, or more of it than anybody needs; nothing at all is an answer to that too.
fn no_http() -> Vec<Row> {
    let many = "X-Header: x\r\n".repeat(200);
    vec![
        row("a header of 20 kB", get("/", &format!("X-Long: {}\r\n", "x".repeat(20_000))), &[0, 400, 431]),
        row("a line of 20 kB", get(&format!("/{}", "x".repeat(20_000)), ""), &[0, 400, 414, 431]),
        row("200 headers", get("/", &many), &[0, 400, 431]),
        row("no request line", "hello\r\n\r\n", &[0, 400]),
        row("a header without a name", get("/", ": x\r\n"), &[0, 400]),
        row("a header with a zero", get("/", "X-Zero: a\0b\r\n"), &[0, 400]),
        row("a folded header", get("/", "X-Folded: a\r\n b\r\n"), &[0, 400]),
        row("a blank before the colon", get("/", "X-Blank : a\r\n"), &[0, 400]),
        row(
            "two lengths",
            post("/api/v1/session", &format!("{OURS}{JSON}Content-Length: 1\r\n"), &login(PASSWORD)),
            &[0, 400],
        ),
        row(
            "a length and chunks",
            post(
                "/api/v1/session",
                &format!("{OURS}{JSON}Transfer-Encoding: chunked\r\n"),
                "0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            ),
            &[0, 400],
        ),
        row("a length below zero", "POST / HTTP/1.1\r\nHost: 127.0.0.1:8067\r\nContent-Length: -1\r\n\r\n", &[0, 400]),
        row(
            "chunks that are not",
            "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:8067\r\nConnection: close\r\nOrigin: http://127.0.0.1:8067\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            &[0, 400, 413],
        ),
        row("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[0, 400, 505]),
        row("HTTP/9.9", "GET / HTTP/9.9\r\nHost: 127.0.0.1:8067\r\n\r\n", &[0, 400, 505]),
        row("TLS", "\u{16}\u{3}\u{1}\u{0}\u{5}hello", &[0, 400]),
    ]
}

/// What goes wrong in a row, if anything does; an answer of ours says what every answer says.
fn judge(row: &Row, reply: Option<&Reply>) -> Option<String> {
    let status = reply.map_or(0, |reply| reply.status);
    if !row.right.contains(&status) {
        return Some(format!("{}: {status}, not one of {:?}", row.what, row.right));
    }
    let is_ours = reply.is_some_and(|reply| reply.header("content-type").is_some());
    let reply = reply.filter(|_| is_ours)?;
    let dressed =
        ["content-security-policy", "x-content-type-options", "referrer-policy", "cross-origin-resource-policy"];
    let lacking = dressed.iter().find(|name| reply.header(name).is_none());
    let says = |text: &str| String::from_utf8_lossy(&reply.body).contains(text);
    if let Some(lacking) = lacking {
        return Some(format!("{}: lacks {lacking}", row.what));
    }
    (says("root:") || says(PASSWORD)).then(|| format!("{}: tells a secret", row.what))
}

#[test]
fn what_nobody_should_get_an_answer_to_gets_none() {
    let site = Site::start("refuse", "");
    let (read, control, cookie) = (site.token("read"), site.token("control"), site.log_in());
    let rows: Vec<Row> =
        [hosts(), proxies(), origins(&cookie), tokens(&read, &control), bodies(&control), paths(), no_http()]
            .into_iter()
            .flatten()
            .collect();
    let process = site.process();
    let wrong: Vec<String> =
        rows.iter().filter_map(|row| judge(row, site.send(row.request.as_bytes()).as_ref())).collect();
    println!("{} requests", rows.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(rows.len() >= 40);
    assert_eq!(site.process(), process, "none of them ended it");
}

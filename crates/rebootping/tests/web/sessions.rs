//! Logging in: what the cookie is like, what ends it, and how soon guessing ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::wait_until;

use crate::raw::connect;
use crate::site::{LIMIT, LOOPBACK, PASSWORD, Site, address, cookie, login, request};

const PROXY: &str = "Via: 1.1 proxy";

fn scope(site: &Site, headers: &[&str]) -> serde_json::Value {
    site.get("/api/v1/session", headers).json()["scope"].clone()
}

#[test]
fn a_session_is_a_cookie_no_script_reads_and_ends_with_the_password() {
    let site = Site::start("session", "");
    let reply = site.post("/api/v1/session", &[], &login(PASSWORD));
    let set = reply.header("set-cookie").expect("a cookie");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.split("; ").any(|part| part == attribute), "{set}");
    }
    let session = cookie(&reply);
    assert_eq!(scope(&site, &[&session, PROXY]), "control");
    assert_eq!(scope(&site, &[PROXY]), serde_json::Value::Null);
    assert_eq!(scope(&site, &[]), "read", "who is local may read");
    let out = request("DELETE", "/api/v1/session", LOOPBACK, &[&session, "Origin: http://127.0.0.1:8067"], "");
    assert_eq!(site.send(&out).expect("an answer").status, 200);
    assert_eq!(scope(&site, &[&session, PROXY]), serde_json::Value::Null, "logged out");
    let session = site.log_in();
    site.set_password("another password");
    assert_eq!(scope(&site, &[&session, PROXY]), serde_json::Value::Null, "of another password");
    assert_eq!(site.post("/api/v1/session", &[], &login(PASSWORD)).status, 401);
    assert_eq!(site.post("/api/v1/session", &[], &login("another password")).status, 200);
}

#[test]
fn a_session_outlasts_the_web_process_and_its_end_does_too() {
    let site = Site::start("outlast", "");
    let (stays, ended) = (site.log_in(), site.log_in());
    let out = request("DELETE", "/api/v1/session", LOOPBACK, &[&ended, "Origin: http://127.0.0.1:8067"], "");
    assert_eq!(site.send(&out).expect("an answer").status, 200);
    let before = site.process().expect("it runs");
    kill(Pid::from_raw(before), Signal::SIGKILL).expect("it runs");
    wait_until("another serves", LIMIT, || {
        site.process().is_some_and(|pid| pid != before) && connect(site.yard.gw(), address(LOOPBACK)).is_ok()
    });
    assert_eq!(scope(&site, &[&stays, PROXY]), "control");
    assert_eq!(scope(&site, &[&ended, PROXY]), serde_json::Value::Null);
    let ledger = site.yard.dir().join("run/web/sessions");
    let text = fs::read_to_string(&ledger).expect("it is there");
    let secret = stays.rsplit('=').next().expect("a secret");
    assert!(!text.contains(secret));
    assert_eq!(fs::metadata(&ledger).expect("it is there").permissions().mode() & 0o777, 0o600);
    site.set_password("another password");
    assert_eq!(scope(&site, &[&stays, PROXY]), serde_json::Value::Null, "of another password");
}

#[test]
fn secrets_are_hashed_and_for_the_page_alone() {
    let site = Site::start("secret", "");
    let token = site.token("control");
    for file in ["password", "tokens"] {
        let path = site.secrets().join(file);
        let text = fs::read_to_string(&path).expect("it is there");
        assert!(!text.contains(PASSWORD) && !text.contains(&token), "{file}");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o640, "{file}");
    }
    let header = format!("Authorization: Bearer {token}");
    assert_eq!(scope(&site, &[&header]), "control");
    assert!(site.daemon.cli(&["web", "token", "revoke", "control"]).status.success());
    assert_eq!(site.get("/api/v1/session", &[&header]).status, 401, "revoked");
    assert!(!site.daemon.cli(&["web", "token", "revoke", "control"]).status.success());
}

#[test]
fn a_thousand_wrong_logins_are_five_looked_at() {
    let site = Site::start("guess", "");
    let session = site.log_in();
    let begun = Instant::now();
    let mut seen = [0, 0];
    for guess in 0..1_000 {
        let reply = site.post("/api/v1/session", &[], &login(&format!("guess {guess}")));
        match reply.status {
            401 => seen[0] += 1,
            429 => {
                seen[1] += 1;
                let wait: u64 = reply.header("retry-after").and_then(|it| it.parse().ok()).expect("how long");
                assert!((1..=900).contains(&wait), "{wait}");
            }
            other => panic!("{other}"),
        }
    }
    println!("1,000 wrong logins in {:?}", begun.elapsed());
    assert_eq!(seen, [5, 995]);
    assert_eq!(site.post("/api/v1/session", &[], &login(PASSWORD)).status, 429, "the right one waits too");
    assert_eq!(scope(&site, &[&session, PROXY]), "control", "who is logged in stays so");
    let told = site.daemon.log().matches("web: a login from 127.0.0.1 failed").count();
    assert_eq!(told, 5, "each that was looked at is in the log");
}

#[test]
fn without_a_password_nobody_logs_in() {
    let site = Site::start("nopass", "");
    fs::remove_file(site.secrets().join("password")).expect("it is there");
    let reply = site.post("/api/v1/session", &[], &login(PASSWORD));
    assert_eq!(reply.status, 409);
    assert!(reply.json()["error"].as_str().is_some_and(|text| text.contains("rebootping passwd")));
    fs::write(site.secrets().join("password"), "damaged\n").expect("it can be written");
    assert_eq!(site.post("/api/v1/session", &[], &login(PASSWORD)).status, 500);
    assert_eq!(site.get("/api/v1/status", &[]).status, 200, "reading goes on");
}

#[test]
fn another_password_is_not_taken_if_it_is_too_short() {
    let site = Site::start("short", "");
    let output = site.yard.gw().try_run(&format!(
        "echo short | {} --config {} passwd",
        env!("CARGO_BIN_EXE_rebootping"),
        site.daemon.config_path().display()
    ));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("at least 8 characters"));
    wait_until("the old one holds", LIMIT, || site.post("/api/v1/session", &[], &login(PASSWORD)).status == 200);
}

#[test]
fn once_a_name_is_allowed_everything_takes_a_login() {
    let site = Site::start("names", "allowed_hosts = [\"gw.example\"]");
    assert_eq!(site.get("/api/v1/status", &[]).status, 401);
    assert_eq!(site.get("/api/v1/session", &[]).json()["login"], true);
    let session = site.log_in();
    let named =
        |path: &str, headers: &[&str]| site.send(&request("GET", path, "gw.example", headers, "")).expect("an answer");
    assert_eq!(named("/api/v1/status", &[&session]).status, 200);
    assert_eq!(named("/", &[]).status, 200, "the page asks for the login");
    let headers = [session.as_str(), "Origin: https://gw.example", "Content-Type: application/json", "Via: 1.1 proxy"];
    let order = request("POST", "/api/v1/links/wan9/retry", LOOPBACK, &headers, "{}");
    assert_eq!(site.send(&order).expect("an answer").status, 404, "a proxy's own host before ours is our page's");
    let begun = Instant::now();
    assert_eq!(site.get("/api/v1/status", &[&session]).status, 200);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

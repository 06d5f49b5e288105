//! The page on the LAN: behind a login, over TLS if there is a certificate, and never on an Internet link.

use std::net::SocketAddr;

use rebootping_lab::{Lab, wait_until};

use crate::raw::{Reply, connect, exchange};
use crate::site::{LAN, LIMIT, LOOPBACK, PASSWORD, Site, address, cookie, login, request};

const LISTEN: &str = "listen = [\"127.0.0.1:8067\", \"10.0.0.1:8067\"]";

/// Asks from the LAN.
fn ask(site: &Site, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
    let stream = connect(site.yard.street(), address(LAN)).expect("it is served");
    exchange(stream, &request(method, path, LAN, headers, body)).expect("an answer")
}

/// How often the page's process had to be started again.
fn restarts(site: &Site) -> u64 {
    let status = site.daemon.status();
    let mut processes = status["processes"].as_array().expect("a list").iter();
    let web = processes.find(|process| process["name"] == "web").expect("it is listed");
    web["restarts"].as_u64().expect("a number")
}

#[test]
fn from_the_lan_everything_takes_a_login() {
    let site = Site::start("lan", LISTEN);
    wait_until("the LAN is served", LIMIT, || connect(site.yard.street(), address(LAN)).is_ok());
    assert_eq!(ask(&site, "GET", "/", &[], "").status, 200);
    assert_eq!(ask(&site, "GET", "/api/v1/status", &[], "").status, 401);
    let session = ask(&site, "GET", "/api/v1/session", &[], "").json();
    assert_eq!((session["login"].clone(), session["plain_http"].clone()), (true.into(), true.into()));
    let ours = ["Origin: http://10.0.0.1:8067", "Content-Type: application/json"];
    let reply = ask(&site, "POST", "/api/v1/session", &ours, &login(PASSWORD));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(ask(&site, "GET", "/api/v1/status", &[&cookie(&reply)], "").status, 200);
    let foreign = request("GET", "/", LOOPBACK, &[], "");
    let stream = connect(site.yard.street(), address(LAN)).expect("it is served");
    assert_eq!(exchange(stream, &foreign).expect("an answer").status, 421, "loopback is not a name for the LAN");
    let log = site.daemon.log();
    assert!(log.contains("http://10.0.0.1:8067/; without TLS everybody in that network can read"), "{log}");
}

#[test]
fn over_tls_the_cookie_is_for_tls_alone_and_without_a_certificate_nothing_is_served() {
    let site = Site::start("tls", "");
    let (certificate, key) = (site.yard.dir().join("cert.pem"), site.yard.dir().join("key.pem"));
    site.yard.gw().run(&format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=10.0.0.1 -addext subjectAltName=IP:10.0.0.1 -keyout {} -out {} 2>&1",
        key.display(),
        certificate.display()
    ));
    let web = |cert: &str| format!("[web]\n{LISTEN}\ntls_cert = \"{cert}\"\ntls_key = \"{}\"\n", key.display());
    site.daemon.reload(Some(&web(&certificate.display().to_string())));
    let curl = format!(
        "curl -s -i -m 10 --cacert {} -X POST -H 'Origin: https://10.0.0.1:8067' -H 'Content-Type: application/json' -d '{}' https://10.0.0.1:8067/api/v1/session",
        certificate.display(),
        login(PASSWORD)
    );
    let mut said = String::new();
    wait_until("TLS is spoken", LIMIT, || {
        said = String::from_utf8_lossy(&site.yard.street().try_run(&curl).stdout).into_owned();
        said.contains("200 OK")
    });
    assert!(said.contains("; Secure") && said.contains("strict-transport-security: max-age="), "{said}");
    let plain = site.send(&request("GET", "/", LOOPBACK, &[], ""));
    assert!(plain.is_none_or(|reply| reply.status == 400), "plain HTTP has no answer");
    assert_eq!(restarts(&site), 0, "whoever begins with other settings was not started again");
    site.daemon.reload(Some(&web("/etc/hostname")));
    wait_until("a certificate that is none is said", LIMIT, || {
        site.daemon.log().contains("the page is not served: /etc/hostname")
    });
    wait_until("nothing is served", LIMIT, || connect(site.yard.street(), address(LAN)).is_err());
}

#[test]
fn an_internet_link_is_not_served_unless_told() {
    let lab = Lab::builder("weblink").isps(1).binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let found = lab.gw().run("ip -4 -o addr show dev wan1");
    let wan = found.split_whitespace().nth(3).and_then(|text| text.split('/').next()).expect("wan1 has an address");
    let at_wan: SocketAddr = format!("{wan}:8067").parse().expect("an address");
    let web = |allow: bool| format!("[web]\nlisten = [\"127.0.0.1:8067\", \"{wan}:8067\"]\nallow_links = {allow}\n");
    let daemon = lab.gw().daemon(&web(false));
    daemon.wait_ready();
    wait_until("it is said", LIMIT, || daemon.log().contains("that is the Internet link wan1"));
    wait_until("loopback is served", LIMIT, || connect(&lab.gw(), address(LOOPBACK)).is_ok());
    assert!(connect(&lab.gw(), at_wan).is_err());
    daemon.reload(Some(&web(true)));
    wait_until("the operator's word counts", LIMIT, || connect(&lab.gw(), at_wan).is_ok());
}

#[test]
fn enabling_with_a_file_of_its_own_says_what_to_write() {
    let site = Site::start("enable", "");
    let output = site.daemon.cli(&["web", "enable"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("listen = [\"127.0.0.1:8067\", \"10.0.0.1:8067\"]"), "{said}");
    let output = site.daemon.cli(&["web", "enable", "--address", "192.0.2.1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("192.0.2.1 is no address of the LAN; those are: 10.0.0.1 (lan0)"), "{said}");
}

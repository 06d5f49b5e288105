//! A test goes to each kind of place, and says what became of it; what is not sent is a finding, on the page and among the numbers.

use crate::internet::{MAIL_SERVER, PYTHON, SECRETS, STARTED_WITHIN, USER, certify, spawn};
use rebootping_lab::{Daemon, Yard, wait_until};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

const WEB_SERVER: &str = include_str!("web_server.py");
/// The mail server speaks TLS from the first byte on at this port, the web server at that.
const MAIL: u16 = 2465;
const WEB: u16 = 8443;
const LIMIT: Duration = Duration::from_secs(120);

/// The servers on the gateway itself, until dropped.
struct Servers(Vec<Child>);

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Both fail only when it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Servers {
    fn start(yard: &Yard) -> Self {
        let folder = yard.dir();
        let etc = certify(yard.gw(), folder, "mail.example");
        fs::write(etc.join("hosts"), "127.0.0.1 localhost\n127.0.0.1 mail.example other.example\n").expect("names");
        let file = |name: &str| folder.join(name).display().to_string();
        let serve = |script: &str, text: &str, port: u16, rest: &[&str]| {
            fs::write(folder.join(script), text).expect("a script");
            let mut command = yard.gw().command(PYTHON);
            command.args([&file(script), "127.0.0.1", &port.to_string(), &file("mail.crt"), &file("mail.key")]);
            spawn(command.args(rest), &folder.join(format!("{script}.log")))
        };
        let mail = serve("mail_server.py", MAIL_SERVER, MAIL, &[USER, SECRETS[2], &file("mails"), "tls"]);
        let web = serve("web_server.py", WEB_SERVER, WEB, &[&file("posts")]);
        for port in [MAIL, WEB] {
            let listens = || yard.gw().enter(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
            wait_until("a server listens", STARTED_WITHIN, listens);
        }
        Self(vec![mail, web])
    }
}

/// What a server wrote down, in order.
fn noted(yard: &Yard, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(yard.dir().join(file)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn secret(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("a secret");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its mode");
    path.display().to_string()
}

/// `[alerts]` and a hook with these addresses, password and program.
fn config(yard: &Yard, [webhook, ntfy, password, hook]: [&str; 4]) -> String {
    let folder = yard.dir();
    let script = folder.join("hook");
    fs::write(&script, format!("#!/bin/sh\n{hook}\n")).expect("a hook");
    fs::set_permissions(&script, Permissions::from_mode(0o755)).expect("its mode");
    format!(
        "[commit]\ntimeout = \"1s\"\n[hooks]\nalert = [\"{}\"]\n[alerts]\nwebhook_url_file = \"{}\"\nwebhook_token_file = \"{}\"\nntfy_url_file = \"{}\"\nntfy_token_file = \"{}\"\nsmtp_server = \"mail.example:{MAIL}\"\nsmtp_security = \"tls\"\nsmtp_user = \"{USER}\"\nsmtp_password_file = \"{}\"\nsmtp_from = \"gateway@example.org\"\nsmtp_to = [\"admin@example.org\"]\n",
        script.display(),
        secret(folder, "hook.url", webhook),
        secret(folder, "hook.token", SECRETS[1]),
        secret(folder, "ntfy.url", ntfy),
        secret(folder, "ntfy.token", "token-of-the-topic"),
        secret(folder, "mail.password", password),
    )
}

fn curl(yard: &Yard, path: &str) -> String {
    yard.gw().run(&format!("curl --silent --show-error http://127.0.0.1:8067/{path}"))
}

#[test]
fn a_test_says_what_became_of_it_at_each_kind_of_place() {
    let yard = Yard::build("places", env!("CARGO_BIN_EXE_rebootping"));
    let _servers = Servers::start(&yard);
    let (webhook, ntfy) =
        (format!("https://mail.example:{WEB}/{}", SECRETS[0]), format!("https://mail.example:{WEB}/topic"));
    let daemon = yard.daemon(&config(&yard, [&webhook, &ntfy, SECRETS[2], "cat >/dev/null"]));
    daemon.wait_ready();
    wait_until("there is a courier", LIMIT, || daemon.process("courier").is_some());
    let test = daemon.cli(&["alerts", "test"]);
    assert!(test.status.success(), "{test:?}");
    let said = String::from_utf8_lossy(&test.stdout).into_owned();
    assert_eq!(said, "hook: taken\nmail: taken\nntfy: taken\nwebhook: taken\n");
    check_arrived(&yard);
    let status = daemon.status();
    let sinks = status["alerts"]["sinks"].as_array().cloned().unwrap_or_default();
    assert_eq!(sinks.len(), 4, "{status}");
    assert!(sinks.iter().all(|sink| sink["taken"] == 1 && sink["error"].is_null()), "{status}");
    assert!(status["remote_write"].is_null(), "{status}");

    refused_everywhere(&yard, &daemon);
    let shown = [daemon.log(), daemon.status().to_string(), curl(&yard, "metrics")].concat();
    for secret in [SECRETS[0], SECRETS[1], SECRETS[2], "token-of-the-topic", "not-the-password"] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
}

fn check_arrived(yard: &Yard) {
    let mails = noted(yard, "mails");
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!((&mails[0]["encrypted"], &mails[0]["user"]), (&true.into(), &USER.into()), "{mails:?}");
    assert_eq!(mails[0]["to"], serde_json::json!(["admin@example.org"]));
    let mut posts = noted(yard, "posts");
    posts.sort_by_key(|post| post["path"].to_string());
    assert_eq!(posts.len(), 2, "{posts:?}");
    let [hook, topic] = [&posts[0], &posts[1]];
    assert_eq!(hook["path"], format!("/{}", SECRETS[0]));
    assert_eq!(hook["headers"]["Authorization"], format!("Bearer {}", SECRETS[1]));
    let json: Value = serde_json::from_str(hook["text"].as_str().expect("text")).expect("JSON");
    assert_eq!((&json["kind"], &hook["headers"]["Idempotency-Key"]), (&"test".into(), &json["id"]), "{hook}");
    assert_eq!(topic["text"], "This is a test: alerts arrive here.");
    let headers = &topic["headers"];
    assert_eq!((&headers["Title"], &headers["Priority"]), (&"Test".into(), &"default".into()), "{topic}");
    assert_eq!(headers["Authorization"], "Bearer token-of-the-topic");
}

/// A topic that is wrong, a server that is another one, a wrong password, and a program that hangs.
fn refused_everywhere(yard: &Yard, daemon: &Daemon) {
    let courier = daemon.process("courier");
    let addresses = [format!("https://mail.example:{WEB}/wrong"), format!("https://other.example:{WEB}/topic")];
    daemon.reload(Some(&config(yard, [&addresses[0], &addresses[1], "not-the-password", "exec sleep 1000"])));
    let is_another = || daemon.process("courier").is_some_and(|pid| Some(pid) != courier);
    wait_until("a courier has the other places", LIMIT, is_another);
    let test = daemon.cli(&["alerts", "test"]);
    let said = String::from_utf8_lossy(&test.stderr).into_owned();
    assert!(!test.status.success(), "{said}");
    let expected = [
        "hook: it took too long and was ended; it waits",
        "mail: the mail server answers the password with 535 5.7.8 Authentication credentials invalid; it waits",
        "ntfy: other.example shows a certificate that this machine does not trust",
        "webhook: refused: mail.example answers with status 400 the topic is wrong",
    ];
    let script = format!("{}: ", yard.dir().join("hook").display());
    let said = said.replace(&script, "");
    for line in expected {
        assert!(said.contains(line), "{line:?} is not in {said}");
    }

    let shown = String::from_utf8_lossy(&daemon.cli(&["status"]).stdout).into_owned();
    for line in [
        "NOT SENT: a message waits for the hook: ",
        "NOT SENT: the last message was refused by the webhook for good: mail.example answers with status 400 the topic is wrong\n",
        "1 message refused by the webhook\n",
    ] {
        assert!(shown.contains(line), "{line:?} is not in {shown}");
    }
    let check = daemon.cli(&["check", "--json"]);
    let found: Value = serde_json::from_slice(&check.stdout).expect("JSON");
    let found: Vec<&Value> =
        found["findings"].as_array().into_iter().flatten().filter(|it| it["about"] == "alerts").collect();
    assert_eq!((found.len(), check.status.code()), (4, Some(1)), "{found:?}");
    let is_whole = |it: &&Value| {
        let remedy = it["remedy"].as_str().unwrap_or_default();
        it["severity"] == "mend" && remedy == "mend what the message names, then: rebootping alerts test"
    };
    assert!(found.iter().all(is_whole), "{found:?}");
    let overview: Value = serde_json::from_str(&curl(yard, "api/v1/overview")).expect("JSON");
    let problems = overview["problems"].as_array().cloned().unwrap_or_default();
    let is_told = |problem: &Value| {
        let text = problem["text"].as_str().unwrap_or_default();
        text.starts_with("a message waits for the mail: ") && problem["mend"] == "rebootping alerts test"
    };
    assert!(problems.iter().any(is_told), "{problems:?}");
    let numbers = curl(yard, "metrics");
    for line in [
        "rebootping_alerts_total{sink=\"webhook\",fate=\"refused\"} 1\n",
        "rebootping_alerts_total{sink=\"mail\",fate=\"taken\"} 1\n",
        "rebootping_alerts_waiting{sink=\"mail\"} 1\n",
    ] {
        assert!(numbers.contains(line), "{line:?} is not in {numbers}");
    }
}

//! A gateway with the daemon and its page, the password set, and short words for asking it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rebootping_lab::{Daemon, Yard, wait_until};

use crate::raw::{Reply, connect, exchange};

/// The gateway's own, on `lan0`.
pub(crate) const GATEWAY: [u8; 6] = [0x02, 0, 0, 0, 0, 1];
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const LOOPBACK: &str = "127.0.0.1:8067";
pub(crate) const LAN: &str = "10.0.0.1:8067";
/// The machine may be busy.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// A gateway whose page is served.
pub(crate) struct Site {
    pub(crate) daemon: Daemon,
    // Behind the daemon: its drop removes the daemon's log.
    pub(crate) yard: Yard,
}

impl Site {
    /// Starts it with this under `[web]`. Its LAN is 10.0.0.0/24 on `lan0`, in which the street has 10.0.0.2.
    #[track_caller]
    pub(crate) fn start(prefix: &str, web: &str) -> Self {
        let yard = Yard::build(prefix, env!("CARGO_BIN_EXE_rebootping"));
        yard.lay_cable("lan0", "02:00:00:00:00:01");
        yard.gw().run("ip addr add 10.0.0.1/24 dev lan0");
        yard.street().run("ip addr add 10.0.0.2/24 dev lan0");
        let daemon = yard.daemon(&format!("[web]\n{web}\n"));
        daemon.wait_ready();
        let site = Self { daemon, yard };
        wait_until("the page is served", LIMIT, || connect(site.yard.gw(), address(LOOPBACK)).is_ok());
        site.set_password(PASSWORD);
        site
    }

    /// Sets the password as a script does.
    #[track_caller]
    pub(crate) fn set_password(&self, password: &str) {
        let mut command = self.yard.gw().command(env!("CARGO_BIN_EXE_rebootping"));
        command.arg("--config").arg(self.daemon.config_path()).arg("passwd");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
        child.stdin.take().expect("a pipe").write_all(format!("{password}\n").as_bytes()).expect("it reads");
        assert!(child.wait().expect("its end").success(), "passwd");
    }

    /// A new token with that scope.
    #[track_caller]
    pub(crate) fn token(&self, scope: &str) -> String {
        let output = self.daemon.cli(&["web", "token", "add", scope, "--scope", scope]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Sends these bytes from the gateway itself.
    pub(crate) fn send(&self, request: &[u8]) -> Option<Reply> {
        exchange(connect(self.yard.gw(), address(LOOPBACK)).expect("it is served"), request)
    }

    /// Asks from the gateway itself, with headers beside `Host`.
    #[track_caller]
    pub(crate) fn get(&self, path: &str, headers: &[&str]) -> Reply {
        self.send(&request("GET", path, LOOPBACK, headers, "")).expect("an answer")
    }

    /// Writes from the gateway itself as the page does.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, headers: &[&str], body: &str) -> Reply {
        let headers = [headers, &["Origin: http://127.0.0.1:8067", "Content-Type: application/json"]].concat();
        self.send(&request("POST", path, LOOPBACK, &headers, body)).expect("an answer")
    }

    /// Logs in; the cookie header of the session.
    #[track_caller]
    pub(crate) fn log_in(&self) -> String {
        let reply = self.post("/api/v1/session", &[], &login(PASSWORD));
        assert_eq!(reply.status, 200, "{reply:?}");
        cookie(&reply)
    }

    /// The folder of its secrets.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.yard.dir().join("state/web")
    }

    /// The process id of the web process.
    pub(crate) fn process(&self) -> Option<i32> {
        web_process(&self.daemon)
    }
}

/// The process id of a daemon's web process.
pub(crate) fn web_process(daemon: &Daemon) -> Option<i32> {
    process(daemon, "web")
}

/// The process id of one of a daemon's processes.
pub(crate) fn process(daemon: &Daemon, name: &str) -> Option<i32> {
    daemon.process(name)
}

/// The cookie header that an answer's `Set-Cookie` asks for.
#[track_caller]
pub(crate) fn cookie(reply: &Reply) -> String {
    let set = reply.header("set-cookie").expect("a cookie");
    format!("Cookie: {}", set.split(';').next().unwrap_or_default())
}

pub(crate) fn login(password: &str) -> String {
    format!("{{\"password\":\"{password}\"}}")
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// A request whose connection ends with its answer.
pub(crate) fn request(method: &str, path: &str, host: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    if !body.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(text, "Content-Length: {}\r\n", body.len());
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

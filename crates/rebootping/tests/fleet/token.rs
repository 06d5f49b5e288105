//! A courier that its unit started sends minutes to a real Prometheus behind a gate that wants a token.

use crate::engine::Engine;
use rebootping_lab::{Lab, wait_until};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A minute is told well after its end, and a failure is followed by a pause.
const LIMIT: Duration = Duration::from_secs(300);
const ENGINE: &str = "8.8.8.8:9090";
const GATE: &str = "8.8.8.8:9091";
const TOKEN: &str = "token-of-the-engine";
const UNIT: &str = include_str!("../../../../dist/systemd/rebootping-courier.service");

/// A process that is ended when the test is over.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It ends its own processes where it can.
        let _ = kill(Pid::from_raw(self.0.id() as i32), Signal::SIGTERM);
        drop(self.0.wait());
    }
}

/// A daemon that units join.
struct Gateway<'lab> {
    lab: &'lab Lab,
    config: PathBuf,
    folder: PathBuf,
    daemon: Running,
}

impl<'lab> Gateway<'lab> {
    fn start(lab: &'lab Lab, config: &str) -> Self {
        let first = lab.gw().daemon(config);
        let config = first.config_path().to_owned();
        first.wait_ready();
        assert!(first.terminate().0.success());
        let folder = config.with_file_name("join");
        let mut command = lab.gw().command(env!("CARGO_BIN_EXE_rebootping"));
        command.arg("--config").arg(&config).args(["run", "--join"]).arg(&folder);
        let daemon = Running(command.stderr(Stdio::null()).spawn().expect("`ip` starts"));
        Self { lab, config, folder, daemon }
    }

    /// The courier as its unit starts it: as its user, with its one capability.
    fn join(&self) -> Running {
        let socket = self.folder.join("courier");
        wait_until("it can be joined", LIMIT, || socket.exists());
        let user = fs::metadata(&socket).expect("it is there").uid().to_string();
        let powers = UNIT.lines().find_map(|line| line.strip_prefix("AmbientCapabilities=")).expect("the unit says so");
        let powers = format!("-all,{}", powers.to_lowercase().replace("cap_", "+").replace(' ', ","));
        let script = "exec setpriv --reuid=$1 --regid=$1 --clear-groups --no-new-privs --inh-caps=$2 --ambient-caps=$2 \
                      --bounding-set=$2 \"$3\" courier --join \"$4\"";
        let mut command: Command = self.lab.gw().command("sh");
        command.args(["-c", script, "sh", &user, &powers, env!("CARGO_BIN_EXE_rebootping")]).arg(&self.folder);
        Running(command.stdin(Stdio::null()).spawn().expect("`ip` starts"))
    }

    fn cli(&self, arguments: &[&str]) -> Value {
        let mut command = self.lab.gw().command(env!("CARGO_BIN_EXE_rebootping"));
        let output = command.arg("--config").arg(&self.config).args(arguments).output().expect("`ip` starts");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// How it goes with minutes for the engine.
    fn sending(&self) -> Value {
        self.cli(&["status", "--json"])["remote_write"].clone()
    }

    fn courier(&self) -> Value {
        let status = self.cli(&["status", "--json"]);
        let all = status["processes"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|process| process["name"] == "courier").unwrap_or_default()
    }

    fn reload(&self) {
        kill(Pid::from_raw(self.daemon.0.id() as i32), Signal::SIGHUP).expect("it runs");
    }
}

/// Lets those in who have the token, and knows how long their messages were.
#[derive(Clone, Default)]
struct Gate(Arc<Mutex<Vec<usize>>>);

impl Gate {
    fn open(lab: &Lab) -> Self {
        let gate = Self::default();
        let opened = gate.clone();
        lab.net().enter(move || {
            let listener = TcpListener::bind(GATE).expect("a port on the Internet");
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    // Who breaks off is not let in.
                    let _passed = opened.pass(stream);
                }
            });
        });
        gate
    }

    fn lengths(&self) -> Vec<usize> {
        self.0.lock().expect("no panic while it is held").clone()
    }

    fn pass(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if !head.contains(&format!("Authorization: Bearer {TOKEN}\r\n")) {
            return stream.write_all(b"HTTP/1.1 401 Unauthorized\r\n\r\nno such token\n");
        }
        let mut engine = TcpStream::connect(ENGINE)?;
        engine.write_all(&[head.as_bytes(), &body].concat())?;
        let mut answer = Vec::new();
        engine.read_to_end(&mut answer)?;
        self.0.lock().expect("no panic while it is held").push(length);
        stream.write_all(&answer)
    }
}

fn keep(path: &Path, token: &str) {
    fs::write(path, token).expect("a secret");
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("its mode");
}

#[test]
fn a_courier_of_a_unit_sends_minutes_with_a_token_and_says_why_it_cannot_without() {
    let lab = Lab::builder("token").isps(3).ipv6(true).default_targets(true).without_shorewall();
    let lab = lab.binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let engine = Engine::prometheus(lab.net(), &lab.dir(), ENGINE, "");
    let gate = Gate::open(&lab);
    let secret = lab.dir().join("token");
    keep(&secret, "another-token");
    let gateway = Gateway::start(
        &lab,
        &format!(
            "[remote_write]\nurl = \"http://{GATE}/api/v1/write\"\nsite = \"home\"\nsecret_file = \"{}\"\n",
            secret.display()
        ),
    );
    let courier = gateway.join();
    wait_until("it has joined", LIMIT, || gateway.courier()["state"] == "running");
    let why = || gateway.sending()["error"].as_str().unwrap_or_default().to_owned();
    wait_until("it is not let in", LIMIT, || why() == "8.8.8.8 answered 401 no such token");
    check_told(&gateway);

    keep(&secret, TOKEN);
    gateway.reload();
    // Its unit would start it again.
    drop(courier);
    let _courier = gateway.join();
    wait_until("it is let in", LIMIT, || gateway.sending()["taken"].as_u64() > Some(0));
    wait_until("nothing waits", LIMIT, || gateway.sending()["error"].is_null());
    let sending = gateway.sending();
    assert!(sending["last_taken"].is_string() && sending["refused"] == 0, "{sending}");
    assert_eq!(gateway.courier()["state"], "running", "the daemon has started none itself");
    let used = engine.ask("rebootping_link_used{site=\"home\"}");
    assert_eq!(used.len(), 6, "three links in two families: {used:?}");
    // What docs/fleet.md calculates with.
    println!("three links in two families: {} samples, bodies of {:?} bytes", sending["taken"], gate.lengths());
}

/// It is a finding with what mends it, a problem of the page's, and a number.
fn check_told(gateway: &Gateway<'_>) {
    let check = gateway.cli(&["check", "--json"]);
    let found = check["findings"].as_array().into_iter().flatten().find(|it| it["about"] == "remote_write");
    let found = found.unwrap_or_else(|| panic!("it is no finding: {check}"));
    assert!(
        found["text"].as_str().is_some_and(|text| text.ends_with("8.8.8.8 answered 401 no such token.")),
        "{found}"
    );
    assert_eq!((&found["severity"], found["remedy"].is_string()), (&"mend".into(), true), "{found}");
    let curl = |path: &str| gateway.lab.gw().run(&format!("curl --silent http://127.0.0.1:8067/{path}"));
    let overview: Value = serde_json::from_str(&curl("api/v1/overview")).expect("JSON");
    let is_told = |problem: &Value| problem["text"].as_str().is_some_and(|text| text.contains("answered 401"));
    assert!(overview["problems"].as_array().is_some_and(|all| all.iter().any(is_told)), "{overview}");
    let numbers = curl("metrics");
    assert!(numbers.contains("\nrebootping_remote_write_samples_total{fate=\"taken\"} 0\n"), "{numbers}");
    let waiting = numbers.lines().find_map(|line| line.strip_prefix("rebootping_remote_write_waiting_minutes "));
    assert!(waiting.is_some_and(|waiting| waiting != "0"), "{numbers}");
}

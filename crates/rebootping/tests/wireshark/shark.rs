//! tshark on a gateway, with rebootping among its extcap programs and no other.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Daemon, Ns, wait_until};

/// tshark looks through all of its interfaces first; the machine may be busy.
const START_LIMIT: Duration = Duration::from_secs(60);
/// What is sent while a capture begins is sent this often.
const BETWEEN: Duration = Duration::from_millis(200);
/// Nothing that was sent before comes later than that.
const SETTLED: Duration = Duration::from_secs(3);
/// Wireshark gives an extcap program so long to end by itself; ours takes no second.
pub(crate) const END_LIMIT: Duration = Duration::from_secs(15);

/// Wireshark, installed on a gateway.
pub(crate) struct Wireshark {
    ns: Ns,
    extcap: PathBuf,
    home: PathBuf,
    environment: Vec<(String, String)>,
}

impl Wireshark {
    /// Installs it for a daemon's configuration, with files below `dir`.
    #[track_caller]
    pub(crate) fn install(ns: &Ns, daemon: &Daemon, dir: &Path) -> Self {
        let wireshark = Self::absent(ns, dir);
        let output = wireshark.rebootping(daemon, &["wireshark", "install", "--system"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        wireshark
    }

    /// Wireshark on a computer on which nothing of rebootping runs, with files below `dir`; nothing is installed yet.
    pub(crate) fn absent(ns: &Ns, dir: &Path) -> Self {
        let (extcap, home) = (dir.join("extcap"), dir.join("home"));
        fs::create_dir_all(&extcap).and_then(|()| fs::create_dir_all(&home)).expect("folders");
        Self { ns: ns.clone(), extcap, home, environment: Vec::new() }
    }

    /// The same with a variable in the environment.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let environment = [self.environment.clone(), vec![(name.to_owned(), value.to_owned())]].concat();
        Self { ns: self.ns.clone(), extcap: self.extcap.clone(), home: self.home.clone(), environment }
    }

    /// Runs `rebootping ARGUMENTS` where there is no daemon: its exit code and all it says.
    pub(crate) fn alone(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(env!("CARGO_BIN_EXE_rebootping")).args(arguments).output().expect("`ip` starts");
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8"))
    }

    /// Runs `rebootping --config FILE ARGUMENTS` where it sees what Wireshark sees.
    pub(crate) fn rebootping(&self, daemon: &Daemon, arguments: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_rebootping"));
        command.arg("--config").arg(daemon.config_path()).args(arguments).output().expect("`ip` starts")
    }

    /// What a run of tshark prints, standard error after standard output.
    pub(crate) fn tshark(&self, arguments: &[&str]) -> (Option<i32>, String) {
        // One that waits for what never comes fails the test that asked.
        let output = self.command("timeout").args(["60", "tshark"]).args(arguments).output().expect("`ip` starts");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).expect("UTF-8"))
    }

    /// Starts a capture on an interface and waits until it has begun.
    #[track_caller]
    pub(crate) fn capture(&self, interface: &str, arguments: &[&str]) -> Capture {
        let mut command = self.command("tshark");
        command.args(["-l", "-i", interface]).args(arguments);
        let capture = Capture::begin(command, interface);
        wait_until("tshark has started the program that captures", START_LIMIT, || !capture.programs().is_empty());
        capture
    }

    /// Makes one of Wireshark's calls about an interface, as it does.
    pub(crate) fn call(&self, interface: &str, arguments: &[&str]) -> Capture {
        let mut command = self.command(env!("CARGO_BIN_EXE_rebootping"));
        command.args(arguments);
        Capture::begin(command, interface)
    }

    /// A command that sees one folder of extcap programs, wherever Wireshark looks for them.
    fn command(&self, program: &str) -> Command {
        let mut command = self.ns.command("sh");
        let script = r#"mount --bind "$0" "$1" && shift && exec "$@""#;
        command.args(["-c", script]).arg(&self.extcap).arg(system_folder()).arg(program);
        command.env("HOME", &self.home).envs(self.environment.iter().cloned()).stdin(Stdio::null());
        command
    }
}

/// A running tshark; dropping it kills it.
pub(crate) struct Capture {
    child: Child,
    interface: String,
    lines: Receiver<String>,
    said: Receiver<String>,
}

impl Capture {
    fn begin(mut command: Command, interface: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("`ip` starts");
        let lines = lines_of(child.stdout.take().expect("piped"));
        let said = lines_of(child.stderr.take().expect("piped"));
        Self { child, interface: interface.to_owned(), lines, said }
    }

    /// The next line of its output.
    #[track_caller]
    pub(crate) fn line(&self, limit: Duration) -> String {
        let line = self.lines.recv_timeout(limit);
        line.unwrap_or_else(|_| panic!("no line came; it said: {:?}", self.said.try_iter().collect::<Vec<_>>()))
    }

    /// Has something sent again and again until it is shown; then all of it, and what comes from then on, is new.
    #[track_caller]
    pub(crate) fn wait_begun(&self, send: impl Fn()) {
        wait_until("a packet is shown", START_LIMIT, || {
            send();
            self.lines.recv_timeout(BETWEEN).is_ok()
        });
        while self.lines.recv_timeout(SETTLED).is_ok() {}
    }

    /// Asks it to stop, as Ctrl-C does, and waits until it and all it started have ended.
    #[track_caller]
    pub(crate) fn stop(mut self) -> (Vec<String>, String) {
        self.signal(Signal::SIGINT)
    }

    /// The same, as Wireshark asks an extcap program.
    #[track_caller]
    pub(crate) fn end(&mut self) -> (Vec<String>, String) {
        self.signal(Signal::SIGTERM)
    }

    #[track_caller]
    fn signal(&mut self, signal: Signal) -> (Vec<String>, String) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
        self.wait()
    }

    /// Waits until it and all it started have ended: the lines left, and what it said.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> (Vec<String>, String) {
        wait_until("tshark has ended", START_LIMIT, || matches!(self.child.try_wait(), Ok(Some(_))));
        wait_until("nothing that captured is left", END_LIMIT, || self.programs().is_empty());
        (self.lines.iter().collect(), self.said.iter().collect::<Vec<_>>().join("\n"))
    }

    /// The processes that capture for it.
    pub(crate) fn programs(&self) -> Vec<String> {
        let all = fs::read_dir("/proc").expect("procfs").flatten();
        let lines = all.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
        let interface = format!("\0{}\0", self.interface);
        lines.filter(|line| line.contains("--fifo") && line.contains(&interface)).collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Where this version of Wireshark looks.
fn system_folder() -> String {
    let output = Command::new("tshark").args(["-G", "folders"]).output().expect("tshark is installed; see tools/need");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let path = said.lines().find_map(|line| line.strip_prefix("Extcap path:"));
    path.expect("tshark says where").trim().to_owned()
}

fn lines_of(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

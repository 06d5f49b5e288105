//! Real engines in the lab, each with its data in a folder of the lab's, and what they answer.

use rebootping_lab::{Ns, wait_until};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// An engine reads its data first; the machine may be busy.
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// One that runs until it is dropped.
pub(crate) struct Engine {
    child: Child,
    ns: Ns,
    /// How curl asks it: its address with all that it wants to be told.
    address: String,
}

impl Engine {
    /// Starts it here, and waits until it answers at an address as curl has it, options before it.
    pub(crate) fn start(ns: &Ns, program: &str, arguments: &[String], log: &Path, address: &str) -> Self {
        let mut command: Command = ns.command(program);
        let out = File::create(log).expect("a log");
        let err = out.try_clone().expect("a descriptor");
        command.args(arguments).stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn().expect("`ip` starts");
        let engine = Self { child, ns: ns.clone(), address: address.to_owned() };
        wait_until("the engine answers", STARTED_WITHIN, || engine.get("/-/healthy").is_some());
        engine
    }

    /// Prometheus with this configuration, at an address of this namespace.
    pub(crate) fn prometheus(ns: &Ns, folder: &Path, address: &str, config: &str) -> Self {
        let file = folder.join("prometheus.yml");
        fs::write(&file, config).expect("a configuration");
        let arguments = [
            format!("--config.file={}", file.display()),
            format!("--storage.tsdb.path={}", folder.join("prometheus").display()),
            format!("--web.listen-address={address}"),
            "--web.enable-remote-write-receiver".to_owned(),
        ];
        Self::start(ns, "prometheus", &arguments, &folder.join("prometheus.log"), &format!("http://{address}"))
    }

    /// What it answers, if it is there.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let output = self.ns.try_run(&format!("curl --silent --fail --max-time 10 --globoff {}{path}", self.address));
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The series that a question is answered with, now.
    pub(crate) fn ask(&self, question: &str) -> Vec<Value> {
        let mut path = "/api/v1/query?query=".to_owned();
        for byte in question.bytes() {
            write!(path, "%{byte:02X}").expect("a string takes text");
        }
        let text = self.get(&path);
        let answer: Value = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        answer["data"]["result"].as_array().cloned().unwrap_or_default()
    }

    /// Ends it as an operator does: what it took is on its disk.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It fails only when it has ended already.
        let _ = kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.end();
    }
}

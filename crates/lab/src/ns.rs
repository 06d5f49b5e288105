//! A network namespace and the ways to run something in it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use nix::sched::{CloneFlags, setns};

/// A named network namespace. Cloning it clones the name only.
#[derive(Clone, Debug)]
pub struct Ns {
    name: String,
    leases: Option<PathBuf>,
}

impl Ns {
    pub(crate) fn new(name: String) -> Self {
        Self { name, leases: None }
    }

    /// Lets everything run here see `dir` where DHCP clients keep their leases.
    pub(crate) fn with_leases(mut self, dir: PathBuf) -> Self {
        self.leases = Some(dir);
        self
    }

    /// Its name, as `ip netns` lists it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that will run here, with `/etc/netns/NAME` mounted over `/etc`.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]);
        if let Some(leases) = &self.leases {
            // The mount is seen by this command alone: `ip netns exec` has given it a mount namespace of its own.
            command.args(["sh", "-c", r#"mount --bind "$0" /var/lib/dhcp && exec "$@""#]).arg(leases);
        }
        command.arg(program.as_ref());
        command
    }

    /// Runs a shell line here; its standard output. Panics with all it printed when it fails.
    #[track_caller]
    pub fn run(&self, line: &str) -> String {
        let output = self.try_run(line);
        assert!(output.status.success(), "`{line}` in {}: {}\n{}", self.name, output.status, both(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a shell line here, whatever comes of it.
    pub fn try_run(&self, line: &str) -> Output {
        self.command("sh").args(["-c", line]).stdin(Stdio::null()).output().expect("`ip` starts")
    }

    /// Calls `work` in a thread that lives in this namespace: sockets it opens stay here.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                self.set();
                work()
            });
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Starts a thread that lives in this namespace.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let ns = self.clone();
        let inside = move || {
            ns.set();
            work()
        };
        thread::Builder::new().name(name.to_owned()).spawn(inside).expect("a thread starts")
    }

    /// Loads an nftables ruleset, which nft applies as one transaction.
    pub fn nft(&self, ruleset: &str) {
        self.enter(|| feed(Command::new("nft").args(["-f", "-"]), ruleset));
    }

    /// Sets kernel parameters of this namespace, each `net/…` with its value.
    pub(crate) fn sysctl<'a>(&self, settings: impl IntoIterator<Item = (&'a str, &'a str)> + Send) {
        self.enter(|| {
            for (key, value) in settings {
                let path = Path::new("/proc/sys").join(key);
                fs::write(&path, value).unwrap_or_else(|e| panic!("{} = {value}: {e}", path.display()));
            }
        });
    }

    /// Moves the calling thread here.
    fn set(&self) {
        let path = Path::new("/run/netns").join(&self.name);
        let file = File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        setns(file, CloneFlags::CLONE_NEWNET)
            .unwrap_or_else(|e| panic!("setns {}: {e} (the lab needs root)", self.name));
    }
}

/// Runs many `ip` commands, one a line, in one process.
#[track_caller]
pub(crate) fn ip_batch(lines: &str) {
    feed(Command::new("ip").args(["-batch", "-"]), lines);
}

/// Runs `command` with `input` on its standard input and panics with what it said when it fails.
#[track_caller]
fn feed(command: &mut Command, input: &str) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads its input");
    let output = child.wait_with_output().expect("it can be waited for");
    assert!(output.status.success(), "{command:?}: {}\n{}\nits input was:\n{input}", output.status, both(&output));
}

pub(crate) fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

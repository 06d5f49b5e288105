//! The program run as an operator runs it, and what it said.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, process};

use rebootping_lab::{Daemon, Lab};

use crate::support::links;

/// The program that was built with this test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_rebootping");

/// Gives up root and all groups, then runs what follows.
pub(crate) const NOBODY: [&str; 4] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/// What a command said, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Its exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
}

impl Said {
    /// Panics unless it succeeded with this sentence.
    #[track_caller]
    pub(crate) fn is_done(&self, sentence: &str) {
        assert_eq!((self.code, self.out.trim_end(), self.err.as_str()), (Some(0), sentence, ""));
    }

    /// Panics unless it failed with this exit code and this one line.
    #[track_caller]
    pub(crate) fn is_refused(&self, code: i32, line: &str) {
        assert_eq!((self.code, self.err.trim_end(), self.out.as_str()), (Some(code), line, ""));
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// Asks a running daemon: `rebootping --config FILE WORDS…`, the words separated by spaces.
pub(crate) fn ask(daemon: &Daemon, words: &str) -> Said {
    daemon.cli(&words.split(' ').collect::<Vec<_>>()).into()
}

/// Whether the daemon knows links and finds all of them healthy.
pub(crate) fn is_healthy(daemon: &Daemon) -> bool {
    let status = daemon.status();
    let mut links = links(&status).peekable();
    links.peek().is_some() && links.all(|link| link["healthy"] == true)
}

/// Runs a command on the lab's gateway where no daemon has to run, with the configuration of the daemon that ran there last.
pub(crate) fn run_alone(lab: &Lab, words: &str) -> Said {
    let mut command = lab.gw().command(PROGRAM);
    command.arg("--config").arg(lab.dir().join("rebootping.toml")).args(words.split(' '));
    command.output().expect("`ip` starts").into()
}

/// A folder of its own for a test without a lab; goes with it. Everybody may look into it.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes an empty one.
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rebootping-{name}-{}-{number}", process::id()));
        fs::create_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The names of what lies in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("it is there").flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Writes the configuration `text`, all of whose paths lie in here.
    pub(crate) fn configure(&self, text: &str) {
        let place = self.0.display();
        let paths = format!("[paths]\nstate = \"{place}/state\"\nrun = \"{place}/run\"\n");
        fs::write(self.0.join("test.toml"), format!("{text}\n{paths}")).expect("it can be written");
    }

    /// Runs the program with that configuration in a network namespace of its own, where there is nothing to break.
    pub(crate) fn run(&self, words: &str) -> Said {
        self.run_with(&[], Path::new(PROGRAM), words)
    }

    /// As `run`, as a user who may do nothing.
    pub(crate) fn run_as_nobody(&self, words: &str) -> Said {
        let open = Self::new("program");
        self.run_with(&NOBODY, &open.program(), words)
    }

    /// A copy of the program that everybody may run, wherever the tree lies.
    pub(crate) fn program(&self) -> PathBuf {
        let copy = self.0.join("rebootping");
        fs::copy(PROGRAM, &copy).unwrap_or_else(|error| panic!("{}: {error}", copy.display()));
        copy
    }

    fn run_with(&self, wrapper: &[&str], program: &Path, words: &str) -> Said {
        let mut command = Command::new("unshare");
        // One that wrongly starts is ended: the test is to fail, not to wait for ever.
        command.args(["--net", "--", "timeout", "--kill-after=5", "20"]).args(wrapper).arg(program);
        command.arg("--config").arg(self.0.join("test.toml")).args(words.split(' '));
        command.output().expect("`unshare` starts").into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever clears the folder of temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

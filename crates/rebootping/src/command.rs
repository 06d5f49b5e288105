//! Runs other programs: the only file that does.
//!
//! Each gets its own process group, a fixed environment, the root directory, no terminal and a time limit, after which the
//! group is asked to end and then made to. Arguments are never seen by a shell.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use rebootping_core::time::Time;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// What of its output is kept; the rest is read and dropped, so that nobody blocks on a full pipe.
pub(crate) const OUTPUT_KEPT: usize = 64 * 1024;
/// Between the polite and the final signal: a shell script needs a moment to remove its lock.
const GRACE: Duration = Duration::from_secs(2);
/// How long to sleep on silent output before asking whether the child still lives.
const SLICE_MS: u8 = 50;
/// The same once its output is closed, which is when it is about to end.
const LAST_SLICE_MS: u8 = 2;
/// Where programs are looked for, whatever our own environment says.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program to run once.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    /// Its path, or its name in the standard directories.
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<OsString>,
    /// What it can read from its standard input.
    pub(crate) input: Vec<u8>,
    /// After this it is ended.
    pub(crate) timeout: Duration,
    /// So many bytes of its output are kept; [`OUTPUT_KEPT`] do for words.
    pub(crate) keep: usize,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    /// It was ended by us, for it took too long.
    pub(crate) timed_out: bool,
    /// The beginning of what it wrote to standard output and standard error, as far as it is kept.
    pub(crate) output: Vec<u8>,
}

impl Finished {
    /// Nothing if it succeeded; else why not, in one line, with the last it said.
    pub(crate) fn into_result(self) -> Result<(), String> {
        if self.status.success() && !self.timed_out {
            return Ok(());
        }
        let how = match (self.timed_out, self.status.code(), self.status.signal()) {
            (true, _, _) => "it took too long and was ended".to_owned(),
            (false, Some(code), _) => format!("it ended with exit code {code}"),
            (false, None, signal) => format!("it was ended by signal {}", signal.unwrap_or_default()),
        };
        match self.last_line("") {
            Some(words) => Err(format!("{how}: {words}")),
            None => Err(how),
        }
    }

    /// The last line it wrote that begins so, without control characters.
    pub(crate) fn last_line(&self, beginning: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.output);
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty() && line.starts_with(beginning))?;
        Some(line.chars().filter(|c| !c.is_control()).take(300).collect())
    }
}

/// Whether a program of that path, or of that name in the standard directories, is there and may be run.
pub(crate) fn exists(program: &str) -> bool {
    let can_run = |path: &Path| fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return can_run(Path::new(program));
    }
    PATH.split(':').any(|folder| can_run(&Path::new(folder).join(program)))
}

/// Becomes this very program once more, with other arguments and one more variable; returns only if that cannot be.
///
/// What stood among the arguments is out of sight of other users then, who may read those of any process and the environment of
/// none.
pub(crate) fn begin_anew(arguments: impl Iterator<Item = OsString>, name: &str, value: &str) -> io::Error {
    std::process::Command::new("/proc/self/exe").arg0("rebootping").args(arguments).env(name, value).exec()
}

/// Runs it to its end, which comes at the latest its timeout and a few seconds from now. `now` is the clock.
pub(crate) fn run(command: &Command, now: impl Fn() -> Time) -> io::Result<Finished> {
    let stdin = if command.input.is_empty() { Stdio::null() } else { Stdio::piped() };
    run_with(command, stdin, &[], now)
}

/// The same, with these variables in its environment.
pub(crate) fn run_knowing(
    command: &Command,
    variables: &[(String, String)],
    now: impl Fn() -> Time,
) -> io::Result<Finished> {
    run_with(command, Stdio::piped(), variables, now)
}

/// The same, with an open file as its standard input.
pub(crate) fn run_on(command: &Command, file: File, now: impl Fn() -> Time) -> io::Result<Finished> {
    run_with(command, Stdio::from(file), &[], now)
}

fn run_with(
    command: &Command,
    stdin: Stdio,
    variables: &[(String, String)],
    now: impl Fn() -> Time,
) -> io::Result<Finished> {
    let mut child = spawn(command, stdin, variables)?;
    let _writer = child.stdin.take().map(|mut stdin| {
        let input = command.input.clone();
        // One that does not read its input must not hold us up; the thread ends with the pipe.
        thread::spawn(move || stdin.write_all(&input))
    });
    let mut deadlines =
        [(Signal::SIGTERM, command.timeout), (Signal::SIGKILL, command.timeout + GRACE)].into_iter().peekable();
    let begun = now();
    let mut timed_out = false;
    let mut output = Output::of(&mut child, command.keep);
    loop {
        let at_end = output.read_some();
        if let Some(status) = child.try_wait()? {
            output.read_rest();
            return Ok(Finished { status, timed_out, output: output.kept });
        }
        if let Some((signal, _)) = deadlines.next_if(|(_, after)| now().since(begun) >= *after) {
            timed_out = true;
            signal_group(&child, signal);
        }
        if at_end {
            thread::sleep(Duration::from_millis(LAST_SLICE_MS.into()));
        }
    }
}

fn spawn(command: &Command, stdin: Stdio, variables: &[(String, String)]) -> io::Result<Child> {
    std::process::Command::new(&command.program)
        .args(&command.arguments)
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .envs([("PATH", PATH), ("LC_ALL", "C"), ("HOME", "/")])
        .current_dir("/")
        .process_group(0)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// A group that has just ended by itself is no error.
fn signal_group(child: &Child, signal: Signal) {
    let Ok(id) = i32::try_from(child.id()) else { return };
    let _ended_already = killpg(Pid::from_raw(id), signal).is_err();
}

/// Both of a child's outputs, in the order in which they come.
struct Output {
    pipes: Vec<Box<dyn Pipe>>,
    kept: Vec<u8>,
    most: usize,
}

trait Pipe: Read + AsFd {}
impl<T: Read + AsFd> Pipe for T {}

impl Output {
    fn of(child: &mut Child, most: usize) -> Self {
        let mut pipes: Vec<Box<dyn Pipe>> = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            pipes.push(Box::new(pipe));
        }
        if let Some(pipe) = child.stderr.take() {
            pipes.push(Box::new(pipe));
        }
        Self { pipes, kept: Vec::new(), most }
    }

    /// Waits a moment for output and takes it; true when no more can come.
    fn read_some(&mut self) -> bool {
        self.read_ready(PollTimeout::from(SLICE_MS));
        self.pipes.is_empty()
    }

    /// Takes what is there, without waiting: a grandchild may hold the pipes open for ever.
    fn read_rest(&mut self) {
        while self.read_ready(PollTimeout::ZERO) {}
    }

    /// True when something was there.
    fn read_ready(&mut self, timeout: PollTimeout) -> bool {
        let mut polled: Vec<PollFd<'_>> =
            self.pipes.iter().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)).collect();
        if polled.is_empty() || poll(&mut polled, timeout).unwrap_or(0) == 0 {
            return false;
        }
        let ready: Vec<bool> = polled.iter().map(|it| it.any().unwrap_or(true)).collect();
        let mut ready = ready.into_iter();
        let (kept, most) = (&mut self.kept, self.most);
        self.pipes.retain_mut(|pipe| !ready.next().unwrap_or(false) || take(pipe, kept, most));
        true
    }
}

/// Reads once; false at the end of the pipe.
fn take(pipe: &mut Box<dyn Pipe>, kept: &mut Vec<u8>, most: usize) -> bool {
    let mut buffer = [0; 4096];
    match pipe.read(&mut buffer) {
        Ok(0) => false,
        Ok(length) => {
            let room = most.saturating_sub(kept.len()).min(length);
            kept.extend_from_slice(buffer.get(..room).unwrap_or_default());
            true
        }
        Err(error) => error.kind() == io::ErrorKind::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A clock that gains a second each time it is asked, so that no test waits.
    fn hasty() -> impl Fn() -> Time {
        let now = Cell::new(Time::BOOT);
        move || now.replace(now.get() + Duration::from_secs(1))
    }

    fn shell(script: &str, input: &str, timeout: u64) -> Command {
        Command {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            input: input.into(),
            timeout: Duration::from_secs(timeout),
            keep: OUTPUT_KEPT,
        }
    }

    #[track_caller]
    fn check(script: &str, input: &str, expected: Result<(), &str>) {
        let result = run(&shell(script, input, 100_000), hasty()).expect("a shell").into_result();
        assert_eq!(result, expected.map_err(str::to_owned), "{script}");
    }

    #[test]
    fn success_and_failure_are_told_apart_with_the_last_words() {
        check("true", "", Ok(()));
        check("echo one; echo 'two\u{1b}[31m' >&2; exit 3", "", Err("it ended with exit code 3: two[31m"));
        check("exit 3", "", Err("it ended with exit code 3"));
        check("kill -9 $$", "", Err("it was ended by signal 9"));
        check("read line; test \"$line\" = hello", "hello\n", Ok(()));
        check("exec 0<&-; sleep 0.02", &"x".repeat(1_000_000), Ok(()));
        check("test \"$(env | grep -c .)\" -le 5 && test \"$(pwd)\" = /", "", Ok(()));
    }

    #[test]
    fn variables_are_added_to_the_environment_and_change_nothing_of_it() {
        let command = shell("test \"$A b\" = 'x b' && test \"$HOME\" = / && test \"$(cat)\" = hello", "hello", 100_000);
        let variables = [("A".to_owned(), "x".to_owned()), ("HOME".to_owned(), "/tmp".to_owned())];
        assert_eq!(run_knowing(&command, &variables, hasty()).expect("a shell").into_result(), Ok(()));
    }

    #[test]
    fn what_takes_too_long_is_ended_with_its_children() {
        let finished = run(&shell("sleep 1000 & sleep 1000", "", 2), hasty()).expect("a shell");
        assert_eq!(finished.into_result(), Err("it took too long and was ended".to_owned()));
        let finished = run(&shell("trap '' TERM; while :; do sleep 0.01; done", "", 2), hasty()).expect("a shell");
        assert!(finished.timed_out);
    }

    #[test]
    fn much_output_is_read_and_little_kept() {
        let finished = run(&shell("head -c 1000000 /dev/zero", "", 100_000), hasty()).expect("a shell");
        assert_eq!((finished.status.code(), finished.output.len()), (Some(0), OUTPUT_KEPT));
    }

    #[test]
    fn a_grandchild_that_keeps_the_pipe_open_holds_nobody_up() {
        let finished = run(&shell("sleep 5 & echo done", "", 100_000), hasty()).expect("a shell");
        assert_eq!(finished.output, b"done\n");
    }
}

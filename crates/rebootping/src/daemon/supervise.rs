//! Keeps a process of ours running: starts it or lets it join, reads what it says, and begins again when it ends.

use super::Input;
use super::door::Door;
use super::mailbox::Mailbox;
use super::workers::{Heard, Worker};
use crate::clock;
use crate::ipc::take_frames;
use crate::log;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_core::time::Time;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A process that ends is started again after this, doubled each time up to the second value.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// One that a unit starts is waited for so long, shorter than the silence that would end it; then one is started here.
const JOINS_WITHIN: Duration = Duration::from_secs(8);
/// What is said of one that its own filter of system calls has ended.
const REFUSED: &str = "its sandbox refused a system call; the kernel log names it";

/// A process, and the thread that keeps it running.
#[derive(Debug)]
pub(super) struct Supervisor<W: Worker> {
    shared: Arc<Shared<W>>,
    /// Says when the last process has ended for good, by hanging up.
    ended: Receiver<()>,
}

#[derive(Debug)]
struct Shared<W: Worker> {
    /// How many were started.
    started: AtomicU64,
    /// How many of them because the one before did not end by itself to begin anew.
    restarts: AtomicU64,
    /// When the last one was started or said something, in nanoseconds since boot.
    heard: AtomicU64,
    running: Mutex<Running<W>>,
}

#[derive(Debug)]
struct Running<W: Worker> {
    settings: W::Settings,
    process: Option<(Pid, Mailbox)>,
    stopping: bool,
}

impl<W: Worker> Supervisor<W> {
    /// Starts the first process, or lets it join where there is a door, and the thread that goes on so.
    pub(super) fn start(inputs: SyncSender<Input>, settings: W::Settings, door: Option<Door>) -> io::Result<Self> {
        let running = Mutex::new(Running { settings, process: None, stopping: false });
        let [started, restarts, heard] = [0; 3].map(AtomicU64::new);
        let shared = Arc::new(Shared { started, restarts, heard, running });
        shared.hear();
        let of_thread = Arc::clone(&shared);
        let (alive, ended) = sync_channel(0);
        thread::Builder::new().name("supervisor".into()).spawn(move || {
            of_thread.keep_running(&inputs, door);
            drop(alive);
        })?;
        Ok(Self { shared, ended })
    }

    /// The number of the process that runs now.
    pub(super) fn current(&self) -> u64 {
        self.shared.started.load(Ordering::SeqCst)
    }

    /// How often it had to be started again; those that end by themselves to begin anew do not count.
    pub(super) fn restarts(&self) -> u64 {
        self.shared.restarts.load(Ordering::SeqCst)
    }

    /// How long it has said nothing.
    pub(super) fn silent_for(&self) -> Duration {
        clock::now().since(Time::from_nanos(self.shared.heard.load(Ordering::SeqCst)))
    }

    /// Tells it something, without waiting for it.
    pub(super) fn tell(&self, order: &W::Order) -> io::Result<()> {
        self.with_mailbox(|mailbox| mailbox.post(order))
    }

    /// Passes on what another process has for it, as far as there is room.
    pub(super) fn pass_on(&self, order: &W::Order) -> io::Result<()> {
        self.with_mailbox(|mailbox| mailbox.pass_on(order))
    }

    /// Hands over what it did not take at once.
    pub(super) fn deliver(&self) {
        // One that is gone is started again.
        drop(self.with_mailbox(Mailbox::deliver));
    }

    fn with_mailbox(&self, run: impl FnOnce(&mut Mailbox) -> io::Result<()>) -> io::Result<()> {
        let mut running = self.shared.running();
        let (_, mailbox) = running.process.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        run(mailbox)
    }

    /// What it was last given.
    pub(super) fn settings(&self) -> W::Settings {
        self.shared.settings()
    }

    /// Gives it, and all that follow it, new settings.
    pub(super) fn configure(&self, settings: W::Settings) -> io::Result<()> {
        self.shared.running().settings = settings.clone();
        self.tell(&W::configure(settings))
    }

    /// Ends it; another is started.
    pub(super) fn kill(&self) {
        self.shared.hear();
        if let Some((pid, _)) = &self.shared.running().process {
            // One that is gone already needs no killing.
            let _ = kill(*pid, Signal::SIGKILL);
        }
    }

    /// Ends it for good: it ends by itself when its connection closes.
    pub(super) fn stop(&self) {
        let mut running = self.shared.running();
        running.stopping = true;
        if let Some((_, mailbox)) = running.process.take() {
            // Our reader has the same connection and listens on.
            mailbox.close();
        }
    }

    /// Waits until one that was stopped has ended, but no longer than that.
    pub(super) fn wait_end(&self, limit: Duration) {
        // Nobody ever sends: the thread hangs up.
        let _hung_up = self.ended.recv_timeout(limit).is_err();
    }
}

impl<W: Worker> Shared<W> {
    fn running(&self) -> MutexGuard<'_, Running<W>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> W::Settings {
        self.running().settings.clone()
    }

    fn hear(&self) {
        self.heard.store(clock::now().as_nanos(), Ordering::SeqCst);
    }

    fn keep_running(&self, inputs: &SyncSender<Input>, mut door: Option<Door>) {
        let mut pause = FIRST_PAUSE;
        while !self.running().stopping {
            let number = self.started.fetch_add(1, Ordering::SeqCst) + 1;
            self.hear();
            let (said, why) = match self.run_one(number, inputs, door.as_mut()) {
                Ok(ended) => ended,
                Err(error) => (Words::None, format!("it could not be started: {error}")),
            };
            if self.running().stopping {
                // Nobody is told any more, and a sandbox must be wide enough for an end too.
                if why == REFUSED {
                    log::warn(&format!("the {} did not end by itself: {why}", W::NAME));
                }
                return;
            }
            if inputs.send(W::input(Heard::Ended(why))).is_err() {
                return;
            }
            pause = if said == Words::None { (pause * 2).min(LONGEST_PAUSE) } else { FIRST_PAUSE };
            thread::sleep(pause);
            if said != Words::Farewell {
                self.restarts.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// Runs one process to its end; says what it ever said, and how it ended.
    fn run_one(&self, number: u64, inputs: &SyncSender<Input>, door: Option<&mut Door>) -> io::Result<(Words, String)> {
        W::prepare(&self.settings());
        let (process, ours) = begin(W::NAME, door)?;
        self.hear();
        let mut reader = ours.try_clone()?;
        {
            let mut running = self.running();
            let mut mailbox = Mailbox::new(ours);
            mailbox.post(&W::configure(running.settings.clone()))?;
            running.process = (!running.stopping).then_some((process.pid(), mailbox));
        }
        let said = self.read_all(&mut reader, number, inputs);
        self.running().process = None;
        // What it could not be understood to say, it must not go on saying.
        drop(reader.shutdown(Shutdown::Both));
        Ok((said, process.end()?))
    }

    /// Hands over what a process says until it ends.
    fn read_all(&self, stream: &mut UnixStream, number: u64, inputs: &SyncSender<Input>) -> Words {
        let (mut inbox, mut buffer, mut said) = (Vec::new(), [0; 8192], Words::None);
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return said,
                Ok(length) => inbox.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return said,
            }
            let Ok(messages) = take_frames(&mut inbox) else { return said };
            for message in messages {
                said = if W::is_farewell(&message) { Words::Farewell } else { Words::Some };
                self.hear();
                if inputs.send(W::input(Heard::Said(number, message))).is_err() {
                    return said;
                }
            }
        }
    }
}

/// What a process ever said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    None,
    Some,
    /// At last, that it begins anew.
    Farewell,
}

/// A process that runs, and who its parent is.
enum Process {
    /// We are, and it ends with our word.
    Started(Child),
    /// The service manager is: it says how it ended, and starts the next. While it is connected its number is its own.
    Joined(Pid, &'static str),
}

impl Process {
    fn pid(&self) -> Pid {
        match self {
            Self::Started(child) => Pid::from_raw(i32::try_from(child.id()).unwrap_or(0)),
            Self::Joined(pid, _) => *pid,
        }
    }

    /// Ends it; how it ended, in words.
    fn end(self) -> io::Result<String> {
        match self {
            Self::Started(mut child) => {
                // One that is gone already needs no killing.
                drop(child.kill());
                child.wait().map(described)
            }
            Self::Joined(_, name) => Ok(format!("`systemctl status rebootping-{name}` says why")),
        }
    }
}

/// The process that joins, else one that is started here.
fn begin(name: &'static str, door: Option<&mut Door>) -> io::Result<(Process, UnixStream)> {
    if let Some(door) = door {
        if let Some((pid, stream)) = door.wait(JOINS_WITHIN) {
            return Ok((Process::Joined(pid, name), stream));
        }
        log::warn(&format!(
            "no {name} has joined, so one is started here; `systemctl status rebootping-{name}` says why"
        ));
    }
    let (ours, theirs) = UnixStream::pair()?;
    let child = Command::new(this_program()).arg(name).stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?;
    Ok((Process::Started(child), ours))
}

/// The program that runs, also while its file is being replaced by another version's.
fn this_program() -> PathBuf {
    match std::env::current_exe() {
        Ok(path) if path.exists() => path,
        _ => PathBuf::from("/proc/self/exe"),
    }
}

/// How a process ended, in words.
fn described(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal().map(Signal::try_from) {
        Some(Ok(Signal::SIGSYS)) => REFUSED.to_owned(),
        Some(Ok(signal)) => format!("killed by {signal}"),
        Some(Err(_)) | None => status.to_string(),
    }
}

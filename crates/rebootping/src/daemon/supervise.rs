//! Keeps the judge running: starts it, reads what it says, and starts it again when it ends.

use super::Input;
use crate::ipc::{JudgeSettings, ToJudge, frame, take_frames};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A judge that ends is started again after this, doubled each time up to the second value.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A hung judge must not hold us up for longer when it is told something.
const TELL_WITHIN: Duration = Duration::from_millis(200);

/// The judge, and the thread that keeps it running.
#[derive(Debug)]
pub(super) struct Supervisor {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// How many judges were started.
    started: AtomicU64,
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    settings: JudgeSettings,
    judge: Option<(Pid, UnixStream)>,
    stopping: bool,
}

impl Supervisor {
    /// Starts the first judge and the thread that starts the others.
    pub(super) fn start(inputs: SyncSender<Input>, settings: JudgeSettings) -> io::Result<Self> {
        let running = Mutex::new(Running { settings, judge: None, stopping: false });
        let shared = Arc::new(Shared { started: AtomicU64::new(0), running });
        let of_thread = Arc::clone(&shared);
        thread::Builder::new().name("supervisor".into()).spawn(move || of_thread.keep_running(&inputs))?;
        Ok(Self { shared })
    }

    /// The number of the judge that runs now.
    pub(super) fn current(&self) -> u64 {
        self.shared.started.load(Ordering::SeqCst)
    }

    /// How often a judge had to be started again.
    pub(super) fn restarts(&self) -> u64 {
        self.current().saturating_sub(1)
    }

    /// Tells the judge something.
    pub(super) fn tell(&self, message: &ToJudge) -> io::Result<()> {
        let mut running = self.shared.running();
        let (_, stream) = running.judge.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.write_all(&frame(message)?)
    }

    /// What the judge was last given.
    pub(super) fn settings(&self) -> JudgeSettings {
        self.shared.running().settings.clone()
    }

    /// Gives the judge, and all that follow it, new settings.
    pub(super) fn configure(&self, settings: JudgeSettings) -> io::Result<()> {
        self.shared.running().settings = settings.clone();
        self.tell(&ToJudge::Configure(Box::new(settings)))
    }

    /// Ends the judge; another is started.
    pub(super) fn kill(&self) {
        if let Some((pid, _)) = &self.shared.running().judge {
            // One that is gone already needs no killing.
            let _ = kill(*pid, Signal::SIGKILL);
        }
    }

    /// Ends the judge for good: it ends by itself when its connection closes.
    pub(super) fn stop(&self) {
        let mut running = self.shared.running();
        running.stopping = true;
        running.judge = None;
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_running(&self, inputs: &SyncSender<Input>) {
        let mut pause = FIRST_PAUSE;
        while !self.running().stopping {
            let number = self.started.fetch_add(1, Ordering::SeqCst) + 1;
            if inputs.send(Input::JudgeStarted).is_err() {
                return;
            }
            let (said_anything, why) = match self.run_one(number, inputs) {
                Ok((said_anything, status)) => (said_anything, described(status)),
                Err(error) => (false, format!("it could not be started: {error}")),
            };
            if self.running().stopping || inputs.send(Input::JudgeEnded(why)).is_err() {
                return;
            }
            pause = if said_anything { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            thread::sleep(pause);
        }
    }

    /// Runs one judge to its end; says whether it ever judged anything, and how it ended.
    fn run_one(&self, number: u64, inputs: &SyncSender<Input>) -> io::Result<(bool, ExitStatus)> {
        let (mut child, ours) = spawn()?;
        let mut reader = ours.try_clone()?;
        {
            let mut running = self.running();
            let mut writer = ours;
            writer.set_write_timeout(Some(TELL_WITHIN))?;
            writer.write_all(&frame(&ToJudge::Configure(Box::new(running.settings.clone())))?)?;
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap_or(0));
            running.judge = (!running.stopping).then_some((pid, writer));
        }
        let said_anything = read_all(&mut reader, number, inputs);
        self.running().judge = None;
        // What it could not be understood to say, it must not go on saying.
        drop(child.kill());
        Ok((said_anything, child.wait()?))
    }
}

fn spawn() -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    let child =
        Command::new(std::env::current_exe()?).arg("judge").stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?;
    Ok((child, ours))
}

/// Hands over what a judge says until it ends; true if it said anything.
fn read_all(stream: &mut UnixStream, number: u64, inputs: &SyncSender<Input>) -> bool {
    let (mut inbox, mut buffer, mut said_anything) = (Vec::new(), [0; 8192], false);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return said_anything,
            Ok(length) => inbox.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return said_anything,
        }
        let Ok(messages) = take_frames(&mut inbox) else { return said_anything };
        for message in messages {
            said_anything = true;
            if inputs.send(Input::Judge(number, message)).is_err() {
                return said_anything;
            }
        }
    }
}

/// How a process ended, in words.
fn described(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal().map(Signal::try_from) {
        Some(Ok(Signal::SIGSYS)) => "its sandbox refused a system call; the kernel log names it".to_owned(),
        Some(Ok(signal)) => format!("killed by {signal}"),
        Some(Err(_)) | None => status.to_string(),
    }
}

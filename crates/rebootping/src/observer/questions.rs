//! The socket on which the observer is asked what it knows: one question, one answer in parts. Nothing can be changed here.
//!
//! Only root and the page's user may ask, since an answer says whom every device talks to. Whoever watches the wires is
//! woken for a question between two blocks of packets; turning its answer into text and handing it over is done here, so a
//! slow asker holds up nobody else.

use super::past::Archive;
use crate::daemon::folders::observer_run;
use crate::extract;
use crate::ipc::observer::{Fact, Packets, Part, Question};
use crate::ipc::past::{Past, What};
use crate::ipc::{frame, read_frame, take_frames};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::Uid;
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

/// Askers served at once; a further one is turned away.
const ASKERS: usize = 8;
/// How long an asker may take to ask, and to take each part of the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long who is handed packets may take to take the next.
const PATIENCE_OF_DOWNLOADS: Duration = Duration::from_secs(60);
/// An answer is cut into parts of so many bytes, which stay below a frame's limit however much JSON escapes of them.
const PART: usize = 8 * 1024;

/// Turns an answer into JSON, away from the thread that found it.
pub(super) type Answer = Box<dyn FnOnce() -> serde_json::Result<String> + Send>;

/// A question that waits for its answer.
pub(super) struct Asked {
    pub(super) fact: Fact,
    pub(super) reply: SyncSender<Answer>,
}

/// Where questions arrive.
pub(super) struct Questions {
    waiting: Receiver<Asked>,
    wake: Arc<EventFd>,
}

/// Where an observer with this run folder can be asked.
pub(crate) fn socket_path(run: &Path) -> PathBuf {
    observer_run(run).join("questions.sock")
}

/// The socket, and what wakes whoever watches the wires.
pub(super) struct Door {
    listener: UnixListener,
    wake: EventFd,
}

/// Opens the socket, before files are out of reach.
pub(super) fn open(run: &Path) -> io::Result<Door> {
    let path = socket_path(run);
    drop(fs::remove_file(&path));
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o666))?;
    Ok(Door { listener, wake: EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)? })
}

impl Questions {
    /// Begins to listen.
    pub(super) fn listen(door: Door, askers: Askers, captures: PathBuf, archive: Archive) -> io::Result<Self> {
        let (asking, waiting) = sync_channel(ASKERS);
        let (listener, wake) = (door.listener, Arc::new(door.wake));
        let server = Server { asking, wake: Arc::clone(&wake), askers, captures, archive: Arc::new(archive) };
        thread::Builder::new().name("questions".into()).spawn(move || server.serve(&listener))?;
        Ok(Self { waiting, wake })
    }

    /// The next question, if there is one.
    pub(super) fn next(&self) -> Option<Asked> {
        match self.waiting.try_recv() {
            Ok(asked) => Some(asked),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                // Nothing was there to be read: it was read before.
                let _ = self.wake.read();
                self.waiting.try_recv().ok()
            }
        }
    }
}

impl AsFd for Questions {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// Who may ask what.
#[derive(Clone)]
pub(super) struct Askers {
    /// These anything.
    pub(super) all: Vec<Uid>,
    /// This one for minutes, which say nothing of devices.
    pub(super) minutes: Uid,
}

impl Askers {
    fn may(&self, uid: Uid, question: &Question) -> bool {
        let is_of_minutes = matches!(question, Question::Past(past) if matches!(past.what, What::Minutes { .. }));
        self.all.contains(&uid) || is_of_minutes && uid == self.minutes
    }
}

#[derive(Clone)]
struct Server {
    asking: SyncSender<Asked>,
    wake: Arc<EventFd>,
    askers: Askers,
    captures: PathBuf,
    archive: Arc<Archive>,
}

impl Server {
    fn serve(&self, listener: &UnixListener) {
        let askers = Arc::new(AtomicUsize::new(0));
        for stream in listener.incoming().flatten() {
            if askers.fetch_add(1, Ordering::SeqCst) >= ASKERS {
                askers.fetch_sub(1, Ordering::SeqCst);
                continue;
            }
            let (server, serving) = (self.clone(), Arc::clone(&askers));
            let thread = thread::Builder::new().name("asker".into()).spawn(move || {
                // Who asks badly or goes away gets no answer, and harms nobody.
                drop(server.serve_one(stream));
                serving.fetch_sub(1, Ordering::SeqCst);
            });
            if thread.is_err() {
                askers.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }

    fn serve_one(&self, mut stream: UnixStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        // Read even of those who may not ask: a socket closed before would lose them the reason.
        // Exactly it: more may follow, which is not for us to read.
        let question: Question = read_frame(&mut stream)?;
        let uid = Uid::from_raw(getsockopt(&stream, PeerCredentials)?.uid());
        if !self.askers.may(uid, &question) {
            return tell(&mut stream, &Part::Refused("only root may ask what devices do; use sudo".into()));
        }
        let fact = match question {
            Question::Known(fact) => fact,
            Question::Packets(asked) => return self.hand_over(stream, &asked),
            Question::Past(past) => {
                return match self.archive.answer(&past) {
                    Ok(text) => tell_all(&mut stream, &text),
                    Err(why) => tell(&mut stream, &Part::Refused(why)),
                };
            }
        };
        let (reply, answered) = sync_channel(1);
        self.asking.send(Asked { fact, reply }).map_err(|_| io::ErrorKind::BrokenPipe)?;
        self.wake.write(1)?;
        let answer = answered.recv_timeout(PATIENCE).map_err(|_| io::ErrorKind::TimedOut)?;
        tell_all(&mut stream, &answer()?)
    }

    /// Packets go from the disk to whoever asked, past those who watch the wires.
    fn hand_over(&self, mut stream: UnixStream, asked: &Packets) -> io::Result<()> {
        let connection = stream.try_clone()?;
        let mut teller = stream.try_clone()?;
        let begin = || {
            // Who downloads waits for a network.
            teller.set_write_timeout(Some(PATIENCE_OF_DOWNLOADS))?;
            tell(&mut teller, &Part::Packets)
        };
        match extract::stream(&self.captures, asked, PATIENCE_OF_DOWNLOADS, connection, begin) {
            Ok(result) => result,
            Err(why) => tell(&mut stream, &Part::Refused(why)),
        }
    }
}

/// Hands over an answer in parts.
fn tell_all(stream: &mut UnixStream, mut rest: &str) -> io::Result<()> {
    while !rest.is_empty() {
        let (part, after) = rest.split_at(boundary(rest, PART));
        tell(stream, &Part::Text(part.to_owned()))?;
        rest = after;
    }
    tell(stream, &Part::End)
}

/// The last place at which the text may be cut that is not beyond `most`.
fn boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn tell(stream: &mut UnixStream, part: &Part) -> io::Result<()> {
    stream.write_all(&frame(part)?)
}

/// Asks the observer with this run folder; its answer as JSON. `NotFound` and `ConnectionRefused` mean there is none,
/// `PermissionDenied` that this user may not ask.
pub(crate) fn ask(run: &Path, fact: Fact) -> io::Result<String> {
    put(run, &Question::Known(fact))
}

/// The same for what was; `PermissionDenied` says why there is no answer.
pub(crate) fn ask_past(run: &Path, past: Past) -> io::Result<String> {
    put(run, &Question::Past(Box::new(past)))
}

fn put(run: &Path, question: &Question) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket_path(run))?;
    stream.set_read_timeout(Some(PATIENCE * 2))?;
    stream.write_all(&frame(question)?)?;
    let (mut inbox, mut buffer, mut answer) = (Vec::new(), [0; 8192], String::new());
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        inbox.extend_from_slice(&buffer[..length]);
        for part in take_frames::<Part>(&mut inbox)? {
            match part {
                Part::Text(text) => answer.push_str(&text),
                Part::End => return Ok(answer),
                Part::Packets => return Err(io::ErrorKind::InvalidData.into()),
                Part::Refused(why) => return Err(io::Error::new(io::ErrorKind::PermissionDenied, why)),
            }
        }
    }
}

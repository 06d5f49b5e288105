//! The socket operators talk to: one request, one answer. The kernel says who asks; reading is for all, changing for root.

use super::Input;
use crate::extract::own_stream::Flow;
use crate::ipc::observer::DeviceVerb;
use crate::ipc::{frame, take_frames};
use crate::report::status::Status;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use rebootping_core::inventory::report::Hardware;
use rebootping_core::link::verdict::Order;
use serde::{Deserialize, Serialize};
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// Operators served at once; a further one is turned away.
const CALLERS: usize = 16;
/// How long a caller may take to ask, and we to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an operator can ask the daemon.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// How everything is.
    Status,
    /// Pin a link or take it out.
    Order { link: String, order: Order, lasting: Option<Duration>, force: bool },
    /// End such an order.
    Auto { link: String },
    /// End a link's hold-down.
    Retry { link: String },
    /// Give every link back.
    Release,
    /// Do not capture this connection, over which captures leave.
    LeaveOut { flow: Flow, lasting: Duration },
    /// Do this to the device that has this MAC.
    Device(Hardware, DeviceVerb),
}

/// What the daemon answers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// How everything is.
    Status(Box<Status>),
    /// It is done, or begun.
    Done(String),
    /// It is not done, and why.
    Refused(String),
}

/// A request that waits for its answer.
pub(crate) struct Call {
    pub(super) request: Request,
    uid: u32,
    reply: SyncSender<Answer>,
}

impl Call {
    /// Whether who asks may change anything.
    pub(super) fn may_change(&self) -> bool {
        self.uid == 0
    }

    /// Gives the answer; a caller that has gone does not need it.
    pub(super) fn answer(&self, answer: Answer) {
        drop(self.reply.try_send(answer));
    }
}

/// Where a daemon with this run folder listens.
pub(crate) fn socket_path(run: &Path) -> PathBuf {
    run.join("control.sock")
}

/// Asks the daemon with this run folder. `NotFound` and `ConnectionRefused` mean there is none.
pub(crate) fn ask(run: &Path, request: &Request) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket_path(run))?;
    stream.set_read_timeout(Some(PATIENCE * 2))?;
    stream.write_all(&frame(request)?)?;
    read_one(&mut stream)
}

/// The listening socket; dropping it removes the file.
#[derive(Debug)]
pub(super) struct Server {
    path: PathBuf,
}

impl Server {
    /// Listens in the run folder. Only the holder of the daemon's lock may call this: a socket file that is there is a leftover.
    pub(super) fn listen(run: &Path, inputs: SyncSender<Input>) -> io::Result<Self> {
        let path = socket_path(run);
        drop(fs::remove_file(&path));
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o666))?;
        thread::Builder::new().name("control".into()).spawn(move || serve(&listener, &inputs))?;
        Ok(Self { path })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

fn serve(listener: &UnixListener, inputs: &SyncSender<Input>) {
    let callers = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming().flatten() {
        let (inputs, callers) = (inputs.clone(), Arc::clone(&callers));
        if callers.fetch_add(1, Ordering::SeqCst) >= CALLERS {
            callers.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let serving = Arc::clone(&callers);
        let thread = thread::Builder::new().name("caller".into()).spawn(move || {
            // A caller that asks badly or goes away gets no answer, and harms nobody.
            drop(serve_one(stream, &inputs));
            serving.fetch_sub(1, Ordering::SeqCst);
        });
        if thread.is_err() {
            callers.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn serve_one(mut stream: UnixStream, inputs: &SyncSender<Input>) -> io::Result<()> {
    let uid = getsockopt(&stream, PeerCredentials)?.uid();
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = read_one(&mut stream)?;
    let (reply, answered) = sync_channel(1);
    inputs.send(Input::Call(Call { request, uid, reply })).map_err(|_| io::ErrorKind::BrokenPipe)?;
    let answer = match answered.recv_timeout(PATIENCE) {
        Ok(answer) => answer,
        Err(mpsc::RecvTimeoutError::Timeout | mpsc::RecvTimeoutError::Disconnected) => {
            Answer::Refused("the daemon is too busy to answer; try again".into())
        }
    };
    stream.write_all(&frame(&answer)?)
}

/// Reads one message.
fn read_one<T: for<'a> Deserialize<'a>>(stream: &mut UnixStream) -> io::Result<T> {
    let (mut inbox, mut buffer) = (Vec::new(), [0; 8192]);
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        inbox.extend_from_slice(&buffer[..length]);
        if let Some(message) = take_frames(&mut inbox)?.into_iter().next() {
            return Ok(message);
        }
    }
}

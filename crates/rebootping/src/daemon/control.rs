//! The socket operators talk to: one request, one answer. The kernel says who asks: reading is for all, changing for root, and
//! some of it for the page's user.

use super::Input;
use crate::committer::audit::Who;
use crate::committer::restrict::Reply;
use crate::duration::format_duration;
use crate::extract::own_stream::Flow;
use crate::ipc::control::{ControlOrder, ControlReport};
use crate::ipc::courier::AlertsReport;
use crate::ipc::observer::DeviceVerb;
use crate::ipc::{frame, take_frames};
use crate::report::status::Status;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::Uid;
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
    /// Somebody follows captures: have them written without waiting for more.
    Follow { lasting: Duration },
    /// Do this to the device that has this MAC.
    Device(Hardware, DeviceVerb),
    /// Do this to a device in the firewall, or in the DHCP server.
    Control(ControlOrder),
    /// How devices are controlled, those behind a MAC if one is given.
    Controlled {
        /// The last that was shown.
        after: Option<Hardware>,
    },
    /// How alerts go.
    Alerts,
    /// Tell people that this is a test.
    TestAlerts,
    /// Look at configuration and machine.
    Check,
    /// Read the configuration again.
    Reload,
}

/// Who asks, as the kernel says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asker {
    /// May do everything.
    Root,
    /// The page's user.
    Page,
    /// May look.
    Other,
}

impl Request {
    /// Whether this may be asked by whom.
    fn is_for(&self, asker: Asker) -> bool {
        match (asker, self) {
            (Asker::Root, _) | (_, Self::Status) => true,
            (Asker::Page, request) => match request {
                Self::Status
                | Self::Order { .. }
                | Self::Auto { .. }
                | Self::Retry { .. }
                | Self::LeaveOut { .. }
                | Self::Follow { .. }
                | Self::Device(..)
                | Self::Control(_)
                | Self::Controlled { .. }
                | Self::Check => true,
                Self::Release | Self::Reload | Self::Alerts | Self::TestAlerts => false,
            },
            (Asker::Other, _) => false,
        }
    }

    /// What is changed, for the log; nothing if nothing is.
    pub(super) fn change(&self) -> Option<String> {
        let lasting = |lasting: &Option<Duration>| lasting.map_or("until auto".to_owned(), format_duration);
        Some(match self {
            // An order of control has a row of its own.
            Self::Status
            | Self::Check
            | Self::LeaveOut { .. }
            | Self::Follow { .. }
            | Self::Reload
            | Self::Alerts
            | Self::TestAlerts
            | Self::Control(_)
            | Self::Controlled { .. } => return None,
            Self::Order { link, order, lasting: it, force } => {
                format!("link={link:?} order={order:?} for={:?} force={force}", lasting(it))
            }
            Self::Auto { link } => format!("link={link:?} order=auto"),
            Self::Retry { link } => format!("link={link:?} order=retry"),
            Self::Release => "order=release".to_owned(),
            Self::Device(mac, verb) => format!("device={mac} order={verb:?}"),
        })
    }
}

/// What the daemon answers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// How everything is.
    Status(Box<Status>),
    /// How devices are controlled.
    Controlled(Box<ControlReport>),
    /// How alerts go; none if nobody is to be told anything.
    Alerts(Option<Box<AlertsReport>>),
    /// It is done, or begun.
    Done(String),
    /// What there is to mend, as JSON.
    Check(String),
    /// It is not done, and why.
    Refused(String),
}

/// A request that waits for its answer.
pub(crate) struct Call {
    pub(super) request: Request,
    asker: Asker,
    /// Who asks, to be written down.
    pub(super) who: Who,
    reply: SyncSender<Answer>,
}

impl Call {
    /// Why who asks may not ask that, if so.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        if self.request.is_for(self.asker) {
            return None;
        }
        Some(match self.request {
            Request::Control(_) => "only root may restrict and name devices; use sudo",
            Request::Controlled { .. } => "only root may ask how devices are restricted; use sudo",
            Request::Alerts | Request::TestAlerts => "only root may ask what people were told; use sudo",
            Request::Device(..) => "only root may change what is known of devices; use sudo",
            _ => "only root may change how links are used; use sudo",
        })
    }

    /// What the page changes, for the log: root's own orders are in its shell's history.
    pub(super) fn audit(&self) -> Option<String> {
        let change = self.request.change().filter(|_| self.asker == Asker::Page)?;
        Some(format!("who=web {change}"))
    }

    /// Who asks, in a word.
    pub(super) fn who(&self) -> &'static str {
        match self.asker {
            Asker::Root => "root",
            Asker::Page => "web",
            Asker::Other => "other",
        }
    }

    /// Gives the answer; a caller that has gone does not need it.
    pub(super) fn answer(&self, answer: Answer) {
        drop(self.reply.try_send(answer));
    }

    /// A way to answer later with what was done, or why it was not.
    pub(super) fn reply(&self) -> Reply {
        let reply = self.reply.clone();
        // A caller that has gone does not need it.
        Box::new(move |done| drop(reply.try_send(done.map_or_else(Answer::Refused, Answer::Done))))
    }

    /// A way to answer later with how devices are controlled.
    pub(super) fn show(&self) -> Box<dyn FnOnce(ControlReport) + Send> {
        let reply = self.reply.clone();
        Box::new(move |report| drop(reply.try_send(Answer::Controlled(Box::new(report)))))
    }
}

/// Where a daemon with this run folder listens.
pub(crate) fn socket_path(run: &Path) -> PathBuf {
    run.join("control.sock")
}

/// What is said where there is no daemon.
pub(crate) const NOBODY: &str = "no daemon runs; start one with `rebootping run`, or name its file with --config";

/// Why a daemon could not be asked, in words.
pub(crate) fn unreachable(error: &io::Error) -> String {
    if is_nobody(error) {
        NOBODY.to_owned()
    } else {
        format!("the daemon does not answer ({error}); try again in a moment")
    }
}

/// Whether not being able to ask means that there is no daemon.
pub(crate) fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Asks the daemon with this run folder; [`is_nobody`] says of an error whether there is none.
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
    pub(super) fn listen(run: &Path, page: Uid, inputs: SyncSender<Input>) -> io::Result<Self> {
        let path = socket_path(run);
        drop(fs::remove_file(&path));
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o666))?;
        thread::Builder::new().name("control".into()).spawn(move || serve(&listener, page, &inputs))?;
        Ok(Self { path })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

fn serve(listener: &UnixListener, page: Uid, inputs: &SyncSender<Input>) {
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
            drop(serve_one(stream, page, &inputs));
            serving.fetch_sub(1, Ordering::SeqCst);
        });
        if thread.is_err() {
            callers.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn serve_one(mut stream: UnixStream, page: Uid, inputs: &SyncSender<Input>) -> io::Result<()> {
    let who = who(&stream)?;
    let asker = match Uid::from_raw(who.uid) {
        uid if uid.is_root() => Asker::Root,
        uid if uid == page => Asker::Page,
        _ => Asker::Other,
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = read_one(&mut stream)?;
    let (reply, answered) = sync_channel(1);
    inputs.send(Input::Call(Call { request, asker, who, reply })).map_err(|_| io::ErrorKind::BrokenPipe)?;
    let answer = match answered.recv_timeout(PATIENCE) {
        Ok(answer) => answer,
        Err(mpsc::RecvTimeoutError::Timeout | mpsc::RecvTimeoutError::Disconnected) => {
            Answer::Refused("the daemon is too busy to answer; try again".into())
        }
    };
    stream.write_all(&frame(&answer)?)
}

/// Who is at the other end.
fn who(stream: &UnixStream) -> io::Result<Who> {
    let peer = getsockopt(stream, PeerCredentials)?;
    let login = fs::read_to_string(format!("/proc/{}/loginuid", peer.pid()));
    // The kernel's word for nobody is the highest number.
    let login = login.ok().and_then(|text| text.trim().parse().ok()).filter(|uid| *uid != u32::MAX);
    Ok(Who { uid: peer.uid(), pid: peer.pid(), login })
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

#[cfg(test)]
mod tests {
    use super::*;
    use rebootping_core::link::verdict::Order;

    #[test]
    fn the_page_may_use_the_listed_verbs_and_a_stranger_may_only_look() {
        let link = || "wan1".to_owned();
        let mac = Hardware([2, 0, 0, 0, 0, 1]);
        let flow = Flow { client: ([127, 0, 0, 1], 1).into(), server: ([127, 0, 0, 1], 2).into() };
        let rows = [
            (Request::Status, true, true),
            (Request::Order { link: link(), order: Order::Pin, lasting: None, force: false }, true, false),
            (Request::Auto { link: link() }, true, false),
            (Request::Retry { link: link() }, true, false),
            (Request::Device(mac, DeviceVerb::Forget), true, false),
            (Request::LeaveOut { flow, lasting: Duration::from_secs(1) }, true, false),
            (Request::Control(ControlOrder::Undo(None)), true, false),
            (Request::Controlled { after: None }, true, false),
            (Request::Check, true, false),
            (Request::Alerts, false, false),
            (Request::TestAlerts, false, false),
            (Request::Release, false, false),
            (Request::Reload, false, false),
        ];
        for (request, page, other) in rows {
            assert!(request.is_for(Asker::Root), "{request:?}");
            assert_eq!(request.is_for(Asker::Page), page, "{request:?}");
            assert_eq!(request.is_for(Asker::Other), other, "{request:?}");
        }
    }

    #[test]
    fn that_nobody_is_there_is_told_apart_from_a_daemon_that_does_not_answer() {
        let error = ask(Path::new("/nowhere"), &Request::Status).unwrap_err();
        assert_eq!(unreachable(&error), NOBODY);
        let told = unreachable(&io::ErrorKind::TimedOut.into());
        assert_eq!(told, "the daemon does not answer (timed out); try again in a moment");
    }

    #[test]
    fn what_the_page_changes_is_logged_with_its_name() {
        let (reply, _answered) = sync_channel(1);
        let request = Request::Order { link: "wan1".into(), order: Order::Out, lasting: None, force: false };
        let mut call = Call { request, asker: Asker::Page, who: Who { uid: 7, pid: 7, login: None }, reply };
        assert_eq!(call.audit().as_deref(), Some("who=web link=\"wan1\" order=Out for=\"until auto\" force=false"));
        call.request = Request::Status;
        assert_eq!(call.audit(), None);
    }
}

//! The observer process: captures every wire, keeps each device's newest packets, and learns who is on the network.
//!
//! It opens its ring and its socket as root, gives up every power, and from then on reads packets, netlink and what the
//! committer says. One thread takes frames; the disk and those who ask have threads of their own.
//!
//! ```text
//! ring ─ frames ┬► keep (whose, how much of it) ─► files ─► disk
//! netlink ─ interfaces, neighbours ─► ring's filter, keep
//!         └────► devices (who is there, names, ports) ─► whoever asks
//! judge's notes, what was committed and ordered ─► history ─► its file
//! committer ─ settings ─►        observer ─ how it goes, once a second ─► committer
//! ```

mod desk;
mod devices;
mod history;
mod keeper;
pub mod measuring;
mod orders;
mod past;
pub(crate) mod questions;
mod today;
mod watching;
mod welcome;

use crate::capture::{Capture, RING};
use crate::clock::{self, Moment};
use crate::ipc;
use crate::ipc::Peer;
use crate::ipc::observer::{Fact, FromObserver, ToObserver};
use crate::netlink::socket::RECEIVE_BUFFER;
use crate::netlink::watch::Watch;
use crate::sandbox::users::Identity;
use crate::sandbox::{self, Role, Sandbox};
use history::History;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Uid;
use past::Archive;
use questions::{Askers, Questions};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use watching::Watching;

/// The kernel should end this process before any that carries traffic (proc(5)): links are judged without it.
const OOM_SCORE: &str = "500";
/// What waits to be written is looked for this often, and a block of the ring that is not full is read.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often the committer is told how it goes.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// Even if no message is ever lost, the kernel is asked for everything this often.
const ASK_KERNEL_EVERY: Duration = Duration::from_secs(60);

/// `rebootping observer`: talks to the daemon that started it over standard input, or to the one it joins.
pub(crate) fn main(join: Option<&Path>) -> ExitCode {
    ipc::serve("observer", join, run)
}

/// Observes until the committer closes its end of the connection.
fn run(committer: UnixStream) -> io::Result<()> {
    let mut peer = Peer::new(committer)?;
    let settings = peer.first(|message| {
        let ToObserver::Configure(settings) = message else { return None };
        Some(*settings)
    })?;
    // A kernel that does not let us say so ends us like any other process.
    drop(fs::write("/proc/self/oom_score_adj", OOM_SCORE));
    let zone = clock::settle_zone();
    let seed = draw_seed()?;
    let boot = history::boot_name();
    let mut watch = Watch::open(RECEIVE_BUFFER)?;
    let settled = watch.settle();
    let captured = watching::captured(&watch, &settings);
    let capture = Capture::open(RING, captured)?;
    let door = questions::open(&settings.run)?;
    let page = Identity::find(&settings.web_user, Role::Web)?;
    let courier = Identity::find(&settings.courier_user, Role::Courier)?;
    let confinement = sandbox::enter(&Sandbox {
        role: Role::Observer,
        identity: Identity::find(&settings.user, Role::Observer)?,
        read: Vec::new(),
        write: [&settings.captures, &settings.state].into_iter().filter(|folder| folder.exists()).cloned().collect(),
        sockets: Vec::new(),
        ports: Vec::new(),
        dies_with: None,
    })?;
    let (history, trouble) = History::start(&settings, boot, zone.clone());
    let archive = Archive::new(settings.state.clone(), history.door());
    let askers = Askers { all: vec![Uid::from_raw(0), page.uid()], minutes: courier.uid() };
    let questions = Questions::listen(door, askers, settings.captures.clone(), archive)?;
    let troubles = confinement.warning().into_iter().chain(settled.err().map(|error| error.to_string()));
    for trouble in troubles {
        peer.send(&FromObserver::Warning(format!("observer: {trouble}")))?;
    }
    if let Some(trouble) = trouble {
        peer.send(&trouble)?;
    }
    let watching = Watching::start(watch, capture, settings, seed, zone);
    Observer { peer, questions, history, watching }.run()
}

/// A secret for the tables that are filled by strangers.
fn draw_seed() -> io::Result<u64> {
    let mut seed = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(u64::from_ne_bytes(seed))
}

struct Observer {
    peer: Peer,
    questions: Questions,
    history: History,
    watching: Watching,
}

impl Observer {
    /// Ends when the committer is gone, with all that was captured before written.
    fn run(mut self) -> io::Result<()> {
        let ended = self.watch();
        let (learnt, line) = self.watching.learnt();
        self.history.learn(learnt, line);
        self.history.stop(watching::STOP_WITHIN / 4);
        self.watching.stop();
        ended
    }

    fn watch(&mut self) -> io::Result<()> {
        let look = PollTimeout::try_from(LOOK_EVERY).map_err(io::Error::other)?;
        let mut report_at = clock::now() + REPORT_EVERY;
        let mut ask_kernel_at = clock::now() + ASK_KERNEL_EVERY;
        loop {
            let [ring, netlink] = self.watching.fds();
            wait_for(&[ring, netlink, self.peer.as_fd(), self.questions.as_fd()], look)?;
            // The news first: frames of an interface nobody knows are not kept.
            self.watching.receive_netlink();
            self.watching.receive();
            for message in self.peer.receive()? {
                match message {
                    ToObserver::Configure(settings) => {
                        self.history.configure(&settings);
                        self.watching.configure(*settings);
                    }
                    ToObserver::Notes(notes) => self.history.hear(notes),
                    ToObserver::Happened { number, happened } => self.history.keep(number, happened),
                    ToObserver::LeaveOut(flow, lasting) => self.watching.leave_out(flow, lasting),
                    ToObserver::Follow(lasting) => self.watching.follow(lasting),
                    ToObserver::Device { number, mac, verb } => {
                        self.watching.obey(number, (mac, &verb), &mut self.history);
                    }
                }
            }
            while let Some(asked) = self.questions.next() {
                // Who asked may have gone.
                let answer = match asked.fact {
                    Fact::Report => self.watching.devices(),
                    Fact::Traffic => self.watching.traffic(),
                    Fact::Recent(wanted) => self.history.recent(wanted),
                    Fact::Moved(beginning) => self.history.moved(beginning),
                };
                drop(asked.reply.try_send(answer));
            }
            let now = clock::now();
            if now >= report_at {
                report_at = now + REPORT_EVERY;
                let report = self.watching.report(Moment::now())?;
                self.tell(&FromObserver::Capture(Box::new(report)));
                let (learnt, line) = self.watching.learnt();
                self.history.learn(learnt, line);
            }
            if now >= ask_kernel_at {
                ask_kernel_at = now + ASK_KERNEL_EVERY;
                self.watching.ask_kernel();
            }
            for said in self.watching.said().into_iter().chain(self.history.said(Moment::now())) {
                self.tell(&said);
            }
            self.peer.flush()?;
        }
    }

    /// Tells the committer, as far as it listens; that it is gone shows when it is next read.
    fn tell(&mut self, message: &FromObserver) {
        drop(self.peer.send(message));
    }
}

/// Sleeps until something can be read or the time is over; a signal wakes it too.
fn wait_for(fds: &[BorrowedFd<'_>], timeout: PollTimeout) -> io::Result<()> {
    let mut fds: Vec<PollFd<'_>> = fds.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    match poll(&mut fds, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

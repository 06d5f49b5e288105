//! What our processes say to each other: small closed messages as JSON, each behind its length, over a socket pair.
//!
//! Neither end trusts the other: a frame above [`LONGEST`] or one that does not parse ends the connection. Sending never blocks: what
//! the other end does not read in time stays in a bounded outbox, and the sender is told when that is full.

pub(crate) mod control;
pub(crate) mod courier;
pub(crate) mod joining;
pub(crate) mod observer;
pub(crate) mod past;
pub(crate) mod web;

use crate::config::links;
use crate::log;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt::SockType};
use rebootping_core::commit::Want;
use rebootping_core::engine::{Event, Report};
use rebootping_core::history::relay::Receipt;
use rebootping_core::link::verdict::Order;
use rebootping_core::link::{Family, LinkId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// No frame is longer, in bytes.
pub(crate) const LONGEST: usize = 64 * 1024;
/// An outbox holds no more, in bytes.
const OUTBOX: usize = 4 * LONGEST;

/// From the committer to the judge.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum ToJudge {
    /// Judge these links from now on. The first message; later ones replace it.
    Configure(Box<JudgeSettings>),
    /// The operator's order about a link, or its end.
    Order { link: LinkId, order: Option<Order>, lasting: Option<Duration> },
    /// The operator ends a link's hold-down.
    Retry { link: LinkId },
    /// How much of its notes the history has.
    Receipt(Receipt),
}

/// From the judge to the committer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum FromJudge {
    /// These are the links from now on, in order.
    Links(Vec<JudgedLink>),
    /// Bring the firewall to this choice, one entry a link.
    Choose(Family, Vec<WantedLink>),
    /// How the links are after a round.
    Report(Box<Report>),
    /// How they are in mid round, when something has changed: no further round is over.
    Change(Box<Report>),
    /// Something the operator would like to know.
    Event(Box<Event>),
    /// Something the operator should know that is not about one link.
    Warning(String),
    /// Notes for the history, which nobody reads on the way there.
    Notes(Vec<u8>),
}

/// What is wanted of one link in one family.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct WantedLink {
    /// In, or out and how.
    pub(crate) want: Want,
    /// Its next hop, where it is known and needed.
    pub(crate) gateway: Option<IpAddr>,
}

/// A link as the judge found it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct JudgedLink {
    /// Its interface.
    pub(crate) name: String,
    /// The operator's name for it.
    pub(crate) label: Option<String>,
    /// Traffic over it is paid for.
    pub(crate) metered: bool,
}

/// All the judge needs to know of the configuration and the firewall.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct JudgeSettings {
    /// The user the judge becomes.
    pub(crate) user: String,
    /// Where what must survive a power loss is kept.
    pub(crate) state: PathBuf,
    /// Where what need only survive us is kept, once a round: in memory, as a rule.
    pub(crate) run: PathBuf,
    /// Length of a round.
    pub(crate) interval: Duration,
    /// Addresses all links are asked for, unless a rule has others.
    pub(crate) targets: Vec<IpAddr>,
    /// Echoes per target and round.
    pub(crate) echoes: u8,
    /// How long a link sits out after a fault.
    pub(crate) hold_down: Duration,
    /// Which interfaces are links; empty is those of the providers, else those with a default route.
    pub(crate) interfaces: Vec<String>,
    /// The firewall's providers in its order.
    pub(crate) providers: Vec<ProviderHint>,
    /// Settings of single links; the first that matches holds.
    pub(crate) rules: Vec<LinkRule>,
}

/// What the firewall says of a link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ProviderHint {
    /// Its interface, by the physical name.
    pub(crate) interface: String,
    /// Its gateway, where the providers file names one.
    pub(crate) gateway: Option<IpAddr>,
}

/// Settings of the links whose interface matches.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LinkRule {
    /// A pattern of interface names.
    pub(crate) interface: String,
    /// The operator's name for the link.
    pub(crate) label: Option<String>,
    /// Traffic over it is paid for.
    pub(crate) metered: bool,
    /// Targets of its own.
    pub(crate) targets: Option<Vec<IpAddr>>,
    /// Echoes of its own.
    pub(crate) echoes: Option<u8>,
    /// A hold-down of its own.
    pub(crate) hold_down: Option<Duration>,
}

/// Runs a process of the daemon until that closes its end: one the daemon started and talks to over its standard input, or one that a
/// unit started and that joins the daemon in a folder.
pub(crate) fn serve(name: &str, join: Option<&Path>, run: impl FnOnce(UnixStream) -> io::Result<()>) -> ExitCode {
    let joined = join.map(|folder| joining::join(folder, name));
    let Some(daemon) = joined.or_else(|| daemons_end(io::stdin().as_fd())) else {
        let what = "is a process that `rebootping run` starts";
        log::error(&format!("{name} {what}; `rebootping {name} --help` says what people can ask of it"));
        return ExitCode::from(2);
    };
    match daemon.and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => ExitCode::SUCCESS,
        Err(error) => {
            log::error(&format!("{name}: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// What the daemon hands to a process it starts; nothing if this is no socket, as where somebody typed the process's name.
fn daemons_end(input: BorrowedFd<'_>) -> Option<io::Result<UnixStream>> {
    match getsockopt(&input, SockType) {
        Err(Errno::ENOTSOCK) => None,
        _ => Some(input.try_clone_to_owned().map(UnixStream::from)),
    }
}

/// One end of a connection between two of our processes, or of a command to the daemon.
#[derive(Debug)]
pub(crate) struct Peer {
    stream: UnixStream,
    inbox: Vec<u8>,
    outbox: VecDeque<u8>,
}

impl Peer {
    /// Talks over this stream, which from now on does not block.
    pub(crate) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, inbox: Vec::new(), outbox: VecDeque::new() })
    }

    /// Waits for the first message that the other end begins with; of several that came together the last holds.
    pub(crate) fn first<M: DeserializeOwned, S>(&mut self, begins: impl Fn(M) -> Option<S>) -> io::Result<S> {
        loop {
            match poll(&mut [PollFd::new(self.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(beginning) = self.receive()?.into_iter().filter_map(&begins).next_back() {
                return Ok(beginning);
            }
        }
    }

    /// Queues a message and sends what can be sent; false if the outbox is full and the message was dropped.
    pub(crate) fn send(&mut self, message: &impl Serialize) -> io::Result<bool> {
        let frame = frame(message)?;
        if self.outbox.len() + frame.len() > OUTBOX {
            return Ok(false);
        }
        self.outbox.extend(frame);
        self.flush().map(|()| true)
    }

    /// Sends as much of the outbox as the other end takes.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while !self.outbox.is_empty() {
            let (front, _) = self.outbox.as_slices();
            match self.stream.write(front) {
                Ok(sent) => drop(self.outbox.drain(..sent)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Everything sent has been taken.
    pub(crate) fn is_clear(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Takes in what has arrived. The other end having closed is `UnexpectedEof`.
    pub(crate) fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Vec<T>> {
        let mut buffer = [0; 8192];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.inbox.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.inbox.len() > LONGEST {
                break;
            }
        }
        take_frames(&mut self.inbox)
    }
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// A message behind its length, in four bytes of network order.
pub(crate) fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    if body.len() > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a message of {} bytes is too long to send", body.len()),
        ));
    }
    let mut frame = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// Takes all whole frames off the front of what has arrived.
pub(crate) fn take_frames<T: DeserializeOwned>(inbox: &mut Vec<u8>) -> io::Result<Vec<T>> {
    let mut messages = Vec::new();
    let mut rest = inbox.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        if length > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes is too long")));
        }
        let Some((body, next)) = after.split_at_checked(length) else { break };
        messages.push(serde_json::from_slice(body)?);
        rest = next;
    }
    let taken = inbox.len() - rest.len();
    inbox.drain(..taken);
    Ok(messages)
}

/// Reads one frame and nothing behind it.
pub(crate) fn read_frame<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes is too long")));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

impl From<&links::LinkRule> for LinkRule {
    fn from(rule: &links::LinkRule) -> Self {
        Self {
            interface: rule.interface.to_string(),
            label: rule.label.clone(),
            metered: rule.metered,
            targets: rule.targets.clone(),
            echoes: rule.echoes,
            hold_down: rule.hold_down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_survive_being_cut_anywhere() {
        let messages = [
            ToJudge::Retry { link: LinkId(3) },
            ToJudge::Order { link: LinkId(0), order: Some(Order::Pin), lasting: None },
        ];
        let bytes: Vec<u8> = messages.iter().flat_map(|message| frame(message).unwrap()).collect();
        for cut in 0..bytes.len() {
            let mut inbox = bytes[..cut].to_vec();
            let mut got: Vec<ToJudge> = take_frames(&mut inbox).unwrap();
            inbox.extend_from_slice(&bytes[cut..]);
            got.extend(take_frames(&mut inbox).unwrap());
            assert_eq!((got.as_slice(), inbox.len()), (messages.as_slice(), 0));
        }
    }

    #[test]
    fn a_frame_that_is_too_long_or_is_no_message_ends_the_talk() {
        assert!(take_frames::<ToJudge>(&mut vec![0, 1, 0, 1, 0]).is_err());
        assert!(take_frames::<ToJudge>(&mut vec![0, 0, 0, 2, b'{', b'}']).is_err());
    }

    #[test]
    fn of_several_beginnings_that_came_together_the_last_holds() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut theirs = Peer::new(theirs).unwrap();
        let retry = |link| ToJudge::Retry { link: LinkId(link) };
        for link in [1, 2, 3] {
            theirs.send(&retry(link)).unwrap();
        }
        let mut ours = Peer::new(ours).unwrap();
        let begins = |message: ToJudge| (message != retry(3)).then_some(message);
        assert_eq!(ours.first(begins).unwrap(), retry(2));
    }

    #[test]
    fn a_full_outbox_drops_the_message_and_says_so() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut peer = Peer::new(ours).unwrap();
        let message = FromJudge::Warning("x".repeat(50_000));
        let sent = (0..100).take_while(|_| peer.send(&message).unwrap()).count();
        assert!((4..60).contains(&sent), "{sent}");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut inbox = bytes;
            let _ = take_frames::<FromJudge>(&mut inbox);
        }
    }
}

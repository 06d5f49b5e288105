//! What the committer is told: the links before all that counts on their numbers, then the latest choice of each family.
//!
//! It may stand still for long, and nobody waits for it: links and choices lie here until they are taken, all else is told as far
//! as it listens.

use crate::ipc::{FromJudge, JudgedLink, Peer, ToJudge, WantedLink};
use rebootping_core::engine::Report;
use rebootping_core::link::{Family, LinkId};
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// How often the operator is told that a link's echoes cannot be sent.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// The committer, as the judge sees it.
pub(super) struct Listener {
    peer: Peer,
    /// The links, while they are not taken.
    links: Option<Vec<JudgedLink>>,
    /// Choices that are not taken: the latest of each family.
    chosen: BTreeMap<Family, Vec<WantedLink>>,
    /// Links whose echoes could not be sent, and when that was last said.
    warned: BTreeMap<LinkId, Time>,
}

impl Listener {
    pub(super) const fn new(peer: Peer) -> Self {
        Self { peer, links: None, chosen: BTreeMap::new(), warned: BTreeMap::new() }
    }

    /// The links are these from now on; choices among those of before are void.
    pub(super) fn describe(&mut self, links: Vec<JudgedLink>) {
        self.chosen.clear();
        self.links = Some(links);
    }

    /// The latest choice of a family.
    pub(super) fn choose(&mut self, family: Family, wanted: Vec<WantedLink>) {
        self.chosen.insert(family, wanted);
    }

    /// Whatever was told so far has been taken.
    pub(super) fn is_clear(&self) -> bool {
        self.peer.is_clear() && self.links.is_none()
    }

    /// How the links are, if anybody listens at once: the next report is better than an old one.
    pub(super) fn report(&mut self, after: fn(Box<Report>) -> FromJudge, report: impl FnOnce() -> Report) {
        if self.is_clear() {
            self.tell(&after(Box::new(report())));
        }
    }

    /// Told as far as it listens; that it is gone shows when it is next read.
    pub(super) fn tell(&mut self, message: &FromJudge) {
        drop(self.peer.send(message));
    }

    /// A failure of the judge's own, which goes on all the same.
    pub(super) fn warn_if(&mut self, error: Option<io::Error>, what: &str) {
        if let Some(error) = error {
            self.tell(&FromJudge::Warning(format!("{what}: {error}")));
        }
    }

    /// An echo over a link could not be sent.
    pub(super) fn warn_of_send(&mut self, link: LinkId, name: &str, error: &io::Error, now: Time) {
        if self.warned.get(&link).is_some_and(|&at| now.since(at) < WARN_EVERY) {
            return;
        }
        self.warned.insert(link, now);
        let warning = format!("{name}: an echo could not be sent: {error}; its rounds are not judged for a while");
        self.tell(&FromJudge::Warning(warning));
    }

    /// What it says.
    pub(super) fn receive(&mut self) -> io::Result<Vec<ToJudge>> {
        self.peer.receive()
    }

    /// Hands over what it has not taken yet, the links first.
    pub(super) fn deliver(&mut self) -> io::Result<()> {
        self.peer.flush()?;
        if let Some(links) = self.links.take() {
            if !self.peer.send(&FromJudge::Links(links.clone()))? {
                self.links = Some(links);
                return Ok(());
            }
        }
        while let Some((&family, wants)) = self.chosen.first_key_value() {
            if !self.peer.send(&FromJudge::Choose(family, wants.clone()))? {
                break;
            }
            self.chosen.remove(&family);
        }
        Ok(())
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.peer.as_fd()
    }
}

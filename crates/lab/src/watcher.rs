//! Watches the gateway's default routes and notes the moment when a link leaves or enters.
//!
//! A change is looked at when the kernel announces it, within a fraction of a millisecond; what lasts shorter may be missed.

use std::collections::BTreeSet;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;

use crate::gateway::is_for_new;
use crate::ns::Ns;
use crate::plan::Family;
use crate::rtnl::Rtnl;
use crate::stop::Running;
use crate::wait::wait_until;

/// Routes are looked at this often even where nothing was announced: the kernel is silent when a device takes its routes along.
const LOOK_EVERY_MS: u8 = 10;
const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

/// A link left or entered the routing of new connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was seen.
    pub at: Instant,
    /// The interface.
    pub link: String,
    /// The IP version.
    pub family: Family,
    /// Whether it is in from then on.
    pub entered: bool,
}

/// A time without any default route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When it began.
    pub at: Instant,
    /// The IP version.
    pub family: Family,
    /// When it ended, if it has.
    pub end: Option<Instant>,
}

/// A thread that watches; dropping it ends the watch.
#[derive(Debug)]
pub struct Watcher {
    seen: Arc<Mutex<Seen>>,
    _thread: Running,
}

#[derive(Debug, Default)]
struct Seen {
    changes: Vec<Change>,
    gaps: Vec<Gap>,
}

impl Watcher {
    /// Begins to watch `links` on the gateway; what is there now is no change.
    pub(crate) fn start(gw: &Ns, links: Vec<String>) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let seen_inside = Arc::clone(&seen);
        let (rtnl, listener, links) = gw.enter(|| {
            let index = |link: String| (if_nametoindex(link.as_str()).expect("a link has an interface"), link);
            (Rtnl::open(), Rtnl::open_listener(), links.into_iter().map(index).collect())
        });
        let mut watch = Watch { rtnl, links, inside: BTreeSet::new(), seen: seen_inside };
        watch.inside = watch.look().0;
        let thread = Running::start(gw, "watcher", move |stop| watch.run(&listener, stop));
        Self { seen, _thread: thread }
    }

    /// Everything that changed so far, in order.
    pub fn changes(&self) -> Vec<Change> {
        self.seen.lock().expect("no panic while it is held").changes.clone()
    }

    /// The times without any default route so far; a family that had none from the start is not one.
    pub fn gaps(&self, family: Family) -> Vec<Gap> {
        let seen = self.seen.lock().expect("no panic while it is held");
        seen.gaps.iter().filter(|gap| gap.family == family).copied().collect()
    }

    /// Waits until `link` has left after `since`; how long after.
    #[track_caller]
    pub fn wait_left(&self, link: &str, family: Family, since: Instant, limit: Duration) -> Duration {
        self.wait_for(link, family, false, since, limit)
    }

    /// Waits until `link` has entered after `since`; how long after.
    #[track_caller]
    pub fn wait_entered(&self, link: &str, family: Family, since: Instant, limit: Duration) -> Duration {
        self.wait_for(link, family, true, since, limit)
    }

    /// Panics where there was an instant without a default route.
    #[track_caller]
    pub fn assert_always_a_way_out(&self, family: Family) {
        let gaps = self.gaps(family);
        assert!(gaps.is_empty(), "{family:?} had no default route at times: {gaps:?}");
    }

    #[track_caller]
    fn wait_for(&self, link: &str, family: Family, entered: bool, since: Instant, limit: Duration) -> Duration {
        let moment = || {
            let same = |c: &&Change| c.link == link && c.family == family && c.entered == entered && c.at >= since;
            self.seen.lock().expect("no panic while it is held").changes.iter().find(same).map(|change| change.at)
        };
        let what = if entered { "entered" } else { "left" };
        wait_until(&format!("{link} has {what} the routing of new {family:?} connections"), limit, || {
            moment().is_some()
        });
        moment().map(|at| at - since).expect("it has just been seen")
    }
}

type Inside = BTreeSet<(Family, String)>;

/// What the watching thread has.
struct Watch {
    rtnl: Rtnl,
    links: Vec<(u32, String)>,
    inside: Inside,
    seen: Arc<Mutex<Seen>>,
}

impl Watch {
    fn run(mut self, listener: &Rtnl, stop: &EventFd) {
        let mut routed = self.look().1;
        loop {
            let mut fds = [listener.fd().as_fd(), stop.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            let _ = poll(&mut fds, PollTimeout::from(LOOK_EVERY_MS));
            if fds[1].any().unwrap_or(false) {
                return;
            }
            listener.drain();
            let (inside, routed_now) = self.look();
            self.note(&inside, &routed, &routed_now);
            (self.inside, routed) = (inside, routed_now);
        }
    }

    /// The links that are in, and the families that have any default route.
    fn look(&self) -> (Inside, BTreeSet<Family>) {
        let (mut inside, mut routed) = (Inside::new(), BTreeSet::new());
        for family in FAMILIES {
            for route in self.rtnl.default_routes(family).iter().filter(|route| is_for_new(route)) {
                routed.insert(family);
                let named = self.links.iter().filter(|(index, _)| route.interfaces.contains(index));
                inside.extend(named.map(|(_, link)| (family, link.clone())));
            }
        }
        (inside, routed)
    }

    fn note(&self, inside: &Inside, routed: &BTreeSet<Family>, routed_now: &BTreeSet<Family>) {
        let at = Instant::now();
        let mut seen = self.seen.lock().expect("no panic while it is held");
        for (family, link) in self.inside.symmetric_difference(inside) {
            let entered = inside.contains(&(*family, link.clone()));
            seen.changes.push(Change { at, link: link.clone(), family: *family, entered });
        }
        for family in routed.difference(routed_now) {
            seen.gaps.push(Gap { at, family: *family, end: None });
        }
        for family in routed_now.difference(routed) {
            if let Some(gap) = seen.gaps.iter_mut().rev().find(|gap| gap.family == *family) {
                gap.end.get_or_insert(at);
            }
        }
    }
}

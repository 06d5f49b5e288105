//! The stream of what happens: one teller asks once a second, however many listen, and whoever comes back hears what it missed.
//!
//! Nobody asks while nobody listens. A listener that does not take what it is told is hung up on: its browser comes again and
//! names the last event it heard.

use super::body::Pieces;
use super::past;
use super::problem::Problem;
use super::rates::{Now, Rates};
use super::site::Site;
use super::tail::{Entry, Tail};
use crate::clock;
use crate::ipc::observer::Traffic;
use crate::report::status::Status;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use rebootping_core::link::verdict::Code;
use rebootping_core::time::Time;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Browsers that listen at once.
const LISTENERS: usize = 64;
/// Events on their way to one listener.
const WAITING: usize = 32;
/// Events kept for those who come back: a minute of status and rates.
const KEPT: usize = 128;
/// Entries of the log that are kept for them.
const HAPPENED: usize = 256;
const MISSED: usize = KEPT + HAPPENED;
/// Rates are measured on while somebody looks at lists without listening.
const INTEREST: Duration = Duration::from_secs(10);
const EVERY: Duration = Duration::from_secs(1);

/// What is told, and to whom.
#[derive(Default, Debug)]
pub(super) struct Live {
    telling: Mutex<Telling>,
    /// The committer says that links may stand otherwise: a second more is long for who watches one fail.
    looks: Notify,
}

#[derive(Default, Debug)]
struct Telling {
    latest: u64,
    kept: VecDeque<Event>,
    /// The newest entries of the log.
    happened: VecDeque<Event>,
    tail: Tail,
    listeners: Vec<Sender<io::Result<Bytes>>>,
    rates: Rates,
    /// How links stood when a status was told last.
    stands: Vec<Stand>,
    /// Somebody looked at rates then.
    interest: Option<Time>,
}

/// What of a link in a family is told at once when it changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stand {
    code: Code,
    is_healthy: bool,
    is_enabled: bool,
    is_committed: bool,
}

#[derive(Clone, Debug)]
struct Event {
    id: u64,
    kind: &'static str,
    text: Bytes,
}

impl Live {
    /// Tells it from now on; what was missed since the event of that number first, else the newest of each kind.
    pub(super) fn listen(&self, after: Option<u64>) -> Result<Response<Body>, Problem> {
        let mut telling = self.lock();
        telling.listeners.retain(|listener| !listener.is_closed());
        if telling.listeners.len() >= LISTENERS {
            return Err(Problem::busy("too many pages listen already; close some"));
        }
        // All that is kept has room beside what comes.
        let (sender, receiver) = channel(MISSED + WAITING);
        for event in telling.missed(after) {
            drop(sender.try_send(Ok(event.text.clone())));
        }
        telling.listeners.push(sender);
        let mut response = Response::new(Body::new(Pieces(receiver)));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        // Some proxies gather an answer before they pass it on, unless they are told.
        response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
        Ok(response)
    }

    /// What flows now; measuring goes on for a while because of it.
    pub(super) fn rates(&self) -> Rates {
        let mut telling = self.lock();
        telling.interest = Some(clock::now());
        telling.rates.clone()
    }

    /// Tells those who listen, for as long as the process lives.
    pub(super) async fn tell(site: Arc<Site>) {
        let mut seconds = interval(EVERY);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            seconds.tick().await;
            let now = clock::now();
            if !site.live.is_wanted(now) {
                continue;
            }
            // The status last: what is told next must not be older than what was told in between.
            let (traffic, status) = (site.source.traffic().await, site.source.status().await);
            let mut telling = site.live.lock();
            if let Ok(traffic) = &traffic {
                telling.measure(traffic, now);
            }
            if let Ok(status) = status {
                let flows = Now::new(&status, site.settings.interval, &telling.rates);
                telling.tell_status(&status);
                telling.publish("now", &flows);
            }
        }
    }

    /// Links may stand otherwise than before.
    pub(super) fn look(&self) {
        self.looks.notify_one();
    }

    /// Tells those who listen between the seconds when a link stands otherwise than before.
    pub(super) async fn watch(site: Arc<Site>) {
        loop {
            site.live.looks.notified().await;
            if !site.live.has_listeners() {
                continue;
            }
            let Ok(status) = site.source.status_now().await else { continue };
            let mut telling = site.live.lock();
            if telling.stands != stands(&status) {
                telling.tell_status(&status);
            }
        }
    }

    /// Tells those who listen what comes into the log, likewise.
    pub(super) async fn follow(site: Arc<Site>) {
        let mut seconds = interval(EVERY);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            seconds.tick().await;
            if !site.live.has_listeners() {
                continue;
            }
            Self::read_on(&site).await;
        }
    }

    /// Knows the log as it is now, before anybody listens: what is in it already is told to those alone who come back.
    pub(super) async fn prepare(site: &Site) {
        if site.live.lock().tail.is_new() {
            // Nobody waits longer for an observer that is away.
            drop(timeout(EVERY, Self::read_on(site)).await);
        }
    }

    async fn read_on(site: &Site) {
        let Ok(newest) = past::newest(site).await else { return };
        let mut telling = site.live.lock();
        let is_first = telling.tail.is_new();
        for entry in telling.tail.take(newest) {
            telling.happen(&entry, !is_first);
        }
    }

    fn has_listeners(&self) -> bool {
        let mut telling = self.lock();
        telling.listeners.retain(|listener| !listener.is_closed());
        !telling.listeners.is_empty()
    }

    fn is_wanted(&self, now: Time) -> bool {
        self.has_listeners() || self.lock().interest.is_some_and(|at| now.since(at) < INTEREST)
    }

    fn lock(&self) -> MutexGuard<'_, Telling> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Telling {
    fn measure(&mut self, traffic: &[Traffic], now: Time) {
        self.rates.measure(traffic, now);
    }

    fn tell_status(&mut self, status: &Status) {
        self.stands = stands(status);
        self.publish("status", status);
    }

    fn publish(&mut self, kind: &'static str, value: &impl serde::Serialize) {
        let event = self.event(kind, value);
        self.send(&event);
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(event);
    }

    /// Keeps an entry of the log for those who come back, and tells it to those who listen if it is news to them.
    fn happen(&mut self, entry: &Entry, is_news: bool) {
        let mut event = self.event("log", &entry.whole);
        if is_news {
            self.send(&event);
        } else {
            event.id = entry.at;
        }
        if self.happened.len() >= HAPPENED {
            self.happened.pop_front();
        }
        self.happened.push_back(event);
    }

    fn event(&mut self, kind: &'static str, value: &impl serde::Serialize) -> Event {
        // Numbers grow across restarts of this process too.
        let wall = u64::try_from(clock::wall().as_millisecond()).unwrap_or(0);
        self.latest = (self.latest + 1).max(wall);
        let (id, data) = (self.latest, serde_json::to_string(value).unwrap_or_default());
        Event { id, kind, text: Bytes::from(format!("id: {id}\nevent: {kind}\ndata: {data}\n\n")) }
    }

    fn send(&mut self, event: &Event) {
        self.listeners.retain(|listener| {
            let is_behind = listener.max_capacity() - listener.capacity() >= MISSED + WAITING - 1;
            !is_behind && listener.try_send(Ok(event.text.clone())).is_ok()
        });
    }

    /// What came after that event; where it is not kept any more, the newest of each kind, and what happened since its time.
    fn missed(&self, after: Option<u64>) -> Vec<&Event> {
        let happened = self.happened.iter().filter(|event| after.is_some_and(|after| event.id > after));
        let mut missed: Vec<&Event> = happened.collect();
        if let Some(at) = after.and_then(|after| self.kept.iter().position(|event| event.id == after)) {
            missed.extend(self.kept.iter().skip(at + 1));
        } else {
            let is_newest =
                |place: usize, event: &Event| !self.kept.iter().skip(place + 1).any(|it| it.kind == event.kind);
            let newest = (0..).zip(&self.kept).filter(|(place, event)| is_newest(*place, event));
            missed.extend(newest.map(|(_, event)| event));
        }
        missed.sort_by_key(|event| event.id);
        missed
    }
}

fn stands(status: &Status) -> Vec<Stand> {
    let families = status.links.iter().flat_map(|link| link.families.values());
    families
        .map(|state| Stand {
            code: state.reason.code,
            is_healthy: state.healthy,
            is_enabled: state.enabled,
            is_committed: state.committed,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(telling: &Telling, after: Option<u64>) -> Vec<u64> {
        telling.missed(after).iter().map(|event| event.id).collect()
    }

    #[test]
    fn who_comes_back_hears_what_it_missed_and_who_is_new_the_newest() {
        let mut telling = Telling::default();
        for _ in 0..KEPT {
            telling.publish("status", &1);
            telling.publish("now", &2);
        }
        let kept: Vec<u64> = telling.kept.iter().map(|event| event.id).collect();
        assert_eq!(kept.len(), KEPT);
        assert!(kept.is_sorted_by(|one, other| one < other), "numbers grow");
        assert_eq!(ids(&telling, Some(kept[KEPT - 4])), kept[KEPT - 3..]);
        assert_eq!(ids(&telling, Some(kept[KEPT - 1])), Vec::<u64>::new());
        for unknown in [None, Some(1)] {
            assert_eq!(ids(&telling, unknown), kept[KEPT - 2..], "{unknown:?}");
        }
    }

    #[test]
    fn who_comes_back_hears_what_happened_since_it_left() {
        let mut telling = Telling::default();
        let entry = |at: u64| Entry { id: at.to_string(), at, whole: at.into() };
        telling.happen(&entry(1000), false);
        telling.happen(&entry(2000), false);
        telling.publish("status", &1);
        let left = telling.latest;
        telling.happen(&entry(3000), true);
        for _ in 0..KEPT {
            telling.publish("now", &2);
        }
        let newest = telling.latest;
        assert_eq!(ids(&telling, None), [newest], "who is new asks for the log itself");
        assert_eq!(ids(&telling, Some(1500)), [2000, left + 1, newest]);
        assert_eq!(ids(&telling, Some(left)), [left + 1, newest]);
    }

    #[test]
    fn a_listener_that_takes_nothing_is_hung_up_on() {
        let live = Live::default();
        let _never_read = live.listen(None).unwrap();
        for _ in 0..=MISSED + WAITING {
            live.lock().publish("now", &1);
        }
        assert!(live.lock().listeners.is_empty());
        let listening: Vec<_> = (0..LISTENERS).map(|_| live.listen(None).unwrap()).collect();
        assert!(live.listen(None).is_err());
        drop(listening);
        assert!(live.listen(None).is_ok());
    }
}

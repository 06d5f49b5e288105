//! Echoes: which are sent when, and which reply answers which.
//!
//! A round sends every target of every link its echoes, spread over the round's first half, to all links at the same moments. A
//! reply counts when its link, target, sequence and keyed token are those of an echo of this round, once, and when the kernel
//! stamped it before the next round's first send; anything else is counted as what it is and answers nothing.

use super::echoes::Echoes;
use super::{Family, LinkId, Targets};
use crate::link::recent::Summary;
use crate::time::Time;
use alloc::vec::Vec;
use core::hash::Hasher;
use core::net::IpAddr;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

/// A round in which we ran late by more than this is recorded, not judged.
pub const LATE: Duration = Duration::from_millis(100);

/// The secret that makes tokens ours; drawn anew at every start.
pub type Key = [u8; 16];

/// What a link is asked with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Course {
    /// Which list the targets are: links of one list are compared target by target.
    pub list: u16,
    /// Addresses to ask, at most [`Targets::MAX`].
    pub targets: Vec<IpAddr>,
    /// Echoes per target and round.
    pub echoes: u8,
}

/// How much of its course a link is asked in a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effort {
    /// All targets, all echoes.
    Full,
    /// One echo to each of these targets: a metered spare's turn.
    Sparse(Targets),
    /// Nothing.
    Nothing,
}

/// An echo request to be sent now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Echo {
    /// Over which link.
    pub link: LinkId,
    /// To whom.
    pub target: IpAddr,
    /// The ICMP sequence number.
    pub sequence: u16,
    /// The payload: proof that the reply answers this request.
    pub token: u64,
}

/// An echo reply as it came from the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The link whose interface it arrived on.
    pub link: LinkId,
    /// Who sent it.
    pub source: IpAddr,
    /// The ICMP sequence number.
    pub sequence: u16,
    /// The payload.
    pub token: u64,
    /// When the kernel received it.
    pub at: Time,
}

/// What became of a reply.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It answered its echo.
    Counted,
    /// Its echo was answered before.
    Duplicate,
    /// It came after the next round's first send.
    Late,
    /// No echo of ours asked for it: wrong link, source, sequence or token.
    Foreign,
}

/// What one link did in a finished round.
#[derive(Clone, Default, Debug)]
pub struct Finished {
    /// Its echoes, by target.
    pub echoes: Vec<Echoes>,
    /// Echoes and round trips.
    pub summary: Summary,
}

/// The echoes of one address family.
#[derive(Clone, Debug)]
pub struct Probe {
    family: Family,
    key: Key,
    interval: Duration,
    courses: Vec<Course>,
    start: Time,
    next_slot: u32,
    sequence: u64,
    this_round: Vec<Asking>,
    last_round: Vec<Asking>,
}

#[derive(Clone, Debug)]
struct Asking {
    effort: Effort,
    echoes: Vec<Sent>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    target: usize,
    sequence: u64,
    at: Time,
    round_trip: Option<Duration>,
}

impl Probe {
    /// A probe that asks nothing until its first round begins; one course a link, in configured order.
    pub fn new(family: Family, key: Key, interval: Duration, courses: Vec<Course>) -> Self {
        let quiet: Vec<Asking> =
            courses.iter().map(|_| Asking { effort: Effort::Nothing, echoes: Vec::new() }).collect();
        let (this_round, last_round) = (quiet.clone(), quiet);
        Self {
            family,
            key,
            interval,
            courses,
            start: Time::BOOT,
            next_slot: u32::MAX,
            sequence: 0,
            this_round,
            last_round,
        }
    }

    /// What each link is asked with.
    pub fn courses(&self) -> &[Course] {
        &self.courses
    }

    /// What each link did so far in this round.
    pub fn finished(&self) -> Vec<Finished> {
        self.this_round.iter().map(Asking::finish).collect()
    }

    /// Begins the next round at `start`, asking each link with this effort.
    pub fn handle_turn(&mut self, start: Time, efforts: &[Effort]) {
        core::mem::swap(&mut self.this_round, &mut self.last_round);
        for (place, asking) in self.this_round.iter_mut().enumerate() {
            asking.effort = efforts.get(place).copied().unwrap_or(Effort::Nothing);
            asking.echoes.clear();
        }
        self.start = start;
        self.next_slot = 0;
    }

    /// Asks this link nothing more in this round, and takes what it was asked for unasked: its path changed under way.
    pub fn handle_path_change(&mut self, link: LinkId) {
        if let Some(asking) = self.this_round.get_mut(usize::from(link.0)) {
            asking.effort = Effort::Nothing;
            asking.echoes.clear();
        }
    }

    /// The echoes that are due by `now`, and the moment the first of them was due.
    pub fn handle_wake(&mut self, now: Time) -> (Vec<Echo>, Option<Time>) {
        let mut due = Vec::new();
        let mut since = None;
        while let Some(at) = self.next_deadline().filter(|&at| at <= now) {
            since = since.or(Some(at));
            self.ask_slot(self.next_slot, now, &mut due);
            self.next_slot = self.next_slot.saturating_add(1);
        }
        (due, since)
    }

    /// When the next echo is due; none when the round's echoes are all sent.
    pub fn next_deadline(&self) -> Option<Time> {
        let half = self.interval.checked_div(2)?;
        let offset = half.checked_mul(self.next_slot)?.checked_div(self.slots())?;
        (self.next_slot < self.slots()).then(|| self.start + offset)
    }

    /// Sets when an echo really left, as the kernel stamped it.
    pub fn handle_sent(&mut self, link: LinkId, sequence: u16, at: Time) {
        let asking = self.this_round.get_mut(usize::from(link.0));
        if let Some(sent) =
            asking.and_then(|asking| asking.echoes.iter_mut().rev().find(|sent| sent.sequence as u16 == sequence))
        {
            sent.at = at;
        }
    }

    /// Matches a reply to its echo.
    pub fn handle_reply(&mut self, reply: &Reply, end: Time) -> Fate {
        let place = usize::from(reply.link.0);
        let Some(target) =
            self.courses.get(place).and_then(|course| course.targets.iter().position(|&target| target == reply.source))
        else {
            return Fate::Foreign;
        };
        let is_answered = |sent: &Sent| sent.target == target && sent.sequence as u16 == reply.sequence;
        if let Some(sent) =
            self.this_round.get_mut(place).and_then(|asking| asking.echoes.iter_mut().find(|sent| is_answered(sent)))
        {
            if token(&self.key, self.family, reply.link, reply.source, sent.sequence) != reply.token {
                return Fate::Foreign;
            }
            if reply.at > end {
                return Fate::Late;
            }
            if sent.round_trip.is_some() {
                return Fate::Duplicate;
            }
            sent.round_trip = Some(reply.at.since(sent.at));
            return Fate::Counted;
        }
        let Some(sent) =
            self.last_round.get(place).and_then(|asking| asking.echoes.iter().find(|sent| is_answered(sent)))
        else {
            return Fate::Foreign;
        };
        let ours = token(&self.key, self.family, reply.link, reply.source, sent.sequence) == reply.token;
        if ours { Fate::Late } else { Fate::Foreign }
    }

    /// Slots of a round: a slot is one echo to one target, over all links.
    fn slots(&self) -> u32 {
        let most = |of: fn(&Course) -> usize| self.courses.iter().map(of).max().unwrap_or(0);
        let (echoes, targets) =
            (most(|course| usize::from(course.echoes)), most(|course| course.targets.len().min(Targets::MAX)));
        u32::try_from(echoes.saturating_mul(targets)).unwrap_or(u32::MAX)
    }

    /// Asks all links the echo of a slot: first echo to every target, then the second.
    fn ask_slot(&mut self, slot: u32, now: Time, due: &mut Vec<Echo>) {
        let width = self.courses.iter().map(|course| course.targets.len().min(Targets::MAX)).max().unwrap_or(0).max(1);
        let slot = slot as usize;
        let (nth, place) = (slot.checked_div(width).unwrap_or(0), slot.checked_rem(width).unwrap_or(0));
        for (link, (course, asking)) in (0..).map(LinkId).zip(self.courses.iter().zip(&mut self.this_round)) {
            let Some(&target) = course.targets.get(place) else { continue };
            if nth >= asking.effort.echoes_to(place, course) {
                continue;
            }
            self.sequence = self.sequence.wrapping_add(1);
            let token = token(&self.key, self.family, link, target, self.sequence);
            asking.echoes.push(Sent { target: place, sequence: self.sequence, at: now, round_trip: None });
            due.push(Echo { link, target, sequence: self.sequence as u16, token });
        }
    }
}

impl Effort {
    fn echoes_to(self, target: usize, course: &Course) -> usize {
        match self {
            Self::Full => usize::from(course.echoes),
            Self::Sparse(targets) => usize::from(targets.has(target)),
            Self::Nothing => 0,
        }
    }
}

impl Asking {
    fn finish(&self) -> Finished {
        let mut by_target = [Echoes::default(); Targets::MAX];
        for sent in &self.echoes {
            let Some(echoes) = by_target.get_mut(sent.target) else { continue };
            echoes.target = sent.target as u8;
            echoes.note(sent.round_trip);
        }
        let echoes: Vec<Echoes> = by_target.into_iter().filter(|echoes| echoes.sent > 0).collect();
        let summary = Summary {
            sent: echoes.iter().map(|echoes| u32::from(echoes.sent)).sum(),
            answered: echoes.iter().map(|echoes| echoes.answered.count_ones()).sum(),
            round_trips: echoes.iter().filter_map(|echoes| echoes.best).collect(),
        };
        Finished { echoes, summary }
    }
}

/// The proof that a reply answers this request: SipHash-2-4 of all that must agree, under our key.
fn token(key: &Key, family: Family, link: LinkId, target: IpAddr, sequence: u64) -> u64 {
    let mut hasher = SipHasher24::new_with_key(key);
    hasher.write_u8(family as u8);
    hasher.write_u16(link.0);
    match target {
        IpAddr::V4(address) => hasher.write(&address.octets()),
        IpAddr::V6(address) => hasher.write(&address.octets()),
    }
    hasher.write_u64(sequence);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::echoes::{answered, asked, fell_silent};
    use core::net::Ipv4Addr;
    use std::vec;

    const SECOND: Duration = Duration::from_secs(1);
    const START: Time = Time::from_nanos(5_000_000_000);
    const END: Time = Time::from_nanos(6_000_000_000);

    fn target(n: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, n).into()
    }

    fn probe(links: usize) -> Probe {
        let course = Course { list: 0, targets: vec![target(1), target(2)], echoes: 3 };
        let mut probe = Probe::new(Family::Ipv4, [7; 16], SECOND, vec![course; links]);
        probe.handle_turn(START, &vec![Effort::Full; links]);
        probe
    }

    fn reply_to(echo: &Echo, at: Time) -> Reply {
        Reply { link: echo.link, source: echo.target, sequence: echo.sequence, token: echo.token, at }
    }

    #[test]
    fn echoes_are_spread_over_the_first_half_to_all_links_at_once() {
        let mut probe = probe(2);
        let mut moments = vec![];
        while let Some(at) = probe.next_deadline() {
            let (echoes, _) = probe.handle_wake(at);
            moments.push((
                at.since(START).as_millis(),
                echoes.iter().map(|echo| (echo.link.0, echo.target)).collect::<Vec<_>>(),
            ));
        }
        let both = |n| vec![(0, target(n)), (1, target(n))];
        assert_eq!(
            moments,
            [(0, both(1)), (83, both(2)), (166, both(1)), (250, both(2)), (333, both(1)), (416, both(2))]
        );
    }

    #[test]
    fn any_of_a_targets_echoes_will_do_and_the_best_round_trip_is_kept() {
        let mut probe = probe(1);
        let (echoes, _) = probe.handle_wake(END);
        probe.handle_sent(LinkId(0), echoes[0].sequence, START);
        probe.handle_sent(LinkId(0), echoes[2].sequence, START);
        assert_eq!(probe.handle_reply(&reply_to(&echoes[0], START + SECOND / 4), END), Fate::Counted);
        assert_eq!(probe.handle_reply(&reply_to(&echoes[2], START + SECOND / 8), END), Fate::Counted);
        let finished = &probe.finished()[0];
        assert_eq!((asked(&finished.echoes), answered(&finished.echoes)), (Targets::first(2), Targets::one(0)));
        assert_eq!((finished.summary.sent, finished.summary.answered), (6, 2));
        assert_eq!(finished.summary.round_trips, [SECOND / 8]);
    }

    #[test]
    fn a_link_whose_last_echoes_went_unanswered_fell_silent() {
        let mut probe = probe(2);
        let (echoes, _) = probe.handle_wake(END);
        for echo in echoes.iter().filter(|echo| echo.link == LinkId(0)).take(4) {
            probe.handle_reply(&reply_to(echo, START), END);
        }
        probe.handle_reply(&reply_to(echoes.last().unwrap(), START), END);
        let finished = probe.finished();
        assert_eq!((answered(&finished[0].echoes), fell_silent(&finished[0].echoes)), (Targets::first(2), true));
        assert_eq!((answered(&finished[1].echoes), fell_silent(&finished[1].echoes)), (Targets::one(1), false));
    }

    #[test]
    fn only_the_right_reply_counts_and_only_once() {
        let mut probe = probe(2);
        let (echoes, _) = probe.handle_wake(END);
        let good = reply_to(&echoes[0], START);
        for bad in [
            Reply { link: LinkId(1), ..good },
            Reply { link: LinkId(9), ..good },
            Reply { source: target(2), ..good },
            Reply { source: target(9), ..good },
            Reply { sequence: good.sequence ^ 1, ..good },
            Reply { token: good.token ^ 1, ..good },
        ] {
            assert_eq!(probe.handle_reply(&bad, END), Fate::Foreign, "{bad:?}");
        }
        assert_eq!(probe.handle_reply(&Reply { at: END + Duration::from_nanos(1), ..good }, END), Fate::Late);
        assert_eq!(probe.handle_reply(&good, END), Fate::Counted);
        assert_eq!(probe.handle_reply(&good, END), Fate::Duplicate);
    }

    #[test]
    fn a_reply_to_the_round_before_is_late_and_to_older_ones_foreign() {
        let mut probe = probe(1);
        let (echoes, _) = probe.handle_wake(END);
        probe.handle_turn(END, &[Effort::Full]);
        assert_eq!(probe.handle_reply(&reply_to(&echoes[0], END), END + SECOND), Fate::Late);
        probe.handle_turn(END + SECOND, &[Effort::Full]);
        assert_eq!(probe.handle_reply(&reply_to(&echoes[0], END), END + SECOND * 2), Fate::Foreign);
    }

    #[test]
    fn a_resting_link_is_not_asked_and_a_sparse_one_little() {
        let mut probe = probe(2);
        probe.handle_turn(START, &[Effort::Nothing, Effort::Sparse(Targets::one(1))]);
        let (echoes, _) = probe.handle_wake(END);
        assert_eq!(echoes.iter().map(|echo| (echo.link.0, echo.target)).collect::<Vec<_>>(), [(1, target(2))]);
    }

    #[test]
    fn a_path_change_leaves_the_link_unasked_for_the_round() {
        let mut probe = probe(2);
        probe.handle_wake(START);
        probe.handle_path_change(LinkId(0));
        probe.handle_wake(END);
        let finished = probe.finished();
        assert_eq!((asked(&finished[0].echoes), asked(&finished[1].echoes)), (Targets::NONE, Targets::first(2)));
    }
}

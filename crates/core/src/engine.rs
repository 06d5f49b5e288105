//! The judge's mind: routes what happened to the rooms that care, and hands out what should be done. It holds no rule itself.
//!
//! ```text
//! paths ───────┐                ┌─► Send (echo), Ask (ARP, NDP)
//! replies ─────┤  probe ► score ├─► Choose (to the committer)
//! orders ──────┤     └► select  ├─► Keep (state that must survive)
//! wake ────────┘                └─► Forget (a next hop), Say (event), Begin and Note (history)
//! ```

use crate::commit::{Choice, Want};
use crate::link::decide::{Decider, Entry};
use crate::link::orders::Orders;
use crate::link::presence::Path;
use crate::link::probe::{Course, Echo, Fate, Key, Reply};
use crate::link::verdict::{Load, Order, Spoilt, Verdict};
use crate::link::{Family, LinkId, Presence, standing};
use crate::time::Time;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;
use judge::Judge;
use serde::{Deserialize, Serialize};

mod judge;
mod kept;
mod report;
mod way;

pub use kept::{Kept, KeptLink};
pub use report::{FamilyReport, LinkReport, Report};

/// How long the first round waits for next hops to be found.
const FIRST_ROUND_WAITS: Duration = Duration::from_millis(300);
/// How often what is kept is written while a hold-down runs: after a crash a link holds at most this much longer.
const KEEP_EVERY: Duration = Duration::from_secs(60);

/// What the engine is told once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Length of a round.
    pub interval: Duration,
    /// The secret of our echoes.
    pub key: Key,
    /// Links in configured order.
    pub links: Vec<LinkSettings>,
}

/// One link's settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkSettings {
    /// The interface, by which what is kept finds its link again.
    pub name: String,
    /// Traffic over it is paid for.
    pub metered: bool,
    /// How long it sits out after a fault.
    pub hold_down: Duration,
    /// What it is asked, by family.
    pub courses: [Course; 2],
}

/// What should be done now.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Send this echo.
    Send(Family, Echo),
    /// Ask the link's next hop whether it is there.
    Ask(Family, LinkId),
    /// The link's next hop answers no more: do not send to where it was.
    Forget(Family, LinkId),
    /// Bring the firewall to this choice.
    Choose(Family, Choice),
    /// Write what must survive.
    Keep,
    /// Tell the operator.
    Say(Event),
    /// Keep where the decisions of a family stand: the notes that follow go on from there.
    Begin(Box<Decider>),
    /// Keep what was decided on.
    Note(Family, Entry),
}

/// What the operator would like to know.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// The choice changed.
    Switched(Family, Verdict),
    /// A target left the score because one link alone cannot reach it.
    TargetLeft(Family, IpAddr, LinkId),
    /// A target counts again.
    TargetReturned(Family, IpAddr),
    /// A round was recorded and not judged.
    Spoilt(Family, Spoilt),
    /// An order ran out.
    OrderEnded(LinkId),
}

/// The judge's machine.
#[derive(Clone, Debug)]
pub struct Engine {
    settings: Settings,
    opened: Time,
    round: Option<Time>,
    families: [Judge; 2],
    orders: Orders,
    counters: Vec<Counters>,
    /// Packets this host dropped unread: now, and when the last round ended.
    host_dropped: (u64, Option<u64>),
    outputs: VecDeque<Output>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Counters {
    now: Load,
    at_round: Load,
    /// Since the first round began.
    total: Load,
}

impl Engine {
    /// An engine that continues from what was kept, if anything was; `same_boot` says whether that was since the machine booted.
    pub fn new(settings: Settings, kept: Option<&Kept>, same_boot: bool, now: Time) -> Self {
        let families = Family::ALL
            .map(|family| Judge::new(judge::opening(family, &settings, kept, same_boot, now), &settings, now));
        let outputs = families.iter().map(|judge| Output::Begin(Box::new(judge.decider.clone()))).collect();
        let orders = kept::orders(&settings, kept, same_boot, now);
        let counters = settings.links.iter().map(|_| Counters::default()).collect();
        Self { settings, opened: now, round: None, families, orders, counters, host_dropped: (0, None), outputs }
    }

    /// A link's path as it is now. Losing the carrier acts at once, all else at the round's end.
    pub fn handle_path(&mut self, family: Family, link: LinkId, path: Path, now: Time) {
        let judge = self.judge(family);
        if !judge.handle_path(link, path, now) {
            return;
        }
        if matches!(path.presence, Presence::NoCarrier | Presence::Absent) {
            self.take_note(family, Entry::Lost(now, link, path.presence), now);
        } else if judge.way(link).is_some_and(|way| way.asks_next_hop(now)) {
            self.outputs.push_back(Output::Ask(family, link));
        }
    }

    /// An echo reply, with the kernel's stamp. Says what became of it.
    pub fn handle_reply(&mut self, family: Family, reply: &Reply) -> Fate {
        let end = self.round.map_or(Time::BOOT, |start| start + self.settings.interval);
        let judge = self.judge(family);
        let fate = judge.probe.handle_reply(reply, end);
        judge.count(fate);
        fate
    }

    /// An echo reply that came over no link: to an address its interface does not have.
    pub fn handle_stray(&mut self, family: Family) {
        self.judge(family).count(Fate::Foreign);
    }

    /// When an echo really left, by the kernel's stamp.
    pub fn handle_sent(&mut self, family: Family, link: LinkId, sequence: u16, at: Time) {
        self.judge(family).probe.handle_sent(link, sequence, at);
    }

    /// A send that failed for a reason of our own: buffers, permission.
    pub fn handle_send_failed(&mut self, family: Family, link: LinkId) {
        self.judge(family).failed.insert(link);
    }

    /// The link's next hop answered our question.
    pub fn handle_next_hop(&mut self, family: Family, link: LinkId, now: Time) {
        if let Some(way) = self.judge(family).way(link) {
            way.hear_next_hop(now);
        }
    }

    /// The interface's own byte counters.
    pub fn handle_counters(&mut self, link: LinkId, counters: Load) {
        if let Some(known) = self.counters.get_mut(usize::from(link.0)) {
            known.now = counters;
        }
    }

    /// How many packets this host has dropped before anybody could read them, since it counts.
    pub fn handle_host_drops(&mut self, total: u64) {
        self.host_dropped.0 = total;
    }

    /// The operator's order about a link, or the end of one; until then, if it has an end.
    pub fn handle_order(&mut self, link: LinkId, order: Option<Order>, until: Option<Time>, now: Time) {
        self.orders.set(link, order, until);
        self.apply_orders(now);
    }

    /// Ends a link's hold-down now.
    pub fn handle_retry(&mut self, link: LinkId, now: Time) {
        for family in Family::ALL {
            self.take_note(family, Entry::Retry(now, link), now);
        }
        self.outputs.push_back(Output::Keep);
    }

    /// Does what is due. Replies that arrived before `now` must have been handed in before.
    pub fn handle_wake(&mut self, now: Time) {
        self.end_orders(now);
        match self.round {
            Some(start) if start + self.settings.interval <= now => {
                self.turn(start, start + self.settings.interval, now);
            }
            None if self.may_begin(now) => self.begin_round(now, now),
            None | Some(_) => {}
        }
        for judge in &mut self.families {
            let (echoes, due) = judge.probe.handle_wake(now);
            judge.note_lateness(due, now);
            self.outputs.extend(echoes.into_iter().map(|echo| Output::Send(judge.family, echo)));
        }
    }

    /// What should be done next, if anything.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_wake`] should be called again.
    pub fn next_deadline(&self) -> Option<Time> {
        let first = if self.may_begin(self.opened) { self.opened } else { self.opened + FIRST_ROUND_WAITS };
        let end = Some(self.round.map_or(first, |start| start + self.settings.interval));
        self.families
            .iter()
            .filter_map(|judge| judge.probe.next_deadline())
            .chain(end)
            .chain(self.orders.next_deadline())
            .min()
    }

    /// When the running round began; none before the first.
    pub fn round_began(&self) -> Option<Time> {
        self.round
    }

    /// The links, as configured.
    pub fn links(&self) -> &[LinkSettings] {
        &self.settings.links
    }

    fn judge(&mut self, family: Family) -> &mut Judge {
        let [ipv4, ipv6] = &mut self.families;
        match family {
            Family::Ipv4 => ipv4,
            Family::Ipv6 => ipv6,
        }
    }

    /// Ends the round that began at `start` and was to end at `end` and begins the next.
    fn turn(&mut self, start: Time, end: Time, now: Time) {
        let loads: Vec<Load> = self.counters.iter_mut().map(Counters::turn).collect();
        let keep_every = u64::from(self.settings.rounds(KEEP_EVERY));
        let orders = self.orders.all();
        let (dropped, before) = self.host_dropped;
        self.host_dropped.1 = Some(dropped);
        let host_dropped = before.map_or(0, |before| dropped.saturating_sub(before));
        for family in Family::ALL {
            let judge = self.judge(family);
            judge.note_lateness(judge.probe.next_deadline().into_iter().chain([end]).min(), now);
            let observed = judge.observe(start, &loads, &orders, host_dropped);
            let verdict = self.take_note(family, observed, now);
            let is_turn = verdict.round.checked_rem(keep_every) == Some(0);
            if is_turn && verdict.links.iter().any(|link| link.reason.hold_left > 0) {
                self.outputs.push_back(Output::Keep);
            }
        }
        let overslept = now.since(end) >= self.settings.interval;
        self.begin_round(if overslept { now } else { end }, now);
    }

    /// Begins a round: says how much each link is asked, and whose next hop is to be asked too.
    fn begin_round(&mut self, start: Time, now: Time) {
        if self.round.is_none() {
            // What an interface counted before is of nobody's round.
            self.counters.iter_mut().for_each(|counters| counters.at_round = counters.now);
        }
        self.round = Some(start);
        let Settings { interval, links, .. } = &self.settings;
        let [ipv4, ipv6] = self.families.each_ref().map(Judge::present);
        let both: Vec<bool> = ipv4.iter().zip(&ipv6).map(|(ipv4, ipv6)| *ipv4 && *ipv6).collect();
        for judge in &mut self.families {
            let efforts = judge.efforts(links, &both, *interval, now);
            judge.probe.handle_turn(start, &efforts);
            self.outputs.extend(judge.lost_next_hops().into_iter().map(|link| Output::Forget(judge.family, link)));
            self.outputs.extend(judge.questions(now).into_iter().map(|link| Output::Ask(judge.family, link)));
        }
    }

    /// Whether the first round may begin: every link that is there has found its next hop, or had its chance.
    fn may_begin(&self, now: Time) -> bool {
        let ready =
            |judge: &Judge| judge.ways.iter().all(|way| way.path.presence != Presence::Present || way.is_ready(now));
        self.families.iter().all(ready) || now >= self.opened + FIRST_ROUND_WAITS
    }

    fn apply_orders(&mut self, now: Time) {
        let orders = self.orders.all();
        for family in Family::ALL {
            self.take_note(family, Entry::Orders(now, orders.clone()), now);
        }
        self.outputs.push_back(Output::Keep);
    }

    fn end_orders(&mut self, now: Time) {
        let ended = self.orders.handle_wake(now);
        if !ended.is_empty() {
            self.outputs.extend(ended.into_iter().map(|link| Output::Say(Event::OrderEnded(link))));
            self.apply_orders(now);
        }
    }

    /// Decides what follows from what happened, and has that kept.
    fn take_note(&mut self, family: Family, entry: Entry, now: Time) -> Verdict {
        let judge = self.judge(family);
        let decision = judge.decider.handle(&entry);
        let news = judge.news(&entry, &decision);
        self.outputs.push_back(Output::Note(family, entry));
        self.outputs.extend(news.into_iter().map(Output::Say));
        self.decided(family, decision.verdict.clone(), now);
        decision.verdict
    }

    /// Hands a verdict to the committer if it asks for something new, and to the operator if the choice changed.
    fn decided(&mut self, family: Family, verdict: Verdict, now: Time) {
        let wants = verdict.links.iter().map(|link| if link.enabled { Want::In } else { Want::Out(link.leave) });
        let choice: Choice = (0..).map(LinkId).zip(wants).collect();
        let judge = self.judge(family);
        judge.note_changes(&verdict, now);
        let new_fault = judge.verdict.as_ref().is_some_and(|before| fault_in(before, &verdict));
        let may_choose = judge.decider.may_choose();
        let is_new = may_choose && judge.chosen.as_ref() != Some(&choice);
        judge.verdict = Some(verdict.clone());
        if is_new {
            judge.chosen = Some(choice.clone());
            self.outputs.push_back(Output::Choose(family, choice));
        }
        if verdict.changed && may_choose {
            self.outputs.push_back(Output::Say(Event::Switched(family, verdict)));
        }
        if is_new || new_fault {
            self.outputs.push_back(Output::Keep);
        }
    }
}

impl Settings {
    /// How many rounds a time takes.
    fn rounds(&self, time: Duration) -> u32 {
        standing::rounds(time, self.interval)
    }
}

/// Whether a link has more to hold than before.
fn fault_in(before: &Verdict, after: &Verdict) -> bool {
    before.links.iter().zip(&after.links).any(|(before, after)| after.reason.hold_left > before.reason.hold_left)
}

impl LinkSettings {
    /// What it is asked in this family.
    pub fn course(&self, family: Family) -> &Course {
        let [ipv4, ipv6] = &self.courses;
        if family == Family::Ipv4 { ipv4 } else { ipv6 }
    }
}

impl Counters {
    /// Traffic since the last turn; a counter that went back (the interface was made anew) starts from zero.
    fn turn(&mut self) -> Load {
        let since = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
        let load = Load {
            received: since(self.now.received, self.at_round.received),
            sent: since(self.now.sent, self.at_round.sent),
        };
        self.at_round = self.now;
        self.total.received = self.total.received.saturating_add(load.received);
        self.total.sent = self.total.sent.saturating_add(load.sent);
        load
    }
}

#[cfg(test)]
mod tests;

//! The engine seen from outside: which round it is, who must be asked what, what was answered, and so what must be decided.
//!
//! It is told what the engine is told and knows besides which replies are genuine. It shares no code with the engine's rooms.

use crate::naive::{Memory, Naive, Row, Terms};
use crate::tally::{Heard, Tally};
use rebootping_core::engine::{Event, LinkSettings, Settings};
use rebootping_core::link::presence::{NextHop, Path};
use rebootping_core::link::verdict::{Order, Spoilt};
use rebootping_core::link::{Family, LinkId, Presence};
use rebootping_core::time::Time;
use std::collections::BTreeSet;
use std::time::Duration;

const FIRST_ROUND_WAITS: Duration = Duration::from_millis(300);
const RESOLVE: Duration = Duration::from_secs(3);
const LATE: Duration = Duration::from_millis(100);
const FORGIVEN_SEND_FAILURES: u32 = 10;

/// An order and its end.
pub type Standing = Option<(Order, Option<Time>)>;

/// Which echo a reply truly answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proof {
    generation: u64,
    echo: usize,
}

/// Both families.
#[derive(Clone, Debug)]
pub struct Shadow {
    interval: Duration,
    links: Vec<LinkSettings>,
    opened: Time,
    start: Option<Time>,
    generation: u64,
    /// The operator's orders, by link.
    pub orders: Vec<Standing>,
    families: [One; 2],
}

/// One family.
#[derive(Clone, Debug)]
struct One {
    interval: Duration,
    naive: Naive,
    tallies: Vec<Tally>,
    ways: Vec<Way>,
    slots: u32,
    next_slot: u32,
    late: bool,
    failed: BTreeSet<usize>,
    failing: Vec<u32>,
    /// Why the last round was not judged.
    said: Option<Spoilt>,
}

/// One link in one family.
#[derive(Clone, Debug)]
struct Way {
    path: Path,
    since: Time,
    heard: bool,
    generation: u64,
    /// What it must be asked in this round: targets as bits, echoes to each.
    due: (u32, u8),
    echoes: Vec<(usize, bool)>,
    asked_last: u32,
    answered_last: u32,
    waited: u32,
    resting: bool,
}

impl Shadow {
    /// A shadow of an engine that starts at `now` with what was kept; memories by place in the configuration.
    pub fn new(
        settings: &Settings,
        orders: Vec<Standing>,
        memories: [Vec<Memory>; 2],
        rounds: [u64; 2],
        generation: u64,
        now: Time,
    ) -> Self {
        let [four, six] = memories;
        let [rounds4, rounds6] = rounds;
        let families =
            [One::new(Family::Ipv4, settings, four, rounds4, now), One::new(Family::Ipv6, settings, six, rounds6, now)];
        let Settings { interval, links, .. } = settings.clone();
        Self { interval, links, opened: now, start: None, generation, orders, families }
    }

    /// The second selection of a family.
    pub fn naive(&self, family: Family) -> &Naive {
        &self.families[family as usize].naive
    }

    /// What would survive a restart in one family.
    pub fn memories(&self, family: Family) -> Vec<Memory> {
        self.naive(family).links.iter().map(|link| link.memory).collect()
    }

    /// The number that no earlier echo has.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When the round began.
    pub fn round_began(&self) -> Option<Time> {
        self.start
    }

    /// The path as it was told; whether it changed and means a loss at once.
    pub fn path(&mut self, family: Family, at: usize, path: Path, now: Time) {
        self.generation += 1;
        let generation = self.generation;
        let one = &mut self.families[family as usize];
        let way = &mut one.ways[at];
        if way.path == path {
            return;
        }
        (way.path, way.since, way.heard, way.generation) = (path, now, false, generation);
        way.due = (0, 0);
        way.echoes.clear();
        if matches!(path.presence, Presence::NoCarrier | Presence::Absent) {
            one.naive.lost(at, path.presence);
        }
    }

    /// The next hop answered.
    pub fn next_hop(&mut self, family: Family, at: usize) {
        self.families[family as usize].ways[at].heard = true;
    }

    /// A send failed.
    pub fn send_failed(&mut self, family: Family, at: usize) {
        self.families[family as usize].failed.insert(at);
    }

    /// An order was given or ended.
    pub fn order(&mut self, at: usize, order: Standing) {
        self.orders[at] = order;
        self.apply_orders();
    }

    /// The operator ends a hold-down.
    pub fn retry(&mut self, at: usize) {
        self.families.iter_mut().for_each(|one| one.naive.retry(at));
    }

    /// The engine sends an echo. Its proof, or why it may not.
    pub fn sent(&mut self, family: Family, at: usize, target: usize, now: Time) -> Result<Proof, String> {
        let start = self.start.ok_or("an echo before the first round")?;
        let way = &mut self.families[family as usize].ways[at];
        let (targets, times) = way.due;
        let before = way.echoes.iter().filter(|(to, _)| *to == target).count();
        if targets >> target & 1 == 0 || before >= usize::from(times) {
            return Err(format!("link {at} {family} is asked target {target} though {targets:04b} × {times} are due"));
        }
        if way.path.presence != Presence::Present {
            return Err(format!("link {at} {family} is asked though it is {:?}", way.path.presence));
        }
        if now.since(start) > self.interval / 2 + LATE
            && now.since(start) < self.interval
            && !self.families[family as usize].late
        {
            return Err(format!("an echo {:?} after the round began", now.since(start)));
        }
        let way = &mut self.families[family as usize].ways[at];
        way.echoes.push((target, false));
        Ok(Proof { generation: way.generation, echo: way.echoes.len() - 1 })
    }

    /// A reply reaches the engine: whether it must count.
    pub fn reply(&mut self, family: Family, at: usize, proof: Option<Proof>, stamp: Time) -> bool {
        let (Some(proof), Some(start)) = (proof, self.start) else { return false };
        let Some(way) =
            self.families[family as usize].ways.get_mut(at).filter(|way| way.generation == proof.generation)
        else {
            return false;
        };
        let Some((_, answered)) = way.echoes.get_mut(proof.echo) else { return false };
        let counts = stamp <= start + self.interval && !*answered;
        *answered |= counts;
        counts
    }

    /// The engine wakes: what it must say, but for switches.
    pub fn wake(&mut self, now: Time) -> Result<Vec<Event>, String> {
        let mut events = self.end_orders(now);
        match self.start {
            None if self.may_begin(now) => self.begin(now, now),
            Some(start) if start + self.interval <= now => {
                let end = start + self.interval;
                let orders: Vec<Option<Order>> =
                    self.orders.iter().map(|order| order.map(|(order, _)| order)).collect();
                for family in Family::ALL {
                    let one = &mut self.families[family as usize];
                    one.late |= now.since(one.slot_due(start).map_or(end, |due| due.min(end))) > LATE;
                    events.extend(one.judge(family, &self.links, &orders)?);
                }
                self.begin(if now.since(end) >= self.interval { now } else { end }, now);
            }
            None | Some(_) => {}
        }
        if let Some(start) = self.start {
            self.families.iter_mut().for_each(|one| one.pass_slots(start, now));
        }
        Ok(events)
    }

    fn end_orders(&mut self, now: Time) -> Vec<Event> {
        let mut events = Vec::new();
        for (at, order) in self.orders.iter_mut().enumerate() {
            if order.and_then(|(_, until)| until).is_some_and(|until| until <= now) {
                *order = None;
                events.push(Event::OrderEnded(LinkId(at as u16)));
            }
        }
        if !events.is_empty() {
            self.apply_orders();
        }
        events
    }

    fn apply_orders(&mut self) {
        let orders: Vec<Option<Order>> = self.orders.iter().map(|order| order.map(|(order, _)| order)).collect();
        self.families.iter_mut().for_each(|one| one.naive.orders(&orders));
    }

    fn may_begin(&self, now: Time) -> bool {
        let waits = |way: &Way| way.path.presence == Presence::Present && !way.is_ready(now);
        now >= self.opened + FIRST_ROUND_WAITS || !self.families.iter().flat_map(|one| &one.ways).any(waits)
    }

    fn begin(&mut self, start: Time, now: Time) {
        self.start = Some(start);
        let [four, six] = &self.families;
        let there = |one: &One, at: usize| one.ways[at].path.presence == Presence::Present;
        let both: Vec<bool> = (0..self.links.len()).map(|at| there(four, at) && there(six, at)).collect();
        for family in Family::ALL {
            self.generation += 1;
            self.families[family as usize].begin(family, &self.links, &both, self.generation, now);
        }
    }
}

impl One {
    fn new(family: Family, settings: &Settings, memories: Vec<Memory>, rounds: u64, now: Time) -> Self {
        let Settings { interval, links, .. } = settings;
        let in_rounds = |time: Duration| time.as_secs().div_ceil(interval.as_secs());
        let terms = |link: &LinkSettings| Terms {
            metered: link.metered,
            hour: in_rounds(link.hold_down),
            five_minutes: in_rounds(Duration::from_secs(300)),
            day: in_rounds(Duration::from_secs(86_400)),
        };
        let courses: Vec<_> = links.iter().map(|link| link.course(family)).collect();
        let lists: BTreeSet<u16> = courses.iter().map(|course| course.list).collect();
        let size = |list| {
            courses.iter().filter(|course| course.list == list).map(|course| course.targets.len()).max().unwrap_or(0)
        };
        let most_targets = courses.iter().map(|course| course.targets.len()).max().unwrap_or(0);
        let most_echoes = courses.iter().map(|course| usize::from(course.echoes)).max().unwrap_or(0);
        let (ten_minutes, minute) = (in_rounds(Duration::from_secs(600)), in_rounds(Duration::from_secs(60)));
        let tally = |&list: &u16| Tally::new(list, size(list), links.len(), ten_minutes as usize, minute as usize);
        Self {
            interval: *interval,
            naive: Naive::new(links.iter().map(terms).zip(memories), rounds),
            tallies: lists.iter().map(tally).collect(),
            ways: links.iter().map(|_| Way::new(now)).collect(),
            slots: (most_targets * most_echoes) as u32,
            next_slot: u32::MAX,
            late: false,
            failed: BTreeSet::new(),
            failing: vec![0; links.len()],
            said: None,
        }
    }

    fn slot_due(&self, start: Time) -> Option<Time> {
        (self.next_slot < self.slots).then(|| start + self.interval / 2 * self.next_slot / self.slots)
    }

    fn pass_slots(&mut self, start: Time, now: Time) {
        self.late |= self.slot_due(start).is_some_and(|due| due <= now && now.since(due) > LATE);
        while self.slot_due(start).is_some_and(|due| due <= now) {
            self.next_slot += 1;
        }
    }

    fn tally(&self, list: u16) -> &Tally {
        self.tallies.iter().find(|tally| tally.is_of(list)).expect("every list has a tally")
    }

    fn judge(
        &mut self,
        family: Family,
        links: &[LinkSettings],
        orders: &[Option<Order>],
    ) -> Result<Vec<Event>, String> {
        let late = std::mem::take(&mut self.late);
        let sends = self.spoilt_by_sends();
        let mut rows = Vec::new();
        let mut heard = Vec::new();
        for (at, link) in links.iter().enumerate() {
            let course = link.course(family);
            let tally = self.tally(course.list);
            let counting = if course.list > 0 && tally.is_down_to_one() { 0 } else { tally.counting };
            let way = &mut self.ways[at];
            if !late && way.echoes.len() != way.due.0.count_ones() as usize * usize::from(way.due.1) {
                return Err(format!(
                    "link {at} {family} was asked {} echoes, due were {:04b} × {}",
                    way.echoes.len(),
                    way.due.0,
                    way.due.1
                ));
            }
            let (asked, answered, fell_silent) = way.finish();
            rows.push(Row {
                presence: way.path.presence,
                order: orders[at],
                list: course.list,
                asked: asked & counting,
                answered: answered & counting,
                fell_silent,
                resting: way.resting,
            });
            heard.push(Heard {
                list: course.list,
                in_full: asked != 0 && asked.count_ones() as usize == course.targets.len(),
                answered,
            });
        }
        let one_left = self.tallies.iter().any(|tally| tally.is_of(0) && tally.is_down_to_one());
        let spoilt = match (late, sends, one_left) {
            (true, _, _) => Some(Spoilt::Late),
            (false, true, _) => Some(Spoilt::SendFailed),
            (false, false, true) => Some(Spoilt::OneTargetLeft),
            (false, false, false) => None,
        };
        self.naive.round(&rows, spoilt.is_none());
        let before = std::mem::replace(&mut self.said, spoilt);
        let mut events: Vec<Event> =
            spoilt.filter(|_| spoilt != before).map(|spoilt| Event::Spoilt(family, spoilt)).into_iter().collect();
        if late || sends {
            return Ok(events);
        }
        for tally in &mut self.tallies {
            for (target, left) in tally.round(&heard) {
                let course = links.iter().map(|link| link.course(family)).find(|course| tally.is_of(course.list));
                let address = course.expect("a list has a course").targets[target];
                events.push(match left {
                    Some(at) => Event::TargetLeft(family, address, LinkId(at as u16)),
                    None => Event::TargetReturned(family, address),
                });
            }
        }
        Ok(events)
    }

    fn spoilt_by_sends(&mut self) -> bool {
        let mut spoilt = false;
        for (at, times) in self.failing.iter_mut().enumerate() {
            *times = if self.failed.contains(&at) { *times + 1 } else { 0 };
            spoilt |= (1..=FORGIVEN_SEND_FAILURES).contains(times);
        }
        self.failed.clear();
        spoilt
    }

    fn begin(&mut self, family: Family, links: &[LinkSettings], both: &[bool], generation: u64, now: Time) {
        self.next_slot = 0;
        let unmetered: Vec<usize> = (0..links.len())
            .filter(|&at| !links[at].metered && self.ways[at].path.presence == Presence::Present)
            .filter(|&at| !self.naive.is_taken_out(at))
            .collect();
        let all_well = !unmetered.is_empty() && unmetered.iter().all(|&at| self.naive.is_at_its_best(at));
        for (at, link) in links.iter().enumerate() {
            let course = link.course(family);
            let counting = self.tally(course.list).counting;
            let way = &mut self.ways[at];
            way.generation = generation;
            way.echoes.clear();
            let complete = way.asked_last != 0 && way.asked_last & counting & !way.answered_last == 0;
            let every = if both[at] { 30_u64 } else { 10 };
            let period = every.div_ceil(self.interval.as_secs()) as u32;
            let effort = way.effort(link.metered && all_well && complete, counting, period);
            let full = (((1_u64 << course.targets.len()) - 1) as u32, course.echoes);
            way.due = if way.is_ready(now) { effort.unwrap_or(full) } else { (0, 0) };
        }
    }
}

impl Way {
    fn new(now: Time) -> Self {
        Self {
            path: Path::UNKNOWN,
            since: now,
            heard: false,
            generation: 0,
            due: (0, 0),
            echoes: Vec::new(),
            asked_last: 0,
            answered_last: 0,
            waited: 0,
            resting: false,
        }
    }

    fn is_ready(&self, now: Time) -> bool {
        let found = self.heard || self.path.next_hop == Some(NextHop::PointToPoint);
        self.path.presence == Presence::Present && (found || now.since(self.since) >= RESOLVE)
    }

    /// What a resting spare is asked, one round in `period`; nothing special when it does not rest.
    fn effort(&mut self, rests: bool, counting: u32, period: u32) -> Option<(u32, u8)> {
        self.waited = if rests { self.waited + 1 } else { 0 };
        self.resting = rests && self.waited < period;
        if !rests {
            return None;
        }
        if self.resting {
            return Some((0, 0));
        }
        self.waited = 0;
        let first = counting & counting.wrapping_neg();
        let rest = counting & !first;
        Some((first | (rest & rest.wrapping_neg()), 1))
    }

    /// Targets asked, targets that answered, and whether none of the last echoes was answered.
    fn finish(&mut self) -> (u32, u32, bool) {
        let asked = self.echoes.iter().fold(0, |all, (target, _)| all | 1 << target);
        let answered =
            self.echoes.iter().filter(|(_, answered)| *answered).fold(0, |all, (target, _)| all | 1 << target);
        let last_answered = |target: &usize| {
            self.echoes.iter().rev().find(|(to, _)| to == target).is_some_and(|(_, answered)| *answered)
        };
        let fell_silent = asked != 0 && !self.echoes.iter().any(|(target, _)| last_answered(target));
        if asked != 0 {
            (self.asked_last, self.answered_last) = (asked, answered);
        }
        (asked, answered, fell_silent)
    }
}

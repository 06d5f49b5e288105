//! A second selection, written from the prose of the first and from nothing else: slow, plain, with other data.
//!
//! Where the prose leaves a choice it is said here. A hold-down is not counted down: a link remembers how much it owed at its last
//! fault and how much of that it has served. A round that is not judged leaves every count as the last judged round had it; before
//! the first judged round nothing has answered yet, so the choice stands as after a silent one.

use rebootping_core::link::verdict::Order;
use rebootping_core::link::{Leave, Presence};

/// What the configuration says of a link; times in rounds.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Traffic over it is paid for.
    pub metered: bool,
    /// The hold-down.
    pub hour: u64,
    /// The first hold-down where only metered links were left.
    pub five_minutes: u64,
    /// How long a fault is remembered for the doubling.
    pub day: u64,
}

/// What the world knows of one link in one round.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Whether it may be used.
    pub presence: Presence,
    /// What the operator ordered.
    pub order: Option<Order>,
    /// Whose targets it was asked.
    pub list: u16,
    /// Targets that count and were asked, a bit each.
    pub asked: u32,
    /// Those of them that answered.
    pub answered: u32,
    /// None of the last echoes was answered.
    pub fell_silent: bool,
    /// A metered spare whose turn it was not.
    pub resting: bool,
}

/// What survives a restart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Memory {
    /// Rounds to serve after the last fault.
    pub owed: u64,
    /// Rounds of that already served.
    pub served: u64,
    /// The round of the last fault.
    pub last_fault: Option<u64>,
    /// Faults before that, each within a day of the next.
    pub faults_before: u32,
    /// It was here before, since boot.
    pub known: bool,
    /// It was in use.
    pub in_use: bool,
}

/// One family's links.
#[derive(Clone, Debug)]
pub struct Naive {
    /// The links, as configured.
    pub links: Vec<Link>,
    /// Rounds so far.
    pub round: u64,
    /// Nothing answered in the last judged round, or none was judged yet.
    pub silent: bool,
    /// At least one round was seen since the start.
    pub started: bool,
}

/// One link.
#[derive(Clone, Debug)]
pub struct Link {
    terms: Terms,
    /// What survives.
    pub memory: Memory,
    row: Option<Row>,
    faulty: bool,
    behind: u32,
    /// How it leaves.
    pub leave: Leave,
    /// Clean judged rounds since the last fault, whatever was owed: what an invariant asks.
    pub clean: u64,
}

impl Naive {
    /// A selection of these links, with what was kept of each.
    pub fn new(links: impl IntoIterator<Item = (Terms, Memory)>, round: u64) -> Self {
        let link = |(terms, memory): (Terms, Memory)| {
            let left = memory.left().min(terms.hour);
            let memory = Memory { owed: left, served: 0, ..memory };
            let clean = terms.hour.saturating_sub(left);
            Link { terms, memory, row: None, faulty: false, behind: 0, leave: Leave::Drain, clean }
        };
        let mut links: Vec<Link> = links.into_iter().map(link).collect();
        if links.iter().all(|link| !link.memory.in_use) {
            for link in &mut links {
                link.memory.in_use = true;
            }
        }
        Self { links, round, silent: true, started: false }
    }

    /// A round is over.
    pub fn round(&mut self, rows: &[Row], judged: bool) {
        self.round += 1;
        self.started = true;
        for (link, new) in self.links.iter_mut().zip(rows) {
            let nothing = Row { asked: 0, answered: 0, fell_silent: false, resting: false, ..*new };
            let old = link.row.unwrap_or(nothing);
            link.row = Some(if judged { *new } else { Row { presence: new.presence, order: new.order, ..old } });
        }
        self.missing_links();
        if judged {
            self.silent = self.usable().iter().all(|&at| self.row(at).answered == 0);
            if !self.silent {
                self.compare();
            }
        }
        self.choose();
    }

    /// A link lost its carrier.
    pub fn lost(&mut self, at: usize, presence: Presence) {
        if let Some(row) = &mut self.links[at].row {
            row.presence = presence;
        }
        self.missing_links();
        self.choose();
    }

    /// The operator's orders changed.
    pub fn orders(&mut self, orders: &[Option<Order>]) {
        for (link, order) in self.links.iter_mut().zip(orders) {
            if let Some(row) = &mut link.row {
                row.order = *order;
            }
        }
        self.choose();
    }

    /// The operator ends a hold-down.
    pub fn retry(&mut self, at: usize) {
        let owed = u64::from(self.links[at].behind > 0);
        let memory = &mut self.links[at].memory;
        (memory.owed, memory.served) = (owed, 0);
        self.links[at].clean = self.links[at].terms.hour;
        self.choose();
    }

    /// Links the rules say are healthy, but for a lone link's silence.
    pub fn is_healthy(&self, at: usize) -> bool {
        let usable = self.usable();
        usable.contains(&at) && self.links[at].memory.left() == 0 && !(self.silent && usable.len() == 1)
    }

    /// Healthy, and answers all it is asked.
    pub fn is_at_its_best(&self, at: usize) -> bool {
        self.is_healthy(at) && self.links[at].row.is_some_and(|row| row.asked != 0 && row.asked == row.answered)
    }

    /// It is there, and the operator took it out.
    pub fn is_taken_out(&self, at: usize) -> bool {
        self.links[at].row.is_some_and(|row| row.presence == Presence::Present && row.order == Some(Order::Out))
    }

    /// The operator pinned it.
    pub fn is_pinned(&self, at: usize) -> bool {
        self.links[at].row.is_some_and(|row| row.order == Some(Order::Pin))
    }

    fn row(&self, at: usize) -> Row {
        self.links[at].row.expect("only links of which a round is known are usable")
    }

    fn usable(&self) -> Vec<usize> {
        let may = |row: &Row| row.presence == Presence::Present && row.order != Some(Order::Out);
        (0..self.links.len()).filter(|&at| self.links[at].row.as_ref().is_some_and(may)).collect()
    }

    fn missing_links(&mut self) {
        let there = |link: &Link| link.row.is_some_and(|row| row.presence == Presence::Present);
        let missing: Vec<usize> =
            (0..self.links.len()).filter(|&at| self.links[at].row.is_some() && !there(&self.links[at])).collect();
        let only_metered = self.only_metered_left_without(&missing);
        for at in missing {
            if self.links[at].memory.known {
                self.fault(at, only_metered);
            }
        }
        for link in &mut self.links {
            link.memory.known = link.memory.known || there(link);
        }
    }

    /// Rules 3 and 4.
    fn compare(&mut self) {
        let usable = self.usable();
        let behind: Vec<usize> =
            usable.iter().copied().filter(|&at| usable.iter().any(|&other| self.beats(other, at))).collect();
        let only_metered = self.only_metered_left_without(&behind);
        for at in usable {
            let row = self.row(at);
            if behind.contains(&at) {
                self.links[at].behind += 1;
                let waits = only_metered && self.links[at].memory.in_use && self.links[at].behind < 3;
                if !waits {
                    self.fault(at, only_metered);
                }
            } else if row.asked != 0 || (row.resting && self.links[at].behind == 0) {
                let link = &mut self.links[at];
                link.behind = 0;
                link.faulty = false;
                link.memory.served = (link.memory.served + 1).min(link.memory.owed);
                link.clean += 1;
            }
        }
    }

    /// Whether one link did better than another where both were asked the same, or else by share.
    fn beats(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.row(one), self.row(other));
        if one.list == other.list {
            let common = one.asked & other.asked;
            (one.answered & common).count_ones() > (other.answered & common).count_ones()
        } else {
            one.asked != 0 && other.asked != 0 && share(&one) > share(&other)
        }
    }

    fn only_metered_left_without(&self, lost: &[usize]) -> bool {
        let left: Vec<usize> =
            self.usable().into_iter().filter(|at| self.links[*at].memory.left() == 0 && !lost.contains(at)).collect();
        !left.is_empty() && left.iter().all(|&at| self.links[at].terms.metered)
    }

    fn fault(&mut self, at: usize, only_metered: bool) {
        let round = self.round;
        let Link { terms, memory, faulty, clean, .. } = &mut self.links[at];
        if !*faulty {
            let recent = memory.last_fault.is_some_and(|last| round.saturating_sub(last) < terms.day);
            memory.faults_before = if recent { memory.faults_before + 1 } else { 0 };
        }
        *faulty = true;
        *clean = 0;
        memory.last_fault = Some(round);
        let mut owed = terms.hour;
        if only_metered {
            owed = terms.five_minutes;
            for _ in 0..memory.faults_before.min(20) {
                owed *= 2;
            }
        }
        memory.owed = owed.min(terms.hour);
        memory.served = 0;
    }

    fn choose(&mut self) {
        let chosen = self.chosen();
        for (at, link) in self.links.iter_mut().enumerate() {
            link.memory.in_use = chosen.contains(&at);
            let missing = link.row.is_some_and(|row| row.presence != Presence::Present);
            let dead = !self.silent && link.row.is_some_and(|row| row.fell_silent);
            if link.memory.in_use {
                link.leave = Leave::Drain;
            } else if missing || dead {
                link.leave = Leave::Cut;
            }
        }
    }

    fn chosen(&self) -> Vec<usize> {
        let all = 0..self.links.len();
        let pinned: Vec<usize> =
            all.clone().filter(|&at| self.links[at].row.is_some_and(|row| row.order == Some(Order::Pin))).collect();
        if !pinned.is_empty() {
            return pinned;
        }
        let usable = self.usable();
        let in_use: Vec<usize> = usable.iter().copied().filter(|&at| self.links[at].memory.in_use).collect();
        if self.silent && !in_use.is_empty() {
            return in_use;
        }
        let healthy: Vec<usize> = usable.iter().copied().filter(|&at| self.links[at].memory.left() == 0).collect();
        if !healthy.is_empty() {
            return healthy;
        }
        if let Some(stays) = self.first_of(&in_use) {
            let best = share(&self.row(self.first_of(&usable).unwrap_or(stays)));
            let own = share(&self.row(stays));
            if own * 2 > best && self.links[stays].behind < 3 {
                return vec![stays];
            }
        }
        match self.first_of(&usable) {
            Some(best) => vec![best],
            None => all.filter(|&at| self.links[at].memory.in_use).collect(),
        }
    }

    /// Who answered most, then whose last fault is oldest, then who was configured first.
    fn first_of(&self, among: &[usize]) -> Option<usize> {
        let mut order: Vec<usize> = among.to_vec();
        order.sort_by_key(|&at| {
            (u64::MAX - share(&self.row(at)), self.links[at].memory.last_fault.map_or(0, |round| round + 1), at)
        });
        order.first().copied()
    }
}

impl Memory {
    /// Rounds left to hold.
    pub fn left(&self) -> u64 {
        self.owed - self.served
    }
}

impl Link {
    /// The whole hold-down of this link, in rounds.
    pub fn hour(&self) -> u64 {
        self.terms.hour
    }

    /// The shortest hold-down a fault of this link can lead to beside metered links.
    pub fn shortest(&self) -> u64 {
        self.terms.hour.min(self.terms.five_minutes)
    }
}

/// The share of asked targets that answered, in parts of the least common multiple of 1 to 32, so that it is exact.
fn share(row: &Row) -> u64 {
    const COMMON: u64 = 144_403_552_893_600;
    COMMON / u64::from(row.asked.count_ones().max(1)) * u64::from(row.answered.count_ones())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glitch_costs_an_hour_here_too() {
        let terms = Terms { metered: false, hour: 10, five_minutes: 2, day: 50 };
        let mut naive = Naive::new([(terms, Memory::default()); 2], 0);
        let row = |answered| Row {
            presence: Presence::Present,
            order: None,
            list: 0,
            asked: 15,
            answered,
            fell_silent: false,
            resting: false,
        };
        naive.round(&[row(15), row(7)], true);
        assert!(!naive.links[1].memory.in_use);
        for _ in 0..10 {
            assert!(!naive.links[1].memory.in_use);
            naive.round(&[row(15), row(15)], true);
        }
        assert!(naive.links[1].memory.in_use);
    }

    #[test]
    fn shares_are_exact_for_every_number_of_targets() {
        for asked in 1..=32 {
            assert_eq!(144_403_552_893_600_u64 % asked, 0, "{asked}");
        }
    }
}

//! Which targets count: one that a single link cannot reach leaves the score on all links, and returns when it is good again.
//!
//! A target that one link has not reached for ten minutes, while that link's others answered every round, says something about
//! the way to that target and nothing about the link. So does one that answers that link only now and then, as targets do that
//! limit how many echoes they answer: only a whole minute of answers begins the ten minutes anew. Such a target goes on being asked;
//! after ten minutes in which every link that answers anything reached it in every round, it counts again.

use super::{LinkId, Targets};
use crate::coder::Coder;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

/// How long a target must be missed, or good, before it leaves or returns.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// How long a target must answer a link without a miss to be as good as any.
pub const CLEAN: Duration = Duration::from_secs(60);

/// What a link did to each target of its list in one judged round, whether they count or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The list of its targets.
    pub list: u16,
    /// Targets asked in full; none for a link that rests or is not there.
    pub asked: Targets,
    /// Those that answered.
    pub answered: Targets,
}

/// A target left the score, or returned to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// The list it belongs to.
    pub list: u16,
    /// Its place in that list.
    pub target: usize,
    /// The link that could not reach it; none when it returned.
    pub left_because_of: Option<LinkId>,
}

/// The score of one address family.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Score {
    lists: Vec<List>,
    patience: u32,
    clean: u32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct List {
    counting: Targets,
    targets: Vec<Target>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Target {
    /// What it is to each link.
    links: Vec<Trouble>,
    /// Rounds in a row in which every link that answers anything reached it.
    good: u32,
}

/// One link's trouble with one target, in rounds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Trouble {
    /// Since it was first missed while the link reached all others; 0 while there is none.
    lasts: u32,
    /// Since it was last missed.
    clean: u32,
}

impl Score {
    /// A score in which every target of every list counts. `sizes` are the lengths of the lists; `patience` and `clean` are in rounds.
    pub fn new(sizes: &[usize], links: usize, patience: u32, clean: u32) -> Self {
        let target = Target { links: vec![Trouble::default(); links], good: 0 };
        let list = |&size: &usize| List {
            counting: Targets::first(size),
            targets: vec![target.clone(); size.min(Targets::MAX)],
        };
        Self { lists: sizes.iter().map(list).collect(), patience, clean }
    }

    /// The targets of a list that count.
    pub fn counting(&self, list: u16) -> Targets {
        self.lists.get(usize::from(list)).map_or(Targets::NONE, |list| list.counting)
    }

    /// Whether several targets were given and a single one is left: it may not decide.
    pub fn is_down_to_one(&self, list: u16) -> bool {
        self.lists.get(usize::from(list)).is_some_and(|list| list.targets.len() > 1 && list.counting.len() <= 1)
    }

    /// Takes note of a judged round, one entry a link in configured order.
    pub fn handle_round(&mut self, links: &[Asked]) -> Vec<Change> {
        let (patience, clean) = (self.patience, self.clean);
        let mut changes = Vec::new();
        for (number, list) in (0..).zip(&mut self.lists) {
            let of_list =
                || (0..).map(LinkId).zip(links).filter(move |(_, link)| link.list == number && !link.asked.is_empty());
            for place in 0..list.targets.len() {
                let counts = list.counting.has(place);
                let counting = list.counting;
                let Some(target) = list.targets.get_mut(place) else { continue };
                let left_because_of =
                    if counts { target.missed_by(place, counting, of_list(), (patience, clean)) } else { None };
                if left_because_of.is_some() {
                    list.counting = counting.without(Targets::one(place));
                } else if !counts && target.is_good_again(place, of_list(), patience) {
                    list.counting = counting.or(Targets::one(place));
                } else {
                    continue;
                }
                changes.push(Change { list: number, target: place, left_because_of });
            }
        }
        changes
    }

    /// Its state; a score to read into must be of the same lists and links.
    pub(crate) fn code(&mut self, coder: &mut impl Coder) {
        for list in &mut self.lists {
            coder.small(&mut list.counting.0);
            for target in &mut list.targets {
                coder.small(&mut target.good);
                for trouble in &mut target.links {
                    coder.small(&mut trouble.lasts);
                    coder.small(&mut trouble.clean);
                }
            }
        }
    }
}

impl Target {
    /// The link that has missed this target alone for long enough.
    fn missed_by<'a>(
        &mut self,
        place: usize,
        counting: Targets,
        links: impl Iterator<Item = (LinkId, &'a Asked)>,
        (patience, clean): (u32, u32),
    ) -> Option<LinkId> {
        self.good = 0;
        let mut by = None;
        for (id, link) in links {
            let Some(trouble) = self.links.get_mut(usize::from(id.0)) else { continue };
            let others = counting.and(link.asked).without(Targets::one(place));
            let others_answered = !others.is_empty() && others.without(link.answered).is_empty();
            trouble.note(link.answered.has(place) || !link.asked.has(place), others_answered, clean);
            if trouble.lasts >= patience && trouble.clean == 0 {
                by = by.or(Some(id));
            }
        }
        by
    }

    /// Whether every link that answers anything has reached this target for long enough.
    fn is_good_again<'a>(
        &mut self,
        place: usize,
        links: impl Iterator<Item = (LinkId, &'a Asked)>,
        patience: u32,
    ) -> bool {
        self.links.fill(Trouble::default());
        let mut answering = links.filter(|(_, link)| !link.answered.is_empty()).peekable();
        if answering.peek().is_some() {
            let reached = answering.all(|(_, link)| link.answered.has(place));
            self.good = if reached { self.good.saturating_add(1) } else { 0 };
        }
        self.good >= patience
    }
}

impl Trouble {
    /// A round in which the target answered or not, and all others of the link did or not.
    fn note(&mut self, answered: bool, others_answered: bool, clean: u32) {
        self.clean = if answered { self.clean.saturating_add(1) } else { 0 };
        if !others_answered || self.clean >= clean {
            self.lasts = 0;
        } else if self.lasts > 0 || !answered {
            self.lasts = self.lasts.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_MINUTES: u32 = 6;
    const MINUTE: u32 = 3;

    /// Plays rounds of (answers of two links as bits, times) over four targets, and says which targets count at the end.
    #[track_caller]
    fn check(rows: &[(u32, u32, u32)], expected: u32) {
        let mut score = Score::new(&[4], 2, TEN_MINUTES, MINUTE);
        for &(first, second, times) in rows {
            for _ in 0..times {
                score.handle_round(&[first, second].map(|bits| Asked {
                    list: 0,
                    asked: Targets::first(4),
                    answered: Targets(bits),
                }));
            }
        }
        assert_eq!(score.counting(0), Targets(expected));
    }

    #[test]
    fn a_target_one_link_misses_alone_leaves_after_ten_minutes() {
        check(&[(0b1111, 0b0111, TEN_MINUTES - 1)], 0b1111);
        check(&[(0b1111, 0b0111, TEN_MINUTES)], 0b0111);
    }

    #[test]
    fn a_target_that_answers_one_link_only_now_and_then_leaves_too() {
        let now_and_then = [(0b1111, 0b0111, 1), (0b1111, 0b1111, 1)].repeat(4);
        check(&now_and_then, 0b0111);
        let with_a_clean_minute =
            [(0b1111, 0b0111, TEN_MINUTES - 1), (0b1111, 0b1111, MINUTE), (0b1111, 0b0111, TEN_MINUTES - 1)];
        check(&with_a_clean_minute, 0b1111);
    }

    #[test]
    fn it_returns_after_ten_good_minutes() {
        check(&[(0b1111, 0b0111, TEN_MINUTES), (0b1111, 0b1111, TEN_MINUTES - 1)], 0b0111);
        check(&[(0b1111, 0b0111, TEN_MINUTES), (0b1111, 0b1111, TEN_MINUTES)], 0b1111);
        check(&[(0b1111, 0b0111, TEN_MINUTES), (0b1111, 0b1111, 3), (0b1111, 0b0111, 1), (0b1111, 0b1111, 3)], 0b0111);
    }

    #[test]
    fn a_link_that_misses_several_targets_is_at_fault_itself() {
        check(&[(0b1111, 0b0011, 10 * TEN_MINUTES)], 0b1111);
    }

    #[test]
    fn a_miss_of_another_target_starts_the_ten_minutes_again() {
        check(&[(0b1111, 0b0111, TEN_MINUTES - 1), (0b1111, 0b0011, 1), (0b1111, 0b0111, TEN_MINUTES - 1)], 0b1111);
    }

    #[test]
    fn targets_leave_one_after_the_other_until_one_is_left() {
        check(
            &[(0b1111, 0b0111, TEN_MINUTES), (0b1111, 0b0011, TEN_MINUTES), (0b1111, 0b0001, 3 * TEN_MINUTES)],
            0b0001,
        );
        let mut score = Score::new(&[2], 1, 1, 1);
        assert!(!score.is_down_to_one(0));
        score.handle_round(&[Asked { list: 0, asked: Targets::first(2), answered: Targets(1) }]);
        assert!(score.is_down_to_one(0));
    }
}

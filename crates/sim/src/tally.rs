//! Which targets count, reckoned a second time from the prose: plain runs of rounds, one list of targets at a time.

/// What a link did in a judged round.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// Its list.
    pub list: u16,
    /// Every target of its list was asked.
    pub in_full: bool,
    /// Targets that answered, a bit each.
    pub answered: u32,
}

/// One list of targets.
#[derive(Clone, Debug)]
pub struct Tally {
    list: u16,
    size: usize,
    /// Rounds in ten minutes, and in one.
    ten_minutes: usize,
    minute: usize,
    /// Targets that count, a bit each.
    pub counting: u32,
    /// By target and link: the judged rounds since it was first missed alone, each with whether it was reached; emptied by a whole
    /// minute of answers, and by a round in which another target was missed too.
    since_missed: Vec<Vec<Vec<bool>>>,
    /// By target: rounds running in which all reached it.
    reached: Vec<usize>,
}

impl Tally {
    /// A list of which every target counts, where so many rounds are ten minutes and one.
    pub fn new(list: u16, size: usize, links: usize, ten_minutes: usize, minute: usize) -> Self {
        Self {
            list,
            size,
            ten_minutes,
            minute,
            counting: ((1_u64 << size) - 1) as u32,
            since_missed: vec![vec![Vec::new(); links]; size],
            reached: vec![0; size],
        }
    }

    /// Whether this is the list of that number.
    pub fn is_of(&self, list: u16) -> bool {
        self.list == list
    }

    /// One target is left of several.
    pub fn is_down_to_one(&self) -> bool {
        self.size > 1 && self.counting.count_ones() <= 1
    }

    /// Whether a target counts.
    pub fn counts(&self, target: usize) -> bool {
        self.counting >> target & 1 == 1
    }

    /// A judged round; returns which targets left (with the link that missed them) and which came back.
    pub fn round(&mut self, links: &[Heard]) -> Vec<(usize, Option<usize>)> {
        let asked: Vec<(usize, u32)> = (0..)
            .zip(links)
            .filter(|(_, link)| link.list == self.list && link.in_full)
            .map(|(at, link)| (at, link.answered))
            .collect();
        let mut changes = Vec::new();
        for target in 0..self.size {
            let bit = 1_u32 << target;
            if self.counts(target) {
                self.reached[target] = 0;
                let others = self.counting & !bit;
                for &(at, answered) in &asked {
                    let rounds = &mut self.since_missed[target][at];
                    let reached = answered & bit != 0;
                    if !reached || !rounds.is_empty() {
                        rounds.push(reached);
                    }
                    let a_clean_minute = rounds.len() >= self.minute
                        && rounds[rounds.len() - self.minute..].iter().all(|reached| *reached);
                    if a_clean_minute || others == 0 || answered & others != others {
                        rounds.clear();
                    }
                }
                let for_ten_minutes =
                    |rounds: &Vec<bool>| rounds.len() >= self.ten_minutes && rounds.last() == Some(&false);
                let culprit =
                    asked.iter().map(|(at, _)| *at).find(|&at| for_ten_minutes(&self.since_missed[target][at]));
                if culprit.is_some() {
                    self.counting &= !bit;
                    changes.push((target, culprit));
                }
            } else {
                self.since_missed[target].iter_mut().for_each(Vec::clear);
                let answering: Vec<u32> =
                    asked.iter().map(|(_, answered)| *answered).filter(|&answered| answered != 0).collect();
                if !answering.is_empty() {
                    self.reached[target] =
                        if answering.iter().all(|answered| answered & bit != 0) { self.reached[target] + 1 } else { 0 };
                }
                if self.reached[target] >= self.ten_minutes {
                    self.counting |= bit;
                    changes.push((target, None));
                }
            }
        }
        changes
    }
}

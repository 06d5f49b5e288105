//! Which targets count, reckoned a second time from the prose: plain runs of rounds, one list of targets at a time.

/// Rounds in ten minutes of one-second rounds.
const TEN_MINUTES: u32 = 600;

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
    /// Targets that count, a bit each.
    pub counting: u32,
    /// By target and link: rounds running in which only this target was missed.
    missed: Vec<Vec<u32>>,
    /// By target: rounds running in which all reached it.
    reached: Vec<u32>,
}

impl Tally {
    /// A list of which every target counts.
    pub fn new(list: u16, size: usize, links: usize) -> Self {
        Self {
            list,
            size,
            counting: ((1_u64 << size) - 1) as u32,
            missed: vec![vec![0; links]; size],
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
                    let alone = answered & bit == 0 && others != 0 && answered & others == others;
                    self.missed[target][at] = if alone { self.missed[target][at] + 1 } else { 0 };
                }
                let culprit = asked.iter().map(|(at, _)| *at).find(|&at| self.missed[target][at] >= TEN_MINUTES);
                if culprit.is_some() {
                    self.counting &= !bit;
                    changes.push((target, culprit));
                }
            } else {
                self.missed[target].fill(0);
                let answering: Vec<u32> =
                    asked.iter().map(|(_, answered)| *answered).filter(|&answered| answered != 0).collect();
                if !answering.is_empty() {
                    self.reached[target] =
                        if answering.iter().all(|answered| answered & bit != 0) { self.reached[target] + 1 } else { 0 };
                }
                if self.reached[target] >= TEN_MINUTES {
                    self.counting |= bit;
                    changes.push((target, None));
                }
            }
        }
        changes
    }
}

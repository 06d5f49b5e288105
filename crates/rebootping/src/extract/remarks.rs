//! What happened while packets were captured, told beside the first packet after it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many wait for a packet; of more the oldest are left out, and how many is told.
const MOST: usize = 4_096;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remark {
    /// When, in nanoseconds since 1970.
    pub(crate) at: u64,
    /// What, in words.
    pub(crate) text: String,
}

/// What no packet has told yet.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    /// By time, and then in the order in which it was learnt.
    waiting: BTreeMap<(u64, u64), String>,
    learnt: u64,
    left_out: u64,
}

impl Remarks {
    pub(super) fn add(&mut self, remark: Remark) {
        self.waiting.insert((remark.at, self.learnt), remark.text);
        self.learnt += 1;
        if self.waiting.len() > MOST {
            self.waiting.pop_first();
            self.left_out += 1;
        }
    }

    /// Takes what is to be told beside a packet with this stamp, oldest first.
    pub(super) fn take(&mut self, stamp: u64) -> Vec<String> {
        if self.waiting.first_key_value().is_none_or(|((at, _), _)| *at > stamp) {
            return Vec::new();
        }
        let later = self.waiting.split_off(&(stamp.saturating_add(1), 0));
        let told = std::mem::replace(&mut self.waiting, later);
        let left_out = std::mem::take(&mut self.left_out);
        let missing = (left_out > 0).then(|| format!("{left_out} more happened before and are not told"));
        missing.into_iter().chain(told.into_values()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remark(at: u64, text: &str) -> Remark {
        Remark { at, text: text.to_owned() }
    }

    #[test]
    fn each_is_told_once_in_order_of_time_and_not_before_it_happened() {
        let mut remarks = Remarks::default();
        for (at, text) in [(20, "c"), (10, "a"), (10, "b"), (30, "d")] {
            remarks.add(remark(at, text));
        }
        assert_eq!(remarks.take(9), [""; 0]);
        assert_eq!(remarks.take(20), ["a", "b", "c"]);
        assert_eq!(remarks.take(29), [""; 0]);
        // What was learnt late is told late.
        remarks.add(remark(5, "late"));
        assert_eq!(remarks.take(u64::MAX), ["late", "d"]);
    }

    #[test]
    fn few_wait_and_how_many_are_missing_is_told() {
        let mut remarks = Remarks::default();
        (0..MOST as u64 + 3).for_each(|at| remarks.add(remark(at, "x")));
        let told = remarks.take(u64::MAX);
        assert_eq!((told.len(), told[0].as_str()), (MOST + 1, "3 more happened before and are not told"));
    }
}

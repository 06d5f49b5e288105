//! What somebody else changed: when it was seen, whether it is to be put right, and whether it is left alone.

use crate::link::LinkId;
use crate::time::Time;
use alloc::collections::BTreeMap;
use core::time::Duration;

/// How long a difference that is not ours may heal by itself; a firewall's own reload takes a second or two.
const PATIENCE: Duration = Duration::from_secs(5);
/// Somebody who changes the same back within this time means it.
const MEMORY: Duration = Duration::from_secs(3600);

/// Over what new connections go while a link differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WayOut {
    /// A chosen link is in: a difference is nothing worse than that.
    Chosen,
    /// Only links are in that are to be out: a difference must not be left alone.
    Other,
    /// No link is in: nothing can be waited for.
    Nowhere,
}

/// What follows from a difference that is not ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ruling {
    /// Nothing yet, or nothing new.
    Wait,
    /// It is to be put right, now.
    PutRight,
    /// It stays as it is, from now on.
    LeaveAlone,
}

/// One link's differences.
#[derive(Debug, Default)]
struct Drift {
    /// Since when the link has differed.
    since: Option<Time>,
    /// When it was last put right.
    put_right: Option<Time>,
    left_alone: bool,
}

/// Every link that somebody else has changed.
#[derive(Debug, Default)]
pub(super) struct Drifts(BTreeMap<LinkId, Drift>);

impl Drifts {
    /// The link differs though nobody here changed it.
    pub(super) fn differs(&mut self, link: LinkId, way_out: WayOut, now: Time) -> Ruling {
        let must = way_out != WayOut::Chosen;
        let patience = if way_out == WayOut::Nowhere { Duration::ZERO } else { PATIENCE };
        let drift = self.0.entry(link).or_default();
        if drift.left_alone && !must {
            return Ruling::Wait;
        }
        let since = *drift.since.get_or_insert(now);
        if now < since + patience {
            return Ruling::Wait;
        }
        drift.since = None;
        drift.left_alone = !must && drift.put_right.is_some_and(|at| now.since(at) < MEMORY);
        if drift.left_alone {
            return Ruling::LeaveAlone;
        }
        drift.put_right = Some(now);
        Ruling::PutRight
    }

    /// The link is as it should be.
    pub(super) fn agrees(&mut self, link: LinkId) {
        if let Some(drift) = self.0.get_mut(&link) {
            drift.since = None;
            drift.left_alone = false;
        }
    }

    /// Something else is wanted of the link now, or the firewall begins anew.
    pub(super) fn forget(&mut self, link: LinkId) {
        self.0.remove(&link);
    }

    /// No command is to be given for the link: its difference may yet heal, or is left alone.
    pub(super) fn holds(&self, link: LinkId) -> bool {
        self.0.get(&link).is_some_and(|drift| drift.left_alone || drift.since.is_some())
    }

    /// The link stays as somebody else left it.
    pub(super) fn is_left_alone(&self, link: LinkId) -> bool {
        self.0.get(&link).is_some_and(|drift| drift.left_alone)
    }

    /// The next end of patience after `now`.
    pub(super) fn next_deadline(&self, now: Time) -> Option<Time> {
        let ends = self.0.values().filter_map(|drift| drift.since).map(|since| since + PATIENCE);
        ends.filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::BOOT + Duration::from_secs(seconds)
    }

    #[test]
    fn it_is_put_right_once_an_hour_and_then_left_alone() {
        let mut drifts = Drifts::default();
        let link = LinkId(1);
        let rulings: [(u64, WayOut, Ruling); 10] = [
            (0, WayOut::Chosen, Ruling::Wait),
            (4, WayOut::Chosen, Ruling::Wait),
            (5, WayOut::Chosen, Ruling::PutRight),
            (100, WayOut::Chosen, Ruling::Wait),
            (105, WayOut::Chosen, Ruling::LeaveAlone),
            (5000, WayOut::Chosen, Ruling::Wait),
            (5001, WayOut::Other, Ruling::Wait),
            (5006, WayOut::Other, Ruling::PutRight),
            (5100, WayOut::Other, Ruling::Wait),
            (5101, WayOut::Nowhere, Ruling::PutRight),
        ];
        for (second, way_out, ruling) in rulings {
            assert_eq!(drifts.differs(link, way_out, at(second)), ruling, "at {second} s");
            if ruling == Ruling::PutRight {
                drifts.agrees(link);
            }
        }
    }

    #[test]
    fn what_heals_by_itself_is_forgotten() {
        let mut drifts = Drifts::default();
        drifts.differs(LinkId(1), WayOut::Chosen, at(0));
        drifts.agrees(LinkId(1));
        assert_eq!(drifts.next_deadline(at(0)), None);
        assert_eq!(drifts.differs(LinkId(1), WayOut::Chosen, at(6)), Ruling::Wait);
    }
}

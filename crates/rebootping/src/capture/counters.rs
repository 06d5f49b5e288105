//! Frames that were on a wire and are in no capture, by where they were lost.

use crate::netlink::message::Link;
use std::collections::BTreeMap;
use std::time::Duration;

/// Lost frames, since the start or between two moments.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Drops {
    /// No block of our ring was free.
    pub(crate) ring: u64,
    /// The card had no room.
    pub(crate) nic: u64,
    /// The queue of a processor was full.
    pub(crate) softnet: u64,
    /// Not lost, but late: a processor gave up for the moment with packets left in a card.
    pub(crate) squeezed: u64,
}

impl Drops {
    /// What was added since.
    pub(crate) fn since(self, earlier: Self) -> Self {
        self.with(earlier, u64::saturating_sub)
    }

    /// How many a second, if these are of a span of that length; rounded up, so that no loss reads as none.
    pub(crate) fn per_second(self, span: Duration) -> Self {
        let millis = (span.as_millis() as u64).max(1);
        self.with(Self::default(), |drops, _| drops.saturating_mul(1000).div_ceil(millis))
    }

    fn with(self, other: Self, both: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            ring: both(self.ring, other.ring),
            nic: both(self.nic, other.nic),
            softnet: both(self.softnet, other.softnet),
            squeezed: both(self.squeezed, other.squeezed),
        }
    }
}

/// What the captured interfaces have lost since they are captured.
#[derive(Default, Debug)]
pub(crate) struct Nics {
    /// By index: what the kernel said first, and last.
    said: BTreeMap<u32, (u64, u64)>,
    /// Of interfaces that are gone.
    gone: u64,
}

impl Nics {
    /// Takes in what the kernel says of the captured interfaces; those that are not among them are no longer followed.
    pub(crate) fn handle<'a>(&mut self, links: impl Iterator<Item = &'a Link>) {
        let mut before = std::mem::take(&mut self.said);
        for link in links {
            let Some(stats) = link.stats else { continue };
            let (first, last) = before.remove(&link.index).unwrap_or((stats.rx_lost, stats.rx_lost));
            // A driver that was loaded anew counts from zero.
            if stats.rx_lost < last {
                self.gone = self.gone.saturating_add(last.saturating_sub(first));
                self.said.insert(link.index, (0, stats.rx_lost));
            } else {
                self.said.insert(link.index, (first, stats.rx_lost));
            }
        }
        self.gone = self.gone.saturating_add(lost(&before));
    }

    /// All of them together.
    pub(crate) fn lost(&self) -> u64 {
        self.gone.saturating_add(lost(&self.said))
    }
}

fn lost(said: &BTreeMap<u32, (u64, u64)>) -> u64 {
    said.values().map(|(first, last)| last.saturating_sub(*first)).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_never_round_a_loss_away() {
        let drops = Drops { ring: 1, nic: 30, softnet: 0, squeezed: 7 };
        let before = Drops { ring: 0, nic: 10, softnet: 0, squeezed: 7 };
        let expected = Drops { ring: 1, nic: 10, softnet: 0, squeezed: 0 };
        assert_eq!(drops.since(before).per_second(Duration::from_secs(2)), expected);
    }

    #[test]
    fn what_an_interface_lost_outlives_it_and_its_driver() {
        let mut nics = Nics::default();
        let mut check = |said: &[(u32, u64)], lost: u64| {
            let links: Vec<Link> =
                said.iter().map(|&(index, rx_lost)| super::super::tests::lossy(index, rx_lost)).collect();
            nics.handle(links.iter());
            assert_eq!(nics.lost(), lost, "{said:?}");
        };
        check(&[(1, 1000), (2, 0)], 0);
        check(&[(1, 1005), (2, 1)], 6);
        check(&[(2, 2)], 7);
        check(&[(1, 7), (2, 3)], 8);
        check(&[(1, 2), (2, 3)], 10);
        check(&[(1, 3), (2, 3)], 11);
    }
}

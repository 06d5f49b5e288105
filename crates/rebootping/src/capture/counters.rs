//! Frames that were on a wire and are in no capture, by where they were lost.

use crate::netlink::message::Link;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// One line of this for each processor: packets, dropped, squeezed … in hexadecimal (`softnet_seq_show` of the kernel).
const SOFTNET: &str = "/proc/net/softnet_stat";

/// Lost frames, since the start or between two moments.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Drops {
    /// No block of our ring was free.
    pub(crate) ring: u64,
    /// The card, its driver or the device had no room. The kernel counts here, too, what softnet dropped of a device.
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

/// What the processors' queues have dropped, for the whole machine; opened once, as a sandbox forbids it later.
#[derive(Debug)]
pub(crate) struct Softnet {
    file: File,
    at_start: Queues,
}

/// Sums over all processors.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Queues {
    pub(crate) dropped: u64,
    pub(crate) squeezed: u64,
}

impl Softnet {
    /// Opens the kernel's table and begins to count from what it says.
    pub(crate) fn open() -> io::Result<Self> {
        let mut softnet = Self { file: File::open(SOFTNET)?, at_start: Queues::default() };
        softnet.at_start = softnet.read()?;
        Ok(softnet)
    }

    /// What was added since it was opened.
    pub(crate) fn read(&self) -> io::Result<Queues> {
        let mut text = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let length = self.file.read_at(&mut chunk, text.len() as u64)?;
            text.extend(chunk.get(..length).unwrap_or_default());
            if length == 0 {
                break;
            }
        }
        let now = sum(&String::from_utf8_lossy(&text));
        Ok(Queues {
            dropped: now.dropped.saturating_sub(self.at_start.dropped),
            squeezed: now.squeezed.saturating_sub(self.at_start.squeezed),
        })
    }
}

fn sum(table: &str) -> Queues {
    let mut queues = Queues::default();
    for line in table.lines() {
        let column = |place| line.split_whitespace().nth(place).and_then(|word| u64::from_str_radix(word, 16).ok());
        queues.dropped = queues.dropped.saturating_add(column(1).unwrap_or(0));
        queues.squeezed = queues.squeezed.saturating_add(column(2).unwrap_or(0));
    }
    queues
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
    fn the_table_of_processors_is_summed_up() {
        let table = "00000010 00000002 0000000a 0 0\nffffffff 00000001 00000001 0 0\n";
        assert_eq!(sum(table), Queues { dropped: 3, squeezed: 11 });
        assert_eq!(sum("of another kernel"), Queues::default());
    }

    #[test]
    fn the_kernels_own_table_can_be_read_again_and_again() {
        let softnet = Softnet::open().expect("there is such a table");
        softnet.read().and_then(|_| softnet.read()).expect("it is read from its beginning");
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

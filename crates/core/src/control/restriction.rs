//! Which devices are restricted, how, and for how long.
//!
//! A restriction ends for good at its `until`, to the second. One with a schedule is in force while the schedule holds.

use super::schedule::{Civil, Schedule};
use crate::inventory::report::Hardware;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// So many devices can be restricted.
pub const MOST: usize = 4096;

/// What is kept from a device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The Internet, for a while: everything else stays as it is.
    Pause,
    /// The Internet, and of the gateway all but DHCP, DNS, the time and the page.
    Local,
    /// Everything that passes or reaches the gateway.
    Block,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pause, Self::Local, Self::Block];
}

/// How a device is restricted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Restriction {
    /// What is kept from it.
    pub mode: Mode,
    /// When it ends, in seconds of Unix time; none if only the operator ends it.
    #[serde(default)]
    pub until: Option<u64>,
    /// The hours in which it is in force; none if always.
    #[serde(default)]
    pub schedule: Option<Schedule>,
}

/// The time of day, given from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Seconds of Unix time.
    pub unix: u64,
    /// What the clock on the wall shows.
    pub local: Civil,
}

impl Restriction {
    /// Its time is over.
    pub fn is_over(&self, now: Now) -> bool {
        self.until.is_some_and(|until| until <= now.unix)
    }

    /// It is to be carried out now.
    pub fn is_in_force(&self, now: Now) -> bool {
        !self.is_over(now) && self.schedule.is_none_or(|schedule| schedule.holds(now.local))
    }
}

/// So many are restricted already that there is no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

/// All restricted devices.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Restrictions(BTreeMap<Hardware, Restriction>);

impl Restrictions {
    /// Restricts a device so, or no longer; how it was restricted before.
    pub fn set(&mut self, mac: Hardware, to: Option<Restriction>) -> Result<Option<Restriction>, Full> {
        let Some(to) = to else { return Ok(self.0.remove(&mac)) };
        if self.0.len() >= MOST && !self.0.contains_key(&mac) {
            return Err(Full);
        }
        Ok(self.0.insert(mac, to))
    }

    /// How a device is restricted.
    pub fn of(&self, mac: Hardware) -> Option<Restriction> {
        self.0.get(&mac).copied()
    }

    /// All of them, by MAC.
    pub fn all(&self) -> impl Iterator<Item = (Hardware, Restriction)> {
        self.0.iter().map(|(mac, restriction)| (*mac, *restriction))
    }

    /// Forgets those whose time is over, and says which.
    pub fn expire(&mut self, now: Now) -> Vec<(Hardware, Restriction)> {
        let over: Vec<_> = self.all().filter(|(_, restriction)| restriction.is_over(now)).collect();
        self.0.retain(|_, restriction| !restriction.is_over(now));
        over
    }

    /// What is to be carried out now, by MAC.
    pub fn in_force(&self, now: Now) -> impl Iterator<Item = (Hardware, Mode)> {
        self.all().filter(move |(_, restriction)| restriction.is_in_force(now)).map(|(mac, it)| (mac, it.mode))
    }

    /// When the next one ends, in seconds of Unix time.
    pub fn next_end(&self) -> Option<u64> {
        self.0.values().filter_map(|restriction| restriction.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Hardware = Hardware([2, 0, 0, 0, 0, 1]);
    const B: Hardware = Hardware([2, 0, 0, 0, 0, 2]);

    fn at(unix: u64, minute: u16) -> Now {
        Now { unix, local: Civil { weekday: 0, minute } }
    }

    #[test]
    fn it_ends_to_the_second() {
        let mut all = Restrictions::default();
        let pause = Restriction { mode: Mode::Pause, until: Some(1000), schedule: None };
        let block = Restriction { mode: Mode::Block, until: None, schedule: None };
        assert_eq!(all.set(A, Some(pause)), Ok(None));
        assert_eq!(all.set(B, Some(block)), Ok(None));
        assert_eq!(all.next_end(), Some(1000));
        assert_eq!(all.expire(at(999, 0)), []);
        assert_eq!(all.in_force(at(999, 0)).collect::<Vec<_>>(), [(A, Mode::Pause), (B, Mode::Block)]);
        assert_eq!(all.in_force(at(1000, 0)).collect::<Vec<_>>(), [(B, Mode::Block)]);
        assert_eq!(all.expire(at(1000, 0)), [(A, pause)]);
        assert_eq!((all.of(A), all.next_end()), (None, None));
        assert_eq!(all.set(B, None), Ok(Some(block)));
    }

    #[test]
    fn it_is_in_force_in_its_hours() {
        let mut all = Restrictions::default();
        let schedule = Some("21:00-22:00".parse().unwrap());
        all.set(A, Some(Restriction { mode: Mode::Local, until: Some(500), schedule })).unwrap();
        let in_force = |now| all.in_force(now).count();
        assert_eq!(in_force(at(1, 21 * 60)), 1);
        assert_eq!(in_force(at(1, 22 * 60)), 0);
        assert_eq!(in_force(at(500, 21 * 60)), 0, "its end comes before its hours");
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut all = Restrictions::default();
        let block = Some(Restriction { mode: Mode::Block, until: None, schedule: None });
        for n in 0..MOST {
            assert_eq!(all.set(Hardware([2, 0, 0, 0, (n >> 8) as u8, n as u8]), block), Ok(None));
        }
        assert_eq!(all.set(Hardware([4; 6]), block), Err(Full));
        assert_eq!(all.set(Hardware([2, 0, 0, 0, 0, 7]), block), Ok(block), "who is restricted stays so");
    }
}

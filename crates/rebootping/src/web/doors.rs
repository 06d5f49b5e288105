//! How many connections there are at once, in all and from one address, and who has to leave when one more comes.
//!
//! Those who have asked for nothing yet, or not for long, leave first: five hundred slow connections never keep the next one
//! out, for it takes the place of the one that has dawdled longest.

use super::attempts::place;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Connections at once: each takes a descriptor and some ten kilobytes.
const IN_ALL: usize = 256;
/// A browser opens six; a proxy, or a house behind one address, more.
const FROM_ONE: usize = 64;

/// The connections there are, in the order they came.
#[derive(Default, Debug)]
pub(super) struct Doors(Mutex<Open>);

#[derive(Default, Debug)]
struct Open {
    latest: u64,
    doors: BTreeMap<u64, Door>,
}

#[derive(Debug)]
struct Door {
    from: IpAddr,
    /// A request is being answered.
    is_answering: bool,
    leave: Arc<Notify>,
}

/// The right to be connected, given back when dropped.
#[derive(Debug)]
pub(super) struct Pass {
    doors: Arc<Doors>,
    number: u64,
    leave: Arc<Notify>,
}

/// A request is being answered until this is dropped.
#[derive(Debug)]
pub(super) struct Answering {
    doors: Arc<Doors>,
    number: u64,
}

impl Doors {
    /// Lets a connection in; none if all who are in are being answered.
    pub(super) fn enter(self: &Arc<Self>, from: IpAddr) -> Option<Pass> {
        let from = place(from);
        let mut open = self.lock();
        let from_one = open.doors.values().filter(|door| door.from == from).count();
        if from_one >= FROM_ONE {
            open.dismiss(|door| door.from == from)?;
        } else if open.doors.len() >= IN_ALL {
            open.dismiss(|_| true)?;
        }
        open.latest += 1;
        let (number, leave) = (open.latest, Arc::new(Notify::new()));
        open.doors.insert(number, Door { from, is_answering: false, leave: Arc::clone(&leave) });
        Some(Pass { doors: Arc::clone(self), number, leave })
    }

    fn set(&self, number: u64, is_answering: bool) {
        if let Some(door) = self.lock().doors.get_mut(&number) {
            door.is_answering = is_answering;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Has the connection leave that came first of those that wait for a request.
    fn dismiss(&mut self, is_candidate: impl Fn(&Door) -> bool) -> Option<()> {
        let waits = |(_, door): &(&u64, &Door)| !door.is_answering && is_candidate(door);
        let number = *self.doors.iter().find(waits)?.0;
        let door = self.doors.remove(&number)?;
        door.leave.notify_one();
        Some(())
    }
}

impl Pass {
    /// A request has come.
    pub(super) fn answering(&self) -> Answering {
        self.doors.set(self.number, true);
        Answering { doors: Arc::clone(&self.doors), number: self.number }
    }

    /// Ends when another needs the place.
    pub(super) async fn dismissed(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.doors.lock().doors.remove(&self.number);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.doors.set(self.number, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_dawdles_longest_makes_room_and_who_is_answered_stays() {
        let doors = Arc::new(Doors::default());
        let one = IpAddr::from([192, 0, 2, 1]);
        let mut passes: Vec<Pass> = (0..FROM_ONE).map(|_| doors.enter(one).unwrap()).collect();
        let answering = passes[0].answering();
        let next = doors.enter(one).unwrap();
        let left: Vec<u64> = doors.lock().doors.keys().copied().collect();
        assert!(left.contains(&1) && !left.contains(&2) && left.contains(&next.number));
        assert_eq!(left.len(), FROM_ONE);
        drop((answering, next));
        passes.clear();
        assert!(doors.lock().doors.is_empty());
    }

    #[test]
    fn nobody_comes_in_while_all_are_answered_and_one_address_does_not_shut_out_others() {
        let doors = Arc::new(Doors::default());
        let from = |n: usize| IpAddr::from([10, 0, 0, n as u8]);
        let passes: Vec<Pass> = (0..FROM_ONE).map(|_| doors.enter(from(1)).unwrap()).collect();
        let answering: Vec<Answering> = passes.iter().map(Pass::answering).collect();
        assert!(doors.enter(from(1)).is_none());
        let others: Vec<Pass> = (0..IN_ALL * 2).filter_map(|n| doors.enter(from(2 + n / FROM_ONE))).collect();
        assert_eq!(doors.lock().doors.len(), IN_ALL);
        assert!(passes.iter().all(|pass| doors.lock().doors.contains_key(&pass.number)));
        drop((answering, others));
    }
}

//! Copies what there is, and then what comes, with what the daemon tells meanwhile.

use super::Mode;
use super::asking::Heard;
use super::merge::Merge;
use super::nanos;
use super::pace::Pace;
use super::stop::Stop;
use crate::clock;
use core::time::Duration;
use rebootping_core::time::Time;
use std::io;
use std::sync::mpsc::Receiver;

/// How often new packets are looked for. They are promised within a second, and wait up to 0.7 s to be written to their segment.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A packet is in its segment by then.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);
/// A daemon that is started anew is there again by then.
const PATIENCE: Duration = Duration::from_secs(10);

/// How packets are followed.
pub(super) struct Following {
    pub(super) mode: Mode,
    /// No packet younger than this stamp is wanted.
    pub(super) until: u64,
    pub(super) stop: Stop,
    /// What the daemon tells meanwhile, if it is asked.
    pub(super) heard: Option<Receiver<Heard>>,
}

impl Following {
    /// Follows until it is stopped or over; in [`Mode::Live`] also until the daemon is gone for good, which is an error. A stream
    /// that is not left out of the captures is held to a pace.
    pub(super) fn run(self, merge: &mut Merge, mut is_left_out: impl FnMut(Time) -> bool) -> io::Result<()> {
        let mut pace = Pace::new(clock::now());
        let mut presence = Presence::default();
        // What is written to a file or a reader here does not pass a wire.
        let is_paced = self.mode == Mode::Follow && !merge.output().is_file();
        let until_written = self.until.saturating_add(WRITTEN_WITHIN.as_nanos() as u64);
        loop {
            let left_out = is_left_out(clock::now());
            let goes_on = merge.copy(|written| {
                if is_paced && !left_out {
                    pace.wait(written, clock::now, &self.stop);
                }
                !self.stop.is_asked()
            })?;
            let wall = nanos(clock::wall());
            if !goes_on || wall > until_written {
                return merge.finish(wall);
            }
            merge.tell_losses(wall);
            merge.flush()?;
            merge.output().wait(LOOK_EVERY)?;
            merge.look();
            let heard: Vec<Heard> = self.heard.iter().flat_map(Receiver::try_iter).collect();
            presence.hear(&heard, clock::now());
            hear(merge, heard);
            if self.mode == Mode::Live && presence.is_gone(clock::now()) {
                merge.finish(wall)?;
                return Err(io::Error::other("the daemon ended, so nothing is captured any more; start it again"));
            }
        }
    }
}

/// Hands on what goes beside packets.
pub(super) fn hear(merge: &mut Merge, heard: Vec<Heard>) {
    for heard in heard {
        match heard {
            Heard::News(news) => merge.hear(news),
            Heard::There | Heard::Nobody => {}
        }
    }
}

/// Since when there is no daemon.
#[derive(Debug, Default)]
struct Presence {
    gone: Option<Time>,
}

impl Presence {
    fn hear(&mut self, heard: &[Heard], now: Time) {
        for heard in heard {
            match heard {
                Heard::There => self.gone = None,
                Heard::Nobody => self.gone = self.gone.or(Some(now)),
                Heard::News(_) => {}
            }
        }
    }

    fn is_gone(&self, now: Time) -> bool {
        self.gone.is_some_and(|since| now.since(since) >= PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_is_back_in_time_was_never_gone() {
        let mut presence = Presence::default();
        let at = |second| Time::BOOT + Duration::from_secs(second);
        presence.hear(&[Heard::Nobody], at(1));
        presence.hear(&[Heard::Nobody], at(9));
        assert!(!presence.is_gone(at(10)) && presence.is_gone(at(11)));
        presence.hear(&[Heard::Nobody, Heard::There], at(11));
        assert!(!presence.is_gone(at(99)));
    }
}

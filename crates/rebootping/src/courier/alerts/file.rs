//! What alerts keep on the disk: what was told, what waits, and which clock each boot had.

use crate::clock::Moment;
use crate::durable;
use crate::ipc::courier::Told;
use rebootping_core::alerts::Alerts;
use rebootping_core::alerts::outbox::Outbox;
use rebootping_core::history::outages::Outage;
use rebootping_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Its name in the courier's folder.
const NAME: &str = "alerts.json";
/// A file of a version that this one does not know is set aside.
const SCHEMA: u32 = 1;
/// Boots of which it is known what time it was.
const MOST_BOOTS: usize = 8;
/// A clock that drifts less is the same, in nanoseconds.
const DRIFT: u64 = 1_000_000_000;

/// All of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    schema: u32,
    pub(super) alerts: Alerts,
    pub(super) outbox: Outbox,
    /// What was told last, newest first.
    pub(super) latest: VecDeque<Told>,
    /// The newest last.
    boots: VecDeque<Boot>,
}

/// A boot: its name (random(4)), and how far the wall clock was ahead of the time since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Boot {
    name: String,
    ahead: i64,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            alerts: Alerts::default(),
            outbox: Outbox::default(),
            latest: VecDeque::new(),
            boots: VecDeque::new(),
        }
    }
}

impl Kept {
    /// Notes how far the wall clock is ahead in the boot of that name, which runs.
    pub(super) fn note_boot(&mut self, name: &str, ahead: i64) {
        match self.boots.iter_mut().find(|boot| boot.name == name) {
            Some(boot) if boot.ahead.abs_diff(ahead) > DRIFT => boot.ahead = ahead,
            Some(_) => {}
            None => self.boots.push_back(Boot { name: name.to_owned(), ahead }),
        }
        if self.boots.len() > MOST_BOOTS {
            self.boots.pop_front();
        }
    }

    /// An outage with times since boot as one with Unix times, but for its number.
    pub(super) fn dated(&self, outage: Outage, now: Moment) -> Outage {
        let ahead = now.ahead();
        let before = outage.began_in.as_ref().map(|name| self.boots.iter().find(|boot| boot.name == *name));
        let mut dated = outage;
        for trouble in &mut dated.troubles {
            trouble.begin = match before {
                None => unix(trouble.begin, ahead),
                Some(Some(boot)) => unix(trouble.begin, boot.ahead),
                // Of a boot nobody knows any more.
                Some(None) => Time::BOOT,
            };
            trouble.end = trouble.end.map(|end| unix(end, ahead));
        }
        dated
    }
}

/// A time since boot as Unix time.
pub(super) fn unix(time: Time, ahead: i64) -> Time {
    Time::from_nanos(time.as_nanos().saturating_add_signed(ahead))
}

/// The file, and what it holds.
#[derive(Debug)]
pub(super) struct KeptFile {
    path: PathBuf,
    written: Vec<u8>,
}

impl KeptFile {
    /// Reads it; what could not be read is set aside, and said.
    pub(super) fn open(folder: &std::path::Path) -> (Self, Kept, Option<String>) {
        let path = folder.join(NAME);
        let (written, kept, trouble) = match fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice::<Kept>(&bytes) {
                Ok(kept) if kept.schema == SCHEMA => (bytes, kept, None),
                _ => {
                    let aside = path.with_extension("unreadable");
                    // Where it cannot be set aside, it is written over.
                    drop(fs::rename(&path, &aside));
                    let why = format!(
                        "{} could not be read, and what waited is not sent; it is {} now",
                        path.display(),
                        aside.display()
                    );
                    (Vec::new(), Kept::default(), Some(why))
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Vec::new(), Kept::default(), None),
            Err(error) => (Vec::new(), Kept::default(), Some(format!("{}: {error}", path.display()))),
        };
        (Self { path, written }, kept, trouble)
    }

    /// Has the disk hold this, if it does not; waits for it.
    pub(super) fn keep(&mut self, kept: &Kept) -> io::Result<()> {
        let bytes = serde_json::to_vec(kept)?;
        if bytes != self.written {
            durable::replace(&self.path, &bytes)?;
            self.written = bytes;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rebootping_core::history::outages::{Noticed, Place, Trouble};
    use std::collections::BTreeSet;
    use std::time::Duration;

    fn outage(began_in: Option<&str>) -> Outage {
        let at = |seconds: u64| Time::from_nanos(seconds * 1_000_000_000);
        let trouble = Trouble { place: Place::Machine, link: None, is_out: true, begin: at(90), end: Some(at(20)) };
        Outage {
            counted: at(20),
            began_in: began_in.map(str::to_owned),
            noticed: Noticed::NothingWorked,
            dead: Duration::ZERO,
            used: BTreeSet::new(),
            troubles: vec![trouble],
        }
    }

    #[test]
    fn a_time_of_an_earlier_boot_is_told_by_the_clock_of_that_boot() {
        let second = |seconds: u64| seconds * 1_000_000_000;
        let mut kept = Kept::default();
        kept.note_boot("before", second(1000).cast_signed());
        let now = Moment::of_boot(Time::from_nanos(second(30)), second(2000).cast_signed());
        kept.note_boot("now", now.ahead());
        let begin = |began_in| kept.dated(outage(began_in), now).troubles[0].begin.as_nanos();
        assert_eq!(begin(Some("before")), second(1090));
        assert_eq!(begin(None), second(2090));
        assert_eq!(begin(Some("long ago")), 0);
        assert_eq!(kept.dated(outage(Some("before")), now).troubles[0].end, Some(Time::from_nanos(second(2020))));
    }
}

//! What `check` says, for those who may not look themselves: looked at in a thread of its own, one at a time, and remembered.

use super::control::Answer;
use crate::check;
use crate::clock;
use crate::config::meant::Config;
use rebootping_core::time::Time;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Looking asks Shorewall: whoever asks more often hears what was found last.
const REMEMBERED: Duration = Duration::from_secs(20);

/// What was found last, and whether somebody looks now.
#[derive(Clone, Default)]
pub(super) struct Checking {
    found: Arc<Mutex<Found>>,
}

#[derive(Default)]
struct Found {
    last: Option<(Time, String)>,
    is_looking: bool,
}

impl Checking {
    /// What was found last; where that is nothing or old, somebody begins to look.
    pub(super) fn answer(&self, explicit: Option<&Path>, config: &Config) -> Answer {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = found.last.as_ref().is_some_and(|(at, _)| clock::now().since(*at) < REMEMBERED);
        if !is_fresh && !found.is_looking {
            found.is_looking = self.begin(explicit.map(Path::to_path_buf), config.clone());
        }
        match &found.last {
            Some((_, json)) => Answer::Check(json.clone()),
            None => Answer::Refused("configuration and machine are being looked at; ask again in a second".into()),
        }
    }

    fn begin(&self, explicit: Option<PathBuf>, config: Config) -> bool {
        let found = Arc::clone(&self.found);
        let look = move || {
            let json = check::json(explicit.as_deref(), &config);
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            *found = Found { last: Some((clock::now(), json)), is_looking: false };
        };
        thread::Builder::new().name("check".into()).spawn(look).is_ok()
    }
}

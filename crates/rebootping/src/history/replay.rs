//! `rebootping replay`: decides again what was decided, and what other settings would have decided.

use super::{label, local, names, nanos, span, with_history, written_each};
use crate::cli::Replay as Asked;
use crate::clock;
use crate::config::meant::Config;
use crate::duration::{When, format_duration};
use crate::report::links::in_words;
use crate::store::notes::{Noted, What};
use rebootping_core::history::replay::{Change, Replay, Side, Wish};
use rebootping_core::link::Family;
use rebootping_core::link::decide::{Decider, Opening};
use rebootping_core::time::Time;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// What is replayed unless something else is asked for.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Changes that are listed as text on each side; JSON has all.
const MOST_LISTED: usize = 40;

/// `rebootping replay`.
pub(crate) fn replay(explicit: Option<&Path>, asked: &Asked) -> ExitCode {
    with_history(explicit, |config, reader| {
        let from = asked.since.unwrap_or(When::Ago(A_DAY)).resolve(clock::wall());
        let notes = reader.notes(span(from, clock::wall())).map_err(|error| error.to_string())?;
        let mut played = Played::new(Time::from_nanos(nanos(from).max(0) as u64), asked);
        for noted in notes {
            played.take(noted)?;
        }
        let Some(opening) = &played.opening else {
            return Err(format!("nothing was recorded since {from:.0}; {}", written_each(config)));
        };
        Ok(if asked.json { format!("{}\n", played.json()) } else { played.text(config, opening) })
    })
}

/// A replay from a moment on.
struct Played<'a> {
    from: Time,
    asked: &'a Asked,
    replay: Option<Replay>,
    /// How families stood before that moment.
    before: BTreeMap<Family, Decider>,
    opening: Option<Opening>,
    /// When the first entry that was replayed happened, and the last.
    began: Option<Time>,
    until: Time,
}

impl<'a> Played<'a> {
    fn new(from: Time, asked: &'a Asked) -> Self {
        Self { from, asked, replay: None, before: BTreeMap::new(), opening: None, began: None, until: from }
    }

    fn take(&mut self, noted: Noted) -> Result<(), String> {
        match noted.what {
            What::Begin(decider) => {
                let replay = match &mut self.replay {
                    Some(replay) => replay,
                    None => self.replay.insert(Replay::new(wish(self.asked, decider.opening().interval)?)),
                };
                self.opening.get_or_insert_with(|| decider.opening().clone());
                if noted.at < self.from {
                    self.before.insert(noted.family, *decider);
                } else {
                    self.before.remove(&noted.family);
                    replay.begin(&decider);
                }
            }
            What::Entry(entry) if noted.at < self.from => {
                if let Some(decider) = self.before.get_mut(&noted.family) {
                    decider.handle(&entry);
                }
            }
            What::Entry(entry) => {
                let Some(replay) = &mut self.replay else { return Ok(()) };
                if let Some(decider) = self.before.remove(&noted.family) {
                    replay.begin(&decider.beginning(self.from));
                }
                replay.handle(noted.family, &entry);
                self.began.get_or_insert(noted.at);
                self.until = self.until.max(noted.at);
            }
        }
        Ok(())
    }

    fn sides(&self) -> (u64, Side, Side) {
        self.replay
            .as_ref()
            .map_or_else(Default::default, |replay| (replay.rounds(), replay.recorded(), replay.replayed()))
    }

    fn json(&self) -> Value {
        let (rounds, recorded, replayed) = self.sides();
        json!({
            "schema": 1,
            "rounds": rounds,
            "recorded": listed(&recorded),
            "replayed": listed(&replayed),
            "identical": recorded == replayed,
            "dead_seconds": { "recorded": recorded.dead.as_secs(), "replayed": replayed.dead.as_secs() },
        })
    }

    fn text(&self, config: &Config, opening: &Opening) -> String {
        let (rounds, recorded, replayed) = self.sides();
        let mut text =
            format!("{rounds} rounds from {} to {}\n", local(self.began.unwrap_or(self.from)), local(self.until));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "                      decided  replayed");
        let _ = writeln!(text, "changes of the choice {:>7}  {:>8}", recorded.changes.len(), replayed.changes.len());
        let _ = writeln!(text, "seconds on dead links {:>7}  {:>8}", recorded.dead.as_secs(), replayed.dead.as_secs());
        if recorded == replayed {
            text.push_str("Both say the same, change for change.\n");
        }
        let label = |interface: &str| config.link_rule(interface).and_then(|rule| rule.label.clone());
        let names = names(&label, opening);
        let called = |change: &Change| {
            let link = names.find(&change.link).map_or(change.link.as_str(), |link| names.called(link)).to_owned();
            let verb = if change.enabled { "is used" } else { "is out" };
            format!("  {}  {} {verb} ({})\n", local(change.at), link, in_words(change.family))
        };
        for (title, side) in [("Decided:", &recorded), ("Replayed:", &replayed)] {
            if side.changes.is_empty() || (title == "Replayed:" && recorded == replayed) {
                continue;
            }
            let left_out = side.changes.len().saturating_sub(MOST_LISTED) as u64 + side.left_out;
            let _ = writeln!(text, "{title}");
            text.extend(side.changes.iter().take(MOST_LISTED).map(called));
            if left_out > 0 {
                let _ = writeln!(text, "  and {left_out} more; --json lists them");
            }
        }
        text
    }
}

/// The settings asked for, as the replay knows them.
fn wish(asked: &Asked, recorded: Duration) -> Result<Wish, String> {
    let every = match asked.interval {
        None => 1,
        Some(interval) => {
            let fits = interval >= recorded && interval.as_nanos() % recorded.as_nanos().max(1) == 0;
            let every =
                interval.as_nanos().checked_div(recorded.as_nanos()).and_then(|every| u32::try_from(every).ok());
            every.filter(|_| fits).ok_or_else(|| {
                format!(
                    "--interval {}: rounds of {} were recorded; ask for a multiple of that",
                    format_duration(interval),
                    format_duration(recorded)
                )
            })?
        }
    };
    Ok(Wish { hold_down: asked.hold_down, echoes: asked.echoes, every })
}

fn listed(side: &Side) -> Vec<Value> {
    let change = |change: &Change| {
        json!({
            "time": label(change.at).to_string(),
            "link": change.link,
            "family": change.family.name(),
            "enabled": change.enabled,
        })
    };
    side.changes.iter().map(change).collect()
}

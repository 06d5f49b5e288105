//! Findings about the running daemon: whether there is one, whether its choices reach the firewall, and its messages others.

use super::facts::{Daemon, Facts, Running};
use super::finding::{Finding, Remedy};
use crate::report::sending::Unsent;

/// What can be said of the daemon.
enum Served<'a> {
    Absent,
    Silent(&'a str),
    Working(&'a Running),
    Waiting(&'a Running),
    Failing(&'a Running),
    LeftAlone(&'a str),
    Unsent(&'a Unsent),
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found = vec![match &facts.daemon {
        Daemon::Absent => Served::Absent,
        Daemon::Silent(error) => Served::Silent(error),
        Daemon::Running(running) => match running.commit.as_str() {
            "waiting" => Served::Waiting(running),
            "failing" => Served::Failing(running),
            _ => Served::Working(running),
        },
    }];
    if let Some(running) = facts.daemon.running() {
        found.extend(running.left_alone.iter().map(|link| Served::LeftAlone(link)));
        found.extend(running.unsent.iter().map(Served::Unsent));
    }
    found.iter().map(Served::told).collect()
}

impl Daemon {
    pub(super) fn running(&self) -> Option<&Running> {
        match self {
            Self::Running(running) => Some(running),
            Self::Absent | Self::Silent(_) => None,
        }
    }
}

impl Served<'_> {
    fn told(&self) -> Finding {
        match self {
            Self::Absent => Finding::note("daemon", "It does not run.", Remedy::run("rebootping run")),
            Self::Silent(error) => Finding::mend(
                "daemon",
                format!("It is there and does not answer: {error}."),
                Remedy::by_hand("look at what it logged, and start it again"),
            ),
            Self::Working(Running { commit, .. }) if commit == "observing" => {
                Finding::fine("daemon", "It runs, and only shows its choices.")
            }
            Self::Working(Running { commit, backend, .. }) => {
                Finding::fine("daemon", format!("It runs; {backend}: {commit}."))
            }
            Self::Waiting(running) => Finding::mend(
                "daemon",
                format!("Its choice is not applied: {} does not run{}.", running.backend, because(running)),
                Remedy::by_hand("start it; the daemon sees it within 2 s"),
            ),
            Self::Failing(running) => Finding::mend(
                "daemon",
                format!("Its choice is not applied{}.", because(running)),
                Remedy::by_hand("mend what the message names; the daemon tries again by itself"),
            ),
            Self::LeftAlone(link) => Finding::note(
                "daemon",
                format!("{link} was changed by somebody else and is left so."),
                Remedy::run(format!("rebootping link pin {link}")),
            ),
            Self::Unsent(Unsent { about, text, remedy, .. }) => {
                Finding::mend(*about, sentence(text), Remedy::by_hand(*remedy))
            }
        }
    }
}

/// With its capital letter and its full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn because(running: &Running) -> String {
    running.error.as_ref().map_or_else(String::new, |error| format!(": {error}"))
}

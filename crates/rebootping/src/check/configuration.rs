//! Findings about the configuration, beyond what makes it invalid.

use super::facts::{Configuration, Program};
use super::finding::{Finding, Remedy};
use crate::config::commit::Backend;
use crate::config::error::{Errors, Problem};

/// What can be said of a valid configuration.
enum Configured<'a> {
    Valid(&'a Configuration),
    Observes,
    Runs(&'a Program),
    CannotRun(&'a Program),
    MatchesNothing { section: &'static str, pattern: &'a str },
    Retired(&'a Problem),
}

pub(super) fn findings(configuration: &Configuration) -> Vec<Finding> {
    let observes = (configuration.backend == Backend::Observe).then_some(Configured::Observes);
    let programs = configuration
        .programs
        .iter()
        .map(|program| if program.can_run { Configured::Runs(program) } else { Configured::CannotRun(program) });
    let unmatched =
        configuration.unmatched.iter().map(|(section, pattern)| Configured::MatchesNothing { section, pattern });
    let retired = configuration.retired.iter().map(Configured::Retired);
    let all =
        [Configured::Valid(configuration)].into_iter().chain(observes).chain(programs).chain(unmatched).chain(retired);
    all.map(|it| it.told()).collect()
}

/// Everything that makes a configuration invalid.
pub(super) fn invalid(errors: &Errors) -> Vec<Finding> {
    let told = |problem: &Problem| Finding::mend(ABOUT, sentence(problem), Remedy::by_hand(problem.remedy.clone()));
    errors.0.iter().map(told).collect()
}

fn sentence(problem: &Problem) -> String {
    format!("{}: {}.", problem.place, problem.what)
}

const ABOUT: &str = "configuration";

impl Configured<'_> {
    fn told(&self) -> Finding {
        match self {
            Self::Valid(Configuration { exists: false, file, .. }) => {
                Finding::fine(ABOUT, format!("There is no {}: the defaults hold.", file.display()))
            }
            Self::Valid(Configuration { file, is_named: true, .. }) => {
                Finding::fine(ABOUT, format!("{} is valid.", file.display()))
            }
            Self::Valid(Configuration { file, .. }) => {
                Finding::fine(ABOUT, format!("{} is valid, with what is in conf.d beside it.", file.display()))
            }
            Self::Observes => Finding::fine(ABOUT, "[commit] backend is \"observe\": choices are only shown."),
            Self::Runs(Program { key, path, .. }) => Finding::fine(ABOUT, format!("{key}: {path} can be run.")),
            Self::CannotRun(Program { key, path, .. }) => Finding::mend(
                ABOUT,
                format!("{key} names {path}, which is no program that can be run."),
                Remedy::run(format!("chmod +x {path}")),
            ),
            Self::MatchesNothing { section, pattern } => Finding::note(
                ABOUT,
                format!("{section} for \"{pattern}\" matches no link there is."),
                Remedy::by_hand(
                    "compare the name with those of `ip -brief link`; a device that appears later counts then",
                ),
            ),
            Self::Retired(problem) => Finding::note(ABOUT, sentence(problem), Remedy::by_hand(problem.remedy.clone())),
        }
    }
}

//! `rebootping check`: what is wrong with configuration and machine, each finding with the line or command that mends it.
//!
//! ```text
//! configuration, kernel, Shorewall, daemon ─► gather ─► Facts ─► findings (pure) ─► print
//! ```

mod configuration;
mod daemon;
mod facts;
mod finding;
mod firewall;
mod gather;
mod links;
mod machine;
mod networks;
mod print;
mod snat;
mod targets;
#[cfg(test)]
mod tests;
mod words;

use crate::cli::Output;
use crate::client::written;
use crate::config;
use crate::config::meant::Config;
use crate::log;
use facts::Facts;
use finding::{Finding, Severity};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Looks at everything and says what it found: 0 nothing must be mended, 1 something must, 2 the configuration is invalid.
pub(crate) fn run(explicit: Option<&Path>, output: Output) -> ExitCode {
    let config = match config::load(explicit) {
        Ok(config) => config,
        Err(errors) if output.json => return print(&configuration::invalid(&errors), output, ExitCode::from(2)),
        Err(errors) => {
            log::say(&errors);
            return ExitCode::from(2);
        }
    };
    let findings = findings(&gather::facts(explicit, &config));
    let must_mend = findings.iter().any(|finding| finding.severity == Severity::Mend);
    print(&findings, output, ExitCode::from(u8::from(must_mend)))
}

/// All findings as `check --json` prints them.
pub(crate) fn json(explicit: Option<&Path>, config: &Config) -> String {
    print::json(&findings(&gather::facts(explicit, config)))
}

fn findings(facts: &Facts) -> Vec<Finding> {
    [
        configuration::findings(&facts.configuration),
        machine::findings(facts),
        links::findings(facts),
        targets::findings(facts),
        firewall::findings(facts),
        networks::findings(facts),
        daemon::findings(facts),
    ]
    .concat()
}

fn print(findings: &[Finding], output: Output, code: ExitCode) -> ExitCode {
    let text = if output.json { print::json(findings) } else { print::prose(findings) };
    let printed = written(io::stdout().write_all(text.as_bytes()));
    if printed == ExitCode::SUCCESS { code } else { printed }
}

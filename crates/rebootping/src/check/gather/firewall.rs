//! Shorewall and Shorewall6: their state, providers, and what the script in force does with our status files.

use super::links::Watched;
use crate::check::facts::{Consent, Product};
use crate::check::snat;
use crate::clock;
use crate::committer::shorewall::Shorewall;
use crate::committer::status_files::StatusFiles;
use crate::committer::{consent, kernel};
use crate::config::commit::Backend;
use crate::config::meant::Config;
use rebootping_core::commit::Firewall;
use rebootping_core::link::Family;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Where a package puts the hardened script.
const PACKAGED_SCRIPT: &str = "/usr/share/rebootping/shorewall/isusable";
/// Where it lies in the tree, seen from the folder of a program that was built there.
const SCRIPT_IN_TREE: &str = "../../dist/shorewall/isusable";

/// What Shorewall compiles where there is no script.
const NO_SCRIPT: &str = "true";

/// The products that are set up.
pub(super) fn products(config: &Config, watched: &Watched, is_root: bool) -> Vec<Product> {
    Family::ALL.into_iter().filter_map(|family| installed(family, config, watched, is_root)).collect()
}

/// The hardened script on this machine.
pub(super) fn script() -> PathBuf {
    let program = std::env::current_exe().ok();
    let in_tree = program.and_then(|program| program.parent()?.join(SCRIPT_IN_TREE).canonicalize().ok());
    in_tree.unwrap_or_else(|| PathBuf::from(PACKAGED_SCRIPT))
}

fn installed(family: Family, config: &Config, watched: &Watched, is_root: bool) -> Option<Product> {
    let shorewall = Shorewall::of(family);
    let has_rules = kernel::has_rules(watched.snapshot(), family);
    let state = may_look(&shorewall).then(|| shorewall.state(has_rules));
    let providers = shorewall.providers();
    if providers.is_empty() && matches!(state, None | Some(Firewall::Absent)) {
        return None;
    }
    let asks = is_root && !providers.is_empty();
    Some(Product {
        family,
        etc: shorewall.etc().to_owned(),
        state,
        marked: marked(family, watched),
        translated: snat::read(shorewall.etc()),
        consent: if asks { asked(&shorewall, config, family) } else { Consent::Unknown },
        has_unused_script: is_root && has_unused_script(&shorewall),
        providers,
    })
}

fn may_look(shorewall: &Shorewall) -> bool {
    match fs::File::open(shorewall.vardir().join("state")) {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn marked(family: Family, watched: &Watched) -> BTreeSet<u32> {
    let rules = watched.snapshot().rules();
    rules.filter(|rule| rule.family == family && rule.fwmark.is_some()).map(|rule| rule.table).collect()
}

fn asked(shorewall: &Shorewall, config: &Config, family: Family) -> Consent {
    if !matches!(config.commit.backend, Backend::Auto | Backend::Shorewall) {
        return Consent::Unknown;
    }
    let template = match family {
        Family::Ipv4 => &config.commit.status_file,
        Family::Ipv6 => &config.commit.status_file6,
    };
    let Ok(mut files) = StatusFiles::new(template.as_deref(), shorewall.vardir()) else { return Consent::Unknown };
    if consent::is_given(shorewall, &mut files, clock::now) {
        return Consent::Given;
    }
    let has_body = in_force(shorewall).is_some_and(|script| script != [NO_SCRIPT]);
    if has_body || !shorewall.compiled().exists() && shorewall.etc().join("isusable").exists() {
        Consent::Refused
    } else {
        Consent::NoScript
    }
}

/// Shorewall compiles the script as it is but for indentation.
fn has_unused_script(shorewall: &Shorewall) -> bool {
    let script = fs::read(shorewall.etc().join("isusable"));
    let script = script.map_or_else(|_| NO_SCRIPT.to_owned(), |text| String::from_utf8_lossy(&text).into_owned());
    in_force(shorewall).is_some_and(|compiled| compiled != statements(&script))
}

/// The statements of the script in force.
fn in_force(shorewall: &Shorewall) -> Option<Vec<String>> {
    let compiled = fs::read(shorewall.compiled()).ok()?;
    let function = consent::function_of(&String::from_utf8_lossy(&compiled))?;
    let mut inside = statements(&function);
    inside.remove(0);
    inside.pop();
    Some(inside)
}

fn statements(script: &str) -> Vec<String> {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

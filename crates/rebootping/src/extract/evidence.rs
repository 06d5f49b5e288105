//! The packets around a decision, with what was decided and answered beside them, as one file that can be handed on.

use super::asking::{Asking, Heard};
use super::chain::Chain;
use super::folders::{self, Missing, Source};
use super::follow;
use super::merge::Merge;
use super::output::Output;
use super::remarks::Remark;
use super::told::{News, Told};
use super::wanted::{Span, Wanted};
use crate::config::meant::Config;
use core::time::Duration;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// What led to a decision is before it: a link that dies slowly does so for a while.
const BEFORE: Duration = Duration::from_secs(30);
/// What came of it.
const AFTER: Duration = Duration::from_secs(10);

/// What is known of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// When it was made, in nanoseconds since 1970.
    pub(crate) at: u64,
    /// The links it was made of, by interface.
    pub(crate) links: Vec<String>,
    /// What was decided, and why.
    pub(crate) text: String,
    /// What was decided and answered, moment by moment.
    pub(crate) remarks: Vec<Remark>,
}

/// Writes it; how many packets there were.
pub(crate) fn write(config: &Config, evidence: &Evidence, to: &Path) -> Result<u64, String> {
    let span = Span {
        since: evidence.at.saturating_sub(BEFORE.as_nanos() as u64),
        until: evidence.at.saturating_add(AFTER.as_nanos() as u64),
    };
    let wanted = |interface: Option<String>| Wanted { span, interface, hosts: Vec::new() };
    let chains = sources(config, &evidence.links)?.into_iter();
    let chains = chains.map(|source| Chain::new(&source.folder, wanted(source.interface)));
    let output = Output::open(Some(to), &evidence.text)?;
    let mut merge = Merge::new(chains.collect::<Result<_, _>>()?, usize::MAX, output);
    follow::hear(&mut merge, names(config));
    for remark in &evidence.remarks {
        merge.hear(News::Remark(remark.clone()));
    }
    match merge.copy(|_| true).and_then(|_| merge.finish(span.until)) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result.map_err(|error| format!("{}: {error}", merge.output().name()))?,
    }
    Ok(merge.output().packets())
}

/// The folders with packets of these interfaces; of a link may be none, as of one that was never there.
fn sources(config: &Config, links: &[String]) -> Result<Vec<Source>, String> {
    let mut sources = BTreeSet::new();
    for link in links {
        match folders::find(&config.paths.captures, std::slice::from_ref(link)) {
            Ok(found) => sources.extend(found),
            Err(Missing::Unknown { .. } | Missing::Nothing(_)) => {}
            Err(missing @ (Missing::Unreadable(..) | Missing::Crowded { .. })) => return Err(missing.explain(config)),
        }
    }
    Ok(sources.into_iter().collect())
}

/// What addresses are called, as far as a daemon tells; what it says of today is no evidence of then.
fn names(config: &Config) -> Vec<Heard> {
    let mut heard = Asking::new(config, Told::new(u64::MAX, BTreeSet::new())).ask();
    heard.retain(|heard| matches!(heard, Heard::News(News::Names(_))));
    heard
}

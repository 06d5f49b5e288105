//! Which folders of captures an operator's words mean, and what to say where there is none.

use crate::config::meant::Config;
use crate::config::observing::CaptureMode;
use crate::daemon::{Request, ask};
use crate::escape::{for_file_name, for_terminal};
use rebootping_core::untrusted::Untrusted;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use strsim::damerau_levenshtein;

/// Folders of interfaces without MAC begin so.
const INTERFACE: &str = "if-";
/// As many neighbours of a word that was not found are named.
const NAMED: usize = 5;

/// Why there is no folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The folder of captures cannot be read.
    Unreadable(PathBuf, io::ErrorKind, String),
    /// Nothing was captured yet.
    Nothing(PathBuf),
    /// Something was, but nothing of this.
    Unknown { word: String, captures: PathBuf, nearest: Vec<String> },
}

/// The folders of devices given by MAC, and of interfaces given by name.
pub(super) fn find(captures: &Path, words: &[String]) -> Result<Vec<PathBuf>, Missing> {
    let names = match list(captures) {
        Ok(names) if names.is_empty() => return Err(Missing::Nothing(captures.to_owned())),
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Missing::Nothing(captures.to_owned())),
        Err(error) => return Err(Missing::Unreadable(captures.to_owned(), error.kind(), error.to_string())),
    };
    let mut found = Vec::new();
    for word in words {
        let Some(name) = meant(word, &names) else {
            let (word, captures) = (word.clone(), captures.to_owned());
            return Err(Missing::Unknown { nearest: nearest(&word, names), word, captures });
        };
        found.push(captures.join(name));
    }
    // A device named twice is one device.
    found.sort();
    found.dedup();
    Ok(found)
}

/// The folder among those there are: nothing an operator writes becomes part of a path.
fn meant<'a>(word: &str, names: &'a [String]) -> Option<&'a String> {
    let interface = format!("{INTERFACE}{}", for_file_name(&Untrusted::from(word)));
    let mac = canonical(word);
    let is_meant = |name: &&String| mac.as_ref() == Some(name) || *name == word || **name == interface;
    names.iter().find(is_meant)
}

/// A MAC as folders are named, from any usual way to write it.
fn canonical(word: &str) -> Option<String> {
    let digits: String = word.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    let is_mac = digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = is_mac.then(|| digits.to_ascii_lowercase())?;
    let pairs: Vec<&str> = (0..6).filter_map(|at| digits.get(at * 2..at * 2 + 2)).collect();
    Some(pairs.join(":"))
}

/// Names of folders that hold captures, sorted.
fn list(captures: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(captures)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_ours = |name: &&str| name.starts_with(INTERFACE) || canonical(name).as_deref() == Some(name);
        // A link to elsewhere is no folder of ours.
        if let Some(name) = name.to_str().filter(is_ours).filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn nearest(word: &str, names: Vec<String>) -> Vec<String> {
    let word: String = word.to_lowercase().chars().take(40).collect();
    let mut by_distance: Vec<(usize, String)> =
        names.into_iter().map(|name| (damerau_levenshtein(&word, &name), name)).collect();
    by_distance.sort();
    by_distance.into_iter().take(NAMED).map(|(_, name)| name).collect()
}

impl Missing {
    /// What to tell the operator; asks the daemon whether it captures where that is the question.
    pub(super) fn explain(&self, config: &Config) -> String {
        match self {
            Self::Unreadable(path, io::ErrorKind::PermissionDenied, _) => {
                let user = &config.process.observer_user;
                format!("{} is private to root and the group of {user}; use sudo", path.display())
            }
            Self::Unreadable(path, _, error) => format!("{}: {error}", path.display()),
            Self::Nothing(path) => {
                format!("nothing is captured in {} yet: {}", path.display(), whether_it_runs(config))
            }
            Self::Unknown { word, captures, nearest } => format!(
                "nothing is captured of {} in {}; nearest there: {}",
                for_terminal(&Untrusted::from(word.as_str())),
                captures.display(),
                nearest.join(", ")
            ),
        }
    }
}

fn whether_it_runs(config: &Config) -> &'static str {
    if config.capture.mode == CaptureMode::Off {
        return "[capture] has mode = \"off\"; write mode = \"full\" there to capture";
    }
    match ask(&config.paths.run, &Request::Status) {
        Ok(_) => "the daemon runs; a device appears once it has exchanged packets with another",
        Err(_) => "no daemon runs; start one with `rebootping run`, or name its file with --config",
    }
}

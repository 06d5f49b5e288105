//! Which folders of captures an operator's words mean, and what to say where there is none.

use super::interfaces;
use crate::config::meant::Config;
use crate::config::observing::CaptureMode;
use crate::daemon::{NOBODY, Request, ask};
use crate::escape::{for_file_name, for_terminal};
use rebootping_core::untrusted::Untrusted;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use strsim::damerau_levenshtein;

/// Folders of interfaces without MAC begin so.
pub(crate) const INTERFACE: &str = "if-";
/// Of an interface as many devices are put together: each holds files open.
const MOST_DEVICES: usize = 256;
/// As many neighbours of a word that was not found are named.
const NAMED: usize = 5;

/// A folder that packets come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    pub(super) folder: PathBuf,
    /// Only what was captured on this interface is meant; everything if there is none.
    pub(super) interface: Option<String>,
}

impl Source {
    /// The folder's own name: a MAC in lower case with colons, or `if-` and an interface.
    pub(super) fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Why there is no folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The folder of captures cannot be read.
    Unreadable(PathBuf, io::ErrorKind, String),
    /// Nothing was captured yet.
    Nothing(PathBuf),
    /// Too many devices are on this interface.
    Crowded { interface: String, devices: usize },
    /// Something was, but nothing of this.
    Unknown { word: String, captures: PathBuf, nearest: Vec<String> },
}

/// The folders of devices given by MAC, and of interfaces given by name.
pub(super) fn find(captures: &Path, words: &[String]) -> Result<Vec<Source>, Missing> {
    let names = match list(captures) {
        Ok(names) if names.is_empty() => return Err(Missing::Nothing(captures.to_owned())),
        Ok(names) => names,
        Err(error) => return Err(Missing::of(captures, &error)),
    };
    let mut found = Vec::new();
    for word in words {
        found.extend(meant(captures, word, &names)?);
    }
    // A folder named twice is read once, and whole if one of the words means all of it.
    found.sort();
    found.dedup_by(|later, kept| later.folder == kept.folder && (kept.interface.is_none() || *later == *kept));
    Ok(found)
}

/// The folders with packets of an interface; why there are none, in one line.
pub(super) fn of_interface(captures: &Path, name: &str) -> Result<Vec<Source>, String> {
    find(captures, &[name.to_owned()]).map_err(|missing| match missing {
        Missing::Crowded { interface, devices } => crowded(&interface, devices),
        Missing::Unreadable(..) | Missing::Nothing(_) | Missing::Unknown { .. } => {
            format!("nothing is captured of {}", for_terminal(&Untrusted::from(name)))
        }
    })
}

fn crowded(interface: &str, devices: usize) -> String {
    format!("{devices} devices are on {interface}, and at most {MOST_DEVICES} can be put together; name them by MAC")
}

/// The folders a word means, among those there are: nothing an operator writes becomes part of a path.
fn meant(captures: &Path, word: &str, names: &[String]) -> Result<Vec<Source>, Missing> {
    let mac = canonical(word);
    if let Some(name) = names.iter().find(|name| mac.as_ref() == Some(name) || *name == word) {
        return Ok(vec![Source { folder: captures.join(name), interface: None }]);
    }
    // What has no MAC lies in the interface's own folder, all else in those of the devices on it.
    let own = format!("{INTERFACE}{}", for_file_name(&Untrusted::from(word)));
    let source = |name: &String| {
        let folder = captures.join(name);
        let is_on = || interfaces::of_newest(&folder).iter().any(|it| it.name.raw() == word);
        let interface = (*name != own).then(|| word.to_owned());
        (interface.is_none() || is_on()).then(|| Source { interface, folder: folder.clone() })
    };
    let on: Vec<Source> = names.iter().filter_map(source).collect();
    match on.len() {
        0 => {
            let (word, captures) = (word.to_owned(), captures.to_owned());
            Err(Missing::Unknown { nearest: nearest(&word, names), word, captures })
        }
        1..=MOST_DEVICES => Ok(on),
        devices => Err(Missing::Crowded { interface: word.to_owned(), devices }),
    }
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
pub(crate) fn list(captures: &Path) -> io::Result<Vec<String>> {
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

fn nearest(word: &str, names: &[String]) -> Vec<String> {
    let word: String = word.to_lowercase().chars().take(40).collect();
    // An interface is asked for by its name.
    let names = names.iter().map(|name| name.strip_prefix(INTERFACE).unwrap_or(name));
    let mut by_distance: Vec<(usize, &str)> = names.map(|name| (damerau_levenshtein(&word, name), name)).collect();
    by_distance.sort_unstable();
    by_distance.into_iter().take(NAMED).map(|(_, name)| name.to_owned()).collect()
}

/// Names of folders that hold captures, or why there are none, in one line.
pub(crate) fn names(config: &Config) -> Result<Vec<String>, String> {
    list(&config.paths.captures).map_err(|error| Missing::of(&config.paths.captures, &error).explain(config))
}

/// That nothing is captured yet, and why, in one line.
pub(crate) fn nothing_yet(config: &Config) -> String {
    Missing::Nothing(config.paths.captures.clone()).explain(config)
}

impl Missing {
    /// Why a folder of captures cannot be listed.
    fn of(captures: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Nothing(captures.to_owned()),
            kind => Self::Unreadable(captures.to_owned(), kind, error.to_string()),
        }
    }

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
            Self::Crowded { interface, devices } => crowded(interface, *devices),
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
        Err(_) => NOBODY,
    }
}

//! The operator's configuration: TOML files, read as written, then turned into what is meant.
//!
//! ```text
//! files ─► written (tree with lines) ─► known (names) ─┬─► Config
//!                                       sections ──────┘   or every Problem, each FILE:LINE: what; what to do
//! ```
//!
//! `known` lists sections and keys, `retired` those that mean nothing any more. One file for each group of sections holds its types, defaults and rules (`paths`,
//! `links`, `probe`, `commit`, `observing`, `serving`, `alerts`); they read keys through `field` and `values`.

pub(crate) mod alerts;
pub(crate) mod commit;
pub(crate) mod error;
mod field;
pub(crate) mod glob;
mod known;
pub(crate) mod links;
pub(crate) mod meant;
mod nearest;
pub(crate) mod observing;
pub(crate) mod paths;
pub(crate) mod probe;
pub(crate) mod remote_write;
mod retired;
mod rules;
pub(crate) mod serving;
mod values;
mod written;

use self::error::{Errors, Place, Problem};
use self::meant::Config;
use self::written::Table;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// Where the configuration lies unless another is named.
pub(crate) const DIRECTORY: &str = "/etc/rebootping";

/// Reads the configuration: the named file alone, or `rebootping.toml` and then `conf.d/*.toml` in the order of their
/// names, all of which may be missing.
///
/// The error holds everything that is wrong, in the order of files and lines.
pub(crate) fn load(explicit: Option<&Path>) -> Result<Config, Errors> {
    match explicit {
        Some(file) => parse(&[(file.to_owned(), read(file)?)]),
        None => load_directory(Path::new(DIRECTORY)),
    }
}

/// Turns files, each with its name and text, into a configuration; later ones win, and lists of tables grow.
pub(crate) fn parse(sources: &[(PathBuf, String)]) -> Result<Config, Errors> {
    let mut root = Table::new();
    let mut errors = Errors::default();
    for (path, text) in sources {
        match written::read(path, text) {
            Ok(table) => written::merge(&mut root, table),
            Err(wrong) => errors.append(wrong),
        }
    }
    // Where a file could not be understood, what it lacks would be blamed on the others.
    let result = errors.or(()).and_then(|()| Config::from_written(&root));
    result.map_err(|mut errors| {
        errors.0.sort_by_key(|problem| {
            (sources.iter().position(|(path, _)| **path == *problem.place.file), problem.place.line)
        });
        errors
    })
}

fn load_directory(directory: &Path) -> Result<Config, Errors> {
    let mut sources = Vec::new();
    let mut errors = Errors::default();
    let main_file = directory.join("rebootping.toml");
    let parts = or_missing(parts(&directory.join("conf.d"))).unwrap_or_else(|error| {
        errors.push(unreadable(&directory.join("conf.d"), &error));
        None
    });
    for path in core::iter::once(main_file).chain(parts.into_iter().flatten()) {
        match or_missing(text(&path)) {
            Ok(text) => sources.extend(text.map(|text| (path, text))),
            Err(error) => errors.push(unreadable(&path, &error)),
        }
    }
    errors.or(()).and_then(|()| parse(&sources))
}

/// Lists a directory's `*.toml`, sorted, without hidden files, which editors leave behind.
fn parts(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = std::fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<io::Result<_>>()?;
    paths.retain(|path| {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        !hidden && path.extension() == Some(OsStr::new("toml"))
    });
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, Errors> {
    text(path).map_err(|error| unreadable(path, &error).into())
}

fn text(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path)
}

fn or_missing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "create it, or name another with --config",
        io::ErrorKind::PermissionDenied => "let this user read it, or run as root",
        io::ErrorKind::InvalidData => "write it as UTF-8",
        _ => "make it a file that can be read",
    };
    Problem {
        place: Place { file: path.into(), line: None },
        what: format!("cannot be read ({})", reason(error)),
        remedy: remedy.to_owned(),
    }
}

/// Returns the system's words for an error without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

#[cfg(test)]
mod tests;

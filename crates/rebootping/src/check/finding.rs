//! What `check` says: how serious it is, about what, in which words, and the line or command that mends it.

use serde::Serialize;
use std::fmt;

/// How serious a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// As it should be.
    Fine,
    /// It works, and could work better.
    Note,
    /// It does not do what the operator wants until it is mended.
    Mend,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// The link, provider, product, folder or part of the machine.
    pub(super) about: String,
    /// One or two sentences.
    pub(super) text: String,
    /// There unless it is fine.
    pub(super) remedy: Option<Remedy>,
}

/// What mends a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Remedy {
    /// A command line for a root shell.
    Run(String),
    /// A line for a file.
    Write { file: String, line: String },
    /// Something to do by hand.
    Do(String),
}

impl Finding {
    pub(super) fn fine(about: impl Into<String>, text: impl Into<String>) -> Self {
        Self { severity: Severity::Fine, about: about.into(), text: text.into(), remedy: None }
    }

    pub(super) fn note(about: impl Into<String>, text: impl Into<String>, remedy: Remedy) -> Self {
        Self { severity: Severity::Note, about: about.into(), text: text.into(), remedy: Some(remedy) }
    }

    pub(super) fn mend(about: impl Into<String>, text: impl Into<String>, remedy: Remedy) -> Self {
        Self { severity: Severity::Mend, about: about.into(), text: text.into(), remedy: Some(remedy) }
    }
}

impl Remedy {
    pub(super) fn run(command: impl Into<String>) -> Self {
        Self::Run(command.into())
    }

    pub(super) fn write(file: impl Into<String>, line: impl Into<String>) -> Self {
        Self::Write { file: file.into(), line: line.into() }
    }

    pub(super) fn by_hand(what: impl Into<String>) -> Self {
        Self::Do(what.into())
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(command) => write!(f, "run: {command}"),
            Self::Write { file, line } => write!(f, "in {file}: {line}"),
            Self::Do(what) => f.write_str(what),
        }
    }
}

impl Serialize for Remedy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

//! `alerts` on the command line.

use super::Output;
use clap::{Args, Subcommand};

/// What is asked about alerts.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AlertsOrder {
    /// What to do, beside showing them.
    #[command(subcommand)]
    pub(crate) verb: Option<AlertsVerb>,
    /// The form of the answer.
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What can be done with alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum AlertsVerb {
    /// Send a test to every place, and say what became of it.
    Test,
}

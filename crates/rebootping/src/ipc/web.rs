//! What the committer and the web process say to each other.

use crate::config::serving::Web;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// From the committer to the web process.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum ToWeb {
    /// Serve like this. The first message; after another one it says [`FromWeb::Anew`].
    Configure(Box<WebSettings>),
    /// Links may stand otherwise than before: ask, if anybody listens.
    Look,
}

/// From the web process to the committer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum FromWeb {
    /// It goes on, once a second, with so many bytes of memory.
    Alive(u64),
    /// Something the operator would like to know.
    Notice(String),
    /// Something the operator should know.
    Warning(String),
    /// It ends, for another to begin with the settings it was given.
    Anew,
}

/// All the web process needs to know of the configuration and the links.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct WebSettings {
    /// The user it becomes.
    pub(crate) user: String,
    /// Where the sockets of committer and observer are.
    pub(crate) run: PathBuf,
    /// Where password and tokens are.
    pub(crate) access: PathBuf,
    /// Length of a round.
    pub(crate) interval: Duration,
    /// `[web]`.
    pub(crate) web: Web,
    /// The Internet links' interfaces, whose addresses are not served; none while they are not known yet.
    pub(crate) links: Option<Vec<String>>,
}

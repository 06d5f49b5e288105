//! `[remote_write]`: the engine elsewhere that is sent minutes of the history.

use super::field::{Field, Fields, Read};
use super::values::{duration, path, text};
use core::time::Duration;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// A label's value that is longer is a mistake.
const LONGEST_SITE: usize = 128;

/// Where minutes are sent, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RemoteWrite {
    /// The engine's address for remote-write.
    pub(crate) url: String,
    /// What this gateway is called there; its host name unless set.
    pub(crate) site: Option<String>,
    /// Who it says it is.
    pub(crate) login: Option<Login>,
    /// Minutes that are older are not sent any more.
    pub(crate) replay: Duration,
}

/// Who a gateway says it is. Secrets are in files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Login {
    /// A user's name, and the file with the password.
    Password(String, PathBuf),
    /// The file with a token.
    Token(PathBuf),
}

impl RemoteWrite {
    /// Minutes are sent for so long after the engine went away.
    pub(crate) const REPLAY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    pub(super) fn read(mut fields: Fields<'_>) -> Option<Self> {
        let (url, site) = (fields.get("url", url), fields.get("site", site));
        let replay = fields.get("replay", duration(HOUR, HOUR * 24 * 30)).unwrap_or(Self::REPLAY);
        let (user, secret) = (fields.get("user", text), fields.get("secret_file", path));
        for key in ["site", "user", "secret_file"] {
            refuse_without(&mut fields, key, "url");
        }
        refuse_without(&mut fields, "user", "secret_file");
        let login = secret.map(|file| match user {
            Some(user) => Login::Password(user, file),
            None => Login::Token(file),
        });
        Some(Self { url: url?, site, login, replay })
    }
}

fn refuse_without(fields: &mut Fields<'_>, key: &'static str, needed: &'static str) {
    if let (Some(field), None) = (fields.field(key), fields.field(needed)) {
        fields.wrong(field.problem(format!("is set without {needed}"), format!("add {needed}, or remove {key}")));
    }
}

/// Reads the address of a web server.
fn url(field: &Field<'_>) -> Read<String> {
    const HINT: &str =
        "write one such as \"https://metrics.example.org/api/v1/write\"; user and password have keys of their own";
    let text = text(field)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let is_one = !host.is_empty() && !host.contains('@') && text.chars().all(|c| c.is_ascii_graphic());
    if is_one { Ok(text) } else { field.refuse("a text that is no address of an engine", HINT) }
}

/// Reads a gateway's name.
fn site(field: &Field<'_>) -> Read<String> {
    let text = text(field)?;
    if text.len() <= LONGEST_SITE && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    field.refuse("a text that is no name", "write one line of at most 128 letters, such as \"berlin-3\"")
}

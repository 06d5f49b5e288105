//! `[alerts]`: what people are told of, when, and where it is sent.

use super::field::{Field, Fields, Read};
use super::values::{duration, list, one_of, path, text};
use super::written::quoted;
use core::net::Ipv6Addr;
use core::time::Duration;
use rebootping_core::alerts::{Kind, Settings};
use rebootping_core::control::schedule::Schedule;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Longer than a day after it began, nobody needs to be told that a link is out.
const LONGEST_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// More often it would be noise.
const SHORTEST_REPEAT: Duration = Duration::from_secs(60);
/// Less often it would not be a repetition.
const LONGEST_REPEAT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Where mail is handed in (RFC 6409), and where it is so over TLS from the first byte on (RFC 8314).
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// `[alerts]`: where messages are sent, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alerts {
    /// A web server that is sent JSON.
    pub(crate) webhook: Option<Post>,
    /// A topic of ntfy.
    pub(crate) ntfy: Option<Post>,
    /// Mail.
    pub(crate) mail: Option<Mail>,
    /// Which messages, and when.
    pub(crate) settings: Settings,
    /// Hours in which messages wait.
    pub(crate) quiet: Vec<Schedule>,
}

/// A place that is sent messages over HTTP. Its address tells who may write there, and is kept in a file like a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Post {
    /// The file with the address.
    pub(crate) url_file: PathBuf,
    /// The file with a token for it, if it wants one.
    pub(crate) token_file: Option<PathBuf>,
}

/// Who is sent mail, and by way of whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mail {
    /// The server: a name or an address.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// What is said to it.
    pub(crate) security: Security,
    /// A user's name, and the file with the password.
    pub(crate) login: Option<(String, PathBuf)>,
    /// Who it says it is from; `rebootping@` and the gateway's name unless set.
    pub(crate) from: Option<String>,
    /// To whom.
    pub(crate) to: Vec<String>,
}

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Security {
    /// TLS once it has greeted, and nothing without.
    StartTls,
    /// TLS from the first byte on.
    Tls,
    /// In the clear, without a password.
    None,
}

impl Default for Alerts {
    fn default() -> Self {
        let settings = Settings {
            tell: Kind::ALL.into_iter().map(|(_, kind)| kind).collect(),
            after: Duration::from_secs(60),
            repeat: None,
        };
        Self { webhook: None, ntfy: None, mail: None, settings, quiet: Vec::new() }
    }
}

impl Alerts {
    /// Something is sent somewhere.
    pub(crate) fn has_sinks(&self) -> bool {
        self.webhook.is_some() || self.ntfy.is_some() || self.mail.is_some()
    }

    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        let default = Self::default().settings;
        let settings = Settings {
            tell: fields
                .get("tell", list(one_of(&Kind::ALL)))
                .map_or(default.tell, |kinds| kinds.into_iter().collect()),
            after: fields.get("after", duration(Duration::ZERO, LONGEST_AFTER)).unwrap_or(default.after),
            repeat: fields.get("repeat", repeat).flatten(),
        };
        Self {
            webhook: Post::read(&mut fields, "webhook_url_file", "webhook_token_file"),
            ntfy: Post::read(&mut fields, "ntfy_url_file", "ntfy_token_file"),
            mail: Mail::read(&mut fields),
            settings,
            quiet: fields.get("quiet", list(hours)).unwrap_or_default(),
        }
    }
}

impl Post {
    fn read(fields: &mut Fields<'_>, url: &'static str, token: &'static str) -> Option<Self> {
        let (url_file, token_file) = (fields.get(url, path), fields.get(token, path));
        refuse_without(fields, token, url);
        Some(Self { url_file: url_file?, token_file })
    }
}

impl Mail {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        const SECURITY: [(&str, Security); 3] =
            [("starttls", Security::StartTls), ("tls", Security::Tls), ("none", Security::None)];
        let server = fields.get("smtp_server", server);
        let security = fields.get("smtp_security", one_of(&SECURITY)).unwrap_or(Security::StartTls);
        let (user, password) = (fields.get("smtp_user", text), fields.get("smtp_password_file", path));
        let from = fields.get("smtp_from", mailbox);
        let to = fields.get("smtp_to", list(mailbox));
        let to_nobody = to.as_ref().map_or(fields.field("smtp_to").is_none(), Vec::is_empty);
        let to = to.unwrap_or_default();
        for key in ["smtp_security", "smtp_user", "smtp_password_file", "smtp_from", "smtp_to"] {
            refuse_without(fields, key, "smtp_server");
        }
        refuse_without(fields, "smtp_user", "smtp_password_file");
        refuse_without(fields, "smtp_password_file", "smtp_user");
        if let (true, Some(field)) = (to_nobody, fields.field("smtp_server")) {
            let remedy = "add whom to write to, such as smtp_to = [\"admin@example.org\"]";
            fields.wrong(field.problem("is set, but there is nobody in smtp_to", remedy));
        }
        if let (Security::None, Some(field)) = (security, fields.field("smtp_user")) {
            let remedy = "set smtp_security = \"starttls\" or \"tls\", or remove smtp_user and smtp_password_file";
            fields.wrong(
                field.problem("is set, but with smtp_security \"none\" everybody could read the password", remedy),
            );
        }
        let (host, port) = server?;
        let usual = if security == Security::Tls { SUBMISSIONS } else { SUBMISSION };
        Some(Self { host, port: port.unwrap_or(usual), security, login: user.zip(password), from, to })
    }
}

fn refuse_without(fields: &mut Fields<'_>, key: &'static str, needed: &'static str) {
    if let (Some(field), None) = (fields.field(key), fields.field(needed)) {
        fields.wrong(field.problem(format!("is set without {needed}"), format!("add {needed}, or remove {key}")));
    }
}

/// Reads a duration, or "off".
fn repeat(field: &Field<'_>) -> Read<Option<Duration>> {
    if field.as_text() == Some("off") {
        return Ok(None);
    }
    duration(SHORTEST_REPEAT, LONGEST_REPEAT)(field).map(Some)
}

/// Reads hours of the week.
fn hours(field: &Field<'_>) -> Read<Schedule> {
    const HINT: &str = "write hours, such as \"22:00-07:00\" or \"sat-sun 22:00-10:00\"";
    let Some(text) = field.as_text() else { return field.mistyped("hours", HINT) };
    text.parse().or_else(|_| field.refuse(format!("{}, which are no hours", quoted(text)), HINT))
}

/// Reads a server's name or address, and its port if there is one.
fn server(field: &Field<'_>) -> Read<(String, Option<u16>)> {
    const HINT: &str =
        "write a name or an address, and a port if it is another than the usual, such as \"mail.example.org:587\"";
    let text = text(field)?;
    let refused = || field.refuse(format!("{}, which is no server", quoted(&text)), HINT);
    let (host, port) = match (text.strip_prefix('['), text.rsplit_once(':')) {
        (Some(rest), _) => match rest.split_once(']') {
            Some((host, after)) => (host, after.strip_prefix(':').or((!after.is_empty()).then_some(""))),
            None => return refused(),
        },
        (None, Some((host, port))) if !host.contains(':') => (host, Some(port)),
        (None, _) => (text.as_str(), None),
    };
    let is_name = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let is_host = is_name || host.parse::<Ipv6Addr>().is_ok();
    match port.map(str::parse::<u16>) {
        None if is_host => Ok((host.to_owned(), None)),
        Some(Ok(port)) if is_host && port > 0 => Ok((host.to_owned(), Some(port))),
        _ => refused(),
    }
}

/// Reads the address of a mailbox, as it stands between angle brackets (RFC 5321 section 4.1.2).
fn mailbox(field: &Field<'_>) -> Read<String> {
    let text = text(field)?;
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '(' | ')' | ',' | ';' | ':' | '\\');
    match text.split_once('@') {
        Some((user, host))
            if !user.is_empty() && !host.is_empty() && !host.contains('@') && text.chars().all(is_plain) =>
        {
            Ok(text)
        }
        _ => field
            .refuse(format!("{}, which is no mail address", quoted(&text)), "write one such as \"admin@example.org\""),
    }
}

//! The places messages go to, each with its secrets, which are read from files as root and shown to nobody.

use super::super::dial::Dialer;
use super::super::letter::{self, encoded};
use super::super::mail::{self, Submission};
use super::super::post::{self, Answer};
use super::super::secret::secret;
use super::super::url::Url;
use super::desk::timestamp;
use super::words::Words;
use crate::clock;
use crate::config::alerts::{Alerts, Mail, Post};
use rebootping_core::alerts::outbox::{Delivery, Sink};
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// From the first question for a name to the last word of the answer.
const POSTED_WITHIN: Duration = Duration::from_secs(20);
/// Mail servers make those whom they do not know wait before they greet.
const MAILED_WITHIN: Duration = Duration::from_secs(60);

/// Statuses of a server that will never take this message: it is wrong, too long, or of a kind that is not wanted there.
const NEVER: [u16; 4] = [400, 413, 415, 422];

/// A message, ready to be sent.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) words: Words,
    pub(super) at: Time,
    pub(super) number: u64,
}

/// A place.
pub(super) enum Place {
    /// A web server that takes JSON.
    Webhook(Url, Option<String>),
    /// A topic of ntfy.
    Ntfy(Url, Option<String>),
    /// A mail server, with a user's name and password.
    Mail { mail: Box<Mail>, login: Option<(String, String)>, from: String, name: String },
    /// One of whose files could not be read.
    Unknown(String),
}

/// All that are configured, and what the operator should know of their files.
pub(super) fn all(alerts: &Alerts, gateway: &str) -> (BTreeMap<Sink, Place>, Vec<String>) {
    let mut warnings = Vec::new();
    let posts = [(Sink::Webhook, &alerts.webhook), (Sink::Ntfy, &alerts.ntfy)];
    let mut places = BTreeMap::new();
    for (sink, post) in posts {
        let Some(post) = post else { continue };
        let place = read_post(post, &mut warnings).map(|(url, token)| match sink {
            Sink::Ntfy => Place::Ntfy(url, token),
            Sink::Hook | Sink::Mail | Sink::Webhook => Place::Webhook(url, token),
        });
        places.insert(sink, place);
    }
    if let Some(mail) = &alerts.mail {
        places.insert(Sink::Mail, read_mail(mail, gateway, &mut warnings));
    }
    let known = places.into_iter().map(|(sink, place)| {
        let place = place.unwrap_or_else(|why| {
            warnings.push(format!("alerts: nothing can be sent to the {}: {why}", sink.name()));
            Place::Unknown(why)
        });
        (sink, place)
    });
    let known = known.collect();
    (known, warnings)
}

fn read_post(post: &Post, warnings: &mut Vec<String>) -> Result<(Url, Option<String>), String> {
    let url = secret(&post.url_file, warnings)?;
    let hint = "write one line such as https://example.org/path into it";
    let url =
        url.parse().map_err(|_| format!("{} holds no address of a web server; {hint}", post.url_file.display()))?;
    let token = post.token_file.as_deref().map(|path| secret(path, warnings)).transpose()?;
    Ok((url, token))
}

fn read_mail(mail: &Mail, gateway: &str, warnings: &mut Vec<String>) -> Result<Place, String> {
    let login = match &mail.login {
        Some((user, file)) => Some((user.clone(), secret(file, warnings)?)),
        None => None,
    };
    let name: String = gateway.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
    let name = if name.is_empty() { "localhost".to_owned() } else { name };
    let from = mail.from.clone().unwrap_or_else(|| format!("rebootping@{name}"));
    Ok(Place::Mail { mail: Box::new(mail.clone()), login, from, name })
}

impl Place {
    /// The TCP port it is reached at, if it is known.
    pub(super) fn port(&self) -> Option<u16> {
        match self {
            Self::Webhook(url, _) | Self::Ntfy(url, _) => Some(url.port),
            Self::Mail { mail, .. } => Some(mail.port),
            Self::Unknown(_) => None,
        }
    }

    /// Sends a message there, however long that takes within the limits.
    pub(super) fn send(&self, dialer: &Dialer, letter: &Letter) -> Delivery {
        match self {
            Self::Webhook(url, token) => {
                let headers = [("Content-Type", "application/json".to_owned()), ("Idempotency-Key", letter.id())];
                post(dialer, url, token.as_deref(), &headers, letter.words.json.as_bytes())
            }
            Self::Ntfy(url, token) => {
                let priority = if letter.words.is_urgent { "high" } else { "default" };
                // Of several encoded words the first line holds all that fits in a notification.
                let title = encoded(&letter.words.title).replace("\r\n", "");
                let headers = [("Title", title), ("Priority", priority.to_owned())];
                post(dialer, url, token.as_deref(), &headers, letter.words.text.as_bytes())
            }
            Self::Mail { mail, login, from, name } => {
                let text = format!("{}\n\n-- \nrebootping on {name}\n", letter.words.text);
                let subject = format!("[{name}] {}", letter.words.title);
                let date = timestamp(letter.at).to_zoned(clock::zone());
                let id = format!("{}@{name}", letter.id());
                let written =
                    letter::Letter { from, to: &mail.to, subject: &subject, date, id: &id, text: &text }.written();
                let submission = Submission {
                    host: &mail.host,
                    port: mail.port,
                    security: mail.security,
                    login: login.as_ref().map(|(user, password)| (user.as_str(), password.as_str())),
                    name,
                    from,
                    to: &mail.to,
                    letter: &written,
                };
                mail::submit(dialer, &submission, clock::now() + MAILED_WITHIN)
            }
            Self::Unknown(why) => Delivery::Failed(why.clone()),
        }
    }
}

impl Letter {
    /// By which it is known everywhere: the same for each attempt.
    fn id(&self) -> String {
        format!("{}.{}", self.at.as_nanos(), self.number)
    }
}

fn post(dialer: &Dialer, url: &Url, token: Option<&str>, headers: &[(&str, String)], body: &[u8]) -> Delivery {
    let token = token.map(|token| ("Authorization", format!("Bearer {token}")));
    let headers: Vec<(&str, String)> = headers.iter().cloned().chain(token).collect();
    let answer = post::post(dialer, url, &headers, body, clock::now() + POSTED_WITHIN);
    answer.map_or_else(Delivery::Failed, |answer| taken(&url.host, &answer))
}

/// What became of a message that was answered so.
fn taken(host: &str, answer: &Answer) -> Delivery {
    let why = || format!("{host} answers with status {} {}", answer.status, answer.text).trim_end().to_owned();
    match answer.status {
        200..300 => Delivery::Taken,
        status if NEVER.contains(&status) => Delivery::Refused(why()),
        // Whatever else is wrong the operator can mend, and it is sent then.
        _ => Delivery::Failed(why()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_refused_for_good_only_where_it_is_the_message_that_is_wrong() {
        let taken = |status| taken("host", &Answer { status, text: "so".to_owned() });
        assert_eq!(taken(200), Delivery::Taken);
        assert_eq!(taken(204), Delivery::Taken);
        assert_eq!(taken(413), Delivery::Refused("host answers with status 413 so".to_owned()));
        for status in [302, 401, 403, 404, 429, 500, 503] {
            assert_eq!(taken(status), Delivery::Failed(format!("host answers with status {status} so")));
        }
    }
}

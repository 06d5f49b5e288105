//! Who asks, and what that allows: nobody nothing, a program on this very host reading, a login or a token what it was given.
//!
//! *Local* is a connection from loopback, for a loopback host, that no proxy passed on, while no other name is allowed: only
//! then is reading free. Once more is allowed, everything takes a login.

use super::gate::{Peer, is_loopback_name};
use super::password::Stored;
use super::problem::Problem;
use super::site::Site;
use super::tokens;
use crate::clock;
use axum::http::{HeaderMap, StatusCode, header};

/// The cookie of a session.
pub(super) const COOKIE: &str = "rebootping_session";
/// What proxies add to say that they pass something on.
const FORWARDING: [&str; 8] = [
    "forwarded",
    "via",
    "x-forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
];

/// What may be done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Scope {
    /// Look at everything but packets.
    Read,
    /// Change what the page can change, and have packets.
    Control,
}

impl Scope {
    /// Its word in the API and in files.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Control => "control",
        }
    }

    /// The scope of that word.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Read, Self::Control].into_iter().find(|scope| scope.name() == name)
    }
}

/// What a route asks of those who use it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rule {
    /// Nothing: it tells nobody anything, or is the way to log in.
    Open,
    /// To be allowed to read.
    Read,
    /// To be allowed to change things.
    Control,
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Who {
    pub(super) scope: Option<Scope>,
    pub(super) is_local: bool,
    /// The secret of the session, where that is what gives the scope.
    pub(super) session: Option<String>,
}

impl Rule {
    /// Refuses those whom it does not let in.
    pub(super) fn demand(self, who: &Who) -> Result<(), Problem> {
        let (wanted, lacking) = match self {
            Self::Open => return Ok(()),
            Self::Read => (Scope::Read, "log in first, or send a token"),
            Self::Control => (Scope::Control, "this takes a login, or a token made with --scope control"),
        };
        match who.scope {
            Some(scope) if scope >= wanted => Ok(()),
            // A token that may read does not gain by logging in; who is local does.
            Some(_) if !who.is_local => Err(Problem::new(StatusCode::FORBIDDEN, lacking)),
            Some(_) | None => Err(Problem::new(StatusCode::UNAUTHORIZED, lacking)),
        }
    }

    /// Its word in the API's description.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Control => "control",
        }
    }
}

/// Finds out who asks. A token that is not valid is refused even where less would do: whoever sends one believes it is.
pub(super) fn who(site: &Site, peer: &Peer, headers: &HeaderMap) -> Result<Who, Problem> {
    let is_local = is_local(site, peer, headers);
    let folder = &site.settings.access;
    if let Some(secret) = bearer(headers)? {
        let tokens = tokens::all(folder).map_err(|error| unreadable(&error))?;
        let token = tokens::find(tokens, secret)
            .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "this token is not valid, or was revoked"))?;
        return Ok(Who { scope: Some(token.scope), is_local: false, session: None });
    }
    let session = cookie(headers).filter(|secret| {
        let password = Stored::read(folder).ok().flatten();
        password.is_some_and(|password| site.sessions.is_valid(secret, password.mark, clock::now()))
    });
    let scope = match &session {
        Some(_) => Some(Scope::Control),
        None => is_local.then_some(Scope::Read),
    };
    Ok(Who { scope, is_local, session: session.map(str::to_owned) })
}

/// Why secrets could not be looked at.
pub(super) fn unreadable(error: &std::io::Error) -> Problem {
    let text = format!("password and tokens cannot be read ({error}); `rebootping passwd` sets the password anew");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, text)
}

/// Whether a request carries a token, which no browser sends by itself.
pub(super) fn has_token(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

fn is_local(site: &Site, peer: &Peer, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    peer.remote.ip().to_canonical().is_loopback()
        && site.settings.web.allowed_hosts.is_empty()
        && is_loopback_name(host)
        && !FORWARDING.iter().any(|name| headers.contains_key(*name))
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = all.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    match (token, all.next()) {
        (Some((kind, secret)), None) if kind.eq_ignore_ascii_case("bearer") => Ok(Some(secret.trim())),
        _ => Err(Problem::wrong("write one Authorization: Bearer TOKEN")),
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = all.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: Rule, scope: Option<Scope>, is_local: bool, status: u16) {
        let who = Who { scope, is_local, session: None };
        let told = rule.demand(&who).map_or_else(|problem| problem.response().status().as_u16(), |()| 200);
        assert_eq!(told, status, "{rule:?} {who:?}");
    }

    #[test]
    fn each_rule_lets_in_whom_it_says() {
        for (scope, is_local, open, read, control) in [
            (None, false, 200, 401, 401),
            (Some(Scope::Read), true, 200, 200, 401),
            (Some(Scope::Read), false, 200, 200, 403),
            (Some(Scope::Control), false, 200, 200, 200),
            (Some(Scope::Control), true, 200, 200, 200),
        ] {
            check(Rule::Open, scope, is_local, open);
            check(Rule::Read, scope, is_local, read);
            check(Rule::Control, scope, is_local, control);
        }
    }
}

//! Logging in and out, and who one is.

use super::access::{COOKIE, Scope, unreadable};
use super::asked::{Asked, json};
use super::password::{LONGEST, Stored};
use super::problem::Problem;
use super::sessions;
use crate::clock;
use crate::log;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

#[derive(Serialize)]
struct Session<'a> {
    schema: u8,
    gateway: &'a str,
    /// Nothing is told without a login.
    login: bool,
    scope: Option<&'static str>,
    local: bool,
    /// Whoever is between the browser and here can read the password.
    plain_http: bool,
}

/// Who asks.
pub(super) fn tell(asked: &Asked) -> Result<Response<Body>, Problem> {
    json(&Session {
        schema: 1,
        gateway: &asked.site.gateway,
        login: !asked.who.is_local,
        scope: asked.who.scope.map(Scope::name),
        local: asked.who.is_local,
        plain_http: asked.peer.is_plain(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    password: String,
}

/// Begins a session for whoever knows the password.
pub(super) async fn begin(asked: Asked) -> Result<Response<Body>, Problem> {
    let Login { password } = asked.body()?;
    let (site, from) = (&asked.site, asked.peer.remote.ip());
    let stored = Stored::read(&site.settings.access).map_err(|error| unreadable(&error))?;
    let stored = stored.ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "no password is set yet; type `rebootping passwd` on the gateway")
    })?;
    site.attempts.begin(from, clock::now()).map_err(|wait| {
        Problem::too_many("too many logins failed; wait a quarter of an hour, and look at who tried", wait)
    })?;
    let mark = stored.mark;
    let is_right = password.len() <= LONGEST && {
        let stopped = || Problem::busy("no login is possible now; try again");
        let _permit = site.logins.acquire().await.map_err(|_| stopped())?;
        spawn_blocking(move || stored.is(&password)).await.map_err(|_| stopped())?
    };
    if !is_right {
        log::warn(&format!("web: a login from {from} failed"));
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "this is not the password"));
    }
    site.attempts.succeeded(from);
    log::info(&format!("web: a login from {from} succeeded"));
    let random = site.random.draw().map_err(|_| Problem::busy("no session could be begun; try again"))?;
    let secret = site.sessions.begin(random, mark, clock::now());
    set_cookie(&asked, &secret, sessions::LONGEST.as_secs())
}

/// Ends the session of whoever asks.
pub(super) fn end(asked: &Asked) -> Result<Response<Body>, Problem> {
    if let Some(secret) = &asked.who.session {
        asked.site.sessions.end(secret, clock::now());
    }
    set_cookie(asked, "", 0)
}

/// Sets the cookie, which no script can read and no other site's page brings along.
fn set_cookie(asked: &Asked, secret: &str, seconds: u64) -> Result<Response<Body>, Problem> {
    let secure = if asked.peer.is_tls { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    let text = if seconds > 0 { "you are logged in" } else { "you are logged out" };
    let mut response = json(&serde_json::json!({"schema": 1, "text": text}))?;
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Problem::busy("no session could be begun; try again"))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

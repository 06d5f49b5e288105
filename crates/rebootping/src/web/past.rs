//! What was: graphs of links, explanations of a moment, the log. The observer reads its history; we ask it, few questions at once.

use super::actions::interface;
use super::asked::{Asked, json_text};
use super::devices::parse;
use super::problem::Problem;
use super::site::Site;
use super::tail::{self, Entry};
use crate::clock;
use crate::duration::When;
use crate::ipc::past::{Graph, Log, Past, Stretch, What};
use crate::store::read::Place;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use jiff::Timestamp;
use rebootping_core::link::Family;
use rebootping_core::time::Time;

/// Unless something else is asked for: a day, in as many columns as a window has pixels, and a page of the log.
const A_DAY: i64 = 24 * 3600;
const A_MONTH: i64 = 30 * A_DAY;
const POINTS: u16 = 800;
const ENTRIES: u16 = 100;
/// So many entries may come into the log in a second, and those who listen hear of each.
const NEWEST: u16 = 100;

/// What a browser may do with the sheet.
const SHEET: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; sandbox allow-modals";

/// How a link did.
pub(super) async fn history(asked: Asked) -> Result<Response<Body>, Problem> {
    let family = family(&asked)?;
    let target = asked.query("target").map(str::parse).transpose();
    let target = target.map_err(|_| Problem::wrong("the target is an IP address"))?;
    let (stretch, link) = (stretch(&asked)?, interface(&asked).await?);
    answer(&asked, What::Graph(Graph { link, family, target, stretch })).await
}

/// Why a link was where it was.
pub(super) async fn why(asked: Asked) -> Result<Response<Body>, Problem> {
    let at = moment(&asked, "at")?.unwrap_or_else(clock::wall);
    let nanos = u64::try_from(at.as_nanosecond()).map_err(|_| Problem::wrong("at is before 1970"))?;
    let (family, link) = (family(&asked)?, interface(&asked).await?);
    answer(&asked, What::Why { link, family, at: Time::from_nanos(nanos) }).await
}

/// What happened, the newest first.
pub(super) async fn log(asked: Asked) -> Result<Response<Body>, Problem> {
    let before = asked.query("before").map(str::to_owned);
    if let Some(Err(why)) = before.as_deref().map(str::parse::<Place>) {
        return Err(Problem::wrong(why));
    }
    let most = number(&asked, "limit")?.unwrap_or(ENTRIES);
    let macs = match asked.query("mac") {
        Some(mac) => asked.site.source.macs(parse(mac)?).await,
        None => Vec::new(),
    };
    answer(&asked, What::Log(Log { before, macs, most })).await
}

/// What a device moved, and when it was there.
pub(super) async fn traffic(asked: Asked) -> Result<Response<Body>, Problem> {
    let macs = asked.site.source.macs(parse(asked.part("mac"))?).await;
    let stretch = stretch(&asked)?;
    answer(&asked, What::Traffic { macs, stretch }).await
}

/// What went wrong.
pub(super) async fn outages(asked: Asked) -> Result<Response<Body>, Problem> {
    let since = since(&asked)?;
    answer(&asked, What::Outages(since)).await
}

/// The same as a sheet to print, which runs nothing and has its style with it.
pub(super) async fn sheet(asked: Asked) -> Result<Response<Body>, Problem> {
    let sheet = What::Sheet { since: since(&asked)?, gateway: asked.site.gateway.clone() };
    let mut response = Response::new(Body::from(ask(&asked.site, sheet).await?));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SHEET));
    Ok(response)
}

/// The newest entries of the log.
pub(super) async fn newest(site: &Site) -> Result<Vec<Entry>, Problem> {
    let log = Log { before: None, macs: Vec::new(), most: NEWEST };
    Ok(tail::entries(&ask(site, What::Log(log)).await?))
}

async fn answer(asked: &Asked, what: What) -> Result<Response<Body>, Problem> {
    ask(&asked.site, what).await.map(json_text)
}

async fn ask(site: &Site, what: What) -> Result<String, Problem> {
    // What links are called is known where the committer answers; without it they have their interfaces' names.
    let status = site.source.status().await.ok();
    let links = status.iter().flat_map(|status| &status.links);
    let labels = links.filter_map(|link| Some((link.name.clone(), link.label.clone()?))).collect();
    site.source.past(Past { what, labels }).await
}

fn family(asked: &Asked) -> Result<Option<Family>, Problem> {
    let Some(name) = asked.query("family") else { return Ok(None) };
    let known = Family::ALL.into_iter().find(|family| family.name() == name);
    known.map(Some).ok_or_else(|| Problem::wrong("the family is ipv4 or ipv6"))
}

/// In unix seconds.
fn since(asked: &Asked) -> Result<i64, Problem> {
    let month_ago = || clock::wall().as_second().saturating_sub(A_MONTH);
    Ok(moment(asked, "since")?.map_or_else(month_ago, Timestamp::as_second))
}

fn stretch(asked: &Asked) -> Result<Stretch, Problem> {
    let second = |name| Ok::<_, Problem>(moment(asked, name)?.map(Timestamp::as_second));
    let to = second("to")?.unwrap_or_else(|| clock::wall().as_second());
    let from = second("from")?.unwrap_or(to.saturating_sub(A_DAY));
    if from >= to {
        return Err(Problem::wrong("from is before to"));
    }
    Ok(Stretch { from, to, points: number(asked, "points")?.unwrap_or(POINTS) })
}

/// A time of the query: unix seconds, RFC 3339, or an age.
fn moment(asked: &Asked, name: &str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = asked.query(name) else { return Ok(None) };
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite());
    let unix = seconds.and_then(|seconds| Timestamp::from_microsecond((seconds * 1e6) as i64).ok());
    let when = || text.parse::<When>().map(|when| when.resolve(clock::wall()));
    unix.map_or_else(when, Ok).map(Some).map_err(|why| Problem::wrong(format!("{name}: {why}")))
}

fn number(asked: &Asked, name: &str) -> Result<Option<u16>, Problem> {
    let wrong = |_| Problem::wrong(format!("{name} is a number up to 65535"));
    asked.query(name).map(str::parse).transpose().map_err(wrong)
}

//! A request on its way to its route: its rule is applied, its body read within bounds, and what it says is at hand.

use super::access::{self, Who};
use super::gate::Peer;
use super::live::Live;
use super::problem::Problem;
use super::routes::{ROUTES, Route, Verb};
use super::site::Site;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::routing::{MethodFilter, on};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A note of a device is 4 KB at most, and JSON may write six bytes for one.
const LONGEST_BODY: usize = 32 * 1024;
/// A body that comes slower is not waited for.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// An answer that is being made.
pub(super) type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Problem>> + Send>>;

/// A request that its route lets in.
pub(super) struct Asked {
    pub(super) site: Arc<Site>,
    pub(super) peer: Peer,
    pub(super) who: Who,
    pub(super) headers: HeaderMap,
    path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    body: Bytes,
}

/// The router of all routes.
pub(super) fn router(site: &Arc<Site>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let site = Arc::clone(site);
        let handle = move |path: RawPathParams, request: Request| {
            let site = Arc::clone(&site);
            async move { answer(route, site, &path, request).await.unwrap_or_else(|problem| problem.response()) }
        };
        router = router.route(route.path, on(filter(route.verb), handle));
    }
    let missing = || async { Problem::new(StatusCode::NOT_FOUND, "there is no such page").response() };
    let other_method = || async {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this is not done that way; Allow names the methods").response()
    };
    router.method_not_allowed_fallback(other_method).fallback(missing)
}

fn filter(verb: Verb) -> MethodFilter {
    match verb {
        Verb::Get => MethodFilter::GET,
        Verb::Post => MethodFilter::POST,
        Verb::Delete => MethodFilter::DELETE,
    }
}

async fn answer(
    route: &'static Route,
    site: Arc<Site>,
    path: &RawPathParams,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (parts, body) = request.into_parts();
    let peer = *parts.extensions.get::<Peer>().ok_or_else(|| Problem::wrong("nobody knows where this came from"))?;
    let who = access::who(&site, &peer, &parts.headers)?;
    route.rule.demand(&who)?;
    let body = if route.verb == Verb::Post { read(&parts, body).await? } else { Bytes::new() };
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = parse_query(parts.uri.query().unwrap_or_default())?;
    (route.answer)(Asked { site, peer, who, headers: parts.headers, path, query, body }).await
}

/// Reads a body of JSON, which no form of another site can send.
async fn read(parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON, as Content-Type: application/json"));
    }
    let too_long = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "this is longer than anything to be said here");
    match timeout(BODY_WITHIN, to_bytes(body, LONGEST_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(too_long()),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the rest of this did not come in time")),
    }
}

impl Asked {
    /// A part of the path.
    pub(super) fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A field of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The body's fields.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Problem::wrong(format!("the body is not understood: {error}")))
    }

    /// The stream of what happens.
    pub(super) async fn listen(self) -> Result<Response<Body>, Problem> {
        Live::prepare(&self.site).await;
        let after = self.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        self.site.live.listen(after.and_then(|id| id.parse().ok()))
    }
}

/// An answer in JSON.
pub(super) fn json(value: &impl Serialize) -> Result<Response<Body>, Problem> {
    let wrong = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written");
    Ok(json_text(serde_json::to_string(value).map_err(wrong)?))
}

/// An answer that is JSON already.
pub(super) fn json_text(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The fields of a query, as forms and scripts write them.
fn parse_query(query: &str) -> Result<BTreeMap<String, String>, Problem> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| Problem::wrong("the query is not percent-encoded UTF-8"))
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits =
                    std::str::from_utf8(&digits).ok().filter(|it| it.bytes().all(|b| b.is_ascii_hexdigit()))?;
                u8::from_str_radix(digits, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_it_was_meant() {
        let read = |query| parse_query(query).ok().map(|fields| fields.into_iter().collect::<Vec<_>>());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(read(""), Some(vec![]));
        assert_eq!(read("a=1&b=%20x+y&c"), Some(vec![pair("a", "1"), pair("b", " x y"), pair("c", "")]));
        for wrong in ["a=%", "a=%2", "a=%zz", "a=%+1", "a=%ff"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

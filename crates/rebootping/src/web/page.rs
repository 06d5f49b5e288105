//! The files of the page, which are part of the program: nothing is read from the disk, so no path leads out of them.

use super::asked::Asked;
use super::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use flate2::read::GzDecoder;
use std::io::Read;

/// The file that `/` is.
pub(super) const INDEX: &str = "index.html";
/// A file whose name changes with its content may be kept for a year.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Others are asked for each time, and sent again only when they changed.
const ASK: &str = "no-cache";

/// A file, packed by gzip when the program was built.
#[derive(Debug)]
struct File {
    name: &'static str,
    kind: &'static str,
    /// Its name holds a digest of its content.
    is_hashed: bool,
    /// A digest of its content, in quotes.
    tag: &'static str,
    packed: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// A file of the page.
pub(super) fn answer(asked: &Asked, name: &str) -> Result<Response<Body>, Problem> {
    let missing = || {
        let is_absent = FILES.is_empty();
        if is_absent {
            "this program was built without its page; the API is below api/v1/"
        } else {
            "there is no such page"
        }
    };
    let file = FILES.iter().find(|file| file.name == name);
    let file = file.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, missing()))?;
    let says = |name: header::HeaderName, what: &str| {
        let mut values = asked.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.any(|value| value.split(',').any(|part| part.split(';').next().is_some_and(|part| part.trim() == what)))
    };
    let mut response = if says(header::IF_NONE_MATCH, file.tag) {
        let mut unchanged = Response::new(Body::empty());
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
    } else if says(header::ACCEPT_ENCODING, "gzip") {
        let mut packed = Response::new(Body::from(file.packed));
        packed.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        packed
    } else {
        Response::new(Body::from(unpacked(file)?))
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(header::ETAG, HeaderValue::from_static(file.tag));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(if file.is_hashed { FOR_EVER } else { ASK }));
    Ok(response)
}

fn unpacked(file: &File) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let damaged = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "a file of the page is damaged");
    GzDecoder::new(file.packed).read_to_end(&mut bytes).map_err(damaged)?;
    Ok(bytes)
}

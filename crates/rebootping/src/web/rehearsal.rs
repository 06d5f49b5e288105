//! The page without a network and without anybody behind it: what it answers to a request of any bytes, for those who throw bytes at it.

use super::asked;
use super::connections::{self, House};
use super::doors::Doors;
use super::gate::Peer;
use super::random::Random;
use super::site::Site;
use crate::ipc::web::WebSettings;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// As a browser on this host reaches it.
const OURS: ([u8; 4], u16) = ([127, 0, 0, 1], 8067);
const THEIRS: ([u8; 4], u16) = ([127, 0, 0, 1], 50_000);

/// A page nobody can reach.
pub(crate) struct Rehearsal {
    runtime: Runtime,
    house: House,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    /// What the request was to do.
    pub(crate) method: Method,
    /// What became of it.
    pub(crate) status: StatusCode,
    /// It says what a browser may do with it.
    pub(crate) has_policy: bool,
}

impl Rehearsal {
    /// A page without secrets: nobody can log in.
    pub(crate) fn new() -> io::Result<Self> {
        let nowhere = PathBuf::from("/nonexistent");
        let settings = WebSettings {
            user: String::new(),
            run: nowhere.clone(),
            access: nowhere,
            interval: Duration::from_secs(1),
            web: crate::config::serving::Web::default(),
            links: None,
        };
        let site = Arc::new(Site::new(settings, "gateway".into(), Random::open()?, None));
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            runtime,
            house: House { router: asked::router(&site), doors: Arc::new(Doors::default()), tls: None, site },
        })
    }

    /// The answer; none to what is no request at all.
    pub(crate) fn ask(&self, bytes: &[u8]) -> Option<Answered> {
        let request = read(bytes)?;
        let method = request.method().clone();
        let peer = Peer { remote: SocketAddr::from(THEIRS), local: SocketAddr::from(OURS), is_tls: false };
        let answer = self.runtime.block_on(connections::answer(self.house.clone(), peer, request));
        let has_policy = answer.headers().contains_key("content-security-policy");
        Some(Answered { method, status: answer.status(), has_policy })
    }
}

/// A request as it stands on a connection; what is no header is left out.
fn read(bytes: &[u8]) -> Option<Request<Body>> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = end.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 4..]));
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let target = Uri::try_from(words.next()?).ok()?;
    let mut request = Request::new(Body::from(body.to_vec()));
    (*request.method_mut(), *request.uri_mut()) = (method, target);
    for line in lines {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
        let value = HeaderValue::from_bytes(value.trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), value) {
            request.headers_mut().append(name, value);
        }
    }
    Some(request)
}

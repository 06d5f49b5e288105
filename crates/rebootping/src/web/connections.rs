//! Connections: taken, limited in time and size, and handed to the gate, request by request.

use super::body::hold;
use super::doors::{Doors, Pass};
use super::gate::{self, Peer};
use super::site::Site;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::sys::socket::{setsockopt, sockopt::TcpUserTimeout};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

/// A request's head comes within this, from the moment the last answer was given.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// A head has at most so many bytes and lines.
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
/// Who takes nothing for so long is gone, in milliseconds.
const TAKES_NOTHING: u32 = 60_000;
/// Where no connection can be taken, for want of descriptors as a rule, the next try comes after this.
const PAUSE: Duration = Duration::from_millis(100);

/// What every connection needs.
#[derive(Clone)]
pub(super) struct House {
    pub(super) site: Arc<Site>,
    pub(super) router: Router,
    pub(super) doors: Arc<Doors>,
    pub(super) tls: Option<TlsAcceptor>,
}

/// Serves a socket for as long as the process lives.
pub(super) async fn serve(house: House, listener: TcpListener) {
    loop {
        let Ok((stream, remote)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let (Some(pass), Ok(local)) = (house.doors.enter(remote.ip()), stream.local_addr()) else { continue };
        let house = house.clone();
        tokio::spawn(async move {
            let pass = Arc::new(pass);
            tokio::select! {
                () = pass.dismissed() => {}
                _ = converse(&house, stream, remote, local, &pass) => {}
            }
        });
    }
}

async fn converse(
    house: &House,
    stream: TcpStream,
    remote: SocketAddr,
    local: SocketAddr,
    pass: &Arc<Pass>,
) -> io::Result<()> {
    if is_of_a_link(&house.site, local).await {
        return Ok(());
    }
    setsockopt(&stream, TcpUserTimeout, &TAKES_NOTHING)?;
    stream.set_nodelay(true)?;
    let peer = |is_tls| Peer { remote, local, is_tls };
    match &house.tls {
        Some(tls) => {
            let stream = timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await??;
            answer_all(house, stream, peer(true), pass).await
        }
        None => answer_all(house, stream, peer(false), pass).await,
    }
}

/// An address that became a link's since it was opened is not served either.
async fn is_of_a_link(site: &Site, local: SocketAddr) -> bool {
    if site.settings.web.allow_links || local.ip().is_loopback() {
        return false;
    }
    let Ok(status) = site.source.status().await else { return false };
    let mut states = status.links.iter().flat_map(|link| link.families.values());
    states.any(|state| state.source == Some(local.ip().to_canonical()))
}

async fn answer_all<S>(house: &House, stream: S, peer: Peer, pass: &Arc<Pass>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request: Request<Incoming>| {
        let (house, answering) = (house.clone(), pass.answering());
        async move { Ok::<_, Infallible>(hold(answer(house, peer, request.map(Body::new)).await, answering)) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(io::Error::other)
}

/// Answers a request that came on a connection between these two.
pub(super) async fn answer(mut house: House, peer: Peer, mut request: Request<Body>) -> Response<Body> {
    let answer = match gate::enter(&house.site, &peer, &request) {
        Ok(()) => {
            request.extensions_mut().insert(peer);
            let Ok(answer) = house.router.call(request).await;
            answer
        }
        Err(problem) => problem.response(),
    };
    gate::dress(answer, &peer)
}

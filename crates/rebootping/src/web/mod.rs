//! The web process: serves the page and its API, and can do nothing else.
//!
//! It opens its sockets and reads its certificate as root, gives up every power, and from then on can read two files of
//! secrets and talk to committer and observer. Nothing waits for it; one that hangs or dies is started anew, alone.
//!
//! ```text
//! browser ─► connections (limits) ─► gate (host, origin) ─► asked (who, rule) ─► a route ─► source ─► committer, observer
//! browser ◄─ live (once a second, and when a link changes, to all who listen) ◄───────────────┘
//! ```

mod access;
mod actions;
mod asked;
mod attempts;
mod beside;
mod body;
mod connections;
mod devices;
mod digest;
mod doors;
mod gate;
mod ledger;
mod listen;
mod live;
mod metrics;
mod openapi;
pub(crate) mod orders;
mod overview;
mod packets;
mod page;
mod password;
mod past;
mod problem;
mod prompt;
mod random;
mod rates;
pub(crate) mod rehearsal;
mod routes;
mod session;
mod sessions;
mod site;
mod source;
mod tail;
mod tls;
mod tokens;
mod undo;
mod wireshark;

use crate::daemon::folders::web_run;
use crate::ipc::web::{FromWeb, ToWeb, WebSettings};
use crate::ipc::{self, Peer};
use crate::sandbox::users::Identity;
use crate::sandbox::{self, Role, Sandbox};
use crate::sys::heap;
use connections::House;
use doors::Doors;
use ledger::Ledger;
use live::Live;
use random::Random;
use site::Site;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::runtime::Builder;
use tokio::time::interval;
use tokio_rustls::TlsAcceptor;

/// The kernel should end this process before all others of ours (proc(5)).
const OOM_SCORE: &str = "700";
/// The committer is told that we go on.
const ALIVE_EVERY: Duration = Duration::from_secs(1);
/// Threads for what blocks: questions to our own processes, and passwords.
const THREADS: usize = 16;
/// One that has had nothing to do for so long ends.
const THREADS_STAY: Duration = Duration::from_secs(10);

/// `rebootping web`: talks to the daemon that started it over standard input, or to the one it joins.
pub(crate) fn main(join: Option<&Path>) -> ExitCode {
    ipc::serve("web", join, run)
}

/// Serves until the committer closes its end of the connection, or wants other settings.
fn run(committer: UnixStream) -> io::Result<()> {
    let mut peer = Peer::new(committer)?;
    let settings = peer.first(|message| {
        let ToWeb::Configure(settings) = message else { return None };
        Some(*settings)
    })?;
    // A kernel that does not let us say so ends us like any other process.
    drop(fs::write("/proc/self/oom_score_adj", OOM_SCORE));
    let random = Random::open()?;
    let gateway = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let (listeners, tls, mut said) = prepare(&settings);
    // Who cannot be written down has to log in again after a restart.
    let ledger = Ledger::open(&web_run(&settings.run));
    said.extend(ledger.as_ref().err().map(|error| FromWeb::Warning(format!("web: sessions end with it: {error}"))));
    let confinement = sandbox::enter(&Sandbox {
        role: Role::Web,
        identity: Identity::find(&settings.user, Role::Web)?,
        read: vec![settings.access.clone()],
        write: Vec::new(),
        sockets: vec![settings.run.clone()],
        ports: Vec::new(),
        dies_with: None,
    })?;
    said.extend(confinement.warning().map(|warning| FromWeb::Warning(format!("web: {warning}"))));
    for message in said {
        peer.send(&message)?;
    }
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(THREADS).thread_keep_alive(THREADS_STAY).build()?;
    let site = Arc::new(Site::new(settings, gateway, random, ledger.ok()));
    let ended = runtime.block_on(serve(site, listeners, tls, peer));
    // Who is being answered is not waited for.
    runtime.shutdown_background();
    ended
}

/// What only root can do, and what is to be said of it. Where the certificate cannot be used nothing is served: whoever wants
/// TLS does not want the page without it.
fn prepare(settings: &WebSettings) -> (Vec<TcpListener>, Option<TlsAcceptor>, Vec<FromWeb>) {
    let tls = settings.web.tls.as_ref().map(|(certificate, key)| tls::load(certificate, key)).transpose();
    let tls = match tls {
        Ok(tls) => tls,
        Err(error) => {
            let text = format!("the page is not served: {error}; mend [web] tls_cert and tls_key, then reload");
            return (Vec::new(), None, vec![FromWeb::Warning(text)]);
        }
    };
    let opened = listen::open(settings);
    let mut said: Vec<FromWeb> = opened.troubles.into_iter().map(FromWeb::Warning).collect();
    for address in opened.listeners.iter().filter_map(|listener| listener.local_addr().ok()) {
        said.push(match (tls.is_some(), address.ip().is_loopback()) {
            (true, _) => FromWeb::Notice(format!("the page is at https://{address}/")),
            (false, true) => FromWeb::Notice(format!("the page is at http://{address}/")),
            (false, false) => FromWeb::Notice(format!("the page is at http://{address}/; {PLAIN}")),
        });
    }
    (opened.listeners, tls, said)
}

/// What serving a network without TLS means.
const PLAIN: &str = "without TLS everybody in that network can read the password and all that is shown";

async fn serve(site: Arc<Site>, listeners: Vec<TcpListener>, tls: Option<TlsAcceptor>, peer: Peer) -> io::Result<()> {
    let house = House { router: asked::router(&site), doors: Arc::new(Doors::default()), tls, site: Arc::clone(&site) };
    for listener in listeners {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(connections::serve(house.clone(), listener));
    }
    tokio::spawn(Live::tell(Arc::clone(&site)));
    tokio::spawn(Live::watch(Arc::clone(&site)));
    tokio::spawn(Live::follow(Arc::clone(&site)));
    obey(peer, &site).await
}

/// Tells the committer that we go on, until it closes its end or sends other settings: another process begins with those.
async fn obey(mut peer: Peer, site: &Site) -> io::Result<()> {
    let committer = tokio::net::UnixStream::from_std(peer.as_fd().try_clone_to_owned()?.into())?;
    let mut alive = interval(ALIVE_EVERY);
    loop {
        tokio::select! {
            ready = committer.readable() => {
                ready?;
                let told = committer.try_io(Interest::READABLE, || match peer.receive::<ToWeb>()? {
                    none if none.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
                    told => Ok(told),
                });
                match told {
                    Ok(told) if told.iter().all(|message| *message == ToWeb::Look) => site.live.look(),
                    Ok(_) => return peer.send(&FromWeb::Anew).map(drop),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
            // A committer that is too busy to listen hears the next one.
            _ = alive.tick() => drop(peer.send(&FromWeb::Alive(heap::handed_out()))?),
        }
    }
}

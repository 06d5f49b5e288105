//! The courier: the one process that connects to others on the Internet. It sends what is to be sent, and can do nothing else.
//!
//! As root it reads secrets and the list of trusted authorities; then it gives up every power, and from then on may read where
//! names are looked up, keep files in a folder of its own, and connect to the few ports that its errands name. Each errand has a
//! thread and a queue of its own: one that hangs delays neither another nor anybody who told it something.
//!
//! ```text
//! committer ─► what happened, how things are ─► alerts ─► a thread for each sink ─► names ─► wire ─► the Internet
//! committer ◄─ kept, hooks to run, how it goes ◄──┘
//! ```

mod alerts;
mod dial;
mod errand;
mod letter;
pub(crate) mod mail;
pub(crate) mod names;
pub(crate) mod post;
mod remote_write;
mod secret;
mod url;
mod wire;

use crate::clock;
use crate::ipc::courier::{CourierSettings, FromCourier, ToCourier};
use crate::ipc::{self, Peer};
use crate::sandbox::users::Identity;
use crate::sandbox::{self, Role, Sandbox};
use crate::sys::heap;
use dial::Dialer;
use errand::{Errand, Outlet};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rebootping_core::time::Time;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The kernel should end this process before those that judge and commit (proc(5)).
const OOM_SCORE: &str = "600";
/// The committer is told that we go on, in milliseconds.
const ALIVE_EVERY: u16 = 1000;
/// Whether what is on its way has arrived is looked at so often, in milliseconds, before another process begins.
const LOOK_EVERY: u16 = 20;
/// One that hangs is waited for no longer.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// `rebootping courier`: talks to the daemon that started it over standard input, or to the one it joins.
pub(crate) fn main(join: Option<&Path>) -> ExitCode {
    ipc::serve("courier", join, run)
}

/// Sends until the committer closes its end of the connection, or wants other settings.
fn run(committer: UnixStream) -> io::Result<()> {
    let outlet = Outlet::new(committer.try_clone()?)?;
    let mut peer = Peer::new(committer)?;
    let settings = peer.first(|message| {
        let ToCourier::Configure(settings) = message else { return None };
        Some(*settings)
    })?;
    // A kernel that does not let us say so ends us like any other process.
    drop(fs::write("/proc/self/oom_score_adj", OOM_SCORE));
    clock::settle_zone();
    let dialer = Arc::new(Dialer::prepare());
    let (alerts, tasks) = errands(&settings, &dialer, &outlet);
    let mut ports: Vec<u16> = tasks.iter().flat_map(|errand| &errand.ports).copied().collect();
    ports.sort_unstable();
    ports.dedup();
    let confinement = sandbox::enter(&Sandbox {
        role: Role::Courier,
        identity: Identity::find(&settings.user, Role::Courier)?,
        read: names::files(),
        write: vec![settings.state.clone()],
        // Minutes for an engine are the observer's to tell.
        sockets: settings.remote_write.iter().map(|_| settings.run.clone()).collect(),
        ports,
        dies_with: None,
    })?;
    if let Some(warning) = confinement.warning() {
        outlet.say(&FromCourier::Warning(format!("courier: {warning}")));
    }
    for errand in tasks {
        errand.start()?;
    }
    obey(&mut peer, &outlet, &dialer, alerts.as_ref())
}

/// All there is to send; and the way to those who decide of what people are told.
fn errands(settings: &CourierSettings, dialer: &Arc<Dialer>, outlet: &Outlet) -> (Option<alerts::Desk>, Vec<Errand>) {
    let (alerts, tasks) = settings.alerts.as_ref().map(|it| alerts::prepare(it, settings, dialer, outlet)).unzip();
    let minutes = settings.remote_write.as_ref().map(|it| remote_write::prepare(it, settings, dialer, outlet));
    (alerts, tasks.into_iter().flatten().chain(minutes).collect())
}

/// Hands on what the committer says, until it closes its end or sends other settings: another process begins with those.
fn obey(peer: &mut Peer, outlet: &Outlet, dialer: &Dialer, alerts: Option<&alerts::Desk>) -> io::Result<()> {
    let mut ends: Option<Time> = None;
    loop {
        outlet.say(&FromCourier::Alive(heap::handed_out()));
        if ends.is_some_and(|until| alerts.is_none_or(alerts::Desk::has_ended) || clock::now() >= until) {
            outlet.say(&FromCourier::Anew);
            return Ok(());
        }
        if dialer.names_moved() {
            // The file that says who knows names was replaced, and this process may read only the one that was there.
            outlet.say(&FromCourier::Anew);
            return Ok(());
        }
        wait(peer, if ends.is_some() { LOOK_EVERY } else { ALIVE_EVERY }.into())?;
        for message in peer.receive()? {
            match (message, alerts) {
                (ToCourier::Configure(_), alerts) => {
                    // What is on its way would be sent again if nobody knew what became of it.
                    ends.get_or_insert(clock::now() + ENDS_WITHIN);
                    alerts.map_or(Ok(()), alerts::Desk::end)?;
                }
                (ToCourier::Happened { number, at, news }, Some(alerts)) => alerts.happened(number, at, *news)?,
                (ToCourier::Stands(at, standing), Some(alerts)) => alerts.stands(at, *standing)?,
                (ToCourier::Ran(result), Some(alerts)) => alerts.ran(result)?,
                // Nobody is to be told anything.
                (ToCourier::Happened { .. } | ToCourier::Stands(..) | ToCourier::Ran(_), None) => {}
            }
        }
    }
}

/// Sleeps until the committer has said something, or the time is over.
fn wait(peer: &Peer, limit: PollTimeout) -> io::Result<()> {
    match poll(&mut [PollFd::new(peer.as_fd(), PollFlags::POLLIN)], limit) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

//! Tells the DHCP server what the operator calls devices: what it should know is compared with what it does, and the difference told.
//!
//! A thread of its own, for a server may be slow to answer or not run at all. What fails is said, and tried again; the name is
//! ours all the while.

pub(crate) mod dnsmasq;
mod kea;
mod leases;
pub(crate) mod reading;

use super::restrict::Reply;
use crate::config::serving::{Dhcp, DhcpServer};
use dnsmasq::Dnsmasq;
use kea::Kea;
use rebootping_core::control::lease::Leases;
use rebootping_core::control::names::Names;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Changes that may wait.
const WISHES: usize = 64;
/// After this a server that failed is tried again.
const RETRY: Duration = Duration::from_secs(10);
/// Even if nothing failed it is looked whether the server knows all: it may have been replaced.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// What the server should know from now on.
pub(super) struct Wish {
    pub(super) settings: Dhcp,
    pub(super) names: Names,
    /// Who waits for it, and what was done so far.
    pub(super) waiting: Option<(String, Reply)>,
}

/// The thread that tells the server.
pub(super) struct Teller {
    wishes: SyncSender<Wish>,
    state: Arc<Mutex<Option<String>>>,
    leases: Arc<Mutex<Leases>>,
    /// Where to look for leases from now on.
    followed: SyncSender<Dhcp>,
}

/// A server that can be told.
#[derive(Debug)]
enum Server {
    Dnsmasq(Dnsmasq),
    Kea(Kea),
}

impl Teller {
    /// Starts it; `warn` is called from its thread and must not wait.
    pub(super) fn start(warn: impl Fn(String) + Send + 'static) -> io::Result<Self> {
        let (wishes, inbox) = sync_channel(WISHES);
        let state = Arc::new(Mutex::new(None));
        let shown = Arc::clone(&state);
        let loops = Loop { warn: Box::new(warn), shown, must_reread: false, trouble: None };
        thread::Builder::new().name("dhcp".into()).spawn(move || loops.run(&inbox))?;
        let leases = Arc::new(Mutex::new(Leases::new()));
        let (followed, settings) = sync_channel(1);
        let found = Arc::clone(&leases);
        thread::Builder::new().name("leases".into()).spawn(move || leases::follow(&settings, &found))?;
        Ok(Self { wishes, state, leases, followed })
    }

    /// Has the server know these names, and whoever waits answered.
    pub(super) fn tell(&self, wish: Wish) {
        // Full only while the settings that came before are still to be read.
        drop(self.followed.try_send(wish.settings.clone()));
        if let Err(error) = self.wishes.try_send(wish) {
            let (std::sync::mpsc::TrySendError::Full(wish) | std::sync::mpsc::TrySendError::Disconnected(wish)) = error;
            if let Some((done, reply)) = wish.waiting {
                reply(Ok(format!("{done}; the DHCP server is told later: too much waits for it")));
            }
        }
    }

    /// Which server is told, and how that goes; nothing while nobody was to be told.
    pub(super) fn state(&self) -> Option<String> {
        lock(&self.state).clone()
    }

    /// What the servers here have leased and reserved, as of a few seconds ago.
    pub(super) fn leases(&self) -> Leases {
        lock(&self.leases).clone()
    }
}

struct Loop {
    warn: Box<dyn Fn(String) + Send>,
    shown: Arc<Mutex<Option<String>>>,
    /// Files were changed that the server has not been told of yet.
    must_reread: bool,
    trouble: Option<String>,
}

impl Loop {
    fn run(mut self, inbox: &Receiver<Wish>) {
        let Ok(first) = inbox.recv() else { return };
        let (mut settings, mut names, mut waiting) = (first.settings, first.names, first.waiting);
        loop {
            self.tell(&settings, &names, waiting.take());
            let pause = if self.trouble.is_some() { RETRY } else { LOOK_EVERY };
            match inbox.recv_timeout(pause) {
                Ok(wish) => (settings, names, waiting) = (wish.settings, wish.names, wish.waiting),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn tell(&mut self, settings: &Dhcp, names: &Names, waiting: Option<(String, Reply)>) {
        let is_empty = names.all().next().is_none() && waiting.is_none() && self.trouble.is_none();
        let told = match find(settings) {
            // Where nothing is named, a server is not looked into only to find that.
            None => Ok(None),
            Some(Server::Kea(_)) if is_empty => Ok(None),
            Some(Server::Dnsmasq(dnsmasq)) if is_empty && dnsmasq.hostsdir.is_none() => Ok(None),
            Some(server) => self.tell_server(&server, names).map(Some),
        };
        let state = match &told {
            Ok(told) => told.map(str::to_owned),
            Err(error) => Some(error.clone()),
        };
        *lock(&self.shown) = state;
        let trouble = told.as_ref().err().cloned();
        if let (Some(error), true) = (&trouble, trouble != self.trouble) {
            (self.warn)(format!("{error}; it is tried again every {} s", RETRY.as_secs()));
        }
        self.trouble = trouble;
        if let Some((done, reply)) = waiting {
            reply(Ok(match told {
                Ok(None) => format!("{done}; no DHCP server that could be told runs here"),
                Ok(Some(told)) => format!("{done}; {told}"),
                Err(error) => format!("{done}; {error}; it is tried again every {} s", RETRY.as_secs()),
            }));
        }
    }

    fn tell_server(&mut self, server: &Server, names: &Names) -> Result<&'static str, String> {
        match server {
            Server::Dnsmasq(dnsmasq) => {
                self.must_reread |= dnsmasq.write(names)?;
                if self.must_reread {
                    dnsmasq.reread()?;
                    self.must_reread = false;
                }
                Ok("dnsmasq knows it")
            }
            Server::Kea(kea) => kea.tell(names).map(|()| "Kea knows it, and gives it with the next lease"),
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server that is meant: what the configuration names, else what runs here.
fn find(settings: &Dhcp) -> Option<Server> {
    let dnsmasq = || {
        let found = Dnsmasq::find();
        let is_named = settings.dnsmasq_hostsdir.is_some();
        let found = found.or_else(|| (is_named || settings.server == DhcpServer::Dnsmasq).then(Dnsmasq::default))?;
        Some(Server::Dnsmasq(Dnsmasq {
            hostsdir: settings.dnsmasq_hostsdir.clone().or(found.hostsdir),
            pid_file: settings.dnsmasq_pid_file.clone().or(found.pid_file),
            ..found
        }))
    };
    let kea = || Kea::find(settings).map(Server::Kea);
    match settings.server {
        DhcpServer::None => None,
        DhcpServer::Dnsmasq => dnsmasq(),
        DhcpServer::Kea => kea(),
        // dnsmasq often runs for DNS alone, beside Kea.
        DhcpServer::Auto => match dnsmasq() {
            Some(Server::Dnsmasq(it)) if it.hostsdir.is_some() => Some(Server::Dnsmasq(it)),
            other => kea().or(other),
        },
    }
}

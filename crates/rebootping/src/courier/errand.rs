//! An errand: something that is sent to others, in a thread of its own, with a queue of its own.

use crate::ipc::Peer;
use crate::ipc::courier::FromCourier;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What is to be done, once this process has no powers left.
pub(super) struct Errand {
    /// What its thread is called.
    pub(super) name: &'static str,
    /// TCP ports it connects to.
    pub(super) ports: Vec<u16>,
    /// Does it, for as long as this process lives.
    pub(super) run: Box<dyn FnOnce() + Send>,
}

impl Errand {
    /// Begins it.
    pub(super) fn start(self) -> io::Result<()> {
        thread::Builder::new().name(self.name.into()).spawn(self.run).map(drop)
    }
}

/// The way back to the committer, for all threads.
#[derive(Clone, Debug)]
pub(super) struct Outlet(Arc<Mutex<Peer>>);

impl Outlet {
    /// Speaks over this stream.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        Peer::new(stream).map(|peer| Self(Arc::new(Mutex::new(peer))))
    }

    /// Says something without waiting; false if the committer does not listen, which shows when it is next read too.
    pub(super) fn say(&self, message: &FromCourier) -> bool {
        let mut peer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peer.send(message).unwrap_or(false)
    }
}

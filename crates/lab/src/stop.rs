//! A thread that ends with its owner.

use std::sync::Arc;
use std::thread::JoinHandle;

use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::ns::Ns;

/// A running thread; dropping it tells it to stop and waits for it.
#[derive(Debug)]
pub(crate) struct Running {
    stop: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts `work` in `ns`; it must return soon after its argument became readable.
    pub(crate) fn start(ns: &Ns, name: &str, work: impl FnOnce(&EventFd) + Send + 'static) -> Self {
        let stop = EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        let stop = Arc::new(stop.expect("an event descriptor opens"));
        let seen_inside = Arc::clone(&stop);
        let thread = ns.spawn(name, move || work(&seen_inside));
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.write(1).expect("an event descriptor takes a one");
        let Some(thread) = self.thread.take() else { return };
        let ended = thread.join();
        assert!(ended.is_ok() || std::thread::panicking(), "a thread of the lab panicked");
    }
}

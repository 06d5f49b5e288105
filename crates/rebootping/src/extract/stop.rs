//! The end an operator asks for: between two packets, and at once where the output takes nothing any more.

use core::time::Duration;
use nix::sys::signal::{SigSet, Signal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, process, thread};

/// An orderly end takes at most two looks; a pipe that nobody reads would take for ever.
const ORDERLY: Duration = Duration::from_millis(500);

/// Whether to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Takes SIGINT, SIGTERM and SIGHUP from now on as a wish to stop.
    pub(crate) fn listen() -> io::Result<Self> {
        let stop = Self::default();
        let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
        signals.thread_block()?;
        let asked = stop.clone();
        thread::Builder::new().name("signals".into()).spawn(move || {
            if signals.wait().is_ok() {
                asked.0.store(true, Ordering::Relaxed);
                thread::sleep(ORDERLY);
                process::exit(0);
            }
        })?;
        Ok(stop)
    }

    /// Somebody wants it to stop.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

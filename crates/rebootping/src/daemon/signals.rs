//! Signals as inputs: TERM and INT stop, HUP reads the configuration again.

use super::Input;
use nix::sys::signal::{SigSet, Signal};
use std::io;
use std::sync::mpsc::SyncSender;
use std::thread;

/// Blocks the signals in this thread and all it starts from now on, and hands them over from a thread of their own.
pub(super) fn listen(inputs: SyncSender<Input>) -> io::Result<()> {
    let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP]);
    signals.thread_block()?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        while let Ok(signal) = signals.wait() {
            let input = if signal == Signal::SIGHUP { Input::Reload } else { Input::Stop };
            if inputs.send(input).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

//! `rebootping pcap`: takes the packets of some devices out of their segments, in time order, and follows them live.
//!
//! ```text
//! folder of a device ─ Chain (its segments, one after the other) ─┐
//! folder of a device ─ Chain ─────────────────────────────────────┴─ Merge ─ InOrder ─ Output (one section of pcapng)
//! ```
//!
//! It reads the folder of captures itself and asks the daemon for nothing but to leave its own stream out.

mod chain;
mod folders;
mod in_order;
mod merge;
mod output;
pub(crate) mod own_stream;
mod pace;
mod stop;
#[cfg(test)]
mod tests;

use crate::cli::Pcap;
use crate::clock;
use crate::config::meant::Config;
use crate::ipc::observer::Packets;
use chain::Chain;
use core::time::Duration;
use jiff::Timestamp;
use merge::Merge;
use output::Output;
use own_stream::{Flow, OwnStream};
use pace::Pace;
use rebootping_core::time::Time;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use stop::Stop;

/// How often new packets are looked for. They are promised within a second, and wait up to 0.7 s to be written to their segment.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A packet is in its segment by then.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// Which packets are asked for, by their stamps in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Span {
    since: u64,
    until: u64,
}

/// Carries the command out. Asks `leave_out` again and again to have a flow of our own not captured; it says whether it will be.
pub(crate) fn run(config: &Config, asked: &Pcap, leave_out: &dyn Fn(&Flow) -> bool) -> Result<(), String> {
    let found = folders::find(&config.paths.captures, &asked.devices);
    let folders = found.map_err(|missing| missing.explain(config))?;
    let now = clock::wall();
    let moment = |when: Option<crate::duration::When>, default| when.map_or(default, |when| nanos(when.resolve(now)));
    let span = Span { since: moment(asked.since, 0), until: moment(asked.until, u64::MAX) };
    let stop = Stop::listen().map_err(|error| format!("cannot listen for signals: {error}"))?;
    let chains = folders.iter().map(|folder| Chain::new(folder, span)).collect::<Result<_, _>>()?;
    let output = Output::open(asked.write.as_deref())?;
    let name = output.name().to_owned();
    let mut merge = Merge::new(chains, output);
    let result = if asked.follow {
        let pace = Pace::new(clock::now());
        let mut own = OwnStream::from_environment();
        follow(&mut merge, span, &stop, |now| own.is_left_out(now, leave_out), pace)
    } else {
        merge.copy(|_| !stop.is_asked()).and_then(|_| merge.finish())
    };
    match result {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| format!("{name}: {error}")),
    }
}

/// Writes the packets of a device to a connection, for those who may not read the folder of captures themselves; `to` is given
/// once it is known that there are any.
pub(crate) fn stream(
    captures: &Path,
    asked: &Packets,
    to: impl FnOnce() -> io::Result<OwnedFd>,
) -> Result<io::Result<()>, String> {
    let names: Vec<String> = asked.macs.iter().map(ToString::to_string).collect();
    let folders: Vec<PathBuf> = names.iter().map(|name| captures.join(name)).filter(|folder| folder.is_dir()).collect();
    if folders.is_empty() {
        return Err(format!("nothing is kept of {}", names.join(", ")));
    }
    let span = Span { since: asked.since, until: asked.until };
    let chains = folders.iter().map(|folder| Chain::new(folder, span)).collect::<Result<_, _>>()?;
    Ok(to().and_then(|to| {
        let mut merge = Merge::new(chains, Output::to_connection(to));
        if asked.follow {
            let is_left_out = !asked.is_paced;
            // Whoever asked sees to it that the connection stays left out.
            return follow(&mut merge, span, &Stop::default(), |_| is_left_out, Pace::new(clock::now()));
        }
        merge.copy(|_| true).and_then(|_| merge.finish())
    }))
}

/// Copies what there is, and then what comes.
fn follow(
    merge: &mut Merge,
    span: Span,
    stop: &Stop,
    mut is_left_out: impl FnMut(Time) -> bool,
    mut pace: Pace,
) -> io::Result<()> {
    // What is written to a file here does not pass a wire.
    let is_paced = !merge.output().is_file();
    let until_written = span.until.saturating_add(WRITTEN_WITHIN.as_nanos() as u64);
    loop {
        let left_out = is_left_out(clock::now());
        let goes_on = merge.copy(|written| {
            if is_paced && !left_out {
                pace.wait(written, clock::now, stop);
            }
            !stop.is_asked()
        })?;
        if !goes_on || nanos(clock::wall()) > until_written {
            return merge.finish();
        }
        merge.flush()?;
        merge.output().wait(LOOK_EVERY)?;
        merge.look();
    }
}

fn nanos(time: Timestamp) -> u64 {
    u64::try_from(time.as_nanosecond().max(0)).unwrap_or(u64::MAX)
}

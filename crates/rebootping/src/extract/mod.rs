//! Takes the packets of some devices out of their segments, in time order, and follows them live: `rebootping pcap`, and Wireshark.
//!
//! ```text
//! folder of a device ─ Chain (its segments, one after the other) ─┐
//! folder of a device ─ Chain ─────────────────────────────────────┼─ Merge ─ InOrder ─ Output (one section of pcapng)
//! daemon ─ Asking ─ Told (names, verdicts, losses) ───────────────┘
//! ```
//!
//! It reads the folder of captures itself: whoever may read the files may have the packets. The daemon is asked what goes beside them,
//! and to leave out the stream they make.

mod asking;
mod beside;
mod chain;
pub(crate) mod evidence;
pub(crate) mod folders;
mod follow;
mod in_order;
pub(crate) mod interfaces;
mod merge;
mod output;
pub(crate) mod own_stream;
mod pace;
mod past;
mod remarks;
mod stop;
#[cfg(test)]
mod tests;
mod told;
mod wanted;

use crate::clock;
use crate::config::meant::Config;
use crate::daemon::{Answer, NOBODY, Request, ask};
use crate::duration::When;
use crate::ipc::observer::{Of, Packets};
use asking::{Asking, Heard};
use chain::Chain;
use core::time::Duration;
use follow::Following;
use jiff::Timestamp;
use merge::Merge;
pub(crate) use output::Destination;
use output::Output;
use own_stream::{Flow, HOLDS, OwnStream};
pub(crate) use remarks::Remark;
use std::io;
use std::net::{IpAddr, Shutdown};
use std::os::unix::net::UnixStream;
use std::path::Path;
pub(crate) use stop::Stop;
pub(crate) use told::{News, Told, judged};
use wanted::{Span, Wanted};

/// Which packets are asked for, and where they go.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// Devices by MAC, interfaces by name.
    pub(crate) words: &'a [String],
    pub(crate) since: Option<When>,
    pub(crate) until: Option<When>,
    /// Only packets from or to one of these, if there are any.
    pub(crate) hosts: Vec<IpAddr>,
    /// As many bytes of each packet.
    pub(crate) snap: usize,
    pub(crate) mode: Mode,
    /// A file or a pipe; none is standard output.
    pub(crate) to: Option<&'a Path>,
}

/// What comes after the packets there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing.
    History,
    /// What is captured from now on, by whatever daemon.
    Follow,
    /// The same for a reader on this machine, as long as there is a daemon.
    Live,
}

/// Carries it out, until it is done or SIGTERM comes.
pub(crate) fn run(config: &Config, asked: &Asked<'_>) -> Result<(), String> {
    let found = folders::find(&config.paths.captures, asked.words);
    let sources = found.map_err(|missing| missing.explain(config))?;
    let now = clock::wall();
    let moment = |when: Option<When>, default| when.map_or(default, |when| nanos(when.resolve(now)));
    let span = Span { since: moment(asked.since, 0), until: moment(asked.until, u64::MAX) };
    if span.since >= span.until {
        return Err("what begins with --since must end after it with --until".to_owned());
    }
    if asked.mode != Mode::History && span.until <= nanos(now) {
        return Err("--until is over: there is nothing to follow".to_owned());
    }
    let stop = Stop::listen().map_err(|error| format!("cannot listen for signals: {error}"))?;
    let mut told = Told::new(span.since, sources.iter().map(folders::Source::name).collect());
    let (remarks, standings) = past::verdicts(config, span.since, span.until.min(nanos(now)));
    told.knows(standings);
    let mut asking = Asking::new(config, told);
    let heard = asking.ask();
    if asked.mode == Mode::Live && heard.iter().any(|heard| matches!(heard, Heard::Nobody)) {
        return Err(NOBODY.to_owned());
    }
    let wanted = |interface: Option<String>| Wanted { span, interface, hosts: asked.hosts.clone() };
    let chains = sources.into_iter().map(|source| Chain::new(&source.folder, wanted(source.interface)));
    let output = Output::open(asked.to, "")?;
    let name = output.name().to_owned();
    let mut merge = Merge::new(chains.collect::<Result<_, _>>()?, asked.snap, output);
    for remark in remarks {
        merge.hear(News::Remark(remark));
    }
    follow::hear(&mut merge, heard);
    let result = match asked.mode {
        Mode::History => merge.copy(|_| !stop.is_asked()).and_then(|_| merge.finish(nanos(clock::wall()))),
        Mode::Follow | Mode::Live => {
            let mut own = OwnStream::from_environment();
            let heard = asking.go_on().map_err(|error| format!("cannot ask the daemon: {error}"))?;
            let following = Following { mode: asked.mode, until: span.until, stop, heard: Some(heard) };
            following.run(&mut merge, |now| own.is_left_out(now, &|flow| leave_out(config, flow)))
        }
    };
    match result {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| format!("{name}: {error}")),
    }
}

/// Writes packets to a connection, for those who may not read the folder of captures themselves; `begin` is called once it is known
/// that there are any. The connection may take nothing for as long as `patience`. The outer error says why there are no packets.
pub(crate) fn stream(
    captures: &Path,
    asked: &Packets,
    patience: Duration,
    mut connection: UnixStream,
    begin: impl FnOnce() -> io::Result<()>,
) -> Result<io::Result<()>, String> {
    let sources = sources(captures, &asked.of)?;
    let span = Span { since: asked.since, until: asked.until };
    let wanted = |interface: Option<String>| Wanted { span, interface, hosts: asked.hosts.clone() };
    let chains = sources.into_iter().map(|source| Chain::new(&source.folder, wanted(source.interface)));
    let chains = chains.collect::<Result<_, _>>()?;
    Ok((|| {
        let first = beside::first(&mut connection)?;
        begin()?;
        // What is new comes when it happens.
        connection.set_read_timeout(None)?;
        let output = Output::to_connection(connection.try_clone()?.into(), patience);
        let mut merge = Merge::new(chains, asked.snap as usize, output);
        follow::hear(&mut merge, first);
        let copied = copy(&mut merge, asked, &connection);
        // Whoever reads what belongs beside them ends too.
        drop(connection.shutdown(Shutdown::Both));
        copied
    })())
}

fn copy(merge: &mut Merge, asked: &Packets, connection: &UnixStream) -> io::Result<()> {
    if !asked.follow {
        return merge.copy(|_| true).and_then(|_| merge.finish(nanos(clock::wall())));
    }
    let heard = Some(beside::later(connection.try_clone()?)?);
    let following = Following { mode: Mode::Follow, until: asked.until, stop: Stop::default(), heard };
    // Whoever asked sees to it that the connection stays left out.
    following.run(merge, |_| !asked.is_paced)
}

fn sources(captures: &Path, of: &Of) -> Result<Vec<folders::Source>, String> {
    let macs = match of {
        Of::Device(macs) => macs,
        Of::Interface(name) => return folders::of_interface(captures, name),
    };
    let names: Vec<String> = macs.iter().map(ToString::to_string).collect();
    let folders = names.iter().map(|name| captures.join(name)).filter(|folder| folder.is_dir());
    let sources: Vec<_> = folders.map(|folder| folders::Source { folder, interface: None }).collect();
    if sources.is_empty() { Err(format!("nothing is kept of {}", names.join(", "))) } else { Ok(sources) }
}

/// Asks to have a flow of our own not captured; whether it will be.
fn leave_out(config: &Config, flow: &Flow) -> bool {
    let request = Request::LeaveOut { flow: *flow, lasting: HOLDS };
    matches!(ask(&config.paths.run, &request), Ok(Answer::Done(_)))
}

fn nanos(time: Timestamp) -> u64 {
    u64::try_from(time.as_nanosecond().max(0)).unwrap_or(u64::MAX)
}

//! `device rename`, `restrict`, `allow` and `undo`: what is ordered about devices in the firewall and the DHCP server.

use super::{Known, live};
use crate::cli::Restrict;
use crate::client;
use crate::clock;
use crate::config::meant::Config;
use crate::daemon::{Request, ask};
use crate::ipc::control::{ControlOrder, Macs};
use rebootping_core::control::label::Label;
use rebootping_core::control::names::Named;
use rebootping_core::control::restriction::Restriction;
use rebootping_core::inventory::report::Hardware;
use std::env;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// A login is not further away from us than so many processes.
const FOREBEARS: usize = 16;
/// What sshd tells the session: client, port, server, port (ssh(1)).
const CONNECTION: &str = "SSH_CONNECTION";

/// `rebootping device rename`.
pub(super) fn rename(
    explicit: Option<&Path>,
    device: &str,
    label: Option<&Label>,
    address: Option<Ipv4Addr>,
) -> ExitCode {
    order(explicit, |config| {
        let to = label.map(|label| Named { label: label.clone(), address });
        Ok(ControlOrder::Name { mac: Known(config).mac(device)?, to })
    })
}

/// `rebootping device restrict`.
pub(super) fn restrict(explicit: Option<&Path>, asked: &Restrict) -> ExitCode {
    order(explicit, |config| {
        let now = Duration::from_millis(u64::try_from(clock::wall().as_millisecond()).unwrap_or(0));
        // Ends are whole seconds: rather a part of one too long than too short.
        let lasting =
            asked.lasting.map(|lasting| u64::try_from((now + lasting).as_millis().div_ceil(1000)).unwrap_or(0));
        let until = asked.until.map(|until| u64::try_from(until.as_second()).unwrap_or(0));
        let to = Restriction { mode: asked.mode.into(), until: lasting.or(until), schedule: asked.hours };
        let macs = macs(config, &asked.device)?;
        Ok(ControlOrder::Restrict { macs, to: Some(to), force: asked.force, asking: asking() })
    })
}

/// `rebootping device allow`.
pub(super) fn allow(explicit: Option<&Path>, device: &str) -> ExitCode {
    order(explicit, |config| {
        Ok(ControlOrder::Restrict { macs: macs(config, device)?, to: None, force: false, asking: None })
    })
}

/// `rebootping device undo`.
pub(super) fn undo(explicit: Option<&Path>, id: Option<u64>) -> ExitCode {
    order(explicit, |_| Ok(ControlOrder::Undo(id)))
}

fn order(explicit: Option<&Path>, order: impl FnOnce(&Config) -> Result<ControlOrder, String>) -> ExitCode {
    client::with_config(explicit, |config| client::done(ask(&config.paths.run, &Request::Control(order(config)?))))
}

/// All MACs of a device, the one that was named first.
fn macs(config: &Config, device: &str) -> Result<Macs, String> {
    let mac = Known(config).mac(device)?;
    // One that nobody knows has this one.
    let others = live::report(config).map(|report| {
        let found = report.devices.into_iter().find(|it| it.mac == mac || it.also.contains(&mac));
        found.map_or_else(Vec::new, |it| it.also.into_iter().chain([it.mac]).collect::<Vec<Hardware>>())
    });
    let others = others.unwrap_or_default().into_iter().filter(|other| *other != mac);
    let all: Vec<Hardware> = [mac].into_iter().chain(others).collect();
    all.try_into().map_err(|why: &str| format!("{mac}: {why}"))
}

/// The address from which the operator is logged in, told by the session or by that of who called sudo.
fn asking() -> Option<IpAddr> {
    let ours = env::var(CONNECTION).ok();
    let of_forebears = || forebears().find_map(connection_of);
    ours.or_else(of_forebears)?.split(' ').next()?.parse().ok()
}

/// The processes from which we descend, the nearest first.
fn forebears() -> impl Iterator<Item = u32> {
    let parent = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // Behind the name, which may hold anything, and the state (proc(5)).
        let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        (parent > 1).then_some(parent)
    };
    std::iter::successors(Some(std::process::id()), parent).skip(1).take(FOREBEARS)
}

fn connection_of(pid: u32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut all = environment.split(|byte| *byte == 0).filter_map(|one| std::str::from_utf8(one).ok());
    all.find_map(|one| one.strip_prefix(CONNECTION)?.strip_prefix('=').map(str::to_owned))
}

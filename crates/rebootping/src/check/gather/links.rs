//! The links as the judge would find them, and the kernel's parameters that decide how they behave.

use crate::check::facts::{Link, Path, ProbeBytes};
use crate::config::meant::Config;
use crate::daemon::folders;
use crate::ipc::JudgeSettings;
use crate::judge::links::{names, path_of, settings_of};
use crate::judge::memory::{self, Gateways};
use crate::netlink::snapshot::Snapshot;
use crate::netlink::socket::RECEIVE_BUFFER;
use crate::netlink::watch::Watch;
use rebootping_core::engine::LinkSettings;
use rebootping_core::link::metered::{bytes_a_month, bytes_a_month_in_full};
use rebootping_core::link::presence::NextHop;
use rebootping_core::link::{Family, Presence};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;

/// The kernel's networking, and the links in it. Where the kernel does not answer, nothing is found.
pub(super) fn look(config: &Config, settings: &JudgeSettings) -> (Watched, Vec<Link>) {
    let watched = Watched(watch().ok());
    let nothing = Snapshot::default();
    let snapshot = watched.snapshot().unwrap_or(&nothing);
    let remembered = memory::look(&folders::judge_state(&config.paths.state)).unwrap_or_default().gateways;
    let names = names(settings, snapshot, &[]);
    let links = settings_of(settings, &names);
    let links = links.iter().map(|link| one(config, link, settings, snapshot, &remembered)).collect();
    (watched, links)
}

/// The kernel's networking, where it could be asked.
pub(super) struct Watched(Option<Watch>);

impl Watched {
    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        self.0.as_ref().map(Watch::snapshot)
    }
}

fn watch() -> io::Result<Watch> {
    let mut watch = Watch::open(RECEIVE_BUFFER)?;
    watch.settle()?;
    let all = watch.snapshot().links().map(|link| link.index).collect();
    watch.follow_neighbours(all)?;
    watch.settle()?;
    Ok(watch)
}

fn one(
    config: &Config,
    link: &LinkSettings,
    settings: &JudgeSettings,
    snapshot: &Snapshot,
    remembered: &Gateways,
) -> Link {
    let device = snapshot.link_named(&link.name);
    let probed = Family::ALL.into_iter().zip(&link.courses).filter(|(_, course)| !course.targets.is_empty());
    let families: BTreeMap<Family, Path> = probed
        .map(|(family, _)| {
            let absent = Path { presence: Presence::Absent, source: None, gateway: None };
            (family, device.map_or(absent, |device| path(device.index, family, snapshot, settings, remembered)))
        })
        .collect();
    Link {
        label: config.link_rule(&link.name).and_then(|rule| rule.label.clone()),
        metered: link.metered,
        is_up: device.is_some_and(|device| device.up),
        probe_bytes: probe_bytes(link, settings, &families),
        arp_ignore: largest("ipv4", &link.name, "arp_ignore"),
        arp_announce: largest("ipv4", &link.name, "arp_announce"),
        takes_advertised_routes: takes_advertised_routes(&link.name),
        interface: link.name.clone(),
        families,
    }
}

fn path(index: u32, family: Family, snapshot: &Snapshot, settings: &JudgeSettings, remembered: &Gateways) -> Path {
    let Some(device) = snapshot.link(index) else {
        return Path { presence: Presence::Absent, source: None, gateway: None };
    };
    let (path, origin) = path_of(device, family, snapshot, settings, remembered);
    let prefix = |ip: IpAddr| snapshot.addresses_of(index).find(|address| address.ip == ip).map(|it| it.prefix_len);
    Path {
        presence: path.presence,
        source: path.source.and_then(|ip| Some((ip, prefix(ip)?))),
        gateway: path.next_hop.and_then(NextHop::gateway).zip(origin),
    }
}

/// Over the families in which it has an address; IPv4 where it has none.
fn probe_bytes(link: &LinkSettings, settings: &JudgeSettings, families: &BTreeMap<Family, Path>) -> ProbeBytes {
    let mut asked: Vec<Family> =
        families.iter().filter(|(_, path)| path.source.is_some()).map(|(family, _)| *family).collect();
    if asked.is_empty() {
        asked.extend(families.keys().next());
    }
    let courses = Family::ALL.into_iter().zip(&link.courses).filter(|(family, _)| asked.contains(family));
    let in_full = courses
        .map(|(family, course)| bytes_a_month_in_full(family, course.targets.len(), course.echoes, settings.interval));
    ProbeBytes { resting: link.metered.then(|| bytes_a_month(&asked)), in_full: in_full.sum() }
}

/// With forwarding on, only `accept_ra` 2 takes advertisements (ip-sysctl).
fn takes_advertised_routes(interface: &str) -> bool {
    let parameter = |name| parameter("ipv6", interface, name).unwrap_or(0);
    let accepts = match parameter("accept_ra") {
        0 => false,
        1 => parameter("forwarding") == 0,
        _ => true,
    };
    accepts && parameter("accept_ra_defrtr") != 0
}

/// The kernel goes by the larger of an interface's own value and that of all.
fn largest(family: &str, interface: &str, name: &str) -> u8 {
    ["all", interface].into_iter().filter_map(|of| parameter(family, of, name)).max().unwrap_or(0)
}

fn parameter(family: &str, interface: &str, name: &str) -> Option<u8> {
    fs::read_to_string(format!("/proc/sys/net/{family}/conf/{interface}/{name}")).ok()?.trim().parse().ok()
}

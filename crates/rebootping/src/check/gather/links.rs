//! The links as the judge would find them, and the kernel's parameters that decide how they behave.

use crate::check::facts::{Link, Path, ProbeBytes};
use crate::config::meant::Config;
use crate::daemon::folders;
use crate::ipc::JudgeSettings;
use crate::judge::leases::{Folders, Leases};
use crate::judge::links::{Recalled, in_want_of_a_lease, names, path_of, settings_of};
use crate::judge::memory;
use crate::netlink::message;
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

/// The kernel's networking, and the links in it.
pub(super) fn look(config: &Config, settings: &JudgeSettings) -> (Watched, Vec<Link>) {
    let watched = Watched::new(watch());
    let snapshot = watched.snapshot();
    let last = memory::look(&folders::judge_state(&config.paths.state)).unwrap_or_default().gateways;
    let names = names(settings, snapshot, &[]);
    let leases = Leases::read(&Folders::of_machine(), &in_want_of_a_lease(&names, snapshot, settings));
    let recalled = Recalled { leases: &leases, last: &last };
    let links = settings_of(settings, &names);
    let links = links.iter().map(|link| one(config, link, settings, snapshot, recalled)).collect();
    (watched, links)
}

/// The kernel's networking; nothing, and why, where it could not be asked.
pub(super) struct Watched {
    watch: io::Result<Watch>,
    nothing: Snapshot,
}

impl Watched {
    fn new(watch: io::Result<Watch>) -> Self {
        Self { watch, nothing: Snapshot::default() }
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        self.watch.as_ref().map_or(&self.nothing, Watch::snapshot)
    }

    /// Why it could not be asked.
    pub(super) fn error(&self) -> Option<String> {
        self.watch.as_ref().err().map(ToString::to_string)
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
    recalled: Recalled<'_>,
) -> Link {
    let device = snapshot.link_named(&link.name);
    let path_in = |family| {
        let absent = Path { presence: Presence::Absent, source: None, gateway: None };
        device.map_or(absent, |device| path(device, family, snapshot, settings, recalled))
    };
    let probed = Family::ALL.into_iter().zip(&link.courses).filter(|(_, course)| !course.targets.is_empty());
    let families: BTreeMap<Family, Path> = probed.map(|(family, _)| (family, path_in(family))).collect();
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

fn path(
    device: &message::Link,
    family: Family,
    snapshot: &Snapshot,
    settings: &JudgeSettings,
    recalled: Recalled<'_>,
) -> Path {
    let (path, origin) = path_of(device, family, snapshot, settings, recalled);
    let prefix =
        |ip: IpAddr| snapshot.addresses_of(device.index).find(|address| address.ip == ip).map(|it| it.prefix_len);
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

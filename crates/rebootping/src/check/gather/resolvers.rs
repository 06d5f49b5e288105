//! Which of the gateway's resolvers are reached over one link alone: names are not found any more when that is out.

use crate::check::facts::Link;
use crate::committer::dhcp::dnsmasq::Dnsmasq;
use crate::netlink::snapshot::Snapshot;
use crate::netlink::way;
use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;

/// Where resolvers are written; the second is systemd-resolved's, whose own address is in the first.
const FILES: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
/// Tables that are asked for every packet: main, default, and Shorewall's balance.
const SHARED_TABLES: [u32; 3] = [254, 253, 250];

/// Those resolvers, each with its link.
pub(super) fn bound(snapshot: &Snapshot, links: &[Link]) -> Vec<(IpAddr, String)> {
    let files = FILES.iter().filter_map(|file| fs::read_to_string(file).ok());
    let mut all: BTreeSet<(IpAddr, Option<String>)> = files.flat_map(|text| written(&text)).collect();
    all.extend(Dnsmasq::all().iter().flat_map(|it| &it.servers).filter_map(|server| asked(server)));
    let link_of = |(address, zone): (IpAddr, Option<String>)| {
        let link = match zone {
            Some(zone) => Some(zone),
            None => only_way(snapshot, address),
        };
        let link = link.filter(|link| links.iter().any(|it| it.interface == *link))?;
        Some((address, link))
    };
    all.into_iter().filter_map(link_of).collect()
}

/// The interface over which an address is reached whatever the choice is.
fn only_way(snapshot: &Snapshot, address: IpAddr) -> Option<String> {
    let way = way::to(address).ok()??;
    let is_bound = way.length > 0 || !SHARED_TABLES.contains(&way.table);
    let link = snapshot.link(way.index.filter(|_| is_bound)?)?;
    Some(link.name.clone())
}

/// The lines `nameserver` of resolv.conf(5), with the interface where one is named.
fn written(text: &str) -> Vec<(IpAddr, Option<String>)> {
    text.lines().filter_map(|line| address(line.strip_prefix("nameserver")?.trim())).collect()
}

/// The address in a `server` of dnsmasq(8): `/domain/address#port@interface`; one for a domain alone is not everybody's.
fn asked(server: &str) -> Option<(IpAddr, Option<String>)> {
    let (server, over) = server.split_once('@').map_or((server, None), |(server, over)| (server, Some(over)));
    let (address, of_zone) = address(server.split('#').next().unwrap_or_default())?;
    Some((address, over.map(str::to_owned).or(of_zone)))
}

fn address(text: &str) -> Option<(IpAddr, Option<String>)> {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    Some((address.parse().ok()?, zone.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_found_where_they_are_written() {
        let text = "# nameserver 9.9.9.9\nnameserver 127.0.0.1\nnameserver\tfe80::1%wan1\nsearch home\nnameserver x\n";
        let found: Vec<_> = written(text).into_iter().map(|(ip, zone)| format!("{ip} {zone:?}")).collect();
        assert_eq!(found, ["127.0.0.1 None", "fe80::1 Some(\"wan1\")"]);
        for (server, expected) in [
            ("198.51.100.53", Some("198.51.100.53 None")),
            ("198.51.100.53#5353@wan1", Some("198.51.100.53 Some(\"wan1\")")),
            ("/example.org/198.51.100.53", None),
            ("", None),
        ] {
            let found = asked(server).map(|(ip, over)| format!("{ip} {over:?}"));
            assert_eq!(found.as_deref(), expected, "{server}");
        }
    }
}

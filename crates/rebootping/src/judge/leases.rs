//! The gateway a DHCP client was given, read from the files in which dhclient and systemd-networkd keep their leases.
//!
//! A link that Shorewall disabled has no route to read, and a lease outlives that. What cannot be read is no lease.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

/// Where dhclient (dhclient.leases(5)) and ifupdown keep lease files.
const DHCLIENT: [&str; 2] = ["/var/lib/dhcp", "/var/lib/dhclient"];
/// Where systemd-networkd keeps one file an interface, named by its number.
const NETWORKD: &str = "/run/systemd/netif/leases";
/// No lease file is longer, in bytes.
const LONGEST: u64 = 1 << 20;

/// The folders the judge must be able to read.
pub(super) fn folders() -> impl Iterator<Item = &'static Path> {
    DHCLIENT.iter().chain([&NETWORKD]).map(Path::new)
}

/// The gateway of an interface's newest lease.
pub(super) fn gateway(interface: &str, index: u32) -> Option<Ipv4Addr> {
    let of_networkd = read(&Path::new(NETWORKD).join(index.to_string())).and_then(|lease| from_networkd(&lease));
    of_networkd.or_else(|| newest_of_dhclient(interface))
}

fn newest_of_dhclient(interface: &str) -> Option<Ipv4Addr> {
    let files = DHCLIENT.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let mut dated: Vec<_> =
        files.filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path()))).collect();
    dated.sort();
    dated.iter().rev().find_map(|(_, path)| from_dhclient(&read(path)?, interface))
}

fn read(path: &Path) -> Option<String> {
    let length = fs::metadata(path).ok()?.len();
    (length <= LONGEST).then(|| fs::read_to_string(path).ok()).flatten()
}

/// The first router of the last lease of this interface.
pub(crate) fn from_dhclient(text: &str, interface: &str) -> Option<Ipv4Addr> {
    let leases = text.split("lease {").skip(1).filter_map(|lease| lease.split_once("\n}").map(|(inside, _)| inside));
    let of_interface =
        |lease: &&str| statement(lease, "interface").is_some_and(|name| name.trim_matches('"') == interface);
    let last = leases.filter(of_interface).last()?;
    first_address(statement(last, "option routers")?)
}

/// The first router of a networkd lease.
pub(crate) fn from_networkd(text: &str) -> Option<Ipv4Addr> {
    text.lines().find_map(|line| first_address(line.strip_prefix("ROUTER=")?))
}

fn statement<'a>(lease: &'a str, name: &str) -> Option<&'a str> {
    lease.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(' ')?.trim().strip_suffix(';'))
}

fn first_address(list: &str) -> Option<Ipv4Addr> {
    list.split([',', ' ']).find(|part| !part.is_empty())?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DHCLIENT_FILE: &str = "lease {\n  interface \"wan1\";\n  option routers 192.0.2.1;\n}\nlease {\n  interface \"wan2\";\n  \
        option routers 192.0.2.9;\n}\nlease {\n  interface \"wan1\";\n  fixed-address 192.0.2.77;\n  option routers 192.0.2.2,192.0.2.3;\n}\n";

    #[test]
    fn the_last_lease_of_the_interface_holds() {
        assert_eq!(from_dhclient(DHCLIENT_FILE, "wan1"), Some(Ipv4Addr::new(192, 0, 2, 2)));
        assert_eq!(from_dhclient(DHCLIENT_FILE, "wan2"), Some(Ipv4Addr::new(192, 0, 2, 9)));
        assert_eq!(from_dhclient(DHCLIENT_FILE, "wan3"), None);
        assert_eq!(from_dhclient("lease {\n interface \"wan1\";\n option routers 192.0", "wan1"), None, "a torn file");
    }

    #[test]
    fn networkd_names_its_router() {
        assert_eq!(from_networkd("ADDRESS=192.0.2.7\nROUTER=192.0.2.1 192.0.2.2\n"), Some(Ipv4Addr::new(192, 0, 2, 1)));
        assert_eq!(from_networkd("ROUTER=\n"), None);
    }
}

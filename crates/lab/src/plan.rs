//! The lab's addresses: who has which, as one table.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Prefixes of the documentation and shared address space, one per ISP.
const ISP_V4: [[u8; 3]; MAX_ISPS] = [[198, 51, 100], [203, 0, 113], [100, 64, 3], [100, 64, 4]];
/// Provider numbers, marks and routing tables are given by hand below this.
pub(crate) const MAX_ISPS: usize = 4;

/// The LAN's prefix, as Shorewall's `snat` wants it.
pub(crate) const LAN_V4: &str = "10.50.0.0/24";
/// The LAN's IPv6 prefix.
pub(crate) const LAN_V6: &str = "fd61::/64";

/// Addresses every lab's Internet answers on.
pub const TARGETS_V4: [&str; 4] = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
/// Addresses every lab's Internet answers on, IPv6.
pub const TARGETS_V6: [&str; 4] = ["2001:db8:9::1", "2001:db8:9::2", "2001:db8:9::3", "2001:db8:9::4"];
/// Public resolvers that `Builder::default_targets` lets the lab's Internet own.
pub const PUBLIC_V4: [&str; 4] = ["8.8.8.8", "1.1.1.1", "9.9.9.9", "208.67.222.222"];
/// Public resolvers that `Builder::default_targets` lets the lab's Internet own, IPv6.
pub const PUBLIC_V6: [&str; 4] = ["2001:4860:4860::8888", "2606:4700:4700::1111", "2620:fe::fe", "2620:119:35::35"];

/// An IP version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// The interface that leads to ISP `n` (from 1) on the gateway, which is the link's name too.
pub fn wan(isp: usize) -> String {
    format!("wan{isp}")
}

/// The gateway's own address at ISP `n`.
pub fn gateway_v4(isp: usize) -> Ipv4Addr {
    host_v4(isp, 2)
}

/// The address of ISP `n`'s box, the gateway's next hop.
pub fn isp_v4(isp: usize) -> Ipv4Addr {
    host_v4(isp, 1)
}

/// The gateway's own IPv6 address at ISP `n` where it is static.
pub fn gateway_v6(isp: usize) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, isp as u16, 0, 0, 0, 0, 2)
}

/// The global IPv6 address of ISP `n`'s box.
pub fn isp_v6(isp: usize) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, isp as u16, 0, 0, 0, 0, 1)
}

/// The link-local address of ISP `n`'s box: what a router advertisement comes from.
pub fn isp_link_local(isp: usize) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, isp as u16)
}

/// Host `last` of ISP `n`'s IPv4 network.
pub(crate) fn host_v4(isp: usize, last: u8) -> Ipv4Addr {
    let [a, b, c] = ISP_V4[isp - 1];
    Ipv4Addr::new(a, b, c, last)
}

/// The link over which a packet with this source address left the gateway.
pub(crate) fn link_of(source: IpAddr) -> Option<String> {
    let isp = match source {
        IpAddr::V4(v4) => ISP_V4.iter().position(|net| v4.octets().starts_with(net))? + 1,
        IpAddr::V6(v6) => match v6.segments() {
            [0x2001, 0xdb8, isp, 0, ..] if (1..=MAX_ISPS as u16).contains(&isp) => usize::from(isp),
            _ => return None,
        },
    };
    Some(wan(isp))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, link: Option<&str>) {
        assert_eq!(link_of(source.parse().expect("an address")).as_deref(), link, "{source}");
    }

    #[test]
    fn a_source_address_names_its_link() {
        check("198.51.100.2", Some("wan1"));
        check("100.64.4.77", Some("wan4"));
        check("10.50.0.10", None);
        check("2001:db8:2::2", Some("wan2"));
        check("2001:db8:9::1", None);
        check("fd61::10", None);
    }
}

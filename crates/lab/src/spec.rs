//! What kind of lab is wanted, said with a builder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::lab::Lab;
use crate::plan::MAX_ISPS;
use crate::wire::Conditions;

/// How Shorewall's providers share the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Every provider has `balance`; the LAN is masqueraded.
    Balance,
    /// The first provider is `primary`, the others are `fallback`.
    PrimaryFallback,
    /// As `Balance`, the LAN translated to each link's fixed address.
    BalanceStaticSnat,
}

/// Which `isusable` script Shorewall asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Isusable {
    /// The one that existing installations have.
    Seed,
    /// The script in this file.
    Hardened(PathBuf),
    /// None: Shorewall believes the interface.
    None,
}

/// How the gateway gets IPv6 on its links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ipv6 {
    Absent,
    Static,
    Advertised,
}

/// How the gateway gets IPv4 on its links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ipv4 {
    Static,
    Dhcp,
}

/// The gateway's Shorewall.
#[derive(Clone, Debug)]
pub(crate) struct Firewall {
    pub(crate) style: Style,
    pub(crate) persistent: bool,
    pub(crate) isusable: Isusable,
}

/// A lab as wanted.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) prefix: String,
    pub(crate) isps: usize,
    pub(crate) clients: usize,
    pub(crate) ipv4: Ipv4,
    pub(crate) ipv6: Ipv6,
    /// The ISP that is reached by a tun device.
    pub(crate) tun: Option<usize>,
    pub(crate) firewall: Option<Firewall>,
    pub(crate) rp_filter: u8,
    pub(crate) public_targets: bool,
    pub(crate) wires: BTreeMap<usize, Conditions>,
    pub(crate) binary: Option<PathBuf>,
    /// Outlives this process.
    pub(crate) kept: bool,
}

impl Spec {
    /// Numbers of all ISPs.
    pub(crate) fn each_isp(&self) -> std::ops::RangeInclusive<usize> {
        1..=self.isps
    }

    /// Numbers of all LAN clients.
    pub(crate) fn each_client(&self) -> std::ops::RangeInclusive<usize> {
        1..=self.clients
    }

    /// Whether ISP `isp` gives its address by DHCP.
    pub(crate) fn is_dhcp(&self, isp: usize) -> bool {
        self.ipv4 == Ipv4::Dhcp && self.tun != Some(isp)
    }

    /// Whether ISP `isp` gives its IPv6 addresses by router advertisement.
    pub(crate) fn is_advertised(&self, isp: usize) -> bool {
        self.ipv6 == Ipv6::Advertised && self.tun != Some(isp)
    }

    /// Whether there is IPv6 at all.
    pub(crate) fn has_ipv6(&self) -> bool {
        self.ipv6 != Ipv6::Absent
    }
}

/// Says what a lab shall be; [`Builder::build`] makes it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    spec: Spec,
}

impl Builder {
    pub(crate) fn new(prefix: &str) -> Self {
        assert!(prefix.chars().all(|c| c.is_ascii_alphanumeric()), "a lab's prefix is letters and digits: {prefix:?}");
        let firewall = Firewall { style: Style::Balance, persistent: false, isusable: Isusable::Seed };
        Self {
            spec: Spec {
                prefix: prefix.to_owned(),
                isps: 2,
                clients: 1,
                ipv4: Ipv4::Static,
                ipv6: Ipv6::Absent,
                tun: None,
                firewall: Some(firewall),
                rp_filter: 0,
                public_targets: false,
                wires: BTreeMap::new(),
                binary: None,
                kept: false,
            },
        }
    }

    /// Number of ISPs, 1 to 4; two unless said.
    pub fn isps(mut self, count: usize) -> Self {
        assert!((1..=MAX_ISPS).contains(&count), "a lab has 1 to {MAX_ISPS} ISPs, not {count}");
        self.spec.isps = count;
        self
    }

    /// Number of devices on the LAN; one unless said.
    pub fn clients(mut self, count: usize) -> Self {
        assert!((1..=100).contains(&count), "a lab has 1 to 100 LAN clients, not {count}");
        self.spec.clients = count;
        self
    }

    /// IPv6 with addresses given by hand, and Shorewall6.
    pub fn ipv6(mut self, on: bool) -> Self {
        self.spec.ipv6 = if on { Ipv6::Static } else { Ipv6::Absent };
        self
    }

    /// IPv6 by router advertisement, and Shorewall6.
    pub fn ipv6_ra(mut self, on: bool) -> Self {
        self.spec.ipv6 = if on { Ipv6::Advertised } else { Ipv6::Absent };
        self
    }

    /// How the providers share the traffic; `Balance` unless said.
    pub fn providers(mut self, style: Style) -> Self {
        self.firewall().style = style;
        self
    }

    /// Gives every provider the option `persistent`.
    pub fn persistent(mut self, on: bool) -> Self {
        self.firewall().persistent = on;
        self
    }

    /// Addresses by DHCP, and `detect` as the providers' gateway.
    pub fn detect(mut self) -> Self {
        self.spec.ipv4 = Ipv4::Dhcp;
        self
    }

    /// The last ISP is reached by a point-to-point tun device without gateway or MAC, as `PPPoE` is.
    pub fn tun_link(mut self) -> Self {
        self.spec.tun = Some(0);
        self
    }

    /// Neither Shorewall nor Shorewall6: default routes with metric 101, 102, … and masquerading by nftables.
    pub fn without_shorewall(mut self) -> Self {
        self.spec.firewall = None;
        self
    }

    /// Which `isusable` Shorewall asks; the seed's unless said.
    pub fn isusable(mut self, script: Isusable) -> Self {
        self.firewall().isusable = script;
        self
    }

    /// The kernel's reverse path filter on the links: 0 off, 1 strict, 2 loose; off unless said.
    pub fn rp_filter(mut self, mode: u8) -> Self {
        assert!(mode <= 2, "rp_filter is 0, 1 or 2, not {mode}");
        self.spec.rp_filter = mode;
        self
    }

    /// Whether the lab's Internet also owns the public resolvers that are the daemon's default targets.
    pub fn default_targets(mut self, on: bool) -> Self {
        self.spec.public_targets = on;
        self
    }

    /// Puts a wire under these conditions between the gateway and ISP `isp`.
    pub fn wire(mut self, isp: usize, conditions: Conditions) -> Self {
        self.spec.wires.insert(isp, conditions);
        self
    }

    /// The program `Gw::daemon` runs where `REBOOTPING_BIN` is not set: `env!("CARGO_BIN_EXE_rebootping")` in its tests.
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.spec.binary = Some(path.into());
        self
    }

    /// Lets the lab outlive this process.
    pub fn keep(mut self) -> Self {
        self.spec.kept = true;
        self
    }

    /// Makes the lab. Panics, having removed what there was of it, where something does not work.
    #[track_caller]
    pub fn build(mut self) -> Lab {
        if self.spec.tun.is_some() {
            self.spec.tun = Some(self.spec.isps);
        }
        Lab::make(self.spec)
    }

    fn firewall(&mut self) -> &mut Firewall {
        self.spec.firewall.as_mut().expect("say `without_shorewall` last, or not at all")
    }
}

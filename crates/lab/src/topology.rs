//! Makes the namespaces, the cables between them, their addresses and kernel parameters.
//!
//! ```text
//! lan1 ─┐                 wan1 ── c0 isp1 up0 ── i1 ┐
//!       ├ br0 (sw) ─ lan0 gw                         net   (targets on lo)
//! lan2 ─┘                 wan2 ── c0 isp2 up0 ── i2 ┘
//! ```
//!
//! A wire lies in a namespace of its own: `wan1 ── w0 wire1 w1 ── c0`. A tun link has tun devices for `wan1` and `c0`.

use std::fmt::Write;

use crate::ns::{Ns, ip_batch};
use crate::plan::{self, LAN_V4, LAN_V6, wan};
use crate::spec::Spec;

/// The namespaces of one lab.
#[derive(Debug)]
pub(crate) struct Spaces {
    pub(crate) gw: Ns,
    pub(crate) net: Ns,
    pub(crate) switch: Ns,
    pub(crate) isps: Vec<Ns>,
    pub(crate) lans: Vec<Ns>,
    /// The namespace in which the cable of each ISP lies, where it has one.
    pub(crate) wires: Vec<Option<Ns>>,
}

impl Spaces {
    /// Names them; nothing is made yet.
    pub(crate) fn named(lab: &str, spec: &Spec) -> Self {
        let ns = |role: String| Ns::new(format!("{lab}-{role}"));
        let wire = |isp| spec.wires.contains_key(&isp).then(|| ns(format!("wire{isp}")));
        Self {
            gw: ns("gw".into()),
            net: ns("net".into()),
            switch: ns("sw".into()),
            isps: spec.each_isp().map(|isp| ns(format!("isp{isp}"))).collect(),
            lans: spec.each_client().map(|client| ns(format!("lan{client}"))).collect(),
            wires: spec.each_isp().map(wire).collect(),
        }
    }

    /// Every namespace of the lab.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Ns> {
        let wires = self.wires.iter().flatten();
        [&self.gw, &self.net, &self.switch].into_iter().chain(&self.isps).chain(&self.lans).chain(wires)
    }

    /// Makes the namespaces, empty.
    pub(crate) fn make(&self) {
        let mut lines = String::new();
        for ns in self.all() {
            line(&mut lines, &format!("netns add {}", ns.name()));
        }
        ip_batch(&lines);
        for ns in self.all() {
            // Interfaces made from here on use addresses at once: nobody has to look for duplicates.
            ns.sysctl([("net/ipv6/conf/all/accept_dad", "0"), ("net/ipv6/conf/default/accept_dad", "0")]);
        }
    }

    /// Lays all cables but tun devices.
    pub(crate) fn lay_cables(&self, spec: &Spec) {
        let mut lines = String::new();
        veth(&mut lines, ("lan0", &self.gw, "02:00:00:00:00:01"), ("p0", &self.switch, "02:00:00:00:00:02"));
        for (at, lan) in self.lans.iter().enumerate() {
            let client = at + 1;
            let (mac, port) = (format!("02:00:00:00:01:{client:02x}"), format!("p{client}"));
            veth(&mut lines, ("eth0", lan, &mac), (&port, &self.switch, &format!("02:00:00:00:02:{client:02x}")));
        }
        for isp in spec.each_isp() {
            self.lay_isp_cables(&mut lines, spec, isp);
        }
        ip_batch(&lines);
    }

    fn lay_isp_cables(&self, lines: &mut String, spec: &Spec, isp: usize) {
        let mac = |end: u8| format!("02:00:00:0{isp}:00:{end:02x}");
        let here = &self.isps[isp - 1];
        veth(lines, ("up0", here, &mac(5)), (&format!("i{isp}"), &self.net, &mac(6)));
        let (wan, gw_mac, isp_mac) = (wan(isp), mac(2), mac(1));
        let (gw_end, isp_end) = ((wan.as_str(), &self.gw, gw_mac.as_str()), ("c0", here, isp_mac.as_str()));
        if spec.tun == Some(isp) {
            return;
        }
        match &self.wires[isp - 1] {
            None => veth(lines, gw_end, isp_end),
            Some(wire) => {
                veth(lines, gw_end, ("w0", wire, &mac(3)));
                veth(lines, ("w1", wire, &mac(4)), isp_end);
            }
        }
    }

    /// Sets kernel parameters that must be there before an interface comes up.
    pub(crate) fn set_parameters(&self, spec: &Spec) {
        for ns in self.isps.iter().chain([&self.gw, &self.net]) {
            ns.sysctl([("net/ipv4/ip_forward", "1"), ("net/ipv6/conf/all/forwarding", "1")]);
        }
        self.gw.sysctl([
            ("net/ipv4/fib_multipath_hash_policy", "1"),
            ("net/ipv6/fib_multipath_hash_policy", "1"),
            ("net/ipv4/conf/all/rp_filter", "0"),
        ]);
        for isp in spec.each_isp() {
            self.set_link_parameters(spec, isp);
        }
    }

    fn set_link_parameters(&self, spec: &Spec, isp: usize) {
        let v4 = |key: &str| format!("net/ipv4/conf/{}/{key}", wan(isp));
        let v6 = |key: &str| format!("net/ipv6/conf/{}/{key}", wan(isp));
        let accept = if spec.is_advertised(isp) { "2" } else { "0" };
        let rp_filter = spec.rp_filter.to_string();
        self.gw.sysctl([
            (v4("rp_filter").as_str(), rp_filter.as_str()),
            // A second address stays when the first goes: so one changes to the other without a moment without any.
            (&v4("promote_secondaries"), "1"),
            (&v6("accept_ra"), accept),
            (&v6("router_solicitation_delay"), "0"),
        ]);
        self.isps[isp - 1].sysctl([("net/ipv6/conf/c0/keep_addr_on_down", "1")]);
    }

    /// Gives every namespace its addresses and routes.
    pub(crate) fn give_addresses(&self, spec: &Spec) {
        self.address_lan(spec);
        self.address_gateway(spec);
        self.address_internet(spec);
        for isp in spec.each_isp() {
            self.address_isp(spec, isp);
        }
    }

    /// Gives both ends of a tun link their addresses.
    pub(crate) fn address_line(&self, isp: usize) {
        let (wan, here, far) = (wan(isp), plan::gateway_v4(isp), plan::isp_v4(isp));
        self.gw.configure(&format!("link set dev {wan} up\naddr add {here} peer {far}/32 dev {wan}\n"));
        self.isps[isp - 1].configure(&format!("link set dev c0 up\naddr add {far} peer {here}/32 dev c0\n"));
    }

    fn address_lan(&self, spec: &Spec) {
        let mut ports = String::from("link add br0 type bridge mcast_snooping 0\nlink set dev br0 up\n");
        for port in 0..=spec.clients {
            line(&mut ports, &format!("link set dev p{port} master br0 up"));
        }
        self.switch.configure(&ports);
        for (at, lan) in self.lans.iter().enumerate() {
            let last = 10 + at;
            let mut lines = format!("link set dev eth0 up\naddr add 10.50.0.{last}/24 dev eth0\n");
            line(&mut lines, "route add default via 10.50.0.1");
            if spec.has_ipv6() {
                line(&mut lines, &format!("addr add fd61::{last}/64 dev eth0"));
                line(&mut lines, "route add default via fd61::1");
            }
            lan.configure(&lines);
        }
    }

    fn address_gateway(&self, spec: &Spec) {
        let mut lines = format!("link set dev lan0 up\naddr add {} dev lan0\n", first_host(LAN_V4));
        if spec.has_ipv6() {
            line(&mut lines, &format!("addr add {} dev lan0", first_host(LAN_V6)));
        }
        for isp in spec.each_isp() {
            let (wan, own, far) = (wan(isp), plan::gateway_v4(isp), plan::isp_v4(isp));
            line(&mut lines, &format!("link set dev {wan} up"));
            if spec.tun == Some(isp) {
                line(&mut lines, &format!("addr add {own} peer {far}/32 dev {wan}"));
            } else if !spec.is_dhcp(isp) {
                line(&mut lines, &format!("addr add {own}/24 dev {wan}"));
            }
            if spec.has_ipv6() && !spec.is_advertised(isp) {
                line(&mut lines, &format!("addr add {}/64 dev {wan}", plan::gateway_v6(isp)));
            }
            if spec.firewall.is_none() {
                plain_default_routes(&mut lines, spec, isp);
            }
        }
        self.gw.configure(&lines);
        if spec.firewall.is_none() {
            self.gw.nft("table inet nat {\n chain out {\n  type nat hook postrouting priority srcnat;\n  oifname \"wan*\" masquerade\n }\n}\n");
        }
    }

    fn address_isp(&self, spec: &Spec, isp: usize) {
        let (own, far) = (plan::isp_v4(isp), plan::gateway_v4(isp));
        let mut lines = String::from("link set dev c0 up\nlink set dev up0 up\n");
        if spec.tun == Some(isp) {
            line(&mut lines, &format!("addr add {own} peer {far}/32 dev c0"));
        } else {
            line(&mut lines, &format!("addr add {own}/24 dev c0"));
        }
        line(&mut lines, &format!("addr add 172.31.{isp}.1/30 dev up0\nroute add default via 172.31.{isp}.2"));
        if spec.has_ipv6() {
            line(&mut lines, &format!("addr add {}/64 dev c0", plan::isp_v6(isp)));
            line(&mut lines, &format!("addr add {}/64 dev c0", plan::isp_link_local(isp)));
            line(&mut lines, &format!("addr add 2001:db8:f{isp}::1/64 dev up0"));
            line(&mut lines, &format!("route add default via 2001:db8:f{isp}::2"));
        }
        self.isps[isp - 1].configure(&lines);
    }

    fn address_internet(&self, spec: &Spec) {
        let mut lines = String::new();
        for isp in spec.each_isp() {
            let customers = plan::host_v4(isp, 0);
            line(&mut lines, &format!("link set dev i{isp} up\naddr add 172.31.{isp}.2/30 dev i{isp}"));
            line(&mut lines, &format!("route add {customers}/24 via 172.31.{isp}.1"));
            if spec.has_ipv6() {
                line(&mut lines, &format!("addr add 2001:db8:f{isp}::2/64 dev i{isp}"));
                line(&mut lines, &format!("route add 2001:db8:{isp}::/64 via 2001:db8:f{isp}::1"));
            }
        }
        let public = spec.public_targets;
        for target in plan::TARGETS_V4.iter().chain(plan::PUBLIC_V4.iter().filter(|_| public)) {
            line(&mut lines, &format!("addr add {target}/32 dev lo"));
        }
        for target in plan::TARGETS_V6.iter().chain(plan::PUBLIC_V6.iter().filter(|_| public)) {
            line(&mut lines, &format!("addr add {target}/128 dev lo"));
        }
        self.net.configure(&lines);
    }
}

impl Ns {
    /// Runs `ip` commands here, loopback up before them.
    pub(crate) fn configure(&self, lines: &str) {
        self.enter(|| ip_batch(&format!("link set dev lo up\n{lines}")));
    }
}

/// The default routes of a gateway without Shorewall.
fn plain_default_routes(lines: &mut String, spec: &Spec, isp: usize) {
    let (wan, metric) = (wan(isp), 100 + isp);
    let via = |hop: String| if spec.tun == Some(isp) { String::new() } else { format!("via {hop} ") };
    if !spec.is_dhcp(isp) {
        let hop = via(plan::isp_v4(isp).to_string());
        line(lines, &format!("route add default {hop}dev {wan} metric {metric}"));
    }
    if spec.has_ipv6() && !spec.is_advertised(isp) {
        let hop = via(plan::isp_v6(isp).to_string());
        line(lines, &format!("route add ::/0 {hop}dev {wan} metric {metric}"));
    }
}

fn line(lines: &mut String, text: &str) {
    writeln!(lines, "{text}").expect("a string takes text");
}

/// Adds a cable with two ends, each (interface, namespace, MAC).
fn veth(lines: &mut String, one: (&str, &Ns, &str), other: (&str, &Ns, &str)) {
    let end = |(name, ns, mac): (&str, &Ns, &str)| format!("{name} address {mac} netns {}", ns.name());
    line(lines, &format!("link add {} type veth peer name {}", end(one), end(other)));
}

/// Turns `10.50.0.0/24` into `10.50.0.1/24` and `fd61::/64` into `fd61::1/64`.
fn first_host(prefix: &str) -> String {
    prefix.replace("0/24", "1/24").replace("::/", "::1/")
}

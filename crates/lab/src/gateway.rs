//! The gateway: what its kernel and its Shorewall say, and the daemon on it.

use std::fs;
use std::net::IpAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Output;
use std::time::Instant;

use nix::net::if_::if_nametoindex;

use crate::daemon::Daemon;
use crate::lab::Lab;
use crate::ns::Ns;
use crate::plan::{Family, wan};
use crate::rtnl::DefaultRoute;
use crate::shorewall::{product, var_dir};
use crate::watcher::Watcher;

/// Tables that new connections consult, in the order of Shorewall's rules: main, balance, default.
const TABLES_IN_ORDER: [u32; 3] = [254, 250, 253];

/// The gateway of a lab. It is a namespace too: `lab.gw().run("ip route")`.
#[derive(Clone, Copy, Debug)]
pub struct Gw<'lab> {
    lab: &'lab Lab,
}

impl<'lab> Gw<'lab> {
    pub(crate) fn of(lab: &'lab Lab) -> Self {
        Self { lab }
    }

    /// Whether `link` has a default route in the tables balance, main or default: its provider is in.
    pub fn balance_has(&self, link: &str, family: Family) -> bool {
        let Some(index) = self.index(link) else { return false };
        self.routes_for_new(family).iter().any(|route| route.interfaces.contains(&index))
    }

    /// Whether new connections take `link` now: it is in the first of those tables that has a default route, at its best metric.
    pub fn uses(&self, link: &str, family: Family) -> bool {
        let Some(index) = self.index(link) else { return false };
        let routes = self.routes_for_new(family);
        let rank =
            |route: &&DefaultRoute| (TABLES_IN_ORDER.iter().position(|table| *table == route.table), route.metric);
        let Some(best) = routes.iter().map(|route| rank(&route)).min() else { return false };
        routes.iter().filter(|route| rank(route) == best).any(|route| route.interfaces.contains(&index))
    }

    /// Whether new connections have any way out.
    pub fn default_route_exists(&self, family: Family) -> bool {
        !self.routes_for_new(family).is_empty()
    }

    /// Every default route of the gateway, in all tables.
    pub fn default_routes(&self, family: Family) -> Vec<DefaultRoute> {
        self.lab.rtnl.lock().expect("no panic while it is held").default_routes(family)
    }

    /// The content of the status file for `link`, where there is one.
    pub fn status_file(&self, link: &str) -> Option<String> {
        self.status_file_of(link, Family::V4)
    }

    /// The content of Shorewall's or Shorewall6's status file for `link`, where there is one.
    pub fn status_file_of(&self, link: &str, family: Family) -> Option<String> {
        fs::read_to_string(self.var_dir(family).join(format!("rebootping-{link}.status"))).ok()
    }

    /// Where Shorewall or Shorewall6 keeps its state.
    pub fn var_dir(&self, family: Family) -> PathBuf {
        var_dir(&self.lab.dir(), family)
    }

    /// Where Shorewall's or Shorewall6's configuration lies.
    pub fn etc_dir(&self, family: Family) -> PathBuf {
        PathBuf::from(format!("/etc/netns/{}/{}", self.name(), product(family)))
    }

    /// Runs `shorewall ARGUMENTS`, whatever comes of it.
    pub fn shorewall(&self, arguments: &str) -> Output {
        self.try_run(&format!("{} {arguments}", product(Family::V4)))
    }

    /// Runs `shorewall6 ARGUMENTS`, whatever comes of it.
    pub fn shorewall6(&self, arguments: &str) -> Output {
        self.try_run(&format!("{} {arguments}", product(Family::V6)))
    }

    /// Starts `rebootping run` with this configuration, to which `[paths]` below the lab's directory are added.
    #[track_caller]
    pub fn daemon(&self, config: &str) -> Daemon {
        Daemon::start(self, &self.lab.dir(), self.lab.spec.binary.as_deref(), config)
    }

    /// Begins to watch when links leave and enter the routing of new connections.
    pub fn watch(&self) -> Watcher {
        Watcher::start(self, self.lab.spec.each_isp().map(wan).collect())
    }

    /// The address `link` has now, or none.
    pub fn address(&self, link: &str, family: Family) -> Option<IpAddr> {
        let flag = match family {
            Family::V4 => "-4",
            Family::V6 => "-6",
        };
        let shown = self.run(&format!("ip {flag} -o address show dev {link} scope global"));
        shown.split_whitespace().nth(3)?.split('/').next()?.parse().ok()
    }

    /// Gives `link` another IPv4 address in its network, the one that ends in `last`, and takes the old one away.
    pub fn change_address(&self, link: &str, last: u8) -> Instant {
        let Some(IpAddr::V4(old)) = self.address(link, Family::V4) else { panic!("{link} has no IPv4 address") };
        let [a, b, c, _] = old.octets();
        let moment = Instant::now();
        self.run(&format!("ip address add {a}.{b}.{c}.{last}/24 dev {link} && ip address delete {old}/24 dev {link}"));
        moment
    }

    fn routes_for_new(self, family: Family) -> Vec<DefaultRoute> {
        let mut routes = self.default_routes(family);
        routes.retain(is_for_new);
        routes
    }

    fn index(self, link: &str) -> Option<u32> {
        self.enter(|| if_nametoindex(link)).ok()
    }
}

/// Whether a default route is one that new connections can take.
pub(crate) fn is_for_new(route: &DefaultRoute) -> bool {
    TABLES_IN_ORDER.contains(&route.table) && !route.interfaces.is_empty()
}

impl Deref for Gw<'_> {
    type Target = Ns;

    fn deref(&self) -> &Ns {
        &self.lab.spaces.gw
    }
}

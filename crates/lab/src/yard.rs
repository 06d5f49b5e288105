//! A gateway without Internet and a street before it, from which frames of any making are sent: for captures.
//!
//! ```text
//! street ── cable NAME ── NAME gw (rebootping)
//! ```

use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::unistd::geteuid;

use crate::daemon::Daemon;
use crate::ns::{Ns, ip_batch};
use crate::remains::Remains;

static COUNT: AtomicU32 = AtomicU32::new(1);

/// Two network namespaces, and what runs on the gateway's; gone when dropped.
#[derive(Debug)]
pub struct Yard {
    gw: Ns,
    street: Ns,
    binary: PathBuf,
    // Last: its drop removes the namespaces.
    remains: Remains,
}

impl Yard {
    /// Makes one without any cable; `prefix` (letters and digits) is part of its namespaces' names, `binary` the program to
    /// run.
    #[track_caller]
    pub fn build(prefix: &str, binary: impl Into<PathBuf>) -> Self {
        assert!(geteuid().is_root(), "the yard makes network namespaces and needs root: run the tests as root");
        let name = format!("rb-{prefix}-{}-y{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let remains = Remains::of(name.clone(), false);
        let [gw, street] = ["gw", "st"].map(|role| Ns::new(format!("{name}-{role}")));
        ip_batch(&format!("netns add {}\nnetns add {}\n", gw.name(), street.name()));
        for ns in [&gw, &street] {
            // Nobody speaks but who is told to.
            ns.sysctl([("net/ipv6/conf/all/disable_ipv6", "1"), ("net/ipv6/conf/default/disable_ipv6", "1")]);
            ns.run("ip link set dev lo up");
        }
        Self { gw, street, binary: binary.into(), remains }
    }

    /// Lays a cable: an interface of this name on both sides, with this MAC on the gateway's.
    pub fn lay_cable(&self, name: &str, mac: &str) {
        let (gw, street) = (self.gw.name(), self.street.name());
        ip_batch(&format!("link add {name} netns {gw} address {mac} type veth peer name {name} netns {street}\n"));
        for ns in [&self.gw, &self.street] {
            ns.run(&format!("ip link set dev {name} up"));
        }
    }

    /// A further network namespace, empty and without a way out; `role` (letters and digits) is part of its name.
    #[track_caller]
    pub fn space(&self, role: &str) -> Ns {
        let space = Ns::new(self.gw.name().replace("-gw", &format!("-{role}")));
        ip_batch(&format!("netns add {}\n", space.name()));
        space.run("ip link set dev lo up");
        space
    }

    /// The gateway.
    pub fn gw(&self) -> &Ns {
        &self.gw
    }

    /// Where frames come from.
    pub fn street(&self) -> &Ns {
        &self.street
    }

    /// The directory of its files.
    pub fn dir(&self) -> &Path {
        &self.remains.dir
    }

    /// Where the daemon keeps captures unless its configuration says otherwise.
    pub fn captures(&self) -> PathBuf {
        self.dir().join("state/captures")
    }

    /// Starts rebootping on the gateway, with this configuration but for `[paths]`.
    #[track_caller]
    pub fn daemon(&self, config: &str) -> Daemon {
        Daemon::start(&self.gw, self.dir(), Some(&self.binary), config)
    }
}

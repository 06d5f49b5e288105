//! A whole lab: made by [`Lab::builder`], gone when dropped.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;
use std::{fs, process};

use nix::unistd::geteuid;

use crate::echo_server::EchoServer;
use crate::fault::{self, Faults};
use crate::files::create_dir;
use crate::gateway::Gw;
use crate::isp::Isp;
use crate::ns::Ns;
use crate::plan::wan;
use crate::remains::{self, Remains};
use crate::rtnl::Rtnl;
use crate::spec::{Builder, Spec};
use crate::topology::Spaces;
use crate::tun::TunLink;
use crate::wire::Wire;
use crate::{dhcp, ra, shorewall};

static COUNT: AtomicU32 = AtomicU32::new(1);

/// ISPs, a gateway, a LAN and an Internet.
#[derive(Debug)]
pub struct Lab {
    pub(crate) spec: Spec,
    pub(crate) spaces: Spaces,
    /// Faults of each ISP, the first at 0.
    pub(crate) faults: Mutex<Vec<Faults>>,
    pub(crate) rtnl: Mutex<Rtnl>,
    /// The line to the ISP that is reached by a tun device.
    pub(crate) tun: Mutex<Option<TunLink>>,
    /// The wire to each ISP, the first at 0.
    pub(crate) wires: Vec<Option<Wire>>,
    /// Answer flows over IPv4 and IPv6, once there are some.
    pub(crate) servers: [OnceLock<EchoServer>; 2],
    dead_targets: Mutex<BTreeSet<IpAddr>>,
    // Last: all threads are out of the namespaces when these go.
    pub(crate) remains: Mutex<Remains>,
}

impl Lab {
    /// Begins to describe a lab; `prefix` (letters and digits) is part of its namespaces' names.
    pub fn builder(prefix: &str) -> Builder {
        Builder::new(prefix)
    }

    pub(crate) fn make(spec: Spec) -> Self {
        assert!(geteuid().is_root(), "the lab makes network namespaces and needs root: run the tests as root");
        let name = format!("rb-{}-{}-{}", spec.prefix, process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut remains = Remains::of(name.clone(), spec.kept);
        let dir = remains.dir.clone();
        let mut spaces = Spaces::named(&name, &spec);
        if spec.each_isp().any(|isp| spec.is_dhcp(isp)) {
            let leases = dir.join("dhcp");
            create_dir(&leases);
            spaces.gw = spaces.gw.with_leases(leases);
        }
        spaces.make();
        spaces.lay_cables(&spec);
        let tun = spec.tun.map(|isp| TunLink::lay(&spaces.gw, &wan(isp), &spaces.isps[isp - 1]));
        spaces.set_parameters(&spec);
        let wires = spec.each_isp().map(|isp| {
            let wire = spaces.wires[isp - 1].as_ref()?;
            Some(Wire::lay(wire, spec.wires[&isp].clone()))
        });
        let wires = wires.collect();
        spaces.give_addresses(&spec);
        start_services(&spec, &spaces, &mut remains);
        shorewall::start(&spaces.gw, &spec, &dir);
        let rtnl = spaces.gw.enter(Rtnl::open);
        Self {
            faults: Mutex::new(vec![Faults::default(); spec.isps]),
            rtnl: Mutex::new(rtnl),
            tun: Mutex::new(tun),
            wires,
            servers: Default::default(),
            dead_targets: Mutex::default(),
            spec,
            spaces,
            remains: Mutex::new(remains),
        }
    }

    /// The lab's name, with which the names of its namespaces begin.
    pub fn name(&self) -> String {
        self.remains.lock().expect("no panic while it is held").name.clone()
    }

    /// The lab's own directory: configuration, state and logs; goes with the lab.
    pub fn dir(&self) -> std::path::PathBuf {
        self.remains.lock().expect("no panic while it is held").dir.clone()
    }

    /// The gateway.
    pub fn gw(&self) -> Gw<'_> {
        Gw::of(self)
    }

    /// ISP `number`, from 1.
    #[track_caller]
    pub fn isp(&self, number: usize) -> Isp<'_> {
        assert!(
            self.spec.each_isp().contains(&number),
            "this lab has {} ISPs, there is no ISP {number}",
            self.spec.isps
        );
        Isp::of(self, number)
    }

    /// The Internet: the namespace that has the targets' addresses.
    pub fn net(&self) -> &Ns {
        &self.spaces.net
    }

    /// Device `number` on the LAN, from 1.
    #[track_caller]
    pub fn lan(&self, number: usize) -> &Ns {
        &self.spaces.lans[number - 1]
    }

    /// Makes a target dead for everybody, or alive again. The time is the latest before it took effect.
    pub fn target_dead(&self, target: &str, dead: bool) -> Instant {
        self.targets_dead(&[target], dead)
    }

    /// Makes targets dead for everybody, or alive again, all at one instant: no link is asked for one of them in between.
    pub fn targets_dead(&self, targets: &[&str], dead: bool) -> Instant {
        let mut all = self.dead_targets.lock().expect("no panic while it is held");
        for target in targets.iter().copied().map(parse) {
            if dead {
                all.insert(target);
            } else {
                all.remove(&target);
            }
        }
        let rules = fault::dead_targets(&all);
        let moment = Instant::now();
        self.spaces.net.nft(&rules);
        moment
    }

    /// Whether the output of any daemon that ran in this lab has `text` in it.
    pub fn log_contains(&self, text: &str) -> bool {
        daemon_logs(&self.dir()).iter().any(|log| log.contains(text))
    }

    /// Removes all labs built with `keep`; their names.
    pub fn remove_kept() -> Vec<String> {
        remains::remove_kept()
    }
}

fn daemon_logs(dir: &Path) -> Vec<String> {
    let files = fs::read_dir(dir).expect("the lab's directory is there").filter_map(Result::ok);
    let logs = files.filter(|file| file.file_name().to_string_lossy().starts_with("daemon"));
    logs.filter(|file| file.path().extension().is_some_and(|extension| extension == "log"))
        .map(|file| String::from_utf8_lossy(&fs::read(file.path()).unwrap_or_default()).into_owned())
        .collect()
}

fn start_services(spec: &Spec, spaces: &Spaces, remains: &mut Remains) {
    let dir = remains.dir.clone();
    for isp in spec.each_isp() {
        let ns = &spaces.isps[isp - 1];
        if spec.is_dhcp(isp) {
            dhcp::start(spaces, isp, (dhcp::HOST, dhcp::ROUTER), remains);
        }
        if spec.is_advertised(isp) {
            let radvd = ra::advertise(ns, isp, &dir, &dir.join(format!("radvd{isp}.log")));
            remains.children.insert(format!("radvd{isp}"), radvd);
        }
    }
    for isp in spec.each_isp() {
        if spec.is_dhcp(isp) {
            dhcp::wait_for_lease(&spaces.gw, isp, (dhcp::HOST, dhcp::ROUTER));
        }
        if spec.is_advertised(isp) {
            ra::wait_for_route(&spaces.gw, isp);
        }
    }
}

#[track_caller]
pub(crate) fn parse(address: &str) -> IpAddr {
    address.parse().unwrap_or_else(|_| panic!("{address:?} is no address"))
}

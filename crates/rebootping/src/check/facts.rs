//! All that `check` looks at, gathered before anything is said about it.

use crate::committer::providers::Provider;
use crate::config::commit::Backend;
use crate::config::error::Problem;
use crate::judge::links::Origin;
use crate::report::sending::Unsent;
use crate::sandbox::Confinement;
use rebootping_core::commit::Firewall;
use rebootping_core::control::prefix::Prefix;
use rebootping_core::link::{Family, Presence};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

/// The configuration, the machine, its links and its firewall at one moment.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Without it, parts of the machine cannot be looked at.
    pub(super) is_root: bool,
    pub(super) configuration: Configuration,
    pub(super) links: Vec<Link>,
    pub(super) targets: Vec<TargetList>,
    /// Shorewall and Shorewall6, as far as they are set up.
    pub(super) products: Vec<Product>,
    /// Where the hardened `isusable` lies on this machine.
    pub(super) script: PathBuf,
    pub(super) machine: Machine,
    /// Global IPv6 networks of the LAN.
    pub(super) networks: Vec<Network>,
    /// Resolvers that are reached over one link alone, with that.
    pub(super) bound_resolvers: Vec<(IpAddr, String)>,
    pub(super) daemon: Daemon,
}

/// What was written, beyond what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Configuration {
    /// The file an operator would write to.
    pub(super) file: PathBuf,
    /// It was named on the command line, and is the only one read.
    pub(super) is_named: bool,
    /// It exists.
    pub(super) exists: bool,
    pub(super) backend: Backend,
    /// Hosts are to avoid prefixes of links that are out.
    pub(super) deprecates_prefixes: bool,
    /// Programs it names, each with its key.
    pub(super) programs: Vec<Program>,
    /// Patterns of `[[link]]` and `[links]` that match no link, each with its section.
    pub(super) unmatched: Vec<(&'static str, String)>,
    /// Keys that mean nothing any more.
    pub(super) retired: Vec<Problem>,
}

/// A program the configuration names.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) key: &'static str,
    pub(super) path: String,
    pub(super) can_run: bool,
}

/// An Internet link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) interface: String,
    pub(super) label: Option<String>,
    pub(super) metered: bool,
    /// The administrator wants it up.
    pub(super) is_up: bool,
    /// In families that are probed.
    pub(super) families: BTreeMap<Family, Path>,
    /// The most bytes a month of echoes and replies.
    pub(super) probe_bytes: ProbeBytes,
    /// The larger of the interface's setting and that of all (ip-sysctl): who answers ARP, and from which address it asks.
    pub(super) arp_ignore: u8,
    pub(super) arp_announce: u8,
    /// Router advertisements put default routes into the main table.
    pub(super) takes_advertised_routes: bool,
}

/// A link in one family.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) presence: Presence,
    /// The address echoes are sent from, with the length of its subnet's prefix.
    pub(super) source: Option<(IpAddr, u8)>,
    /// The next hop and who named it; none on a point-to-point device.
    pub(super) gateway: Option<(IpAddr, Origin)>,
}

/// What probing costs, in bytes a month.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProbeBytes {
    /// Of a metered link while every other is well.
    pub(super) resting: Option<u64>,
    pub(super) in_full: u64,
}

/// Targets that are asked together.
#[derive(Clone, Debug)]
pub(super) struct TargetList {
    /// The section they are written in.
    pub(super) section: String,
    pub(super) family: Family,
    pub(super) targets: Vec<IpAddr>,
}

/// Shorewall or Shorewall6.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub(super) family: Family,
    pub(super) etc: PathBuf,
    /// `None` where we may not look.
    pub(super) state: Option<Firewall>,
    pub(super) providers: Vec<Provider>,
    /// Numbers of providers for whose mark the kernel has a rule.
    pub(super) marked: BTreeSet<u32>,
    /// Interfaces whose flows get a fixed address, with the action that gives it.
    pub(super) translated: BTreeMap<String, String>,
    pub(super) consent: Consent,
    /// The `isusable` in its configuration directory is not the one in force.
    pub(super) has_unused_script: bool,
}

/// Whether the `isusable` in force reads our status file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Consent {
    Given,
    /// There is a script, and it reads something else.
    Refused,
    /// There is no script.
    NoScript,
    /// We may not ask.
    Unknown,
}

/// An IPv6 network that hosts of the LAN have addresses of.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) interface: String,
    pub(super) prefix: Prefix,
    pub(super) way: Way,
    /// How hosts hear of it.
    pub(super) advertised: Vec<Advertiser>,
}

/// Over which links a network works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// Nobody says.
    Unknown,
    /// Any: its packets get another source on their way out.
    Any,
    /// This one alone.
    Link(String),
}

/// Who has hosts hear of a network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Advertiser {
    /// radvd, with this file.
    Radvd(PathBuf),
    /// dnsmasq, as our own address is.
    Dnsmasq,
    /// dnsmasq, by this range, as long as it runs.
    FixedDnsmasq(String),
}

/// The kernel and the file system.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    /// Why the kernel did not tell of its links.
    pub(super) networking_error: Option<String>,
    /// The kernel tracks connections.
    pub(super) tracks_connections: bool,
    pub(super) confinement: Confinement,
    /// `fib_multipath_hash_policy` of the families that have it.
    pub(super) hash_policy: BTreeMap<Family, u8>,
    pub(super) folders: Vec<Folder>,
}

/// A folder the daemon needs.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// Its key under `[paths]`.
    pub(super) key: &'static str,
    pub(super) path: PathBuf,
    pub(super) problem: Option<FolderProblem>,
}

/// Why a folder will not do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum FolderProblem {
    /// Something else has its name.
    NoFolder(PathBuf),
    /// Root cannot write there, in the system's words.
    Unwritable(PathBuf, String),
    /// Anyone may replace what is in it.
    WritableByAll,
    /// Its disk has so many bytes available, and so many are to be left free: nothing more is kept.
    TooFull(u64, u64),
    /// What is kept in it cannot be understood.
    Damaged(String),
}

/// The running daemon, if any.
#[derive(Clone, Debug)]
pub(super) enum Daemon {
    Absent,
    /// It is there and did not answer as it should.
    Silent(String),
    Running(Running),
}

/// What the running daemon says.
#[derive(Clone, Debug)]
pub(super) struct Running {
    /// Targets that do not count at the moment.
    pub(super) left_out: BTreeSet<IpAddr>,
    /// Who carries choices out, how far that has come, and what is in the way.
    pub(super) backend: String,
    pub(super) commit: String,
    pub(super) error: Option<String>,
    /// Links that somebody else changed, and that stay so.
    pub(super) left_alone: Vec<String>,
    /// What is not sent to others as it should be.
    pub(super) unsent: Vec<Unsent>,
}

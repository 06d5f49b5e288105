//! A gateway as it should be, and what is said of it when one thing after the other is not.

use super::facts::{
    Advertiser, Configuration, Consent, Daemon, Facts, Folder, FolderProblem, Link, Machine, Network, Path, ProbeBytes,
    Product, Program, Running, TargetList, Way,
};
use super::finding::{Finding, Remedy, Severity};
use super::{configuration, findings, print};
use crate::committer::providers::{DefaultRoute, Gateway, Provider};
use crate::config::commit::Backend;
use crate::config::error::{Place, Problem};
use crate::config::parse;
use crate::ipc::courier::{MinutesReport, SinkReport};
use crate::judge::links::Origin;
use crate::report::sending::{AlertsStatus, unsent};
use crate::sandbox::Confinement;
use rebootping_core::alerts::outbox::Sink;
use rebootping_core::commit::Firewall;
use rebootping_core::link::{Family, Presence};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{self, PathBuf};

#[test]
fn a_gateway_as_it_should_be_has_nothing_to_mend() {
    let found = findings(&sound());
    assert!(found.iter().all(|finding| finding.severity == Severity::Fine), "{found:#?}");
    insta::assert_snapshot!(print::prose(&found));
}

#[test]
fn whatever_is_not_fine_says_what_mends_it() {
    let mut wrong = sound();
    wrong.is_root = false;
    wrong.daemon = Daemon::Absent;
    wrong.links[0].metered = true;
    let found = findings(&wrong);
    assert!(found.iter().all(|finding| (finding.severity == Severity::Fine) == finding.remedy.is_none()));
    assert!(found.iter().any(|finding| finding.remedy == Some(Remedy::run("sudo rebootping check"))));
}

#[test]
fn findings_about_the_configuration() {
    let told = told(&[
        ("no file", |facts| facts.configuration.exists = false),
        ("a file of one's own", |facts| {
            facts.configuration.file = PathBuf::from("./trial.toml");
            facts.configuration.is_named = true;
        }),
        ("a program that is none", |facts| {
            let path = "/usr/local/sbin/use-links".to_owned();
            facts.configuration.programs = vec![Program { key: "[hooks] link", path, can_run: false }];
        }),
        ("observing", |facts| facts.configuration.backend = Backend::Observe),
        ("a program of one's own", |facts| {
            let path = "/usr/local/sbin/use-links".to_owned();
            facts.configuration.backend = Backend::Exec;
            facts.configuration.programs = vec![Program { key: "[commit] command", path, can_run: true }];
        }),
        ("a pattern without a link", |facts| facts.configuration.unmatched = vec![("[[link]]", "wam1".into())]),
        ("a key of an earlier version", |facts| {
            facts.configuration.retired = vec![Problem {
                place: Place { file: path::Path::new("/etc/rebootping/rebootping.toml").into(), line: Some(2) },
                what: "[store] wishes means nothing any more: nobody had any".into(),
                remedy: "remove it".into(),
            }];
        }),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn findings_about_the_lan() {
    fn network(facts: &mut Facts, way: Way, advertised: Vec<Advertiser>) {
        let path = path("2001:db8:1::2", 64, "fe80::1", Origin::Advertisement);
        for link in &mut facts.links {
            link.families.insert(Family::Ipv6, path.clone());
        }
        let prefix = "2001:db8:100::/64".parse().expect("a prefix");
        facts.networks = vec![Network { interface: "lan0".into(), prefix, way, advertised }];
    }
    fn of_wan1() -> Way {
        Way::Link("wan1".into())
    }
    let told = told(&[
        ("by radvd and dnsmasq", |facts| {
            network(facts, of_wan1(), vec![Advertiser::Radvd("/etc/radvd.conf".into()), Advertiser::Dnsmasq]);
        }),
        ("the only link", |facts| {
            network(facts, of_wan1(), vec![Advertiser::Dnsmasq]);
            facts.links[1].families.remove(&Family::Ipv6);
        }),
        ("translated", |facts| network(facts, Way::Any, vec![])),
        ("nobody knows whose", |facts| network(facts, Way::Unknown, vec![])),
        ("a fixed range", |facts| {
            network(facts, of_wan1(), vec![Advertiser::FixedDnsmasq("2001:db8:100::,ra-only".into())]);
        }),
        ("by nobody", |facts| network(facts, of_wan1(), vec![])),
        ("turned off", |facts| {
            network(facts, of_wan1(), vec![Advertiser::Dnsmasq]);
            facts.configuration.deprecates_prefixes = false;
        }),
        ("a resolver of one link's", |facts| facts.bound_resolvers = vec![(ip("198.51.100.53"), "wan1".into())]),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn findings_about_an_invalid_configuration() {
    let source = (PathBuf::from("trial.toml"), "[probe]\ninterval = \"0s\"\necho = 2\n".to_owned());
    let errors = parse(&[source]).expect_err("it is invalid");
    insta::assert_snapshot!(print::json(&configuration::invalid(&errors)));
}

#[test]
fn findings_about_links() {
    let told = told(&[
        ("none", |facts| facts.links.clear()),
        ("one", |facts| facts.links.truncate(1)),
        ("down", |facts| {
            facts.links[0].is_up = false;
            ipv4(facts).presence = Presence::NoCarrier;
        }),
        ("no carrier", |facts| ipv4(facts).presence = Presence::NoCarrier),
        ("no address", |facts| *ipv4(facts) = lacking(Presence::NoAddress)),
        ("absent", |facts| *ipv4(facts) = lacking(Presence::Absent)),
        ("no gateway", |facts| {
            ipv4(facts).presence = Presence::NoNextHop;
            ipv4(facts).gateway = None;
        }),
        ("no gateway and no provider", |facts| {
            ipv4(facts).presence = Presence::NoNextHop;
            facts.products.clear();
        }),
        ("point-to-point", |facts| ipv4(facts).gateway = None),
        ("by route", |facts| ipv4(facts).gateway = Some((ip("198.51.100.1"), Origin::Route))),
        ("by lease", |facts| ipv4(facts).gateway = Some((ip("198.51.100.1"), Origin::Lease))),
        ("by memory", |facts| ipv4(facts).gateway = Some((ip("198.51.100.1"), Origin::Memory))),
        ("IPv6 too", |facts| {
            let path = path("2001:db8:1::2", 64, "fe80::1", Origin::Advertisement);
            facts.links[0].families.insert(Family::Ipv6, path);
        }),
        ("with a label", |facts| facts.links[0].label = Some("fibre".into())),
        ("metered in balance", |facts| {
            facts.links[1].metered = true;
            facts.links[1].probe_bytes.resting = Some(51_840_000);
        }),
        ("one subnet", |facts| {
            facts.links.iter_mut().for_each(|link| link.arp_announce = 0);
            let other = path("198.51.100.3", 24, "198.51.100.254", Origin::Providers);
            facts.links[1].families.insert(Family::Ipv4, other);
        }),
        ("one gateway", |facts| {
            let other = path("203.0.113.2", 24, "198.51.100.1", Origin::Providers);
            facts.links[1].families.insert(Family::Ipv4, other);
        }),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn two_links_in_one_subnet_are_fine_where_arp_is_kept_apart() {
    let mut facts = sound();
    facts.links[1].families.insert(Family::Ipv4, path("198.51.100.3", 24, "198.51.100.254", Origin::Providers));
    assert!(findings(&facts).iter().all(|finding| finding.severity == Severity::Fine));
}

#[test]
fn findings_about_targets() {
    let told = told(&[
        ("one operator", |facts| facts.targets[0].targets = vec![ip("8.8.8.8"), ip("8.8.4.4")]),
        ("two operators", |facts| facts.targets[0].targets = vec![ip("8.8.8.8"), ip("1.0.0.1"), ip("1.1.1.1")]),
        ("targets of a link's own", |facts| facts.targets[0].section = "[[link]] wan1".into()),
        ("one target", |facts| facts.targets[1].targets = vec![ip("2620:fe::fe")]),
        ("one left out", |facts| running(facts).left_out = BTreeSet::from([ip("9.9.9.9")])),
        ("two left out", |facts| running(facts).left_out = BTreeSet::from([ip("1.1.1.1"), ip("9.9.9.9")])),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn findings_about_the_firewall() {
    let told = told(&[
        ("not set up", |facts| facts.products.clear()),
        ("not set up and wanted", |facts| {
            facts.products.clear();
            facts.configuration.backend = Backend::Shorewall;
        }),
        ("stopped", |facts| facts.products[0].state = Some(Firewall::Stopped)),
        ("never started", |facts| facts.products[0].state = Some(Firewall::Absent)),
        ("no providers", |facts| facts.products[0].providers.clear()),
        ("no script", |facts| facts.products[0].consent = Consent::NoScript),
        ("another script", |facts| facts.products[0].consent = Consent::Refused),
        ("another script, Shorewall wanted", |facts| {
            facts.products[0].consent = Consent::Refused;
            facts.configuration.backend = Backend::Shorewall;
        }),
        ("a script not compiled yet", |facts| facts.products[0].has_unused_script = true),
        ("no mark", |facts| {
            facts.products[0].providers[0].mark = None;
            facts.products[0].marked.clear();
        }),
        ("a mark of Shorewall's own", |facts| facts.products[0].providers[0].mark = None),
        ("not tracked", |facts| facts.products[0].providers[1].tracks = false),
        ("a fixed address", |facts| {
            facts.products[0].translated.insert("wan1".into(), "SNAT(198.51.100.2)".into());
        }),
        ("shared", |facts| facts.products[0].providers.push(provider(3, "wan2"))),
        ("no provider for a link", |facts| facts.products[0].providers.truncate(1)),
        ("IPv6 with balance", |facts| {
            let mut product = facts.products[0].clone();
            product.family = Family::Ipv6;
            product.etc = PathBuf::from("/etc/shorewall6");
            facts.products.push(product);
            facts.links[0].takes_advertised_routes = true;
        }),
        ("IPv6 without Shorewall6", |facts| {
            for link in &mut facts.links {
                link.families.insert(Family::Ipv6, path("2001:db8:1::2", 64, "fe80::1", Origin::Advertisement));
            }
        }),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn findings_about_the_machine() {
    let told = told(&[
        ("not root", |facts| facts.is_root = false),
        ("no networking", |facts| facts.machine.networking_error = Some("Operation not permitted".into())),
        ("no folder", |facts| folder(facts, FolderProblem::NoFolder("/var/lib/rebootping".into()))),
        ("read-only", |facts| {
            folder(facts, FolderProblem::Unwritable("/var/lib".into(), "read-only file system".into()));
        }),
        ("writable by all", |facts| folder(facts, FolderProblem::WritableByAll)),
        ("full", |facts| folder(facts, FolderProblem::TooFull(640_000_000, 2_000_000_000))),
        ("damaged", |facts| folder(facts, FolderProblem::Damaged("expected value at line 1 column 9".into()))),
        ("no connection tracking", |facts| facts.machine.tracks_connections = false),
        ("no landlock", |facts| facts.machine.confinement = Confinement { landlock_abi: None }),
        ("an old landlock", |facts| facts.machine.confinement = Confinement { landlock_abi: Some(2) }),
        ("spread by address", |facts| facts.machine.hash_policy = [(Family::Ipv4, 0)].into()),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn findings_about_the_daemon() {
    let told = told(&[
        ("none", |facts| facts.daemon = Daemon::Absent),
        ("silent", |facts| facts.daemon = Daemon::Silent("Resource temporarily unavailable".into())),
        ("observing", |facts| running(facts).commit = "observing".into()),
        ("waiting", |facts| running(facts).commit = "waiting".into()),
        ("failing", |facts| {
            running(facts).commit = "failing".into();
            running(facts).error = Some("shorewall: disable wan1: it took too long and was ended".into());
        }),
        ("left alone", |facts| running(facts).left_alone = vec!["wan2".into()]),
        ("not sent", |facts| {
            let error = Some("mail.example port 587 cannot be reached: connection refused".into());
            let mail = SinkReport {
                sink: Sink::Mail,
                waiting: 3,
                tests: 0,
                taken: 0,
                refused: 0,
                dropped: 0,
                last_taken: None,
                attempts: 9,
                error,
            };
            let alerts = AlertsStatus { sinks: vec![mail], ..AlertsStatus::default() };
            let error = Some("metrics.example answered 401 Unauthorized".into());
            let minutes = MinutesReport { waiting_minutes: 12, error, ..MinutesReport::default() };
            running(facts).unsent = unsent(Some(&alerts), Some(&minutes));
        }),
    ]);
    insta::assert_snapshot!(told);
}

type Change = (&'static str, fn(&mut Facts));

/// What is said of the sound gateway after each change and not before.
#[track_caller]
fn told(changes: &[Change]) -> String {
    let usual = findings(&sound());
    let told = changes.iter().map(|(name, change)| {
        let mut facts = sound();
        change(&mut facts);
        let new: Vec<Finding> = findings(&facts).into_iter().filter(|finding| !usual.contains(finding)).collect();
        let prose = print::prose(&new);
        let long = prose.lines().find(|line| is_too_wide(line));
        assert_eq!(long, None, "{name}");
        format!("=== {name}\n{prose}")
    });
    told.collect::<Vec<_>>().join("\n")
}

/// What is to be copied stays whole, however long it is.
fn is_too_wide(line: &str) -> bool {
    line.chars().count() > 80 && !line.contains("-> run:") && !line.trim_start().starts_with("targets = ")
}

/// Two sound links under Shorewall, and a daemon that commits.
fn sound() -> Facts {
    let targets = |family, targets: &[&str]| TargetList {
        section: "[probe]".into(),
        family,
        targets: targets.iter().map(|target| ip(target)).collect(),
    };
    Facts {
        is_root: true,
        configuration: Configuration {
            file: "/etc/rebootping/rebootping.toml".into(),
            is_named: false,
            exists: true,
            backend: Backend::Auto,
            deprecates_prefixes: true,
            programs: Vec::new(),
            unmatched: Vec::new(),
            retired: Vec::new(),
        },
        links: vec![link("wan1", "198.51.100.2", "198.51.100.1"), link("wan2", "203.0.113.2", "203.0.113.1")],
        targets: vec![
            targets(Family::Ipv4, &["8.8.8.8", "1.1.1.1", "9.9.9.9", "208.67.222.222"]),
            targets(Family::Ipv6, &["2001:4860:4860::8888", "2606:4700:4700::1111", "2620:fe::fe", "2620:119:35::35"]),
        ],
        products: vec![Product {
            family: Family::Ipv4,
            etc: "/etc/shorewall".into(),
            state: Some(Firewall::Started),
            providers: vec![provider(1, "wan1"), provider(2, "wan2")],
            marked: [1, 2].into(),
            translated: [].into(),
            consent: Consent::Given,
            has_unused_script: false,
        }],
        script: "/usr/share/rebootping/shorewall/isusable".into(),
        machine: Machine {
            networking_error: None,
            tracks_connections: true,
            confinement: Confinement { landlock_abi: Some(6) },
            hash_policy: [(Family::Ipv4, 1)].into(),
            folders: vec![sound_folder("state", "/var/lib/rebootping"), sound_folder("run", "/run/rebootping")],
        },
        networks: Vec::new(),
        bound_resolvers: Vec::new(),
        daemon: Daemon::Running(Running {
            left_out: BTreeSet::new(),
            backend: "shorewall".into(),
            commit: "applied".into(),
            error: None,
            left_alone: Vec::new(),
            unsent: Vec::new(),
        }),
    }
}

fn link(name: &str, source: &str, gateway: &str) -> Link {
    Link {
        interface: name.into(),
        label: None,
        metered: false,
        is_up: true,
        families: [
            (Family::Ipv4, path(source, 24, gateway, Origin::Providers)),
            (Family::Ipv6, lacking(Presence::NoAddress)),
        ]
        .into(),
        probe_bytes: ProbeBytes { resting: None, in_full: 3_110_400_000 },
        arp_ignore: 1,
        arp_announce: 2,
        takes_advertised_routes: false,
    }
}

fn path(source: &str, prefix: u8, gateway: &str, origin: Origin) -> Path {
    Path { presence: Presence::Present, source: Some((ip(source), prefix)), gateway: Some((ip(gateway), origin)) }
}

fn lacking(presence: Presence) -> Path {
    Path { presence, source: None, gateway: None }
}

fn provider(number: u32, interface: &str) -> Provider {
    Provider {
        name: format!("isp{number}"),
        number,
        mark: Some(number),
        interface: interface.into(),
        address: None,
        gateway: Gateway::Detect,
        default_route: DefaultRoute::Balance,
        tracks: true,
    }
}

fn sound_folder(key: &'static str, path: &str) -> Folder {
    Folder { key, path: path.into(), problem: None }
}

fn folder(facts: &mut Facts, problem: FolderProblem) {
    facts.machine.folders[0].problem = Some(problem);
}

fn ipv4(facts: &mut Facts) -> &mut Path {
    facts.links[0].families.get_mut(&Family::Ipv4).expect("it has IPv4")
}

fn running(facts: &mut Facts) -> &mut Running {
    let Daemon::Running(running) = &mut facts.daemon else { panic!("it runs") };
    running
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

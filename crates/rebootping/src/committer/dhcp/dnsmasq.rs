//! Names for dnsmasq: one file for each device in its `dhcp-hostsdir`, then SIGHUP, so that DNS knows the name at once.
//!
//! Files of ours begin with `rebootping-`; no other is touched. Each is whole at every instant, and what is not wanted any
//! more is removed. dnsmasq(8) skips names that begin with a dot, as ours do while they are written.

use crate::committer::processes::{self, Process};
use crate::durable;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_core::control::names::{Named, Names};
use rebootping_core::control::prefix::Prefix;
use rebootping_core::inventory::report::Hardware;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What the files of ours begin with.
const PREFIX: &str = "rebootping-";
/// Configuration files are followed so many deep, and each is read so far, in bytes.
const DEPTH: usize = 4;
const LONGEST: u64 = 1 << 20;
/// dnsmasq(8) reads this where nothing else is said.
const CONFIGURATION: &str = "/etc/dnsmasq.conf";
/// And keeps its leases here.
pub(super) const LEASES: &str = "/var/lib/misc/dnsmasq.leases";

/// Where a dnsmasq is told.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Dnsmasq {
    /// Its `dhcp-hostsdir`.
    pub(super) hostsdir: Option<PathBuf>,
    /// Its `pid-file`.
    pub(super) pid_file: Option<PathBuf>,
    /// The process that was found.
    pub(super) pid: Option<i32>,
    /// Its `dhcp-leasefile`.
    pub(super) leases: Option<PathBuf>,
    /// Its configuration files.
    pub(super) files: Vec<PathBuf>,
    /// Each `dhcp-range` of IPv6, as it is written.
    pub(super) ranges: Vec<String>,
    /// It has `enable-ra`.
    pub(super) advertises_all: bool,
    /// The servers it asks, as they are written.
    pub(crate) servers: Vec<String>,
}

/// How hosts hear of a prefix from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Advertised {
    /// As our own address on the interface is: it hears of every change.
    AsAddress,
    /// By this range, as long as it runs.
    Fixed(String),
}

impl Dnsmasq {
    /// All that run in this network namespace.
    pub(crate) fn all() -> Vec<Self> {
        processes::named("dnsmasq").into_iter().map(|process| Self::of(&process)).collect()
    }

    /// Whether hosts hear of that network on that interface from it, and how.
    pub(crate) fn advertises(&self, interface: &str, network: Prefix) -> Option<Advertised> {
        self.ranges.iter().find_map(|range| {
            let words: Vec<&str> = range.split(',').map(str::trim).collect();
            let is_advertised = |word: &&str| word.starts_with("ra-") || *word == "slaac";
            if !self.advertises_all && !words.iter().any(is_advertised) {
                return None;
            }
            let fits = |pattern: &str| match pattern.strip_suffix('*') {
                Some(beginning) => interface.starts_with(beginning),
                None => interface == pattern,
            };
            if let Some(pattern) = words.iter().find_map(|word| word.strip_prefix("constructor:")) {
                return fits(pattern).then_some(Advertised::AsAddress);
            }
            let names = |word: &&str| word.parse().is_ok_and(|address| network.has(address));
            words.iter().any(names).then(|| Advertised::Fixed(range.clone()))
        })
    }

    /// One that runs in this network namespace, rather one with a `dhcp-hostsdir`.
    pub(super) fn find() -> Option<Self> {
        let all = Self::all();
        let best = all.iter().find(|it| it.hostsdir.is_some()).or(all.first());
        best.cloned()
    }

    /// What its command line and its configuration say.
    pub(super) fn of(process: &Process) -> Self {
        let mut found = Self { pid: Some(process.pid), ..Self::default() };
        let mut files = Vec::new();
        for argument in process.arguments.iter().skip(1) {
            let Some((name, value)) =
                argument.strip_prefix("--").map(|option| option.split_once('=').unwrap_or((option, "")))
            else {
                if let Some(file) = argument.strip_prefix("-C").filter(|file| !file.is_empty()) {
                    files.push(PathBuf::from(file));
                }
                continue;
            };
            found.take(name, value, &mut files);
        }
        if files.is_empty() {
            files.push(CONFIGURATION.into());
        }
        for _ in 0..DEPTH {
            for file in std::mem::take(&mut files) {
                found.take_file(&file, &mut files);
                found.files.push(file);
            }
        }
        found
    }

    fn take_file(&mut self, file: &Path, more: &mut Vec<PathBuf>) {
        // Of what cannot be read nothing is known.
        let Ok(text) = read(file) else { return };
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            self.take(name.trim(), value.trim(), more);
        }
    }

    fn take(&mut self, name: &str, value: &str, files: &mut Vec<PathBuf>) {
        match name {
            "dhcp-hostsdir" => self.hostsdir = Some(value.into()),
            "pid-file" => self.pid_file = (!value.is_empty()).then(|| value.into()),
            "dhcp-leasefile" | "dhcp-lease-file" => self.leases = Some(value.into()),
            "dhcp-range" if value.contains("::") => self.ranges.push(value.to_owned()),
            "enable-ra" => self.advertises_all = true,
            "server" => self.servers.push(value.to_owned()),
            "conf-file" => files.push(value.into()),
            "conf-dir" => files.extend(in_folder(value)),
            _ => {}
        }
    }

    /// Brings the files to what they should be; true if any was not.
    pub(super) fn write(&self, names: &Names) -> Result<bool, String> {
        let Some(folder) = &self.hostsdir else {
            return Err(format!(
                "dnsmasq has no dhcp-hostsdir; add the line dhcp-hostsdir=/etc/dnsmasq.d/hosts to {CONFIGURATION}, make \
                 that folder, and restart dnsmasq"
            ));
        };
        let said = |error: io::Error| format!("dnsmasq's {} cannot be changed: {error}", folder.display());
        let wanted: BTreeMap<String, String> =
            names.all().map(|(mac, named)| (file_name(mac), line(mac, named))).collect();
        let mut changed = false;
        for entry in fs::read_dir(folder).map_err(said)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(PREFIX) && !wanted.contains_key(&name) {
                fs::remove_file(entry.path()).map_err(said)?;
                changed = true;
            }
        }
        for (name, line) in &wanted {
            let path = folder.join(name);
            if read(&path).ok().as_ref() != Some(line) {
                durable::publish(&path, line.as_bytes()).map_err(said)?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Has it read the files again.
    pub(super) fn reread(&self) -> Result<(), String> {
        let of_file = self.pid_file.as_ref().and_then(|file| read(file).ok()?.trim().parse().ok());
        let pid = of_file.or(self.pid).filter(|pid| processes::is(*pid, "dnsmasq"));
        let Some(pid) = pid else { return Err("dnsmasq does not run; it reads the names when it starts".to_owned()) };
        kill(Pid::from_raw(pid), Signal::SIGHUP).map_err(|error| format!("dnsmasq cannot be told: {error}"))
    }
}

fn file_name(mac: Hardware) -> String {
    format!("{PREFIX}{}", mac.to_string().replace(':', "-"))
}

/// A line of dnsmasq(8)'s `dhcp-host`.
fn line(mac: Hardware, named: &Named) -> String {
    let address = named.address.map_or_else(String::new, |address| format!("{address},"));
    format!("{mac},{address}{}\n", named.label)
}

/// The files of a `conf-dir`, which may have patterns behind commas, in the order of their names.
fn in_folder(value: &str) -> Vec<PathBuf> {
    let mut parts = value.split(',');
    let folder = parts.next().unwrap_or_default();
    let endings: Vec<String> = parts.filter_map(|part| part.strip_prefix('*')).map(str::to_owned).collect();
    let fits = |name: &str| {
        let is_hidden = name.starts_with('.') || name.ends_with('~') || name.starts_with('#');
        !is_hidden && (endings.is_empty() || endings.iter().any(|ending| name.ends_with(ending)))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.file_name().is_some_and(|name| fits(&name.to_string_lossy()))).collect();
    files.sort();
    files
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;

    #[test]
    fn files_are_what_should_be_and_nobody_elses_is_touched() {
        let scratch = Scratch::new("dnsmasq");
        scratch.write("hosts/mine", "00:00:00:00:00:01,mine\n");
        scratch.write("hosts/rebootping-02-00-00-00-00-09", "02:00:00:00:00:09,gone\n");
        let folder = scratch.path().join("hosts");
        let dnsmasq = Dnsmasq { hostsdir: Some(folder.clone()), ..Dnsmasq::default() };
        let mut names = Names::default();
        let tv = Named { label: "tv".parse().expect("a name"), address: "10.0.0.9".parse().ok() };
        names.give(Hardware([2, 0, 0, 0, 0, 1]), Some(tv)).expect("room");
        assert_eq!(dnsmasq.write(&names), Ok(true));
        assert_eq!(dnsmasq.write(&names), Ok(false), "twice does no harm");
        let mut all: Vec<String> = fs::read_dir(&folder)
            .expect("a folder")
            .flatten()
            .map(|entry| format!("{:?} {}", entry.file_name(), read(&entry.path()).expect("a file").trim()))
            .collect();
        all.sort();
        let expected =
            [r#""mine" 00:00:00:00:00:01,mine"#, r#""rebootping-02-00-00-00-00-01" 02:00:00:00:00:01,10.0.0.9,tv"#];
        assert_eq!(all, expected);
        assert!(Dnsmasq::default().write(&names).is_err_and(|why| why.contains("add the line dhcp-hostsdir=")));
    }

    #[test]
    fn its_files_are_found_in_its_arguments_and_configuration() {
        let scratch = Scratch::new("dnsmasq-conf");
        let place = scratch.path().display().to_string();
        scratch.write(
            "main.conf",
            &format!("# x\ndomain-needed\nconf-dir={place}/d,*.conf\npid-file=/run/a.pid # here\n"),
        );
        scratch.write("d/a.conf", "dhcp-hostsdir = /etc/hosts.d\n");
        scratch.write("d/b.bak", "dhcp-hostsdir=/wrong\n");
        let arguments = vec!["dnsmasq".into(), format!("--conf-file={place}/main.conf"), "-k".into()];
        let found = Dnsmasq::of(&Process { pid: 7, arguments });
        let expected = Dnsmasq {
            hostsdir: Some("/etc/hosts.d".into()),
            pid_file: Some("/run/a.pid".into()),
            pid: Some(7),
            leases: None,
            files: vec![format!("{place}/main.conf").into(), format!("{place}/d/a.conf").into()],
            ..Dnsmasq::default()
        };
        assert_eq!(found, expected);
        let arguments =
            ["dnsmasq", "--conf-file=/dev/null", "--dhcp-hostsdir=/h", "--dhcp-leasefile=/l", "--pid-file="];
        let found = Dnsmasq::of(&Process { pid: 7, arguments: arguments.map(str::to_owned).to_vec() });
        let expected = Dnsmasq {
            hostsdir: Some("/h".into()),
            pid_file: None,
            pid: Some(7),
            leases: Some("/l".into()),
            files: vec!["/dev/null".into()],
            ..Dnsmasq::default()
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn how_hosts_hear_of_a_prefix_is_known() {
        let network: Prefix = "2001:db8:100::/64".parse().expect("a prefix");
        let fixed = |range: &str| Some(Advertised::Fixed(range.into()));
        for (arguments, expected) in [
            (&["--enable-ra", "--dhcp-range=::,constructor:lan0,1h"][..], Some(Advertised::AsAddress)),
            (&["--dhcp-range=::1,::ff,constructor:lan*,ra-names"], Some(Advertised::AsAddress)),
            (&["--dhcp-range=::,constructor:lan0,1h"], None),
            (&["--enable-ra", "--dhcp-range=::,constructor:guests"], None),
            (&["--dhcp-range=2001:db8:100::,ra-only"], fixed("2001:db8:100::,ra-only")),
            (&["--dhcp-range=2001:db8:200::,ra-only"], None),
            (&["--enable-ra", "--dhcp-range=10.0.0.5,10.0.0.9"], None),
        ] {
            let arguments = ["dnsmasq", "--conf-file=/dev/null"].iter().chain(arguments).map(|it| (*it).to_owned());
            let found = Dnsmasq::of(&Process { pid: 7, arguments: arguments.collect() });
            assert_eq!(found.advertises("lan0", network), expected, "{found:?}");
        }
    }
}

//! The configuration as meant: typed, every default applied, nothing impossible left.

use super::alerts::Alerts;
use super::commit::{Commit, Hooks};
use super::error::{Errors, Problem};
use super::field::Fields;
use super::known;
use super::links::{LinkRule, LinksSettings};
use super::observing::{Capture, NetworkRule, Store};
use super::paths::{Paths, Process};
use super::probe::{Probe, Select};
use super::remote_write::RemoteWrite;
use super::retired;
use super::serving::{Dhcp, Restrict, Web};
use super::written::Table;

/// What the operator wants; the default is what an empty configuration means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// `[paths]`.
    pub(crate) paths: Paths,
    /// `[process]`.
    pub(crate) process: Process,
    /// `[links]`.
    pub(crate) links: LinksSettings,
    /// `[[link]]`, in the order written; see [`Config::link_rule`].
    pub(crate) link_rules: Vec<LinkRule>,
    /// `[probe]`.
    pub(crate) probe: Probe,
    /// `[select]`.
    pub(crate) select: Select,
    /// `[commit]`.
    pub(crate) commit: Commit,
    /// `[hooks]`.
    pub(crate) hooks: Hooks,
    /// `[capture]`.
    pub(crate) capture: Capture,
    /// `[[network]]`, in the order written; the first that matches holds.
    pub(crate) network_rules: Vec<NetworkRule>,
    /// `[store]`.
    pub(crate) store: Store,
    /// `[web]`.
    pub(crate) web: Web,
    /// `[restrict]`.
    pub(crate) restrict: Restrict,
    /// `[dhcp]`.
    pub(crate) dhcp: Dhcp,
    /// `[alerts]`.
    pub(crate) alerts: Alerts,
    /// `[remote_write]`, if there is an engine.
    pub(crate) remote_write: Option<RemoteWrite>,
    /// Keys that were written and mean nothing any more, each with what to write instead.
    pub(crate) retired: Vec<Problem>,
}

impl Config {
    /// Returns the settings of a link: those of the first `[[link]]` that matches its interface.
    pub(crate) fn link_rule(&self, interface: &str) -> Option<&LinkRule> {
        self.link_rules.iter().find(|rule| rule.interface.matches(interface))
    }

    /// Finds the meaning of what was written, or all that is wrong with it, in no particular order.
    pub(super) fn from_written(root: &Table) -> Result<Self, Errors> {
        let mut errors = known::misnamed(root);
        let paths = Paths::read(Fields::section("[paths]", root, &mut errors));
        let process = Process::read(Fields::section("[process]", root, &mut errors));
        let links = LinksSettings::read(Fields::section("[links]", root, &mut errors));
        let probe = Probe::read(Fields::section("[probe]", root, &mut errors));
        let select = Select::read(Fields::section("[select]", root, &mut errors), probe.interval);
        let commit = Commit::read(Fields::section("[commit]", root, &mut errors));
        let hooks = Hooks::read(Fields::section("[hooks]", root, &mut errors));
        let capture = Capture::read(Fields::section("[capture]", root, &mut errors));
        let store = Store::read(Fields::section("[store]", root, &mut errors));
        let web = Web::read(Fields::section("[web]", root, &mut errors));
        let restrict = Restrict::read(Fields::section("[restrict]", root, &mut errors));
        let dhcp = Dhcp::read(Fields::section("[dhcp]", root, &mut errors));
        let alerts = Alerts::read(Fields::section("[alerts]", root, &mut errors));
        let remote_write = RemoteWrite::read(Fields::section("[remote_write]", root, &mut errors));
        let link_rules = LinkRule::read_all(root.get("link"), probe.interval, &mut errors);
        let network_rules = NetworkRule::read_all(root.get("network"), &mut errors);
        errors.or(Self {
            paths,
            process,
            links,
            link_rules,
            probe,
            select,
            commit,
            hooks,
            capture,
            network_rules,
            store,
            web,
            restrict,
            dhcp,
            alerts,
            remote_write,
            retired: retired::told(retired::RETIRED, &known::SECTIONS, root),
        })
    }
}

//! What each part of the program is told of the configuration and the firewall.

use super::folders;
use crate::committer;
use crate::committer::prefixes;
use crate::committer::providers::{Gateway, Provider};
use crate::committer::restrict;
use crate::committer::shorewall::Shorewall;
use crate::config::alerts::Alerts;
use crate::config::commit;
use crate::config::meant::Config;
use crate::ipc::courier::CourierSettings;
use crate::ipc::observer::ObserverSettings;
use crate::ipc::web::WebSettings;
use crate::ipc::{JudgeSettings, JudgedLink, LinkRule, ProviderHint};
use rebootping_core::commit::Method;
use rebootping_core::link::{Family, LinkId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// Whether the other links follow one that fails is known after so many rounds: until then nobody is told that it alone is out.
const ROUNDS_UNTIL_CLEAR: u32 = 10;

/// The Shorewall provider of an interface, in whichever family has one.
pub(super) fn provider_of(interface: &str) -> Option<String> {
    let providers = Family::ALL.into_iter().flat_map(|family| Shorewall::of(family).providers());
    providers.into_iter().find(|provider| provider.interface == interface).map(|provider| provider.name)
}

pub(super) fn commit_settings(config: &Config, links: &[JudgedLink]) -> committer::Settings {
    let longest = config.link_rules.iter().filter_map(|rule| rule.hold_down).chain([config.select.hold_down]).max();
    let link = |(id, link): (LinkId, &JudgedLink)| committer::LinkSettings {
        id,
        name: link.name.clone(),
        interface: link.name.clone(),
    };
    committer::Settings {
        backend: match config.commit.backend {
            commit::Backend::Auto => committer::Backend::Auto,
            commit::Backend::Shorewall => committer::Backend::Shorewall,
            commit::Backend::Exec => committer::Backend::Exec,
            commit::Backend::Observe => committer::Backend::Observe,
        },
        method: match config.commit.method {
            commit::Method::Interface => Method::Interface,
            commit::Method::Reload => Method::Reload,
        },
        status_file: config.commit.status_file.clone(),
        status_file6: config.commit.status_file6.clone(),
        command: config.commit.command.clone().unwrap_or_default(),
        timeout: config.commit.timeout,
        hooks: config.hooks.link.clone(),
        hold_down: longest.unwrap_or_default(),
        lock: folders::lock_path(&config.paths.run),
        links: (0..).map(LinkId).zip(links).map(link).collect(),
    }
}

/// What the judge is told of the configuration and the firewall.
pub(crate) fn judge_settings(config: &Config) -> JudgeSettings {
    let hint = |provider: Provider| {
        let gateway = match provider.gateway {
            Gateway::Address(address) => Some(address),
            Gateway::Detect | Gateway::None => None,
        };
        ProviderHint { interface: provider.interface, gateway }
    };
    JudgeSettings {
        user: config.process.judge_user.clone(),
        state: folders::judge_state(&config.paths.state),
        run: folders::judge_run(&config.paths.run),
        interval: config.probe.interval,
        targets: config
            .probe
            .targets_v4
            .iter()
            .map(|&ip| ip.into())
            .chain(config.probe.targets_v6.iter().map(|&ip| ip.into()))
            .collect(),
        echoes: config.probe.echoes,
        hold_down: config.select.hold_down,
        interfaces: config.links.interfaces.iter().map(ToString::to_string).collect(),
        providers: Family::ALL.into_iter().flat_map(|family| Shorewall::of(family).providers()).map(hint).collect(),
        rules: config.link_rules.iter().map(LinkRule::from).collect(),
    }
}

/// What the web process is told of the configuration and the links. Those matter only where it serves more than this host.
pub(super) fn web_settings(config: &Config, links: Option<&[JudgedLink]>) -> WebSettings {
    let only_loopback = config.web.listen.iter().all(|address| address.ip().is_loopback());
    let names = |links: &[JudgedLink]| links.iter().map(|link| link.name.clone()).collect();
    WebSettings {
        user: config.process.web_user.clone(),
        run: config.paths.run.clone(),
        access: folders::access(&config.paths.state),
        interval: config.probe.interval,
        web: config.web.clone(),
        links: if only_loopback { Some(Vec::new()) } else { links.map(names) },
    }
}

/// What the courier is told of the configuration, whose files were read again so often.
pub(super) fn courier_settings(config: &Config, edition: u64) -> CourierSettings {
    let has_hooks = !config.hooks.alert.is_empty();
    let mut alerts = (config.alerts.has_sinks() || has_hooks).then(|| config.alerts.clone());
    if let Some(Alerts { settings, .. }) = &mut alerts {
        settings.after = settings.after.max(config.probe.interval * ROUNDS_UNTIL_CLEAR);
    }
    CourierSettings {
        user: config.process.courier_user.clone(),
        state: folders::courier_state(&config.paths.state),
        alerts,
        has_hooks,
        remote_write: config.remote_write.clone(),
        run: config.paths.run.clone(),
        labels: config.link_rules.iter().map(|rule| (rule.interface.clone(), rule.label.clone())).collect(),
        edition,
    }
}

/// What the observer is told of the configuration and the links.
pub(super) fn observer_settings(config: &Config, links: &[JudgedLink]) -> ObserverSettings {
    ObserverSettings {
        user: config.process.observer_user.clone(),
        captures: config.paths.captures.clone(),
        state: folders::observer_state(&config.paths.state),
        run: config.paths.run.clone(),
        web_user: config.process.web_user.clone(),
        courier_user: config.process.courier_user.clone(),
        links: links.iter().map(|link| link.name.clone()).collect(),
        capture: config.capture.clone(),
        networks: config.network_rules.clone(),
        store: config.store.clone(),
        counted: links.iter().map(|link| (link.name.clone(), first_day(config, &link.name))).collect(),
    }
}

/// Bytes that links may move in a month, by interface.
pub(super) fn caps(config: &Config, links: &[JudgedLink]) -> BTreeMap<String, u64> {
    let cap = |link: &JudgedLink| Some((link.name.clone(), config.link_rule(&link.name)?.cap?));
    links.iter().filter_map(cap).collect()
}

/// The day of the month on which the count of a link's cap begins.
fn first_day(config: &Config, link: &str) -> u8 {
    config.link_rule(link).and_then(|rule| rule.cap_day).unwrap_or(1)
}

/// What the warden is told of the configuration and the links, one of which may be a dead end of IPv6.
pub(super) fn warden_settings(config: &Config, links: &[JudgedLink], dead_end: Option<&str>) -> restrict::Settings {
    restrict::Settings {
        state: config.paths.state.clone(),
        internet: links.iter().map(|link| link.name.clone()).collect(),
        dead_end: dead_end.map(str::to_owned),
        page: config.web.listen.iter().map(SocketAddr::port).collect(),
        guarded: config.restrict.quarantine.iter().cloned().collect(),
        dhcp: config.dhcp.clone(),
    }
}

/// What is told of the configuration and the links to whoever has hosts avoid prefixes.
pub(crate) fn prefix_settings<'a>(config: &Config, links: impl Iterator<Item = &'a str>) -> prefixes::Settings {
    let links: BTreeSet<String> = links.map(str::to_owned).collect();
    let prefixes = |link: &String| {
        let prefixes = config.link_rule(link).map(|rule| rule.prefixes.clone()).unwrap_or_default();
        let link = link.clone();
        prefixes.into_iter().map(move |prefix| (prefix, link.clone()))
    };
    let delegated = links.iter().flat_map(prefixes).collect();
    prefixes::Settings { state: config.paths.state.clone(), links, delegated }
}

//! Looks at configuration, kernel, Shorewall and daemon, and changes nothing but one status file of an interface nobody has.

mod firewall;
mod links;
mod machine;
mod networks;
mod resolvers;

use super::facts::{Configuration, Daemon, Facts, Program, Running, TargetList};
use crate::config::commit::Backend;
use crate::config::meant::Config;
use crate::daemon::{Answer, Request, ask};
use crate::report::sending::unsent;
use crate::report::status::Status;
use crate::{command, daemon};
use nix::unistd::Uid;
use rebootping_core::link::Family;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Where the configuration lies unless another is named.
const FILE: &str = "/etc/rebootping/rebootping.toml";

/// Everything `check` judges.
pub(super) fn facts(explicit: Option<&Path>, config: &Config) -> Facts {
    let is_root = Uid::effective().is_root();
    let judge = daemon::settings::judge_settings(config);
    let (watched, links) = links::look(config, &judge);
    let configuration = configuration(explicit, config, &links);
    Facts {
        is_root,
        targets: targets(config),
        configuration,
        products: firewall::products(config, &watched, is_root),
        script: firewall::script(),
        machine: machine::look(config, watched.error(), is_root),
        networks: networks::look(config, &links).unwrap_or_default(),
        bound_resolvers: resolvers::bound(watched.snapshot(), &links),
        daemon: running_daemon(&config.paths.run),
        links,
    }
}

fn configuration(explicit: Option<&Path>, config: &Config, links: &[super::facts::Link]) -> Configuration {
    let file = explicit.map_or_else(|| PathBuf::from(FILE), Path::to_path_buf);
    let rules = config.link_rules.iter().map(|rule| ("[[link]]", &rule.interface));
    let interfaces = config.links.interfaces.iter().map(|glob| ("[links]", glob));
    let missing = rules.chain(interfaces).filter(|(_, glob)| !links.iter().any(|link| glob.matches(&link.interface)));
    Configuration {
        exists: file.exists(),
        file,
        is_named: explicit.is_some(),
        backend: config.commit.backend,
        deprecates_prefixes: config.commit.deprecate_prefixes,
        programs: programs(config),
        unmatched: missing.map(|(section, glob)| (section, glob.to_string())).collect(),
        retired: config.retired.clone(),
    }
}

fn programs(config: &Config) -> Vec<Program> {
    let command = config.commit.command.iter().filter(|_| config.commit.backend == Backend::Exec);
    let named = command.map(|line| ("[commit] command", line));
    let all = named.chain(config.hooks.link.iter().map(|line| ("[hooks] link", line)));
    let program = |(key, line): (&'static str, &Vec<String>)| {
        let path = line.first()?.clone();
        Some(Program { key, can_run: command::exists(&path), path })
    };
    all.filter_map(program).collect()
}

/// The common targets, and those of links that have their own.
fn targets(config: &Config) -> Vec<TargetList> {
    let common = config.probe.targets_v4.iter().map(|&ip| IpAddr::from(ip));
    let common: Vec<IpAddr> = common.chain(config.probe.targets_v6.iter().map(|&ip| ip.into())).collect();
    let own = config
        .link_rules
        .iter()
        .filter_map(|rule| Some((format!("[[link]] {}", rule.interface), rule.targets.clone()?)));
    let lists = [("[probe]".to_owned(), common)].into_iter().chain(own);
    let by_family = lists.flat_map(|(section, targets)| {
        Family::ALL.map(|family| TargetList {
            section: section.clone(),
            family,
            targets: targets.iter().copied().filter(|ip| ip.is_ipv4() == (family == Family::Ipv4)).collect(),
        })
    });
    by_family.filter(|list| !list.targets.is_empty()).collect()
}

fn running_daemon(run: &Path) -> Daemon {
    match ask(run, &Request::Status) {
        Ok(Answer::Status(status)) => Daemon::Running(running(&status)),
        Ok(Answer::Refused(why) | Answer::Done(why) | Answer::Check(why)) => Daemon::Silent(why),
        Ok(Answer::Controlled(_) | Answer::Alerts(_)) => Daemon::Silent("it answers something else".into()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            Daemon::Absent
        }
        Err(error) => Daemon::Silent(error.to_string()),
    }
}

fn running(status: &Status) -> Running {
    let states = status.links.iter().flat_map(|link| link.families.values());
    Running {
        left_out: states.flat_map(|state| state.left_out.iter().copied()).collect(),
        backend: status.commit.backend.clone(),
        commit: status.commit.state.clone(),
        error: status.commit.error.clone(),
        left_alone: status.commit.left_alone.clone(),
        unsent: unsent(status.alerts.as_ref(), status.remote_write.as_ref()),
    }
}

//! Wireshark's extcap calls (extcap(4)): list, types, options, and the capture itself.
//!
//! Wireshark shows what a capture writes to standard error, and takes any of it for a failure.

use super::elsewhere;
use super::filter;
use super::listing::{ELSEWHERE, Listed, PREFIX, list};
use super::options::options;
use super::remote::Gateway;
use super::sentences::Sentence;
use crate::cli::Extcap;
use crate::client::{fail, load, written};
use crate::clock;
use crate::config::meant::Config;
use crate::duration::When;
use crate::extract::folders::{INTERFACE, list as folders};
use crate::extract::{self, Asked, Mode, interfaces};
use core::time::Duration;
use rebootping_core::packet::frame::LinkType;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

/// The longest packet that is kept.
pub(super) const WHOLE: u32 = 262_144;

/// `rebootping extcap`.
pub(crate) fn extcap(explicit: Option<&Path>, call: &Extcap) -> ExitCode {
    if let Some(token) = call.token.as_ref().filter(|token| !token.is_empty()) {
        let error = elsewhere::hide(token);
        return fail(&format!("cannot begin anew without the token among the arguments: {error}"), 1);
    }
    // Wireshark may wait for ever for a pipe that nobody opens, whatever is said meanwhile; closing it ends the wait.
    let _held = call.fifo.as_ref().and_then(|fifo| OpenOptions::new().write(true).open(fifo).ok());
    let config = match load(explicit) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let gateway = elsewhere::gateway(call);
    let interface = call.interface.as_deref().unwrap_or_default();
    let filter = call.filter.as_deref().map(filter::hosts);
    let answer = if call.interfaces {
        interfaces_of(&gateway, &config)
    } else if call.types {
        types(&config, interface)
    } else if call.options {
        match &call.reload {
            None => options(interface, &gateway),
            Some(_) => elsewhere::devices(&gateway),
        }
    } else if call.capture {
        let captured = filter.transpose().and_then(|hosts| {
            let hosts = hosts.unwrap_or_default().into_iter().chain(call.host).collect();
            match gateway? {
                Some(gateway) => elsewhere::capture(&gateway, call, hosts),
                None => capture(&config, call, hosts),
            }
        });
        return match captured {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => fail(&problem, 1),
        };
    } else if let Some(filter) = filter {
        // What is wrong with a filter is an answer: nothing is said of one that is right.
        filter.err().map(|problem| problem + "\n").unwrap_or_default()
    } else {
        return fail("Wireshark makes these calls; try --extcap-interfaces, or `rebootping pcap --help`", 2);
    };
    written(io::stdout().write_all(answer.as_bytes()))
}

fn interfaces_of(gateway: &Result<Option<Gateway>, String>, config: &Config) -> String {
    let mut answer =
        Sentence::new("extcap").with("version", env!("CARGO_PKG_VERSION")).with("display", "rebootping").line();
    let listed = match gateway {
        Ok(Some(gateway)) => gateway.list(),
        Ok(None) => list(config),
        Err(why) => Err(why.clone()),
    };
    let display = match &listed {
        Ok(_) => "rebootping: a gateway elsewhere, by the options".to_owned(),
        Err(why) => format!("rebootping: {why}"),
    };
    let elsewhere = Listed { value: ELSEWHERE.to_owned(), display };
    for listed in listed.unwrap_or_default().into_iter().chain([elsewhere]) {
        answer += &Sentence::new("interface").with("value", &listed.value).with("display", &listed.display).line();
    }
    answer
}

/// What packets begin with: an Ethernet header, unless the newest segment says otherwise.
fn types(config: &Config, interface: &str) -> String {
    let names = folders(&config.paths.captures).unwrap_or_default();
    let folder = interface.strip_prefix(PREFIX).map(|name| format!("{INTERFACE}{name}"));
    let folder = names.iter().find(|name| Some(*name) == folder.as_ref());
    let described = folder.map(|name| interfaces::of_newest(&config.paths.captures.join(name))).unwrap_or_default();
    let link = described.first().and_then(|it| LinkType::from_number(it.link)).unwrap_or(LinkType::Ethernet);
    let (name, display) = match link {
        LinkType::Ethernet => ("EN10MB", "Ethernet"),
        LinkType::Ip => ("RAW", "Raw IP"),
        LinkType::Cooked => ("LINUX_SLL", "Linux cooked-mode capture v1"),
        LinkType::Cooked2 => ("LINUX_SLL2", "Linux cooked-mode capture v2"),
        LinkType::Null => ("NULL", "BSD loopback"),
    };
    Sentence::new("dlt").with("number", &link.number().to_string()).with("name", name).with("display", display).line()
}

fn capture(config: &Config, call: &Extcap, hosts: Vec<IpAddr>) -> Result<(), String> {
    let interface = call.interface.as_deref().unwrap_or_default();
    if interface == ELSEWHERE {
        return Err(match list(config) {
            Err(why) => format!("{why}; a gateway elsewhere is named by the interface's options"),
            Ok(_) => "name a gateway among this interface's options, or capture on another interface".to_owned(),
        });
    }
    let word = interface.strip_prefix(PREFIX);
    let word = word.ok_or_else(|| format!("{interface:?} is not listed; --extcap-interfaces lists what is"))?;
    let now = clock::wall();
    let is_past = call.until.is_some_and(|until| until.resolve(now) <= now);
    let asked = Asked {
        words: &[word.to_owned()],
        since: Some(call.since.unwrap_or(When::Ago(Duration::ZERO))),
        until: call.until,
        hosts,
        snap: call.snaplen.unwrap_or(WHOLE) as usize,
        mode: if is_past { Mode::History } else { Mode::Live },
        to: call.fifo.as_deref(),
    };
    extract::run(config, &asked)
}

//! Wireshark's extcap calls (extcap(4)): list, types, options, and the capture itself.
//!
//! Wireshark shows what a capture writes to standard error, and takes any of it for a failure.

use super::filter;
use super::listing::{Listed, NOTHING, PREFIX, list};
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
const WHOLE: u32 = 262_144;

/// `rebootping extcap`.
pub(crate) fn extcap(explicit: Option<&Path>, call: &Extcap) -> ExitCode {
    // Wireshark may wait for ever for a pipe that nobody opens, whatever is said meanwhile; closing it ends the wait.
    let _held = call.fifo.as_ref().and_then(|fifo| OpenOptions::new().write(true).open(fifo).ok());
    let config = match load(explicit) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let interface = call.interface.as_deref().unwrap_or_default();
    let filter = call.filter.as_deref().map(filter::hosts);
    let answer = if call.interfaces {
        interfaces_of(&config)
    } else if call.types {
        types(&config, interface)
    } else if call.options {
        options()
    } else if call.capture {
        return match filter.transpose().and_then(|hosts| capture(&config, call, hosts.unwrap_or_default())) {
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

fn interfaces_of(config: &Config) -> String {
    let mut answer =
        Sentence::new("extcap").with("version", env!("CARGO_PKG_VERSION")).with("display", "rebootping").line();
    for listed in list(config) {
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

fn options() -> String {
    let argument = |number: &str, call: &str, display: &str, kind: &str| {
        let sentence = Sentence::new("arg").with("number", number).with("call", call).with("display", display);
        sentence.with("type", kind)
    };
    [
        argument("0", "--since", "From", "string")
            .with("placeholder", "now")
            .with("tooltip", "An age such as 2h, or a time such as 2026-03-01T08:00:00Z; empty is now"),
        argument("1", "--until", "Until", "string")
            .with("placeholder", "stopped")
            .with("tooltip", "The same; empty goes on with what comes"),
        argument("2", "--host", "Only this host", "string")
            .with("placeholder", "any")
            .with("tooltip", "An IPv4 or IPv6 address"),
        argument("3", "--snaplen", "Bytes of each packet", "integer")
            .with("range", &format!("1,{WHOLE}"))
            .with("default", &WHOLE.to_string())
            .with("tooltip", "What was captured shorter stays so"),
    ]
    .map(Sentence::line)
    .concat()
}

fn capture(config: &Config, call: &Extcap, hosts: Vec<IpAddr>) -> Result<(), String> {
    let interface = call.interface.as_deref().unwrap_or_default();
    if interface == NOTHING {
        return Err(why_nothing(config));
    }
    let word = interface.strip_prefix(PREFIX);
    let word = word.ok_or_else(|| format!("{interface:?} is not listed; --extcap-interfaces lists what is"))?;
    let now = clock::wall();
    let is_past = call.until.is_some_and(|until| until.resolve(now) <= now);
    let asked = Asked {
        words: &[word.to_owned()],
        since: Some(call.since.unwrap_or(When::Ago(Duration::ZERO))),
        until: call.until,
        hosts: hosts.into_iter().chain(call.host).collect(),
        snap: call.snaplen.unwrap_or(WHOLE) as usize,
        mode: if is_past { Mode::History } else { Mode::Live },
        to: call.fifo.as_deref(),
    };
    extract::run(config, &asked)
}

/// Why nothing can be listed.
fn why_nothing(config: &Config) -> String {
    match list(config).first() {
        Some(Listed { value, display }) if value == NOTHING => display.trim_start_matches("rebootping: ").to_owned(),
        _ => "there is something to capture by now; have Wireshark read the list of interfaces again".to_owned(),
    }
}

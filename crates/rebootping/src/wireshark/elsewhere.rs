//! Wireshark's calls about a gateway elsewhere: which one is meant, what it has, and the capture.

use super::listing::{ELSEWHERE, PREFIX};
use super::options::DEVICE;
use super::remote::{Gateway, TOKEN, Wanted};
use super::sentences::Sentence;
use crate::cli::Extcap;
use crate::command;
use crate::duration::When;
use crate::wireshark::extcap::WHOLE;
use core::time::Duration;
use std::ffi::OsString;
use std::io;
use std::net::IpAddr;

/// Name the gateway and its certificate where no option does.
const GATEWAY: &str = "REBOOTPING_GATEWAY";
const FINGERPRINT: &str = "REBOOTPING_FINGERPRINT";
/// The option that Wireshark hands the token over by.
const OPTION: &str = "--token";

/// The gateway that is meant, by options or environment; none is this machine.
pub(super) fn gateway(call: &Extcap) -> Result<Option<Gateway>, String> {
    let Some(address) = given(call.gateway.as_deref(), GATEWAY) else { return Ok(None) };
    let pinned = given(call.fingerprint.as_deref(), FINGERPRINT).map(|text| text.parse()).transpose()?;
    Ok(Some(Gateway { address: address.parse()?, pinned, token: given(None, TOKEN) }))
}

/// What an option says, or else the environment; Wireshark may hand over options that are empty.
fn given(option: Option<&str>, variable: &str) -> Option<String> {
    let option = option.map(str::to_owned).filter(|text| !text.is_empty());
    option.or_else(|| std::env::var(variable).ok()).filter(|text| !text.is_empty())
}

/// Begins anew with the token in the environment, for arguments are read by everybody on this machine; returns why it could not.
pub(super) fn hide(token: &str) -> io::Error {
    command::begin_anew(without_token(std::env::args_os().skip(1)), TOKEN, token)
}

fn without_token(arguments: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    let mut is_token = false;
    arguments.filter(move |argument| {
        let was_token = std::mem::take(&mut is_token);
        is_token = !was_token && argument == OPTION;
        let is_both = argument.to_str().is_some_and(|it| it.strip_prefix(OPTION).is_some_and(|it| it.starts_with('=')));
        !(was_token || is_token || is_both)
    })
}

/// What can be chosen of the gateway, as values of that option.
pub(super) fn devices(gateway: &Result<Option<Gateway>, String>) -> String {
    let listed = match gateway {
        Ok(Some(gateway)) => gateway.list(),
        Ok(None) => Err("enter the gateway's address first".to_owned()),
        Err(why) => Err(why.clone()),
    };
    let value = |value: &str, display: &str| {
        Sentence::new("value").with("arg", DEVICE).with("value", value).with("display", display).line()
    };
    match listed {
        Ok(listed) => listed.iter().map(|it| value(it.value.trim_start_matches(PREFIX), &it.display)).collect(),
        Err(why) => value("", &why),
    }
}

/// Captures there.
pub(super) fn capture(gateway: &Gateway, call: &Extcap, hosts: Vec<IpAddr>) -> Result<(), String> {
    let interface = call.interface.as_deref().unwrap_or_default();
    let word = if interface == ELSEWHERE { call.device.as_deref() } else { interface.strip_prefix(PREFIX) };
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        // A gateway that cannot be asked is what keeps its devices from being listed.
        gateway.list()?;
        return Err(format!("choose a device or link of {} among the options of {interface:?}", gateway.address));
    };
    gateway.copy(&Wanted {
        word,
        since: call.since.unwrap_or(When::Ago(Duration::ZERO)),
        until: call.until,
        hosts,
        snap: call.snaplen.unwrap_or(WHOLE),
        to: call.fifo.as_deref(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_the_token_is_left_among_the_arguments() {
        let check = |given: &str, expected: &str| {
            let left: Vec<OsString> = without_token(given.split(' ').map(OsString::from)).collect();
            let expected: Vec<OsString> = expected.split(' ').map(OsString::from).collect();
            assert_eq!(left, expected, "{given}");
        };
        check("extcap --capture --token secret --fifo x", "extcap --capture --fifo x");
        check("extcap --token=secret --fifo x", "extcap --fifo x");
        check("extcap --token --token --fifo x", "extcap --fifo x");
        check("extcap --tokens x --fifo --token", "extcap --tokens x --fifo");
    }
}

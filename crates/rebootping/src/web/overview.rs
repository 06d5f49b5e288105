//! The first page in one answer: how the links are in one sentence, what is wrong with the monitor itself, and who is new.

use super::asked::{Asked, json, json_text};
use super::problem::Problem;
use super::site::Site;
use super::source::{Device, Devices};
use crate::clock;
use crate::report::sending::unsent;
use crate::report::status::{LinkStatus, Status};
use axum::body::Body;
use axum::http::Response;
use jiff::Timestamp;
use rebootping_core::inventory::report::Hardware;
use rebootping_core::link::verdict::Code;
use rebootping_core::untrusted::Untrusted;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many talkers and new devices are shown.
const SHOWN: usize = 8;
/// A device is new for a week, in seconds, here and in the page's list.
const NEW: i64 = 7 * 24 * 3600;

#[derive(Serialize)]
struct Overview<'a> {
    schema: u8,
    time: &'a str,
    gateway: &'a str,
    sentence: String,
    status: &'a Status,
    problems: Vec<Trouble>,
    talkers: Vec<Talker<'a>>,
    new_devices: Vec<NewDevice<'a>>,
}

/// Something that is wrong with the monitor itself, and the command that shows or mends it.
#[derive(PartialEq, Eq, Debug, Serialize)]
struct Trouble {
    text: String,
    mend: Option<&'static str>,
}

#[derive(Serialize)]
struct Talker<'a> {
    mac: Hardware,
    name: Option<&'a Untrusted>,
    bits_up: u64,
    bits_down: u64,
}

#[derive(Serialize)]
struct NewDevice<'a> {
    mac: Hardware,
    name: Option<&'a Untrusted>,
    vendor: Option<&'a str>,
    kind: Option<&'a str>,
    first_seen: &'a str,
}

/// How every link is.
pub(super) async fn status(asked: Asked) -> Result<Response<Body>, Problem> {
    let status = asked.site.source.status().await?;
    json(&*status)
}

/// What there is to mend.
pub(super) async fn check(asked: Asked) -> Result<Response<Body>, Problem> {
    asked.site.source.check().await.map(json_text)
}

/// The first page.
pub(super) async fn overview(asked: Asked) -> Result<Response<Body>, Problem> {
    let site = &asked.site;
    let status = site.source.status().await?;
    let devices = devices(site).await;
    let by_mac: BTreeMap<Hardware, &Device> =
        devices.iter().flat_map(|all| &all.devices).map(|device| (device.mac, device)).collect();
    // The providers' boxes carry what all others say, and are nobody in the house.
    let is_beyond = |device: &&Device| {
        let is_link = |interface: &String| status.links.iter().any(|link| link.name == *interface);
        !device.interfaces.is_empty() && device.interfaces.iter().all(is_link)
    };
    let rates = site.live.rates();
    let inside = rates.busiest(usize::MAX).into_iter().filter(|(mac, _)| !by_mac.get(mac).is_some_and(is_beyond));
    let talker = |(mac, rate): (Hardware, super::rates::Rate)| Talker {
        mac,
        name: by_mac.get(&mac).and_then(|device| device.name.as_ref()),
        bits_up: rate.bits_up,
        bits_down: rate.bits_down,
    };
    json(&Overview {
        schema: 1,
        time: &status.time,
        gateway: &site.gateway,
        sentence: sentence(&status.links),
        problems: problems(&status, site.source.trouble()),
        talkers: inside.take(SHOWN).map(talker).collect(),
        new_devices: devices.as_deref().map(|devices| new_devices(devices, clock::wall())).unwrap_or_default(),
        status: &status,
    })
}

/// What is known of devices, without waiting for what is newer: that is there the next time.
async fn devices(site: &Arc<Site>) -> Option<Arc<Devices>> {
    let Some(known) = site.source.devices_of_late() else {
        // Links are shown where the observer does not answer: that is one of the problems then.
        return site.source.devices().await.ok();
    };
    let site = Arc::clone(site);
    tokio::spawn(async move { site.source.devices().await.is_ok() });
    Some(known)
}

/// How the Internet is, in one sentence.
fn sentence(links: &[LinkStatus]) -> String {
    let of = |wanted: &dyn Fn(&LinkStatus) -> bool| -> Vec<&str> {
        links.iter().filter(|link| wanted(link)).map(LinkStatus::called).collect()
    };
    let fine = of(&|link| link.own.healthy && link.own.enabled);
    let used = of(&|link| link.own.enabled);
    let is = |code: Code| links.iter().any(|link| link.own.reason.code == code);
    if links.is_empty() {
        "No Internet link is found".to_owned()
    } else if is(Code::Starting) {
        "The links are being looked at".to_owned()
    } else if is(Code::NothingAnswers) {
        "No link reaches the Internet".to_owned()
    } else if !fine.is_empty() {
        format!("Internet fine on {}", listed(&fine))
    } else if !used.is_empty() {
        format!("Internet poor on {}", listed(&used))
    } else {
        "No link is in use".to_owned()
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// What is wrong with the monitor itself.
fn problems(status: &Status, firewall: Option<String>) -> Vec<Trouble> {
    let mut found = Vec::new();
    let mut say = |text: String, mend| found.push(Trouble { text, mend });
    if let Some(error) = &status.commit.error {
        say(format!("the choice is not applied: {error}"), Some("rebootping check"));
    }
    if let Some(trouble) = firewall {
        say(format!("restrictions are not carried out: {trouble}"), Some("rebootping check"));
    }
    if let Some(error) = status.store.as_ref().and_then(|store| store.error.as_ref()) {
        say(format!("the history is not kept: {error}"), Some("rebootping check"));
    }
    for unsent in unsent(status.alerts.as_ref(), status.remote_write.as_ref()) {
        say(unsent.text, Some(unsent.shown_by));
    }
    for process in status.processes.iter().filter(|process| process.state == "silent") {
        say(format!("the {} says nothing and is started anew", process.name), None);
    }
    match &status.capture {
        None => say("nothing is captured: the observer has not reported".to_owned(), None),
        Some(capture) => {
            if let Some(error) = &capture.error {
                say(format!("packets are not kept: {error}"), Some("rebootping check"));
            }
            let lost = capture.drop_rate;
            let places = [
                (lost.ring + lost.softnet, "this host is too busy"),
                (lost.nic, "a network card has no room"),
                (lost.writer, "the disk is too slow"),
            ];
            for (rate, why) in places.into_iter().filter(|(rate, _)| *rate > 0) {
                say(format!("{rate} packets a second are not seen or kept: {why}"), Some("rebootping status"));
            }
        }
    }
    found
}

/// The devices that came last.
fn new_devices(devices: &Devices, now: Timestamp) -> Vec<NewDevice<'_>> {
    let since = Timestamp::from_second(now.as_second() - NEW).unwrap_or_default().to_string();
    let mut new: Vec<&Device> = devices.devices.iter().filter(|device| device.first_seen > since).collect();
    new.sort_by_key(|device| (std::cmp::Reverse(&device.first_seen), device.mac));
    new.into_iter().take(SHOWN).map(new_device).collect()
}

fn new_device(device: &Device) -> NewDevice<'_> {
    NewDevice {
        mac: device.mac,
        name: device.name.as_ref(),
        vendor: device.vendor.as_deref(),
        kind: device.kind.as_deref(),
        first_seen: &device.first_seen,
    }
}

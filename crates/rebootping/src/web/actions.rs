//! What the page can change: how links are used, and what is known and kept of devices; each answer says what was done.

use super::asked::{Asked, json};
use super::devices::{find, given_name, parse};
use super::problem::Problem;
use super::source::Device;
use crate::cli;
use crate::clock;
use crate::config::observing::CaptureMode;
use crate::daemon::Request;
use crate::ipc::control::{ControlOrder, Macs};
use crate::ipc::observer::DeviceVerb;
use crate::report::status::LinkStatus;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use jiff::Timestamp;
use rebootping_core::control::label::Label;
use rebootping_core::control::names::Named;
use rebootping_core::control::restriction::{Mode, Restriction};
use rebootping_core::link::verdict::Order;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Labels are shorter.
const LONGEST_NAME: usize = 256;

#[derive(Serialize)]
struct Done {
    schema: u8,
    text: String,
    undo: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lasting {
    #[serde(rename = "for")]
    lasting: Option<String>,
    #[serde(default)]
    force: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Into {
    into: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Capture {
    mode: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restrict {
    mode: Mode,
    #[serde(rename = "for")]
    lasting: Option<String>,
    hours: Option<String>,
    #[serde(default)]
    force: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Number {
    id: u64,
}

/// Uses the pinned links and no others.
pub(super) async fn pin(asked: Asked) -> Result<Response<Body>, Problem> {
    order(asked, Order::Pin).await
}

/// Never uses a link.
pub(super) async fn out(asked: Asked) -> Result<Response<Body>, Problem> {
    order(asked, Order::Out).await
}

async fn order(asked: Asked, order: Order) -> Result<Response<Body>, Problem> {
    let Lasting { lasting, force } = asked.body()?;
    let lasting = lasting.map(|text| cli::lasting(&text)).transpose().map_err(Problem::wrong)?;
    let link = link(&asked).await?;
    let back = previous(&link);
    carry_out(&asked, Request::Order { link: link.name, order, lasting, force }, Some(back)).await
}

/// Ends a link's hold-down.
pub(super) async fn retry(asked: Asked) -> Result<Response<Body>, Problem> {
    let Nothing {} = asked.body()?;
    let link = link(&asked).await?;
    carry_out(&asked, Request::Retry { link: link.name }, None).await
}

/// Lets the answers decide about a link again.
pub(super) async fn auto(asked: Asked) -> Result<Response<Body>, Problem> {
    let Nothing {} = asked.body()?;
    let link = link(&asked).await?;
    let back = link.order.as_ref().map(|_| previous(&link));
    carry_out(&asked, Request::Auto { link: link.name }, back).await
}

/// Calls a device something.
pub(super) async fn rename(asked: Asked) -> Result<Response<Body>, Problem> {
    let Name { name } = asked.body()?;
    let name = cli::named(&name).map_err(|why| Problem::wrong(format!("this is no name: {why}")))?;
    let mac = parse(asked.part("mac"))?;
    let known = asked.site.source.devices().await?;
    let before = find(&known, asked.part("mac")).ok().and_then(given_name).and_then(|name| name.raw().parse().ok());
    let called = |label: Option<Label>| {
        let to = label.map(|label| Named { label, address: None });
        Request::Control(ControlOrder::Name { mac, to })
    };
    carry_out(&asked, called(name), Some(called(before))).await
}

/// Writes something down about a device.
pub(super) async fn note(asked: Asked) -> Result<Response<Body>, Problem> {
    let Note { note } = asked.body()?;
    let note = cli::noted(&note).map_err(|why| Problem::wrong(format!("this is no note: {why}")))?;
    change(asked, DeviceVerb::Note(note), |device| Some(DeviceVerb::Note(device.note.clone().unwrap_or_default())))
        .await
}

/// Takes two MACs for one device.
pub(super) async fn merge(asked: Asked) -> Result<Response<Body>, Problem> {
    let Into { into } = asked.body()?;
    let into = parse(&into)?;
    // Of a device with several MACs, splitting would take apart more than was put together.
    let back = |device: &Device| device.also.is_empty().then_some(DeviceVerb::Split);
    change(asked, DeviceVerb::Merge(into), back).await
}

/// Takes a device's MACs for devices of their own again.
pub(super) async fn split(asked: Asked) -> Result<Response<Body>, Problem> {
    let Nothing {} = asked.body()?;
    change(asked, DeviceVerb::Split, |_| None).await
}

/// Keeps a device from the Internet, from everything but the local network, or from all.
pub(super) async fn restrict(asked: Asked) -> Result<Response<Body>, Problem> {
    let Restrict { mode, lasting, hours, force } = asked.body()?;
    let lasting = lasting.map(|text| cli::lasting(&text)).transpose().map_err(Problem::wrong)?;
    let schedule = hours.map(|text| text.parse()).transpose();
    let schedule = schedule.map_err(|why| Problem::wrong(format!("hours: {why}")))?;
    let until = lasting.map(|lasting| ends_after(lasting, clock::wall()));
    control(asked, Some(Restriction { mode, until, schedule }), force).await
}

/// Allows a device everything again.
pub(super) async fn allow(asked: Asked) -> Result<Response<Body>, Problem> {
    let Nothing {} = asked.body()?;
    control(asked, None, false).await
}

/// Restricts all MACs of the path's device so.
async fn control(asked: Asked, to: Option<Restriction>, force: bool) -> Result<Response<Body>, Problem> {
    let mac = parse(asked.part("mac"))?;
    let source = &asked.site.source;
    let all = source.macs(mac).await;
    let before = source.restriction(&all).await?;
    let macs: Macs = all.try_into().map_err(Problem::wrong)?;
    // A proxy's address, or our own, is not that of whoever sits at the browser.
    let asking = Some(asked.peer.remote.ip().to_canonical()).filter(|ip| !ip.is_loopback());
    let order = |to, force| Request::Control(ControlOrder::Restrict { macs: macs.clone(), to, force, asking });
    carry_out(&asked, order(to, force), Some(order(before, true))).await
}

/// When something ends that lasts so long from now on, in whole seconds: rather a part of one too long than too short.
fn ends_after(lasting: Duration, now: Timestamp) -> u64 {
    let now = Duration::from_millis(u64::try_from(now.as_millisecond()).unwrap_or(0));
    u64::try_from(now.saturating_add(lasting).as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// Keeps so much of a device's packets.
pub(super) async fn capture(asked: Asked) -> Result<Response<Body>, Problem> {
    let Capture { mode } = asked.body()?;
    let mode = match mode.as_str() {
        "full" => CaptureMode::Full,
        "headers" => CaptureMode::Headers,
        "off" => CaptureMode::Off,
        _ => return Err(Problem::wrong("the mode is full, headers or off")),
    };
    change(asked, DeviceVerb::Capture(mode), |_| None).await
}

/// Forgets a device, which nothing brings back.
pub(super) async fn forget(asked: Asked) -> Result<Response<Body>, Problem> {
    let Nothing {} = asked.body()?;
    change(asked, DeviceVerb::Forget, |_| None).await
}

/// Takes back what was done.
pub(super) async fn undo(asked: Asked) -> Result<Response<Body>, Problem> {
    let Number { id } = asked.body()?;
    let gone = || Problem::new(StatusCode::GONE, "this cannot be taken back any more; do the opposite by hand");
    let request = asked.site.undo.take(id, clock::now()).ok_or_else(gone)?;
    carry_out(&asked, request, None).await
}

/// Does something to the device of the path; `back` is what takes it back.
async fn change(
    asked: Asked,
    verb: DeviceVerb,
    back: impl FnOnce(&Device) -> Option<DeviceVerb>,
) -> Result<Response<Body>, Problem> {
    let mac = parse(asked.part("mac"))?;
    let known = asked.site.source.devices().await?;
    let back = find(&known, asked.part("mac")).ok().and_then(back);
    carry_out(&asked, Request::Device(mac, verb), back.map(|verb| Request::Device(mac, verb))).await
}

async fn carry_out(asked: &Asked, request: Request, back: Option<Request>) -> Result<Response<Body>, Problem> {
    let text = asked.site.source.order(request).await?;
    // The page has an undo of its own.
    let text = text.split(" (undo: ").next().unwrap_or_default().to_owned();
    let undo = back.map(|request| asked.site.undo.keep(request, clock::now()));
    json(&Done { schema: 1, text, undo })
}

/// The link of the path.
async fn link(asked: &Asked) -> Result<LinkStatus, Problem> {
    let status = asked.site.source.status().await?;
    let name = asked.part("name");
    let is = |link: &&LinkStatus| {
        [Some(&link.name), link.provider.as_ref(), link.label.as_ref()].contains(&Some(&name.to_owned()))
    };
    let unknown = || Problem::new(StatusCode::NOT_FOUND, format!("there is no link {name:?}"));
    status.links.iter().find(is).cloned().ok_or_else(unknown)
}

/// The interface of the path's link; one that is no link now is taken at its word.
pub(super) async fn interface(asked: &Asked) -> Result<String, Problem> {
    let name = asked.part("name");
    if name.len() > LONGEST_NAME {
        return Err(Problem::wrong("no link has so long a name"));
    }
    Ok(link(asked).await.map_or_else(|_| name.to_owned(), |link| link.name))
}

/// What brings back how a link was used.
fn previous(link: &LinkStatus) -> Request {
    let link_name = link.name.clone();
    match &link.order {
        // It was so before, whatever that means for the Internet.
        Some(order) => Request::Order {
            link: link_name,
            order: order.order,
            lasting: order.left_s.map(Duration::from_secs),
            force: true,
        },
        None => Request::Auto { link: link_name },
    }
}

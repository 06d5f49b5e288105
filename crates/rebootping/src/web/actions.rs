//! What the page can change: how links are used, and what is known and kept of devices; each answer says what was done.

use super::asked::{Asked, json};
use super::devices::{find, parse};
use super::problem::Problem;
use super::source::Device;
use crate::cli;
use crate::clock;
use crate::config::observing::CaptureMode;
use crate::daemon::Request;
use crate::ipc::control::{ControlOrder, Macs, without_number};
use crate::ipc::observer::DeviceVerb;
use crate::report::status::LinkStatus;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use jiff::Timestamp;
use rebootping_core::control::names::Named;
use rebootping_core::control::restriction::{Mode, Restriction};
use rebootping_core::inventory::report::Hardware;
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
    address: Option<String>,
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

/// Calls a device something; its fixed address stays where nothing is said of it.
pub(super) async fn rename(asked: Asked) -> Result<Response<Body>, Problem> {
    let Name { name, address } = asked.body()?;
    let name = cli::named(&name).map_err(|why| Problem::wrong(format!("this is no name: {why}")))?;
    let mac = parse(asked.part("mac"))?;
    let known = asked.site.source.devices().await?;
    let address = match address.as_deref() {
        None => find(&known, asked.part("mac")).ok().and_then(|device| device.fixed_address),
        Some("") => None,
        Some(text) => {
            Some(text.parse().map_err(|_| Problem::wrong("the address is an IPv4 address, or empty for none"))?)
        }
    };
    let to = name.map(|label| Named { label, address });
    carry_out(&asked, Request::Control(ControlOrder::Name { mac, to }), None).await
}

/// Writes something down about a device.
pub(super) async fn note(asked: Asked) -> Result<Response<Body>, Problem> {
    let Note { note } = asked.body()?;
    let note = cli::noted(&note).map_err(|why| Problem::wrong(format!("this is no note: {why}")))?;
    let back = |device: &Device| Some((device.mac, DeviceVerb::Note(device.note.clone().unwrap_or_default())));
    change(asked, DeviceVerb::Note(note), back).await
}

/// Takes two MACs for one device.
pub(super) async fn merge(asked: Asked) -> Result<Response<Body>, Problem> {
    let Into { into } = asked.body()?;
    let into = parse(&into)?;
    // Of a device with several MACs, splitting would take apart more than was put together.
    let back = |device: &Device| device.also.is_empty().then_some((device.mac, DeviceVerb::Split));
    change(asked, DeviceVerb::Merge(into), back).await
}

/// Takes a device's MACs for devices of their own again.
pub(super) async fn split(asked: Asked) -> Result<Response<Body>, Problem> {
    let Nothing {} = asked.body()?;
    let mac = parse(asked.part("mac"))?;
    let again = |device: &Device| {
        let apart = if mac == device.mac { device.also.as_slice() } else { &[mac] };
        // More than one would have to be put together again one by one.
        let [other] = *apart else { return None };
        Some((other, DeviceVerb::Merge(device.mac)))
    };
    change(asked, DeviceVerb::Split, again).await
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
    let macs: Macs = asked.site.source.macs(mac).await.try_into().map_err(Problem::wrong)?;
    // A proxy's address, or our own, is not that of whoever sits at the browser.
    let asking = Some(asked.peer.remote.ip().to_canonical()).filter(|ip| !ip.is_loopback());
    carry_out(&asked, Request::Control(ControlOrder::Restrict { macs, to, force, asking }), None).await
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
        "full" => Some(CaptureMode::Full),
        "headers" => Some(CaptureMode::Headers),
        "off" => Some(CaptureMode::Off),
        "auto" => None,
        _ => return Err(Problem::wrong("the mode is full, headers, off or auto")),
    };
    let back = |device: &Device| Some((device.mac, DeviceVerb::Capture(device.capture_mode.map(CaptureMode::from))));
    change(asked, DeviceVerb::Capture(mode), back).await
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
    let done = asked.site.source.order(request).await?;
    json(&Done { schema: 1, text: without_number(&done).0, undo: None })
}

/// Does something to the device of the path; `back` is what takes it back.
async fn change(
    asked: Asked,
    verb: DeviceVerb,
    back: impl FnOnce(&Device) -> Option<(Hardware, DeviceVerb)>,
) -> Result<Response<Body>, Problem> {
    let mac = parse(asked.part("mac"))?;
    let known = asked.site.source.devices().await?;
    let back = find(&known, asked.part("mac")).ok().and_then(back);
    carry_out(&asked, Request::Device(mac, verb), back.map(|(mac, verb)| Request::Device(mac, verb))).await
}

/// Has something done. What has a number in the audit is taken back by that, all else by `back`.
async fn carry_out(asked: &Asked, request: Request, back: Option<Request>) -> Result<Response<Body>, Problem> {
    let done = asked.site.source.order(request).await?;
    // The page has an undo of its own.
    let (text, number) = without_number(&done);
    let back = number.map(|number| Request::Control(ControlOrder::Undo(Some(number)))).or(back);
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

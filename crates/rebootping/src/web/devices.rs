//! Devices in the contract's shapes, each with what it sends and is sent now.

use super::asked::{Asked, json};
use super::problem::Problem;
use super::rates::{Rate, Rates};
use super::source::{Amount, Device, Devices, Totals};
use axum::body::Body;
use axum::http::{Response, StatusCode};
use rebootping_core::inventory::report::{Hardware, LeftOut, ReportedHost, ReportedRestriction};
use serde::Serialize;

#[derive(Serialize)]
struct All<'a> {
    schema: u32,
    devices: Vec<Shown<'a>>,
    hosts: &'a [ReportedHost<String>],
    left_out: &'a LeftOut,
}

#[derive(Serialize)]
struct One<'a> {
    schema: u32,
    #[serde(flatten)]
    device: Shown<'a>,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    device: &'a Device,
    /// As the report's `restriction`, by the name the page knows it by.
    restricted: Option<&'a ReportedRestriction<String>>,
    today: Amount,
    month: Amount,
    now: Rate,
}

/// All devices.
pub(super) async fn all(asked: Asked) -> Result<Response<Body>, Problem> {
    let known = asked.site.source.devices().await?;
    let (rates, totals) = (asked.site.live.rates(), asked.site.source.totals().await);
    let devices = known.devices.iter().map(|device| Shown::new(device, &rates, &totals)).collect();
    json(&All { schema: known.schema, devices, hosts: &known.hosts, left_out: &known.left_out })
}

/// One device, by any of its MACs.
pub(super) async fn one(asked: Asked) -> Result<Response<Body>, Problem> {
    let known = asked.site.source.devices().await?;
    let device = find(&known, asked.part("mac"))?;
    let (rates, totals) = (asked.site.live.rates(), asked.site.source.totals().await);
    json(&One { schema: known.schema, device: Shown::new(device, &rates, &totals) })
}

impl<'a> Shown<'a> {
    fn new(device: &'a Device, rates: &Rates, totals: &Totals) -> Self {
        let (mut today, mut month) = (Amount::default(), Amount::default());
        for total in [device.mac].iter().chain(&device.also).filter_map(|mac| totals.get(mac)) {
            today.add(total.today);
            month.add(total.month);
        }
        Self { device, restricted: device.restriction.as_ref(), today, month, now: rates.of(device.mac) }
    }
}

/// The device that has this MAC.
pub(super) fn find<'a>(known: &'a Devices, mac: &str) -> Result<&'a Device, Problem> {
    let mac = parse(mac)?;
    let has = |device: &&Device| device.mac == mac || device.also.contains(&mac);
    let unknown = || Problem::new(StatusCode::NOT_FOUND, format!("no device has {mac}"));
    known.devices.iter().find(has).ok_or_else(unknown)
}

/// A MAC as it stands in a path.
pub(super) fn parse(mac: &str) -> Result<Hardware, Problem> {
    mac.parse().map_err(|why| Problem::wrong(format!("this is no MAC: {why}")))
}

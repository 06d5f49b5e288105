//! `/metrics`: numbers for monitoring that asks, in the dialect it asks for; those of single devices only where it asks for them too.

use super::asked::Asked;
use super::problem::Problem;
use super::site::Site;
use super::source::Device;
use crate::escape::visible;
use crate::report::metrics;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use rebootping_core::inventory::report::Hardware;
use rebootping_core::metrics::text::{self, Dialect};
use rebootping_core::metrics::{Family, Value, names};
use rebootping_core::untrusted::Untrusted;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// So many devices are told of, those that moved most: monitoring keeps each series for long.
const MOST_DEVICES: usize = 1000;

/// The answer.
pub(super) async fn answer(asked: Asked) -> Result<Response<Body>, Problem> {
    let with_devices = match asked.query("devices") {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => return Err(Problem::wrong("devices is true or false")),
    };
    let status = asked.site.source.status().await?;
    let mut families = metrics::families(&status);
    if with_devices {
        families.extend(of_devices(&asked.site).await?);
    }
    let dialect = dialect(&asked.headers);
    let mut response = Response::new(Body::from(text::write(&families, dialect)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(dialect.media()));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

/// Whoever can read `OpenMetrics` says so; older scrapers, `promtool` and people at a terminal get what all of them read.
fn dialect(headers: &HeaderMap) -> Dialect {
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let is_open = accepted.any(|accept| accept.contains("application/openmetrics-text"));
    if is_open { Dialect::OpenMetrics } else { Dialect::Prometheus }
}

async fn of_devices(site: &Site) -> Result<Vec<Family>, Problem> {
    let (known, traffic) = (site.source.devices().await?, site.source.traffic().await?);
    let mut moved: BTreeMap<Hardware, (u64, u64)> = BTreeMap::new();
    for device in traffic {
        let (sent, received) = moved.entry(device.mac).or_default();
        (*sent, *received) = (sent.saturating_add(device.sent), received.saturating_add(device.received));
    }
    let of = |device: &Device| moved.get(&device.mac).copied().unwrap_or_default();
    let mut devices: Vec<&Device> = known.devices.iter().collect();
    devices.sort_by_key(|device| {
        let (sent, received) = of(device);
        (Reverse(sent.saturating_add(received)), device.mac)
    });
    let left_out = devices.len().saturating_sub(MOST_DEVICES);
    devices.truncate(MOST_DEVICES);
    devices.sort_by_key(|device| device.mac);
    let [mut info, mut received_bytes, mut sent_bytes, mut too_many] =
        [names::DEVICE_INFO, names::DEVICE_RECEIVED, names::DEVICE_SENT, names::DEVICES_LEFT_OUT].map(Family::new);
    for device in devices {
        let (mac, (sent, received)) = (device.mac.to_string(), of(device));
        let name = device.name.as_ref().map(Untrusted::raw).map(visible).unwrap_or_default();
        let vendor = device.vendor.as_deref().unwrap_or_default();
        info.add(&[("mac", &mac), ("name", &name), ("vendor", vendor)], Value::Whole(1));
        received_bytes.add(&[("mac", &mac)], Value::Whole(received));
        sent_bytes.add(&[("mac", &mac)], Value::Whole(sent));
    }
    too_many.add(&[], Value::Whole(left_out as u64));
    Ok(vec![info, received_bytes, sent_bytes, too_many])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: Option<&'static str>, expected: Dialect) {
        let headers = accept.map(|accept| (header::ACCEPT, HeaderValue::from_static(accept)));
        assert_eq!(dialect(&headers.into_iter().collect()), expected, "{accept:?}");
    }

    #[test]
    fn who_asks_for_openmetrics_gets_it() {
        // As Prometheus 2.42 asks.
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
            text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        check(Some(prometheus), Dialect::OpenMetrics);
        check(Some("text/plain;version=0.0.4"), Dialect::Prometheus);
        check(Some("*/*"), Dialect::Prometheus);
        check(None, Dialect::Prometheus);
    }
}

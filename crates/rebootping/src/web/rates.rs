//! What flows now: bits a second of each device, from what it had sent and was sent a second ago.

use crate::ipc::observer::Traffic;
use crate::report::status::Status;
use rebootping_core::inventory::report::Hardware;
use rebootping_core::time::Time;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// So many devices are told of each second, the busiest.
const BUSIEST: usize = 20;
/// What was measured longer ago is not now.
const STALE: Duration = Duration::from_secs(5);
/// Two measurements closer than this say nothing.
const CLOSE: Duration = Duration::from_millis(200);

/// Bits a second of a device.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
pub(super) struct Rate {
    pub(super) bits_up: u64,
    pub(super) bits_down: u64,
}

/// The rates of all devices.
#[derive(Clone, Default, Debug)]
pub(super) struct Rates {
    at: Option<Time>,
    sums: BTreeMap<Hardware, (u64, u64)>,
    of: BTreeMap<Hardware, Rate>,
}

impl Rates {
    /// Takes what devices have sent and were sent; several MACs of one device are summed.
    pub(super) fn measure(&mut self, traffic: &[Traffic], now: Time) {
        let span = self.at.map(|at| now.since(at));
        if span.is_some_and(|span| span < CLOSE) {
            return;
        }
        let mut sums: BTreeMap<Hardware, (u64, u64)> = BTreeMap::new();
        for device in traffic {
            let (sent, received) = sums.entry(device.mac).or_default();
            *sent += device.sent;
            *received += device.received;
        }
        let span = span.filter(|span| *span < STALE);
        self.of = span.map(|span| self.since(&sums, span)).unwrap_or_default();
        (self.at, self.sums) = (Some(now), sums);
    }

    /// What a device sends and is sent.
    pub(super) fn of(&self, mac: Hardware) -> Rate {
        self.of.get(&mac).copied().unwrap_or_default()
    }

    /// The busiest devices, and what flows.
    pub(super) fn busiest(&self, most: usize) -> Vec<(Hardware, Rate)> {
        let mut busy: Vec<(Hardware, Rate)> = self.of.iter().map(|(mac, rate)| (*mac, *rate)).collect();
        busy.retain(|(_, rate)| rate.bits_up + rate.bits_down > 0);
        busy.sort_by_key(|(mac, rate)| (std::cmp::Reverse(rate.bits_up + rate.bits_down), *mac));
        busy.truncate(most);
        busy
    }

    fn since(&self, sums: &BTreeMap<Hardware, (u64, u64)>, span: Duration) -> BTreeMap<Hardware, Rate> {
        let bits = |now: u64, before: u64| (now.saturating_sub(before) as f64 * 8.0 / span.as_secs_f64()) as u64;
        let rate = |(mac, (sent, received)): (&Hardware, &(u64, u64))| {
            let (sent_before, received_before) = self.sums.get(mac)?;
            Some((*mac, Rate { bits_up: bits(*sent, *sent_before), bits_down: bits(*received, *received_before) }))
        };
        sums.iter().filter_map(rate).collect()
    }
}

/// What flows over links and to devices, as the stream tells it.
#[derive(Serialize, Debug)]
pub(super) struct Now {
    links: Vec<LinkNow>,
    devices: Vec<DeviceNow>,
}

#[derive(Serialize, Debug)]
struct LinkNow {
    name: String,
    bits_down: u64,
    bits_up: u64,
}

#[derive(Serialize, Debug)]
struct DeviceNow {
    mac: Hardware,
    #[serde(flatten)]
    rate: Rate,
}

impl Now {
    /// What flows in a round of this length.
    pub(super) fn new(status: &Status, round: Duration, rates: &Rates) -> Self {
        let bits = |bytes: u64| (bytes as f64 * 8.0 / round.as_secs_f64().max(0.001)) as u64;
        let link = |link: &crate::report::status::LinkStatus| LinkNow {
            name: link.name.clone(),
            bits_down: bits(link.own.bytes_received),
            bits_up: bits(link.own.bytes_sent),
        };
        let device = |(mac, rate)| DeviceNow { mac, rate };
        Self {
            links: status.links.iter().map(link).collect(),
            devices: rates.busiest(BUSIEST).into_iter().map(device).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Hardware = Hardware([2, 0, 0, 0, 0, 1]);
    const OTHER: Hardware = Hardware([2, 0, 0, 0, 0, 2]);

    fn at(millis: u64) -> Time {
        Time::BOOT + Duration::from_millis(millis)
    }

    fn traffic(mac: Hardware, sent: u64, received: u64) -> Traffic {
        Traffic { mac, sent, received }
    }

    #[test]
    fn a_rate_is_what_passed_between_two_measurements() {
        let mut rates = Rates::default();
        rates.measure(&[traffic(ONE, 1000, 0), traffic(OTHER, 5, 5)], at(1000));
        assert_eq!(rates.of(ONE), Rate::default(), "what it sent before is not now");
        rates.measure(&[traffic(ONE, 1500, 100), traffic(ONE, 500, 0), traffic(OTHER, 5, 5)], at(3000));
        assert_eq!(rates.of(ONE), Rate { bits_up: 4000, bits_down: 400 }, "two MACs of one device");
        assert_eq!(rates.busiest(9), [(ONE, Rate { bits_up: 4000, bits_down: 400 })]);
        rates.measure(&[traffic(ONE, 9999, 0)], at(3100));
        assert_eq!(rates.of(ONE).bits_up, 4000, "too close to say more");
        rates.measure(&[traffic(ONE, 10, 0)], at(4000));
        assert_eq!(rates.of(ONE).bits_up, 0, "an observer that began anew counts from zero");
        rates.measure(&[traffic(ONE, 9999, 0)], at(60_000));
        assert_eq!(rates.of(ONE).bits_up, 0, "a minute ago is not now");
    }
}

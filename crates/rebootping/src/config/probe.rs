//! `[probe]` and `[select]`: what is asked of every link, how often, and how long a fault is remembered.

use super::field::{Field, Fields, Read};
use super::values::{duration, list, number, target};
use crate::duration::format_duration;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

/// Google, Cloudflare, Quad9 and Cisco `OpenDNS`: public resolvers of four operators, which answer echoes from anywhere.
const TARGETS_V4: [Ipv4Addr; 4] =
    [Ipv4Addr::new(8, 8, 8, 8), Ipv4Addr::new(1, 1, 1, 1), Ipv4Addr::new(9, 9, 9, 9), Ipv4Addr::new(208, 67, 222, 222)];

/// The same four operators.
const TARGETS_V6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888),
    Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111),
    Ipv6Addr::new(0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe),
    Ipv6Addr::new(0x2620, 0x119, 0x35, 0, 0, 0, 0, 0x35),
];

/// More per family says nothing new, and the echoes of one round would no longer fit into its half.
const MOST_TARGETS: usize = 32;

/// Below, a slow link's answers come after the next round began.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(200);

/// Above, a fault is noticed too late to be called failover.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// More echoes to one target in a round are what public resolvers limit.
pub(super) const MOST_ECHOES: u8 = 10;

/// A link kept out for longer is better taken out by hand.
const LONGEST_HOLD_DOWN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// `[probe]`: whom every link is asked to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// IPv4 targets; empty means that IPv4 is not probed.
    pub(crate) targets_v4: Vec<Ipv4Addr>,
    /// IPv6 targets; empty means that IPv6 is not probed.
    pub(crate) targets_v6: Vec<Ipv6Addr>,
    /// Length of a round.
    pub(crate) interval: Duration,
    /// Echoes per target and round.
    pub(crate) echoes: u8,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            targets_v4: TARGETS_V4.to_vec(),
            targets_v6: TARGETS_V6.to_vec(),
            interval: Duration::from_secs(1),
            echoes: 3,
        }
    }
}

impl Probe {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        let default = Self::default();
        // A list replaces the defaults of both families: an operator who names IPv4 targets alone means just these.
        let (targets_v4, targets_v6) =
            fields.get("targets", targets).map_or((default.targets_v4, default.targets_v6), |t| by_family(&t));
        Self {
            targets_v4,
            targets_v6,
            interval: fields.get("interval", duration(SHORTEST_INTERVAL, LONGEST_INTERVAL)).unwrap_or(default.interval),
            echoes: fields.get("echoes", number(1, MOST_ECHOES)).unwrap_or(default.echoes),
        }
    }
}

/// `[select]`: how long a fault is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Select {
    /// How long a link must be as good as the best before it is healthy again.
    pub(crate) hold_down: Duration,
}

impl Default for Select {
    fn default() -> Self {
        Self { hold_down: Duration::from_secs(60 * 60) }
    }
}

impl Select {
    pub(super) fn read(mut fields: Fields<'_>, interval: Duration) -> Self {
        let hold_down = fields.get("hold_down", hold_down(interval));
        Self { hold_down: hold_down.unwrap_or(Self::default().hold_down) }
    }
}

/// Reads a hold-down, which is counted in rounds and therefore lasts one at least.
pub(super) fn hold_down(interval: Duration) -> impl Fn(&Field<'_>) -> Read<Duration> {
    move |field| {
        let hold_down = duration(Duration::ZERO, LONGEST_HOLD_DOWN)(field)?;
        if hold_down >= interval {
            return Ok(hold_down);
        }
        let (hold_down, interval) = (format_duration(hold_down), format_duration(interval));
        let what = format!("is {hold_down}, shorter than a round, which lasts {interval}");
        Err(field.problem(what, format!("write at least {interval}, or shorten [probe] interval")).into())
    }
}

/// Reads targets of both families in one list.
pub(super) fn targets(field: &Field<'_>) -> Read<Vec<IpAddr>> {
    let targets = list(target)(field)?;
    let (v4, v6) = by_family(&targets);
    if targets.is_empty() {
        let remedy = "name at least one address, better four of different operators, or leave the key out";
        return Err(field.problem("names no target, so that no link could ever be judged", remedy).into());
    }
    for (family, count) in [("IPv4", v4.len()), ("IPv6", v6.len())] {
        if count > MOST_TARGETS {
            let what = format!("names {count} {family} targets");
            return Err(field.problem(what, format!("keep at most {MOST_TARGETS} of each family")).into());
        }
    }
    Ok(targets)
}

fn by_family(targets: &[IpAddr]) -> (Vec<Ipv4Addr>, Vec<Ipv6Addr>) {
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for target in targets {
        match target {
            IpAddr::V4(address) => v4.push(*address),
            IpAddr::V6(address) => v6.push(*address),
        }
    }
    (v4, v6)
}

//! What happens to devices, in a sentence each with its time.

use crate::duration::format_duration;
use crate::escape::for_log;
use jiff::Timestamp;
use rebootping_core::inventory::events::{Event, What};
use rebootping_core::inventory::ports::Protocol;
use std::time::Duration;

/// The event as a sentence; names came from the network and are escaped.
pub(crate) fn event_text<T>(event: &Event<T>) -> String {
    let who = match &event.name {
        Some(name) => format!("{} ({})", for_log(name), event.mac),
        None => event.mac.to_string(),
    };
    let silent = |seconds: u64| format_duration(Duration::from_secs(seconds));
    match &event.what {
        What::NewDevice => format!("new device: {who}"),
        What::NewPort { ip, protocol, port } => {
            let protocol = match protocol {
                Protocol::Tcp => "tcp",
                Protocol::Udp => "udp",
            };
            format!("{who} has opened {port}/{protocol} at {ip}")
        }
        What::AddressConflict { ip, with } => {
            format!(
                "{who} claims {ip}, which {with} has: two devices with one address, or one that wants to pass for the other"
            )
        }
        What::ActsAsDhcpServer { is_v6: false } => format!("{who} gives out addresses by DHCP"),
        What::ActsAsDhcpServer { is_v6: true } => format!("{who} gives out addresses by DHCPv6"),
        What::ActsAsRouter { advertises: true } => format!("{who} advertises itself as an IPv6 router"),
        What::ActsAsRouter { advertises: false } => format!("{who} passes on what others send, as a router does"),
        What::Gone { silent_s } => format!("{who} has been silent for {}", silent(*silent_s)),
        What::Back { silent_s } => format!("{who} is back after {}", silent(*silent_s)),
    }
}

/// Nanoseconds of Unix time as RFC 3339.
pub(crate) fn label(nanos: u64) -> String {
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or_default().to_string()
}

//! `rebootping device`: what can be said and ordered of one device.

use super::{Output, lasting};
use crate::config::observing;
use crate::escape::visible;
use clap::{Args, Subcommand, ValueEnum};
use core::time::Duration;
use jiff::Timestamp;
use rebootping_core::control::label::{Label, Wrong};
use rebootping_core::control::restriction::Mode;
use rebootping_core::control::schedule::{Schedule, Unreadable};
use std::net::Ipv4Addr;

/// A note is a few lines.
const LONGEST_NOTE: usize = 4096;

/// How a device is named; `devices/find.rs` finds it.
const DEVICE: &str = "By its MAC, by one of its addresses, or by its name";

/// What is done with a device.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum DeviceOrder {
    /// Show everything that is known of it.
    Show {
        /// The device.
        #[arg(value_name = "DEVICE", help = DEVICE)]
        device: String,
        /// The form of the answer.
        #[command(flatten)]
        output: Output,
    },
    /// Call it this from now on, here and in DNS, whatever it calls itself; an empty name takes that back.
    Rename {
        /// The device.
        #[arg(value_name = "DEVICE", help = DEVICE)]
        device: String,
        /// What to call it: letters, digits and hyphens, at most 63.
        #[arg(value_name = "NAME", value_parser = named)]
        name: Name,
        /// The IPv4 address its DHCP server is to give it from its next lease on.
        #[arg(long, value_name = "IP")]
        address: Option<Ipv4Addr>,
    },
    /// Keep the Internet, all but the local network, or everything from it.
    Restrict(Restrict),
    /// Restrict it no longer; one in quarantine is let out.
    Allow {
        /// The device.
        #[arg(value_name = "DEVICE", help = DEVICE)]
        device: String,
    },
    /// Undo an order to rename, restrict or allow: the latest, or the one of this number.
    Undo {
        /// The number that the order was answered with.
        #[arg(value_name = "ID", value_parser = number)]
        id: Option<u64>,
    },
    /// Write something down about it; an empty text takes that back.
    Note {
        /// The device.
        #[arg(value_name = "DEVICE", help = DEVICE)]
        device: String,
        /// What to remember.
        #[arg(value_name = "TEXT", value_parser = noted)]
        text: String,
    },
    /// Take two MACs for one device from now on.
    Merge {
        /// The one that is no device of its own, by its MAC, by an address or by its name.
        #[arg(value_name = "DEVICE")]
        device: String,
        /// The device it belongs to, likewise.
        #[arg(value_name = "INTO")]
        into: String,
    },
    /// Take a merged MAC for a device of its own again.
    Split {
        /// The MAC; of a device's first one, its address or its name, all of them become devices.
        #[arg(value_name = "MAC")]
        device: String,
    },
    /// Keep all of its packets, their headers, or nothing, whatever holds for its network; auto takes that back.
    Capture {
        /// The device.
        #[arg(value_name = "DEVICE", help = DEVICE)]
        device: String,
        /// How much.
        #[arg(value_name = "MODE")]
        mode: CaptureMode,
    },
    /// Forget it, and erase its captures and everything it told.
    Forget {
        /// The device.
        #[arg(value_name = "DEVICE", help = DEVICE)]
        device: String,
    },
}

/// How a device is restricted.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Restrict {
    /// The device.
    #[arg(value_name = "DEVICE", help = DEVICE)]
    pub(crate) device: String,
    /// What is kept from it.
    #[arg(value_name = "MODE")]
    pub(crate) mode: RestrictMode,
    /// How long it holds, such as 2h; without an end, until allow.
    #[arg(long = "for", value_name = "DURATION", value_parser = lasting, conflicts_with = "until")]
    pub(crate) lasting: Option<Duration>,
    /// When it ends: RFC 3339, such as 2026-03-01T20:00:00+01:00.
    #[arg(long, value_name = "TIME", value_parser = end)]
    pub(crate) until: Option<Timestamp>,
    /// Only in these hours, by the clock on the wall: 'mon-fri 21:00-07:00', or 'daily 22:00-06:30'.
    #[arg(long, value_name = "HOURS", value_parser = hours)]
    pub(crate) hours: Option<Schedule>,
    /// Even where others are cut off with it, or the device you work from; an end must be given.
    #[arg(long)]
    pub(crate) force: bool,
}

/// What is kept from a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RestrictMode {
    /// The Internet.
    Pause,
    /// The Internet, and of this gateway all but DHCP, DNS, the time and the page.
    Local,
    /// Everything that passes or reaches this gateway.
    Block,
}

impl From<RestrictMode> for Mode {
    fn from(mode: RestrictMode) -> Self {
        match mode {
            RestrictMode::Pause => Self::Pause,
            RestrictMode::Local => Self::Local,
            RestrictMode::Block => Self::Block,
        }
    }
}

/// How much of a device's packets is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CaptureMode {
    /// Everything, but for the long flows that the configuration cuts off.
    Full,
    /// What comes before the payload.
    Headers,
    /// Nothing.
    Off,
    /// As much as the configuration says for its network.
    Auto,
}

impl From<CaptureMode> for Option<observing::CaptureMode> {
    fn from(mode: CaptureMode) -> Self {
        match mode {
            CaptureMode::Full => Some(observing::CaptureMode::Full),
            CaptureMode::Headers => Some(observing::CaptureMode::Headers),
            CaptureMode::Off => Some(observing::CaptureMode::Off),
            CaptureMode::Auto => None,
        }
    }
}

/// What to call a device; nothing if that is to be taken back.
pub(crate) type Name = Option<Label>;

/// A name that fits DNS, or nothing.
pub(crate) fn named(text: &str) -> Result<Name, String> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|wrong: Wrong| wrong.to_string()) }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "write the number that the order was answered with, such as 12".to_owned())
}

fn end(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "write RFC 3339, such as 2026-03-01T20:00:00+01:00; for a length use --for".to_owned())
}

fn hours(text: &str) -> Result<Schedule, String> {
    text.parse().map_err(|unreadable: Unreadable| unreadable.to_string())
}

/// A text people can read, or nothing.
pub(crate) fn noted(text: &str) -> Result<String, String> {
    if text.len() > LONGEST_NOTE {
        return Err(format!("it is longer than {LONGEST_NOTE} bytes"));
    }
    if visible(text) != text {
        return Err("it has characters that do not show, such as control characters".to_owned());
    }
    Ok(text.trim().to_owned())
}

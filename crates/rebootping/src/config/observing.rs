//! `[capture]`, `[[network]]` and `[store]`: what of the traffic is kept, and for how long.

use super::error::Errors;
use super::field::{Field, Fields, Read};
use super::glob::Glob;
use super::rules::read_rules;
use super::values::{duration, flag, glob, list, one_of, size};
use super::written::{Value, Written};
use core::time::Duration;
use rebootping_core::keep::Mode;
use serde::{Deserialize, Serialize};

const MB: u64 = 1_000_000;
const GB: u64 = 1_000 * MB;
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A device's ring needs room for a few segments, or dropping the oldest would leave nothing.
const LEAST_PER_DEVICE: u64 = 4 * MB;

/// Longer than any disk lasts; a bound keeps sums of times within a calendar.
const LONGEST_KEPT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Losing more than this at a power cut would lose what led to it.
const LONGEST_FLUSH: Duration = Duration::from_secs(60 * 60);

/// How much of each packet is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CaptureMode {
    /// All of it.
    #[default]
    Full,
    /// Its headers.
    Headers,
    /// Nothing.
    Off,
}

impl From<Mode> for CaptureMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Full => Self::Full,
            Mode::Headers => Self::Headers,
            Mode::Off => Self::Off,
        }
    }
}

const MODES: [(&str, CaptureMode); 3] =
    [("full", CaptureMode::Full), ("headers", CaptureMode::Headers), ("off", CaptureMode::Off)];

/// `[capture]`: which packets are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Capture {
    /// How much of each.
    pub(crate) mode: CaptureMode,
    /// Empty means all but loopback, containers' veths and the masters of captured ports.
    pub(crate) interfaces: Vec<Glob>,
    /// Bytes kept for each device.
    pub(crate) per_device: u64,
    /// Bytes kept in all.
    pub(crate) total: u64,
    /// Bytes left free on the disk; `None` is the larger of 1 GB and a tenth of it.
    pub(crate) keep_free: Option<u64>,
    /// Age at which packets are deleted.
    pub(crate) max_age: Duration,
    /// Bytes of each flow and direction kept whole; `None` keeps all.
    pub(crate) flow_cutoff: Option<u64>,
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            mode: CaptureMode::Full,
            interfaces: Vec::new(),
            per_device: 100 * MB,
            total: 20 * GB,
            keep_free: None,
            max_age: 30 * DAY,
            flow_cutoff: Some(64_000),
        }
    }
}

impl Capture {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        let default = Self::default();
        let per_device = fields.get("per_device", size(LEAST_PER_DEVICE)).unwrap_or(default.per_device);
        Self {
            mode: fields.get("mode", one_of(&MODES)).unwrap_or_default(),
            interfaces: fields.get("interfaces", list(glob)).unwrap_or_default(),
            per_device,
            total: fields.get("total", size(LEAST_PER_DEVICE)).unwrap_or(default.total),
            keep_free: fields.get("keep_free", size(0)),
            max_age: fields.get("max_age", duration(SECOND, LONGEST_KEPT)).unwrap_or(default.max_age),
            flow_cutoff: fields.get("flow_cutoff", flow_cutoff).unwrap_or(default.flow_cutoff),
        }
    }
}

fn flow_cutoff(field: &Field<'_>) -> Read<Option<u64>> {
    match field.value() {
        Value::Text(text) if text == "off" => Ok(None),
        _ => size(0)(field).map(Some),
    }
}

/// `[[network]]`: what is special about the devices behind some interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NetworkRule {
    /// The interfaces it is about.
    pub(crate) interface: Glob,
    /// Instead of the mode of `[capture]`.
    pub(crate) mode: Option<CaptureMode>,
    /// Whether devices there are listed at all.
    pub(crate) devices: Option<bool>,
}

impl NetworkRule {
    /// Reads all `[[network]]`.
    pub(super) fn read_all(written: Option<&Written>, errors: &mut Errors) -> Vec<Self> {
        read_rules("[[network]]", written, errors, |interface, fields| Self {
            interface,
            mode: fields.get("mode", one_of(&MODES)),
            devices: fields.get("devices", flag),
        })
    }
}

/// `[store]`: how long each kind of history is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Store {
    /// Every sample.
    pub(crate) raw: Duration,
    /// Sums of a minute.
    pub(crate) minutes: Duration,
    /// Sums of a quarter of an hour.
    pub(crate) quarters: Duration,
    /// Whom a device talked to.
    pub(crate) contacts: Duration,
    /// What the selection was given, round by round.
    pub(crate) journal: Duration,
    /// Bytes of all together.
    pub(crate) max_size: u64,
    /// How often it is written to the disk.
    pub(crate) flush: Duration,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            raw: 30 * DAY,
            minutes: 90 * DAY,
            quarters: 400 * DAY,
            contacts: 30 * DAY,
            journal: 400 * DAY,
            max_size: 500 * MB,
            flush: 60 * SECOND,
        }
    }
}

impl Store {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        let default = Self::default();
        let mut kept = |key, default| fields.get(key, duration(SECOND, LONGEST_KEPT)).unwrap_or(default);
        Self {
            raw: kept("raw", default.raw),
            minutes: kept("minutes", default.minutes),
            quarters: kept("quarters", default.quarters),
            contacts: kept("contacts", default.contacts),
            journal: kept("journal", default.journal),
            max_size: fields.get("max_size", size(MB)).unwrap_or(default.max_size),
            flush: fields.get("flush", duration(SECOND, LONGEST_FLUSH)).unwrap_or(default.flush),
        }
    }
}

//! How capturing goes, as the contract's JSON.

use super::amount::{bytes, count};
use crate::ipc::observer::{CaptureReport, Dropped};
use jiff::Timestamp;
use rebootping_core::keep::Counts;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// What is captured, what was lost, and what is kept of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct CaptureStatus {
    /// Packets seen since the observer started.
    pub(crate) packets: u64,
    /// Their bytes on the wire.
    pub(crate) bytes: u64,
    /// Records written to the files; a packet between two devices has two.
    pub(crate) written: u64,
    /// Records with fewer bytes than their packets had.
    pub(crate) truncated: u64,
    /// What became of the packets, by why, and of the MACs in them.
    pub(crate) frames: Counts,
    /// Bytes written to the disk since midnight, local time.
    pub(crate) written_bytes_today: u64,
    /// Bytes the capture files hold.
    pub(crate) kept_bytes: u64,
    /// When the oldest packet kept was captured, RFC 3339.
    pub(crate) oldest: Option<String>,
    /// Packets lost since the observer started.
    pub(crate) dropped: Dropped,
    /// Packets lost a second.
    pub(crate) drop_rate: Dropped,
    /// Devices that have captures of their own.
    pub(crate) devices: u64,
    /// Interfaces captured.
    pub(crate) interfaces: Vec<String>,
    /// Bytes of memory that hold packets on their way to the disk, or are kept ready for some.
    pub(crate) buffer_bytes: u64,
    /// Why nothing is written, if nothing is.
    pub(crate) error: Option<String>,
}

impl CaptureStatus {
    /// Labels what the observer reported.
    pub(crate) fn new(report: &CaptureReport) -> Self {
        let label = |nanos| Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or_default().to_string();
        Self {
            packets: report.packets,
            bytes: report.bytes,
            written: report.written,
            truncated: report.truncated,
            frames: report.frames,
            written_bytes_today: report.written_bytes_today,
            kept_bytes: report.kept_bytes,
            oldest: report.oldest.map(label),
            dropped: report.dropped,
            drop_rate: report.drop_rate,
            devices: report.devices,
            interfaces: report.interfaces.clone(),
            buffer_bytes: report.buffers,
            error: report.error.clone(),
        }
    }
}

/// One line on what is kept, and one more for each thing that is wrong.
pub(crate) fn lines(capture: &CaptureStatus) -> String {
    let mut text = match &capture.oldest {
        Some(oldest) => format!(
            "captures: {} of {} since {}, {} written today\n",
            bytes(capture.kept_bytes),
            devices(capture.devices),
            oldest.split('.').next().unwrap_or(oldest).replace('T', " ").trim_end_matches('Z'),
            bytes(capture.written_bytes_today)
        ),
        None if capture.interfaces.is_empty() => "captures: no interface is captured\n".to_owned(),
        None => format!("captures: listening on {}, nothing kept yet\n", capture.interfaces.join(", ")),
    };
    if let Some(error) = &capture.error {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "NOT KEPT: {error}; packets are counted and links judged all the same");
    }
    let causes = [
        (capture.dropped.ring, capture.drop_rate.ring, "because we were too slow"),
        (capture.dropped.nic, capture.drop_rate.nic, "by the network card"),
        (capture.dropped.softnet, capture.drop_rate.softnet, "by the kernel's backlog"),
        (capture.dropped.writer, capture.drop_rate.writer, "because the disk was too slow or refused"),
    ];
    for (total, rate, cause) in causes.into_iter().filter(|(total, ..)| *total > 0) {
        let _ = writeln!(text, "{} packets lost {cause}, {} in the last second", count(total), count(rate));
    }
    let refused = capture.frames.refused_full + capture.frames.refused_pairs;
    if refused > 0 {
        let _ = writeln!(text, "{} times a new MAC was not taken for a device: too many were at once", count(refused));
    }
    text
}

fn devices(number: u64) -> String {
    if number == 1 { "1 device".to_owned() } else { format!("{} devices", count(number)) }
}

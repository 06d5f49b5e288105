//! What every number is called and means, in one table: names once given stay.
#![expect(missing_docs, reason = "each says itself what it means")]

use super::Kind;

/// A family's name, how its numbers are to be read, and what they say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    /// Without the suffixes of single numbers, such as `_total`.
    pub name: &'static str,
    /// How its numbers are to be read.
    pub kind: Kind,
    /// One sentence.
    pub help: &'static str,
}

pub const BUILD: Name = gauge("rebootping_build_info", "The version of rebootping that runs.");
pub const STARTED: Name = gauge("rebootping_start_time_seconds", "When the daemon started, in Unix time.");
pub const LINK_INFO: Name = gauge("rebootping_link_info", "What a link is called, by the operator and by Shorewall.");
pub const LINK_HEALTHY: Name =
    gauge("rebootping_link_healthy", "Whether a link answers as well as the best and has done so for its hold-down.");
pub const LINK_USED: Name = gauge("rebootping_link_used", "Whether a link is in the choice for new connections.");
pub const LINK_COMMITTED: Name =
    gauge("rebootping_link_committed", "Whether status file and kernel agree with the choice about a link.");
pub const LINK_METERED: Name = gauge("rebootping_link_metered", "Whether traffic over a link is paid for.");
pub const LINK_LOSS: Name = gauge("rebootping_link_loss_ratio", "The share of the last minute's echoes that was lost.");
pub const LINK_HOLD_DOWN: Name =
    gauge("rebootping_link_hold_down_seconds", "How long a link still has to answer before it is healthy again.");
pub const LINK_CAP: Name = gauge("rebootping_link_cap_bytes", "What a link may move until its cap begins anew.");
pub const LINK_CAP_USED: Name = gauge("rebootping_link_cap_used_bytes", "What a link has moved of its cap.");
pub const LINK_RECEIVED: Name = counter("rebootping_link_received_bytes", "What came in over a link.");
pub const LINK_SENT: Name = counter("rebootping_link_sent_bytes", "What went out over a link.");
pub const ECHOES_SENT: Name = counter("rebootping_echoes_sent", "Echoes that were sent over a link.");
pub const ECHOES_LOST: Name = counter("rebootping_echoes_lost", "Echoes that were not answered in time.");
pub const REPLIES: Name = counter("rebootping_echo_replies", "Echo replies, by what became of them.");
pub const ROUND_TRIPS: Name =
    histogram("rebootping_round_trip_seconds", "The best round trip of each target in each round.");
pub const VERDICTS: Name = counter("rebootping_verdicts", "Verdicts that took a link into the choice or out of it.");
pub const COMMITS: Name = counter("rebootping_commits", "Choices that were applied, and steps that failed.");
pub const COMMIT_APPLIED: Name = gauge("rebootping_commit_applied", "Whether the choice is carried out.");
pub const CAPTURED_PACKETS: Name = counter("rebootping_captured_packets", "Packets seen on all interfaces.");
pub const CAPTURED_BYTES: Name = counter("rebootping_captured_bytes", "Their bytes on the wire.");
pub const DROPPED_PACKETS: Name = counter("rebootping_dropped_packets", "Packets that were lost, by where.");
pub const REFUSED_MACS: Name =
    counter("rebootping_refused_macs", "How often a new MAC was not taken for a device because too many were at once.");
pub const CAPTURES_KEPT: Name = gauge("rebootping_captures_kept_bytes", "What the capture files hold.");
pub const CAPTURES_WRITTEN: Name = gauge("rebootping_captures_written", "Whether packets are kept.");
pub const DEVICES: Name = gauge("rebootping_devices", "Devices that have captures of their own.");
pub const HISTORY: Name = gauge("rebootping_history_bytes", "The size of the history's file.");
pub const HISTORY_WAITING: Name = gauge("rebootping_history_waiting_bytes", "What waits in memory for the disk.");
pub const HISTORY_WRITTEN: Name = gauge("rebootping_history_written", "Whether the history is kept.");
pub const HISTORY_LOST: Name =
    counter("rebootping_history_lost", "Rows and blocks of the history that never came to the disk, by kind.");
pub const PROCESS_RUNNING: Name = gauge("rebootping_process_running", "Whether a process of ours runs and says so.");
pub const PROCESS_RESTARTS: Name =
    counter("rebootping_process_restarts", "How often a process of ours was started anew.");
pub const ALERTS_WAITING: Name =
    gauge("rebootping_alerts_waiting", "Messages for people that wait, by where they are sent.");
pub const ALERTS: Name =
    counter("rebootping_alerts", "Messages for people, by where they were sent and what became of them.");
pub const ALERTS_LAST: Name =
    gauge("rebootping_alerts_last_taken_seconds", "When the last message was taken, in Unix time.");
pub const MINUTES_WAITING: Name =
    gauge("rebootping_remote_write_waiting_minutes", "Minutes that wait for the engine that is sent them.");
pub const MINUTES_TOO_OLD: Name = counter(
    "rebootping_remote_write_too_old_minutes",
    "Minutes that were too old when the engine could have been sent them.",
);
pub const MINUTES_SAMPLES: Name =
    counter("rebootping_remote_write_samples", "Numbers that the engine was sent, by what became of them.");
pub const MINUTES_FAILED: Name =
    counter("rebootping_remote_write_failed", "Attempts to send the engine something that failed.");
pub const MINUTES_LAST: Name =
    gauge("rebootping_remote_write_last_taken_seconds", "When the engine last took something, in Unix time.");
pub const DEVICE_INFO: Name = gauge("rebootping_device_info", "What a device is called and who made it.");
pub const DEVICE_RECEIVED: Name = counter("rebootping_device_received_bytes", "What a device was sent.");
pub const DEVICE_SENT: Name = counter("rebootping_device_sent_bytes", "What a device sent.");
pub const DEVICES_LEFT_OUT: Name =
    gauge("rebootping_devices_left_out", "Devices of which nothing is told here because there are too many.");

const fn counter(name: &'static str, help: &'static str) -> Name {
    Name { name, kind: Kind::Counter, help }
}

const fn gauge(name: &'static str, help: &'static str) -> Name {
    Name { name, kind: Kind::Gauge, help }
}

const fn histogram(name: &'static str, help: &'static str) -> Name {
    Name { name, kind: Kind::Histogram, help }
}

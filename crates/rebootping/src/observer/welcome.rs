//! What is said at the very first start: what is recorded, where, how long, and how to turn it off.

use crate::config::observing::CaptureMode;
use crate::duration::format_duration;
use crate::ipc::observer::ObserverSettings;
use crate::report::amount::bytes;

/// Three lines.
pub(super) fn text(settings: &ObserverSettings) -> String {
    let capture = &settings.capture;
    let what = match (capture.mode, capture.flow_cutoff) {
        (CaptureMode::Headers, _) => "the headers of every packet".to_owned(),
        (CaptureMode::Full | CaptureMode::Off, None) => "every packet, whole".to_owned(),
        (CaptureMode::Full | CaptureMode::Off, Some(cutoff)) => {
            format!("of each connection the first {} each way, of the rest only the headers", bytes(cutoff))
        }
    };
    format!(
        "from now on rebootping records what passes here: {what}\n\
         it keeps that in {}: the newest {} of each device, {} in all, nothing older than {}\n\
         to record less or nothing, write mode = \"headers\" or \"off\" under [capture], or under [[network]] for some interfaces",
        settings.captures.display(),
        bytes(capture.per_device),
        bytes(capture.total),
        format_duration(capture.max_age),
    )
}

//! What is said at the very first start: what is recorded, where, how long, and how to turn it off.

use crate::config::observing::{Capture, CaptureMode};
use crate::duration::format_duration;
use crate::report::amount::bytes;
use std::path::Path;

/// Three lines.
pub(super) fn text(capture: &Capture, captures: &Path) -> String {
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
        captures.display(),
        bytes(capture.per_device),
        bytes(capture.total),
        format_duration(capture.max_age),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the package says when it is installed.
    const OF_PACKAGE: &str = include_str!("../../../../dist/debian/postinst");

    #[test]
    fn the_package_says_the_same_of_the_defaults() {
        for line in text(&Capture::default(), Path::new("/var/lib/rebootping/captures")).lines() {
            assert!(OF_PACKAGE.contains(line), "{line}");
        }
    }
}

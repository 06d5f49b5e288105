//! A report as the contract's JSON, on one line that a terminal or a page can show as well.

use crate::escape::for_json;
use serde::Serialize;

/// A report, or one device of it.
pub(super) fn json(report: &impl Serialize) -> String {
    // Nothing in a report can fail to be written.
    let mut text = for_json(&serde_json::to_string(report).unwrap_or_default());
    text.push('\n');
    text
}

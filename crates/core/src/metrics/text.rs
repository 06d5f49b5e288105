//! Numbers as text: OpenMetrics 1.0, or the older format of Prometheus for whoever does not ask for it.

use super::{Family, Kind, Point, Value};
use alloc::string::String;
use core::fmt::Write;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// <https://prometheus.io/docs/specs/om/open_metrics_spec/>
    OpenMetrics,
    /// The text format 0.0.4, in which counters' families have the names of their numbers.
    Prometheus,
}

impl Dialect {
    /// As HTTP calls it.
    pub const fn media(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Families in the order given; those without a number are left out.
pub fn write(families: &[Family], dialect: Dialect) -> String {
    let mut text = String::new();
    for family in families {
        let mut points = family.points().peekable();
        if points.peek().is_none() {
            continue;
        }
        head(&mut text, family, dialect);
        points.for_each(|point| line(&mut text, &point));
    }
    // The older format takes it for a comment.
    text.push_str("# EOF\n");
    text
}

// Writing to a string cannot fail.
fn head(text: &mut String, family: &Family, dialect: Dialect) {
    let name = family.name.name;
    let suffix = if family.name.kind == Kind::Counter && dialect == Dialect::Prometheus { "_total" } else { "" };
    let kind = match family.name.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let _ = writeln!(text, "# TYPE {name}{suffix} {kind}");
    let unit = ["seconds", "bytes", "ratio"].into_iter().find(|unit| name.ends_with(unit));
    if let (Dialect::OpenMetrics, Some(unit)) = (dialect, unit) {
        let _ = writeln!(text, "# UNIT {name} {unit}");
    }
    let _ = writeln!(text, "# HELP {name}{suffix} {}", family.name.help);
}

fn line(text: &mut String, point: &Point) {
    text.push_str(&point.name);
    for (place, (name, value)) in point.labels.iter().enumerate() {
        let _ = write!(text, "{}{name}=\"", if place == 0 { '{' } else { ',' });
        escape(text, value);
        text.push('"');
    }
    let end = if point.labels.is_empty() { "" } else { "}" };
    let _ = match &point.value {
        Value::Whole(number) => writeln!(text, "{end} {number}"),
        Value::Real(number) => writeln!(text, "{end} {number}"),
        Value::Trips(trips) => writeln!(text, "{end} {}", trips.count()),
    };
}

/// A label's value as text has it; what would break or hide a line is replaced.
fn escape(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c if c.is_control() => text.push(char::REPLACEMENT_CHARACTER),
            c => text.push(c),
        }
    }
}

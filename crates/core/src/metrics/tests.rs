//! Families as text, byte by byte.

use super::text::{Dialect, write};
use super::*;
use core::time::Duration;
use std::vec;

fn some() -> Vec<Family> {
    let mut used = Family::new(names::LINK_USED);
    used.add(&[("link", "wan1"), ("label", "")], Value::from(true));
    used.add(&[("link", "wan2"), ("label", "the \"fast\\slow\"\none\u{7}")], Value::from(false));
    let mut sent = Family::new(names::ECHOES_SENT);
    sent.add(&[], Value::Whole(12));
    let mut loss = Family::new(names::LINK_LOSS);
    loss.add(&[("link", "wan1")], Value::Real(0.25));
    loss.add_if(&[("link", "wan2")], None);
    let mut trips = Trips::default();
    for millis in [5, 30, 2000] {
        trips.note(Duration::from_millis(millis));
    }
    let mut trip = Family::new(names::ROUND_TRIPS);
    trip.add(&[("link", "wan1")], Value::Trips(trips));
    vec![used, Family::new(names::BUILD), sent, loss, trip]
}

#[test]
fn openmetrics_as_its_specification_has_it() {
    let expected = r#"# TYPE rebootping_link_used gauge
# HELP rebootping_link_used Whether a link is in the choice for new connections.
rebootping_link_used{link="wan1"} 1
rebootping_link_used{link="wan2",label="the \"fast\\slow\"\none�"} 0
# TYPE rebootping_echoes_sent counter
# HELP rebootping_echoes_sent Echoes that were sent over a link.
rebootping_echoes_sent_total 12
# TYPE rebootping_link_loss_ratio gauge
# UNIT rebootping_link_loss_ratio ratio
# HELP rebootping_link_loss_ratio The share of the last minute's echoes that was lost.
rebootping_link_loss_ratio{link="wan1"} 0.25
# TYPE rebootping_round_trip_seconds histogram
# UNIT rebootping_round_trip_seconds seconds
# HELP rebootping_round_trip_seconds The best round trip of each target in each round.
rebootping_round_trip_seconds_bucket{link="wan1",le="0.001"} 0
rebootping_round_trip_seconds_bucket{link="wan1",le="0.0025"} 0
rebootping_round_trip_seconds_bucket{link="wan1",le="0.005"} 1
rebootping_round_trip_seconds_bucket{link="wan1",le="0.01"} 1
rebootping_round_trip_seconds_bucket{link="wan1",le="0.02"} 1
rebootping_round_trip_seconds_bucket{link="wan1",le="0.035"} 2
rebootping_round_trip_seconds_bucket{link="wan1",le="0.05"} 2
rebootping_round_trip_seconds_bucket{link="wan1",le="0.075"} 2
rebootping_round_trip_seconds_bucket{link="wan1",le="0.1"} 2
rebootping_round_trip_seconds_bucket{link="wan1",le="0.15"} 2
rebootping_round_trip_seconds_bucket{link="wan1",le="0.25"} 2
rebootping_round_trip_seconds_bucket{link="wan1",le="0.5"} 2
rebootping_round_trip_seconds_bucket{link="wan1",le="1.0"} 2
rebootping_round_trip_seconds_bucket{link="wan1",le="+Inf"} 3
rebootping_round_trip_seconds_sum{link="wan1"} 2.035
rebootping_round_trip_seconds_count{link="wan1"} 3
# EOF
"#;
    assert_eq!(write(&some(), Dialect::OpenMetrics), expected);
}

#[test]
fn the_older_format_calls_counters_as_their_numbers() {
    let text = write(&some(), Dialect::Prometheus);
    assert!(text.contains("# TYPE rebootping_echoes_sent_total counter\n# HELP rebootping_echoes_sent_total "));
    assert!(text.contains("\nrebootping_echoes_sent_total 12\n") && !text.contains("# UNIT"));
}

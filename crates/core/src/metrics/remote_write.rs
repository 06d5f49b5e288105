//! Prometheus remote-write 1.0: numbers of several moments as one message in protobuf, by hand, for it has four kinds of records.
//!
//! Source: <https://prometheus.io/docs/specs/prw/remote_write_spec/>. Labels are sorted by name, samples by time.

use super::snappy::{compress, varint};
use super::{Family, Value};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// Headers that the specification asks for, beside the length.
pub const HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "application/x-protobuf"),
    ("Content-Encoding", "snappy"),
    ("X-Prometheus-Remote-Write-Version", "0.1.0"),
];

/// Field numbers with their wire types: two is bytes behind their length, one is eight bytes, none a varint.
const SERIES: u8 = 1 << 3 | 2;
const LABEL: u8 = 1 << 3 | 2;
const SAMPLE: u8 = 2 << 3 | 2;
const LABEL_NAME: u8 = 1 << 3 | 2;
const LABEL_VALUE: u8 = 2 << 3 | 2;
const SAMPLE_VALUE: u8 = 1 << 3 | 1;
const SAMPLE_TIME: u8 = 2 << 3;

/// What becomes one message.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Message {
    /// By labels, the name among them; each sample with its time in milliseconds since 1970.
    series: BTreeMap<BTreeMap<String, String>, Vec<(i64, f64)>>,
}

impl Message {
    /// Adds a family's numbers of one moment, each with these labels beside its own. Moments come in order.
    pub fn add(&mut self, family: &Family, beside: &BTreeMap<String, String>, millis: i64) {
        for point in family.points() {
            let mut labels = beside.clone();
            labels.extend(point.labels.into_iter().map(|(name, value)| (name.to_owned(), value)));
            labels.insert("__name__".to_owned(), point.name);
            let value = match point.value {
                Value::Whole(number) => number as f64,
                Value::Real(number) => number,
                Value::Trips(trips) => trips.count() as f64,
            };
            self.series.entry(labels).or_default().push((millis, value));
        }
    }

    /// How many numbers it has.
    pub fn samples(&self) -> usize {
        self.series.values().map(Vec::len).sum()
    }

    /// As it is sent.
    pub fn encode(&self) -> Vec<u8> {
        compress(&self.protobuf())
    }

    fn protobuf(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (labels, samples) in &self.series {
            let mut series = Vec::new();
            for (name, value) in labels {
                let mut label = Vec::new();
                record(LABEL_NAME, name.as_bytes(), &mut label);
                record(LABEL_VALUE, value.as_bytes(), &mut label);
                record(LABEL, &label, &mut series);
            }
            for (millis, value) in samples {
                let mut sample = Vec::new();
                sample.push(SAMPLE_VALUE);
                sample.extend(value.to_le_bytes());
                sample.push(SAMPLE_TIME);
                varint(*millis as u64, &mut sample);
                record(SAMPLE, &sample, &mut series);
            }
            record(SERIES, &series, &mut out);
        }
        out
    }
}

fn record(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::super::snappy::tests::decompress;
    use super::*;

    #[test]
    fn bytes_as_the_specification_has_them() {
        let mut family = Family::new(names::LINK_USED);
        family.add(&[("link", "w1")], Value::Whole(1));
        let mut message = Message::default();
        let beside = BTreeMap::from([("site".to_owned(), "a".to_owned())]);
        message.add(&family, &beside, 300);
        let expected = [
            b"\x0a\x47".as_slice(),
            b"\x0a\x20\x0a\x08__name__\x12\x14rebootping_link_used",
            b"\x0a\x0a\x0a\x04link\x12\x02w1",
            b"\x0a\x09\x0a\x04site\x12\x01a",
            b"\x12\x0c\x09\0\0\0\0\0\0\xf0\x3f\x10\xac\x02",
        ];
        let expected = expected.concat();
        assert_eq!(message.protobuf(), expected);
        assert_eq!(decompress(&message.encode()), expected);
        assert_eq!(message.samples(), 1);
    }

    #[test]
    fn moments_of_one_series_stand_together_in_order() {
        let mut message = Message::default();
        for minute in 1..=3 {
            let mut family = Family::new(names::LINK_USED);
            family.add(&[("link", "wan1")], Value::Whole(minute));
            message.add(&family, &BTreeMap::new(), minute as i64 * 60_000);
        }
        let samples: Vec<_> = message.series.values().cloned().collect();
        assert_eq!(samples, [[(60_000, 1.0), (120_000, 2.0), (180_000, 3.0)]]);
    }
}

//! What monitoring is told: families of numbers with labels, and how they are written down for whoever asks or is sent them.

pub mod minute;
pub mod names;
pub mod remote_write;
pub mod sender;
pub mod snappy;
pub mod text;

use crate::link::tally::{BOUNDS, Trips};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use names::Name;

/// How a number is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// It only grows, and begins anew with the process that counts.
    Counter,
    /// It is as it is now.
    Gauge,
    /// How many were how large, likewise since the process began.
    Histogram,
}

/// All numbers of one name.
#[derive(Clone, PartialEq, Debug)]
pub struct Family {
    /// What it is called.
    pub name: Name,
    samples: Vec<Sample>,
}

/// What a number is about: names and values, none of them empty.
pub type Labels = Vec<(&'static str, String)>;

#[derive(Clone, PartialEq, Debug)]
struct Sample {
    labels: Labels,
    value: Value,
}

/// A number, or several that belong together.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Of things.
    Whole(u64),
    /// Of a unit.
    Real(f64),
    /// Round trips, as a histogram has them.
    Trips(Trips),
}

/// One number on its own, as it is written down.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) value: Value,
}

impl Family {
    /// One without any number yet.
    pub fn new(name: Name) -> Self {
        Self { name, samples: Vec::new() }
    }

    /// Adds a number; a label without a value says nothing and is left out.
    pub fn add(&mut self, labels: &[(&'static str, &str)], value: Value) {
        let told = labels.iter().filter(|(_, value)| !value.is_empty());
        self.samples.push(Sample { labels: told.map(|(name, value)| (*name, (*value).to_owned())).collect(), value });
    }

    /// The same of what is there only now and then.
    pub fn add_if(&mut self, labels: &[(&'static str, &str)], value: Option<Value>) {
        if let Some(value) = value {
            self.add(labels, value);
        }
    }

    /// Its numbers, one by one.
    pub(crate) fn points(&self) -> impl Iterator<Item = Point> + '_ {
        self.samples.iter().flat_map(|sample| self.points_of(sample))
    }

    fn points_of(&self, sample: &Sample) -> Vec<Point> {
        let point = |suffix: &str, le: Option<String>, value| {
            let mut labels = sample.labels.clone();
            labels.extend(le.map(|le| ("le", le)));
            Point { name: format!("{}{suffix}", self.name.name), labels, value }
        };
        let Value::Trips(trips) = &sample.value else {
            let suffix = if self.name.kind == Kind::Counter { "_total" } else { "" };
            return [point(suffix, None, sample.value.clone())].into();
        };
        let buckets = BOUNDS.iter().zip(trips.up_to_bounds());
        let mut points: Vec<Point> =
            buckets.map(|(bound, count)| point("_bucket", Some(seconds(*bound)), Value::Whole(count))).collect();
        let all = Value::Whole(trips.count());
        points.push(point("_bucket", Some("+Inf".to_owned()), all.clone()));
        points.push(point("_sum", None, Value::Real(trips.sum())));
        points.push(point("_count", None, all));
        points
    }
}

impl From<bool> for Value {
    fn from(is_so: bool) -> Self {
        Self::Whole(is_so.into())
    }
}

/// Microseconds as OpenMetrics has bounds: seconds, with a decimal point in any case.
fn seconds(micros: u64) -> String {
    let text = (micros as f64 / 1e6).to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

#[cfg(test)]
mod tests;

//! What a link or a device moved: column by column, and exactly by the days and months of the operator's calendar.

use super::graph::Told;
use crate::clock;
use crate::report::amount::bytes;
use crate::store::read::{Amounts, Total, Totals};
use jiff::Timestamp;
use rebootping_core::history::traffic::Moved as Bytes;
use rebootping_core::inventory::report::Hardware;
use serde_json::{Value, json};
use std::fmt::Write;

/// What a series moved.
pub(super) struct Moved {
    amounts: Amounts,
    totals: Totals,
    days: Vec<Total>,
    months: Vec<Total>,
}

impl Told<'_> {
    /// What a series moved in the time that is told of, and in all months.
    pub(super) fn moved(&self, series: &str) -> Result<Moved, String> {
        let why = |error: crate::store::read::Unreadable| error.to_string();
        let recent = self.recent(series.to_owned())?;
        let sums = self.reader.recent_sums(&self.config.paths.run, series).map_err(why)?;
        let date = |time: Timestamp| time.to_zoned(clock::zone()).date();
        let totals = self.reader.totals(series, date(clock::wall()), &sums).map_err(why)?;
        Ok(Moved {
            totals: totals.get(series).copied().unwrap_or_default(),
            amounts: self.reader.traffic(series, self.time(), self.points, &recent).map_err(why)?,
            days: self.reader.days(series, (date(self.from), date(self.until)), &sums).map_err(why)?,
            months: self.reader.months(series, &sums).map_err(why)?,
        })
    }
}

impl Moved {
    pub(super) fn is_unknown(&self) -> bool {
        self.days.is_empty() && self.months.is_empty() && self.sum() == Bytes::default()
    }

    /// One line for a link, beside what our own echoes took of it.
    pub(super) fn of_link(&self, probes: &Self) -> String {
        let (all, own) = (self.sum(), probes.sum());
        format!(
            "traffic: {} received, {} sent; our own echoes took {} of it",
            bytes(all.received),
            bytes(all.sent),
            bytes(own.sent.saturating_add(own.received))
        )
    }

    /// Today and this month in a line, then the days of the time that is told of and all months, a line each.
    pub(super) fn table(&self, mac: Hardware) -> String {
        let both = |moved: Bytes| format!("{} received, {} sent", bytes(moved.received), bytes(moved.sent));
        let Totals { today, month } = self.totals;
        let mut text = format!("{mac}\n  today {}; this month {}\n", both(today), both(month));
        for total in self.days.iter().chain(&self.months) {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "  {:10}  {:>8} received  {:>8} sent",
                total.label,
                bytes(total.received),
                bytes(total.sent)
            );
        }
        text
    }

    pub(super) fn json_of_device(&self, mac: Hardware) -> Value {
        json!({
            "schema": 1, "mac": mac, "traffic": self.columns(), "days": self.days(), "months": self.months(),
        })
    }

    pub(super) fn csv(&self) -> String {
        let mut text = "time,received,sent\n".to_owned();
        for (time, moved) in self.times().zip(&self.amounts.moved) {
            let time = Timestamp::from_second(time).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{time},{},{}", moved.received, moved.sent);
        }
        text
    }

    /// Bytes by column, within 1 %.
    pub(super) fn columns(&self) -> Value {
        let moved = &self.amounts.moved;
        json!({
            "step": self.amounts.grid.step,
            "time": self.times().take(moved.len()).collect::<Vec<_>>(),
            "received": moved.iter().map(|moved| moved.received).collect::<Vec<_>>(),
            "sent": moved.iter().map(|moved| moved.sent).collect::<Vec<_>>(),
        })
    }

    pub(super) fn days(&self) -> Value {
        listed("day", &self.days)
    }

    pub(super) fn months(&self) -> Value {
        listed("month", &self.months)
    }

    fn times(&self) -> impl Iterator<Item = i64> + use<> {
        let grid = self.amounts.grid;
        (0..).map(move |place: i64| grid.from.saturating_add(place.saturating_mul(grid.step)))
    }

    fn sum(&self) -> Bytes {
        let mut sum = Bytes::default();
        self.amounts.moved.iter().for_each(|moved| sum.add(moved));
        sum
    }
}

fn listed(called: &str, totals: &[Total]) -> Value {
    let total = |total: &Total| json!({ called: total.label, "received": total.received, "sent": total.sent });
    Value::Array(totals.iter().map(total).collect())
}

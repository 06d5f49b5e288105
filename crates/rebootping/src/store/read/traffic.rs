//! What devices, links and our own probes moved: as a graph, today, and by day and month.

use super::super::kinds::Stretch;
use super::super::memory::{Day, Sum};
use super::super::pack::take;
use super::super::sums;
use super::{Found, Open, Reader, Span, Total, Unreadable};
use jiff::civil::Date;
use rebootping_core::history::columns::Grid;
use rebootping_core::history::rollup::Span as Length;
use rebootping_core::history::traffic::{self, Moved};
use rusqlite::params;
use std::collections::BTreeMap;

const SECOND: i64 = 1_000_000_000;

/// What a series moved, column by column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Amounts {
    /// Which columns.
    pub(crate) grid: Grid,
    /// What was moved in each.
    pub(crate) moved: Vec<Moved>,
}

/// What a series moved in a day and in its month.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Totals {
    /// That day.
    pub(crate) today: Moved,
    /// Its month.
    pub(crate) month: Moved,
}

impl Reader {
    /// What a series moved from one time to another, in unix seconds, in at most so many columns of a minute or more, within 1 %. A
    /// series is a device, `device/02:00:00:00:00:05`, a link, `link/wan1`, or our own echoes over it, `probes/wan1`; `recent` are the
    /// minutes that are in no block yet.
    pub(crate) fn traffic(
        &self,
        series: &str,
        (from, to): (i64, i64),
        points: usize,
        recent: &[Found],
    ) -> Result<Amounts, Unreadable> {
        let span = Span { from: from.saturating_mul(SECOND), until: to.saturating_mul(SECOND) };
        let mut amounts = Amounts::new(Grid::of_spans(from, to, points, Length::Minute));
        let is_coarse = amounts.grid.span().is_some_and(|span| span > Length::Minute);
        let minutes = if is_coarse { Vec::new() } else { self.stretches(Stretch::TrafficMinutes, series, span)? };
        amounts.add_all(&minutes, Length::Minute);
        if minutes.is_empty() {
            // They are not kept as long as quarters of an hour.
            let quarters = self.stretches(Stretch::TrafficQuarters, series, span)?;
            if !quarters.is_empty() {
                amounts = Amounts::new(Grid::of_spans(from, to, points, Length::Quarter));
            }
            amounts.add_all(&quarters, Length::Quarter);
        }
        amounts.add_all(recent, Length::Minute);
        Ok(amounts)
    }

    /// What a series moved in each minute since boot whose middle lies in that time, with that middle, in nanoseconds since 1970.
    /// `open` is the hour that is not over.
    pub(crate) fn moved(&self, series: &str, span: Span, open: &[Open]) -> Result<Vec<(i64, Moved)>, Unreadable> {
        let mut found = self.stretches(Stretch::TrafficMinutes, series, span)?;
        let is_its = |open: &&Open| open.kind == Stretch::TrafficMinutes && open.series == series;
        found.extend(open.iter().filter(is_its).map(|open| open.found.clone()));
        let length = Length::Minute.length().as_nanos() as i64;
        let of = |found: &Found| -> Vec<(i64, Moved)> {
            let mut rest = found.bytes.as_slice();
            let first = take(&mut rest).and_then(|first| i64::try_from(first).ok());
            let minutes = first.into_iter().flat_map(|first| (first..).zip(traffic::decode(rest)));
            let middle = |number: i64| number.saturating_mul(length).saturating_add(length / 2 + found.ahead);
            minutes.map(|(number, moved)| (middle(number), moved)).collect()
        };
        let all = found.iter().flat_map(of);
        Ok(all.filter(|(middle, _)| *middle >= span.from && *middle < span.until).collect())
    }

    /// What each series that begins so moved on this day and in its month; `recent` is what no day in the file has yet.
    pub(crate) fn totals(
        &self,
        beginning: &str,
        today: Date,
        recent: &[Sum],
    ) -> Result<BTreeMap<String, Totals>, Unreadable> {
        let (today, month) = (today.to_string(), today.strftime("%Y-%m").to_string());
        let mut statement = self.connection.prepare_cached(
            "SELECT name, day.sent, day.received, month.sent, month.received FROM series
             LEFT JOIN day ON day.day = ?3 AND day.series = series.id
             LEFT JOIN month ON month.month = ?4 AND month.series = series.id
             WHERE name >= ?1 AND name < ?2 AND month.sent IS NOT NULL",
        )?;
        let end = format!("{beginning}{}", char::MAX);
        let mut rows = statement.query(params![beginning, end, today, month])?;
        let mut totals: BTreeMap<String, Totals> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let bytes = |at| row.get::<_, Option<i64>>(at).map(|bytes| bytes.unwrap_or(0) as u64);
            let of = |sent, received| Moved { sent, received, ..Moved::default() };
            let (today, month) = (of(bytes(1)?, bytes(2)?), of(bytes(3)?, bytes(4)?));
            totals.insert(row.get(0)?, Totals { today, month });
        }
        for sum in recent.iter().filter(|sum| sum.series.starts_with(beginning)) {
            let (is_today, is_month) = match &sum.day {
                Day::Known(day) => (*day == today, day.starts_with(&month)),
                Day::Unknown(..) => (true, true),
            };
            let moved = Moved { sent: sum.sent, received: sum.received, ..Moved::default() };
            let of_series = totals.entry(sum.series.clone()).or_default();
            if is_today {
                of_series.today.add(&moved);
            }
            if is_month {
                of_series.month.add(&moved);
            }
        }
        Ok(totals)
    }

    /// What a series moved on each day from one to another on which it moved anything.
    pub(crate) fn days(&self, series: &str, days: (Date, Date), recent: &[Sum]) -> Result<Vec<Total>, Unreadable> {
        let known = match self.series(series)? {
            Some(series) => sums::days(&self.connection, series, days)?,
            None => Vec::new(),
        };
        let (from, to) = (days.0.to_string(), days.1.to_string());
        let mut totals: BTreeMap<String, Total> = known.into_iter().map(|day| (day.label.clone(), day)).collect();
        for sum in recent.iter().filter(|sum| sum.series == series) {
            if let Day::Known(day) = &sum.day {
                if *day >= from && *day <= to {
                    add(&mut totals, day, sum);
                }
            }
        }
        Ok(totals.into_values().collect())
    }

    /// What a series moved in each month there is.
    pub(crate) fn months(&self, series: &str, recent: &[Sum]) -> Result<Vec<Total>, Unreadable> {
        let mut totals = BTreeMap::new();
        if let Some(id) = self.series(series)? {
            let question = "SELECT month, sent, received FROM month WHERE series = ?1 ORDER BY month";
            let mut statement = self.connection.prepare_cached(question)?;
            let mut rows = statement.query([id])?;
            while let Some(row) = rows.next()? {
                let (label, sent, received): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                totals.insert(label.clone(), Total { label, sent: sent as u64, received: received as u64 });
            }
        }
        for sum in recent.iter().filter(|sum| sum.series == series) {
            if let Day::Known(day) = &sum.day {
                add(&mut totals, day.get(..7).unwrap_or(day), sum);
            }
        }
        Ok(totals.into_values().collect())
    }
}

impl Amounts {
    fn new(grid: Grid) -> Self {
        Self { grid, moved: vec![Moved::default(); grid.count] }
    }

    fn add_all(&mut self, all: &[Found], length: Length) {
        for found in all {
            self.add(found, length);
        }
    }

    fn add(&mut self, found: &Found, length: Length) {
        let mut rest = found.bytes.as_slice();
        let Some(first) = take(&mut rest).and_then(|first| i64::try_from(first).ok()) else { return };
        let seconds = length.length().as_secs() as i64;
        for (number, moved) in (first..).zip(traffic::decode(rest)) {
            // Spans are those since boot: one belongs to the column in which its middle lies.
            let middle =
                number.saturating_mul(seconds).saturating_add(found.ahead / SECOND).saturating_add(seconds / 2);
            if let Some(column) = self.grid.place(middle).and_then(|place| self.moved.get_mut(place)) {
                column.add(&moved);
            }
        }
    }
}

fn add(totals: &mut BTreeMap<String, Total>, label: &str, sum: &Sum) {
    let empty = || Total { label: label.to_owned(), sent: 0, received: 0 };
    let total = totals.entry(label.to_owned()).or_insert_with(empty);
    total.sent = total.sent.saturating_add(sum.sent);
    total.received = total.received.saturating_add(sum.received);
}

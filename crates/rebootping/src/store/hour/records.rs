//! The stream of an hour: records, each behind its kind and its length, as the disk has them.

use super::super::pack::{put, take};
use super::{DeviceMinute, Mark};
use rebootping_core::history::traffic::Moved;
use rebootping_core::time::Time;

/// The kinds of records.
pub(super) const NOTES: u64 = 1;
pub(super) const MOVED: u64 = 2;
pub(super) const MARK: u64 = 3;
pub(super) const STANDS: u64 = 4;
pub(super) const CIRCUMSTANCE: u64 = 5;

/// Adds a record.
pub(super) fn put_record(kind: u64, bytes: &[u8], stream: &mut Vec<u8>) {
    put(kind, stream);
    put(bytes.len() as u64, stream);
    stream.extend_from_slice(bytes);
}

/// The next record, with its kind.
pub(super) fn take_record<'a>(stream: &mut &'a [u8]) -> Option<(u64, &'a [u8])> {
    let (kind, length) = (take(stream)?, usize::try_from(take(stream)?).ok()?);
    let (record, rest) = stream.split_at_checked(length)?;
    *stream = rest;
    Some((kind, record))
}

/// Adds what a device moved in a minute to a record of such.
pub(super) fn put_minute(minute: &DeviceMinute, record: &mut Vec<u8>) {
    put(minute.series.len() as u64, record);
    record.extend_from_slice(minute.series.as_bytes());
    for number in [minute.begins.as_nanos(), minute.moved.sent, minute.moved.received] {
        put(number, record);
    }
}

/// The next minute of such a record.
pub(super) fn take_minute(record: &mut &[u8]) -> Option<DeviceMinute> {
    let length = usize::try_from(take(record)?).ok()?;
    let (series, rest) = record.split_at_checked(length)?;
    *record = rest;
    let (begins, sent, received) = (take(record)?, take(record)?, take(record)?);
    Some(DeviceMinute {
        series: String::from_utf8_lossy(series).into_owned(),
        begins: Time::from_nanos(begins),
        moved: Moved { sent, received, ..Moved::default() },
    })
}

/// What was moved but for these devices.
pub(super) fn without(mut record: &[u8], macs: &[String]) -> Vec<u8> {
    let mut left = Vec::new();
    while let Some(minute) = take_minute(&mut record) {
        if !macs.iter().any(|mac| minute.series.ends_with(mac.as_str())) {
            put_minute(&minute, &mut left);
        }
    }
    left
}

/// How far the judge's notes are known.
pub(super) fn mark(mark: Mark) -> Vec<u8> {
    let mut record = Vec::new();
    put(mark.epoch, &mut record);
    put(mark.number, &mut record);
    record
}

/// The same as it was read.
pub(super) fn read_mark(mut record: &[u8]) -> Option<Mark> {
    Some(Mark { epoch: take(&mut record)?, number: take(&mut record)? })
}

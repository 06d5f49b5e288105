//! The newest end of the log: what of it was told already, and what is news.

use jiff::Timestamp;
use serde_json::Value;
use std::collections::VecDeque;

/// Entries that are known to have been told: several times as many as are asked for at once.
const KNOWN: usize = 1024;

/// An entry of the log.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    /// When it happened, in milliseconds since 1970.
    pub(super) at: u64,
    /// All of it.
    pub(super) whole: Value,
}

/// What was told.
#[derive(Default, Debug)]
pub(super) struct Tail {
    known: VecDeque<String>,
    is_begun: bool,
}

impl Tail {
    /// Nothing was taken yet.
    pub(super) fn is_new(&self) -> bool {
        !self.is_begun
    }

    /// Takes the newest entries, the newest first; those that are news, the oldest first.
    pub(super) fn take(&mut self, newest: Vec<Entry>) -> Vec<Entry> {
        self.is_begun = true;
        let mut news: Vec<Entry> = newest.into_iter().filter(|entry| !self.known.contains(&entry.id)).collect();
        news.reverse();
        self.known.extend(news.iter().map(|entry| entry.id.clone()));
        self.known.drain(..self.known.len().saturating_sub(KNOWN));
        news
    }
}

/// The entries of an answer.
pub(super) fn entries(answer: &str) -> Vec<Entry> {
    let Ok(Value::Object(mut answer)) = serde_json::from_str(answer) else { return Vec::new() };
    let Some(Value::Array(events)) = answer.remove("events") else { return Vec::new() };
    let entry = |whole: Value| {
        let at: Timestamp = whole["time"].as_str()?.parse().ok()?;
        let at = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Some(Entry { id: whole["id"].as_str()?.to_owned(), at, whole })
    };
    events.into_iter().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_is_news_once() {
        let page = |ids: &[&str]| {
            let events: Vec<String> =
                ids.iter().map(|id| format!(r#"{{"id":"{id}","time":"2026-03-01T08:00:00.5Z"}}"#)).collect();
            entries(&format!(r#"{{"schema":1,"events":[{}],"more":false}}"#, events.join(",")))
        };
        let mut tail = Tail::default();
        assert!(tail.is_new());
        let mut take = |ids: &[&str]| tail.take(page(ids)).into_iter().map(|entry| entry.id).collect::<Vec<_>>();
        assert_eq!(take(&["b", "a"]), ["a", "b"]);
        assert_eq!(take(&["b", "a"]), Vec::<String>::new());
        assert_eq!(take(&["d", "late", "c", "b"]), ["c", "late", "d"]);
        assert_eq!(take(&[]), Vec::<String>::new());
        assert!(!tail.is_new());
        assert_eq!(page(&["a"])[0].at, 1_772_352_000_500);
        assert_eq!(entries("[]"), []);
    }
}

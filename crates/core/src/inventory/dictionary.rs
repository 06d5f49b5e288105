//! The names of servers, each text kept once and known by a number: thousands of devices talk to the same few.

use super::seed::Seed;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::num::NonZeroU32;
use hashbrown::HashTable;

/// So many names are kept.
const MOST: usize = 65_536;
/// So many bytes of names are kept.
const MOST_BYTES: usize = 2 << 20;

/// A name's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct NameId(NonZeroU32);

/// All names in use.
pub(super) struct Dictionary {
    seed: Seed,
    texts: Vec<Option<Box<str>>>,
    free: Vec<NameId>,
    index: HashTable<NameId>,
    bytes: usize,
}

impl Dictionary {
    pub(super) fn new(seed: Seed) -> Self {
        Self { seed, texts: Vec::new(), free: Vec::new(), index: HashTable::new(), bytes: 0 }
    }

    /// The text of a number.
    pub(super) fn text(&self, id: NameId) -> Option<&str> {
        self.texts.get(place(id))?.as_deref()
    }

    /// The number of a text; none if there is no room.
    pub(super) fn id(&mut self, text: &str) -> Option<NameId> {
        let hash = self.seed.hash_one(text);
        let texts = &self.texts;
        if let Some(id) = self.index.find(hash, |&id| texts.get(place(id)).is_some_and(|t| t.as_deref() == Some(text)))
        {
            return Some(*id);
        }
        if self.is_full() || text.is_empty() {
            return None;
        }
        let id = if let Some(id) = self.free.pop() {
            id
        } else {
            self.texts.push(None);
            NameId(NonZeroU32::new(u32::try_from(self.texts.len()).ok()?)?)
        };
        *self.texts.get_mut(place(id))? = Some(text.into());
        self.bytes = self.bytes.saturating_add(text.len());
        let (seed, texts) = (self.seed, &self.texts);
        let rehash = |&id: &NameId| seed.hash_one(texts.get(place(id)).and_then(Option::as_deref).unwrap_or_default());
        self.index.insert_unique(hash, id, rehash);
        Some(id)
    }

    /// There is no room for another; whoever uses the names should say which are still used.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MOST_BYTES || self.texts.len().saturating_sub(self.free.len()) >= MOST
    }

    /// Forgets all names that are not used any more.
    pub(super) fn keep(&mut self, is_used: impl Fn(NameId) -> bool) {
        let (texts, free, bytes) = (&mut self.texts, &mut self.free, &mut self.bytes);
        self.index.retain(|&mut id| {
            let used = is_used(id);
            if let Some(text) = texts.get_mut(place(id)).filter(|_| !used).and_then(Option::take) {
                *bytes = bytes.saturating_sub(text.len());
                free.push(id);
            }
            used
        });
        self.free.sort_unstable_by(|a, b| b.cmp(a));
    }
}

fn place(id: NameId) -> usize {
    (id.0.get() as usize).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_name_is_kept_once_and_there_is_an_end() {
        let mut names = Dictionary::new(Seed::new(1));
        let first = names.id("one.example").unwrap();
        assert_eq!(names.id("one.example"), Some(first));
        for n in 0..100_000 {
            names.id(&format!("{n}.example"));
        }
        assert!(names.is_full() && names.id("another.example").is_none());
        names.keep(|id| id == first);
        assert_eq!(names.text(first), Some("one.example"));
        assert!(!names.is_full() && names.id("another.example").is_some());
    }
}

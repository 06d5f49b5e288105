//! What was, for the page: read from the file beside the thread that writes it, few at a time, each question within a bound.
//!
//! The page may not open the file itself: whoever reads a history and stands still holds up its log. Here a question takes what memory
//! has, looks at the file as it stands, and lets go of it before the first byte of the answer leaves.

use crate::history::page;
use crate::ipc::past::Past;
use crate::store::read::Reader;
use crate::store::{Door, Fresh};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Questions at once: a disk that hangs keeps no more threads than these.
const AT_ONCE: usize = 2;

/// Where what was is read.
pub(super) struct Archive {
    folder: PathBuf,
    /// Asks the thread that writes, if there is one.
    door: Option<Door>,
    asking: AtomicUsize,
}

impl Archive {
    /// That of the history in this folder.
    pub(super) fn new(folder: PathBuf, door: Option<Door>) -> Self {
        Self { folder, door, asking: AtomicUsize::new(0) }
    }

    /// The answer, JSON unless a sheet was asked for, or why there is none.
    pub(super) fn answer(&self, past: &Past) -> Result<String, String> {
        let _place =
            Place::take(&self.asking).ok_or("too much is asked of the history at once; ask again in a second")?;
        let fresh = self.door.as_ref().map_or_else(Fresh::default, |door| door.ask(page::wish(past)));
        let reader = Reader::open(&self.folder).map_err(|why| why.to_string())?;
        // What comes to the file from here on is in what memory said.
        reader.stand_still().map_err(|why| why.to_string())?;
        page::tell(past, &reader, &fresh)
    }
}

/// One of those who ask at once.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(asking: &'a AtomicUsize) -> Option<Self> {
        let place = Self(asking);
        (asking.fetch_add(1, Ordering::SeqCst) < AT_ONCE).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_ask_at_once_and_no_more() {
        let asking = AtomicUsize::new(0);
        let places: Vec<Option<Place<'_>>> = (0..=AT_ONCE).map(|_| Place::take(&asking)).collect();
        assert!(places[AT_ONCE].is_none() && places[..AT_ONCE].iter().all(Option::is_some));
        drop(places);
        assert!(Place::take(&asking).is_some());
    }
}

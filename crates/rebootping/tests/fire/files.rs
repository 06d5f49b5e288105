//! A reader that polls status files all along, as Shorewall might at any instant.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

/// A thread that reads without a pause; [`Reader::end`] says what it saw.
pub(crate) struct Reader {
    stop: Arc<AtomicBool>,
    reads: Arc<AtomicU64>,
    thread: JoinHandle<Vec<String>>,
}

impl Reader {
    /// Begins to read these files, which are there already.
    pub(crate) fn of(files: Vec<PathBuf>) -> Self {
        let (stop, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&reads));
        let thread = thread::spawn(move || {
            let mut wrong = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                for file in &files {
                    match fs::read(file) {
                        Ok(content) if content == b"0\n" || content == b"1\n" => {}
                        other => wrong.push(format!("{}: {other:?}", file.display())),
                    }
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                // Otherwise it takes a whole processor from those it watches.
                thread::yield_now();
            }
            wrong
        });
        Self { stop, reads, thread }
    }

    /// Panics unless every read found exactly `0\n` or `1\n`.
    #[track_caller]
    pub(crate) fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        let wrong = self.thread.join().expect("it reads to the end");
        println!("the status files were read {} times", self.reads.load(Ordering::Relaxed));
        assert!(wrong.is_empty(), "{} reads, the first: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    }
}

//! Packets the kernel received and dropped before anybody could read them, because a processor's queue was full.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// One line of this for each processor: packets, dropped, squeezed … in hexadecimal (`softnet_seq_show` of the kernel).
const SOFTNET: &str = "/proc/net/softnet_stat";

/// What the processors' queues have dropped, for the whole machine; opened once, as a sandbox forbids it later.
#[derive(Debug)]
pub(crate) struct Softnet {
    file: File,
    at_start: Queues,
}

/// Sums over all processors.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Queues {
    pub(crate) dropped: u64,
    pub(crate) squeezed: u64,
}

impl Softnet {
    /// Opens the kernel's table and begins to count from what it says.
    pub(crate) fn open() -> io::Result<Self> {
        let mut softnet = Self { file: File::open(SOFTNET)?, at_start: Queues::default() };
        softnet.at_start = softnet.read()?;
        Ok(softnet)
    }

    /// What was added since it was opened.
    pub(crate) fn read(&self) -> io::Result<Queues> {
        let mut text = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let length = self.file.read_at(&mut chunk, text.len() as u64)?;
            text.extend(chunk.get(..length).unwrap_or_default());
            if length == 0 {
                break;
            }
        }
        let now = sum(&String::from_utf8_lossy(&text));
        Ok(Queues {
            dropped: now.dropped.saturating_sub(self.at_start.dropped),
            squeezed: now.squeezed.saturating_sub(self.at_start.squeezed),
        })
    }
}

fn sum(table: &str) -> Queues {
    let mut queues = Queues::default();
    for line in table.lines() {
        let column = |place| line.split_whitespace().nth(place).and_then(|word| u64::from_str_radix(word, 16).ok());
        queues.dropped = queues.dropped.saturating_add(column(1).unwrap_or(0));
        queues.squeezed = queues.squeezed.saturating_add(column(2).unwrap_or(0));
    }
    queues
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_processors_is_summed_up() {
        let table = "00000010 00000002 0000000a 0 0\nffffffff 00000001 00000001 0 0\n";
        assert_eq!(sum(table), Queues { dropped: 3, squeezed: 11 });
        assert_eq!(sum("of another kernel"), Queues::default());
    }

    #[test]
    fn the_kernels_own_table_can_be_read_again_and_again() {
        let softnet = Softnet::open().expect("there is such a table");
        softnet.read().and_then(|_| softnet.read()).expect("it is read from its beginning");
    }
}

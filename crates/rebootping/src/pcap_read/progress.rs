//! How far a long file is read, on the last line of a terminal.

use std::io::{self, IsTerminal, Read, Write};

/// A shorter file is read before anyone begins to wonder.
const LONG: u64 = 50_000_000;
/// Characters of the bar.
const WIDTH: u64 = 40;

/// An input that shows how much of it was read.
pub(super) struct Progress<R> {
    input: R,
    read: u64,
    size: u64,
    /// The percentage that stands on the terminal; none if nothing is shown.
    shown: Option<u64>,
}

impl<R: Read> Progress<R> {
    /// Shows progress if the file is long and standard error a terminal.
    pub(super) fn new(input: R, size: u64) -> Self {
        let shown = (size > LONG && io::stderr().is_terminal()).then_some(0);
        Self { input, read: 0, size, shown }
    }
}

impl<R: Read> Read for Progress<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.read += read as u64;
        let percent = percent(self.read, self.size);
        if self.shown.is_some_and(|shown| shown < percent) {
            self.shown = Some(percent);
            show(&line(percent));
        }
        Ok(read)
    }
}

impl<R> Drop for Progress<R> {
    fn drop(&mut self) {
        if self.shown.is_some_and(|shown| shown > 0) {
            show("\r\x1b[K");
        }
    }
}

/// A terminal that takes no more is no reason to stop reading.
fn show(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A file that grows while it is read stays at its end.
fn percent(read: u64, size: u64) -> u64 {
    (read.saturating_mul(100) / size.max(1)).min(100)
}

fn line(percent: u64) -> String {
    let full = (percent * WIDTH / 100) as usize;
    format!("\r[{:<width$}] {percent:>3} %", "#".repeat(full), width = WIDTH as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_to_its_width() {
        assert_eq!(line(0), format!("\r[{}]   0 %", " ".repeat(40)));
        assert_eq!(line(50), format!("\r[{}{}]  50 %", "#".repeat(20), " ".repeat(20)));
        assert_eq!(line(100), format!("\r[{}] 100 %", "#".repeat(40)));
        assert_eq!([percent(0, 0), percent(1, 3), percent(9, 3)], [0, 33, 100]);
    }
}

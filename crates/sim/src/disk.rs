//! A small file as a disk keeps it: what is renamed into place survives a kill, and what is synced survives a power loss.

use rebootping_core::time::Time;

/// One file that is only ever replaced whole.
#[derive(Clone, Debug)]
pub struct File<T> {
    /// Versions renamed into place, oldest first, each with when its sync is over; the last is what a reader sees.
    versions: Vec<(Time, T)>,
}

impl<T: Clone> File<T> {
    /// A file that has held this for long.
    pub fn new(content: T) -> Self {
        Self { versions: vec![(Time::BOOT, content)] }
    }

    /// What a reader sees now.
    pub fn read(&self) -> &T {
        &self.versions.last().expect("a file always has a version").1
    }

    /// Replaces the file; the disk has it for good from `synced_at` on.
    pub fn replace(&mut self, content: T, now: Time, synced_at: Time) {
        let safe = self.versions.iter().rposition(|(at, _)| *at <= now).unwrap_or(0);
        self.versions.drain(..safe);
        self.versions.push((synced_at, content));
    }

    /// The power fails: what was not synced is gone.
    pub fn lose_power(&mut self, now: Time) {
        let safe = self.versions.iter().rposition(|(at, _)| *at <= now).unwrap_or(0);
        let (_, content) = self.versions.swap_remove(safe);
        self.versions = vec![(Time::BOOT, content)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_loss_takes_what_was_not_synced() {
        let at = Time::from_nanos;
        let mut file = File::new('a');
        file.replace('b', at(10), at(20));
        file.replace('c', at(30), at(60));
        assert_eq!(*file.read(), 'c');
        file.lose_power(at(50));
        assert_eq!(*file.read(), 'b');
        file.lose_power(at(70));
        assert_eq!(*file.read(), 'b');
    }
}

//! Folders of a test's own, and small disks to fill.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// A captures folder below a fresh directory, which goes when the test ends.
pub(super) struct Place {
    top: PathBuf,
    captures: PathBuf,
    is_mounted: bool,
}

impl Place {
    /// On the file system of all temporary files.
    pub(super) fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    pub(super) fn below(parent: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let top = parent.join(format!("rebootping-pcap-{}-{number}", std::process::id()));
        fs::create_dir_all(&top).expect("a temporary directory");
        let captures = top.join("captures");
        Self { top, captures, is_mounted: false }
    }

    /// On an ext4 of its own of so many bytes; needs root.
    pub(super) fn disk(bytes: u64) -> Self {
        Self::disk_of("ext4", bytes)
    }

    /// On a file system of its own of that kind.
    pub(super) fn disk_of(kind: &str, bytes: u64) -> Self {
        let mut place = Self::new();
        let (image, disk) = (place.image(), place.mount());
        fs::File::create(&image).and_then(|file| file.set_len(bytes)).expect("a sparse file");
        fs::create_dir(&disk).expect("a directory");
        run(Command::new(format!("mkfs.{kind}")).arg("-q").arg(&image));
        // What others run meanwhile in namespaces of their own sees this mount too, and must see it go: a file system that lost its
        // power lives on as long as it is mounted anywhere.
        run(Command::new("mount").arg("--bind").args([&disk, &disk]));
        run(Command::new("mount").arg("--make-shared").arg(&disk));
        place.mount_image();
        place.is_mounted = true;
        place.captures = disk.join("captures");
        place
    }

    /// Takes its power away: what the disk does not have now is lost.
    pub(super) fn lose_power(&self) {
        run(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(self.mount()));
    }

    /// Mounts it anew, as the next boot does.
    pub(super) fn boot(&self) {
        run(Command::new("umount").arg(self.mount()));
        self.mount_image();
    }

    fn mount_image(&self) {
        run(Command::new("mount").args(["-o", "loop"]).args([self.image(), self.mount()]));
    }

    fn image(&self) -> PathBuf {
        self.top.join("image")
    }

    pub(super) fn path(&self) -> &Path {
        &self.captures
    }

    /// The top of the disk.
    pub(super) fn mount(&self) -> PathBuf {
        self.top.join("disk")
    }

    pub(super) fn remount(&self, how: &str) {
        run(Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.mount()));
    }

    /// A device's folder.
    pub(super) fn folder(&self, device: &str) -> PathBuf {
        self.captures.join(device)
    }

    /// A device's files, oldest first; none if it has no folder.
    pub(super) fn segments(&self, device: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder(device)) else { return Vec::new() };
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
        found.sort();
        found
    }

    /// What a device's files sum up to.
    pub(super) fn bytes(&self, device: &str) -> u64 {
        let length = |path: &PathBuf| fs::symlink_metadata(path).expect("it is there").len();
        self.segments(device).iter().map(length).sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The disk, and what is shared below it.
        for _ in 0..if self.is_mounted { 2 } else { 0 } {
            let unmounted = Command::new("umount").arg("-l").arg(self.mount()).status();
            assert!(unmounted.is_ok_and(|it| it.success()) || std::thread::panicking(), "the disk stays mounted");
        }
        drop(fs::remove_dir_all(&self.top));
    }
}

/// Runs a command, which succeeds; returns what it said.
#[track_caller]
pub(super) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

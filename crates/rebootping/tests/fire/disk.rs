//! File systems of a test's own, small enough to be full and alone enough to lose their power.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use nix::errno::Errno;

/// xfs makes no file system below 300 MB; the image is a sparse file.
const IMAGE_BYTES: u64 = 320 << 20;
/// The history takes what it takes of a minute; filled in no time.
const SMALL: &str = "size=8m";
/// So is Shorewall's state.
const ROOMY: &str = "size=8m";
/// In the way of everybody who wants to write.
const FILL: &str = "fill";

/// A mounted file system; dropping it unmounts it.
pub(crate) struct Disk {
    at: PathBuf,
    image: Option<PathBuf>,
}

impl Disk {
    /// Mounts an empty file system in memory at `at`.
    #[track_caller]
    pub(crate) fn small(at: &Path) -> Self {
        let disk = Self { at: at.to_owned(), image: None };
        fs::create_dir_all(at).expect("a folder can be made");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", SMALL, "tmpfs"]).arg(at));
        disk
    }

    /// Mounts a file system in memory over `at`, with all that lies there.
    #[track_caller]
    pub(crate) fn over(at: &Path) -> Self {
        let aside = at.with_extension("aside");
        run(Command::new("cp").arg("-a").arg(at).arg(&aside));
        let disk = Self { at: at.to_owned(), image: None };
        run(Command::new("mount").args(["-t", "tmpfs", "-o", ROOMY, "tmpfs"]).arg(at));
        run(Command::new("cp").arg("-aT").arg(&aside).arg(at));
        disk
    }

    /// Makes a file system of kind `kind` in the file `image` and mounts it at `at`.
    #[track_caller]
    pub(crate) fn made(kind: &str, image: &Path, at: &Path) -> Self {
        Self::of_size(kind, IMAGE_BYTES, image, at)
    }

    /// The same, of so many bytes.
    #[track_caller]
    pub(crate) fn of_size(kind: &str, bytes: u64, image: &Path, at: &Path) -> Self {
        let file = fs::File::create(image).expect("a file can be made");
        file.set_len(bytes).expect("a file can be sparse");
        run(Command::new(format!("mkfs.{kind}")).arg("-q").arg(image));
        fs::create_dir_all(at).expect("a folder can be made");
        let disk = Self { at: at.to_owned(), image: Some(image.to_owned()) };
        // What other tests run meanwhile sees this mount too, and must see it go.
        run(Command::new("mount").arg("--bind").args([at, at]));
        run(Command::new("mount").arg("--make-shared").arg(at));
        disk.mount();
        disk
    }

    /// Fills it to the last byte.
    #[track_caller]
    pub(crate) fn fill(&self) {
        let mut file = fs::File::create(self.at.join(FILL)).expect("there is room for a name");
        let full = io::copy(&mut io::repeat(0), &mut file).expect_err("it is not endless");
        assert_eq!(full.raw_os_error(), Some(Errno::ENOSPC as i32), "{full}");
    }

    /// Makes room again.
    #[track_caller]
    pub(crate) fn clear(&self) {
        fs::remove_file(self.at.join(FILL)).expect("it was filled");
    }

    /// Lets nobody write, or all again.
    #[track_caller]
    pub(crate) fn read_only(&self, on: bool) {
        let how = if on { "remount,ro" } else { "remount,rw" };
        run(Command::new("mount").args(["-o", how]).arg(&self.at));
    }

    /// Lets nobody write, unless somebody has a file open to be written.
    pub(crate) fn try_read_only(&self) -> bool {
        let remount = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.at).output();
        remount.expect("mount starts").status.success()
    }

    /// Takes its power away: what the disk does not have now is lost.
    #[track_caller]
    pub(crate) fn lose_power(&self) {
        run(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(&self.at));
    }

    /// Mounts it anew, as the next boot does.
    #[track_caller]
    pub(crate) fn boot(&self) {
        run(Command::new("umount").arg(&self.at));
        self.mount();
    }

    #[track_caller]
    fn mount(&self) {
        let image = self.image.as_ref().expect("what lives in memory is not mounted again");
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(&self.at));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let mounts = if self.image.is_some() { 2 } else { 1 };
        for _ in 0..mounts {
            // Lazily: in a panic somebody may still be in there.
            let done = Command::new("umount").arg("-l").arg(&self.at).status();
            assert!(
                done.is_ok_and(|it| it.success()) || std::thread::panicking(),
                "{} stays mounted",
                self.at.display()
            );
        }
    }
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

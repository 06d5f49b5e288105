//! The files in which Shorewall's `isusable` reads our verdict: exactly `0\n` or `1\n`, one per link.
//!
//! A file is made once, when a choice is first to be carried out, and brought to the disk before it gets its name; from then on one
//! byte of it changes where it lies. So whatever a power loss leaves is whole, and no failover waits for a disk.

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use rebootping_core::commit::StatusFile;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Stands for the interface's name in a configured path.
const INTERFACE: &str = "{interface}";
/// The file beside the status files that tells `isusable` whether to believe them. It must not end in `.status`:
/// Shorewall lists every file that does as an interface.
const TRUST: &str = "rebootping.trust";
/// Files written but not yet synced that may wait for the disk; beyond it the kernel's own write-back must do.
const UNSYNCED: usize = 64;
/// How long new files are waited for: a disk that takes longer must not keep choices from being carried out.
const FIRST_FILES: Duration = Duration::from_secs(1);

/// The status files of one family.
#[derive(Debug)]
pub(crate) struct StatusFiles {
    template: String,
    written: Vec<File>,
    syncer: SyncSender<Job>,
}

/// What waits for the disk.
#[derive(Debug)]
enum Job {
    /// What was written goes there.
    Sync(File),
    /// These files are made, unless somebody has; then the sender is dropped.
    Make(Vec<PathBuf>, SyncSender<()>),
}

impl StatusFiles {
    /// Files at `template`, else `rebootping-{interface}.status` in Shorewall's state directory.
    pub(crate) fn new(template: Option<&str>, vardir: &Path) -> io::Result<Self> {
        let template =
            template.map_or_else(|| vardir.join("rebootping-{interface}.status").display().to_string(), str::to_owned);
        Ok(Self { template, written: Vec::new(), syncer: syncer()? })
    }

    /// The file of that interface.
    pub(crate) fn path(&self, interface: &str) -> PathBuf {
        PathBuf::from(self.template.replace(INTERFACE, interface))
    }

    /// What the file holds now.
    pub(crate) fn read(&self, interface: &str) -> StatusFile {
        let mut bytes = Vec::new();
        // One byte more than a file of ours has is enough to know one that is not.
        match File::open(self.path(interface)).and_then(|file| file.take(3).read_to_end(&mut bytes)) {
            Ok(_) => content(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => StatusFile::Missing,
            Err(_) => StatusFile::Other,
        }
    }

    /// Makes the files of these interfaces that are not there, with a `0` as no file means too; waits for that, but not for long.
    pub(crate) fn make<'a>(&self, interfaces: impl Iterator<Item = &'a str>) {
        let missing: Vec<PathBuf> =
            interfaces.filter(|it| self.read(it) == StatusFile::Missing).map(|it| self.path(it)).collect();
        if missing.is_empty() {
            return;
        }
        let (making, made) = sync_channel(0);
        if self.syncer.try_send(Job::Make(missing, making)).is_ok() {
            // Nothing is ever sent: it ends by what is dropped, or by its time.
            let _ended = made.recv_timeout(FIRST_FILES).is_err();
        }
    }

    /// Changes the file at once; whoever reads it finds the old content or the new, also after a power loss. It reaches the
    /// disk by [`sync`](Self::sync), which no failover waits for.
    pub(crate) fn write(&mut self, interface: &str, usable: bool) -> Result<(), String> {
        let path = self.path(interface);
        let content = if usable { *b"0\n" } else { *b"1\n" };
        let file = overwrite(&path, content).or_else(|_| replace(&path, &content));
        self.written.push(file.map_err(|error| format!("cannot write {}: {error}", path.display()))?);
        Ok(())
    }

    /// Removes a file that is not a link's.
    pub(crate) fn remove(&self, interface: &str) {
        drop(fs::remove_file(self.path(interface)));
    }

    /// Has what was written brought to the disk, by a thread that may wait for it.
    pub(crate) fn sync(&mut self) {
        for file in self.written.drain(..) {
            drop(self.syncer.try_send(Job::Sync(file)));
        }
    }

    /// Says when a `1` may be believed: while `lock` is held, or for `hold_down` after it was written.
    pub(crate) fn write_trust(vardir: &Path, lock: &Path, hold_down: Duration) -> Result<(), String> {
        let path = vardir.join(TRUST);
        let text = format!("{}\n{}\n", hold_down.as_secs().max(1), lock.display());
        if fs::read_to_string(&path).is_ok_and(|found| found == text) {
            return Ok(());
        }
        replace(&path, text.as_bytes()).map(drop).map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}

/// What a status file of these bytes says.
pub(crate) fn content(bytes: &[u8]) -> StatusFile {
    match bytes {
        b"0\n" => StatusFile::Zero,
        b"1\n" => StatusFile::One,
        _ => StatusFile::Other,
    }
}

/// Overwrites a file of ours where it lies: one byte changes, which no reader and no disk can see half of. A file renamed over
/// it would be empty after a power loss on xfs, unless the disk was waited for.
fn overwrite(path: &Path, content: [u8; 2]) -> io::Result<File> {
    // Neither through a symbolic link nor waiting for a pipe's reader.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    let is_ours = found.is_file() && found.nlink() == 1 && found.mode() & 0o777 == 0o644 && found.len() == 2;
    if !is_ours {
        return Err(io::ErrorKind::InvalidData.into());
    }
    file.write_all_at(&content, 0)?;
    Ok(file)
}

/// Writes beside the file and renames over it. Readable by all, whatever our umask: it holds no secret.
fn replace(path: &Path, content: &[u8]) -> io::Result<File> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = directory.join(format!(".{name}.new"));
    // One left by a crash, or planted as a symbolic link, is not written through.
    drop(fs::remove_file(&beside));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&beside)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    let renamed = file.write_all(content).and_then(|()| fs::rename(&beside, path));
    renamed.inspect_err(|_| drop(fs::remove_file(&beside)))?;
    Ok(file)
}

/// Makes a file that says `0`, which has its content on the disk before it has its name. Whoever was quicker is left alone.
fn make(path: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = directory.join(format!(".{name}.first"));
    drop(fs::remove_file(&beside));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&beside)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    let made = file.write_all(b"0\n").and_then(|()| file.sync_all());
    let named = made.and_then(|()| {
        renameat2(AT_FDCWD, &beside, AT_FDCWD, path, RenameFlags::RENAME_NOREPLACE).map_err(io::Error::from)
    });
    named.inspect_err(|_| drop(fs::remove_file(&beside)))?;
    File::open(directory)?.sync_all()
}

fn syncer() -> io::Result<SyncSender<Job>> {
    let (sender, receiver) = sync_channel::<Job>(UNSYNCED);
    thread::Builder::new().name("status-sync".into()).spawn(move || {
        for job in receiver {
            match job {
                // One that fails is written again by whoever next finds it wrong.
                Job::Sync(file) => drop(file.sync_all()),
                // One that fails is made at the first choice, which says why it cannot be.
                Job::Make(paths, _making) => paths.iter().for_each(|path| drop(make(path))),
            }
        }
    })?;
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;

    #[test]
    fn what_is_written_is_read_and_anything_else_is_other() {
        let scratch = Scratch::new("status-files");
        let mut files = StatusFiles::new(None, scratch.path()).expect("a thread");
        assert_eq!(files.read("wan1"), StatusFile::Missing);
        for (usable, expected, text) in [(true, StatusFile::Zero, "0\n"), (false, StatusFile::One, "1\n")] {
            files.write("wan1", usable).expect("a file");
            assert_eq!(files.read("wan1"), expected);
            let path = scratch.path().join("rebootping-wan1.status");
            assert_eq!(fs::read_to_string(&path).expect("a file"), text);
            assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o644);
        }
        for other in ["", "0", "1", "2\n", "0\n\n", "1\n1\n", "10\n", "\n0"] {
            scratch.write("rebootping-wan1.status", other);
            assert_eq!(files.read("wan1"), StatusFile::Other, "{other:?}");
        }
        files.sync();
    }

    #[test]
    fn a_file_of_ours_is_changed_where_it_lies_and_nothing_else_is_written_through() {
        let scratch = Scratch::new("status-in-place");
        let mut files = StatusFiles::new(None, scratch.path()).expect("a thread");
        let path = files.path("wan1");
        let number = || fs::symlink_metadata(&path).expect("a file").ino();
        files.write("wan1", true).expect("a file");
        let first = number();
        files.write("wan1", false).expect("a file");
        assert_eq!((number(), files.read("wan1")), (first, StatusFile::One));
        let elsewhere = scratch.path().join("elsewhere");
        fs::write(&elsewhere, "x\n").expect("a file");
        fs::remove_file(&path).expect("it is there");
        std::os::unix::fs::symlink(&elsewhere, &path).expect("a link");
        files.write("wan1", true).expect("a file");
        assert_eq!(fs::read_to_string(&elsewhere).expect("a file"), "x\n");
        assert_eq!(files.read("wan1"), StatusFile::Zero);
        assert!(fs::symlink_metadata(&path).expect("a file").is_file());
    }

    #[test]
    fn files_that_are_not_there_are_made_once_and_then_changed_where_they_lie() {
        let scratch = Scratch::new("status-made");
        let mut files = StatusFiles::new(None, scratch.path()).expect("a thread");
        files.write("wan2", false).expect("a file");
        files.make(["wan1", "wan2"].into_iter());
        assert_eq!((files.read("wan1"), files.read("wan2")), (StatusFile::Zero, StatusFile::One));
        let number = || fs::symlink_metadata(files.path("wan1")).expect("a file").ino();
        let made = number();
        let mut others = StatusFiles::new(None, scratch.path()).expect("a thread");
        others.write("wan1", false).expect("a file");
        assert_eq!((number(), others.read("wan1")), (made, StatusFile::One));
        others.make(["wan1"].into_iter());
        assert_eq!(others.read("wan1"), StatusFile::One, "what is there is left alone");
        let left: Vec<_> = fs::read_dir(scratch.path()).expect("a folder").flatten().collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn a_disk_that_makes_no_file_holds_nobody_up_for_long() {
        let scratch = Scratch::new("status-hangs");
        let (syncer, nobody) = sync_channel(1);
        let files = StatusFiles { syncer, ..StatusFiles::new(None, scratch.path()).expect("a thread") };
        let begun = std::time::Instant::now();
        files.make(["wan1"].into_iter());
        let took = begun.elapsed();
        assert!(took >= FIRST_FILES && took < FIRST_FILES * 5, "{took:?}");
        drop(nobody);
        assert_eq!(files.read("wan1"), StatusFile::Missing);
    }

    #[test]
    fn a_path_of_the_operators_own_is_made_and_used() {
        let scratch = Scratch::new("status-template");
        let template = scratch.path().join("deep/{interface}.usable").display().to_string();
        let mut files = StatusFiles::new(Some(&template), Path::new("/nowhere")).expect("a thread");
        files.write("ppp0", false).expect("a file");
        assert_eq!(fs::read_to_string(scratch.path().join("deep/ppp0.usable")).expect("a file"), "1\n");
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_an_error_with_the_path() {
        let mut files = StatusFiles::new(Some("/proc/nowhere/{interface}"), Path::new("/")).expect("a thread");
        let error = files.write("wan1", true).expect_err("no directory can be made there");
        assert!(error.starts_with("cannot write /proc/nowhere/wan1: "), "{error}");
    }
}

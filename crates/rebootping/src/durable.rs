//! Files that are whole at every instant: written beside, then renamed, and where it must survive a power loss, synced between.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Replaces a file's content so that it survives a power loss. Slow: it waits for the disk.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let (file, beside) = write_beside(path, content)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Replaces a file's content; a reader sees the old content or the new, nothing between. A power loss may lose it.
pub(crate) fn swap(path: &Path, content: &[u8]) -> io::Result<()> {
    let (_, beside) = write_beside(path, content)?;
    fs::rename(&beside, path)
}

/// Replaces a file that others read, as [`replace`] does; until it has its name it begins with a dot, by which a program that
/// reads a whole folder passes it by.
pub(crate) fn publish(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let beside = path.with_file_name(name);
    let file = write_to(&beside, content)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Writes new content in the same folder, so that the rename is one step.
fn write_beside(path: &Path, content: &[u8]) -> io::Result<(File, PathBuf)> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let beside = path.with_file_name(name);
    let file = write_to(&beside, content)?;
    Ok((file, beside))
}

fn write_to(path: &Path, content: &[u8]) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    Ok(file)
}

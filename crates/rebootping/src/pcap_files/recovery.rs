//! What lay in the captures folder before: segments are adopted, torn ends cut off, everything else is left alone.
//!
//! A crash or a power loss tears what was not synced yet. So segments written within two minutes of the newest are walked from
//! beginning to end, the newest of every folder at least from its last block, and the rest is believed.

use super::disk::Disk;
use super::name;
use super::ring::{Ring, Segment};
use super::status::Recovered;
use super::walk;
use rebootping_core::packet::frame::LinkType;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, BufReader, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// Later than this everything was synced, by four times.
const UNSYNCED_NANOS: u64 = 120_000_000_000;
/// Four times as many owners as can be proven at once, so that those of former times are found too.
const MOST_FOLDERS: usize = 65_536;
/// The default `total` in the smallest segments.
const MOST_SEGMENTS: usize = 80_000;
const WALK_BUFFER: usize = 1 << 16;

/// A segment's file as the folder lists it.
#[derive(Clone, Copy)]
struct Found {
    start: u64,
    bytes: u64,
    changed: u64,
}

/// Adopts what lies in the captures folder.
pub(super) fn recover(disk: &Disk) -> io::Result<(BTreeMap<Arc<str>, Ring>, Recovered)> {
    let mut recovered = Recovered::default();
    let listed = list(disk, &mut recovered)?;
    let newest = listed.values().flatten().map(|it| it.changed).max().unwrap_or(0);
    let mut rings = BTreeMap::new();
    for (folder, found) in listed {
        let mut segments = VecDeque::with_capacity(found.len());
        let mut link = None;
        let last = found.len().saturating_sub(1);
        for (number, found) in found.into_iter().enumerate() {
            let is_recent = found.changed.saturating_add(UNSYNCED_NANOS) >= newest;
            if !is_recent && number < last {
                segments.push_back(Segment { start: found.start, last: found.changed, bytes: found.bytes });
                continue;
            }
            match mend(disk, &folder, found, is_recent, &mut recovered) {
                Ok(Some(mended)) => {
                    segments.push_back(mended.segment);
                    link = Some(mended.link);
                }
                Ok(None) => {}
                Err(_) => {
                    // It takes its room on the disk all the same, and goes when it is the oldest.
                    segments.push_back(Segment { start: found.start, last: found.changed, bytes: found.bytes });
                    recovered.left_out += 1;
                }
            }
        }
        recovered.segments += segments.len() as u64;
        recovered.bytes += segments.iter().map(|it| it.bytes).sum::<u64>();
        if segments.is_empty() {
            disk.remove_folder(&folder);
        } else {
            rings.insert(folder, Ring::found(segments, link));
        }
    }
    Ok((rings, recovered))
}

/// A segment whose end is whole.
struct Mended {
    segment: Segment,
    link: LinkType,
}

/// Cuts a segment's torn end off; none if nothing of it is whole and it was removed.
fn mend(
    disk: &Disk,
    folder: &str,
    found: Found,
    is_recent: bool,
    recovered: &mut Recovered,
) -> io::Result<Option<Mended>> {
    let path = disk.path(folder, found.start);
    let mut segment = Segment { start: found.start, last: found.changed, bytes: found.bytes };
    if !is_recent {
        if let Some(link) = link_if_whole(&path)? {
            return Ok(Some(Mended { segment, link }));
        }
    }
    let walked = walk::walk(&mut BufReader::with_capacity(WALK_BUFFER, open(&path, false)?))?;
    let Some(link) = walked.link else {
        fs::remove_file(&path)?;
        recovered.removed += 1;
        return Ok(None);
    };
    if walked.whole < found.bytes {
        open(&path, true)?.set_len(walked.whole)?;
        recovered.cut += 1;
        recovered.cut_bytes += found.bytes - walked.whole;
    }
    segment.bytes = walked.whole;
    segment.last = if walked.last == 0 { found.changed } else { walked.last };
    Ok(Some(Mended { segment, link }))
}

/// The link type of a segment whose last block is whole.
fn link_if_whole(path: &Path) -> io::Result<Option<LinkType>> {
    let mut file = open(path, false)?;
    if !walk::ends_whole(&mut file)? {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(0))?;
    walk::first_link(&mut BufReader::new(file))
}

fn open(path: &Path, to_write: bool) -> io::Result<File> {
    OpenOptions::new().read(true).write(to_write).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

/// The segments of each folder, oldest first.
fn list(disk: &Disk, recovered: &mut Recovered) -> io::Result<BTreeMap<Arc<str>, Vec<Found>>> {
    let mut folders = BTreeMap::new();
    let mut segments = 0;
    for entry in fs::read_dir(disk.root())? {
        let entry = entry?;
        let is_folder = entry.file_type().is_ok_and(|it| it.is_dir());
        if !is_folder || entry.file_name().as_bytes().starts_with(b".") {
            continue;
        }
        let Some(folder) = entry.file_name().to_str().map(Arc::<str>::from) else { continue };
        let (Ok(entries), true) = (fs::read_dir(entry.path()), folders.len() < MOST_FOLDERS) else {
            recovered.left_out += 1;
            continue;
        };
        let mut found: Vec<Found> = Vec::new();
        for segment in entries.filter_map(|entry| segment(&entry.ok()?)) {
            if segments < MOST_SEGMENTS {
                segments += 1;
                found.push(segment);
            } else {
                recovered.left_out += 1;
            }
        }
        found.sort_by_key(|it| it.start);
        if !found.is_empty() {
            folders.insert(folder, found);
        }
    }
    Ok(folders)
}

/// A regular file with a segment's name.
fn segment(entry: &DirEntry) -> Option<Found> {
    let start = name::stamp(entry.file_name().to_str()?)?;
    // Does not follow a symbolic link.
    let found = entry.metadata().ok().filter(fs::Metadata::is_file)?;
    let seconds = u64::try_from(found.mtime()).unwrap_or(0);
    let changed = seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(found.mtime_nsec()).unwrap_or(0));
    Some(Found { start, bytes: found.len(), changed })
}

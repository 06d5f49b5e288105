//! Who changed what about devices: a line of JSON for each order, on the disk before it is answered, so that it can be undone, and kept
//! for the history until that has it.

use crate::durable;
use rebootping_core::control::names::Named;
use rebootping_core::control::restriction::Restriction;
use rebootping_core::inventory::report::Hardware;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file that has grown so large is set aside, and the one set aside before is gone.
const LARGEST: u64 = 1 << 20;
/// So many orders can be undone.
const REMEMBERED: usize = 1000;

/// Who ordered, as the kernel vouches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Who {
    /// The user.
    pub(crate) uid: u32,
    /// The process.
    pub(crate) pid: i32,
    /// The user who logged in, before any sudo.
    pub(crate) login: Option<u32>,
}

/// What was ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verb {
    Restrict,
    Allow,
    Rename,
    Undo,
}

/// An order that was carried out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: u64,
    /// RFC 3339, UTC.
    pub(crate) time: String,
    #[serde(flatten)]
    pub(crate) who: Who,
    pub(crate) verb: Verb,
    /// The order that this one undid.
    #[serde(default)]
    pub(crate) undoes: Option<u64>,
    pub(crate) changes: Vec<Changed>,
}

/// What became different of a device.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Changed {
    pub(crate) mac: Hardware,
    pub(crate) before: Of,
    pub(crate) after: Of,
}

/// What can become different.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Of {
    Restriction(Option<Restriction>),
    Name(Option<Named>),
}

/// All orders that are remembered, and the file.
#[derive(Debug)]
pub(crate) struct Audit {
    path: PathBuf,
    rows: VecDeque<Row>,
    latest: u64,
}

impl Audit {
    /// Reads what is there; a line that cannot be read is none.
    pub(crate) fn open(state: &Path) -> Self {
        let path = state.join("audit");
        let mut rows: VecDeque<Row> = [aside(&path), path.clone()].iter().flat_map(|path| read(path)).collect();
        rows.drain(..rows.len().saturating_sub(REMEMBERED));
        let latest = rows.iter().map(|row| row.id).max().unwrap_or(0);
        Self { path, rows, latest }
    }

    /// Writes an order down and waits for the disk; the number by which it can be undone.
    pub(crate) fn append(
        &mut self,
        time: String,
        who: Who,
        verb: Verb,
        undoes: Option<u64>,
        changes: Vec<Changed>,
    ) -> io::Result<u64> {
        let row = Row { id: self.latest + 1, time, who, verb, undoes, changes };
        let mut line = serde_json::to_vec(&row)?;
        line.push(b'\n');
        if is_torn(&self.path) {
            line.insert(0, b'\n');
        }
        if fs::metadata(&self.path).is_ok_and(|file| file.len() >= LARGEST) {
            fs::rename(&self.path, aside(&self.path))?;
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        file.write_all(&line)?;
        file.sync_data()?;
        self.latest = row.id;
        if self.rows.len() >= REMEMBERED {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
        Ok(self.latest)
    }

    /// Those behind that number, the oldest first.
    pub(crate) fn behind(&self, id: u64) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.id > id)
    }

    /// Erases what was changed of these devices, here and on the disk; that somebody ordered something stays.
    pub(crate) fn forget(&mut self, macs: &[Hardware]) -> io::Result<()> {
        let is_meant = |changed: &Changed| macs.contains(&changed.mac);
        if !self.rows.iter().any(|row| row.changes.iter().any(is_meant)) {
            return Ok(());
        }
        for row in &mut self.rows {
            row.changes.retain(|changed| !is_meant(changed));
        }
        let mut text = Vec::new();
        for row in &self.rows {
            serde_json::to_writer(&mut text, row)?;
            text.push(b'\n');
        }
        durable::replace(&self.path, &text)?;
        match fs::remove_file(aside(&self.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The order of that number, or the latest that neither undid another nor was undone.
    pub(crate) fn to_undo(&self, id: Option<u64>) -> Result<&Row, String> {
        let is_undone = |row: &Row| self.rows.iter().any(|other| other.undoes == Some(row.id));
        let Some(id) = id else {
            let can_be = |row: &&Row| row.undoes.is_none() && !row.changes.is_empty() && !is_undone(row);
            let latest = self.rows.iter().rev().find(can_be);
            return latest.ok_or_else(|| "there is nothing to undo".to_owned());
        };
        match self.rows.iter().find(|row| row.id == id) {
            Some(row) if is_undone(row) => Err(format!("order {id} is undone already")),
            Some(row) => Ok(row),
            None => Err(format!("there is no order {id} that could be undone")),
        }
    }
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("1")
}

/// A power loss has left half a line at its end.
fn is_torn(path: &Path) -> bool {
    let last = |mut file: File| {
        let mut byte = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut byte).map(|()| byte != *b"\n")
    };
    // What is not there, or empty, is whole.
    File::open(path).and_then(last).unwrap_or(false)
}

fn read(path: &Path) -> Vec<Row> {
    let mut text = Vec::new();
    // What there is not is empty.
    let read = File::open(path).and_then(|file| file.take(2 * LARGEST).read_to_end(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;
    use rebootping_core::control::restriction::Mode;

    const MAC: Hardware = Hardware([2, 0, 0, 0, 0, 1]);
    const WHO: Who = Who { uid: 0, pid: 77, login: Some(1000) };

    fn append(audit: &mut Audit, undoes: Option<u64>) -> u64 {
        let pause = Restriction { mode: Mode::Pause, until: Some(5), schedule: None };
        let changed = Changed { mac: MAC, before: Of::Restriction(None), after: Of::Restriction(Some(pause)) };
        let verb = if undoes.is_some() { Verb::Undo } else { Verb::Restrict };
        audit.append("2026-01-02T03:04:05Z".into(), WHO, verb, undoes, vec![changed]).expect("a disk")
    }

    #[test]
    fn an_order_is_a_line_that_says_who_when_what_before_and_after() {
        let scratch = Scratch::new("audit");
        append(&mut Audit::open(scratch.path()), None);
        let text = fs::read_to_string(scratch.path().join("audit")).expect("it was written");
        insta::assert_snapshot!(text.trim_end(), @r#"{"id":1,"time":"2026-01-02T03:04:05Z","uid":0,"pid":77,"login":1000,"verb":"restrict","undoes":null,"changes":[{"mac":"02:00:00:00:00:01","before":{"restriction":null},"after":{"restriction":{"mode":"pause","until":5,"schedule":null}}}]}"#);
    }

    #[test]
    fn the_latest_that_is_not_undone_is_undone_first_and_nothing_twice() {
        let scratch = Scratch::new("audit-undo");
        let mut audit = Audit::open(scratch.path());
        assert!(audit.to_undo(None).is_err());
        assert_eq!([append(&mut audit, None), append(&mut audit, None)], [1, 2]);
        assert_eq!(audit.to_undo(None).map(|row| row.id), Ok(2));
        append(&mut audit, Some(2));
        let mut audit = Audit::open(scratch.path());
        assert_eq!(audit.to_undo(None).map(|row| row.id), Ok(1), "read again");
        assert_eq!(audit.to_undo(Some(2)).map(|row| row.id), Err("order 2 is undone already".into()));
        assert!(audit.to_undo(Some(9)).is_err());
        append(&mut audit, Some(1));
        assert!(audit.to_undo(None).is_err());
        assert_eq!(append(&mut audit, None), 5);
    }

    #[test]
    fn of_a_forgotten_device_nothing_is_left_but_that_there_were_orders() {
        let scratch = Scratch::new("audit-forget");
        let mut audit = Audit::open(scratch.path());
        append(&mut audit, None);
        fs::rename(scratch.path().join("audit"), scratch.path().join("audit.1")).expect("it is there");
        append(&mut audit, None);
        audit.forget(&[Hardware([9; 6])]).expect("a disk");
        assert_eq!(audit.to_undo(None).map(|row| row.id), Ok(2), "another device");
        audit.forget(&[MAC]).expect("a disk");
        let files: Vec<String> = fs::read_dir(scratch.path())
            .expect("a folder")
            .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("a file"))
            .collect();
        assert!(files.len() == 1 && files.iter().all(|text| !text.contains(&MAC.to_string())), "{files:?}");
        let mut audit = Audit::open(scratch.path());
        assert_eq!(audit.behind(0).map(|row| row.id).collect::<Vec<_>>(), [1, 2]);
        assert!(audit.to_undo(None).is_err());
        assert_eq!(append(&mut audit, None), 3, "numbers are not given twice");
        assert_eq!(audit.behind(2).map(|row| row.id).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn a_torn_line_and_a_full_file_lose_nothing_else() {
        let scratch = Scratch::new("audit-full");
        let mut audit = Audit::open(scratch.path());
        append(&mut audit, None);
        let path = scratch.path().join("audit");
        let mut text = fs::read(&path).expect("it was written");
        text.extend(b"{\"id\":2,\"ti");
        fs::write(&path, &text).expect("it can be written");
        assert_eq!(append(&mut Audit::open(scratch.path()), None), 2);
        assert_eq!(Audit::open(scratch.path()).rows.len(), 2, "the torn line alone is lost");
        let mut text = fs::read(&path).expect("it was written");
        text.resize(LARGEST as usize, b'\n');
        fs::write(&path, text).expect("it can be written");
        assert_eq!(append(&mut Audit::open(scratch.path()), None), 3);
        assert!(fs::metadata(&path).expect("it is there").len() < 1000);
        assert_eq!(Audit::open(scratch.path()).rows.len(), 3);
    }
}

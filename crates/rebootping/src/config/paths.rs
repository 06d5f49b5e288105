//! `[paths]` and `[process]`: where files lie, and as whom the processes run.

use super::field::{Field, Fields, Read};
use super::values::{path, user};
use std::path::{Path, PathBuf};

/// `[paths]`: where files lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paths {
    /// What must survive a restart.
    pub(crate) state: PathBuf,
    /// Sockets and locks.
    pub(crate) run: PathBuf,
    /// Captured packets; below `state` unless set.
    pub(crate) captures: PathBuf,
}

impl Default for Paths {
    fn default() -> Self {
        let state = Path::new("/var/lib/rebootping");
        Self { state: state.to_owned(), run: PathBuf::from("/run/rebootping"), captures: state.join("captures") }
    }
}

impl Paths {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        let default = Self::default();
        let state = fields.get("state", path).unwrap_or(default.state);
        Self {
            run: fields.get("run", directory_of_sockets).unwrap_or(default.run),
            captures: fields.get("captures", path).unwrap_or_else(|| state.join("captures")),
            state,
        }
    }
}

/// Reads a directory whose sockets' paths fit into an address of 108 bytes (unix(7)), their names included.
fn directory_of_sockets(field: &Field<'_>) -> Read<PathBuf> {
    const LONGEST: usize = 80;
    let path = path(field)?;
    if path.as_os_str().len() > LONGEST {
        return field.refuse("too long for the sockets in it", "write a path of at most 80 bytes");
    }
    Ok(path)
}

/// `[process]`: the user each process runs as; no two share one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the names of the keys")]
pub(crate) struct Process {
    /// Reads packets and writes the history.
    pub(crate) observer_user: String,
    /// Probes and selects.
    pub(crate) judge_user: String,
    /// Serves the page.
    pub(crate) web_user: String,
    /// Sends alerts.
    pub(crate) courier_user: String,
}

impl Default for Process {
    fn default() -> Self {
        Self {
            observer_user: "rebootping-observer".to_owned(),
            judge_user: "rebootping-judge".to_owned(),
            web_user: "rebootping-web".to_owned(),
            courier_user: "rebootping-courier".to_owned(),
        }
    }
}

impl Process {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        let default = Self::default();
        let process = Self {
            observer_user: fields.get("observer_user", user).unwrap_or(default.observer_user),
            judge_user: fields.get("judge_user", user).unwrap_or(default.judge_user),
            web_user: fields.get("web_user", user).unwrap_or(default.web_user),
            courier_user: fields.get("courier_user", user).unwrap_or(default.courier_user),
        };
        process.refuse_shared(&mut fields);
        process
    }

    fn refuse_shared(&self, fields: &mut Fields<'_>) {
        let users = [
            ("observer_user", &self.observer_user),
            ("judge_user", &self.judge_user),
            ("web_user", &self.web_user),
            ("courier_user", &self.courier_user),
        ];
        for (key, user) in users {
            let Some(field) = fields.field(key) else { continue };
            if user == "root" {
                let remedy = "name a user of its own, which may do nothing else";
                fields.wrong(field.problem("is root, from whom it is to be kept apart", remedy));
            }
            if let Some((other, _)) = users.iter().find(|(other, theirs)| *other != key && *theirs == user) {
                let remedy = "name a different user for each, since they are kept apart by it";
                fields.wrong(field.problem(format!("is \"{user}\", as {other} is"), remedy));
            }
        }
    }
}

//! `[commit]` and `[hooks]`: who is told which links to use, and how.

use super::field::{Field, Fields, Read};
use super::values::{command, duration, flag, list, one_of, path};
use super::written::Value;
use core::time::Duration;

/// Stands in a status file's path for the interface's name.
const INTERFACE: &str = "{interface}";

/// A command that needs longer is stuck: Shorewall waits 60 s for its own lock, and a reload takes seconds.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Who carries out a choice of links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Shorewall when the isusable script in force reads our status file, else nobody.
    #[default]
    Auto,
    /// Shorewall and Shorewall6.
    Shorewall,
    /// The operator's program.
    Exec,
    /// Nobody: the choice is shown alone.
    Observe,
}

/// How Shorewall is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Method {
    /// `disable` and `enable` of one provider.
    #[default]
    Interface,
    /// `reload` of everything.
    Reload,
}

/// `[commit]`: how a choice of links is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Who carries it out.
    pub(crate) backend: Backend,
    /// Path with `{interface}` in it; `None` is `rebootping-{interface}.status` in Shorewall's state directory.
    pub(crate) status_file: Option<String>,
    /// The same for IPv6; `None` is that file in Shorewall6's state directory.
    pub(crate) status_file6: Option<String>,
    /// How Shorewall is told.
    pub(crate) method: Method,
    /// Program and arguments of [`Backend::Exec`], which never lacks them.
    pub(crate) command: Option<Vec<String>>,
    /// After this a command is ended and has failed.
    pub(crate) timeout: Duration,
    /// The LAN's hosts are told to avoid IPv6 prefixes of links that are out.
    pub(crate) deprecate_prefixes: bool,
}

impl Default for Commit {
    fn default() -> Self {
        Self {
            backend: Backend::Auto,
            status_file: None,
            status_file6: None,
            method: Method::Interface,
            command: None,
            timeout: Duration::from_secs(90),
            deprecate_prefixes: true,
        }
    }
}

impl Commit {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        const BACKENDS: [(&str, Backend); 4] = [
            ("auto", Backend::Auto),
            ("shorewall", Backend::Shorewall),
            ("exec", Backend::Exec),
            ("observe", Backend::Observe),
        ];
        const METHODS: [(&str, Method); 2] = [("interface", Method::Interface), ("reload", Method::Reload)];
        let commit = Self {
            backend: fields.get("backend", one_of(&BACKENDS)).unwrap_or_default(),
            status_file: fields.get("status_file", status_file).flatten(),
            status_file6: fields.get("status_file6", status_file).flatten(),
            method: fields.get("method", one_of(&METHODS)).unwrap_or_default(),
            command: fields.get("command", command),
            timeout: fields
                .get("timeout", duration(Duration::from_secs(1), LONGEST_TIMEOUT))
                .unwrap_or(Self::default().timeout),
            deprecate_prefixes: fields.get("deprecate_prefixes", flag).unwrap_or(Self::default().deprecate_prefixes),
        };
        commit.refuse_contradictions(&mut fields);
        commit
    }

    fn refuse_contradictions(&self, fields: &mut Fields<'_>) {
        let (backend, command) = (fields.field("backend"), fields.field("command"));
        if let (Backend::Exec, Some(backend), None) = (self.backend, backend, command) {
            let remedy = "add the program, such as command = \"/usr/local/sbin/use-links\"";
            fields.wrong(backend.problem("is \"exec\", but there is no command", remedy));
        }
        if let (Backend::Auto | Backend::Shorewall, Some(command)) = (self.backend, command) {
            let remedy = "set backend = \"exec\", or put programs that only listen into [hooks] link";
            fields.wrong(command.problem("is set, but only the backend \"exec\" runs it", remedy));
        }
        let shared = self.status_file.is_some() && self.status_file == self.status_file6;
        if let (true, Some(field)) = (shared, fields.field("status_file6")) {
            let remedy = "give IPv4 and IPv6 a file each";
            fields.wrong(field.problem("is the same path as status_file", remedy));
        }
    }
}

/// `[hooks]`: who else is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hooks {
    /// Programs with their arguments, run after each change that was applied.
    pub(crate) link: Vec<Vec<String>>,
    /// Programs with their arguments, run for each message of `[alerts]`.
    pub(crate) alert: Vec<Vec<String>>,
}

impl Hooks {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        Self {
            link: fields.get("link", list(command)).unwrap_or_default(),
            alert: fields.get("alert", list(command)).unwrap_or_default(),
        }
    }
}

fn status_file(field: &Field<'_>) -> Read<Option<String>> {
    if matches!(field.value(), Value::Text(text) if text == "auto") {
        return Ok(None);
    }
    let path = path(field)?.display().to_string();
    if path.contains(INTERFACE) {
        return Ok(Some(path));
    }
    let remedy = format!("put {INTERFACE} where its name belongs, such as \"/run/links/{INTERFACE}.status\"");
    Err(field.problem(format!("has no {INTERFACE} in it, so that all links would share one file"), remedy).into())
}

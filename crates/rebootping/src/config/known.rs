//! The sections and keys there are, and what to say of any other.

use super::error::{Errors, Problem};
use super::nearest::nearest;
use super::retired;
use super::written::{Table, Value, Written, quoted};

/// A section of the configuration.
pub(super) struct Section {
    /// As it stands between the brackets.
    pub(super) name: &'static str,
    /// Its keys.
    pub(super) keys: &'static [&'static str],
    /// Written `[[name]]`, once for each thing it describes.
    pub(super) repeats: bool,
}

/// All sections, in the order in which they are documented.
pub(super) const SECTIONS: [Section; 16] = [
    section("paths", &["state", "run", "captures"]),
    section("process", &["observer_user", "judge_user", "web_user", "courier_user"]),
    section("links", &["interfaces"]),
    Section {
        repeats: true,
        ..section(
            "link",
            &["interface", "label", "metered", "targets", "echoes", "hold_down", "prefixes", "cap", "cap_day"],
        )
    },
    section("probe", &["targets", "interval", "echoes"]),
    section("select", &["hold_down"]),
    section(
        "commit",
        &["backend", "status_file", "status_file6", "method", "command", "timeout", "deprecate_prefixes"],
    ),
    section("hooks", &["link", "alert"]),
    section("capture", &["mode", "interfaces", "per_device", "total", "keep_free", "max_age", "flow_cutoff"]),
    Section { repeats: true, ..section("network", &["interface", "mode", "devices"]) },
    section("store", &["raw", "minutes", "quarters", "contacts", "journal", "max_size", "flush"]),
    section("web", &["listen", "allowed_hosts", "tls_cert", "tls_key", "allow_links"]),
    section("restrict", &["quarantine"]),
    section("dhcp", &["server", "dnsmasq_hostsdir", "dnsmasq_leases", "dnsmasq_pid_file", "kea_socket", "kea_leases"]),
    section(
        "alerts",
        &[
            "webhook_url_file",
            "webhook_token_file",
            "ntfy_url_file",
            "ntfy_token_file",
            "smtp_server",
            "smtp_security",
            "smtp_user",
            "smtp_password_file",
            "smtp_from",
            "smtp_to",
            "tell",
            "after",
            "repeat",
            "quiet",
        ],
    ),
    section("remote_write", &["url", "site", "user", "secret_file", "replay"]),
];

const fn section(name: &'static str, keys: &'static [&'static str]) -> Section {
    Section { name, keys, repeats: false }
}

impl Section {
    /// Returns the section as it is written in a file, brackets included.
    pub(super) fn heading(&self) -> String {
        if self.repeats { format!("[[{}]]", self.name) } else { format!("[{}]", self.name) }
    }
}

/// Finds every unknown section and key, and every section that is not the table or list of tables it must be.
pub(super) fn misnamed(root: &Table) -> Errors {
    let mut errors = Errors::default();
    for (name, written) in root {
        let Some(section) = SECTIONS.iter().find(|section| section.name == name) else {
            errors.push(unknown_section(name, written));
            continue;
        };
        match tables(section, written) {
            Ok(tables) => tables.into_iter().for_each(|table| errors.append(unknown_keys(section, table))),
            Err(problem) => errors.push(problem),
        }
    }
    errors
}

fn tables<'a>(section: &Section, written: &'a Written) -> Result<Vec<&'a Table>, Problem> {
    let tables: Option<Vec<_>> = match &written.value {
        Value::Table(table) if !section.repeats => Some(vec![table]),
        Value::List(items) if section.repeats => items.iter().map(Written::as_table).collect(),
        _ => None,
    };
    tables.ok_or_else(|| Problem {
        place: written.place.clone(),
        what: format!("{} is {} here", section.name, written.value),
        remedy: if section.repeats {
            format!("write {} with two brackets, once for each, and its keys below it", section.heading())
        } else {
            format!("write {} once, with one pair of brackets, and its keys below it", section.heading())
        },
    })
}

fn unknown_keys(section: &Section, table: &Table) -> Errors {
    let is_known = |key: &str| section.keys.contains(&key) || retired::had(retired::RETIRED, section, key);
    let unknown = table.iter().filter(|(key, _)| !is_known(key));
    Errors(unknown.map(|(key, written)| unknown_key(section, section.keys, key, written)).collect())
}

fn unknown_key(section: &Section, keys: &[&str], key: &str, written: &Written) -> Problem {
    let remedy = match (nearest(key, keys), home_of(key)) {
        (Some(near), _) => format!("did you mean {near}?"),
        (None, Some(home)) => format!("it belongs under {home}"),
        (None, None) => format!("its keys are {}", keys.join(", ")),
    };
    Problem { place: written.place.clone(), what: format!("{} has no key {}", section.heading(), quoted(key)), remedy }
}

fn unknown_section(name: &str, written: &Written) -> Problem {
    if let Some(home) = home_of(name) {
        let what = format!("the key {} stands outside its section", quoted(name));
        return Problem { place: written.place.clone(), what, remedy: format!("put it under {home}") };
    }
    let names: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
    let heading = |name: &str| SECTIONS.iter().find(|section| section.name == name).map(Section::heading);
    let remedy = match nearest(name, &names).and_then(heading) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the sections are {}", names.join(", ")),
    };
    Problem { place: written.place.clone(), what: format!("there is no section {}", quoted(name)), remedy }
}

/// Returns the headings of the sections that have this very key.
fn home_of(key: &str) -> Option<String> {
    let homes = SECTIONS.iter().filter(|section| section.keys.contains(&key));
    let headings: Vec<String> = homes.map(Section::heading).collect();
    (!headings.is_empty()).then(|| headings.join(" or "))
}

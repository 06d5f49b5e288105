//! Keys that mean nothing any more: each is accepted, whatever it says, and told with what to write instead.
//!
//! No key is refused that a released version took: one that goes moves here from its section in `known`, and stays for as long as
//! `released` has the list of a version that took it.

use super::error::Problem;
use super::known::Section;
use super::written::{Table, Value, Written};

/// A key that is accepted and acts on nothing.
pub(super) struct Retired {
    /// Its section, without brackets.
    pub(super) section: &'static str,
    /// What it is called.
    pub(super) key: &'static str,
    /// What holds without it; goes on after its name.
    what: &'static str,
    /// What to write instead.
    remedy: &'static str,
}

pub(super) const RETIRED: [Retired; 1] = [Retired {
    section: "store",
    key: "contacts",
    what: "means nothing any more: the 64 a device moved most bytes with are known for as long as the device is",
    remedy: "remove it; `rebootping device forget` erases a device's, devices = false under [[network]] keeps none",
}];

/// Says whether a section had that key.
pub(super) fn had(section: &Section, key: &str) -> bool {
    RETIRED.iter().any(|retired| retired.section == section.name && retired.key == key)
}

/// Tells of every such key that was written.
pub(super) fn told(sections: &[Section], root: &Table) -> Vec<Problem> {
    let of_key = |retired: &Retired| {
        let section = sections.iter().find(|section| section.name == retired.section);
        let heading = section.map(Section::heading).unwrap_or_default();
        let written = root.get(retired.section).into_iter().flat_map(tables);
        let written = written.filter_map(|table| table.get(retired.key));
        let told = written.map(|written| Problem {
            place: written.place.clone(),
            what: format!("{heading} {} {}", retired.key, retired.what),
            remedy: retired.remedy.to_owned(),
        });
        told.collect::<Vec<_>>()
    };
    RETIRED.iter().flat_map(of_key).collect()
}

/// The table of a section, or all of one that repeats.
fn tables(written: &Written) -> Vec<&Table> {
    match &written.value {
        Value::Table(table) => vec![table],
        Value::List(items) => items.iter().filter_map(Written::as_table).collect(),
        Value::Text(_) | Value::Whole(_) | Value::Flag(_) | Value::Other(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::known::SECTIONS;
    use crate::config::meant::Config;
    use crate::config::parse;
    use std::path::PathBuf;

    /// Every key that a version takes, those it has retired among them; the list of a version that was released never changes.
    const RELEASED: [(&str, &str); 1] = [("0.1.0", include_str!("released/0.1.0"))];

    fn taken() -> String {
        let known = SECTIONS.iter().flat_map(|section| section.keys.iter().map(move |key| (section.name, *key)));
        let retired = RETIRED.iter().map(|retired| (retired.section, retired.key));
        let mut taken: Vec<String> = known.chain(retired).map(|(section, key)| format!("{section}.{key}\n")).collect();
        taken.sort();
        taken.concat()
    }

    #[test]
    fn no_key_that_a_released_version_took_is_refused() {
        let taken = taken();
        for (version, keys) in RELEASED {
            for key in keys.lines() {
                let is_taken = taken.lines().any(|known| known == key);
                assert!(is_taken, "{version} took {key}: put it into RETIRED, with what to write instead");
            }
        }
    }

    #[test]
    fn this_version_has_a_list_of_the_keys_it_takes() {
        let (version, keys) = RELEASED[RELEASED.len() - 1];
        assert_eq!(version, env!("CARGO_PKG_VERSION"), "a new version gets a list of its own in config/released");
        assert_eq!(keys, taken(), "config/released/{version} has every key, sorted");
    }

    #[test]
    fn a_retired_key_changes_nothing_and_is_told_with_its_line() {
        for retired in &RETIRED {
            assert!(
                SECTIONS.iter().all(|section| section.name != retired.section || !section.keys.contains(&retired.key))
            );
            let text = format!("[{}]\n\n{} = \"x\"", retired.section, retired.key);
            let config = parse(&[(PathBuf::from("test.toml"), text)]).expect("it is accepted");
            let told: Vec<String> = config.retired.iter().map(ToString::to_string).collect();
            let start = format!("test.toml:3: [{}] {} means nothing any more: ", retired.section, retired.key);
            assert!(told.len() == 1 && told[0].starts_with(&start), "{told:?}");
            assert_eq!(Config { retired: Vec::new(), ..config }, Config::default());
        }
    }
}

//! Keys that mean nothing any more: each is accepted, whatever it says, and told with what to write instead.
//!
//! No key is refused that a released version took: one that goes moves here from its section in `known`, and stays for as long as
//! `released` has the list of a version that took it.

use super::error::Problem;
use super::known::Section;
use super::written::{Table, Value, Written};

/// A key that is accepted and acts on nothing: its section without brackets, what it is called, what holds without it, as a sentence
/// goes on after its name, and what to write instead.
type Retired = [&'static str; 4];

/// All of them; none has gone yet.
pub(super) const RETIRED: &[Retired] = &[];

/// Says whether a section had that key.
pub(super) fn had(retired: &[Retired], section: &Section, key: &str) -> bool {
    retired.iter().any(|[of, had, ..]| *of == section.name && *had == key)
}

/// Tells of every such key that was written.
pub(super) fn told(retired: &[Retired], sections: &[Section], root: &Table) -> Vec<Problem> {
    let of_key = |[section, key, what, remedy]: &Retired| {
        let heading = sections.iter().find(|known| known.name == *section).map(Section::heading).unwrap_or_default();
        let written = root.get(*section).into_iter().flat_map(tables);
        let written = written.filter_map(|table| table.get(*key));
        let told = written.map(|written| Problem {
            place: written.place.clone(),
            what: format!("{heading} {key} {what}"),
            remedy: (*remedy).to_owned(),
        });
        told.collect::<Vec<_>>()
    };
    retired.iter().flat_map(of_key).collect()
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
    use crate::config::written;
    use std::path::Path;

    /// Every key that a version takes, those it has retired among them; the list of a version that was released never changes.
    const RELEASED: [(&str, &str); 1] = [("0.1.0", include_str!("released/0.1.0"))];

    fn taken() -> String {
        let known = SECTIONS.iter().flat_map(|section| section.keys.iter().map(move |key| (section.name, *key)));
        let retired = RETIRED.iter().map(|[section, key, ..]| (*section, *key));
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
    fn a_retired_key_is_known_and_told_with_its_line() {
        let retired =
            [["store", "wishes", "means nothing any more", "remove it"], ["link", "colour", "is gone", "label"]];
        let text = "[store]\n\nwishes = 3\n[[link]]\n[[link]]\ncolour = true\n[probe]\nwishes = 1";
        let root = written::read(Path::new("test.toml"), text).expect("it is TOML");
        let told: Vec<String> = told(&retired, &SECTIONS, &root).iter().map(ToString::to_string).collect();
        let expected = [
            "test.toml:3: [store] wishes means nothing any more; remove it",
            "test.toml:6: [[link]] colour is gone; label",
        ];
        assert_eq!(told, expected);
        let [store, probe] = ["store", "probe"].map(|name| SECTIONS.iter().find(|section| section.name == name));
        let had = |section: Option<&Section>| had(&retired, section.expect("it is known"), "wishes");
        assert!(had(store) && !had(probe));
    }
}

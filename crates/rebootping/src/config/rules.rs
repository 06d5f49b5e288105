//! Sections that repeat, one table for each pattern of interfaces; the first that matches an interface holds.

use super::error::{Errors, Place, Problem};
use super::field::{Field, Fields, Read};
use super::glob::Glob;
use super::values::glob;
use super::written::{Value, Written};

/// Reads every table of a repeated section, given its heading, and refuses one without a pattern or with that of an
/// earlier one, which could never hold.
pub(super) fn read_rules<T>(
    heading: &'static str,
    written: Option<&Written>,
    errors: &mut Errors,
    mut read: impl FnMut(Glob, &mut Fields<'_>) -> T,
) -> Vec<T> {
    let Some(Value::List(items)) = written.map(|written| &written.value) else { return Vec::new() };
    let mut earlier: Vec<(Glob, Place)> = Vec::new();
    let mut rules = Vec::new();
    for item in items {
        let Some(table) = item.as_table() else { continue };
        let mut fields = Fields::repeated(heading, table, errors);
        if fields.field("interface").is_none() {
            fields.wrong(nameless(heading, item));
        }
        let interface = fields.get("interface", |field| unused(field, &earlier));
        earlier.extend(interface.clone().map(|pattern| (pattern, item.place.clone())));
        // Without a pattern the whole is refused, yet what else is wrong with the table should be said too.
        rules.push(read(interface.unwrap_or_else(Glob::any), &mut fields));
    }
    rules
}

/// Reads a pattern that no earlier table has.
fn unused(field: &Field<'_>, earlier: &[(Glob, Place)]) -> Read<Glob> {
    let pattern = glob(field)?;
    let Some((_, place)) = earlier.iter().find(|(known, _)| *known == pattern) else { return Ok(pattern) };
    let what = format!("\"{pattern}\" has its settings at {place} already");
    Err(field.problem(what, "write both in one place").into())
}

fn nameless(heading: &str, item: &Written) -> Problem {
    Problem {
        place: item.place.clone(),
        what: format!("{heading} names no interface"),
        remedy: "add one, such as interface = \"wan1\"".to_owned(),
    }
}

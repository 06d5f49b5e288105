//! A key of a section with its value: what a reader is given, and how it complains.

use super::error::{Errors, Problem};
use super::written::{Table, Value, Written};

/// What reading a field gives: its meaning, or what is wrong with it.
pub(super) type Read<T> = Result<T, Errors>;

/// A section being read; keys that are absent or wrong take their default, and what is wrong is kept.
pub(super) struct Fields<'a> {
    heading: &'static str,
    table: Option<&'a Table>,
    errors: &'a mut Errors,
}

impl<'a> Fields<'a> {
    /// Starts reading the section with this heading, such as `[probe]`, which may be absent.
    pub(super) fn section(heading: &'static str, root: &'a Table, errors: &'a mut Errors) -> Self {
        let written = root.get(heading.trim_matches(['[', ']']));
        Self { heading, table: written.and_then(Written::as_table), errors }
    }

    /// Starts reading one table of a section that repeats, such as `[[link]]`.
    pub(super) fn repeated(heading: &'static str, table: &'a Table, errors: &'a mut Errors) -> Self {
        Self { heading, table: Some(table), errors }
    }

    /// Returns the meaning of a key, or `None` when it is absent or wrong.
    pub(super) fn get<T>(&mut self, key: &'static str, read: impl FnOnce(&Field<'_>) -> Read<T>) -> Option<T> {
        let field = self.field(key)?;
        read(&field).map_err(|errors| self.errors.append(errors)).ok()
    }

    /// Returns a key as written, for rules about several keys.
    pub(super) fn field(&self, key: &'static str) -> Option<Field<'a>> {
        let written = self.table?.get(key)?;
        Some(Field { heading: self.heading, key, written, is_item: false })
    }

    /// Notes that something is wrong.
    pub(super) fn wrong(&mut self, problem: Problem) {
        self.errors.push(problem);
    }
}

/// A value with its name.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    heading: &'static str,
    key: &'static str,
    written: &'a Written,
    is_item: bool,
}

impl<'a> Field<'a> {
    /// Says what is wrong with this field; `what` goes on after its name, as in "is empty".
    pub(super) fn problem(&self, what: impl core::fmt::Display, remedy: impl Into<String>) -> Problem {
        let what = format!("{} {} {what}", self.heading, self.key);
        Problem { place: self.written.place.clone(), what, remedy: remedy.into() }
    }

    /// Refuses the value, which is named first in `what`.
    pub(super) fn refuse<T>(&self, what: impl core::fmt::Display, remedy: &str) -> Read<T> {
        let verb = if self.is_item { "has" } else { "is" };
        Err(self.problem(format!("{verb} {what}"), remedy).into())
    }

    /// Refuses a value of the wrong kind.
    pub(super) fn mistyped<T>(&self, wanted: &str, remedy: &str) -> Read<T> {
        self.refuse(format!("{} where {wanted} is wanted", self.written.value), remedy)
    }

    /// Returns the value if it is a text.
    pub(super) fn as_text(&self) -> Option<&'a str> {
        match &self.written.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the values of a list as fields of the same name, or `None` if the value is no list.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        match &self.written.value {
            Value::List(items) => Some(items.iter().map(|written| Field { written, is_item: true, ..*self }).collect()),
            _ => None,
        }
    }

    /// Returns what was written.
    pub(super) fn value(&self) -> &'a Value {
        &self.written.value
    }
}

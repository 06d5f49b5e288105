//! The configuration as written: a tree of values that know their file and line.

use super::error::{Errors, Place, Problem};
use core::fmt;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table: key to the value and where it stands.
pub(super) type Table = BTreeMap<String, Written>;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// The line of the value's key, or of the value itself inside a list.
    pub(super) place: Place,
    /// What was written.
    pub(super) value: Value,
}

impl Written {
    /// Returns the value if it is a table.
    pub(super) fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            Value::Text(_) | Value::Whole(_) | Value::Flag(_) | Value::List(_) | Value::Other(_) => None,
        }
    }
}

/// What TOML can say, reduced to what a configuration asks for.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A string.
    Text(String),
    /// A number without fraction.
    Whole(i64),
    /// true or false.
    Flag(bool),
    /// An array.
    List(Vec<Written>),
    /// A table.
    Table(Table),
    /// A number with fraction, one too large or a date, none of which any key wants; as it was written.
    Other(String),
}

impl fmt::Display for Value {
    /// Names kind and value, as in `the number 5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "the text {}", quoted(text)),
            Self::Whole(number) => write!(f, "the number {number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::List(_) => f.write_str("a list"),
            Self::Table(_) => f.write_str("a table"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Quotes a text for a message: control characters escaped, and cut where it would no longer fit a line.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// Reads one file's text; the errors are those of TOML's syntax, at most one a line.
pub(super) fn read(path: &Path, text: &str) -> Result<Table, Errors> {
    let file = Lines::of(path, text);
    let (root, mistakes) = DeTable::parse_recoverable(text);
    let mut errors = Errors::default();
    for mistake in mistakes {
        let place = file.place(mistake.span().map_or(0, |span| span.start));
        if errors.0.iter().all(|earlier| earlier.place != place) {
            let message = mistake.message().replace('\n', ", ");
            let (what, remedy) = syntax(&message);
            errors.push(Problem { place, what, remedy: remedy.to_owned() });
        }
    }
    errors.or(()).map(|()| file.table(root.into_inner()))
}

fn syntax(message: &str) -> (String, &'static str) {
    match message {
        "duplicate key" => ("this is written a second time".to_owned(), "remove one of the two"),
        _ if message.contains("must be quoted") => {
            ("this is neither a number nor true or false".to_owned(), "put it in quotes")
        }
        _ => (format!("this is not TOML ({message})"), "mend the line, which reads [section] or key = value"),
    }
}

/// Lays a later file over an earlier one: tables are merged, lists of tables appended, all else replaced.
pub(super) fn merge(earlier: &mut Table, later: Table) {
    for (key, written) in later {
        let Some(known) = earlier.get_mut(&key) else {
            earlier.insert(key, written);
            continue;
        };
        match (&mut known.value, written.value) {
            (Value::Table(below), Value::Table(above)) => merge(below, above),
            (Value::List(below), Value::List(above)) if are_tables(below) && are_tables(&above) => below.extend(above),
            (below, above) => {
                *below = above;
                known.place = written.place;
            }
        }
    }
}

fn are_tables(list: &[Written]) -> bool {
    list.iter().all(|item| item.as_table().is_some())
}

/// A file's line starts, to turn offsets into places.
struct Lines {
    file: Arc<Path>,
    starts: Vec<usize>,
}

impl Lines {
    fn of(path: &Path, text: &str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { file: path.into(), starts: core::iter::once(0).chain(after_newlines).collect() }
    }

    fn place(&self, offset: usize) -> Place {
        Place { file: Arc::clone(&self.file), line: Some(self.starts.partition_point(|start| *start <= offset)) }
    }

    fn table(&self, table: DeTable<'_>) -> Table {
        let entries = table.into_iter().map(|(key, value)| {
            let place = self.place(key.span().start);
            (key.into_inner().into_owned(), Written { place, value: self.value(value.into_inner()) })
        });
        entries.collect()
    }

    fn item(&self, item: Spanned<DeValue<'_>>) -> Written {
        Written { place: self.place(item.span().start), value: self.value(item.into_inner()) }
    }

    fn value(&self, value: DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Value::Other(format!("the number {number}")), Value::Whole),
            DeValue::Boolean(flag) => Value::Flag(flag),
            DeValue::Float(number) => Value::Other(format!("the number {number}")),
            DeValue::Datetime(date) => Value::Other(format!("the date {date}")),
            DeValue::Array(list) => Value::List(list.into_iter().map(|item| self.item(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line() {
        let text = "# a\n[probe]\ninterval = \"1s\"\ntargets = [\n  \"8.8.8.8\",\n]\n\n[[link]]\ninterface = \"a\"\n";
        let root = read(Path::new("x.toml"), text).expect("TOML");
        insta::assert_snapshot!(outline(&root, ""), @r#"
        link: a list at x.toml:8
          -: a table at x.toml:8
            interface: the text "a" at x.toml:9
        probe: a table at x.toml:2
          interval: the text "1s" at x.toml:3
          targets: a list at x.toml:4
            -: the text "8.8.8.8" at x.toml:5
        "#);
    }

    #[test]
    fn later_files_win_and_lists_of_tables_grow() {
        let earlier = "[probe]\nechoes = 1\ninterval = \"1s\"\n[[link]]\ninterface = \"a\"\n[hooks]\nlink = [\"/a\"]";
        let later = "[[link]]\ninterface = \"b\"\n[probe]\nechoes = 2\n[hooks]\nlink = [\"/b\"]";
        let mut root = read(Path::new("a"), earlier).expect("TOML");
        merge(&mut root, read(Path::new("b"), later).expect("TOML"));
        insta::assert_snapshot!(outline(&root, ""), @r#"
        hooks: a table at a:6
          link: a list at b:6
            -: the text "/b" at b:6
        link: a list at a:4
          -: a table at a:4
            interface: the text "a" at a:5
          -: a table at b:1
            interface: the text "b" at b:2
        probe: a table at a:1
          echoes: the number 2 at b:4
          interval: the text "1s" at a:3
        "#);
    }

    fn outline(table: &Table, indent: &str) -> String {
        table.iter().map(|(key, written)| line(key, written, indent)).collect()
    }

    fn line(key: &str, written: &Written, indent: &str) -> String {
        let deeper = format!("{indent}  ");
        let below = match &written.value {
            Value::Table(table) => outline(table, &deeper),
            Value::List(list) => list.iter().map(|item| line("-", item, &deeper)).collect(),
            _ => String::new(),
        };
        format!("{indent}{key}: {} at {}\n{below}", written.value, written.place)
    }
}

//! A strict reader of OpenMetrics 1.0: whatever the specification forbids is refused, also where scrapers are lenient.

use std::collections::{BTreeMap, BTreeSet};

/// Numbers by name and labels.
pub type Numbers = BTreeMap<(String, Labels), f64>;
/// Labels of a number.
pub type Labels = BTreeMap<String, String>;

/// All numbers of a text, or the first line that is not as it should be and why.
pub fn read(text: &str) -> Result<Numbers, String> {
    let Some(body) = text.strip_suffix("# EOF\n") else { return Err("it does not end with # EOF".into()) };
    let mut reader = Reader::default();
    for (number, line) in (1..).zip(body.lines()) {
        reader.take(line).map_err(|why| format!("line {number}: {why}: {line}"))?;
    }
    reader.end_family()?;
    Ok(reader.numbers)
}

#[derive(Default)]
struct Reader {
    numbers: Numbers,
    family: Option<Family>,
    ended: BTreeSet<String>,
}

#[derive(Default)]
struct Family {
    name: String,
    kind: String,
    has_unit: bool,
    has_help: bool,
    samples: Vec<(String, Labels, f64)>,
}

impl Reader {
    fn take(&mut self, line: &str) -> Result<(), String> {
        match line.strip_prefix("# ") {
            Some(meta) => self.take_meta(meta),
            None if line.starts_with('#') => Err("a # without its space".into()),
            None => self.take_sample(line),
        }
    }

    fn take_meta(&mut self, meta: &str) -> Result<(), String> {
        let mut words = meta.splitn(3, ' ');
        let (Some(what), Some(name), Some(rest)) = (words.next(), words.next(), words.next()) else {
            return Err("it lacks a word".into());
        };
        if self.family.as_ref().is_none_or(|family| family.name != name) {
            self.end_family()?;
            if !is_name(name) || self.ended.contains(name) {
                return Err("a family's name that is none, or was there before".into());
            }
            self.family = Some(Family { name: name.into(), kind: "unknown".into(), ..Family::default() });
        }
        let family = self.family.as_mut().ok_or("no family")?;
        if !family.samples.is_empty() {
            return Err("what is said of a family stands before its numbers".into());
        }
        match what {
            "TYPE" if family.kind == "unknown" && ["counter", "gauge", "histogram"].contains(&rest) => {
                family.kind = rest.into();
            }
            "UNIT" if !family.has_unit && name.ends_with(&format!("_{rest}")) => family.has_unit = true,
            "HELP" if !family.has_help && !rest.trim().is_empty() => family.has_help = true,
            _ => return Err("said twice, or not known".into()),
        }
        Ok(())
    }

    fn take_sample(&mut self, line: &str) -> Result<(), String> {
        let end = line.find(['{', ' ']).ok_or("a number is missing")?;
        let (name, rest) = line.split_at(end);
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(inside) => read_labels(inside)?,
            None => (Labels::new(), rest),
        };
        let value = rest.strip_prefix(' ').filter(|value| !value.contains(' ')).ok_or("one space, and one number")?;
        let value = read_number(value).ok_or("this is no number")?;
        let family = self.family.as_mut().ok_or("a number without a family")?;
        let suffix = name.strip_prefix(family.name.as_str()).ok_or("a number of another family")?;
        let suffixes: &[&str] = match family.kind.as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            _ => &["_bucket", "_sum", "_count"],
        };
        if !suffixes.contains(&suffix) {
            return Err(format!("a {} has no such number", family.kind));
        }
        if family.kind != "gauge" && (value.is_nan() || value < 0.0) {
            return Err("it cannot be counted".into());
        }
        if labels.contains_key("le") != (suffix == "_bucket") {
            return Err("le is for buckets".into());
        }
        family.samples.push((suffix.into(), labels.clone(), value));
        match self.numbers.insert((name.into(), labels), value) {
            Some(_) => Err("told twice".into()),
            None => Ok(()),
        }
    }

    fn end_family(&mut self) -> Result<(), String> {
        let Some(family) = self.family.take() else { return Ok(()) };
        if family.kind == "unknown" || !family.has_help || family.samples.is_empty() {
            return Err(format!("{} lacks its type, its help or its numbers", family.name));
        }
        if family.kind == "histogram" {
            family.check_histogram()?;
        }
        self.ended.insert(family.name);
        Ok(())
    }
}

impl Family {
    /// Buckets grow and end with all; sum and count belong to them.
    fn check_histogram(&self) -> Result<(), String> {
        let mut groups: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        for (_, labels, value) in self.samples.iter().filter(|(suffix, ..)| suffix == "_bucket") {
            let mut others = labels.clone();
            let le = others.remove("le").as_deref().and_then(read_number).ok_or("a bound that is no number")?;
            groups.entry(others).or_default().push((le, *value));
        }
        for (labels, buckets) in &groups {
            let is_sorted = buckets.is_sorted_by(|one, other| one.0 < other.0 && one.1 <= other.1);
            let of = |suffix: &str| {
                let mut its = self.samples.iter().filter(|(known, its, _)| known == suffix && its == labels);
                its.next().map(|(_, _, value)| *value)
            };
            let last = buckets.last().copied();
            if !is_sorted || last.is_none_or(|(le, count)| le != f64::INFINITY || Some(count) != of("_count")) {
                return Err(format!("{}: its buckets do not grow to its count", self.name));
            }
            of("_sum").ok_or_else(|| format!("{}: it has no sum", self.name))?;
        }
        let others = self.samples.iter().filter(|(suffix, ..)| suffix != "_bucket");
        match others.into_iter().find(|(_, labels, _)| !groups.contains_key(labels)) {
            Some(_) => Err(format!("{}: it has no buckets", self.name)),
            None => Ok(()),
        }
    }
}

/// Labels up to the closing brace, and what follows it.
fn read_labels(mut rest: &str) -> Result<(Labels, &str), String> {
    let mut labels = Labels::new();
    loop {
        let (name, after) = rest.split_once("=\"").ok_or("a label without a value")?;
        let is_label = is_name(name) && !name.contains(':') && !name.starts_with("__");
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next() {
                Some((at, '"')) => break at,
                Some((_, '\\')) => value.push(match chars.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, c @ ('\\' | '"'))) => c,
                    _ => return Err("an escape there is none of".into()),
                }),
                Some((_, c)) => value.push(c),
                None => return Err("a label's value does not end".into()),
            }
        };
        if !is_label || value.is_empty() || labels.insert(name.into(), value).is_some() {
            return Err(format!("the label {name}"));
        }
        rest = &after[end + 1..];
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        rest = rest.strip_prefix(',').ok_or("labels are separated by commas")?;
    }
}

fn read_number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ => text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))),
    }
}

fn is_name(name: &str) -> bool {
    let is_first = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b':';
    name.bytes().next().is_some_and(is_first) && name.bytes().all(|b| is_first(b) || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# TYPE a_bytes counter\n# UNIT a_bytes bytes\n# HELP a_bytes What.\na_bytes_total{b=\"x\\\"\\\\\\n\"} 1\n\
        # TYPE h histogram\n# HELP h How.\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3.5\nh_count 2\n# EOF\n";

    #[test]
    fn what_is_right_is_read() {
        let numbers = read(GOOD).expect("it is right");
        let label = Labels::from([("b".to_owned(), "x\"\\\n".to_owned())]);
        assert_eq!(numbers[&("a_bytes_total".to_owned(), label)].to_bits(), 1.0_f64.to_bits());
        assert_eq!(numbers.len(), 5);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (right, wrong) in [
            ("# EOF\n", ""),
            ("# EOF\n", "# EOF"),
            ("# EOF\n", "# EOF\nh_sum 1\n"),
            ("a_bytes_total{", "a_bytes{"),
            (" counter", " Counter"),
            ("# HELP a_bytes What.\n", ""),
            ("_bytes bytes", "_bytes seconds"),
            ("\\n\"} 1", "\\t\"} 1"),
            ("\"} 1\n", "\"}  1\n"),
            ("\"} 1\n", "\"} -1\n"),
            ("{b=", "{1b="),
            ("{b=", "{b=\"y\",b="),
            ("h_sum 3.5\n", "h_sum 3.5\nh_sum 3.5\n"),
            ("h_sum 3.5\n", ""),
            ("h_count 2", "h_count 3"),
            ("le=\"0.5\"} 1", "le=\"0.5\"} 3"),
            ("le=\"+Inf\"", "le=\"1\""),
            ("# TYPE h histogram", "# TYPE h gauge"),
            ("h_count 2\n", "h_count 2\n# HELP a_bytes again.\n"),
            ("h_count 2\n", "h_count 2\n\n"),
        ] {
            assert!(GOOD.contains(right), "{right}");
            assert!(read(&GOOD.replacen(right, wrong, 1)).is_err(), "{right:?} as {wrong:?}");
        }
    }
}

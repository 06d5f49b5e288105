//! Numbers and lists as they stand in sentences.

use super::finding::Remedy;

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Bytes with two digits that matter, in decimal units as tariffs are.
pub(super) fn rough(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000_000 => (1e3, "KB"),
        1_000_000..1_000_000_000 => (1e6, "MB"),
        _ => (1e9, "GB"),
    };
    let number = bytes as f64 / unit;
    if number < 10.0 { format!("{number:.1} {name}") } else { format!("{number:.0} {name}") }
}

/// Sets kernel parameters now and at every boot; sysctl(8) prints what sysctl.d(5) reads.
pub(super) fn set_for_good(settings: &str) -> Remedy {
    Remedy::run(format!("sysctl -w {settings} | tee -a /etc/sysctl.d/90-rebootping.conf"))
}

/// A kernel parameter of an interface as sysctl(8) takes it: with slashes, for a name may have dots.
pub(super) fn of_interface(family: &str, interface: &str, parameter: &str) -> String {
    format!("net/{family}/conf/{interface}/{parameter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_with_and() {
        assert_eq!(
            ["", "a", "a b", "a b c"].map(|it| listed(it.split_whitespace())),
            ["", "a", "a and b", "a, b and c"]
        );
    }

    #[test]
    fn bytes_have_two_digits_that_matter() {
        assert_eq!([0, 51_840_000, 3_110_400_000, 12_441_600_000].map(rough), ["0.0 KB", "52 MB", "3.1 GB", "12 GB"]);
    }
}

//! The known word that a mistyped one was most likely meant to be.

use strsim::damerau_levenshtein;

/// The distance takes quadratic time, and no slip of the finger makes a word this long.
const LONGEST: usize = 40;

/// Returns the known word that is the fewest slips of the finger away, if these are no more than a third of its letters.
pub(super) fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    if typed.len() > LONGEST {
        return None;
    }
    let typed = typed.to_lowercase().replace('-', "_");
    let (slips, near) = known.iter().map(|known| (damerau_levenshtein(&typed, known), *known)).min()?;
    (slips <= near.len().div_ceil(3)).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, meant: Option<&str>) {
        assert_eq!(nearest(typed, &["interval", "hold_down", "targets", "echoes"]), meant);
    }

    #[test]
    fn slips_of_the_finger_find_their_word() {
        check("intervall", Some("interval"));
        check("hold-down", Some("hold_down"));
        check("holddown", Some("hold_down"));
        check("target", Some("targets"));
        check("Echos", Some("echoes"));
        check("colour", None);
        check("", None);
        check(&"x".repeat(1_000_000), None);
    }
}

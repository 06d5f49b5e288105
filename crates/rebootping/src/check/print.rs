//! Findings as aligned prose of 80 columns, and as JSON.

use super::finding::{Finding, Remedy, Severity};
use serde::Serialize;
use std::fmt::Write;

/// What a terminal has at least.
const WIDTH: usize = 80;
/// Longer names push their own text to the right, not that of all.
const WIDEST_NAME: usize = 14;

/// The findings, one paragraph each, and a line that sums them up.
pub(super) fn prose(findings: &[Finding]) -> String {
    let names = findings.iter().map(|finding| finding.about.chars().count());
    let name_width = names.filter(|width| *width <= WIDEST_NAME).max().unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        paragraph(&mut text, finding, name_width);
    }
    text.push_str(&summary(findings));
    text
}

/// `{"schema":1,"findings":[…]}`, one line.
pub(super) fn json(findings: &[Finding]) -> String {
    #[derive(Serialize)]
    struct Answer<'a> {
        schema: u8,
        findings: &'a [Finding],
    }
    let mut text = serde_json::to_string(&Answer { schema: 1, findings }).unwrap_or_default();
    text.push('\n');
    text
}

fn paragraph(text: &mut String, finding: &Finding, name_width: usize) {
    let label = match finding.severity {
        Severity::Fine => "fine",
        Severity::Note => "note",
        Severity::Mend => "MEND",
    };
    let margin = label.len() + 2 + name_width + 2;
    let head = format!("{label}  {:<name_width$}  ", finding.about);
    let mut lines = wrapped(&finding.text, WIDTH - margin).into_iter();
    // Writing to a string cannot fail.
    if finding.about.chars().count() > name_width {
        let _ = writeln!(text, "{}", head.trim_end());
    } else {
        let _ = writeln!(text, "{head}{}", lines.next().unwrap_or_default());
    }
    let remedy = finding.remedy.iter().flat_map(|remedy| remedy_lines(remedy, WIDTH - margin));
    for line in lines.chain(remedy) {
        let _ = writeln!(text, "{:margin$}{line}", "");
    }
}

/// Prose is wrapped; a command or a line for a file stays whole, so that it can be copied.
fn remedy_lines(remedy: &Remedy, width: usize) -> Vec<String> {
    match remedy {
        Remedy::Write { file, line } if file.len() + line.len() + "-> in : ".len() > width => {
            vec![format!("-> in {file}:"), format!("   {line}")]
        }
        Remedy::Run(_) | Remedy::Write { .. } => vec![format!("-> {remedy}")],
        Remedy::Do(what) => {
            let indent = |(number, line)| if number == 0 { format!("-> {line}") } else { format!("   {line}") };
            wrapped(what, width - 3).into_iter().enumerate().map(indent).collect()
        }
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn summary(findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let notes = match count(Severity::Note) {
        0 => String::new(),
        1 => ", one note".to_owned(),
        notes => format!(", {notes} notes"),
    };
    match count(Severity::Mend) {
        0 => format!("Nothing must be mended{notes}.\n"),
        1 => format!("One thing must be mended{notes}.\n"),
        things => format!("{things} things must be mended{notes}.\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_aligned_and_fits_80_columns_but_for_commands() {
        let long =
            "A sentence that goes on for so long that it does not fit into what is left of a line of a terminal.";
        let findings = [
            Finding::fine("wan1", "All is well."),
            Finding::note("targets", long, Remedy::by_hand(long)),
            Finding::mend("/var/lib/rebootping", long, Remedy::run(long)),
            Finding::mend("x", "Short.", Remedy::write("/etc/rebootping/rebootping.toml", long)),
        ];
        insta::assert_snapshot!(prose(&findings));
        insta::assert_snapshot!(json(&findings[..2]));
    }

    #[test]
    fn the_last_line_sums_up() {
        let note = Finding::note("a", "b", Remedy::run("c"));
        let mend = Finding::mend("a", "b", Remedy::run("c"));
        assert_eq!(summary(&[]), "Nothing must be mended.\n");
        assert_eq!(summary(&[note.clone(), note.clone()]), "Nothing must be mended, 2 notes.\n");
        assert_eq!(summary(&[mend.clone(), note.clone()]), "One thing must be mended, one note.\n");
        assert_eq!(summary(&[mend.clone(), mend]), "2 things must be mended.\n");
    }
}

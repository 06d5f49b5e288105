//! What README.md tells the reader to type is what the program understands.

use std::process::Command;

/// Commands of the text, in code blocks and code spans, that the program's own help does not know.
pub(crate) fn unknown_commands(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    for arguments in commands(markdown) {
        let asked = Command::new(env!("CARGO_BIN_EXE_rebootping")).args(&arguments).arg("--help").output();
        let asked = asked.expect("the program can be run");
        if !asked.status.success() || asked.stdout.is_empty() {
            let complaint = String::from_utf8_lossy(&asked.stderr);
            found.push(format!(
                "README.md: `rebootping {}`: {}; mend one of them",
                arguments.join(" "),
                complaint.trim()
            ));
        }
    }
    found
}

/// The arguments of each call of the program.
fn commands(markdown: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            found.extend(call(line));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).filter_map(call));
        }
    }
    found
}

/// The arguments, if this is a call of the program, up to what the shell would take for itself.
fn call(line: &str) -> Option<Vec<&str>> {
    let mut words = line.split_whitespace().skip_while(|word| matches!(*word, "$" | "sudo"));
    let program = words.next()?;
    let called = program == "rebootping" || program.ends_with("/rebootping");
    called.then(|| words.take_while(|word| !matches!(*word, "|" | "#" | "&&" | ">")).collect())
}

#[test]
fn calls_are_found_in_blocks_and_spans() {
    let markdown = "see `rebootping status` and `cargo run`\n```\n$ sudo rebootping why wan1 | less\nrebootping.service\n```\nrebootping x";
    assert_eq!(commands(markdown), [vec!["status"], vec!["why", "wan1"]]);
}

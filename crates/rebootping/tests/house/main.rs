//! The architecture test: what ARCHITECTURE.md and STYLE.md promise is asked of the tree at every build.

mod files;
mod guides;
mod packages;
mod readme;
mod rooms;
mod source;
mod words;

use serde_json::json;
use source::{Source, files, root, sources};
use words::{COMMANDS, PRINTED, PUT_OFF, Reserved, TIME, UNSAFE, strays};

#[test]
fn core_has_no_standard_library_and_no_unsafe() {
    let lib = read("crates/core/src/lib.rs");
    for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"] {
        assert!(
            lib.lines().any(|line| line == attribute),
            "crates/core/src/lib.rs: core decides and does nothing; put back {attribute}"
        );
    }
}

#[test]
fn core_depends_on_the_named_packages_only() {
    clean(&packages::strangers_in_core(&packages::metadata()));
    let bad = json!({"packages": [{"name": "rebootping-core", "dependencies": [{"name": "tokio", "kind": null}, {"name": "proptest", "kind": "dev"}]}]});
    caught(&packages::strangers_in_core(&bad), "tokio");
}

#[test]
fn time_is_asked_in_one_file() {
    reserved(&TIME, "crates/rebootping/src/judge.rs", "fn f() { let t = Instant::now(); }");
}

#[test]
fn commands_are_run_in_one_file() {
    reserved(&COMMANDS, "crates/rebootping/src/judge.rs", "fn f() { Command::new(\"ip\"); }");
}

#[test]
fn unsafe_code_stands_in_one_room() {
    reserved(&UNSAFE, "crates/lab/src/lib.rs", "fn f() { unsafe { g() } }");
}

#[test]
fn nothing_is_printed_that_could_end_the_program() {
    reserved(&PRINTED, "crates/rebootping/src/judge.rs", "fn f() { eprintln!(\"x\"); }");
}

#[test]
fn nothing_is_put_off() {
    reserved(&PUT_OFF, "crates/sim/src/lib.rs", concat!("// TO", "DO: later"));
}

#[test]
fn rooms_know_only_whom_they_may() {
    let (architecture, program) = (read("ARCHITECTURE.md"), read("crates/rebootping/src/lib.rs"));
    let all = rooms::modules(&program);
    clean(&rooms::trespasses(&architecture, &all, &sources()));
    for bad in [
        "use crate::committer::Plan;",
        "use crate::{clock::Clock, committer::{self, Plan}};",
        "fn f() { crate::committer::f() }",
    ] {
        let bad = [Source::new("crates/rebootping/src/echo/socket.rs", bad)];
        caught(&rooms::trespasses(&architecture, &all, &bad), "`echo` may not know `committer`");
    }
    let table =
        |last: &str| format!("## Rooms of the program\n\n| room | idea | may not know |\n|---|---|---|\n{last}");
    let bad = [Source::new("crates/rebootping/src/a/b.rs", "use crate::committer::Plan;")];
    caught(&rooms::trespasses(&table("| `a` | x | why; `committer` |\n"), &all, &bad), "`a` may not know `committer`");
    clean(&rooms::trespasses(&table("| `a` | x | how `committer` does it |\n| `c` | y | `committer` |\n"), &all, &bad));
    caught(&rooms::trespasses(&table("| `a` | x | `attic` |\n"), &all, &bad), "`attic`");
}

#[test]
fn every_room_is_named_in_the_architecture() {
    let architecture = read("ARCHITECTURE.md");
    for path in ["crates/rebootping/src/lib.rs", "crates/core/src/lib.rs"] {
        clean(&rooms::unnamed(&architecture, path, &rooms::modules(&read(path))));
    }
    let bad = rooms::modules("#[cfg(test)]\nmod scripted;\nmod clock;\npub mod attic;\n");
    caught(&rooms::unnamed("`clock.rs`", "a.rs", &bad), "attic");
}

#[test]
fn every_file_begins_with_the_sentence_that_tells_its_idea() {
    clean(&files::untold(&sources()));
    caught(&files::untold(&[Source::new("a.rs", "//! Things\n\nuse b;")]), "a.rs");
    caught(&files::untold(&[Source::new("a.rs", "use b;\n//! A thing.")]), "a.rs");
}

#[test]
fn no_file_is_too_long() {
    clean(&files::too_long(&sources()));
    caught(&files::too_long(&[Source::new("a.rs", &"x\n".repeat(501))]), "501 lines");
}

#[test]
fn no_file_names_a_directory_of_one_machine() {
    clean(&files::at_home(&files()));
    caught(&files::at_home(&[("a.md".into(), concat!("see /wo", "rk/a").into())]), "a.md:1");
}

#[test]
fn the_program_is_built_from_few_packages() {
    clean(&packages::too_many(&packages::metadata()));
    let names: Vec<String> = (0..135).map(|number| format!("p{number}")).collect();
    let depends = |name: &String| json!({"pkg": name, "dep_kinds": [{"kind": null}]});
    let mut nodes = vec![json!({"id": "rebootping", "deps": names.iter().map(depends).collect::<Vec<_>>()})];
    nodes.extend(names.iter().map(|name| json!({"id": name, "deps": []})));
    let bad = json!({"packages": [{"name": "rebootping", "id": "rebootping"}], "resolve": {"nodes": nodes}});
    caught(&packages::too_many(&bad), "136 packages");
}

#[test]
fn every_package_has_a_licence_we_allow() {
    let allowed = packages::allowed_licences();
    clean(&packages::unlicensed(&packages::metadata(), &allowed));
    let bad = json!({"packages": [{"name": "a", "license": "MIT"}, {"name": "b", "license": "SSPL-1.0"}]});
    caught(&packages::unlicensed(&bad, &allowed), "SSPL-1.0");
    let bad = json!({"packages": [{"name": "a", "license": null}]});
    caught(&packages::unlicensed(&bad, &allowed), "\"a\"");
}

#[test]
fn the_program_understands_what_the_readme_says_to_type() {
    let readme = read("README.md");
    clean(&readme::unknown_commands(&readme));
    caught(&readme::unknown_commands("`rebootping frobnicate`"), "rebootping frobnicate");
}

#[test]
fn the_program_prints_what_the_troubleshooting_guide_quotes() {
    let mut sources = sources();
    sources.retain(|source| source.path.starts_with("crates/rebootping/src/"));
    let guide = read("docs/troubleshooting.md");
    clean(&guides::unknown_messages(&guide, &sources));
    caught(&guides::unknown_messages("| `the moon is full` | wait |", &sources), "the moon is full");
}

/// A file of the tree.
#[track_caller]
fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The tree keeps the rule, and the rule catches this text in this file.
#[track_caller]
fn reserved(rule: &Reserved, path: &str, bad: &str) {
    clean(&strays(rule, &sources()));
    caught(&strays(rule, &[Source::new(path, bad)]), &format!("{path}:1"));
}

#[track_caller]
fn clean(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[track_caller]
fn caught(found: &[String], with: &str) {
    assert!(found.len() == 1 && found[0].contains(with), "expected one finding with {with:?}: {found:?}");
}

//! What the program is built from: few packages, each under a licence of `deny.toml`, and in core only the named ones.

use crate::source::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What core may be built on; each decides or carries values, none has a clock, file or socket.
const CORE: &[&str] = &["aes-gcm", "hashbrown", "serde", "sha2", "siphasher"];
/// A tree one person can read the names of; a third of them are HTTP and TLS, which the web process alone runs.
const MOST: usize = 135;

/// What cargo says of every package the workspace needs on this platform.
pub(crate) fn metadata() -> Value {
    let platform = cargo(&["--version", "--verbose"]);
    let host = platform.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host");
    let json = cargo(&["metadata", "--locked", "--offline", "--format-version=1", "--filter-platform", host]);
    serde_json::from_str(&json).expect("cargo metadata is JSON")
}

/// The licences of `deny.toml`.
pub(crate) fn allowed_licences() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml can be read");
    let deny: toml::Table = text.parse().expect("deny.toml is TOML");
    let allowed = deny["licenses"]["allow"].as_array().expect("licenses.allow is a list");
    allowed.iter().filter_map(|licence| licence.as_str()).map(String::from).collect()
}

/// Packages of core's own that are not on the list.
pub(crate) fn strangers_in_core(metadata: &Value) -> Vec<String> {
    let core = list(&metadata["packages"]).find(|package| package["name"] == "rebootping-core").expect("core exists");
    let named = |dependency: &&Value| CORE.iter().any(|name| dependency["name"] == *name);
    list(&core["dependencies"])
        .filter(|dependency| dependency["kind"].is_null() && !named(dependency))
        .map(|dependency| {
            format!(
                "core depends on {}: let the program do that, or list it in {} with the reason in the commit",
                dependency["name"],
                file!()
            )
        })
        .collect()
}

/// Whether the program's tree of normal dependencies, itself included, is too large.
pub(crate) fn too_many(metadata: &Value) -> Vec<String> {
    let tree = tree(metadata);
    println!("{} packages in the program's tree, {MOST} at most", tree.len());
    if tree.len() <= MOST {
        return Vec::new();
    }
    vec![format!(
        "{} packages in the program's tree, {MOST} at most; `cargo tree -e normal -p rebootping` shows who brings them",
        tree.len()
    )]
}

/// Packages whose licence is not among the allowed.
pub(crate) fn unlicensed(metadata: &Value, allowed: &BTreeSet<String>) -> Vec<String> {
    list(&metadata["packages"])
        .filter(|package| !package["license"].as_str().is_some_and(|licence| is_allowed(licence, allowed)))
        .map(|package| {
            format!(
                "{} is under {}, which deny.toml does not allow; choose another package",
                package["name"], package["license"]
            )
        })
        .collect()
}

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").expect("cargo test sets CARGO");
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo can be run");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {complaint}\n`cargo fetch --locked` brings what is missing");
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}

/// The identifiers of the packages the program is built from.
fn tree(metadata: &Value) -> BTreeSet<&str> {
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"]["nodes"]).map(|node| (text(&node["id"]), node)).collect();
    let program =
        list(&metadata["packages"]).find(|package| package["name"] == "rebootping").expect("the program exists");
    let mut seen = BTreeSet::new();
    let mut ahead = vec![text(&program["id"])];
    while let Some(id) = ahead.pop() {
        if seen.insert(id) {
            let normal = |dependency: &&Value| list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
            ahead.extend(list(&nodes[id]["deps"]).filter(normal).map(|dependency| text(&dependency["pkg"])));
        }
    }
    seen
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("cargo metadata has a list here").iter()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("cargo metadata has a string here")
}

/// Whether an SPDX expression can be met by allowed licences: one side of each `OR` (older files write `/`), all sides of each `AND`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any_of(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut met = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words, allowed);
    }
    met
}

fn all_of(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any_of(words, allowed);
        return words.next_if_eq(&")").is_some() && met;
    }
    let Some(licence) = words.next() else { return false };
    let exception = words.next_if_eq(&"WITH").and_then(|_| words.next());
    // An exception only adds to what the licence permits.
    allowed.contains(licence) && exception.is_none_or(|name| name.ends_with("-exception"))
}

#[test]
fn licences_are_read_as_spdx_says() {
    #[track_caller]
    fn check(expression: &str, expected: bool) {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(String::from).into();
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
    check("MIT", true);
    check("GPL-3.0-only", false);
    check("Unlicense OR MIT", true);
    check("Unlicense/MIT", true);
    check("MIT AND GPL-3.0-only", false);
    check("(MIT OR GPL-3.0-only) AND Unicode-3.0", true);
    check("Apache-2.0 WITH LLVM-exception", true);
    check("MIT AND (GPL-3.0-only", false);
    check("", false);
}

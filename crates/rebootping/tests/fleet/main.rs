//! What is shipped for Prometheus and Grafana: its own tool finds the rules right, they fire when they should, and all names exist.

mod drawn;
mod engine;
mod outage;
mod token;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

const NAMES: &str = include_str!("../../../core/src/metrics/names.rs");
pub(crate) const DASHBOARD: &str = include_str!("../../../../dist/grafana/rebootping.json");
const RULES: &str = include_str!("../../../../dist/prometheus/rebootping.rules.yml");
const GUIDE: &str = include_str!("../../../../docs/metrics.md");

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn promtool(arguments: &[&str]) {
    let mut command = Command::new("promtool");
    let output = command.args(arguments).current_dir(root()).output().expect("promtool is here: tools/need lab");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// All words of a text that begin as our numbers do.
fn ours(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = text.match_indices("rebootping_").map(|(at, _)| text[at..].split(|c| !is_part(c)).next());
    words.map(|word| word.unwrap_or_default().to_owned()).collect()
}

/// As numbers of a family are called.
fn told() -> BTreeSet<String> {
    let lines = NAMES.lines().map(str::trim).filter(|line| line.contains("(\"rebootping_"));
    let named = |line: &str| -> Vec<String> {
        let name = line.split('"').nth(1).expect("a name");
        match line {
            _ if line.contains("counter(") => vec![format!("{name}_total")],
            _ if line.contains("histogram(") => ["bucket", "sum", "count"].map(|it| format!("{name}_{it}")).into(),
            _ => vec![name.to_owned()],
        }
    };
    lines.flat_map(named).collect()
}

#[test]
fn the_rules_are_right_and_fire_when_they_should() {
    promtool(&["check", "rules", "dist/prometheus/rebootping.rules.yml"]);
    promtool(&["test", "rules", "crates/rebootping/tests/fleet/rules.test.yml"]);
}

#[test]
fn rules_and_dashboard_ask_for_what_is_told() {
    let told = told();
    assert!(told.len() > 30, "{told:?}");
    for (what, text) in [("rules", RULES), ("dashboard", DASHBOARD)] {
        let unknown: Vec<String> = ours(text).difference(&told).cloned().collect();
        assert!(unknown.is_empty(), "the {what} ask for {unknown:?}");
    }
}

#[test]
fn the_guide_names_every_number() {
    let missing: Vec<String> = told().difference(&ours(GUIDE)).cloned().collect();
    assert!(missing.is_empty(), "docs/metrics.md lacks {missing:?}");
}

/// What the dashboard asks, with a word for each of Grafana's variables.
pub(crate) fn questions(words: &[(&str, &str)]) -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let exprs = targets.filter_map(|target| target["expr"].as_str());
    let asked = |expr: &str| words.iter().fold(expr.to_owned(), |expr, (variable, word)| expr.replace(variable, word));
    exprs.map(asked).collect()
}

#[test]
fn every_question_of_the_dashboard_is_one() {
    // Grafana's variables stand for a pattern and a time.
    let exprs = questions(&[("$__rate_interval", "5m"), ("$", ""), ("\n", "")]);
    assert!(exprs.len() >= 18, "{} questions", exprs.len());
    let rule = |expr: String| format!("      - record: a:b:c\n        expr: {}\n", Value::from(expr));
    let rules: String = exprs.into_iter().map(rule).collect();
    let path = std::env::temp_dir().join(format!("rebootping-dashboard-{}.yml", std::process::id()));
    fs::write(&path, format!("groups:\n  - name: all\n    rules:\n{rules}")).expect("a file");
    let path_text = path.to_str().expect("text");
    promtool(&["check", "rules", "--lint=none", path_text]);
    fs::remove_file(&path).expect("it is there");
}

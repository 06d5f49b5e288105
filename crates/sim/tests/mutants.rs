//! Deliberate bugs in the core, each of which the seeds must catch; an invariant that catches none of them is decoration.
//!
//! The core is copied, one line of the copy is changed, and the simulator is built around it. A change that no longer matches the
//! code, or does not compile, fails the test: the table is mended with the code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// File below `crates/core/src`, what stands there, what stands there in the mutant.
type Mutant = (&'static str, &'static str, &'static str);

/// The seeds of which one at least must find each: a fraction of those that `make test` plays.
const SEEDS: &str = "0..2000";

const MUTANTS: &[Mutant] = &[
    ("link/probe.rs", "if reply.at > end {", "if false {"),
    ("link/probe.rs", "if sent.round_trip.is_some() {", "if false {"),
    (
        "link/probe.rs",
        "if token(&self.key, self.family, reply.link, reply.source, sent.sequence) != reply.token {",
        "if false {",
    ),
    ("link/probe.rs", "LATE: Duration = Duration::from_millis(100)", "LATE: Duration = Duration::from_millis(1000)"),
    ("link/select.rs", "pub const PATIENCE: u32 = 3;", "pub const PATIENCE: u32 = 2;"),
    ("link/select.rs", "if round.spoilt.is_none() {", "if true {"),
    ("link/select.rs", "if !silent {", "if true {"),
    ("link/select.rs", "if link.is_gone() && link.held.seen {", "if link.is_gone() {"),
    ("link/select.rs", "if self.silent && !in_use.is_empty() {", "if false {"),
    (
        "link/standing.rs",
        "self.held.hold = self.held.hold.saturating_sub(1);",
        "self.held.hold = self.held.hold.saturating_sub(2);",
    ),
    (
        "link/standing.rs",
        "doubled.min(self.settings.hold_down)",
        "self.settings.short_hold_down.min(self.settings.hold_down)",
    ),
    (
        "link/standing.rs",
        "self.held.last_fault.cmp(&other.held.last_fault)",
        "other.held.last_fault.cmp(&self.held.last_fault)",
    ),
    (
        "link/score.rs",
        "if trouble.lasts >= patience && trouble.clean == 0 {",
        "if trouble.lasts > patience && trouble.clean == 0 {",
    ),
    ("link/score.rs", "let reached = answering.all(", "let reached = answering.any("),
    ("link/metered.rs", "EVERY: Duration = Duration::from_secs(10);", "EVERY: Duration = Duration::from_secs(5);"),
    (
        "engine.rs",
        "matches!(path.presence, Presence::NoCarrier | Presence::Absent)",
        "matches!(path.presence, Presence::Absent)",
    ),
    ("engine.rs", "if is_new || new_fault {", "if is_new {"),
    ("engine/judge.rs", "FORGIVEN_SEND_FAILURES: u32 = 10;", "FORGIVEN_SEND_FAILURES: u32 = 100;"),
    ("engine/kept.rs", "let until = if same_boot { kept.until } else {", "let until = if true { kept.until } else {"),
    (
        "commit/plan.rs",
        "wrong(true).or_else(|| wrong(false).filter(|_| view.a_chosen_file_says_zero()))",
        "wrong(false).or_else(|| wrong(true))",
    ),
    (
        "commit/plan.rs",
        "if view.method == Method::Reload || !view.a_chosen_link_is_in() {",
        "if view.method == Method::Reload {",
    ),
    ("history/relay/inbox.rs", "head.number == self.taken.saturating_add(1)", "true"),
    ("history/journal/shape.rs", "let mut missed = echoes.answered ^ all(echoes.sent);", "let mut missed = 0_u32;"),
    ("commit/trouble.rs", "retry_at: now + pause,", "retry_at: now + pause * 600,"),
];

#[test]
#[ignore = "builds the core once for each deliberate bug, some ten minutes; make test-long runs it"]
fn every_deliberate_bug_is_caught() {
    let house = House::build();
    let sound = house.try_mutant(None);
    assert!(sound.output.status.success(), "the core itself is found wrong:\n{}", text(&sound.output));
    let mut escaped = Vec::new();
    for (number, mutant) in (1..).zip(MUTANTS) {
        let trial = house.try_mutant(Some(mutant));
        let (file, from, to) = mutant;
        let [built, ran] = [trial.built, trial.ran].map(|took| took.as_secs_f64());
        let caught = trial.caught();
        println!("{number:2}. {file}: {from} → {to}\n    {} (built in {built:.1} s, ran {ran:.1} s)", trial.verdict());
        if !caught {
            escaped.push(mutant);
        }
    }
    println!("{} of {} caught", MUTANTS.len() - escaped.len(), MUTANTS.len());
    assert!(escaped.is_empty(), "not caught: {escaped:#?}");
}

#[test]
fn every_deliberate_bug_still_matches_the_code() {
    for (file, from, _) in MUTANTS {
        let code = fs::read_to_string(root().join("crates/core/src").join(file)).expect("a file of the core");
        assert_eq!(code.matches(from).count(), 1, "{file}: `{from}` must stand there once; mend the table of mutants");
    }
}

/// A workspace of its own with a copy of the core.
struct House(PathBuf);

impl House {
    fn build() -> Self {
        let house = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace's manifest");
        let members =
            manifest.lines().find(|line| line.starts_with("members = ")).expect("the workspace names its members");
        fs::create_dir_all(&house).expect("the build directory can be written");
        fs::write(house.join("Cargo.toml"), manifest.replace(members, "members = [\"crates/core\", \"crates/sim\"]"))
            .expect("it can be written");
        fs::copy(root().join("Cargo.lock"), house.join("Cargo.lock")).expect("the lock file can be copied");
        copy(&root().join("crates/core"), &house.join("crates/core"));
        copy(&root().join("crates/sim"), &house.join("crates/sim"));
        Self(house)
    }

    /// Builds with this bug, or none, and runs seeds until one is found broken; the code is as it was afterwards.
    fn try_mutant(&self, mutant: Option<&Mutant>) -> Trial {
        let Some((file, from, to)) = mutant else { return self.run() };
        let path = self.0.join("crates/core/src").join(file);
        let code = fs::read_to_string(&path).expect("a file of the core");
        fs::write(&path, code.replace(from, to)).expect("the copy can be written");
        let trial = self.run();
        fs::write(&path, code).expect("the copy can be written");
        trial
    }

    fn run(&self) -> Trial {
        let cargo = std::env::var_os("CARGO").expect("cargo test sets CARGO");
        let target = self.0.join("target");
        let begun = Instant::now();
        let built = Command::new(cargo)
            .args(["build", "--release", "--offline", "--quiet", "--package", "rebootping-sim", "--target-dir"])
            .arg(&target)
            .env_remove("RUSTFLAGS")
            // One line changes from build to build.
            .envs([("CARGO_PROFILE_RELEASE_INCREMENTAL", "true"), ("CARGO_PROFILE_RELEASE_DEBUG", "0")])
            .current_dir(&self.0)
            .output()
            .expect("cargo can be run");
        assert!(built.status.success(), "it does not build:\n{}", text(&built));
        let built = begun.elapsed();
        let output = Command::new(target.join("release/rebootping-sim"))
            .args(["--seeds", SEEDS, "--first"])
            .output()
            .expect("the simulator can be run");
        Trial { output, built, ran: begun.elapsed().saturating_sub(built) }
    }
}

/// What a run of the seeds said of one build, and how long both took.
struct Trial {
    output: Output,
    built: Duration,
    ran: Duration,
}

impl Trial {
    fn caught(&self) -> bool {
        self.output.status.code() == Some(1) && text(&self.output).contains("VIOLATED")
    }

    /// The seed that caught it, with what was violated.
    fn verdict(&self) -> String {
        let text = text(&self.output);
        let seed = text.lines().find(|line| line.starts_with("seed ")).unwrap_or("by no seed");
        if self.caught() { format!("caught: {seed}") } else { format!("ESCAPED: {seed}") }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the build directory can be written");
    for entry in fs::read_dir(from).expect("a directory of the tree") {
        let entry = entry.expect("a directory of the tree");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("the build directory can be written");
        }
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

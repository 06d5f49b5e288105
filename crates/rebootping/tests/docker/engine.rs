//! A Docker engine that reaches no network but its own, with the image of the program that was built with these tests.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Output, Stdio};

/// The base image, made once of the distribution's packages and kept in `target`.
const BASE: &str = "target/docker/base.tar";
const DOCKERFILES: [&str; 2] = ["dist/docker/Dockerfile", "dist/docker/lab/Dockerfile"];
/// What the machines of the lab are described in.
pub(crate) const COMPOSE: &str = "dist/docker/lab/compose.yaml";

/// A running engine; dropping it ends it and all its containers.
#[derive(Debug)]
pub(crate) struct Engine {
    script: Child,
    folder: PathBuf,
    netns: String,
}

impl Engine {
    /// Starts one, and gives it the base image under the name that the Dockerfile looks for.
    #[track_caller]
    pub(crate) fn start() -> Self {
        // As the lab calls what it makes, so that `lab sweep` finds what a killed test leaves.
        let name = format!("rb-docker-{}-1", process::id());
        let folder = Path::new("/var/lib/rebootping-lab").join(&name);
        fs::create_dir_all(&folder).expect("these tests need root");
        let netns = format!("{name}-engine");
        let mut command = tool("docker-alone");
        command.arg(&folder).arg(&netns).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = command.spawn().expect("a shell");
        let mut said = String::new();
        BufReader::new(script.stdout.take().expect("piped")).read_line(&mut said).expect("it can be heard");
        let engine = Self { script, folder, netns };
        assert_eq!(said, "ready\n", "the engine did not start; above stands why");
        engine
    }

    /// Has the base image in the engine, under this name.
    #[track_caller]
    pub(crate) fn import_base(&self, name: &str) {
        let base = root().join(BASE);
        if !base.exists() {
            let made = tool("docker-base").arg(&base).args(DOCKERFILES.map(|file| root().join(file))).status();
            assert!(made.is_ok_and(|made| made.success()), "there is no base image; above stands why");
        }
        self.docker(&["import", &base.display().to_string(), name]);
    }

    /// Makes the image "rebootping" as `make docker-demo` does.
    #[track_caller]
    pub(crate) fn build_image(&self) {
        let mut command = tool("docker-image");
        command.arg(env!("CARGO_BIN_EXE_rebootping"));
        expect(&self.asked_by(&mut command));
    }

    /// Runs `docker ARGUMENTS`, which must succeed; what it printed.
    #[track_caller]
    pub(crate) fn docker(&self, arguments: &[&str]) -> String {
        expect(&self.try_docker(arguments))
    }

    /// Runs `docker ARGUMENTS`, whatever comes of it.
    pub(crate) fn try_docker(&self, arguments: &[&str]) -> Output {
        self.asked_by(Command::new("docker").args(arguments))
    }

    /// Runs `docker-compose ARGUMENTS` on the lab, which must succeed; what it printed.
    #[track_caller]
    pub(crate) fn compose(&self, arguments: &[&str]) -> String {
        let file = root().join(COMPOSE);
        let mut command = Command::new("docker-compose");
        command.args(["--project-name", "lab", "--file"]).arg(file).args(arguments);
        expect(&self.asked_by(&mut command))
    }

    /// Runs a program in the network that the engine publishes ports to; what it printed.
    #[track_caller]
    pub(crate) fn beside(&self, words: &[&str]) -> String {
        expect(&run(Command::new("ip").args(["netns", "exec", &self.netns]).args(words)))
    }

    fn asked_by(&self, command: &mut Command) -> Output {
        let socket = format!("unix://{}/docker.sock", self.folder.display());
        // The older builder needs no plug-in, which not every distribution has.
        command.env("DOCKER_HOST", socket).env("DOCKER_BUILDKIT", "0").env("COMPOSE_DOCKER_CLI_BUILD", "0");
        run(command)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It ends when nobody can tell it anything any more.
        drop(self.script.stdin.take());
        let ended = self.script.wait();
        let removed = fs::remove_dir_all(&self.folder);
        if !std::thread::panicking() {
            assert!(ended.is_ok_and(|ended| ended.success()), "the engine did not end in order");
            removed.expect("nothing of the engine is left");
        }
    }
}

/// The workspace's root.
fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a folder");
    crates.parent().expect("which is in the workspace").to_path_buf()
}

fn tool(name: &str) -> Command {
    Command::new(root().join("tools").join(name))
}

fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("{command:?}: {error}; see tools/need engine"))
}

#[track_caller]
fn expect(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}:\n{said}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    said
}

//! Runs the operator's programs for alerts, one after the other, in a thread that may wait for them.

use super::Input;
use crate::clock;
use crate::command::{self, Command};
use crate::config::meant::Config;
use crate::ipc::courier::Paper;
use crate::log;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// The courier has one paper on its way at a time; one that was started anew may have another.
const WAITING: usize = 2;

/// The thread, and what it runs.
#[derive(Debug)]
pub(super) struct Hooks {
    programs: Vec<Vec<String>>,
    timeout: Duration,
    papers: SyncSender<Paper>,
}

impl Hooks {
    /// Starts it if there are programs to run; one that runs the same goes on.
    pub(super) fn start(config: &Config, inputs: &SyncSender<Input>, before: Option<Self>) -> Option<Self> {
        let (programs, timeout) = (config.hooks.alert.clone(), config.commit.timeout);
        if programs.is_empty() {
            return None;
        }
        if let Some(before) = before.filter(|before| (&before.programs, before.timeout) == (&programs, timeout)) {
            return Some(before);
        }
        let (papers, received) = sync_channel::<Paper>(WAITING);
        let (lines, inputs) = (programs.clone(), inputs.clone());
        let thread = thread::Builder::new().name("alert-hooks".into()).spawn(move || {
            for paper in received {
                let result = run_all(&lines, &paper, timeout);
                if inputs.send(Input::AlertHooks(result)).is_err() {
                    return;
                }
            }
        });
        match thread {
            Ok(_) => Some(Self { programs, timeout, papers }),
            Err(error) => {
                log::warn(&format!("no hook for alerts can be run: {error}"));
                None
            }
        }
    }

    /// Has them run.
    pub(super) fn run(&self, paper: Paper) -> Result<(), String> {
        self.papers.try_send(paper).map_err(|_| "the hooks have not ended yet".to_owned())
    }
}

/// Runs every program, whatever becomes of the others; what the first that failed says.
fn run_all(lines: &[Vec<String>], paper: &Paper, timeout: Duration) -> Result<(), String> {
    let results: Vec<Result<(), String>> = lines.iter().map(|line| run(line, paper, timeout)).collect();
    results.into_iter().collect()
}

fn run(line: &[String], paper: &Paper, timeout: Duration) -> Result<(), String> {
    let (program, arguments) = line.split_first().ok_or("there is no program")?;
    let command = Command {
        program: program.into(),
        arguments: arguments.iter().map(Into::into).collect(),
        input: paper.body.clone().into_bytes(),
        timeout,
        keep: command::OUTPUT_KEPT,
    };
    let ended = command::run_knowing(&command, &paper.variables, clock::now);
    let ended = ended.map_err(|error| format!("cannot run {program}: {error}"))?;
    ended.into_result().map_err(|why| format!("{program}: {why}"))
}

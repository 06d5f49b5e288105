//! What is shown of it all: the status, and a word to the page when there may be another.

use super::Daemon;
use super::settings;
use super::supervise::Supervisor;
use super::workers::Worker;
use crate::clock;
use crate::committer::CommitStatus;
use crate::ipc::web::ToWeb;
use crate::report::status;
use crate::sys::heap;

impl Daemon {
    /// Has the page look at how links stand, if anybody sees it; one that is busy looks once a second all the same.
    pub(super) fn have_page_look(&self) {
        drop(self.web.pass_on(&ToWeb::Look));
    }

    /// How everything is now.
    pub(super) fn status(&self) -> status::Status {
        let CommitStatus { backend, state, error, committed, left_alone, counts } = self.committer.status();
        let commit = status::Committed { backend, state, error, links: committed, left_alone, counts };
        let report = self.report.as_ref().map(|(report, at)| (report, *at));
        let memory = self.capture.as_ref().map(|capture| capture.memory);
        let mut processes = vec![
            process("committer", "running", 0, Some(heap::handed_out())),
            self.process(&self.judge, self.report.is_some(), None),
            self.process(&self.observer, self.capture.is_some(), memory),
            self.process(&self.web, self.serves.is_some(), self.serves),
        ];
        let courier = self.dispatch.courier();
        processes.extend(courier.map(|it| self.process(it, self.dispatch.runs(), self.dispatch.memory())));
        let known = status::Known {
            links: &self.links,
            names: &self.names,
            report,
            commit: &commit,
            started: self.started,
            interval: self.config.probe.interval,
            capture: self.capture.as_ref(),
            store: self.store.as_ref(),
            caps: &settings::caps(&self.config, &self.links),
            processes,
            alerts: self.dispatch.alerts(),
            minutes: self.dispatch.minutes(),
        };
        status::Status::new(&known, clock::wall())
    }

    /// One of our processes, once it has reported.
    fn process<W: Worker>(&self, it: &Supervisor<W>, reported: bool, memory: Option<u64>) -> status::Process {
        let state = match (self.is_silent(it), reported) {
            (true, _) => "silent",
            (false, false) => "starting",
            (false, true) => "running",
        };
        process(W::NAME, state, it.restarts(), memory)
    }
}

fn process(name: &str, state: &str, restarts: u64, memory_bytes: Option<u64>) -> status::Process {
    status::Process { name: name.to_owned(), state: state.to_owned(), restarts, memory_bytes }
}

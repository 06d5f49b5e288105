//! What is shown of it all: the status, and a word to the page when there may be another.

use super::Daemon;
use super::settings;
use super::supervise::Supervisor;
use super::workers::{Courier, Judge, Observer, Web, Worker};
use crate::clock;
use crate::committer::CommitStatus;
use crate::ipc::web::ToWeb;
use crate::report::status;

impl Daemon {
    /// Has the page look at how links stand, if anybody sees it; one that is busy looks once a second all the same.
    pub(super) fn have_page_look(&self) {
        drop(self.web.pass_on(&ToWeb::Look));
    }

    /// How everything is now.
    pub(super) fn status(&self) -> status::Status {
        let CommitStatus { backend, state, error, committed, left_alone, counts } = self.committer.status();
        let commit = status::Committed { backend, state, error, links: committed, left_alone, counts };
        let state = |reported: bool, is_silent: bool| match (is_silent, reported) {
            (true, _) => "silent",
            (false, false) => "starting",
            (false, true) => "running",
        };
        let report = self.report.as_ref().map(|(report, at)| (report, *at));
        let mut processes = vec![
            ("committer", "running", 0),
            (Judge::NAME, state(self.report.is_some(), self.is_silent(&self.judge)), self.judge.restarts()),
            (Observer::NAME, state(self.capture.is_some(), self.is_silent(&self.observer)), self.observer.restarts()),
            (Web::NAME, state(self.serves, self.is_silent(&self.web)), self.web.restarts()),
        ];
        let courier = self.dispatch.courier();
        let shown =
            |it: &Supervisor<Courier>| (Courier::NAME, state(self.dispatch.runs(), self.is_silent(it)), it.restarts());
        processes.extend(courier.map(shown));
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
            processes: &processes,
        };
        status::Status::new(&known, clock::wall())
    }
}

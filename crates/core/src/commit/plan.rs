//! The next thing to do, as a function of what is wanted, what is there, and what may not be tried yet.

use super::drift::WayOut;
use super::trouble::Subject;
use super::{Actual, Choice, Drain, Firewall, Method, Observed, Output, StatusFile, Want};
use crate::link::{Leave, LinkId};
use alloc::collections::{BTreeMap, BTreeSet};

/// Everything the next step depends on.
pub(super) struct View<'a> {
    pub(super) desired: &'a Choice,
    pub(super) observed: &'a Observed,
    pub(super) method: Method,
    /// Links cut whose flows are still to be deleted.
    pub(super) doomed: &'a BTreeSet<LinkId>,
    /// A link is to come in and could not be brought in.
    pub(super) one_failed_to_come_in: bool,
    /// The link's `enable` or `disable` failed so often that a reload is due.
    pub(super) is_stubborn: &'a dyn Fn(LinkId) -> bool,
    /// Subjects not to be touched now.
    pub(super) held: &'a dyn Fn(Subject) -> bool,
    /// Subjects that failed at the last try.
    pub(super) failed: &'a dyn Fn(Subject) -> bool,
}

/// The next status file to write: zeros first; a one only while another file says zero.
pub(super) fn next_write(view: &View<'_>) -> Option<Output> {
    let wrong = |usable: bool| {
        view.links()
            .filter(|(_, want, actual)| view.usable(*want, *actual) == usable)
            .find(|(link, _, actual)| !says(actual.file, usable) && !(view.held)(Subject::File(*link)))
            .map(|(link, _, _)| Output::WriteStatus { link, usable })
    };
    wrong(true).or_else(|| wrong(false).filter(|_| view.a_chosen_file_says_zero()))
}

/// The next command to give, none of them while another is in flight.
pub(super) fn next_command(view: &View<'_>) -> Option<Output> {
    if view.observed.firewall != Firewall::Started {
        return leftover(view);
    }
    coming_in(view)
        .or_else(|| going_out(view))
        .or_else(|| by_reload(view))
        .or_else(|| flows(view))
        .or_else(|| leftover(view))
}

/// In what one link is as the verdict has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Agreement {
    /// Its file says what it shall say.
    pub(super) file: bool,
    /// New connections use it exactly when they shall.
    pub(super) kernel: bool,
    /// Its established flows are where they shall be, and no more of a drain is there than they need.
    pub(super) flows: bool,
}

/// In what every link is as the verdict has it.
pub(super) fn agreements(view: &View<'_>) -> BTreeMap<LinkId, Agreement> {
    let agreement = |(link, want, actual): (LinkId, Want, Actual)| {
        let file = says(actual.file, view.usable(want, actual));
        let flows = flows_agree(want, actual, view.doomed.contains(&link));
        (link, Agreement { file, kernel: kernel_agrees(want, actual), flows })
    };
    view.links().map(agreement).collect()
}

/// Over what new connections go.
pub(super) fn way_out(view: &View<'_>) -> WayOut {
    match (view.a_chosen_link_is_in(), view.links().any(|(_, _, actual)| actual.in_kernel)) {
        (true, _) => WayOut::Chosen,
        (false, true) => WayOut::Other,
        (false, false) => WayOut::Nowhere,
    }
}

/// The kernel sends new connections over the link exactly when it is wanted in.
pub(super) fn kernel_agrees(want: Want, actual: Actual) -> bool {
    want.is_in() == actual.in_kernel
}

fn flows_agree(want: Want, actual: Actual, doomed: bool) -> bool {
    match want {
        Want::In => is_gone(actual.drain),
        Want::Out(Leave::Drain) => matches!(actual.drain, Drain::Installed | Drain::Impossible),
        Want::Out(Leave::Cut) => is_gone(actual.drain) && !doomed,
    }
}

impl<'a> View<'a> {
    /// The links both wanted and known to the firewall, in order.
    fn links(&self) -> impl Iterator<Item = (LinkId, Want, Actual)> + use<'a> {
        let desired = self.desired;
        self.observed.links.iter().filter_map(|(link, actual)| Some((*link, *desired.get(link)?, *actual)))
    }

    /// The links wanted out: those to be cut first, for they serve nobody.
    fn leaving(&self) -> impl Iterator<Item = (LinkId, Leave, Actual)> {
        [Leave::Cut, Leave::Drain].into_iter().flat_map(|how| {
            self.links()
                .filter(move |(_, want, _)| *want == Want::Out(how))
                .map(move |(link, _, actual)| (link, how, actual))
        })
    }

    /// What the link's file shall say.
    fn usable(&self, want: Want, actual: Actual) -> bool {
        want.is_in() || (actual.in_kernel && self.nothing_came_in())
    }

    /// No chosen link is in the kernel, and one could not be brought in.
    fn nothing_came_in(&self) -> bool {
        self.observed.firewall == Firewall::Started && self.one_failed_to_come_in && !self.a_chosen_link_is_in()
    }

    fn a_chosen_file_says_zero(&self) -> bool {
        self.links().any(|(_, want, actual)| self.usable(want, actual) && actual.file == StatusFile::Zero)
    }

    /// A link that is to stay is in the kernel, so another may go.
    pub(super) fn a_chosen_link_is_in(&self) -> bool {
        self.links().any(|(_, want, actual)| want.is_in() && actual.in_kernel)
    }

    fn may_move(&self, link: LinkId) -> bool {
        !(self.held)(Subject::Kernel(link))
    }

    fn files_agree(&self) -> bool {
        self.links().all(|(_, want, actual)| says(actual.file, self.usable(want, actual)))
    }
}

/// Enables the first chosen link that is not in the kernel.
fn coming_in(view: &View<'_>) -> Option<Output> {
    if view.method == Method::Reload {
        return None;
    }
    let (link, _, _) =
        view.links().find(|(link, want, actual)| want.is_in() && !actual.in_kernel && view.may_move(*link))?;
    move_link(view, link, Output::Enable(link))
}

/// Sees to the flows of the first leaving link still in the kernel, then disables it.
fn going_out(view: &View<'_>) -> Option<Output> {
    if view.method == Method::Reload || !view.a_chosen_link_is_in() {
        return None;
    }
    let (link, how, actual) = view.leaving().find(|(link, _, actual)| actual.in_kernel && view.may_move(*link))?;
    drain(view, link, how, actual).or_else(|| move_link(view, link, Output::Disable(link)))
}

/// Sees to the flows of every link about to leave, then reloads once all files are right.
fn by_reload(view: &View<'_>) -> Option<Output> {
    if view.method != Method::Reload {
        return None;
    }
    let differs =
        |(link, want, actual): &(LinkId, Want, Actual)| !kernel_agrees(*want, *actual) && view.may_move(*link);
    let someone_stays = view.a_chosen_link_is_in() || view.links().any(|it| it.1.is_in() && differs(&it));
    if !someone_stays || !view.links().any(|it| differs(&it)) {
        return None;
    }
    let mut leaving = view.leaving().filter(|(_, _, actual)| actual.in_kernel);
    leaving.find_map(|(link, how, actual)| drain(view, link, how, actual)).or_else(|| reload(view))
}

/// Sees to the flows of links that have left: a drain that was lost, one that has served, flows that are stranded.
fn flows(view: &View<'_>) -> Option<Output> {
    if !view.a_chosen_link_is_in() {
        return None;
    }
    let mut gone = view.leaving().filter(|(_, _, actual)| !actual.in_kernel);
    gone.find_map(|(link, how, actual)| {
        let delete = || {
            let due = how == Leave::Cut && view.doomed.contains(&link) && !(view.held)(Subject::Flows(link));
            due.then_some(Output::DeleteFlows(link))
        };
        drain(view, link, how, actual).or_else(delete)
    })
}

/// Removes what is left of the drain of a link that is back.
fn leftover(view: &View<'_>) -> Option<Output> {
    let left = |(link, want, actual): &(LinkId, Want, Actual)| {
        let back = actual.in_kernel || view.observed.firewall != Firewall::Started;
        want.is_in() && back && !is_gone(actual.drain) && !(view.held)(Subject::Flows(*link))
    };
    view.links().find(left).map(|(link, _, _)| Output::RemoveDrain(link))
}

/// Puts a leaving link's drain in or takes it out. One that just failed holds nothing up: new connections come first.
fn drain(view: &View<'_>, link: LinkId, how: Leave, actual: Actual) -> Option<Output> {
    let subject = Subject::Flows(link);
    if (view.held)(subject) || (actual.in_kernel && (view.failed)(subject)) {
        return None;
    }
    match (how, actual.drain) {
        (Leave::Drain, Drain::Absent | Drain::Partial) => Some(Output::InstallDrain(link)),
        (Leave::Cut, Drain::Installed | Drain::Partial) => Some(Output::RemoveDrain(link)),
        (Leave::Drain, Drain::Installed | Drain::Impossible) | (Leave::Cut, Drain::Absent | Drain::Impossible) => None,
    }
}

fn move_link(view: &View<'_>, link: LinkId, command: Output) -> Option<Output> {
    if (view.is_stubborn)(link) { reload(view) } else { Some(command) }
}

fn reload(view: &View<'_>) -> Option<Output> {
    view.files_agree().then_some(Output::Reload)
}

fn says(file: StatusFile, usable: bool) -> bool {
    file == if usable { StatusFile::Zero } else { StatusFile::One }
}

fn is_gone(drain: Drain) -> bool {
    matches!(drain, Drain::Absent | Drain::Impossible)
}

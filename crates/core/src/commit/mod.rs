//! Bringing the firewall to the verdict: what is desired is compared with what is, and the difference becomes commands.
//!
//! One [`Reconciler`] per address family. It obeys these rules, whatever happens around it:
//! 1. The latest verdict wins, and one command is in flight at a time.
//! 2. First all that comes in (file `0`, enable, verified in the kernel), then what goes out (file `1`, disable). A link that
//!    cannot be brought in holds nobody else up.
//! 3. A `1` is written only while another file says `0`; a link is disabled only while a chosen one is in the kernel.
//! 4. Files do not wait for commands: a reload by anyone, at any moment, finds the verdict in them. Only where no chosen link
//!    could be brought in do the links still in the kernel keep their `0`, so that the next start of the firewall has one.
//! 5. A link that leaves by [`Leave::Drain`] has its drain before it is disabled. One that leaves by [`Leave::Cut`] loses the
//!    drain first and its flows last, and only while they have somewhere to go.
//! 6. What somebody else changed is put right once, after a pause; the same again within the hour is left alone, unless no
//!    chosen link were left. Where no link at all is left there is no pause.
//! 7. A failure is said, and tried again after a pause that doubles. The third in a row is answered by one reload, which
//!    also mends what the firewall's own bookkeeping has lost.
//!
//! ```text
//!  choice ──handle_desired──►┌────────────┐──WriteStatus──► status files
//!  looks  ──handle_observed─►│ Reconciler │──Enable, Disable, Reload──► Shorewall
//!  done   ──handle_finished─►└────────────┘──InstallDrain, RemoveDrain, DeleteFlows──► kernel
//!                                  └──Observe──► a fresh look, then handle_observed
//! ```

mod drift;
mod plan;
mod reconciler;
#[cfg(test)]
mod tests;
mod trouble;

use crate::link::{Leave, LinkId};
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::time::Duration;
use serde::{Deserialize, Serialize};

pub use reconciler::Reconciler;

/// What the verdict asks of one link.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Want {
    /// New connections use it.
    In,
    /// New connections avoid it; this is how it leaves.
    Out(Leave),
}

impl Want {
    /// New connections are to use the link.
    pub const fn is_in(self) -> bool {
        matches!(self, Self::In)
    }
}

/// What the verdict asks of every link of one family.
pub type Choice = BTreeMap<LinkId, Want>;

/// What a link's status file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatusFile {
    /// Exactly `0\n`: usable.
    Zero,
    /// Exactly `1\n`: not usable.
    One,
    /// There is no such file, which firewalls read as usable.
    Missing,
    /// Anything else.
    Other,
}

/// What keeps a leaving link's established flows on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drain {
    /// It cannot be had here: the link's flows carry no mark of their own, or its next hop is not known.
    Impossible,
    /// It is not there.
    Absent,
    /// Some of it is there, the rule or the route.
    Partial,
    /// Rule and route are there.
    Installed,
}

/// What was found of one link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Actual {
    /// Its status file.
    pub file: StatusFile,
    /// The kernel sends new connections over it.
    pub in_kernel: bool,
    /// What keeps established flows on it while it leaves.
    pub drain: Drain,
}

/// The firewall's own state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Firewall {
    /// It runs and obeys commands.
    Started,
    /// It is stopped, cleared, or about to change: commands would do nothing.
    Stopped,
    /// It is not installed or was never compiled.
    Absent,
}

/// What was found at one look. Only links the firewall knows are in it; the others are nobody's to commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// The firewall's own state.
    pub firewall: Firewall,
    /// Each link the firewall knows.
    pub links: BTreeMap<LinkId, Actual>,
}

/// How the firewall is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// `disable` and `enable` of one link, which leaves the others alone.
    Interface,
    /// The status files, then one `reload`, which interrupts every link for about 0.1 s.
    Reload,
}

/// What the program shall do. All but [`Output::Say`] and [`Output::Observe`] are answered by
/// [`Reconciler::handle_finished`]; [`Output::Observe`] by [`Reconciler::handle_observed`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Replace the link's status file by `0\n` (usable) or `1\n`, at once and atomically.
    WriteStatus {
        /// Whose file.
        link: LinkId,
        /// `0\n`, not `1\n`.
        usable: bool,
    },
    /// Have the firewall enable the link.
    Enable(LinkId),
    /// Have the firewall disable the link.
    Disable(LinkId),
    /// Have the firewall reload, which asks the status files.
    Reload,
    /// Keep the link's established flows where they are once it is disabled.
    InstallDrain(LinkId),
    /// Undo [`Output::InstallDrain`], whatever is left of it.
    RemoveDrain(LinkId),
    /// Forget the link's established flows, so that they start anew elsewhere; never another link's.
    DeleteFlows(LinkId),
    /// Look at files, firewall and kernel, and hand in what is there.
    Observe,
    /// Tell the operator.
    Say(Event),
}

/// What an operator would like to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Files and kernel agree with the verdict again.
    Applied {
        /// How long it took since the verdict, or since the difference was acted on.
        took: Duration,
    },
    /// Something was not done.
    Failed {
        /// What was tried.
        what: Step,
        /// Whom it concerned; [`Step::Reload`] concerns all.
        link: Option<LinkId>,
        /// Why it failed, in words.
        error: String,
        /// When it is tried again; nothing when it turned out not to matter.
        retry_in: Option<Duration>,
    },
    /// The firewall does not run: files are kept right, the rest waits for its start.
    Waiting,
    /// Somebody else enabled or disabled the link; it is put right now, this once.
    PutRight {
        /// The link.
        link: LinkId,
        /// What was found: it was enabled though it is to be out.
        enabled: bool,
    },
    /// Somebody else did the same again within the hour: it stays as found until the verdict on the link changes.
    LeftAlone {
        /// The link.
        link: LinkId,
        /// What was found: it is enabled though it is to be out.
        enabled: bool,
    },
    /// Every link was given back; nothing is committed any more.
    Released,
}

/// A kind of [`Output`] that can fail, without whom it concerns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Writing a status file.
    WriteStatus,
    /// Enabling a link.
    Enable,
    /// Disabling a link.
    Disable,
    /// Reloading the firewall.
    Reload,
    /// Installing a drain.
    InstallDrain,
    /// Removing a drain.
    RemoveDrain,
    /// Deleting a link's flows.
    DeleteFlows,
}

/// What came of choices since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Counts {
    /// Choices that were carried out.
    pub applied: u64,
    /// Steps that failed.
    pub failed: u64,
}

/// How far the verdict has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Files and kernel agree with it, but for what was left alone.
    Applied,
    /// Work is under way.
    Pending,
    /// The firewall does not run.
    Waiting,
    /// Something failed and is tried again.
    Failing,
    /// Nothing is committed.
    Observing,
}

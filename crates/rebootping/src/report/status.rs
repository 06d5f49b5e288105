//! The daemon's state as the contract's JSON: what `status` prints, monitoring reads and the page will show.

use super::cap::{CapStatus, LinkTraffic};
use super::links::Names;
use super::reason::{self, Told};
use super::sending::AlertsStatus;
use crate::clock::Moment;
use crate::ipc::JudgedLink;
use crate::ipc::courier::{AlertsReport, MinutesReport};
use crate::ipc::observer::{CaptureReport, StoreReport};
use crate::report::captures::CaptureStatus;
use crate::report::store::StoreStatus;
use jiff::Timestamp;
use rebootping_core::commit::{Counts, State as CommitState};
use rebootping_core::engine::{FamilyReport, LinkReport, Report};
use rebootping_core::link::presence::NextHop;
use rebootping_core::link::probe::Fate;
use rebootping_core::link::recent::RoundTrips;
use rebootping_core::link::tally::Tally;
use rebootping_core::link::verdict::{Code, Load, Order};
use rebootping_core::link::{Family, Leave, LinkId, Presence};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

/// Everything at one moment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) schema: u8,
    /// When this was true, RFC 3339.
    pub(crate) time: String,
    /// Since when the daemon runs.
    pub(crate) started: String,
    pub(crate) links: Vec<LinkStatus>,
    /// None while the observer has not reported.
    pub(crate) capture: Option<CaptureStatus>,
    /// How the history is kept, once the observer has said so.
    pub(crate) store: Option<StoreStatus>,
    pub(crate) commit: Commit,
    pub(crate) processes: Vec<Process>,
    /// How alerts go, if anybody is to be told anything.
    pub(crate) alerts: Option<AlertsStatus>,
    /// How it goes with minutes for an engine, if there is one.
    pub(crate) remote_write: Option<MinutesReport>,
    /// What became of echo replies since the judge started.
    pub(crate) replies: BTreeMap<Family, BTreeMap<Fate, u64>>,
}

/// One link.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct LinkStatus {
    pub(crate) name: String,
    pub(crate) label: Option<String>,
    pub(crate) provider: Option<String>,
    /// The state in IPv4, or in IPv6 where it has no IPv4.
    #[serde(flatten)]
    pub(crate) own: State,
    pub(crate) families: BTreeMap<Family, State>,
    pub(crate) order: Option<OrderStatus>,
    /// What it moved, once the history knows the date.
    pub(crate) traffic: Option<LinkTraffic>,
    /// What is left of its cap, if it has one.
    pub(crate) cap: Option<CapStatus>,
    /// Traffic over it since the judge started.
    pub(crate) moved: Load,
}

/// One link in one family.
#[expect(clippy::struct_excessive_bools, reason = "the contract's JSON has them side by side")]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) healthy: bool,
    pub(crate) enabled: bool,
    pub(crate) committed: bool,
    pub(crate) metered: bool,
    pub(crate) since: String,
    pub(crate) reason: Why,
    pub(crate) answered: u32,
    pub(crate) expected: u32,
    pub(crate) best: u32,
    pub(crate) hold_down_left_s: u64,
    pub(crate) rtt_ms: Option<RoundTrips>,
    pub(crate) loss: f64,
    /// Targets that did not answer in the last round.
    pub(crate) missed: Vec<IpAddr>,
    /// Targets that do not count for now, because one link alone cannot reach them.
    pub(crate) left_out: Vec<IpAddr>,
    pub(crate) source: Option<IpAddr>,
    pub(crate) gateway: Option<IpAddr>,
    /// How long ago the gateway answered our question.
    pub(crate) gateway_heard_s: Option<u64>,
    /// How it leaves, while it is not used.
    pub(crate) leave: Option<Leave>,
    /// Traffic over the link during the last round.
    pub(crate) bytes_received: u64,
    pub(crate) bytes_sent: u64,
    /// Its echoes since the judge started.
    pub(crate) tally: Tally,
}

/// Why, as a code and as a sentence without its subject.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Why {
    pub(crate) code: Code,
    pub(crate) text: String,
}

impl Why {
    /// The sentence without what it says of other links and of the next hop.
    pub(crate) fn brief(&self) -> &str {
        self.text
            .split([';', '('])
            .next()
            .and_then(|text| text.split(" while ").next())
            .unwrap_or(&self.text)
            .trim_end()
    }
}

/// An operator's order that stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct OrderStatus {
    pub(crate) order: Order,
    /// Seconds until it ends; none if it stands until it is ended.
    pub(crate) left_s: Option<u64>,
}

/// How far the choice has come.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Commit {
    pub(crate) backend: String,
    pub(crate) state: String,
    pub(crate) error: Option<String>,
    /// Links somebody else changed twice within the hour, and that stay as they are.
    pub(crate) left_alone: Vec<String>,
    /// What came of choices since the daemon started.
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// One of our processes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) restarts: u64,
    /// Bytes of memory it holds, as far as it says.
    pub(crate) memory_bytes: Option<u64>,
}

/// How far the committer has come.
pub(crate) struct Committed {
    /// What is really done, whatever was configured.
    pub(crate) backend: &'static str,
    pub(crate) state: CommitState,
    pub(crate) error: Option<String>,
    /// Links whose file and kernel agree with the choice.
    pub(crate) links: BTreeSet<(Family, LinkId)>,
    /// Links that somebody else changed twice within the hour, and that stay so.
    pub(crate) left_alone: BTreeSet<(Family, LinkId)>,
    /// What came of choices.
    pub(crate) counts: Counts,
}

/// What a status is made of.
pub(crate) struct Known<'a> {
    pub(crate) links: &'a [JudgedLink],
    pub(crate) names: &'a Names,
    /// The judge's last report, and when it came.
    pub(crate) report: Option<(&'a Report, Moment)>,
    pub(crate) commit: &'a Committed,
    pub(crate) started: Timestamp,
    pub(crate) interval: Duration,
    /// The observer's last report.
    pub(crate) capture: Option<&'a CaptureReport>,
    /// How the observer keeps the history, and what it counted.
    pub(crate) store: Option<&'a StoreReport>,
    /// Bytes that links may move in a month, by interface.
    pub(crate) caps: &'a BTreeMap<String, u64>,
    /// Each process.
    pub(crate) processes: Vec<Process>,
    /// How alerts go, and minutes for an engine, where there is anybody to send them to.
    pub(crate) alerts: Option<&'a AlertsReport>,
    pub(crate) minutes: Option<&'a MinutesReport>,
}

impl Status {
    /// Puts together what is known.
    pub(crate) fn new(known: &Known<'_>, now: Timestamp) -> Self {
        Self {
            schema: 1,
            time: now.to_string(),
            started: known.started.to_string(),
            links: (0..).map(LinkId).zip(known.links).map(|(id, link)| LinkStatus::new(known, id, link, now)).collect(),
            capture: known.capture.map(CaptureStatus::new),
            store: known.store.map(StoreStatus::new),
            commit: Commit {
                backend: known.commit.backend.to_owned(),
                state: commit_state(known.commit.state).to_owned(),
                error: known.commit.error.clone(),
                left_alone: known
                    .commit
                    .left_alone
                    .iter()
                    .map(|(_, link)| known.names.called(*link).to_owned())
                    .collect(),
                counts: known.commit.counts,
            },
            processes: known.processes.clone(),
            alerts: known.alerts.map(AlertsStatus::from),
            remote_write: known.minutes.cloned(),
            replies: known
                .report
                .map(|(report, _)| Family::ALL.into_iter().zip(report.replies.clone()).collect())
                .unwrap_or_default(),
        }
    }

    /// As monitoring plug-ins have it: 0 all links healthy, 1 some not, 2 none (also where there is no link) or no answer on any, 3 unknown, as while nobody judges.
    pub(crate) fn exit_code(&self) -> u8 {
        let states = || self.links.iter().flat_map(LinkStatus::counting);
        if states().any(|state| state.reason.code == Code::Starting)
            || self.processes.iter().any(|process| process.name == "judge" && process.state != "running")
        {
            return 3;
        }
        let silent = self.links.iter().any(|link| link.own.reason.code == Code::NothingAnswers);
        if silent || self.links.iter().all(|link| !link.own.healthy) {
            return 2;
        }
        u8::from(states().any(|state| !state.healthy))
    }

    /// Why this order would leave no usable link, if it would.
    pub(crate) fn objection_to(&self, name: &str, order: Order) -> Option<String> {
        let usable = |link: &&LinkStatus| {
            link.own.reason.code != Code::TakenOut && link.own.expected > 0 && link.own.answered > 0
        };
        let link = self.links.iter().find(|link| link.name == name)?;
        match order {
            Order::Out => {
                let left = self.links.iter().filter(|link| link.name != name).any(|link| usable(&link));
                (!left).then(|| format!("without {} no link that answers would be left", link.called()))
            }
            Order::Pin => (!usable(&link)).then(|| {
                format!("{} {}; pinned, it would be used nevertheless", link.called(), link.own.reason.brief())
            }),
        }
    }
}

impl LinkStatus {
    fn new(known: &Known<'_>, id: LinkId, link: &JudgedLink, now: Timestamp) -> Self {
        let counted = known.store.and_then(|store| store.links.iter().find(|counted| counted.link == link.name));
        let cap = known.caps.get(&link.name).zip(counted).map(|(cap, counted)| CapStatus::new(*cap, counted, now));
        let report = known.report.and_then(|(report, at)| Some((report.links.get(usize::from(id.0))?, at)));
        let mut families = BTreeMap::new();
        for (family, place) in Family::ALL.into_iter().zip(0..) {
            let of_family =
                report.and_then(|(report, at): (&LinkReport, Moment)| Some((report.families[place].as_ref()?, at)));
            if let Some((of_family, at)) = of_family {
                families.insert(family, State::new(known, id, link, family, of_family, at));
            }
        }
        let has_address = |state: &&State| state.source.is_some();
        let own = Family::ALL.iter().filter_map(|family| families.get(family)).find(has_address);
        let own = own.or_else(|| families.get(&Family::Ipv4)).cloned().unwrap_or_else(|| State::unknown(known, link));
        let order = report.and_then(|(report, _)| report.order);
        let moved = report.map(|(report, _)| report.moved).unwrap_or_default();
        Self {
            name: link.name.clone(),
            label: link.label.clone(),
            provider: known.names.get(id).and_then(|names| names.provider.clone()),
            own,
            families,
            order: order.map(|(order, left)| OrderStatus { order, left_s: left.map(|left| left.as_secs()) }),
            traffic: counted.map(LinkTraffic::new),
            cap,
            moved,
        }
    }

    /// What to call it in a sentence.
    pub(crate) fn called(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    /// The states that count for its health: its own, and those of families in which it has an address.
    fn counting(&self) -> impl Iterator<Item = &State> {
        std::iter::once(&self.own).chain(self.families.values().filter(|state| state.source.is_some()))
    }
}

impl State {
    fn new(
        known: &Known<'_>,
        id: LinkId,
        link: &JudgedLink,
        family: Family,
        report: &FamilyReport,
        at: Moment,
    ) -> Self {
        let verdict = &report.verdict;
        let code = if is_absent(known, family) { Code::Absent } else { verdict.reason.code };
        let hold_left = known.interval.saturating_mul(verdict.reason.hold_left);
        Self {
            healthy: verdict.healthy,
            enabled: verdict.enabled && code != Code::Absent,
            committed: code == Code::Absent || known.commit.links.contains(&(family, id)),
            metered: link.metered,
            since: at.label(report.since).to_string(),
            reason: Why {
                code,
                text: reason::text(&Told { report, code, names: known.names, interval: known.interval }),
            },
            answered: verdict.reason.answered,
            expected: verdict.reason.expected,
            best: verdict.reason.best,
            hold_down_left_s: hold_left.as_secs(),
            rtt_ms: report.round_trips,
            loss: report.loss,
            missed: report.missed.clone(),
            left_out: report.left_out.clone(),
            source: report.path.source,
            gateway: report.path.next_hop.and_then(NextHop::gateway),
            gateway_heard_s: report.next_hop_heard.map(|ago| ago.as_secs()),
            leave: (!verdict.enabled && code != Code::Absent).then_some(verdict.leave),
            bytes_received: verdict.reason.load.received,
            bytes_sent: verdict.reason.load.sent,
            tally: report.tally.clone(),
        }
    }

    /// Before the judge's first report.
    fn unknown(known: &Known<'_>, link: &JudgedLink) -> Self {
        Self {
            healthy: false,
            enabled: false,
            committed: false,
            metered: link.metered,
            since: known.started.to_string(),
            reason: Why { code: Code::Starting, text: "is being asked for the first time".to_owned() },
            answered: 0,
            expected: 0,
            best: 0,
            hold_down_left_s: 0,
            rtt_ms: None,
            loss: 0.0,
            missed: Vec::new(),
            left_out: Vec::new(),
            source: None,
            gateway: None,
            gateway_heard_s: None,
            leave: None,
            bytes_received: 0,
            bytes_sent: 0,
            tally: Tally::default(),
        }
    }
}

/// Whether no link has an address of this family: then the family is absent, not broken.
fn is_absent(known: &Known<'_>, family: Family) -> bool {
    let place = usize::from(family == Family::Ipv6);
    let lacks = |presence| matches!(presence, Presence::NoAddress | Presence::Absent);
    let mut states =
        known.report.iter().flat_map(|(report, _)| &report.links).filter_map(|link| link.families[place].as_ref());
    family == Family::Ipv6 && states.all(|state| state.path.source.is_none() || lacks(state.path.presence))
}

/// The state's name in JSON.
const fn commit_state(state: CommitState) -> &'static str {
    match state {
        CommitState::Applied => "applied",
        CommitState::Pending => "pending",
        CommitState::Waiting => "waiting",
        CommitState::Failing => "failing",
        CommitState::Observing => "observing",
    }
}

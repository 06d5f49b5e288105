//! Why the selection put a link where it is, as values: the log, `why`, the page and a replay all show these.

use super::Presence;
use super::select::Selector;
use super::standing::Standing;
use super::verdict::{Code, LinkVerdict, Order, Reason};

/// What the selection says of one link, with its reason.
pub(super) fn verdict_on(selector: &Selector, link: &Standing) -> LinkVerdict {
    let enabled = selector.choice.contains(&link.id);
    let healthy = link.usable().is_some() && link.held.hold == 0 && !alone_and_silent(selector);
    let code = code(selector, link, healthy, enabled);
    LinkVerdict { healthy, enabled, leave: link.leave, reason: reason(selector, link, code) }
}

/// With one link there is nothing to compare: it is judged by whether anything answers.
fn alone_and_silent(selector: &Selector) -> bool {
    selector.silent && selector.usable().nth(1).is_none()
}

fn reason(selector: &Selector, link: &Standing, code: Code) -> Reason {
    let Some(now) = link.now else {
        return Reason { code, hold_left: link.held.hold, ..Reason::default() };
    };
    let comparable = selector
        .usable()
        .filter(|(_, other)| other.list == now.list)
        .map(|(_, other)| other.answered.and(now.asked).len());
    Reason {
        code,
        answered: now.answered.len(),
        expected: now.asked.len(),
        best: comparable.max().unwrap_or(0).max(now.answered.len()),
        outdone_by: selector.outdone_by(&now).collect(),
        missed: now.asked.without(now.answered),
        hold_left: link.held.hold,
        behind_for: link.behind_for,
        load: now.load,
        host_dropped: selector.host_dropped,
    }
}

fn code(selector: &Selector, link: &Standing, healthy: bool, enabled: bool) -> Code {
    let Some(now) = link.now else { return Code::Starting };
    let some_pinned = selector.links.iter().any(|link| link.order() == Some(Order::Pin));
    match now.presence {
        Presence::NoCarrier => Code::NoCarrier,
        Presence::NoAddress => Code::NoAddress,
        Presence::NoNextHop => Code::NoNextHop,
        Presence::Absent => Code::Absent,
        Presence::Present if now.order == Some(Order::Out) => Code::TakenOut,
        Presence::Present if some_pinned => Code::Pinned,
        Presence::Present if !selector.judged => Code::Starting,
        Presence::Present if selector.silent => Code::NothingAnswers,
        Presence::Present if enabled && !healthy && selector.incumbent_stays => Code::Incumbent,
        Presence::Present if enabled && !healthy => Code::SoleBest,
        Presence::Present if link.behind_for > 0 => Code::Behind,
        Presence::Present if !healthy => Code::HoldDown,
        Presence::Present => Code::Best,
    }
}

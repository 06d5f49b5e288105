//! What the reconciler says, in words for an operator.

use super::CommitEvent;
use super::shorewall::product;
use rebootping_core::commit::{Event, Step};
use rebootping_core::link::{Family, LinkId};

/// The event of a family; `name` is that of a link.
pub(super) fn describe(event: &Event, family: Family, name: impl Fn(LinkId) -> String) -> CommitEvent {
    let product = product(family);
    let (link, is_trouble, text) = match event {
        Event::Applied { took } => {
            let took =
                if took.as_millis() == 0 { "already".to_owned() } else { format!("after {} ms", took.as_millis()) };
            (None, false, format!("{product}: the choice is applied, {took}"))
        }
        Event::Waiting => {
            (None, true, format!("{product} does not run: status files are kept right, the rest waits for its start"))
        }
        Event::Released => (None, false, format!("{product}: every link is given back; nothing is committed any more")),
        Event::Failed { what, link, error, retry_in } => {
            let whom = link.map(|link| format!(" {}", name(link))).unwrap_or_default();
            let next = match retry_in {
                Some(pause) => format!("not applied; tried again in {} s", pause.as_secs()),
                None => "what it was for is there, or no longer wanted".to_owned(),
            };
            (*link, true, format!("{product}: {}{whom} failed: {error} ({next})", verb(*what)))
        }
        Event::PutRight { link, enabled } => {
            let (name, done) = (name(*link), if *enabled { "enabled" } else { "disabled" });
            let hint = hint(&name, *enabled);
            (
                Some(*link),
                true,
                format!("somebody {done} {name} in {product} against the choice; it is put right this once. {hint}"),
            )
        }
        Event::LeftAlone { link, enabled } => {
            let (name, done) = (name(*link), if *enabled { "enabled" } else { "disabled" });
            let hint = hint(&name, *enabled);
            (
                Some(*link),
                true,
                format!("{name} was {done} in {product} against the choice once more and is left so. {hint}"),
            )
        }
    };
    let took = match event {
        Event::Applied { took } => Some(*took),
        Event::Waiting | Event::Released | Event::Failed { .. } | Event::PutRight { .. } | Event::LeftAlone { .. } => {
            None
        }
    };
    CommitEvent { family: Some(family), link, is_trouble, took, text }
}

/// The lasting way to what somebody did by hand.
fn hint(name: &str, enabled: bool) -> String {
    if enabled {
        format!("To use it whatever its health: rebootping link pin {name}")
    } else {
        format!("To take it out: rebootping link out {name}; to use others only: rebootping link pin LINK")
    }
}

const fn verb(step: Step) -> &'static str {
    match step {
        Step::WriteStatus => "writing the status file of",
        Step::Enable => "enabling",
        Step::Disable => "disabling",
        Step::Reload => "reloading",
        Step::InstallDrain => "keeping the flows of",
        Step::RemoveDrain => "no longer keeping the flows of",
        Step::DeleteFlows => "deleting the flows of",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[track_caller]
    fn check(event: &Event, expected: &str) {
        assert_eq!(describe(event, Family::Ipv6, |link| format!("wan{}", link.0)).text, expected);
    }

    #[test]
    fn every_event_says_what_and_what_follows() {
        let link = LinkId(1);
        check(&Event::Applied { took: Duration::from_millis(61) }, "shorewall6: the choice is applied, after 61 ms");
        check(
            &Event::Failed {
                what: Step::Disable,
                link: Some(link),
                error: "it ended with exit code 2".into(),
                retry_in: Some(Duration::from_secs(4)),
            },
            "shorewall6: disabling wan1 failed: it ended with exit code 2 (not applied; tried again in 4 s)",
        );
        check(
            &Event::PutRight { link, enabled: true },
            "somebody enabled wan1 in shorewall6 against the choice; it is put right this once. \
             To use it whatever its health: rebootping link pin wan1",
        );
        check(
            &Event::LeftAlone { link, enabled: false },
            "wan1 was disabled in shorewall6 against the choice once more and is left so. \
             To take it out: rebootping link out wan1; to use others only: rebootping link pin LINK",
        );
    }
}

//! What the judge noticed, as sentences for the log.

use super::links::{Names, in_words};
use crate::log::Field;
use rebootping_core::engine::Event;
use rebootping_core::link::verdict::{Code, LinkVerdict, Spoilt, Verdict};
use rebootping_core::link::{Family, LinkId};

/// Whether it is trouble, and what it says.
pub(crate) fn described(event: &Event, names: &Names) -> (bool, String) {
    match event {
        Event::Switched(family, verdict) => switched(*family, verdict, names),
        Event::TargetLeft(family, target, link) => {
            let link = names.called(*link);
            (
                true,
                format!(
                    "{}: {target} counts on no link for now: {link} alone has not reached it for ten minutes",
                    in_words(*family)
                ),
            )
        }
        Event::TargetReturned(family, target) => {
            (false, format!("{}: {target} counts again: it was reached for ten minutes", in_words(*family)))
        }
        Event::Spoilt(family, why) => {
            (true, format!("{}: rounds are recorded and not judged: {}", in_words(*family), spoilt(*why)))
        }
        Event::OrderEnded(link) => {
            (false, format!("{}: the operator's order ended; its answers decide again", names.called(*link)))
        }
    }
}

/// What it is about, for programs that read the log: of each link a verdict names whether it is in or out, and why.
pub(crate) fn fields(event: &Event, names: &Names) -> Vec<Field> {
    let interface = |link: LinkId| names.get(link).map_or_else(String::new, |names| names.interface.clone());
    let of_family = |family: Family| ("FAMILY", family.name().to_owned());
    match event {
        Event::Switched(family, verdict) => {
            let of_link = |(id, link): (LinkId, &LinkVerdict)| {
                let (name, place) = (interface(id), if link.enabled { "in" } else { "out" });
                let verdict = format!("{name} {place} {}", link.reason.code.name());
                [("LINK", name), ("VERDICT", verdict)]
            };
            let links = (0..).map(LinkId).zip(&verdict.links).flat_map(of_link);
            [of_family(*family)].into_iter().chain(links).collect()
        }
        Event::TargetLeft(family, target, link) => {
            vec![of_family(*family), ("LINK", interface(*link)), ("TARGET", target.to_string())]
        }
        Event::TargetReturned(family, target) => vec![of_family(*family), ("TARGET", target.to_string())],
        Event::Spoilt(family, _) => vec![of_family(*family)],
        Event::OrderEnded(link) => vec![("LINK", interface(*link))],
    }
}

fn spoilt(why: Spoilt) -> &'static str {
    match why {
        Spoilt::SendFailed => "an echo could not be sent, for a reason of this machine's own",
        Spoilt::Late => "this machine was too busy for us to be on time",
        Spoilt::OneTargetLeft => "a single target is left in the score, and one alone does not decide",
    }
}

fn switched(family: Family, verdict: &Verdict, names: &Names) -> (bool, String) {
    let used: Vec<&str> = verdict.choice.iter().map(|link| names.called(*link)).collect();
    let why: Vec<String> =
        (0..).map(LinkId).zip(&verdict.links).filter_map(|(id, link)| briefly(names.called(id), link)).collect();
    let because = if why.is_empty() { String::new() } else { format!(" ({})", why.join("; ")) };
    (!why.is_empty(), format!("{}: new connections use {}{because}", in_words(family), used.join(", ")))
}

/// Why a link is not used, in a few words; nothing of a link that is.
fn briefly(name: &str, link: &LinkVerdict) -> Option<String> {
    let reason = &link.reason;
    let why = match reason.code {
        _ if link.enabled => return None,
        Code::Behind => {
            format!("answered {} of {} while the best answered {}", reason.answered, reason.expected, reason.best)
        }
        Code::HoldDown => "sits out".to_owned(),
        Code::NoCarrier => "has no carrier".to_owned(),
        Code::NoAddress => "has no address".to_owned(),
        Code::NoNextHop => "has no gateway".to_owned(),
        Code::Pinned => "gives way to a pinned link".to_owned(),
        Code::TakenOut => "was taken out".to_owned(),
        Code::Absent => "does not exist".to_owned(),
        Code::Best | Code::Incumbent | Code::SoleBest | Code::NothingAnswers | Code::Starting => {
            "is not chosen".to_owned()
        }
    };
    Some(format!("{name} {why}"))
}

//! An outage in one sentence: what, how long, why, and what people noticed.

use super::{Called, End, seconds};
use rebootping_core::history::outages::{Noticed, Outage, Place, Trouble};
use rebootping_core::link::Family;
use rebootping_core::time::Time;
use std::collections::BTreeSet;
use std::time::Duration;

/// What began and ended so close together was one thing.
const ABOUT: Duration = Duration::from_secs(10);

/// The sentence, with its full stop.
pub(super) fn sentence(outage: &Outage, end: End, length: Duration, called: &Called) -> String {
    let groups = groups(outage);
    let mut parts: Vec<String> = Vec::new();
    for (number, (place, troubles)) in groups.iter().enumerate() {
        let lasted = if groups.len() == 1 { length } else { together(troubles, length) };
        let goes_on = end == End::GoesOn && troubles.iter().any(|trouble| trouble.end.is_none());
        let lasts = match end {
            End::NotBefore(_) => format!("for at least {}", in_words(lasted)),
            End::At(_) | End::GoesOn => format!("for {}", in_words(lasted)),
        };
        let others = groups.iter().enumerate().filter(|(other, _)| *other != number);
        let others: BTreeSet<&str> =
            others.flat_map(|(_, (_, troubles))| troubles).filter_map(|trouble| link(trouble)).collect();
        parts.push(Part { place: *place, goes_on, lasts, links: Links::of(troubles, &others, called) }.text());
    }
    parts.extend(felt(outage, end, length, called));
    format!("{}.", parts.join("; "))
}

/// A length of time as people say it: the two largest units that matter.
pub(super) fn in_words(length: Duration) -> String {
    let all = seconds(length);
    let (days, hours, minutes, seconds) = (all / 86_400, all / 3600 % 24, all / 60 % 60, all % 60);
    let two = |first: String, second: u64, unit: &str| {
        if second == 0 { first } else { format!("{first} {second} {unit}") }
    };
    match () {
        () if days > 0 => two(format!("{days} d"), hours, "h"),
        () if hours > 0 => two(format!("{hours} h"), minutes, "min"),
        () if minutes > 0 => two(format!("{minutes} min"), seconds, "s"),
        () if all > 0 => format!("{seconds} s"),
        () => "less than a second".to_owned(),
    }
}

/// Troubles of one place and about one time, in the order in which they came to count.
fn groups(outage: &Outage) -> Vec<(Place, Vec<&Trouble>)> {
    let mut groups: Vec<(Place, Vec<&Trouble>)> = Vec::new();
    for trouble in &outage.troubles {
        match groups.iter_mut().find(|(_, troubles)| is_alike(troubles[0], trouble)) {
            Some((_, troubles)) => troubles.push(trouble),
            None => groups.push((trouble.place, vec![trouble])),
        }
    }
    groups
}

/// Of one sentence: whoever reads that both were out so long must not be misled.
fn is_alike(one: &Trouble, other: &Trouble) -> bool {
    let is_near = |one: Time, other: Time| one.since(other).max(other.since(one)) <= ABOUT;
    let ended_alike = match (one.end, other.end) {
        (Some(one), Some(other)) => is_near(one, other),
        (one, other) => one == other,
    };
    (one.place, one.is_out) == (other.place, other.is_out) && is_near(one.begin, other.begin) && ended_alike
}

/// From the beginning of the first to the end of the last; what goes on lasts as long as the whole outage.
fn together(troubles: &[&Trouble], whole: Duration) -> Duration {
    let begin = troubles.iter().map(|trouble| trouble.begin).min().unwrap_or_default();
    let end = troubles.iter().map(|trouble| trouble.end).try_fold(Time::BOOT, |end, of| of.map(|of| end.max(of)));
    end.map_or(whole, |end| end.since(begin))
}

/// What is said of one place.
struct Part {
    place: Place,
    goes_on: bool,
    lasts: String,
    links: Links,
}

impl Part {
    fn text(&self) -> String {
        let Self { lasts, links, .. } = self;
        let (were, reached) = match (self.goes_on, links.are_many) {
            (true, true) => ("have been", "have reached"),
            (true, false) => ("has been", "has reached"),
            (false, true) => ("were", "reached"),
            (false, false) => ("was", "reached"),
        };
        let out = format!("{} {were} out {lasts}", links.names);
        match self.place {
            Place::Machine => format!("The gateway was off or being booted {lasts}"),
            Place::Daemon => format!("rebootping did not run {lasts}, and links stayed as they were"),
            Place::Names if self.goes_on => {
                format!("Names (DNS) have not been answered {lasts}, though the links work")
            }
            Place::Names => format!("Names (DNS) were not answered {lasts}, though the links worked"),
            Place::Cable if links.are_many => format!("{out} because they had no carrier"),
            Place::Cable => format!("{out} because it had no carrier"),
            Place::Box if links.are_many => format!("{out} because the ISPs' boxes did not answer"),
            Place::Box => format!("{out} because the ISP's box did not answer"),
            Place::Beyond if !links.are_out => {
                format!("{} {reached} only part of the Internet {lasts}", links.names)
            }
            Place::Beyond if links.are_many => {
                format!("{out} because little or nothing behind the ISPs' boxes answered")
            }
            Place::Beyond => format!("{out} because little or nothing behind the ISP's box answered"),
            Place::Destination(target) if !links.are_out => {
                let could = if self.goes_on { "has not been reached" } else { "was not reached" };
                format!("{target} {could} over {} {lasts}, and all else was", links.names)
            }
            Place::Destination(target) => format!("{out} because {target} did not answer there, and did elsewhere"),
        }
    }
}

/// The links of a part.
struct Links {
    names: String,
    are_many: bool,
    are_out: bool,
}

impl Links {
    /// Where a link did well in one family, or is in other trouble in the other, its family is said.
    fn of(troubles: &[&Trouble], others: &BTreeSet<&str>, called: &Called) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        for name in troubles.iter().filter_map(|trouble| link(trouble)).filter(|name| seen.insert(*name)) {
            let in_family = |family| troubles.iter().any(|trouble| trouble.link == Some((name.to_owned(), family)));
            let called = call(called, name);
            names.push(match (in_family(Family::Ipv4), in_family(Family::Ipv6)) {
                (true, false) if others.contains(name) => format!("{called} (IPv4)"),
                (false, true) => format!("{called} (IPv6)"),
                _ => called,
            });
        }
        let are_out = troubles.iter().any(|trouble| trouble.is_out);
        Self { are_many: names.len() > 1, names: listed(&names), are_out }
    }
}

/// What people noticed, and what carried them.
fn felt(outage: &Outage, end: End, length: Duration, called: &Called) -> Vec<String> {
    let troubled: BTreeSet<&str> = outage.troubles.iter().filter_map(link).collect();
    let used: Vec<String> =
        outage.used.iter().filter(|name| !troubled.contains(name.as_str())).map(|name| call(called, name)).collect();
    let on_spare =
        if used.is_empty() { "connections moved".to_owned() } else { format!("connections used {}", listed(&used)) };
    let goes_on = end == End::GoesOn;
    match outage.noticed {
        Noticed::Nothing => vec!["nobody noticed".to_owned()],
        Noticed::NothingWorked if outage.place() == Some(Place::Names) => {
            vec!["to people it was as if nothing worked".to_owned()]
        }
        Noticed::OnTheSpare if outage.dead.is_zero() => vec![on_spare],
        Noticed::OnTheSpare => vec![on_spare, format!("nothing worked for {}", in_words(outage.dead))],
        Noticed::NothingWorked => {
            // A second or two before the first bad round ended was not of it.
            let is_all = outage.dead.is_zero() || outage.dead * 10 >= length * 9;
            let dead = if goes_on || is_all {
                "nothing worked".to_owned()
            } else {
                format!("nothing worked for {}", in_words(outage.dead))
            };
            if is_all || used.is_empty() { vec![dead] } else { vec![on_spare, dead] }
        }
    }
}

fn link(trouble: &Trouble) -> Option<&str> {
    trouble.link.as_ref().map(|(name, _)| name.as_str())
}

fn call(called: &Called, interface: &str) -> String {
    called.get(interface).cloned().unwrap_or_else(|| interface.to_owned())
}

/// Names as a sentence has them: `a`, `a and b`, `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

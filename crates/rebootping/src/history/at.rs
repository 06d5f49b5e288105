//! `rebootping why LINK --at TIME`: what was decided then, from what, how it was carried out, and the pings around it.

use super::graph::milliseconds;
use super::switches::recorded;
use super::{Label, label, local, names, nanos, span, with_history, written_each};
use crate::cli::Why;
use crate::duration::{When, format_duration};
use crate::report::amount::bytes;
use crate::report::links::{Names, in_words};
use crate::report::reason::{self, Told};
use crate::store::kinds::Happening;
use crate::store::notes::What;
use crate::store::read::{Open, Reader, Span};
use jiff::Timestamp;
use rebootping_core::engine::FamilyReport;
use rebootping_core::history::samples::Sample;
use rebootping_core::link::decide::{Decider, Did, Entry, Observed, OpenLink};
use rebootping_core::link::echoes::Echoes;
use rebootping_core::link::verdict::Verdict;
use rebootping_core::link::{Family, LinkId};
use rebootping_core::time::Time;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
/// Rounds of pings shown before and after the moment.
const AROUND: usize = 3;
/// Rounds come to the history within this.
const ON_THE_WAY: Duration = Duration::from_secs(4);
/// A choice is carried out within this.
const CARRIED_OUT_WITHIN: Duration = Duration::from_secs(120);
/// An explanation is no longer, in lines.
const LINES: usize = 10;
const IN: &str = "in use";
const OUT: &str = "out of use";
/// Hold-downs that are tried beside the one that held.
const OTHERS: [Duration; 3] = [Duration::from_secs(60), Duration::from_secs(600), Duration::from_secs(3600)];

/// `rebootping why LINK --at TIME`.
pub(crate) fn why(explicit: Option<&Path>, asked: &Why, at: When, now: Timestamp) -> ExitCode {
    with_history(explicit, |config, reader| {
        let at = Time::from_nanos(nanos(at.resolve(now)).max(0) as u64);
        let open = reader.open_hour().map_err(|error| error.to_string())?;
        let label = |interface: &str| config.link_rule(interface).and_then(|rule| rule.label.clone());
        let told = |shown: Shown<'_>| {
            if asked.output.json { format!("{}\n", shown.json(dated)) } else { shown.prose() }
        };
        let told = explain(&Asked { reader, open: &open, label: &label, link: &asked.link, family: None, at }, told);
        let is_recent = at.as_nanos().saturating_add(config.store.flush.as_nanos() as u64) > nanos(now).max(0) as u64;
        told.map_err(|error| if is_recent { format!("{error}; {}", written_each(config)) } else { error })
    })
}

/// The same for the page, with the times of pings in Unix seconds.
pub(super) fn for_page(asked: &Asked<'_>) -> Result<Value, String> {
    explain(asked, |shown| shown.json(|at| json!(at.as_nanos() as f64 / 1e9)))
}

/// What is to be explained, and from what.
pub(super) struct Asked<'a> {
    pub(super) reader: &'a Reader,
    /// The hour that is not over.
    pub(super) open: &'a [Open],
    pub(super) label: Label<'a>,
    pub(super) link: &'a str,
    /// That which speaks for the link, unless one is asked for.
    pub(super) family: Option<Family>,
    pub(super) at: Time,
}

/// A whole second is asked about as such: what was decided in it is of it.
pub(super) fn all_of_second(at: Time) -> Time {
    let nanos = at.as_nanos();
    if nanos % SECOND == 0 { Time::from_nanos(nanos.saturating_add(SECOND - 1)) } else { at }
}

fn explain<T>(asked: &Asked<'_>, tell: impl FnOnce(Shown<'_>) -> T) -> Result<T, String> {
    let asked = &Asked { at: all_of_second(asked.at), ..*asked };
    let moments = moments(asked)?;
    let (family, moment) = chosen(asked, &moments)?;
    let names = names(asked.label, moment.decider.opening());
    let id = names.find(asked.link).ok_or_else(|| unknown(asked.link, &names))?;
    let trips = trips(asked, family, moment)?;
    Ok(tell(Shown { names, id, family, moment, carried_out: carried_out(asked.reader, moment)?, trips }))
}

/// How a family stood at a moment.
struct Moment {
    decider: Decider,
    verdict: Option<(Time, Verdict)>,
    /// The rounds around the moment, the one that decided in their middle.
    rounds: Vec<Observed>,
    others: Vec<(Duration, Decider)>,
}

/// Every family as it stood then.
fn moments(asked: &Asked<'_>) -> Result<BTreeMap<Family, Moment>, String> {
    let at = asked.at;
    let notes = asked.reader.notes_with(around(at), asked.open).map_err(|error| error.to_string())?;
    let mut moments: BTreeMap<Family, Moment> = BTreeMap::new();
    for noted in notes {
        match noted.what {
            What::Begin(decider) if noted.at <= at => {
                let others = OTHERS.map(|hold_down| (hold_down, decider.with_hold_down(hold_down))).into();
                let known = moments.remove(&noted.family);
                let goes_on = known.filter(|known| known.decider.stands_as(&decider));
                let (verdict, rounds) = goes_on.map_or((None, Vec::new()), |known| (known.verdict, known.rounds));
                moments.insert(noted.family, Moment { decider: *decider, verdict, rounds, others });
            }
            What::Begin(_) => {}
            What::Entry(entry) => {
                if let Some(moment) = moments.get_mut(&noted.family) {
                    moment.take(noted.at, &entry, at);
                }
            }
        }
    }
    Ok(moments)
}

/// A minute before that time and a minute after it.
fn around(at: Time) -> Span {
    let away = |seconds: i64| (at.as_nanos() as i64).saturating_add(seconds.saturating_mul(1_000_000_000));
    Span { from: away(-60), until: away(60) }
}

/// The round trips of all links around a moment, by series: when their rounds began, in nanoseconds since 1970.
type Trips = BTreeMap<String, Vec<(i64, Sample)>>;

fn trips(asked: &Asked<'_>, family: Family, moment: &Moment) -> Result<Trips, String> {
    let opening = moment.decider.opening();
    let mut trips = Trips::new();
    for (link, target) in opening.links.iter().flat_map(|link| link.targets.iter().map(move |target| (link, target))) {
        let series = format!("{}/{}/{target}", family.name(), link.name);
        let found = asked.reader.samples(&series, around(asked.at), asked.open).map_err(|error| error.to_string())?;
        trips.insert(series, found);
    }
    Ok(trips)
}

impl Moment {
    fn take(&mut self, when: Time, entry: &Entry, at: Time) {
        let is_later = when > at;
        if let Entry::Round(observed) = entry {
            let interval = self.decider.opening().interval;
            let later = self.rounds.iter().filter(|round| round.at + interval > at).count();
            if later < AROUND {
                self.rounds.push(observed.clone());
            }
            if !is_later && self.rounds.len() > AROUND + 1 {
                self.rounds.remove(0);
            }
        }
        if !is_later {
            self.verdict = Some((when, self.decider.handle(entry).verdict));
            self.others.iter_mut().for_each(|(_, decider)| drop(decider.handle(entry)));
        }
    }

    /// When it was last decided, if that was not too long before.
    fn is_known(&self, at: Time) -> bool {
        let interval = self.decider.opening().interval;
        self.verdict.as_ref().is_some_and(|(when, _)| at.since(*when) <= interval * 2 + ON_THE_WAY)
    }
}

/// The family that speaks for the link: IPv4, or IPv6 where it has no IPv4.
fn chosen<'a>(asked: &Asked<'_>, moments: &'a BTreeMap<Family, Moment>) -> Result<(Family, &'a Moment), String> {
    let Asked { label, link, at, .. } = *asked;
    let is_asked = |family: &Family| asked.family.is_none_or(|asked| asked == *family);
    let known = moments.iter().filter(|(family, moment)| is_asked(family) && moment.is_known(at));
    let has_link = |moment: &Moment| names(label, moment.decider.opening()).find(link).is_some();
    let mut known: Vec<(Family, &Moment)> = known.map(|(family, moment)| (*family, moment)).collect();
    if known.is_empty() {
        return Err(format!("nothing is known of {}: rebootping did not run then, or it is too long ago", local(at)));
    }
    known.sort_by_key(|(family, moment)| (!has_link(moment), *family));
    let (family, moment) = known[0];
    if has_link(moment) { Ok((family, moment)) } else { Err(unknown(link, &names(label, moment.decider.opening()))) }
}

fn unknown(link: &str, names: &Names) -> String {
    format!("there was no link {link:?} then; there were: {}", names.all().join(", "))
}

/// How the choice of that moment was carried out.
#[derive(Clone, PartialEq, Debug)]
struct CarriedOut {
    text: String,
    took_ms: Option<u64>,
    failed: bool,
}

fn carried_out(reader: &Reader, moment: &Moment) -> Result<Option<CarriedOut>, String> {
    let Some((at, verdict)) = &moment.verdict else { return Ok(None) };
    if !verdict.changed {
        return Ok(None);
    }
    let rows = reader
        .happened(Happening::Applied, span(label(*at), label(*at + CARRIED_OUT_WITHIN)), 1000)
        .map_err(|error| error.to_string())?;
    let read = |body: &str| -> Option<CarriedOut> {
        let value: Value = serde_json::from_str(body).ok()?;
        Some(CarriedOut {
            text: value["text"].as_str()?.to_owned(),
            took_ms: value["took_ms"].as_u64(),
            failed: value["failed"].as_bool()?,
        })
    };
    Ok(rows.iter().find_map(|row| read(&row.body)))
}

/// An explanation.
struct Shown<'a> {
    names: Names,
    id: LinkId,
    family: Family,
    moment: &'a Moment,
    carried_out: Option<CarriedOut>,
    trips: Trips,
}

impl Shown<'_> {
    fn prose(&self) -> String {
        let Some((at, verdict)) = &self.moment.verdict else { return String::new() };
        let mut text = String::new();
        let of = |id: LinkId| verdict.links.get(usize::from(id.0));
        let used = of(self.id).map_or("unknown", |link| if link.enabled { IN } else { OUT });
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{} was {used} for {} at {}: it {}.",
            self.names.called(self.id),
            in_words(self.family),
            local(*at),
            self.reason(self.id)
        );
        if let Some(reason) = of(self.id).map(|link| &link.reason) {
            let interval = self.moment.decider.opening().interval;
            let left = interval.saturating_mul(reason.hold_left);
            let left = if left.is_zero() { "nothing".to_owned() } else { format_duration(left) };
            let _ = writeln!(
                text,
                "  In that round it received {} and sent {}; of its hold-down {left} was left.",
                bytes(reason.load.received),
                bytes(reason.load.sent)
            );
        }
        let others: Vec<String> = self
            .ids()
            .filter(|id| *id != self.id)
            .map(|id| format!("{} {}", self.names.called(id), self.reason(id)))
            .collect();
        if !others.is_empty() {
            let _ = writeln!(text, "  The others: {}.", others.join("; "));
        }
        if verdict.changed {
            let _ = writeln!(text, "  The choice changed here; {}.", outcome(self.carried_out.as_ref()));
        }
        text.push_str(&self.pings());
        let _ = writeln!(text, "  With a hold-down of {}.", self.elsewise(used));
        text.lines().take(LINES).fold(String::new(), |text, line| text + line + "\n")
    }

    fn ids(&self) -> impl Iterator<Item = LinkId> + use<'_> {
        (0..).map(LinkId).take(self.moment.decider.opening().links.len())
    }

    /// The link's targets in the rounds around the moment: one sign for each, in the order in which they are asked.
    fn pings(&self) -> String {
        let rounds = self.moment.rounds.iter().map(|round| {
            let signs: String = round.links.get(usize::from(self.id.0)).map_or_else(String::new, |did| {
                let sign = |echoes: &Echoes| match (echoes.sent, echoes.answered) {
                    (0, _) => ' ',
                    (_, 0) => '-',
                    (sent, answered) if answered.count_ones() < u32::from(sent) => '+',
                    _ => '*',
                };
                did.echoes.iter().map(sign).collect()
            });
            let is_it = self
                .moment
                .verdict
                .as_ref()
                .is_some_and(|(at, _)| round.at + self.moment.decider.opening().interval == *at);
            if is_it { format!("[{signs}]") } else { signs }
        });
        let rounds: Vec<String> = rounds.collect();
        if rounds.is_empty() {
            return String::new();
        }
        format!("  Targets round by round (* all echoes answered, + some, - none): {}\n", rounds.join(" "))
    }

    /// Where it would have been with hold-downs of other lengths.
    fn elsewise(&self, used: &str) -> String {
        let is_in = |(_, decider): &&(Duration, Decider)| decider.selector().choice().contains(&self.id);
        let (inside, outside): (Vec<_>, Vec<_>) = self.moment.others.iter().partition(is_in);
        let lengths = |of: &[&(Duration, Decider)]| {
            let lengths: Vec<String> = of.iter().map(|(hold_down, _)| format_duration(*hold_down)).collect();
            either(&lengths)
        };
        let would = |of: &[&(Duration, Decider)], state: &str| {
            let also = if state == used { " too" } else { "" };
            format!("{} it would have been {state}{also}", lengths(of))
        };
        match (inside.is_empty(), outside.is_empty()) {
            (true, _) => would(&outside, OUT),
            (false, true) => would(&inside, IN),
            (false, false) => format!("{}, with one of {}", would(&inside, IN), would(&outside, OUT)),
        }
    }

    fn reason(&self, id: LinkId) -> String {
        let Some(report) = self.report(id) else { return "was not asked".to_owned() };
        let interval = self.moment.decider.opening().interval;
        let code = report.verdict.reason.code;
        reason::text(&Told { report: &report, code, names: &self.names, interval })
    }

    /// The link as `status` would have told of it then, as far as it is recorded.
    fn report(&self, id: LinkId) -> Option<FamilyReport> {
        let (at, verdict) = self.moment.verdict.as_ref()?;
        let place = usize::from(id.0);
        let (on_link, link) = (verdict.links.get(place)?, self.moment.decider.opening().links.get(place)?);
        let missed = on_link.reason.missed.places().filter_map(|place| link.targets.get(place).copied()).collect();
        Some(recorded(on_link, missed, verdict.silent, *at))
    }

    fn json(&self, time: fn(Time) -> Value) -> Value {
        let interval = self.moment.decider.opening().interval;
        let at = self.moment.verdict.as_ref().map(|(at, _)| label(*at).to_string());
        let link = |id: LinkId| {
            let report = self.report(id)?;
            let reason = &report.verdict.reason;
            Some(json!({
                "name": self.names.get(id).map(|named| named.interface.as_str()),
                "enabled": report.verdict.enabled,
                "healthy": report.verdict.healthy,
                "code": reason.code,
                "text": self.reason(id),
                "answered": reason.answered,
                "expected": reason.expected,
                "best": reason.best,
                "missed": report.missed,
                "hold_down_left_s": interval.as_secs_f64() * f64::from(reason.hold_left),
                "load": reason.load,
            }))
        };
        let pings: Vec<Value> = self.moment.rounds.iter().flat_map(|round| self.pinged(round, time)).collect();
        let what_if = |(hold_down, decider): &(Duration, Decider)| json!({ "hold_down": format_duration(*hold_down), "enabled": decider.selector().choice().contains(&self.id) });
        json!({
            "schema": 1,
            "link": self.names.get(self.id).map(|named| named.interface.as_str()),
            "family": self.family.name(),
            "at": at,
            "text": self.prose(),
            "links": self.ids().filter_map(link).collect::<Vec<_>>(),
            "commit": self.carried_out.as_ref().map(|done| {
                let error = done.failed.then_some(&done.text);
                json!({ "took_ms": done.took_ms, "failed": done.failed, "text": done.text, "error": error })
            }),
            "pings": pings,
            "what_if": self.moment.others.iter().map(what_if).collect::<Vec<_>>(),
        })
    }

    /// All links' pings of a round.
    fn pinged(&self, round: &Observed, time: fn(Time) -> Value) -> Vec<Value> {
        let opening = self.moment.decider.opening();
        let links = opening.links.iter().zip(&round.links);
        let of_link = |(link, did): (&OpenLink, &Did)| {
            let ping = |echoes: &Echoes| {
                let target = link.targets.get(usize::from(echoes.target));
                json!({
                    "link": link.name,
                    "target": target,
                    "time": time(round.at),
                    "sent": echoes.sent,
                    "answered": echoes.answered.count_ones(),
                    "rtt_ms": target.and_then(|target| self.trip(&link.name, *target, round.at)),
                })
            };
            did.echoes.iter().map(ping).collect::<Vec<_>>()
        };
        links.flat_map(of_link).collect()
    }

    /// The shortest round trip of a target in a round, in milliseconds.
    fn trip(&self, link: &str, target: IpAddr, at: Time) -> Option<f64> {
        let interval = self.moment.decider.opening().interval.as_nanos() as u64;
        let samples = self.trips.get(&format!("{}/{link}/{target}", self.family.name()))?;
        let is_its = |(begins, _): &&(i64, Sample)| begins.abs_diff(at.as_nanos() as i64) <= interval / 2;
        match samples.iter().find(is_its)?.1 {
            Sample::Answered { best, .. } => Some(milliseconds(best)),
            Sample::Unwatched | Sample::Absent | Sample::NotAsked | Sample::Lost { .. } => None,
        }
    }
}

/// What became of a choice.
fn outcome(done: Option<&CarriedOut>) -> String {
    match done {
        None => "how it was carried out is not recorded".to_owned(),
        Some(CarriedOut { failed: true, text, .. }) => format!("it was not carried out: {text}"),
        Some(CarriedOut { took_ms: Some(took), .. }) => format!("it was carried out within {took} ms"),
        Some(CarriedOut { took_ms: None, text, .. }) => text.clone(),
    }
}

/// `a, b or c`
fn either(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn dated(at: Time) -> Value {
    json!(label(at).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_second_is_all_of_it() {
        let at = |nanos| all_of_second(Time::from_nanos(nanos)).as_nanos();
        assert_eq!((at(7 * SECOND), at(7 * SECOND + 1)), (8 * SECOND - 1, 7 * SECOND + 1));
    }

    #[test]
    fn several_are_said_as_one_says_them() {
        let words = ["1m", "10m", "1h"].map(str::to_owned);
        assert_eq!([either(&words[..1]), either(&words[..2]), either(&words)], ["1m", "1m or 10m", "1m, 10m or 1h"]);
    }
}

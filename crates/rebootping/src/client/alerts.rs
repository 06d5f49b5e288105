//! `rebootping alerts`: what people were told, what waits, and whether a test arrives.

use super::{OTHER_VERSION, done, with_config};
use crate::cli::{AlertsOrder, AlertsVerb};
use crate::clock;
use crate::config::meant::Config;
use crate::daemon::{Answer, Request, ask};
use crate::escape::visible;
use crate::ipc::courier::{AlertsReport, SinkReport, Told};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// How often it is asked what became of a test.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A mail server may take a minute.
const TESTED_WITHIN: Duration = Duration::from_secs(70);
const NOBODY: &str = "nobody is to be told anything; set a place under [alerts] in the configuration";

/// Does what was asked.
pub(crate) fn run(explicit: Option<&Path>, order: AlertsOrder) -> ExitCode {
    with_config(explicit, |config| match order.verb {
        Some(AlertsVerb::Test) => test(config),
        None => {
            let report = report(config)?;
            if order.output.json {
                return Ok(as_json(report.as_ref()));
            }
            report.map_or_else(|| Ok(format!("{NOBODY}\n")), |report| Ok(as_text(&report)))
        }
    })
}

fn report(config: &Config) -> Result<Option<AlertsReport>, String> {
    match ask(&config.paths.run, &Request::Alerts) {
        Ok(Answer::Alerts(report)) => Ok(report.map(|report| *report)),
        Ok(answer) => done(Ok(answer)).and_then(|_| Err(OTHER_VERSION.to_owned())),
        Err(error) => Err(done(Err(error)).err().unwrap_or_default()),
    }
}

fn as_json(report: Option<&AlertsReport>) -> String {
    let report = report.cloned().unwrap_or_default();
    let all = json!({
        "schema": 1,
        "sinks": report.sinks,
        "waiting": report.waiting,
        "latest": report.latest,
        "quiet": report.is_quiet,
        "not_kept": report.not_kept,
    });
    format!("{all}\n")
}

fn as_text(report: &AlertsReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail, here and below.
    for sink in &report.sinks {
        let _ = writeln!(text, "{}", line(sink));
    }
    if report.is_quiet {
        text.push_str("Hours are quiet: messages wait.\n");
    }
    if let Some(why) = &report.not_kept {
        let _ = writeln!(text, "What waits would not survive a restart: {}", visible(why));
    }
    list(&mut text, "Waiting", &report.waiting);
    list(&mut text, "Latest", &report.latest);
    text
}

fn line(sink: &SinkReport) -> String {
    let mut line = format!("{}: {} sent", sink.sink.name(), sink.taken);
    if let Some(at) = &sink.last_taken {
        let _ = write!(line, ", the last {at}");
    }
    for (count, what) in [(sink.waiting, "waiting"), (sink.refused, "refused"), (sink.dropped, "given up")] {
        if count > 0 {
            let _ = write!(line, ", {count} {what}");
        }
    }
    if let Some(error) = &sink.error {
        let _ = write!(line, "; last attempt: {}", visible(error));
    }
    line
}

fn list(text: &mut String, heading: &str, told: &[Told]) {
    if told.is_empty() {
        return;
    }
    let _ = writeln!(text, "{heading}:");
    for told in told {
        let _ = writeln!(text, "  {}  {}", told.time, told.text);
    }
}

/// Sends a test, and waits until it is known what each place makes of it.
fn test(config: &Config) -> Result<String, String> {
    let before = report(config)?.ok_or(NOBODY)?;
    done(ask(&config.paths.run, &Request::TestAlerts))?;
    let deadline = clock::now() + TESTED_WITHIN;
    loop {
        thread::sleep(LOOK_EVERY);
        let now = report(config)?.ok_or(NOBODY)?;
        let is_late = clock::now() >= deadline;
        let fates: Option<Vec<Result<String, String>>> =
            now.sinks.iter().map(|sink| fate(sink, &before, is_late)).collect();
        let Some(fates) = fates.filter(|fates| !fates.is_empty() || is_late) else { continue };
        let lines: Vec<String> = fates.iter().map(|fate| fate.clone().unwrap_or_else(|line| line)).collect();
        let text = lines.join("\n");
        return if fates.iter().all(Result::is_ok) && !fates.is_empty() { Ok(text + "\n") } else { Err(text) };
    }
}

/// What became of it in one place, once that is known.
fn fate(sink: &SinkReport, before: &AlertsReport, is_late: bool) -> Option<Result<String, String>> {
    let name = sink.sink.name();
    let before = before.sinks.iter().find(|before| before.sink == sink.sink);
    let (taken, refused, attempts) = before.map_or((0, 0, 0), |it| (it.taken, it.refused, it.attempts));
    let has_tried = sink.attempts > attempts;
    match &sink.error {
        None if sink.tests == 0 && sink.taken > taken => Some(Ok(format!("{name}: taken"))),
        Some(why) if sink.tests == 0 && sink.refused > refused => {
            Some(Err(format!("{name}: refused: {}", visible(why))))
        }
        Some(why) if has_tried => Some(Err(format!("{name}: {}; it waits", visible(why)))),
        _ if is_late => Some(Err(format!("{name}: not sent yet; it waits until the one before it is done with"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rebootping_core::alerts::outbox::Sink;

    fn sink(taken: u64, waiting: u64, attempts: u64, error: Option<&str>) -> SinkReport {
        SinkReport {
            sink: Sink::Mail,
            waiting,
            tests: waiting,
            taken,
            refused: 0,
            dropped: 0,
            last_taken: (taken > 0).then(|| "2026-11-22T20:15:00Z".to_owned()),
            attempts,
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn a_test_is_over_when_it_was_taken_or_tried() {
        let before = AlertsReport { sinks: vec![sink(3, 0, 5, Some("old"))], ..AlertsReport::default() };
        let fate = |now: &SinkReport, is_late| fate(now, &before, is_late);
        assert_eq!(fate(&sink(3, 1, 5, Some("old")), false), None, "not tried yet");
        assert_eq!(fate(&sink(4, 0, 6, None), false), Some(Ok("mail: taken".to_owned())));
        let quiet = SinkReport { tests: 0, ..sink(4, 2, 6, None) };
        assert_eq!(
            fate(&quiet, false),
            Some(Ok("mail: taken".to_owned())),
            "the others wait for the end of quiet hours"
        );
        assert_eq!(fate(&sink(3, 1, 6, Some("no route")), false), Some(Err("mail: no route; it waits".to_owned())));
        assert!(fate(&sink(3, 1, 5, None), true).is_some_and(|fate| fate.is_err()));
    }

    #[test]
    fn a_list_says_how_each_place_does() {
        let told = Told { number: 4, time: "2026-11-22T20:15:00Z".to_owned(), text: "wan1 is out".to_owned() };
        let report = AlertsReport {
            sinks: vec![sink(3, 1, 5, Some("no \u{1b}route"))],
            waiting: vec![told.clone()],
            latest: vec![told],
            is_quiet: true,
            not_kept: None,
        };
        insta::assert_snapshot!(as_text(&report), @r"
        mail: 3 sent, the last 2026-11-22T20:15:00Z, 1 waiting; last attempt: no \x1broute
        Hours are quiet: messages wait.
        Waiting:
          2026-11-22T20:15:00Z  wan1 is out
        Latest:
          2026-11-22T20:15:00Z  wan1 is out
        ");
    }
}

//! How it goes with what is sent to others, as JSON and in sentences: alerts, and minutes for an engine.

use super::amount::count;
use crate::escape::visible;
use crate::ipc::courier::{AlertsReport, MinutesReport, SinkReport};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// How alerts go.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct AlertsStatus {
    /// By place.
    pub(crate) sinks: Vec<SinkReport>,
    /// Messages wait until quiet hours are over.
    pub(crate) quiet: bool,
    /// Why what waits would not survive a restart, if it would not.
    pub(crate) not_kept: Option<String>,
}

impl From<&AlertsReport> for AlertsStatus {
    fn from(report: &AlertsReport) -> Self {
        Self { sinks: report.sinks.clone(), quiet: report.is_quiet, not_kept: report.not_kept.clone() }
    }
}

/// Something that is not sent as the operator wants it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unsent {
    /// Whose it is: the configuration's section.
    pub(crate) about: &'static str,
    /// One sentence, without its full stop.
    pub(crate) text: String,
    /// What mends it.
    pub(crate) remedy: &'static str,
    /// The command that shows whether it is mended.
    pub(crate) shown_by: &'static str,
}

/// All that is not sent: while the last attempt failed, or was refused for good.
pub(crate) fn unsent(alerts: Option<&AlertsStatus>, minutes: Option<&MinutesReport>) -> Vec<Unsent> {
    let sinks = alerts.into_iter().flat_map(|alerts| &alerts.sinks).filter_map(of_sink);
    let not_kept = alerts.and_then(|alerts| alerts.not_kept.as_ref()).map(|why| Unsent {
        about: "alerts",
        text: format!("what waits would not survive a restart: {}", visible(why)),
        remedy: "make room on the disk of the state folder, or mend what the message names",
        shown_by: "rebootping alerts",
    });
    sinks.chain(not_kept).chain(minutes.and_then(of_minutes)).collect()
}

fn of_sink(sink: &SinkReport) -> Option<Unsent> {
    let (name, why) = (sink.sink.name(), visible(sink.error.as_ref()?));
    let text = match sink.waiting {
        0 => format!("the last message was refused by the {name} for good: {why}"),
        1 => format!("a message waits for the {name}: {why}"),
        waiting => format!("{} messages wait for the {name}: {why}", count(waiting)),
    };
    let remedy = "mend what the message names, then: rebootping alerts test";
    Some(Unsent { about: "alerts", text, remedy, shown_by: "rebootping alerts test" })
}

fn of_minutes(minutes: &MinutesReport) -> Option<Unsent> {
    let why = visible(minutes.error.as_ref()?);
    let text = match minutes.waiting_minutes {
        0 => format!("the engine does not take what it is sent: {why}"),
        1 => format!("a minute waits for the engine: {why}"),
        waiting => format!("{} minutes wait for the engine: {why}", count(waiting)),
    };
    let remedy = "mend what the message names; it is tried again each minute, and after a reload at once";
    Some(Unsent { about: "remote_write", text, remedy, shown_by: "rebootping status" })
}

/// Nothing while all is well: a line for what is not sent, and one for what never will be.
pub(crate) fn lines(alerts: Option<&AlertsStatus>, minutes: Option<&MinutesReport>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail, here and below.
    for unsent in unsent(alerts, minutes) {
        let _ = writeln!(text, "NOT SENT: {}", unsent.text);
    }
    for sink in alerts.into_iter().flat_map(|alerts| &alerts.sinks) {
        let name = sink.sink.name();
        lost(&mut text, sink.refused, "message", &format!("refused by the {name}"));
        lost(&mut text, sink.dropped, "message", &format!("for the {name} given up, for too many waited"));
    }
    if let Some(minutes) = minutes {
        lost(&mut text, minutes.refused, "number", "refused by the engine");
        lost(&mut text, minutes.too_old_minutes, "minute", "too old to be sent to the engine");
    }
    text
}

fn lost(text: &mut String, number: u64, one: &str, how: &str) {
    let ending = if number == 1 { "" } else { "s" };
    if number > 0 {
        let _ = writeln!(text, "{} {one}{ending} {how}", count(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rebootping_core::alerts::outbox::Sink;

    fn sink(waiting: u64, error: Option<&str>) -> SinkReport {
        SinkReport {
            sink: Sink::Mail,
            waiting,
            tests: 0,
            taken: 3,
            refused: 0,
            dropped: 0,
            last_taken: None,
            attempts: 4,
            error: error.map(str::to_owned),
        }
    }

    #[track_caller]
    fn check(sinks: Vec<SinkReport>, minutes: &MinutesReport, expected: &str) {
        let alerts = AlertsStatus { sinks, ..AlertsStatus::default() };
        assert_eq!(lines(Some(&alerts), Some(minutes)), expected);
    }

    #[test]
    fn what_is_not_sent_is_said_and_nothing_else() {
        let well = MinutesReport { taken: 96, waiting_minutes: 1, ..MinutesReport::default() };
        assert_eq!(lines(None, None), "");
        check(vec![sink(0, None), sink(1, None)], &well, "");
        check(
            vec![sink(2, Some("mail.example does not answer"))],
            &well,
            "NOT SENT: 2 messages wait for the mail: mail.example does not answer\n",
        );
        let refused = SinkReport { refused: 1, dropped: 7, ..sink(0, Some("it answers 550 no \u{1b}[31m")) };
        check(
            vec![refused],
            &well,
            "NOT SENT: the last message was refused by the mail for good: it answers 550 no \\x1b[31m\n\
             1 message refused by the mail\n\
             7 messages for the mail given up, for too many waited\n",
        );
        let away = MinutesReport {
            waiting_minutes: 12,
            too_old_minutes: 3,
            error: Some("engine answered 401".into()),
            ..well.clone()
        };
        check(
            vec![],
            &away,
            "NOT SENT: 12 minutes wait for the engine: engine answered 401\n\
             3 minutes too old to be sent to the engine\n",
        );
    }
}

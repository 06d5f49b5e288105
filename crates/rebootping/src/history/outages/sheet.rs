//! Outages as one HTML file to print and hand to the provider: what each link lacked, in numbers, and each time with its cause.

use super::sentence::in_words;
use super::{End, Outages, Told};
use crate::clock;
use crate::escape::for_html;
use jiff::Timestamp;
use rebootping_core::history::outages::{Place, Trouble};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Nothing is loaded and nothing runs, whatever a name should say.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "\
:root{color-scheme:light;--ink:#111;--faint:#555;--line:#bbb}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:2rem 1.5rem;font:1rem/1.45 system-ui,sans-serif;color:var(--ink);background:#fff}
h1{font-size:1.6rem;margin:0}
h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{margin:.25rem 0;max-width:48rem}
.faint{color:var(--faint)}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line)}
th{color:var(--faint);font-weight:600;border-bottom:2px solid var(--ink)}
td:last-child{overflow-wrap:anywhere}
.time{white-space:nowrap}
.where{min-width:7em}
ul{margin:.25rem 0;padding-left:1.2rem}
@page{size:A4;margin:16mm}
@media print{html{font-size:10pt}body{max-width:none;padding:0}thead{display:table-header-group}tr,li{break-inside:avoid}h2{break-after:avoid}}
";

/// The sheet.
pub(super) fn sheet(outages: &Outages, gateway: &str) -> String {
    let mut page = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(page, "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", for_html(POLICY));
    page.push_str(
        "<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"referrer\" content=\"no-referrer\">\n",
    );
    let title =
        if gateway.is_empty() { "Internet outages".to_owned() } else { format!("Internet outages at {gateway}") };
    let _ = writeln!(page, "<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>", for_html(&title));
    let _ = writeln!(page, "<h1>{}</h1>", for_html(&title));
    let begins = outages.begins.unwrap_or(outages.since);
    let _ = writeln!(
        page,
        "<p>{} to {}</p>\n<p class=\"faint\">Times are local: {}.</p>",
        local(begins),
        local(outages.now),
        for_html(&zone(outages.now))
    );
    links(&mut page, outages, begins);
    each(&mut page, outages);
    page.push_str(HOW);
    page.push_str("</body>\n</html>\n");
    page
}

/// How it is known, for whoever doubts it.
const HOW: &str = "\
<h2>How this was measured</h2>
<ul>
<li>The gateway itself asks the same public hosts, of at least three operators, over each link every second, whatever the load.</li>
<li>A link was out while it reached none of them, or fewer than another link did at the same time.</li>
<li>No carrier: the interface had no signal from the provider's box or modem.</li>
<li>ISP's box: besides all hosts, the box at the other end of the line left the gateway's own questions (ARP, NDP) unanswered.</li>
<li>Behind the ISP's box: the box answered those questions, and the hosts behind it did not answer.</li>
<li>One destination: a single host did not answer while all others did.</li>
</ul>
";

/// What a link lacked.
#[derive(Default)]
struct Sum {
    times: u32,
    total: Duration,
    longest: Duration,
}

fn links(page: &mut String, outages: &Outages, begins: Timestamp) {
    let sums = sums(outages, begins);
    page.push_str("<h2>Links</h2>\n");
    if sums.is_empty() {
        page.push_str("<p>No link was out.</p>\n");
        return;
    }
    page.push_str("<table><thead><tr><th>Link<th>Times out<th>In all<th>Longest<th>Available</tr></thead>\n<tbody>\n");
    let watched = watched(outages, begins);
    for (name, sum) in &sums {
        let _ = writeln!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
            for_html(name),
            sum.times,
            in_words(sum.total),
            in_words(sum.longest),
            share(watched.saturating_sub(sum.total), watched)
        );
    }
    page.push_str("</tbody></table>\n<p class=\"faint\">Of the time in which the gateway ran and watched.</p>\n");
}

/// What each link lacked since then, by what it is called.
fn sums(outages: &Outages, begins: Timestamp) -> BTreeMap<&str, Sum> {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for told in &outages.all {
        let mut spans: BTreeMap<&str, (Timestamp, Timestamp)> = BTreeMap::new();
        for trouble in told.outage().troubles.iter().filter(|trouble| trouble.is_out) {
            let Some((name, _)) = &trouble.link else { continue };
            let (begin, end) = told.span(trouble, outages.now);
            let span = spans.entry(name).or_insert((begin, end));
            *span = (span.0.min(begin), span.1.max(end));
        }
        for (name, (begin, end)) in spans {
            let lasted = length(begin.max(begins), end);
            let sum = sums.entry(outages.called.get(name).map_or(name, String::as_str)).or_default();
            sum.times += 1;
            sum.total += lasted;
            sum.longest = sum.longest.max(lasted);
        }
    }
    sums
}

/// For how long the gateway ran and watched.
fn watched(outages: &Outages, begins: Timestamp) -> Duration {
    let blind = |told: &&Told| matches!(told.outage().place(), Some(Place::Machine | Place::Daemon));
    let blind = outages.all.iter().filter(blind).map(|told| {
        let end = told.ended().unwrap_or(outages.now);
        length(told.begin.max(begins), end)
    });
    length(begins, outages.now).saturating_sub(blind.sum())
}

impl Told {
    /// When a trouble of it began, and when it ended or was last known to go on.
    fn span(&self, trouble: &Trouble, now: Timestamp) -> (Timestamp, Timestamp) {
        let unix = |at: rebootping_core::time::Time| {
            super::unix(i64::try_from(at.as_nanos()).unwrap_or(i64::MAX).saturating_add(self.kept.ahead))
        };
        let last = self.end.known().map_or(now, super::unix);
        (unix(trouble.begin), trouble.end.map_or(last, unix))
    }
}

fn each(page: &mut String, outages: &Outages) {
    page.push_str("<h2>Each time</h2>\n");
    if outages.all.is_empty() {
        page.push_str("<p>Nothing went wrong.</p>\n");
        return;
    }
    page.push_str("<table><thead><tr><th>When<th>Lasted<th>Where<th>What happened</tr></thead>\n<tbody>\n");
    for told in &outages.all {
        let end = match told.end {
            End::At(at) => format!("to {}", local_after(told.begin, super::unix(at))),
            End::GoesOn => "goes on".to_owned(),
            End::NotBefore(_) => "its end is not known".to_owned(),
        };
        let _ = writeln!(
            page,
            "<tr><td class=\"time\">{}<br><span class=\"faint\">{end}</span><td class=\"time\">{}<td class=\"where\">{}<td>{}</tr>",
            local(told.begin),
            in_words(told.length),
            told.outage().place().map_or("", place),
            for_html(&told.text)
        );
    }
    page.push_str("</tbody></table>\n");
}

/// Where it was, in the words of [`HOW`].
const fn place(place: Place) -> &'static str {
    match place {
        Place::Machine => "the gateway",
        Place::Daemon => "the gateway's own watch",
        Place::Cable => "no carrier",
        Place::Box => "ISP's box",
        Place::Beyond => "behind the ISP's box",
        Place::Destination(_) => "one destination",
        Place::Names => "names (DNS)",
    }
}

fn share(part: Duration, of: Duration) -> String {
    if of.is_zero() {
        return "not known".to_owned();
    }
    // What was out at all was not available always.
    let percent = part.as_secs_f64() * 100.0 / of.as_secs_f64();
    format!("{:.3} %", if part < of { percent.min(99.999) } else { percent })
}

fn length(from: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(from)).unwrap_or_default()
}

fn local(at: Timestamp) -> String {
    at.to_zoned(clock::zone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The same without the day where that is the day on which it began.
fn local_after(begin: Timestamp, at: Timestamp) -> String {
    let (begin, at) = (local(begin), local(at));
    match (begin.split_once(' '), at.split_once(' ')) {
        (Some((day, _)), Some((same, time))) if day == same => time.to_owned(),
        _ => at,
    }
}

/// The operator's zone, and how far it is ahead of UTC.
fn zone(now: Timestamp) -> String {
    let zone = clock::zone();
    let offset = now.to_zoned(zone.clone()).strftime("UTC%:z").to_string();
    zone.iana_name().map_or(offset.clone(), |name| format!("{name}, now {offset}"))
}

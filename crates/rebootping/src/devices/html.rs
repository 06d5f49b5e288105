//! A report as one HTML file that needs nothing else: no script, no font, no picture, good in print, light or dark as the reader's system.

use super::facts::{
    All, Device, Fact, Joined, Origin, counted, facts, from, left_out, moment, open, port_lines, sorted, title,
};
use crate::escape::for_html;
use crate::report::devices::event_text;
use std::fmt::Write;

/// Nothing is loaded and nothing runs, whatever a name should say.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--faint:#59636e;--line:#d1d9e0;--paper:#fff;--card:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--faint:#9198a1;--line:#3d444d;--paper:#0d1117;--card:#151b23}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1.5rem;font:1rem/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem;margin:0}
h2{font-size:1.1rem;margin:0 0 .5rem;overflow-wrap:anywhere}
p{color:var(--faint);margin:.25rem 0 1.5rem}
table{border-collapse:collapse;width:100%;margin-bottom:1.5rem;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{color:var(--faint);font-weight:600}
a{color:inherit}
section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin-bottom:1rem;break-inside:avoid}
dl{display:grid;grid-template-columns:8rem 1fr;gap:.2rem 1rem;margin:0}
dt{color:var(--faint)}
dd{margin:0;overflow-wrap:anywhere}
@media(max-width:40rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
@media print{:root{--ink:#000;--faint:#444;--line:#999;--paper:#fff;--card:#fff}body{max-width:none;padding:0;font-size:9.5pt}
thead{display:table-header-group}tr{break-inside:avoid}a{text-decoration:none}}
";

/// Everything.
pub(super) fn html(report: &All, origin: Origin) -> String {
    let devices = sorted(report);
    let mut page = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(page, "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", for_html(POLICY));
    page.push_str(
        "<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"referrer\" content=\"no-referrer\">\n",
    );
    let _ = writeln!(page, "<title>Devices</title>\n<style>\n{STYLE}</style>\n</head>\n<body>");
    let _ = writeln!(page, "<h1>{}</h1>", for_html(&counted(report)));
    let _ = writeln!(page, "<p>{}; times are UTC</p>", for_html(&from(origin)));
    overview(&mut page, &devices);
    for device in devices {
        section(&mut page, device);
    }
    hosts(&mut page, report);
    events(&mut page, report);
    let left = left_out(&report.left_out, origin);
    if !left.is_empty() {
        let _ = writeln!(page, "<p>Left out: {}</p>", for_html(&left.join(", ")));
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn overview(page: &mut String, devices: &[&Device]) {
    heading(page, &["Device", "Kind", "Vendor", "Addresses", "Open ports", "Last seen"]);
    for device in devices {
        let addresses: Vec<String> = device.addresses.iter().map(|address| address.ip.to_string()).collect();
        let mut ports: Vec<String> = Vec::new();
        for (protocol, port) in open(&device.tcp_open, &device.udp_open) {
            let number = format!("{}/{protocol}", port.port);
            if !ports.contains(&number) {
                ports.push(number);
            }
        }
        let name = device.name.as_ref().map_or_else(|| device.mac.to_string(), |name| name.raw().to_owned());
        let cells = [
            device.kind.clone().unwrap_or_default(),
            device.vendor.clone().unwrap_or_default(),
            addresses.join(", "),
            ports.join(", "),
            moment(&device.last_seen),
        ];
        let _ = write!(page, "<tr><td><a href=\"#{}\">{}</a></td>", device.mac, for_html(&name));
        end_row(page, &cells);
    }
    page.push_str("</tbody></table>\n");
}

fn section(page: &mut String, device: &Device) {
    let _ = writeln!(page, "<section id=\"{}\">\n<h2>{}</h2>\n<dl>", device.mac, for_html(&title(device)));
    for Fact { label, items, joined } in facts(device) {
        let items: Vec<String> = items.iter().map(|item| for_html(item)).collect();
        let between = match joined {
            Joined::Commas => ", ",
            Joined::Words => " ",
            Joined::Lines => "<br>",
        };
        let _ = writeln!(page, "<dt>{}</dt><dd>{}</dd>", for_html(label), items.join(between));
    }
    page.push_str("</dl>\n</section>\n");
}

fn hosts(page: &mut String, report: &All) {
    if report.hosts.is_empty() {
        return;
    }
    page.push_str("<h2>Servers beyond a router</h2>\n");
    heading(page, &["Address", "Behind", "Open ports"]);
    for host in &report.hosts {
        let behind = host.behind.map(|router| router.to_string()).unwrap_or_default();
        let ports = port_lines(open(&host.tcp_open, &host.udp_open)).join(", ");
        page.push_str("<tr>");
        end_row(page, &[host.ip.to_string(), behind, ports]);
    }
    page.push_str("</tbody></table>\n");
}

fn events(page: &mut String, report: &All) {
    if report.events.is_empty() {
        return;
    }
    page.push_str("<h2>What happened</h2>\n");
    heading(page, &["When", "What"]);
    for event in &report.events {
        page.push_str("<tr>");
        end_row(page, &[moment(&event.time), event_text(event)]);
    }
    page.push_str("</tbody></table>\n");
}

fn heading(page: &mut String, columns: &[&str]) {
    page.push_str("<table><thead><tr>");
    for column in columns {
        let _ = write!(page, "<th>{}</th>", for_html(column));
    }
    page.push_str("</tr></thead><tbody>\n");
}

fn end_row(page: &mut String, cells: &[String]) {
    for cell in cells {
        let _ = write!(page, "<td>{}</td>", for_html(cell));
    }
    page.push_str("</tr>\n");
}

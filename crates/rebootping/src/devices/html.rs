//! A report as one HTML file that needs nothing else: no script, no font, no picture, good in print, light or dark as the reader's system.

use super::facts::{Device, Fact, Joined, Origin, counted, facts, from, left_out, moment, open, port_lines, title};
use super::told::{Outline, Told};
use crate::escape::for_html;
use crate::report::devices::event_text;
use std::io::{self, Write};

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

/// Writes everything.
pub(super) fn write(out: &mut impl Write, told: &impl Told, origin: Origin) -> io::Result<()> {
    let outline = Outline::of(told);
    write!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", for_html(POLICY))?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width\">")?;
    writeln!(out, "<meta name=\"referrer\" content=\"no-referrer\">")?;
    writeln!(out, "<title>Devices</title>\n<style>\n{STYLE}</style>\n</head>\n<body>")?;
    writeln!(out, "<h1>{}</h1>", for_html(&counted(&outline)))?;
    writeln!(out, "<p>{}; times are UTC</p>", for_html(&from(origin)))?;
    heading(out, &["Device", "Kind", "Vendor", "Addresses", "Open ports", "Last seen"])?;
    for device in outline.devices(told) {
        overview(out, &device)?;
    }
    writeln!(out, "</tbody></table>")?;
    for device in outline.devices(told) {
        section(out, &device)?;
    }
    if outline.hosts > 0 {
        hosts(out, told)?;
    }
    events(out, told)?;
    let left = left_out(&told.left_out(), origin);
    if !left.is_empty() {
        writeln!(out, "<p>Left out: {}</p>", for_html(&left.join(", ")))?;
    }
    write!(out, "</body>\n</html>\n")
}

fn overview(out: &mut impl Write, device: &Device) -> io::Result<()> {
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
    write!(out, "<tr><td><a href=\"#{}\">{}</a></td>", device.mac, for_html(&name))?;
    end_row(out, &cells)
}

fn section(out: &mut impl Write, device: &Device) -> io::Result<()> {
    writeln!(out, "<section id=\"{}\">\n<h2>{}</h2>\n<dl>", device.mac, for_html(&title(device)))?;
    for Fact { label, items, joined } in facts(device) {
        let items: Vec<String> = items.iter().map(|item| for_html(item)).collect();
        let between = match joined {
            Joined::Commas => ", ",
            Joined::Words => " ",
            Joined::Lines => "<br>",
        };
        writeln!(out, "<dt>{}</dt><dd>{}</dd>", for_html(label), items.join(between))?;
    }
    writeln!(out, "</dl>\n</section>")
}

fn hosts(out: &mut impl Write, told: &impl Told) -> io::Result<()> {
    writeln!(out, "<h2>Servers beyond a router</h2>")?;
    heading(out, &["Address", "Behind", "Open ports"])?;
    for host in told.hosts() {
        let behind = host.behind.map(|router| router.to_string()).unwrap_or_default();
        let ports = port_lines(open(&host.tcp_open, &host.udp_open)).join(", ");
        write!(out, "<tr>")?;
        end_row(out, &[host.ip.to_string(), behind, ports])?;
    }
    writeln!(out, "</tbody></table>")
}

fn events(out: &mut impl Write, told: &impl Told) -> io::Result<()> {
    let events = told.events();
    if events.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>What happened</h2>")?;
    heading(out, &["When", "What"])?;
    for event in events.iter() {
        write!(out, "<tr>")?;
        end_row(out, &[moment(&event.time), event_text(event)])?;
    }
    writeln!(out, "</tbody></table>")
}

fn heading(out: &mut impl Write, columns: &[&str]) -> io::Result<()> {
    write!(out, "<table><thead><tr>")?;
    for column in columns {
        write!(out, "<th>{}</th>", for_html(column))?;
    }
    writeln!(out, "</tr></thead><tbody>")
}

fn end_row(out: &mut impl Write, cells: &[String]) -> io::Result<()> {
    for cell in cells {
        write!(out, "<td>{}</td>", for_html(cell))?;
    }
    writeln!(out, "</tr>")
}

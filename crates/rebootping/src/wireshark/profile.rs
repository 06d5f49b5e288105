//! A Wireshark profile: names of devices, colours for events and links, and columns that say which device and which link.

use super::zip;
use crate::client::ask_status;
use crate::config::meant::Config;
use crate::devices;
use crate::escape::{for_file_name, for_terminal};
use rebootping_core::inventory::report::{Report, ReportedDevice};
use rebootping_core::untrusted::Untrusted;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// What it says beside names and colours. Names are ours alone: nobody is asked over the network who an address is.
const PREFERENCES: &str = "\
# Written by `rebootping wireshark profile`.
nameres.mac_name: TRUE
nameres.network_name: TRUE
nameres.dns_pkt_addr_resolution: TRUE
nameres.use_external_name_resolver: FALSE
gui.column.format:
	\"No.\", \"%m\",
	\"Time\", \"%t\",
	\"Link\", \"%Cus:frame.interface_name:0:R\",
	\"From device\", \"%rhs\",
	\"To device\", \"%rhd\",
	\"Source\", \"%s\",
	\"Destination\", \"%d\",
	\"Protocol\", \"%p\",
	\"Length\", \"%L\",
	\"Info\", \"%i\",
	\"Comment\", \"%Cus:frame.comment:0:R\"
";
/// Backgrounds of links, as Wireshark has colours: three times 16 bits. Text on them is dark.
const LINKS: [&str; 6] = [
    "[59110,61680,65535]",
    "[65535,62708,57825]",
    "[58082,64764,59110]",
    "[64250,59110,64764]",
    "[65278,65021,56540]",
    "[57054,64250,64764]",
];
const DARK: &str = "[4718,10030,11796]";
const LIGHT: &str = "[65535,65535,65535]";

/// Writes the profile's files into a folder; what was done, in words.
pub(super) fn write(config: &Config, folder: &Path) -> Result<String, String> {
    if folder.exists() && !folder.is_dir() {
        return Err(format!("{} is no folder; name one for the profile's files", folder.display()));
    }
    let report = devices::ask(config)?;
    let links: Vec<String> = ask_status(config)?.links.into_iter().map(|link| link.name).collect();
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    for (name, text) in files(&report, &links) {
        fs::write(folder.join(name), text).map_err(failed)?;
    }
    let (devices, use_it) = (report.devices.len(), how_to_use(&std::path::absolute(folder).map_err(failed)?));
    Ok(format!("wrote {} with names of {devices} devices; {use_it}", folder.display()))
}

/// How Wireshark comes to use the profile in this folder: it looks for those of its own configuration only.
fn how_to_use(folder: &Path) -> String {
    let name = Path::new(folder.file_name().unwrap_or_default()).display();
    let uses = format!("`wireshark -C {name}` uses it");
    let mut above = folder.ancestors().skip(1).map(|above| above.file_name().and_then(|name| name.to_str()));
    let is_found =
        above.next() == Some(Some("profiles")) && matches!(above.next(), Some(Some("wireshark" | ".wireshark")));
    if is_found { uses } else { format!("once it lies in ~/.config/wireshark/profiles, {uses}") }
}

/// The profile as the archive that Wireshark imports: a folder of the gateway's name with its files.
pub(crate) fn archive(report: &Report<String>, links: &[String], gateway: &str) -> Vec<u8> {
    let folder = for_file_name(&Untrusted::from(gateway));
    let folder = if folder.is_empty() { "gateway" } else { &folder };
    let files = files(report, links).map(|(name, text)| (format!("{folder}/{name}"), text.into_bytes()));
    zip::archive(&files)
}

fn files(report: &Report<String>, links: &[String]) -> [(&'static str, String); 4] {
    [
        ("ethers", ethers(report)),
        ("hosts", hosts(report)),
        ("colorfilters", colours(links)),
        ("preferences", PREFERENCES.to_owned()),
    ]
}

/// MACs and names, in the form of ethers(5).
fn ethers(report: &Report<String>) -> String {
    let mut text = String::new();
    for (device, name) in report.devices.iter().filter_map(called) {
        for mac in [device.mac].iter().chain(&device.also) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{mac} {name}");
        }
    }
    text
}

/// Addresses and names, in the form of hosts(5).
fn hosts(report: &Report<String>) -> String {
    let mut text = String::new();
    for (device, name) in report.devices.iter().filter_map(called) {
        for address in &device.addresses {
            let _ = writeln!(text, "{} {name}", address.ip);
        }
    }
    text
}

fn called(device: &ReportedDevice<String>) -> Option<(&ReportedDevice<String>, String)> {
    device.name.as_ref().map(|name| (device, word(name))).filter(|(_, name)| !name.is_empty())
}

/// A name as one word, which neither ends a line nor begins a comment.
fn word(name: &Untrusted) -> String {
    let shown = for_terminal(name);
    shown.chars().map(|c| if c.is_whitespace() || c == '#' { '-' } else { c }).collect()
}

/// Colour rules; the first that fits a packet holds.
fn colours(links: &[String]) -> String {
    let mut text = String::from("# Written by `rebootping wireshark profile`.\n");
    let rule =
        |name: &str, filter: &str, colours: [&str; 2]| format!("@{name}@{filter}@{}{}\n", colours[0], colours[1]);
    text += &rule("Event of the gateway", "frame.comment", ["[42148,0,0]", LIGHT]);
    text += &rule("Unreachable", "icmp.type == 3 || icmpv6.type == 1", ["[42148,20000,0]", LIGHT]);
    text += &rule("Reset", "tcp.flags.reset == 1", ["[60000,50000,50000]", DARK]);
    text += &rule("Retransmission", "tcp.analysis.retransmission", ["[64000,58000,45000]", DARK]);
    for (link, colour) in links.iter().zip(LINKS.iter().cycle()) {
        // An at sign would end the name, a quote the text that is compared.
        if !link.contains(['@', '"', '\\']) {
            text += &rule(&format!("Link {link}"), &format!("frame.interface_name == \"{link}\""), [colour, DARK]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_word_and_no_comment() {
        let name = |text: &str| word(&Untrusted::from(text));
        assert_eq!(name("Ann's kitchen TV #2\n127.0.0.1 bank"), "Ann's-kitchen-TV--2\\x0a127.0.0.1-bank");
    }

    #[test]
    fn a_profile_is_found_in_wiresharks_own_folder_alone() {
        let told = |folder: &str| how_to_use(Path::new(folder));
        let found = "`wireshark -C gateway` uses it";
        for folder in ["/ann/.config/wireshark/profiles/gateway", "/ann/.wireshark/profiles/gateway/"] {
            assert_eq!(told(folder), found);
        }
        for folder in ["/ann/gateway", "/profiles/gateway", "/gateway"] {
            assert_eq!(told(folder), format!("once it lies in ~/.config/wireshark/profiles, {found}"));
        }
    }

    #[test]
    fn each_link_has_its_colour() {
        let rules = colours(&["wan1".into(), "w@n".into(), "wan2".into()]);
        insta::assert_snapshot!(rules);
    }
}

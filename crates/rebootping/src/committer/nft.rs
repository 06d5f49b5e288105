//! Our nftables table: its rules as text for nft(8), and what of it is in the kernel.
//!
//! `table inet rebootping` sees IPv4 and IPv6 before Shorewall's own rules (priority 0) do, and no restart, stop or clear of
//! Shorewall touches it. Nothing in it accepts what Shorewall would refuse: `accept` here only ends our own chain.
//!
//! ```text
//! forward, -10 ─ block: drop ─ to the Internet? ─ pause, local: drop ─ guarded interface, not known: drop ─ dead end of IPv6: no route
//! input,   -10 ─ block: drop ─ DHCP, DNS, time, page, ICMP, answers: on ─ local: drop ─ guarded, not known: drop
//! ```

use crate::command::{self, Command};
use crate::netlink::nftables::{Listing, Member, Nftables};
use rebootping_core::control::table::{Change, Element, Found, Set, Sets};
use rebootping_core::inventory::report::Hardware;
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::time::Duration;

/// The table's name; nobody else's may be touched.
pub(crate) const TABLE: &str = "rebootping";
/// A firewall that is being loaded holds the kernel's lock for a moment.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What never changes. Multicast and broadcast are how devices find each other; a device in `local` may go on doing that.
const RULES: &str = "\
\tchain outward {
\t\tether saddr @pause drop
\t\tether saddr @local drop
\t\tiifname @guarded ether saddr != @known drop
\t}
\tchain forward {
\t\ttype filter hook forward priority -10; policy accept;
\t\tether saddr @block drop
\t\toifname @internet jump outward
\t\tmeta nfproto ipv6 oifname @dead_end reject with icmpv6 type no-route
\t}
\tchain input {
\t\ttype filter hook input priority -10; policy accept;
\t\tether saddr @block drop
\t\tmeta l4proto { icmp, ipv6-icmp, igmp } accept
\t\tudp dport { 53, 67, 123, 547 } accept
\t\ttcp dport 53 accept
\t\ttcp dport @page accept
\t\tpkttype != host accept
\t\tct direction reply accept
\t\tether saddr @local drop
\t\tiifname @guarded ether saddr != @known drop
\t}
";

/// What a restricted device was kept from: packets and their bytes.
pub(crate) type Counts = BTreeMap<Hardware, (u64, u64)>;

/// The table, and what it takes to know it again.
#[derive(Debug)]
pub(crate) struct Firewall {
    kernel: Nftables,
    /// The rules as the kernel gave them back when we had written them.
    ours: Option<Vec<Vec<u8>>>,
}

impl Firewall {
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self { kernel: Nftables::open()?, ours: None })
    }

    /// What is there, and what its sets have counted.
    pub(crate) fn look(&mut self) -> io::Result<Option<(Found, Counts)>> {
        let Some(listing) = self.list()? else { return Ok(None) };
        let rules_are_ours = self.ours.as_ref() == Some(&listing.rules);
        Ok(Some((Found { rules_are_ours, sets: sets(&listing) }, counts(&listing))))
    }

    /// Makes a change in one step, none of it if any of it cannot be.
    pub(crate) fn make(&mut self, change: &Change, counts: &Counts, now: impl Fn() -> Time) -> Result<(), String> {
        run(script(change, counts), now)?;
        if let Change::Build(_) = change {
            let listing = self.list().map_err(|error| error.to_string())?;
            self.ours = listing.map(|listing| listing.rules);
        }
        Ok(())
    }

    /// Somebody has flows pass by all rules.
    pub(crate) fn is_bypassed(&mut self) -> bool {
        // A kernel without flowtables says that it does not know the question.
        self.kernel.has_flowtable().unwrap_or(false)
    }

    fn list(&mut self) -> io::Result<Option<Listing>> {
        self.kernel.list(TABLE, &Set::ALL.map(Set::name))
    }
}

/// Takes the table away, if it is there.
pub(crate) fn remove(now: impl Fn() -> Time) -> Result<(), String> {
    let is_there = Nftables::open().and_then(|mut kernel| kernel.list(TABLE, &[]));
    match is_there {
        Ok(None) => Ok(()),
        Ok(Some(_)) => run(script(&Change::Remove, &Counts::new()), now),
        Err(error) => Err(error.to_string()),
    }
}

fn run(script: String, now: impl Fn() -> Time) -> Result<(), String> {
    let command = Command {
        program: "nft".into(),
        arguments: vec!["-f".into(), "-".into()],
        input: script.into_bytes(),
        timeout: TIMEOUT,
        keep: command::OUTPUT_KEPT,
    };
    match command::run(&command, now) {
        Ok(finished) => finished.into_result().map_err(|error| format!("nft: {error}")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err("nft is not there; install the package nftables".to_owned())
        }
        Err(error) => Err(format!("nft cannot be run: {error}")),
    }
}

/// The change in nft's words, which it carries out as one transaction. What was counted goes on being counted.
fn script(change: &Change, counts: &Counts) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    match change {
        Change::Build(sets) => {
            // Made first, so that there is something to delete.
            text = format!("table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n");
            for set in Set::ALL {
                let members: Vec<String> =
                    sets.get(&set).into_iter().flatten().map(|it| element(set, it, counts)).collect();
                let elements = if members.is_empty() {
                    String::new()
                } else {
                    format!(" elements = {{ {} }};", members.join(", "))
                };
                let _ = writeln!(text, "\tset {} {{ {}{elements} }}", set.name(), kind(set));
            }
            text.push_str(RULES);
            text.push_str("}\n");
        }
        Change::Amend { put, take } => {
            for (verb, elements) in [("add", put), ("delete", take)] {
                for (set, it) in elements {
                    let shown = if verb == "add" { element(*set, it, counts) } else { plain(it) };
                    let _ = writeln!(text, "{verb} element inet {TABLE} {} {{ {shown} }}", set.name());
                }
            }
        }
        Change::Remove => text = format!("table inet {TABLE}\ndelete table inet {TABLE}\n"),
    }
    text
}

const fn kind(set: Set) -> &'static str {
    match set {
        Set::Block | Set::Pause | Set::Local => "type ether_addr; counter;",
        Set::Known => "type ether_addr;",
        Set::Guarded | Set::Internet | Set::DeadEnd => "type ifname;",
        Set::Page => "type inet_service;",
    }
}

const fn counts_its_elements(set: Set) -> bool {
    matches!(set, Set::Block | Set::Pause | Set::Local)
}

fn element(set: Set, element: &Element, counts: &Counts) -> String {
    let counted = match element {
        Element::Device(mac) if counts_its_elements(set) => counts.get(mac),
        Element::Device(_) | Element::Interface(_) | Element::Port(_) => None,
    };
    match counted {
        Some((packets, bytes)) => format!("{} counter packets {packets} bytes {bytes}", plain(element)),
        None => plain(element),
    }
}

fn plain(element: &Element) -> String {
    match element {
        Element::Device(mac) => mac.to_string(),
        Element::Interface(name) => format!("\"{name}\""),
        Element::Port(port) => port.to_string(),
    }
}

/// Whether an interface can be named in nft's language: the kernel allows names that would be read as something else.
pub(crate) fn can_name(interface: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@:+".contains(&byte);
    !interface.is_empty() && interface.len() < 16 && interface.bytes().all(is_plain)
}

fn sets(listing: &Listing) -> Sets {
    let mut sets = Sets::new();
    for set in Set::ALL {
        let members = listing.sets.get(set.name()).into_iter().flatten();
        // What cannot be read cannot be ours either, and is found to be missing.
        let elements: std::collections::BTreeSet<Element> =
            members.filter_map(|member| read(set, &member.key)).collect();
        if !elements.is_empty() {
            sets.insert(set, elements);
        }
    }
    sets
}

fn read(set: Set, key: &[u8]) -> Option<Element> {
    match set {
        Set::Block | Set::Pause | Set::Local | Set::Known => {
            key.first_chunk().map(|mac| Element::Device(Hardware(*mac)))
        }
        Set::Guarded | Set::Internet | Set::DeadEnd => {
            let name = key.split(|byte| *byte == 0).next()?;
            Some(Element::Interface(String::from_utf8_lossy(name).into_owned()))
        }
        Set::Page => key.first_chunk().map(|port| Element::Port(u16::from_be_bytes(*port))),
    }
}

fn counts(listing: &Listing) -> Counts {
    let counting = Set::ALL.into_iter().filter(|set| counts_its_elements(*set));
    let members = counting.filter_map(|set| listing.sets.get(set.name())).flatten();
    let mut counts = Counts::new();
    for Member { key, packets, bytes } in members {
        if let Some(mac) = key.first_chunk() {
            let count = counts.entry(Hardware(*mac)).or_default();
            *count = (count.0.saturating_add(*packets), count.1.saturating_add(*bytes));
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Hardware = Hardware([2, 0, 0, 0, 0, 0xa]);

    #[test]
    fn a_change_is_said_in_nfts_words() {
        let mut sets = Sets::new();
        sets.entry(Set::Pause).or_default().insert(Element::Device(MAC));
        sets.entry(Set::Internet).or_default().insert(Element::Interface("wan1".into()));
        sets.entry(Set::Page).or_default().insert(Element::Port(8067));
        let build = script(&Change::Build(sets), &Counts::from([(MAC, (3, 180))]));
        insta::assert_snapshot!(build.replace('\t', "  "));
        let amend = Change::Amend {
            put: vec![(Set::Block, Element::Device(MAC))],
            take: vec![(Set::Internet, Element::Interface("ppp0".into()))],
        };
        insta::assert_snapshot!(script(&amend, &Counts::new()), @r#"
        add element inet rebootping block { 02:00:00:00:00:0a }
        delete element inet rebootping internet { "ppp0" }
        "#);
    }

    #[test]
    fn an_interface_that_would_be_read_as_something_else_is_not_named() {
        for name in ["wan1", "ppp0", "eth0.100", "wg-home", "br_lan", "veth@if3"] {
            assert!(can_name(name), "{name}");
        }
        for name in ["", "a\"; drop", "eth*", "a b", "x\n", "0123456789abcdef"] {
            assert!(!can_name(name), "{name}");
        }
    }

    #[test]
    fn what_the_kernel_gives_back_is_what_was_put_in() {
        let member = |key: &[u8], packets| Member { key: key.to_vec(), packets, bytes: packets * 60 };
        let mut wan = b"wan1".to_vec();
        wan.resize(16, 0);
        let listing = Listing {
            rules: Vec::new(),
            sets: BTreeMap::from([
                ("local".into(), vec![member(&MAC.0, 2)]),
                ("block".into(), vec![member(&MAC.0, 3)]),
                ("internet".into(), vec![member(&wan, 0)]),
                ("page".into(), vec![member(&[0x1f, 0x83], 0), member(&[1], 0)]),
            ]),
        };
        let expected = [
            (Set::Block, Element::Device(MAC)),
            (Set::Local, Element::Device(MAC)),
            (Set::Internet, Element::Interface("wan1".into())),
            (Set::Page, Element::Port(8067)),
        ];
        let found: Vec<_> =
            sets(&listing).into_iter().flat_map(|(set, all)| all.into_iter().map(move |it| (set, it))).collect();
        assert_eq!(found, expected);
        assert_eq!(counts(&listing), Counts::from([(MAC, (5, 300))]));
    }
}

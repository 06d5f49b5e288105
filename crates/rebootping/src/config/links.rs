//! `[links]` and `[[link]]`: which interfaces are Internet links, and what is special about each.

use super::error::Errors;
use super::field::{Field, Fields, Read};
use super::glob::Glob;
use super::probe::{MOST_ECHOES, hold_down, targets};
use super::rules::read_rules;
use super::values::{flag, glob, list, number, size, text};
use super::written::{Written, quoted};
use core::net::IpAddr;
use core::time::Duration;
use rebootping_core::control::prefix::Prefix;

/// The last day that every month has.
const LAST_DAY: u8 = 28;
/// A subnet of the LAN has this length (RFC 7421).
const LONGEST_PREFIX: u8 = 64;

/// `[links]`: which interfaces are Internet links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LinksSettings {
    /// Empty means those of Shorewall's providers, else every interface with a default route.
    pub(crate) interfaces: Vec<Glob>,
}

impl LinksSettings {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        Self { interfaces: fields.get("interfaces", list(glob)).unwrap_or_default() }
    }
}

/// `[[link]]`: what is special about the links whose interface it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkRule {
    /// The interfaces it is about.
    pub(crate) interface: Glob,
    /// A name for people, which commands accept too; no two rules share one.
    pub(crate) label: Option<String>,
    /// Traffic costs money: probed sparsely while others are well.
    pub(crate) metered: bool,
    /// Targets of its own, of one or both families, instead of those of `[probe]`; never empty.
    pub(crate) targets: Option<Vec<IpAddr>>,
    /// Echoes per target and round, instead of those of `[probe]`.
    pub(crate) echoes: Option<u8>,
    /// Hold-down of its own, instead of that of `[select]`.
    pub(crate) hold_down: Option<Duration>,
    /// IPv6 prefixes that the provider has delegated; those that a routing rule names are found without.
    pub(crate) prefixes: Vec<Prefix>,
    /// Bytes the tariff allows a month.
    pub(crate) cap: Option<u64>,
    /// Day of the month, 1 to 28, on which the count of `cap` begins anew.
    pub(crate) cap_day: Option<u8>,
}

impl LinkRule {
    /// Reads all `[[link]]`; `interval` is the length of a round.
    pub(super) fn read_all(written: Option<&Written>, interval: Duration, errors: &mut Errors) -> Vec<Self> {
        let mut labels = Vec::new();
        read_rules("[[link]]", written, errors, |interface, fields| {
            let rule = Self {
                interface,
                label: fields.get("label", |field| label(field, &labels)),
                metered: fields.get("metered", flag).unwrap_or_default(),
                targets: fields.get("targets", targets),
                echoes: fields.get("echoes", number(1, MOST_ECHOES)),
                hold_down: fields.get("hold_down", hold_down(interval)),
                prefixes: fields.get("prefixes", list(prefix)).unwrap_or_default(),
                cap: fields.get("cap", size(1)),
                cap_day: fields.get("cap_day", number(1, LAST_DAY)),
            };
            refuse_cap_day_alone(fields);
            labels.extend(rule.label.clone());
            rule
        })
    }
}

/// Reads a label that no earlier rule has.
fn label(field: &Field<'_>, earlier: &[String]) -> Read<String> {
    let label = text(field)?;
    if earlier.contains(&label) {
        let what = format!("{} is another link's already", quoted(&label));
        return Err(field.problem(what, "give each link a label of its own").into());
    }
    Ok(label)
}

/// Reads a prefix that a provider can delegate.
fn prefix(field: &Field<'_>) -> Read<Prefix> {
    const HINT: &str = "write a prefix as the provider delegates it, such as \"2001:db8:100::/56\"";
    let Some(written) = field.as_text() else { return field.mistyped("an IPv6 prefix", HINT) };
    match written.parse::<Prefix>() {
        Ok(prefix) if prefix.is_global() && prefix.length() <= LONGEST_PREFIX => Ok(prefix),
        _ => field.refuse(format!("{}, which no provider delegates", quoted(written)), HINT),
    }
}

fn refuse_cap_day_alone(fields: &mut Fields<'_>) {
    if let (None, Some(cap_day)) = (fields.field("cap"), fields.field("cap_day")) {
        let remedy = "add the bytes a month allows, such as cap = \"10GB\", or remove cap_day";
        fields.wrong(cap_day.problem("is set without cap", remedy));
    }
}

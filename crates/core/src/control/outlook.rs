//! Which IPv6 prefixes the LAN's hosts should go on using, and where the Internet cannot be reached over IPv6 at all.
//!
//! The rule: a prefix that a provider has delegated works over that provider's link alone. While the link is out of the choice,
//! or gone, hosts are to avoid the prefix (its preferred lifetime is 0, RFC 4862 section 5.5.4), and they use it again with the
//! link. A prefix whose packets get another on their way out (`NPTv6`, masquerading) works over any link and is not touched.
//! Where one link alone has IPv6 and nothing answers over it, hosts avoid its prefix too, and what they send all the same is
//! refused, so that they go on over IPv4 at once. Where several have it and none answers, nothing is touched: no link is better.

use super::prefix::Prefix;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// Rounds without any answer after which a link that alone has IPv6 counts as dead: one may be a glitch.
const DEAD_AFTER: u32 = 2;

/// How a link stands in IPv6.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Standing {
    /// New connections use it.
    Used,
    /// It is there, and new connections avoid it.
    Left,
    /// It is not there: no carrier, no address, no next hop.
    Gone,
    /// New connections would use it, but nothing answers.
    Silent,
}

/// How every link stands in IPv6, by its interface.
pub type Standings = BTreeMap<String, Standing>;

/// Follows how links stand, round by round.
#[derive(Clone, Default, Debug)]
pub struct Outlook {
    silent_rounds: u32,
}

impl Outlook {
    /// Takes in how links stand after a round; a silence that is new does not count yet.
    pub fn handle_round(&mut self, mut standings: Standings) -> Standings {
        let is_silent = standings.values().any(|standing| *standing == Standing::Silent);
        self.silent_rounds = if is_silent { self.silent_rounds.saturating_add(1) } else { 0 };
        if self.silent_rounds < DEAD_AFTER {
            for standing in standings.values_mut().filter(|standing| **standing == Standing::Silent) {
                *standing = Standing::Used;
            }
        }
        standings
    }
}

/// The link that alone has IPv6 while nothing answers over it.
pub fn dead_end(standings: &Standings) -> Option<&str> {
    let mut there = standings.iter().filter(|(_, standing)| **standing != Standing::Gone);
    match (there.next(), there.next()) {
        (Some((link, Standing::Silent)), None) => Some(link),
        _ => None,
    }
}

/// What is known of prefixes.
#[derive(Clone, Default, Debug)]
pub struct Known {
    /// Whose link's each is.
    pub delegated: BTreeMap<Prefix, String>,
    /// Those whose packets get another prefix or address on their way out.
    pub translated: BTreeSet<Prefix>,
}

/// What becomes of a network of the LAN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use<'a> {
    /// It is nobody's that we know.
    Unknown,
    /// It works over any link.
    Translated,
    /// It works over this link, and that is in use.
    Works(&'a str),
    /// It works over this link alone, which is not in use.
    Avoided(&'a str),
}

/// What becomes of a network of the LAN while links stand like this.
pub fn use_of<'a>(network: Prefix, known: &'a Known, standings: &Standings) -> Use<'a> {
    if known.translated.iter().any(|translated| translated.holds(network)) {
        return Use::Translated;
    }
    // The longest that holds it: a provider may delegate a part of what another rule names.
    let delegated = known.delegated.iter().filter(|(delegated, _)| delegated.holds(network));
    let Some((_, link)) = delegated.max_by_key(|(delegated, _)| delegated.length()) else { return Use::Unknown };
    match standings.get(link) {
        Some(Standing::Left | Standing::Gone) => Use::Avoided(link),
        Some(Standing::Silent) if dead_end(standings) == Some(link) => Use::Avoided(link),
        Some(Standing::Used | Standing::Silent) | None => Use::Works(link),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{Gone, Left, Silent, Used};

    fn standings(of: &[Standing]) -> Standings {
        ["wan1", "wan2", "wan3"].into_iter().zip(of).map(|(link, standing)| (link.into(), *standing)).collect()
    }

    fn known(translated: &[&str]) -> Known {
        let delegated = [("2001:db8:100::/56", "wan1"), ("2001:db8:200::/56", "wan2"), ("2001:db8:100:8::/61", "wan3")];
        Known {
            delegated: delegated.into_iter().map(|(prefix, link)| (prefix.parse().unwrap(), link.into())).collect(),
            translated: translated.iter().map(|prefix| prefix.parse().unwrap()).collect(),
        }
    }

    #[track_caller]
    fn check(network: &str, of: &[Standing], translated: &[&str], expected: Use<'_>) {
        let known = known(translated);
        assert_eq!(use_of(network.parse().unwrap(), &known, &standings(of)), expected, "{network} {of:?}");
    }

    #[test]
    fn a_prefix_goes_and_comes_with_its_link() {
        let one = "2001:db8:100:1::/64";
        check(one, &[Used, Used], &[], Use::Works("wan1"));
        check(one, &[Left, Used], &[], Use::Avoided("wan1"));
        check(one, &[Gone, Used], &[], Use::Avoided("wan1"));
        check(one, &[Used, Gone], &[], Use::Works("wan1"));
        check("2001:db8:200::/64", &[Left, Used], &[], Use::Works("wan2"));
        check("2001:db8:100:9::/64", &[Left, Used, Used], &[], Use::Works("wan3"));
        check("2001:db8:300::/64", &[Left, Left], &[], Use::Unknown);
        check("fd61::/64", &[Left, Used], &[], Use::Unknown);
        // A link that is not judged any more says nothing of its prefix.
        check("2001:db8:200::/64", &[Used], &[], Use::Works("wan2"));
    }

    #[test]
    fn what_is_translated_on_its_way_out_is_not_touched() {
        check("2001:db8:100:1::/64", &[Left, Used], &["2001:db8:100::/56"], Use::Translated);
        check("2001:db8:100:1::/64", &[Left, Used], &["::/0"], Use::Translated);
        check("2001:db8:100:1::/64", &[Left, Used], &["fd61::/64"], Use::Avoided("wan1"));
    }

    #[test]
    fn a_dead_end_is_the_only_link_there_and_several_that_are_silent_are_none() {
        for (of, expected) in [
            (&[Silent][..], Some("wan1")),
            (&[Silent, Gone], Some("wan1")),
            (&[Silent, Silent], None),
            (&[Silent, Left], None),
            (&[Used, Gone], None),
            (&[Gone, Gone], None),
            (&[], None),
        ] {
            assert_eq!(dead_end(&standings(of)), expected, "{of:?}");
        }
        check("2001:db8:100:1::/64", &[Silent, Gone], &[], Use::Avoided("wan1"));
        check("2001:db8:100:1::/64", &[Silent, Silent], &[], Use::Works("wan1"));
    }

    #[test]
    fn one_silent_round_is_none() {
        let mut outlook = Outlook::default();
        let mut round = |standing| outlook.handle_round(standings(&[standing, Gone]));
        assert_eq!(round(Silent), standings(&[Used, Gone]));
        assert_eq!(round(Silent), standings(&[Silent, Gone]));
        assert_eq!(round(Used), standings(&[Used, Gone]));
        assert_eq!(round(Silent), standings(&[Used, Gone]));
    }
}

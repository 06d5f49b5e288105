//! What must outlive us of prefixes: whose link's each is, and since when we have which addresses not preferred.

use super::Settings;
use super::networks::Networks;
use crate::durable;
use rebootping_core::control::outlook::Known;
use rebootping_core::control::prefix::Prefix;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

/// Bounded by what it holds.
const LONGEST: u64 = 1 << 20;
/// So many prefixes are remembered; a gateway has a handful.
const MOST: usize = 256;

/// All of it.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// Whose link's a prefix was when its routing rule was there last: the rule goes with the link.
    pub(super) delegated: BTreeMap<Prefix, String>,
    /// Addresses of ours that we have not preferred, and until when each was to be, in seconds of Unix time; none for ever.
    pub(super) avoided: BTreeMap<Ipv6Addr, Option<u64>>,
}

impl Kept {
    /// What lies in the state folder; nothing if there is nothing or nothing that can be read: it is learnt again.
    pub(super) fn read(state: &Path) -> Self {
        let mut text = Vec::new();
        let read = File::open(path(state)).and_then(|file| file.take(LONGEST).read_to_end(&mut text));
        read.ok().and_then(|_| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Brings it to the disk.
    pub(super) fn write(&self, state: &Path) -> io::Result<()> {
        durable::replace(&path(state), &serde_json::to_vec(self)?)
    }

    /// What is known of prefixes: what the configuration says, what is seen, which is learnt, and what was seen before.
    pub(super) fn known(&mut self, settings: &Settings, networks: &Networks) -> Known {
        let Known { delegated, translated } = networks.known(&settings.links);
        self.learn(delegated);
        let mut delegated = self.delegated.clone();
        delegated.extend(settings.delegated.clone());
        if let Some(only) = networks.only_link(&settings.links) {
            for own in networks.own(&settings.links) {
                delegated.entry(own.network).or_insert_with(|| only.clone());
            }
        }
        Known { delegated, translated }
    }

    /// Learns whose link's these prefixes are. Where there is no room, those that are not among them go.
    fn learn(&mut self, seen: BTreeMap<Prefix, String>) {
        if self.delegated.len() + seen.len() > MOST {
            self.delegated.retain(|prefix, _| seen.contains_key(prefix));
        }
        self.delegated.extend(seen.into_iter().take(MOST));
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("prefixes.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;

    #[test]
    fn what_was_kept_is_read_again_and_what_cannot_be_is_nothing() {
        let scratch = Scratch::new("prefixes");
        let mut kept = Kept::read(scratch.path());
        assert_eq!(kept, Kept::default());
        kept.learn([("2001:db8:100::/56".parse().expect("a prefix"), "wan1".to_owned())].into());
        kept.avoided.insert("2001:db8:100::1".parse().expect("an address"), None);
        kept.avoided.insert("2001:db8:100::2".parse().expect("an address"), Some(1_767_225_600));
        kept.write(scratch.path()).expect("a disk");
        assert_eq!(Kept::read(scratch.path()), kept);
        scratch.write("prefixes.json", "{\"delegated\":5}");
        assert_eq!(Kept::read(scratch.path()), Kept::default());
    }

    #[test]
    fn there_is_room_for_so_many() {
        let of = |from: usize| {
            (from..from + MOST).map(|n| (format!("2001:db8:{n:x}::/48").parse().expect("one"), "wan1".to_owned()))
        };
        let mut kept = Kept::default();
        kept.learn(of(0).collect());
        kept.learn(of(1).collect());
        assert_eq!(kept.delegated.len(), MOST);
        assert!(kept.delegated.contains_key(&format!("2001:db8:{MOST:x}::/48").parse().expect("a prefix")));
    }
}

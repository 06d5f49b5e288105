//! What should be avoided, compared with what is; the difference is carried out, said, and can be taken back.

use super::Settings;
use super::kept::Kept;
use super::networks::{Networks, Own};
use super::radvd::Radvd;
use crate::clock;
use crate::netlink::lifetimes::{FOREVER, Lifetimes};
use rebootping_core::control::outlook::{Known, Standings, Use, use_of};
use rebootping_core::control::prefix::Prefix;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// How often is looked while something is avoided, or could not be.
const BUSY: Duration = Duration::from_secs(1);
/// The same while all links are in: to learn whose link each prefix is.
const IDLE: Duration = Duration::from_secs(10);

/// Networks that are avoided on an interface, and the link each works over.
type Wanted = BTreeMap<(String, Prefix), String>;

/// The loop's state.
pub(super) struct Keeper {
    settings: Settings,
    /// None while the judge has not said so; an empty one where nobody carries out choices.
    standings: Option<Standings>,
    is_released: bool,
    kept: Kept,
    /// What was said to be avoided.
    said: Wanted,
    trouble: Option<String>,
    tell: Box<dyn Fn(bool, String) + Send>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("standings", &self.standings).finish_non_exhaustive()
    }
}

impl Keeper {
    pub(super) fn new(settings: Settings, tell: Box<dyn Fn(bool, String) + Send>) -> Self {
        let kept = Kept::read(&settings.state);
        Self { settings, standings: None, is_released: false, kept, said: Wanted::new(), trouble: None, tell }
    }

    pub(super) fn configure(&mut self, settings: Settings) {
        self.settings = settings;
    }

    pub(super) fn stand(&mut self, standings: Option<Standings>) {
        self.standings = Some(standings.unwrap_or_default());
    }

    pub(super) fn release(&mut self) {
        self.is_released = true;
    }

    /// How long it can be waited before the next look.
    pub(super) fn pause(&self) -> Duration {
        let is_idle = self.said.is_empty() && self.kept.avoided.is_empty() && self.trouble.is_none();
        if is_idle { IDLE } else { BUSY }
    }

    /// Looks, puts right what is not as it should be, and says what does not work.
    pub(super) fn turn(&mut self) {
        match self.bring_about() {
            Ok(()) => self.trouble = None,
            Err(error) if self.trouble.as_ref() == Some(&error) => {}
            Err(error) => {
                (self.tell)(true, format!("prefixes of IPv6: {error}; it is tried again every second"));
                self.trouble = Some(error);
            }
        }
    }

    /// One look, and what follows from it.
    pub(super) fn bring_about(&mut self) -> Result<(), String> {
        let networks = Networks::look().map_err(|error| format!("the kernel cannot be asked: {error}"))?;
        let known = self.learn(&networks)?;
        let own = networks.own(&self.settings.links);
        // Until the judge has spoken all stays as the daemon before us left it.
        let Some(wanted) = self.wanted(&own, &known) else { return Ok(()) };
        let told = Self::tell_radvd(&wanted);
        self.prefer(&own, &wanted)?;
        told?;
        self.say(wanted);
        Ok(())
    }

    /// Learns whose link each prefix is; all that is known of them.
    fn learn(&mut self, networks: &Networks) -> Result<Known, String> {
        let before = self.kept.clone();
        let known = self.kept.known(&self.settings, networks);
        if self.kept != before {
            self.keep()?;
        }
        Ok(known)
    }

    fn wanted(&self, own: &[Own], known: &Known) -> Option<Wanted> {
        if self.is_released {
            return Some(Wanted::new());
        }
        let standings = self.standings.as_ref()?;
        let avoided = own.iter().filter_map(|own| match use_of(own.network, known, standings) {
            Use::Avoided(link) => Some(((own.interface.clone(), own.network), link.to_owned())),
            Use::Unknown | Use::Translated | Use::Works(_) => None,
        });
        Some(avoided.collect())
    }

    /// Has every radvd here advertise what is wanted.
    fn tell_radvd(wanted: &Wanted) -> Result<(), String> {
        let mut avoided: BTreeMap<String, BTreeSet<Prefix>> = BTreeMap::new();
        for (interface, network) in wanted.keys() {
            avoided.entry(interface.clone()).or_default().insert(*network);
        }
        Radvd::all().iter().try_for_each(|radvd| radvd.tell(&avoided))
    }

    /// Has our own addresses be preferred or not, as is wanted.
    fn prefer(&mut self, own: &[Own], wanted: &Wanted) -> Result<(), String> {
        let before = self.kept.clone();
        self.kept.avoided.retain(|ip, _| own.iter().any(|own| own.address.ip == *ip));
        let mut changes = Vec::new();
        for Own { interface, network, address } in own {
            let is_avoided = wanted.contains_key(&(interface.clone(), *network));
            if is_avoided && address.preferred > 0 {
                self.kept.avoided.insert(address.ip, until(address.preferred));
                changes.push((address, 0));
            } else if !is_avoided {
                let Some(until) = self.kept.avoided.remove(&address.ip) else { continue };
                // Whoever else prefers it again has done our work.
                let left = seconds_until(until);
                changes.extend((address.preferred == 0 && left > 0).then_some((address, left)));
            }
        }
        // What is taken away is written down first, what is given back last.
        let is_taking = changes.iter().any(|(_, seconds)| *seconds == 0);
        if is_taking && self.kept != before {
            self.keep()?;
        }
        let said = |error| format!("addresses cannot be changed: {error}");
        if !changes.is_empty() {
            let mut lifetimes = Lifetimes::open().map_err(said)?;
            for (address, seconds) in changes {
                if let Err(error) = lifetimes.prefer(address, seconds) {
                    // It is still to be done.
                    self.kept = before;
                    return Err(said(error));
                }
            }
        }
        if !is_taking && self.kept != before {
            self.keep()?;
        }
        Ok(())
    }

    fn keep(&self) -> Result<(), String> {
        self.kept.write(&self.settings.state).map_err(|error| format!("they cannot be kept: {error}"))
    }

    /// Says what has changed for hosts.
    fn say(&mut self, wanted: Wanted) {
        for ((interface, network), link) in wanted.iter().filter(|(key, _)| !self.said.contains_key(key)) {
            let text = format!("hosts on {interface} are to avoid {network} while {link} is out of IPv6");
            (self.tell)(false, text);
        }
        for (interface, network) in self.said.keys().filter(|key| !wanted.contains_key(*key)) {
            (self.tell)(false, format!("hosts on {interface} may use {network} again"));
        }
        self.said = wanted;
    }
}

/// When a lifetime ends, in seconds of Unix time; none if it does not.
fn until(seconds: u32) -> Option<u64> {
    (seconds != FOREVER).then(|| now().saturating_add(u64::from(seconds)))
}

/// What is left of a lifetime that ends then.
fn seconds_until(until: Option<u64>) -> u32 {
    until.map_or(FOREVER, |until| u32::try_from(until.saturating_sub(now())).unwrap_or(FOREVER))
}

fn now() -> u64 {
    u64::try_from(clock::wall().as_second()).unwrap_or(0)
}

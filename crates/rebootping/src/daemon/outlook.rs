//! How links stand in IPv6, as far as it concerns the LAN: whoever keeps its hosts from dead ways is told when that changes.

use super::Daemon;
use super::settings::warden_settings;
use rebootping_core::control::outlook::{Outlook, Standing, Standings, dead_end};
use rebootping_core::engine::{FamilyReport, LinkReport, Report};
use rebootping_core::link::Presence;

/// So many rounds nobody must have carried out choices before hosts are left alone: at a start it takes some to find out.
const IDLE_ROUNDS: u32 = 10;

/// What was heard and told.
#[derive(Debug, Default)]
pub(super) struct Told {
    outlook: Outlook,
    idle_rounds: u32,
    /// What whoever has hosts avoid prefixes was told last.
    last: Last,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    /// To leave the hosts alone.
    Leave,
    Standings(Standings),
}

impl Told {
    /// The links are others: all is to be told anew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The link that alone has IPv6 while nothing answers over it.
    pub(super) fn dead_end(&self) -> Option<&str> {
        self.last.standings().and_then(dead_end)
    }
}

impl Last {
    fn standings(&self) -> Option<&Standings> {
        match self {
            Self::Standings(standings) => Some(standings),
            Self::Nothing | Self::Leave => None,
        }
    }
}

impl Daemon {
    /// Takes in a round.
    pub(super) fn look_out(&mut self, report: &Report) {
        let Some(standings) = standings(self.links.iter().map(|link| &link.name).zip(&report.links)) else { return };
        let standings = self.told.outlook.handle_round(standings);
        let is_wanted = self.config.commit.deprecate_prefixes;
        let is_idle = self.committer.status().backend == "observe";
        self.told.idle_rounds = if is_idle { self.told.idle_rounds.saturating_add(1) } else { 0 };
        if is_wanted && is_idle && self.told.idle_rounds < IDLE_ROUNDS {
            return;
        }
        let told = if is_wanted && !is_idle { Last::Standings(standings) } else { Last::Leave };
        if self.told.last != told && self.prefixes.stand(told.standings().cloned()) {
            let before = self.told.dead_end().map(str::to_owned);
            self.told.last = told;
            if self.told.dead_end() != before.as_deref() {
                self.warden.configure(warden_settings(&self.config, &self.links, self.told.dead_end()));
            }
        }
    }
}

/// How each link stands; nothing before IPv6 was judged.
fn standings<'a>(links: impl Iterator<Item = (&'a String, &'a LinkReport)>) -> Option<Standings> {
    links.map(|(name, report)| Some((name.clone(), standing(report.families.last()?.as_ref()?)))).collect()
}

fn standing(report: &FamilyReport) -> Standing {
    match (report.path.presence, report.verdict.enabled) {
        (Presence::Present, true) if report.silent => Standing::Silent,
        (Presence::Present, true) => Standing::Used,
        (Presence::Present, false) => Standing::Left,
        (Presence::NoCarrier | Presence::NoAddress | Presence::NoNextHop | Presence::Absent, _) => Standing::Gone,
    }
}

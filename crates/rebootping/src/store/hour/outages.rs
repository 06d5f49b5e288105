//! Outages, found as the judge's notes come in: each is a row that is written over while it goes on.

use super::super::kinds::Happening;
use super::super::memory::Row;
use super::Made;
use rebootping_core::history::outages::{Outage, Outages};
use rebootping_core::history::relay::Message;
use rebootping_core::link::Family;
use rebootping_core::time::Time;
use serde::{Deserialize, Serialize};

/// Those of this boot, and how things stand.
#[derive(Debug)]
pub(super) struct Watch {
    /// The boot's name.
    boot: String,
    outages: Outages,
}

/// What happened that the judge's notes do not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Circumstance {
    /// The firewall was brought to these links.
    InForce { at: Time, family: Family, links: Vec<String> },
    /// In this span names were asked for, and answered or not.
    Names { begins: Time, ends: Time, answered: bool },
}

impl Circumstance {
    /// What the row of something the committer did says of links; none if they are as they were.
    pub(in crate::store) fn of_applied(row: &Row) -> Option<Self> {
        /// As the committer writes it.
        #[derive(Deserialize)]
        struct Applied {
            family: Family,
            in_force: Vec<String>,
        }
        if row.kind != Happening::Applied {
            return None;
        }
        let Applied { family, in_force: links } = serde_json::from_str(&row.body).ok()?;
        Some(Self::InForce { at: row.at, family, links })
    }
}

impl Watch {
    pub(super) fn new(boot: &str) -> Self {
        Self { boot: boot.to_owned(), outages: Outages::default() }
    }

    /// Takes a note of the judge's.
    pub(super) fn take(&mut self, message: &Message) {
        match message {
            Message::Begin(decider) => self.outages.handle_begin(&self.boot, decider),
            Message::Note(family, entry) => self.outages.handle_entry(*family, entry),
        }
    }

    /// Takes what the notes do not say.
    pub(super) fn hear(&mut self, circumstance: Circumstance) {
        match circumstance {
            Circumstance::InForce { at, family, links } => self.outages.handle_commit(at, family, links),
            Circumstance::Names { begins, ends, answered } => self.outages.handle_names(begins, ends, answered),
        }
    }

    /// What is new, as rows.
    pub(super) fn news(&mut self) -> Vec<Made> {
        std::iter::from_fn(|| self.outages.poll_output()).map(|outage| Made::Row(row(&outage))).collect()
    }

    /// Ends what goes on, for its boot is over or its record broke off; what is new, and how things stood.
    pub(super) fn end(&mut self) -> (Vec<Made>, Outages) {
        self.outages.handle_boot_end();
        (self.news(), std::mem::take(&mut self.outages))
    }

    /// Goes on from how things stood, unless more is known, or nothing was; whether it does.
    pub(super) fn go_on_from(&mut self, outages: Outages) -> bool {
        let goes_on = self.outages.is_blank() && !outages.is_blank();
        if goes_on {
            self.outages = outages;
        }
        goes_on
    }

    /// How things stand.
    pub(super) fn write(&self) -> Vec<u8> {
        self.outages.write()
    }

    /// Takes how things stood. Of what another version wrote nothing is known.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.outages = Outages::read(bytes).unwrap_or_default();
    }
}

/// The row of an outage: it is the same one for as long as it says when it came to count, and of whom.
fn row(outage: &Outage) -> Row {
    let link = outage.troubles.first().and_then(|trouble| trouble.link.as_ref());
    let subject = link.map(|(name, _)| name.clone()).unwrap_or_default();
    let body = serde_json::to_string(outage).unwrap_or_default();
    Row { kind: Happening::Outage, boot: None, at: outage.counted, subject, body }
}

//! The past as the page shows it: what a question of the page's is answered with, in the shapes of the API.

mod graph;
mod log;
mod minutes;
mod moved;
mod orders;

use super::outages::Outages;
use super::{Label, at};
use crate::clock;
use crate::ipc::past::{Past, What};
use crate::store::read::{Reader, Unreadable};
use crate::store::{Fresh, Wanted, Wish};
use jiff::Timestamp;
use rebootping_core::link::Family;
use rebootping_core::time::Time;

/// What the answer is made of.
struct Known<'a> {
    reader: &'a Reader,
    /// What the file does not have yet.
    fresh: &'a Fresh,
    label: Label<'a>,
}

/// What memory is to be asked for before the file is read.
pub(crate) fn wish(past: &Past) -> Wish {
    match &past.what {
        What::Graph(graph) => {
            let families = graph.family.map_or(Family::ALL.to_vec(), |family| vec![family]);
            let series = |family: Family| format!("{}/{}/", family.name(), graph.link);
            let wanted = |family| Wanted { series: series(family), since: Time::BOOT };
            Wish {
                samples: families.into_iter().map(wanted).collect(),
                traffic: Some(format!("link/{}", graph.link)),
                ..Wish::default()
            }
        }
        What::Why { .. } => Wish { hour: true, ..Wish::default() },
        What::Traffic { .. } | What::Totals => Wish { traffic: Some(moved::DEVICES.to_owned()), ..Wish::default() },
        What::Minutes { after } => minutes::wish(*after),
        What::Log(_) | What::Outages(_) | What::Sheet { .. } => Wish::default(),
    }
}

/// The answer, or why there is none.
pub(crate) fn tell(past: &Past, reader: &Reader, fresh: &Fresh) -> Result<String, String> {
    let label = |interface: &str| past.labels.get(interface).cloned();
    let known = Known { reader, fresh, label: &label };
    match &past.what {
        What::Graph(asked) => graph::tell(&known, asked).map(|answer| answer.to_string()),
        What::Why { link, family, at } => {
            let open = reader.open_hour_of(fresh).map_err(in_words)?;
            at::for_page(&at::Asked { reader, open: &open, label: &label, link, family: *family, at: *at })
                .map(|answer| answer.to_string())
        }
        What::Traffic { macs, stretch } => moved::of_device(&known, macs, *stretch).map(|answer| answer.to_string()),
        What::Totals => moved::totals(&known).map(|answer| answer.to_string()),
        What::Minutes { after } => {
            minutes::tell(&known, *after).and_then(|it| serde_json::to_string(&it).map_err(|error| error.to_string()))
        }
        What::Log(asked) => log::tell(&known, asked).map(|answer| answer.to_string()),
        What::Outages(since) => known.outages(*since).map(|outages| outages.json().to_string()),
        What::Sheet { since, gateway } => known.outages(*since).map(|outages| outages.sheet(gateway)),
    }
}

impl Known<'_> {
    /// What went wrong since then, in unix seconds.
    fn outages(&self, since: i64) -> Result<Outages, String> {
        let called = |link: &str| (self.label)(link).unwrap_or_else(|| link.to_owned());
        let since = Timestamp::from_second(since).unwrap_or_default();
        Outages::read(self.reader, self.fresh, &called, (since, clock::wall())).map_err(in_words)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an error is turned into another")]
fn in_words(why: Unreadable) -> String {
    why.to_string()
}

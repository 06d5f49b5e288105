//! The past as the page shows it: what a question of the page's is answered with, in the shapes of the API.

mod graph;
mod log;

use super::{Label, at};
use crate::ipc::past::{Past, What};
use crate::store::read::{Reader, Unreadable};
use crate::store::{Fresh, Wanted, Wish};
use rebootping_core::link::Family;
use rebootping_core::time::Time;
use serde_json::Value;

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
            Wish { samples: families.into_iter().map(wanted).collect(), hour: false }
        }
        What::Why { .. } => Wish { samples: Vec::new(), hour: true },
        What::Log(_) => Wish::default(),
    }
}

/// The answer, or why there is none.
pub(crate) fn tell(past: &Past, reader: &Reader, fresh: &Fresh) -> Result<Value, String> {
    let label = |interface: &str| past.labels.get(interface).cloned();
    let known = Known { reader, fresh, label: &label };
    match &past.what {
        What::Graph(asked) => graph::tell(&known, asked),
        What::Why { link, family, at } => {
            let open = reader.open_hour_of(fresh).map_err(in_words)?;
            at::for_page(&at::Asked { reader, open: &open, label: &label, link, family: *family, at: *at })
        }
        What::Log(asked) => log::tell(&known, asked),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an error is turned into another")]
fn in_words(why: Unreadable) -> String {
    why.to_string()
}

//! What memory has and the file does not have yet, told to whoever reads the file beside the thread that writes it.
//!
//! The file lags behind by a flush; a page shows what happened a second ago. Who asks waits for the thread, and never the thread for
//! who asks: where it hangs with its disk, the file alone has to do.

use super::hour::Wanted;
use super::memory::{Block, Row, Sum};
use super::{Order, Store};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// A thread that takes longer waits for its disk.
const PATIENCE: Duration = Duration::from_secs(1);

/// What of it somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Samples of these series.
    pub(crate) samples: Vec<Wanted>,
    /// Minutes of traffic, and sums, of the series that begin so.
    pub(crate) traffic: Option<String>,
    /// All of the hour that is not over, as it was heard.
    pub(crate) hour: bool,
}

/// What memory has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fresh {
    /// The boot that runs, as the kernel names it; empty where nothing was told.
    pub(crate) boot: String,
    /// What happened.
    pub(crate) rows: Vec<Row>,
    /// Stretches of hours that are over, and the samples and minutes that were wished for of the one that is not.
    pub(crate) blocks: Vec<Block>,
    /// What the series that were wished for moved, as far as no day in the file has it.
    pub(crate) sums: Vec<Sum>,
    /// The hour that is not over as it was heard, the file's share included.
    pub(crate) hour: Vec<u8>,
}

/// A way to ask the thread; it does not keep the thread alive.
#[derive(Clone, Debug)]
pub(crate) struct Door(Weak<SyncSender<Order>>);

impl Store {
    /// A way to ask for what is not in the file yet.
    pub(crate) fn door(&self) -> Door {
        Door(self.orders.as_ref().map(Arc::downgrade).unwrap_or_default())
    }
}

impl Door {
    /// What memory has; nothing where the thread does not answer in time.
    pub(crate) fn ask(&self, wish: Wish) -> Fresh {
        let (reply, answered) = sync_channel(1);
        let is_asked = self.0.upgrade().is_some_and(|orders| orders.try_send(Order::Fresh(wish, reply)).is_ok());
        if is_asked { answered.recv_timeout(PATIENCE).unwrap_or_default() } else { Fresh::default() }
    }
}

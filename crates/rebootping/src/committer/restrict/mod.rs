//! Keeps devices restricted as the operator ordered, and hosts out of a dead end of IPv6, whatever happens to the firewall around us.
//!
//! The rule: what is ordered is in the kernel first, then on the disk with its row in the audit, then answered; where the
//! firewall refuses, nothing is changed. The table is ours alone. It stays while we are away, so that a restart opens no window;
//! it is looked at once a second and at every change the kernel announces, and put right at once. A restriction ends to the
//! second, also one that ended while we were away.
//!
//! One thread does all of it, so that a slow disk or a firewall that is being loaded holds up no link.

mod hours;
mod keeper;
mod kept;
mod neighbours;
mod orders;

use super::audit::{Row, Who};
use super::dhcp::Teller;
use crate::config::serving::Dhcp;
use crate::ipc::control::{ControlOrder, ControlReport};
use keeper::Keeper;
use nix::sys::eventfd::{EfdFlags, EventFd};
use rebootping_core::control::names::{Named, Names, Refusal};
use rebootping_core::inventory::report::Hardware;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Orders that may wait; each takes some ten milliseconds.
const ORDERS: usize = 64;

/// What restrictions depend on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Settings {
    /// Where what must survive is kept.
    pub(crate) state: PathBuf,
    /// Interfaces that lead to the Internet; none while nobody knows.
    pub(crate) internet: BTreeSet<String>,
    /// The link that alone has IPv6 while nothing answers over it: what is forwarded there is refused.
    pub(crate) dead_end: Option<String>,
    /// TCP ports of the page.
    pub(crate) page: BTreeSet<u16>,
    /// Interfaces whose unknown devices are in quarantine.
    pub(crate) guarded: BTreeSet<String>,
    /// The DHCP server that is told names.
    pub(crate) dhcp: Dhcp,
}

/// Hears what became of an order: what was done, or why not.
pub(crate) type Reply = Box<dyn FnOnce(Result<String, String>) + Send>;

/// An order, and whom to answer.
pub(crate) struct Order {
    pub(crate) what: ControlOrder,
    /// The order that this one undoes.
    pub(crate) undoes: Option<u64>,
    pub(crate) who: Who,
    pub(crate) reply: Reply,
}

/// What is said without being asked.
pub(crate) enum Told {
    /// Something the operator would like to know, or should.
    Event { is_trouble: bool, text: String },
    /// To undo an order, this one has to go the way that orders go.
    Undoing(Order),
    /// The history is to have this row of the audit; it is kept here until it does.
    Row(Box<Row>),
}

enum Wish {
    Configure(Box<Settings>),
    Carry(Box<Order>),
    Show(Option<Hardware>, Box<dyn FnOnce(ControlReport) + Send>),
    /// The history has the audit up to this row.
    InHistory(u64),
    /// Erase what is kept of these devices.
    Forget(Vec<Hardware>, Box<dyn FnOnce(Result<(), String>) + Send>),
    Release,
    Stop,
}

/// What others may look at without asking.
#[derive(Default)]
struct Shown {
    names: Names,
    restricted: BTreeSet<Hardware>,
}

/// The thread that keeps devices restricted.
pub(crate) struct Warden {
    wishes: SyncSender<Wish>,
    bell: Arc<EventFd>,
    shown: Arc<Mutex<Shown>>,
    thread: JoinHandle<()>,
}

impl Warden {
    /// Starts it; `tell` is called from its thread and must not wait.
    pub(crate) fn start(settings: Settings, tell: impl Fn(Told) + Send + Sync + 'static) -> io::Result<Self> {
        let (wishes, inbox) = sync_channel(ORDERS);
        let bell = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?);
        let shown = Arc::new(Mutex::new(Shown::default()));
        let tell = Arc::new(tell);
        let warn = Arc::clone(&tell);
        let teller = Teller::start(move |text| warn(Told::Event { is_trouble: true, text }))?;
        let keeper = Keeper::new(settings, Box::new(move |told| tell(told)), Arc::clone(&shown), teller);
        let heard = Arc::clone(&bell);
        let thread = thread::Builder::new().name("warden".into()).spawn(move || keeper.run(&inbox, &heard))?;
        Ok(Self { wishes, bell, shown, thread })
    }

    /// Goes on with other settings.
    pub(crate) fn configure(&self, settings: Settings) {
        // A full inbox is emptied in a moment, and the next change of links comes with all settings again.
        let _full = self.put(Wish::Configure(Box::new(settings)));
    }

    /// Has an order carried out; it is answered when that is done.
    pub(crate) fn carry(&self, order: Order) {
        if let Err(Wish::Carry(order)) = self.put(Wish::Carry(Box::new(order))) {
            (order.reply)(Err("too many orders wait; try again in a moment".into()));
        }
    }

    /// Shows how devices are controlled, those behind a MAC if one is given.
    pub(crate) fn show(&self, after: Option<Hardware>, reply: Box<dyn FnOnce(ControlReport) + Send>) {
        // Who asks in vain hears so by its own patience.
        let _full = self.put(Wish::Show(after, reply));
    }

    /// Why a device could not be called so.
    pub(crate) fn objection(&self, mac: Hardware, named: &Named) -> Option<String> {
        lock(&self.shown).names.objection(mac, named).map(|refusal| said(refusal, named))
    }

    /// Whether a device is restricted, now or in some hours.
    pub(crate) fn restricts(&self, mac: Hardware) -> bool {
        lock(&self.shown).restricted.contains(&mac)
    }

    /// The history has the audit up to this row.
    pub(crate) fn has_history(&self, row: u64) {
        // A row that is not known to be there is handed over once more at the next start.
        let _full = self.put(Wish::InHistory(row));
    }

    /// Erases what is kept of these devices, names and orders about them.
    pub(crate) fn forget(&self, macs: Vec<Hardware>, reply: Box<dyn FnOnce(Result<(), String>) + Send>) {
        if let Err(Wish::Forget(_, reply)) = self.put(Wish::Forget(macs, reply)) {
            reply(Err("it is forgotten, but too many orders wait to erase those about it; say it once more".into()));
        }
    }

    /// Takes the table away until the next start; what is restricted stays written down.
    pub(crate) fn release(&self) {
        let _full = self.put(Wish::Release);
    }

    /// Ends the thread; the table stays.
    pub(crate) fn stop(self) {
        if self.put(Wish::Stop).is_ok() {
            // A panic there has been told by its own message.
            drop(self.thread.join());
        }
    }

    fn put(&self, wish: Wish) -> Result<(), Wish> {
        let put = self.wishes.try_send(wish).map_err(|error| match error {
            TrySendError::Full(wish) | TrySendError::Disconnected(wish) => wish,
        });
        // It can only fail when it has rung 2^64 times unheard.
        let _unheard = self.bell.write(1).is_err();
        put
    }
}

/// Takes the table away where no daemon runs to do it.
pub(crate) fn release() -> Result<(), String> {
    super::nft::remove(crate::clock::now)
}

fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

fn said(refusal: Refusal, named: &Named) -> String {
    match refusal {
        Refusal::NameTaken(mac) => format!("{mac} is called {} already; a name has one device", named.label),
        Refusal::AddressTaken(mac) => format!("{mac} has that address already"),
        Refusal::Full => "so many devices are named that there is no room; take names back first".to_owned(),
    }
}

//! Has the LAN's hosts avoid IPv6 prefixes of links that are out, and use them again with the link.
//!
//! The rule is in [`outlook`](rebootping_core::control::outlook). It is carried out in two places. Our own address in the
//! network is not preferred any more: dnsmasq, whose range is made from the interface's addresses, advertises that at once, and
//! radvd does from 2.20 on; besides, this host takes another itself. And radvd's file says so where it names the prefix, for
//! older ones. Both are compared with what should be once a second while anything is avoided, and put right; what was
//! there before is kept on the disk first, so that it can be given back whatever happens.
//!
//! One thread does all of it, so that a slow disk holds up no link.

mod keeper;
mod kept;
pub(crate) mod networks;
pub(crate) mod radvd;
pub(crate) mod radvd_conf;

use keeper::Keeper;
use kept::Kept;
use networks::Networks;
use rebootping_core::control::outlook::{Known, Standings};
use rebootping_core::control::prefix::Prefix;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Changes that may wait; links change some times a minute at worst.
const WISHES: usize = 16;

/// What prefixes depend on beside the links' state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Settings {
    /// Where what must survive is kept.
    pub(crate) state: PathBuf,
    /// Interfaces that lead to the Internet.
    pub(crate) links: BTreeSet<String>,
    /// Whose link each prefix is that the configuration names.
    pub(crate) delegated: BTreeMap<Prefix, String>,
}

enum Wish {
    Configure(Box<Settings>),
    /// Links stand like this; nothing is to be avoided where nobody carries out choices.
    Stand(Option<Standings>),
    Release,
    Stop,
}

/// The thread that has hosts avoid prefixes.
#[derive(Debug)]
pub(crate) struct Prefixes {
    wishes: SyncSender<Wish>,
    thread: JoinHandle<()>,
}

impl Prefixes {
    /// Starts it; `tell` is called from its thread and must not wait. Nothing is changed before links stand anywhere.
    pub(crate) fn start(settings: Settings, tell: impl Fn(bool, String) + Send + 'static) -> io::Result<Self> {
        let (wishes, inbox) = sync_channel(WISHES);
        let keeper = Keeper::new(settings, Box::new(tell));
        let thread = thread::Builder::new().name("prefixes".into()).spawn(move || follow(keeper, &inbox))?;
        Ok(Self { wishes, thread })
    }

    /// Goes on with other settings.
    pub(crate) fn configure(&self, settings: Settings) {
        // Full only while a disk hangs, and the next change of links comes with all settings again.
        drop(self.wishes.try_send(Wish::Configure(Box::new(settings))));
    }

    /// Says how links stand; none where nobody carries out choices. False if there is no room now: it is to be said again.
    pub(crate) fn stand(&self, standings: Option<Standings>) -> bool {
        self.wishes.try_send(Wish::Stand(standings)).is_ok()
    }

    /// Gives everything back until the next start.
    pub(crate) fn release(&self) {
        // Full only while a disk hangs.
        drop(self.wishes.try_send(Wish::Release));
    }

    /// Ends the thread; what is avoided stays so.
    pub(crate) fn stop(self) {
        if self.wishes.try_send(Wish::Stop).is_ok() {
            // A panic there has been told by its own message.
            drop(self.thread.join());
        }
    }
}

/// What is known of prefixes, by one who changes nothing.
pub(crate) fn known(settings: &Settings, networks: &Networks) -> Known {
    Kept::read(&settings.state).known(settings, networks)
}

/// Gives everything back where no daemon runs to do it.
pub(crate) fn release(state: &Path) -> Result<(), String> {
    let settings = Settings { state: state.to_path_buf(), links: BTreeSet::new(), delegated: BTreeMap::new() };
    let mut keeper = Keeper::new(settings, Box::new(|_, _| {}));
    keeper.release();
    keeper.bring_about()
}

fn follow(mut keeper: Keeper, wishes: &Receiver<Wish>) {
    loop {
        match wishes.recv_timeout(keeper.pause()) {
            Ok(Wish::Configure(settings)) => keeper.configure(*settings),
            Ok(Wish::Stand(standings)) => keeper.stand(standings),
            Ok(Wish::Release) => keeper.release(),
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Wish::Stop) | Err(RecvTimeoutError::Disconnected) => return,
        }
        keeper.turn();
    }
}

//! What all requests share: the settings, who has logged in, where answers come from, and the stream of what happens.

use super::attempts::Attempts;
use super::ledger::Ledger;
use super::live::Live;
use super::random::Random;
use super::sessions::Sessions;
use super::source::Source;
use super::undo::Undo;
use crate::ipc::web::WebSettings;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Passwords looked at at once: each takes the memory of its cost.
const LOGINS: usize = 2;
/// Captures handed out at once; the observer serves few at a time.
const DOWNLOADS: usize = 4;

/// What all requests share.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) settings: WebSettings,
    /// What this host is called.
    pub(super) gateway: String,
    pub(super) random: Random,
    pub(super) sessions: Sessions,
    pub(super) attempts: Attempts,
    pub(super) logins: Semaphore,
    pub(super) downloads: Arc<Semaphore>,
    pub(super) source: Source,
    pub(super) live: Live,
    pub(super) undo: Undo,
}

impl Site {
    /// A site with these settings that nobody has visited.
    pub(super) fn new(settings: WebSettings, gateway: String, random: Random, ledger: Option<Ledger>) -> Self {
        Self {
            source: Source::new(settings.run.clone()),
            settings,
            gateway,
            random,
            sessions: Sessions::of(ledger),
            attempts: Attempts::default(),
            logins: Semaphore::new(LOGINS),
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
            live: Live::default(),
            undo: Undo::default(),
        }
    }
}

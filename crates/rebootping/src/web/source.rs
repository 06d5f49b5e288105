//! Where answers come from: committer and observer, asked over their sockets, few at a time, and not again for what is still fresh.

use super::problem::Problem;
use crate::clock;
use crate::daemon::{self, Answer, Request};
use crate::devices::live::put_control;
use crate::ipc::control::ControlReport;
use crate::ipc::observer::{Fact, Traffic};
use crate::ipc::past::{Past, What};
use crate::observer::questions;
use crate::report::status::Status;
use axum::http::StatusCode;
use rebootping_core::inventory::report::{Hardware, Report, ReportedDevice};
use rebootping_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

/// All that is known of devices.
pub(super) type Devices = Report<String>;
/// A device.
pub(super) type Device = ReportedDevice<String>;

/// What each device moved.
pub(super) type Totals = BTreeMap<Hardware, Total>;

/// What a device moved today and this month.
#[derive(Clone, Copy, Default, Debug, Deserialize)]
pub(super) struct Total {
    pub(super) today: Amount,
    pub(super) month: Amount,
}

/// Bytes.
#[derive(Clone, Copy, Default, Debug, Serialize, Deserialize)]
pub(super) struct Amount {
    sent: u64,
    received: u64,
}

impl Amount {
    /// Adds what another MAC moved.
    pub(super) fn add(&mut self, other: Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.received = self.received.saturating_add(other.received);
    }
}

/// Questions on their way at once.
const AT_ONCE: usize = 12;
/// Questions about what was: the observer answers no more at once. A page with many graphs waits so long.
const OF_THE_PAST: usize = 2;
const PATIENCE: Duration = Duration::from_secs(10);
/// A link that changes in mid round is not kept from who looks.
const STATUS_STAYS: Duration = Duration::from_millis(200);
/// With thousands of devices the observer takes some time to say what it knows.
const DEVICES_STAY: Duration = Duration::from_secs(2);
/// Days and months grow slowly.
const TOTALS_STAY: Duration = Duration::from_secs(30);
const TOTALS_WITHIN: Duration = Duration::from_secs(1);
/// Names and new devices of the first page are not older.
const OF_LATE: Duration = Duration::from_secs(30);

/// Looking at configuration and machine takes a second or two, and asking whether it is done nearly nothing.
const CHECKED_WITHIN: Duration = Duration::from_secs(15);
const CHECK_AGAIN: Duration = Duration::from_millis(250);

/// Committer and observer, and what they said last.
#[derive(Debug)]
pub(super) struct Source {
    run: PathBuf,
    busy: Arc<Semaphore>,
    archive: Arc<Semaphore>,
    status: Mutex<Option<(Time, Arc<Status>)>>,
    totals: Mutex<Option<(Time, Arc<Totals>)>>,
    asking: Mutex<()>,
    devices: StdMutex<Option<Known>>,
}

/// What was said of devices last.
#[derive(Debug)]
struct Known {
    at: Time,
    devices: Arc<Devices>,
    /// Why the firewall was not as it should be, if it was not.
    trouble: Option<String>,
}

impl Source {
    /// Asks those whose sockets are in this folder.
    pub(super) fn new(run: PathBuf) -> Self {
        Self {
            run,
            busy: Arc::new(Semaphore::new(AT_ONCE)),
            archive: Arc::new(Semaphore::new(OF_THE_PAST)),
            status: Mutex::default(),
            totals: Mutex::default(),
            asking: Mutex::default(),
            devices: StdMutex::default(),
        }
    }

    /// How everything is, or was a moment ago.
    pub(super) async fn status(&self) -> Result<Arc<Status>, Problem> {
        let mut known = self.status.lock().await;
        if let Some((_, status)) = known.as_ref().filter(|(at, _)| clock::now().since(*at) < STATUS_STAYS) {
            return Ok(Arc::clone(status));
        }
        self.renew(&mut known).await
    }

    /// How everything is now.
    pub(super) async fn status_now(&self) -> Result<Arc<Status>, Problem> {
        self.renew(&mut *self.status.lock().await).await
    }

    async fn renew(&self, known: &mut Option<(Time, Arc<Status>)>) -> Result<Arc<Status>, Problem> {
        let Answer::Status(status) = self.ask(Request::Status).await? else { return Err(misunderstood()) };
        let status = Arc::<Status>::from(status);
        *known = Some((clock::now(), Arc::clone(&status)));
        Ok(status)
    }

    /// All that is known of devices.
    pub(super) async fn devices(&self) -> Result<Arc<Devices>, Problem> {
        // Whoever else wants them waits for the same answer.
        let _asking = self.asking.lock().await;
        if let Some(devices) = self.known(DEVICES_STAY) {
            return Ok(devices);
        }
        let mut devices: Devices = self.observer(Fact::Report).await?;
        // Devices are listed where it is not known how they are restricted: that is a trouble then.
        let unknown = |_| ControlReport { trouble: Some("nobody says how".to_owned()), ..ControlReport::default() };
        let control = self.controlled().await.unwrap_or_else(unknown);
        put_control(&mut devices, control.devices);
        let devices = Arc::new(devices);
        *self.lock() = Some(Known { at: clock::now(), devices: Arc::clone(&devices), trouble: control.trouble });
        Ok(devices)
    }

    /// What was known of devices not long ago, if anything was: nobody waits for it.
    pub(super) fn devices_of_late(&self) -> Option<Arc<Devices>> {
        self.known(OF_LATE)
    }

    /// Why the firewall was not as it should be when devices were last asked for, if it was not.
    pub(super) fn trouble(&self) -> Option<String> {
        self.lock().as_ref().and_then(|known| known.trouble.clone())
    }

    /// What each device has sent and was sent.
    pub(super) async fn traffic(&self) -> Result<Vec<Traffic>, Problem> {
        self.observer(Fact::Traffic).await
    }

    /// All MACs of the device that has this one, or this alone.
    pub(super) async fn macs(&self, mac: Hardware) -> Vec<Hardware> {
        let known = self.devices().await.ok();
        let device = known
            .as_ref()
            .and_then(|known| known.devices.iter().find(|device| device.mac == mac || device.also.contains(&mac)));
        device.map_or_else(|| vec![mac], |device| [vec![device.mac], device.also.clone()].concat())
    }

    /// How all devices are controlled of whom there is anything to say.
    async fn controlled(&self) -> Result<ControlReport, Problem> {
        let mut all = ControlReport::default();
        loop {
            let after = all.devices.last().map(|device| device.mac);
            let Answer::Controlled(page) = self.ask(Request::Controlled { after }).await? else {
                return Err(misunderstood());
            };
            let is_last = !page.more || page.devices.is_empty();
            (all.trouble, all.dhcp) = (page.trouble, page.dhcp);
            all.devices.extend(page.devices);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// What was, as the observer's JSON. Few ask at once, the others wait for a while.
    pub(super) async fn past(&self, past: Past) -> Result<String, Problem> {
        let waiting = timeout(PATIENCE, Arc::clone(&self.archive).acquire_owned()).await;
        let Ok(Ok(place)) = waiting else {
            return Err(Problem::busy("the history is asked too much at once; ask again in a second"));
        };
        let run = self.run.clone();
        let done = spawn_blocking(move || {
            let answer = questions::ask_past(&run, past);
            // Who asked may have gone: the place is free when the observer is done, and not before.
            drop(place);
            answer
        });
        let done = done.await;
        match done {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(Problem::new(StatusCode::NOT_FOUND, error.to_string()))
            }
            Ok(Err(error)) => Err(silent(&error)),
            Err(_) => Err(broken()),
        }
    }

    /// What each device moved today and this month; nothing where the history does not say so.
    pub(super) async fn totals(&self) -> Arc<Totals> {
        let mut known = self.totals.lock().await;
        if let Some((_, totals)) = known.as_ref().filter(|(at, _)| clock::now().since(*at) < TOTALS_STAY) {
            return Arc::clone(totals);
        }
        let past = Past { what: What::Totals, labels: BTreeMap::new() };
        let told = timeout(TOTALS_WITHIN, self.past(past)).await.ok().and_then(Result::ok);
        let told = told.and_then(|text| serde_json::from_str(&text).ok()).map(Arc::new);
        // Where the disk hangs, what was known before has to do.
        let before = known.take().map(|(_, totals)| totals);
        let totals = told.or(before).unwrap_or_default();
        *known = Some((clock::now(), Arc::clone(&totals)));
        totals
    }

    /// Has something done; what was done.
    pub(super) async fn order(&self, request: Request) -> Result<String, Problem> {
        let answer = self.ask(request).await?;
        // What was known before is not known any more.
        *self.status.lock().await = None;
        drop(self.asking.lock().await);
        *self.lock() = None;
        match answer {
            Answer::Done(text) => Ok(text),
            Answer::Refused(why) => Err(Problem::new(StatusCode::CONFLICT, why)),
            Answer::Status(_) | Answer::Check(_) | Answer::Controlled(_) | Answer::Alerts(_) => Err(misunderstood()),
        }
    }

    /// What `check` says, as JSON; waits while the machine is being looked at.
    pub(super) async fn check(&self) -> Result<String, Problem> {
        let until = clock::now() + CHECKED_WITHIN;
        loop {
            match self.ask(Request::Check).await? {
                Answer::Check(json) => return Ok(json),
                Answer::Refused(why) if clock::now() >= until => return Err(Problem::busy(why)),
                Answer::Refused(_) => sleep(CHECK_AGAIN).await,
                Answer::Status(_) | Answer::Done(_) | Answer::Controlled(_) | Answer::Alerts(_) => {
                    return Err(misunderstood());
                }
            }
        }
    }

    fn known(&self, no_older: Duration) -> Option<Arc<Devices>> {
        let known = self.lock();
        let fresh = known.as_ref().filter(|known| clock::now().since(known.at) < no_older);
        fresh.map(|known| Arc::clone(&known.devices))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the committer.
    pub(super) async fn ask(&self, request: Request) -> Result<Answer, Problem> {
        let run = self.run.clone();
        self.apart(move || daemon::ask(&run, &request)).await
    }

    async fn observer<T: serde::de::DeserializeOwned + Send + 'static>(&self, fact: Fact) -> Result<T, Problem> {
        let run = self.run.clone();
        self.apart(move || Ok(serde_json::from_str(&questions::ask(&run, fact)?)?)).await
    }

    /// Does what blocks where it blocks nobody.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(permit) = Arc::clone(&self.busy).try_acquire_owned() else {
            return Err(Problem::busy("too much is asked at once; ask again in a second"));
        };
        let done = spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        match done.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(silent(&error)),
            Err(_) => Err(broken()),
        }
    }
}

fn silent(error: &io::Error) -> Problem {
    Problem::busy(format!("the daemon does not answer ({error}); try again in a moment"))
}

fn broken() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "this could not be done; the log says why")
}

fn misunderstood() -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "the daemon answered something else; is it of this version?")
}

//! Where answers come from: committer and observer, asked over their sockets, few at a time, and not again for what is still fresh.

use super::problem::Problem;
use crate::clock;
use crate::daemon::{self, Answer, Request};
use crate::ipc::observer::{Fact, Traffic};
use crate::observer::questions;
use crate::report::status::Status;
use axum::http::StatusCode;
use rebootping_core::inventory::report::{Report, ReportedDevice};
use rebootping_core::time::Time;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::spawn_blocking;

/// All that is known of devices.
pub(super) type Devices = Report<String>;
/// A device.
pub(super) type Device = ReportedDevice<String>;

/// Questions on their way at once.
const AT_ONCE: usize = 12;
/// A status is one of this round.
const STATUS_STAYS: Duration = Duration::from_millis(500);
/// With thousands of devices the observer takes some time to say what it knows.
const DEVICES_STAY: Duration = Duration::from_secs(2);

/// Committer and observer, and what they said last.
#[derive(Debug)]
pub(super) struct Source {
    run: PathBuf,
    busy: Arc<Semaphore>,
    status: Mutex<Option<(Time, Arc<Status>)>>,
    devices: Mutex<Option<(Time, Arc<Devices>)>>,
}

impl Source {
    /// Asks those whose sockets are in this folder.
    pub(super) fn new(run: PathBuf) -> Self {
        Self { run, busy: Arc::new(Semaphore::new(AT_ONCE)), status: Mutex::default(), devices: Mutex::default() }
    }

    /// How everything is.
    pub(super) async fn status(&self) -> Result<Arc<Status>, Problem> {
        let mut known = self.status.lock().await;
        if let Some((_, status)) = known.as_ref().filter(|(at, _)| clock::now().since(*at) < STATUS_STAYS) {
            return Ok(Arc::clone(status));
        }
        let Answer::Status(status) = self.ask(Request::Status).await? else { return Err(misunderstood()) };
        let status = Arc::<Status>::from(status);
        *known = Some((clock::now(), Arc::clone(&status)));
        Ok(status)
    }

    /// All that is known of devices.
    pub(super) async fn devices(&self) -> Result<Arc<Devices>, Problem> {
        let mut known = self.devices.lock().await;
        if let Some((_, devices)) = known.as_ref().filter(|(at, _)| clock::now().since(*at) < DEVICES_STAY) {
            return Ok(Arc::clone(devices));
        }
        let devices: Arc<Devices> = Arc::new(self.observer(Fact::Report).await?);
        *known = Some((clock::now(), Arc::clone(&devices)));
        Ok(devices)
    }

    /// What each device has sent and was sent.
    pub(super) async fn traffic(&self) -> Result<Vec<Traffic>, Problem> {
        self.observer(Fact::Traffic).await
    }

    /// Has something done; what was done.
    pub(super) async fn order(&self, request: Request) -> Result<String, Problem> {
        let answer = self.ask(request).await?;
        // What was known before is not known any more.
        *self.status.lock().await = None;
        *self.devices.lock().await = None;
        match answer {
            Answer::Done(text) => Ok(text),
            Answer::Refused(why) => Err(Problem::new(StatusCode::CONFLICT, why)),
            Answer::Status(_) | Answer::Check(_) | Answer::Controlled(_) => Err(misunderstood()),
        }
    }

    /// What `check` says, as JSON.
    pub(super) async fn check(&self) -> Result<String, Problem> {
        match self.ask(Request::Check).await? {
            Answer::Check(json) => Ok(json),
            Answer::Refused(why) => Err(Problem::busy(why)),
            Answer::Status(_) | Answer::Done(_) | Answer::Controlled(_) => Err(misunderstood()),
        }
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
            Ok(Err(error)) => {
                Err(Problem::busy(format!("the daemon does not answer ({error}); try again in a moment")))
            }
            Err(_) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "this could not be done; the log says why")),
        }
    }
}

fn misunderstood() -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "the daemon answered something else; is it of this version?")
}

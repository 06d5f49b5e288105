//! Tells the service manager that we are ready, that the links are still being judged, and that we stop (`sd_notify(3)`).
//!
//! Its watchdog is fed by what the judge says and by nothing else: a daemon in which nobody judges any more is started anew.

use crate::log;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::Duration;

/// Where the service manager listens, if one started us: a path, or a name in the abstract namespace after an `@`.
const VARIABLE: &str = "NOTIFY_SOCKET";
/// A watchdog bites no sooner, however short rounds are: a machine may be busy for a while.
const LEAST: Duration = Duration::from_secs(30);

/// The service manager, if there is one.
#[derive(Debug, Default)]
pub(super) struct ServiceManager {
    socket: Option<UnixDatagram>,
}

impl ServiceManager {
    /// The one that started this process; one that cannot be told anything is as good as none, which is logged.
    pub(super) fn from_environment() -> Self {
        let socket = std::env::var_os(VARIABLE).and_then(|name| match connect(&name) {
            Ok(socket) => Some(socket),
            Err(error) => {
                log::warn(&format!(
                    "the service manager at {} cannot be told anything: {error}",
                    Path::new(&name).display()
                ));
                None
            }
        });
        Self { socket }
    }

    /// We are ready, and the judge is never silent for longer than `silence` unless something hangs.
    pub(super) fn ready(&self, silence: Duration) {
        self.tell(&format!("READY=1\nWATCHDOG_USEC={}", (silence * 2).max(LEAST).as_micros()));
    }

    /// The judge has said something.
    pub(super) fn judged(&self) {
        self.tell("WATCHDOG=1");
    }

    /// We are about to end because we were asked to.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Never waits: a manager that is too busy to listen hears the next.
    fn tell(&self, what: &str) {
        if let Some(socket) = &self.socket {
            drop(socket.send(what.as_bytes()));
        }
    }
}

fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    match name.as_bytes().strip_prefix(b"@") {
        Some(name) => socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?,
        None => socket.connect(name)?,
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(manager: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        let length = manager.recv(&mut buffer).expect("something was said");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn a_manager_is_found_by_path_and_by_abstract_name() {
        let name = format!("rebootping-test-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        let abstract_name = SocketAddr::from_abstract_name(&name).expect("a name");
        let by_path = UnixDatagram::bind(&path).expect("a socket");
        let by_name = UnixDatagram::bind_addr(&abstract_name).expect("a socket");
        let at = format!("@{name}");
        for (manager, name) in [(by_path, path.as_os_str()), (by_name, OsStr::new(&at))] {
            let ours = ServiceManager { socket: connect(name).ok() };
            ours.ready(Duration::from_secs(300));
            assert_eq!(said(&manager), "READY=1\nWATCHDOG_USEC=600000000");
            ours.ready(Duration::from_secs(1));
            assert_eq!(said(&manager), "READY=1\nWATCHDOG_USEC=30000000");
            ours.judged();
            ours.stopping();
            assert_eq!([said(&manager), said(&manager)], ["WATCHDOG=1", "STOPPING=1"]);
        }
        std::fs::remove_file(path).expect("it is ours");
    }

    #[test]
    fn one_that_listens_to_nobody_holds_up_nobody() {
        let name = format!("@rebootping-deaf-{}", std::process::id());
        assert!(connect(OsStr::new(&name)).is_err());
        let abstract_name = SocketAddr::from_abstract_name(&name[1..]).expect("a name");
        let _deaf = UnixDatagram::bind_addr(&abstract_name).expect("a socket");
        let ours = ServiceManager { socket: connect(OsStr::new(&name)).ok() };
        assert!(ours.socket.is_some());
        (0..100_000).for_each(|_| ours.judged());
    }
}

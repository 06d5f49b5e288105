//! Where a process of ours joins that a unit of its own started (systemd.service(5)): a socket only its user can connect to.
//!
//! The kernel says who connects, the process itself says its version. One of another version, as after an upgrade that this daemon
//! outlives, is left waiting: it belongs to the daemon that comes next.

use crate::clock;
use crate::ipc::joining::{VERSION, socket_path};
use crate::ipc::read_frame;
use crate::log;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::{Pid, Uid};
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a process may take to say its version.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes the folder of the sockets anew, without those of a daemon that was killed.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    // There is none at the first start.
    drop(fs::remove_dir_all(folder));
    fs::create_dir_all(folder)
}

/// The socket of one kind of process; dropping it removes the file.
#[derive(Debug)]
pub(super) struct Door {
    name: &'static str,
    path: PathBuf,
    listener: UnixListener,
    user: Uid,
    /// One of another version.
    left_waiting: Option<UnixStream>,
}

impl Door {
    /// Listens in that folder for processes of this name and user. Only the holder of the daemon's lock may call this.
    pub(super) fn open(folder: &Path, name: &'static str, user: Uid) -> io::Result<Self> {
        let path = socket_path(folder, name);
        drop(fs::remove_file(&path));
        let listener = UnixListener::bind(&path)?;
        listener.set_nonblocking(true)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        chown(&path, Some(user.as_raw()), None)?;
        Ok(Self { name, path, listener, user, left_waiting: None })
    }

    /// The first process that joins in time, and how to talk to it.
    pub(super) fn wait(&mut self, limit: Duration) -> Option<(Pid, UnixStream)> {
        let deadline = clock::now() + limit;
        loop {
            let left = deadline.since(clock::now());
            if left.is_zero() {
                return None;
            }
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            // Whatever woke us, the door says whether somebody is there.
            let _ = poll(&mut [PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)], timeout);
            let Ok((stream, _)) = self.listener.accept() else { continue };
            match self.met(&stream) {
                Ok(Met::Ours(pid)) => return Some((pid, stream)),
                Ok(Met::OtherVersion(version)) => {
                    log::warn(&format!(
                        "a {} of version {version} is left waiting; restart rebootping to use it",
                        self.name
                    ));
                    self.left_waiting = Some(stream);
                }
                Err(error) => log::warn(&format!("who joined as the {} is not taken: {error}", self.name)),
            }
        }
    }

    fn met(&self, stream: &UnixStream) -> io::Result<Met> {
        let who = getsockopt(stream, PeerCredentials)?;
        if ![self.user, Uid::from_raw(0)].contains(&Uid::from_raw(who.uid())) {
            return Err(io::Error::other(format!("it is user {}", who.uid())));
        }
        stream.set_read_timeout(Some(PATIENCE))?;
        let version: String = read_frame(&mut &*stream)?;
        stream.set_read_timeout(None)?;
        Ok(if version == VERSION { Met::Ours(Pid::from_raw(who.pid())) } else { Met::OtherVersion(version) })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Units look for it: the courier's begins when it is there.
        drop(fs::remove_file(&self.path));
    }
}

/// Who joined.
enum Met {
    Ours(Pid),
    OtherVersion(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::{frame, joining::join};
    use std::io::{Read, Write};

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(50);

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("rebootping-door-{}-{name}", std::process::id()));
        make_folder(&folder).expect("a folder can be made");
        folder
    }

    #[test]
    fn who_joins_early_is_let_in_and_named_by_the_kernel() {
        let folder = folder("early");
        let joining = std::thread::spawn({
            let folder = folder.clone();
            move || join(&folder, "judge")
        });
        let mut door = Door::open(&folder, "judge", Uid::effective()).expect("a door");
        let (pid, mut ours) = door.wait(LONG).expect("it joins");
        assert_eq!(pid, Pid::this());
        let mut theirs = joining.join().expect("its end").expect("a connection");
        ours.write_all(b"x").expect("it listens");
        theirs.read_exact(&mut [0]).expect("it is told");
        fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn one_of_another_version_is_left_waiting_and_one_that_says_nonsense_is_not() {
        let folder = folder("others");
        let mut door = Door::open(&folder, "judge", Uid::effective()).expect("a door");
        let connect = |said: &[u8]| {
            let mut stream = UnixStream::connect(socket_path(&folder, "judge")).expect("a connection");
            stream.write_all(said).expect("it listens");
            stream
        };
        let mut other = connect(&frame(&"0.0.0").expect("it is short"));
        let mut nonsense = connect(b"\xff\xff\xff\xff");
        let _same = connect(&frame(&VERSION).expect("it is short"));
        assert!(door.wait(LONG).is_some());
        assert_eq!(nonsense.read(&mut [0]).expect("it is closed"), 0);
        other.set_nonblocking(true).expect("a socket");
        assert_eq!(other.read(&mut [0]).expect_err("it is kept").kind(), io::ErrorKind::WouldBlock);
        assert!(door.wait(SHORT).is_none());
        fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn only_its_user_and_root_can_join() {
        let folder = folder("user");
        let _door =
            Door::open(&folder, "judge", Uid::from_raw(61_000)).expect("these tests give files away: run as root");
        let found = fs::metadata(socket_path(&folder, "judge")).expect("it is there");
        assert_eq!((found.permissions().mode() & 0o777, std::os::unix::fs::MetadataExt::uid(&found)), (0o600, 61_000));
        fs::remove_dir_all(folder).expect("it is ours");
    }
}

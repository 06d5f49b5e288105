//! How a process that a unit started joins the daemon: it waits for the socket of its name, says its version, and is told the rest.

use super::frame;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How often a process looks whether a daemon is there to join, and how many times before it ends: its unit starts another
/// if one is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS: u32 = 200;

/// What a process says first: only those of one version understand each other.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The socket in that folder at which processes of that name join.
pub(crate) fn socket_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}

/// Joins the daemon with this folder. `UnexpectedEof` means that none has come.
pub(crate) fn join(folder: &Path, name: &str) -> io::Result<UnixStream> {
    let path = socket_path(folder, name);
    for _ in 0..LOOKS {
        match UnixStream::connect(&path) {
            Ok(mut stream) => return stream.write_all(&frame(&VERSION)?).map(|()| stream),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                thread::sleep(LOOK_EVERY);
            }
            Err(error) => {
                return Err(io::Error::new(error.kind(), format!("join the daemon at {}: {error}", path.display())));
            }
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

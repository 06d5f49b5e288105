//! How a process that a unit started joins the daemon: it waits for the socket of its name, says which version it is, and is told the rest.

use super::frame;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How often a process looks whether a daemon is there to join.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a process says first: only those of one version understand each other.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The socket in that folder at which processes of that name join.
pub(crate) fn socket_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}

/// Joins the daemon with this folder, waiting for one however long that takes.
pub(crate) fn join(folder: &Path, name: &str) -> io::Result<UnixStream> {
    let path = socket_path(folder, name);
    let mut stream = loop {
        match UnixStream::connect(&path) {
            Ok(stream) => break stream,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                thread::sleep(LOOK_EVERY);
            }
            Err(error) => {
                return Err(io::Error::new(error.kind(), format!("join the daemon at {}: {error}", path.display())));
            }
        }
    };
    stream.write_all(&frame(&VERSION)?)?;
    Ok(stream)
}

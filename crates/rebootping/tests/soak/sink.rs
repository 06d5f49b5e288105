//! A web server on the lab's Internet that takes alerts and numbers, and now and then does not.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rebootping_lab::Lab;

/// The lab's Internet has this address.
const ADDRESS: &str = "8.8.8.8";
const PORT: u16 = 8080;
/// One that sends slower than this is gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of so many, one is answered that the server is busy, and of one it hears nothing more.
const BUSY_AT: u64 = 5;
const GONE_AT: u64 = 7;

/// The server, as long as the test lives.
pub(crate) struct Sink {
    folder: PathBuf,
    asked: Arc<AtomicU64>,
    taken: Arc<AtomicU64>,
}

impl Sink {
    pub(crate) fn start(lab: &Lab) -> Self {
        let listener = lab.net().enter(|| TcpListener::bind((ADDRESS, PORT)).expect("a port on the Internet"));
        let sink = Self { folder: lab.dir().clone(), asked: Arc::default(), taken: Arc::default() };
        let (asked, taken) = (Arc::clone(&sink.asked), Arc::clone(&sink.taken));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = asked.fetch_add(1, Ordering::Relaxed) + 1;
                if answer(&stream, number).is_some_and(|taken| taken) {
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        sink
    }

    /// `[alerts]` and `[remote_write]` of a gateway that tells it of all that lasts a second, and a minute's numbers.
    pub(crate) fn config(&self) -> String {
        let path = self.folder.join("hook.url");
        fs::write(&path, format!("http://{ADDRESS}:{PORT}/hook\n")).expect("a secret");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its mode");
        format!(
            "[alerts]\nafter = \"1s\"\nwebhook_url_file = \"{}\"\n[remote_write]\nurl = \"http://{ADDRESS}:{PORT}/write\"\n",
            path.display()
        )
    }

    /// How many messages came, and how many of them were taken.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.asked.load(Ordering::Relaxed), self.taken.load(Ordering::Relaxed))
    }
}

/// Reads a message; whether it was taken, and none if its sender went away.
fn answer(mut stream: &TcpStream, number: u64) -> Option<bool> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        length = line.strip_prefix("Content-Length: ").map_or(Some(length), |text| text.trim().parse().ok())?;
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    if number % GONE_AT == 0 {
        return None;
    }
    let is_busy = number % BUSY_AT == 0;
    let said = if is_busy { "503 Service Unavailable" } else { "204 No Content" };
    stream.write_all(format!("HTTP/1.1 {said}\r\nContent-Length: 0\r\n\r\n").as_bytes()).ok()?;
    Some(!is_busy)
}

//! What a confined web process can and cannot do: it answers, asks our own processes, and reads two files; nothing else.

use super::{Outcome, check};
use crate::sandbox::users::Identity;
use crate::sandbox::{Role, Sandbox, confine_thread};
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::{getppid, setuid};
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use tokio::task::spawn_blocking;

/// Opens what a web process opens at its start, confines this thread, and makes the attempt.
pub(super) fn confined(attempt: &str, folders: &Path) -> io::Result<()> {
    let door = folders.join("outside/door");
    let listener = UnixListener::bind(&door)?;
    fs::set_permissions(&door, Permissions::from_mode(0o666))?;
    let (access, secret) = (folders.join("state"), folders.join("state/password"));
    fs::write(&secret, "secret")?;
    let identity = Identity::find("rebootping-no-such-user", Role::Web)?;
    std::os::unix::fs::chown(&access, Some(0), Some(identity.gid().as_raw()))?;
    fs::set_permissions(&access, Permissions::from_mode(0o770))?;
    let sandbox = Sandbox {
        role: Role::Web,
        identity,
        read: vec![access],
        write: Vec::new(),
        sockets: vec![folders.join("outside")],
        ports: Vec::new(),
        dies_with: Some(getppid()),
    };
    eprintln!("{}", confine_thread(&sandbox).expect("a sandbox"));
    attempt_it(attempt, folders, &listener)
}

fn attempt_it(attempt: &str, folders: &Path, listener: &UnixListener) -> io::Result<()> {
    match attempt {
        "read its secrets" => fs::read(folders.join("state/password")).map(drop),
        "answer" => answer(&folders.join("outside/door"), listener),
        "serve many" => serve_many(),
        "open /etc/shadow" => File::open("/etc/shadow").map(drop),
        "read captures" => fs::read(folders.join("outside/secret")).map(drop),
        "write its secrets" => fs::write(folders.join("state/password"), "mine"),
        "add a secret" => File::create(folders.join("state/tokens")).map(drop),
        "open a raw socket" => {
            socket(AddressFamily::Inet, SockType::Raw, SockFlag::empty(), None).map(drop).map_err(Into::into)
        }
        "open a packet socket" => {
            socket(AddressFamily::Packet, SockType::Raw, SockFlag::empty(), None).map(drop).map_err(Into::into)
        }
        "open a UDP socket" => UdpSocket::bind("0.0.0.0:0").map(drop),
        "connect by TCP" => TcpStream::connect("127.0.0.1:9").map(drop),
        "listen" => TcpListener::bind("127.0.0.1:0").map(drop),
        "open a door of its own" => UnixListener::bind(folders.join("outside/other")).map(drop),
        "run a command" => Command::new("/bin/true").status().map(drop),
        "trace" => ptrace::traceme().map_err(Into::into),
        "signal its parent" => kill(getppid(), Signal::SIGCONT).map_err(Into::into),
        "become root" => setuid(0.into()).map_err(Into::into),
        "remove a file" => fs::remove_file(folders.join("outside/door")),
        other => panic!("no such attempt: {other}"),
    }
}

/// Takes a connection and asks on another, as pages are served from what our own processes say.
fn answer(door: &Path, listener: &UnixListener) -> io::Result<()> {
    let mut asking = UnixStream::connect(door)?;
    let (mut answering, _) = listener.accept()?;
    answering.write_all(b"x")?;
    asking.read_exact(&mut [0])
}

/// What waits for many connections works, and so do its threads.
fn serve_many() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let slept = async { spawn_blocking(|| vec![1_u8; 20 << 20].len()).await };
    assert_eq!(runtime.block_on(slept).expect("its result"), 20 << 20);
    Ok(())
}

#[test]
fn a_web_process_does_its_work() {
    check("web: read its secrets", &Outcome::Worked);
    check("web: answer", &Outcome::Worked);
    check("web: serve many", &Outcome::Worked);
}

#[test]
fn a_web_process_is_refused_files_that_are_not_its_own() {
    check("web: open /etc/shadow", &Outcome::Refused);
    check("web: read captures", &Outcome::Refused);
    check("web: write its secrets", &Outcome::Refused);
    check("web: add a secret", &Outcome::Refused);
}

#[test]
fn a_web_process_is_killed_at_a_call_it_does_not_need() {
    check("web: open a raw socket", &Outcome::Killed);
    check("web: open a packet socket", &Outcome::Killed);
    check("web: open a UDP socket", &Outcome::Killed);
    check("web: connect by TCP", &Outcome::Killed);
    check("web: listen", &Outcome::Killed);
    check("web: open a door of its own", &Outcome::Killed);
    check("web: run a command", &Outcome::Killed);
    check("web: trace", &Outcome::Killed);
    check("web: signal its parent", &Outcome::Killed);
    check("web: become root", &Outcome::Killed);
    check("web: remove a file", &Outcome::Killed);
}

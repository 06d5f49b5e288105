//! What a confined observer can and cannot do, and a reader, which can do nothing but read, write and end.

use super::{Outcome, check};
use crate::sandbox::users::Identity;
use crate::sandbox::{Role, Sandbox, confine_thread};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::{chown, getppid, setuid};
use std::fs::{self, File};
use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

/// Confines this thread as the process of that role, and makes the attempt.
pub(super) fn confined(attempt: &str, folders: &Path, role: Role) -> io::Result<()> {
    let identity = Identity::find("rebootping-no-such-user", role)?;
    let state = folders.join("state");
    chown(&state, Some(identity.uid()), Some(identity.gid()))?;
    let write = if role == Role::Observer { vec![state] } else { Vec::new() };
    let (read, sockets) = (Vec::new(), Vec::new());
    let sandbox = Sandbox { role, identity, read, write, sockets, ports: Vec::new(), dies_with: Some(getppid()) };
    eprintln!("{}", confine_thread(&sandbox).expect("a sandbox"));
    attempt_it(attempt, folders)
}

fn attempt_it(attempt: &str, folders: &Path) -> io::Result<()> {
    match attempt {
        "keep packets" => keep_packets(&folders.join("state")),
        "open /etc/shadow" => File::open("/etc/shadow").map(drop),
        "read outside" => fs::read(folders.join("outside/secret")).map(drop),
        "write outside" => File::create(folders.join("outside/new")).map(drop),
        "open a raw socket" => {
            socket(AddressFamily::Inet, SockType::Raw, SockFlag::empty(), None).map(drop).map_err(Into::into)
        }
        "open a UDP socket" => UdpSocket::bind("0.0.0.0:0").map(drop),
        "connect by TCP" => TcpStream::connect("127.0.0.1:9").map(drop),
        "connect to a process" => UnixStream::connect(folders.join("outside/door")).map(drop),
        "listen" => TcpListener::bind("127.0.0.1:0").map(drop),
        "run a command" => Command::new("/bin/true").status().map(drop),
        "signal its parent" => kill(getppid(), Signal::SIGCONT).map_err(Into::into),
        "become root" => setuid(0.into()).map_err(Into::into),
        other => panic!("no such attempt: {other}"),
    }
}

fn keep_packets(state: &Path) -> io::Result<()> {
    let device = state.join("device");
    fs::create_dir(&device)?;
    fs::write(device.join("segment"), "packets")?;
    fs::rename(device.join("segment"), device.join("older"))?;
    File::open(device.join("older"))?.sync_all()?;
    fs::remove_file(device.join("older"))
}

#[test]
fn an_observer_keeps_packets_and_is_refused_files_that_are_not_its_own() {
    check("observer: keep packets", &Outcome::Worked);
    check("observer: open /etc/shadow", &Outcome::Refused);
    check("observer: read outside", &Outcome::Refused);
    check("observer: write outside", &Outcome::Refused);
}

#[test]
fn an_observer_is_killed_at_a_call_it_does_not_need() {
    check("observer: open a raw socket", &Outcome::Killed);
    check("observer: open a UDP socket", &Outcome::Killed);
    check("observer: connect by TCP", &Outcome::Killed);
    check("observer: connect to a process", &Outcome::Killed);
    check("observer: listen", &Outcome::Killed);
    check("observer: run a command", &Outcome::Killed);
    check("observer: signal its parent", &Outcome::Killed);
    check("observer: become root", &Outcome::Killed);
}

#[test]
fn a_reader_is_killed_at_all_but_reading_and_writing() {
    check("reader: open /etc/shadow", &Outcome::Killed);
    check("reader: open a raw socket", &Outcome::Killed);
    check("reader: connect by TCP", &Outcome::Killed);
    check("reader: run a command", &Outcome::Killed);
    check("reader: become root", &Outcome::Killed);
}

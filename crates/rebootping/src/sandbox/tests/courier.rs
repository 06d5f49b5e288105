//! What a confined courier can and cannot do: it keeps its file, looks up names and connects to the ports it was given; nothing else.

use super::{Outcome, check};
use crate::sandbox::users::Identity;
use crate::sandbox::{Role, Sandbox, confine_thread};
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::{getppid, setuid};
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Before what one tries that sends minutes to an engine, which the observer tells it.
const WITH_ENGINE: &str = "with an engine, ";

/// Opens what another process would listen with, confines this thread, and makes the attempt.
pub(super) fn confined(attempt: &str, folders: &Path) -> io::Result<()> {
    let of_engine = attempt.strip_prefix(WITH_ENGINE);
    let (attempt, asks_us) = (of_engine.unwrap_or(attempt), of_engine.is_some());
    let door = folders.join("outside/door");
    let _observer = UnixListener::bind(&door)?;
    fs::set_permissions(&door, Permissions::from_mode(0o666))?;
    Command::new("ip").args(["link", "set", "dev", "lo", "up"]).status()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let state = folders.join("state");
    let identity = Identity::find("rebootping-no-such-user", Role::Courier)?;
    std::os::unix::fs::chown(&state, Some(identity.uid().as_raw()), Some(identity.gid().as_raw()))?;
    let sandbox = Sandbox {
        role: Role::Courier,
        identity,
        read: vec!["/etc/hosts".into()],
        write: vec![state],
        sockets: if asks_us { vec![folders.join("outside")] } else { Vec::new() },
        ports: vec![port],
        dies_with: Some(getppid()),
    };
    eprintln!("{}", confine_thread(&sandbox).expect("a sandbox"));
    attempt_it(attempt, folders, &listener, port)
}

fn attempt_it(attempt: &str, folders: &Path, listener: &TcpListener, port: u16) -> io::Result<()> {
    match attempt {
        "keep what waits" => crate::durable::replace(&folders.join("state/alerts.json"), b"{}"),
        "read who is called what" => fs::read("/etc/hosts").map(drop),
        "connect" => {
            // Nobody accepts: the kernel does, and the listener is not this process's to use any more.
            let mut stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), Duration::from_secs(5))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_millis(10)))?;
            stream.write_all(b"x")?;
            match stream.read(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
                other => other.map(drop),
            }
        }
        "ask for a name" => {
            let socket = UdpSocket::bind("0.0.0.0:0")?;
            socket.connect("127.0.0.1:53")?;
            socket.set_read_timeout(Some(Duration::from_millis(10)))?;
            // Whether anybody answers is not the question.
            let _sent = socket.send(b"x").and_then(|_| socket.recv(&mut [0]));
            Ok(())
        }
        "connect to another port" => {
            let other = if port == 9 { 7 } else { 9 };
            TcpStream::connect(("127.0.0.1", other)).map(drop)
        }
        "open /etc/shadow" => File::open("/etc/shadow").map(drop),
        "read captures" => fs::read(folders.join("outside/secret")).map(drop),
        "write elsewhere" => fs::write(folders.join("outside/mine"), "mine"),
        "listen" => TcpListener::bind("127.0.0.1:0").map(drop),
        "accept" => listener.accept().map(drop),
        "open a raw socket" => {
            socket(AddressFamily::Inet, SockType::Raw, SockFlag::empty(), None).map(drop).map_err(Into::into)
        }
        "open a packet socket" => {
            socket(AddressFamily::Packet, SockType::Raw, SockFlag::empty(), None).map(drop).map_err(Into::into)
        }
        "ask our own processes" => UnixStream::connect(folders.join("outside/door")).map(drop),
        "run a command" => Command::new("/bin/true").status().map(drop),
        "trace" => ptrace::traceme().map_err(Into::into),
        "signal its parent" => kill(getppid(), Signal::SIGCONT).map_err(Into::into),
        "become root" => setuid(0.into()).map_err(Into::into),
        other => panic!("no such attempt: {other}"),
    }
}

#[test]
fn a_courier_does_its_work() {
    check("courier: keep what waits", &Outcome::Worked);
    check("courier: read who is called what", &Outcome::Worked);
    check("courier: connect", &Outcome::Worked);
    check("courier: ask for a name", &Outcome::Worked);
}

#[test]
fn a_courier_is_refused_files_and_ports_that_are_not_its_own() {
    check("courier: open /etc/shadow", &Outcome::Refused);
    check("courier: read captures", &Outcome::Refused);
    check("courier: write elsewhere", &Outcome::Refused);
    check("courier: connect to another port", &Outcome::Refused);
    check("courier: listen", &Outcome::Refused);
}

#[test]
fn a_courier_is_killed_at_a_call_it_does_not_need() {
    check("courier: accept", &Outcome::Killed);
    check("courier: open a raw socket", &Outcome::Killed);
    check("courier: open a packet socket", &Outcome::Killed);
    check("courier: ask our own processes", &Outcome::Killed);
    check("courier: run a command", &Outcome::Killed);
    check("courier: trace", &Outcome::Killed);
    check("courier: signal its parent", &Outcome::Killed);
    check("courier: become root", &Outcome::Killed);
}

#[test]
fn one_that_asks_the_observer_for_minutes_can_do_no_more_than_that() {
    let check = |attempt: &str, expected: &Outcome| check(&format!("courier: {WITH_ENGINE}{attempt}"), expected);
    check("ask our own processes", &Outcome::Worked);
    check("connect", &Outcome::Worked);
    check("keep what waits", &Outcome::Worked);
    for refused in ["open /etc/shadow", "read captures", "write elsewhere", "connect to another port", "listen"] {
        check(refused, &Outcome::Refused);
    }
    for killed in ["accept", "open a raw socket", "open a packet socket", "run a command", "trace", "become root"] {
        check(killed, &Outcome::Killed);
    }
}

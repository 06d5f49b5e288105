//! What a confined process can and cannot do, each tried in a process of its own.

mod attack;
mod courier;
mod keeping;
mod seeds;
mod unit;
mod web;

use super::users::Identity;
use super::{Role, Sandbox, confine_committer_thread, confine_thread, enter};
use crate::netlink::watch::Watch;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{chown, getppid, setuid};
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Tells the test binary, started anew, what to try.
const ATTEMPT: &str = "REBOOTPING_TEST_ATTEMPT";
const FOLDERS: &str = "REBOOTPING_TEST_FOLDERS";

/// Exit codes of an attempt, none that the test harness has itself.
const WORKED: i32 = 40;
const REFUSED: i32 = 41;
const FAILED_OTHERWISE: i32 = 42;
/// A set of capabilities with nothing in it, as proc(5) has it.
const NO_CAPABILITY: &str = "0000000000000000";
/// The processes that give up their powers, as attempts name them.
const ROLES: [(&str, Role); 5] = [
    ("judge", Role::Judge),
    ("observer", Role::Observer),
    ("web", Role::Web),
    ("courier", Role::Courier),
    ("reader", Role::Reader),
];

#[derive(PartialEq, Debug)]
enum Outcome {
    Worked,
    Refused,
    Killed,
    Other(String),
}

/// A folder with `state`, the confined process's own, and `outside`, which any user may write to.
struct Folders(PathBuf);

impl Folders {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("rebootping-sandbox-{}-{}", std::process::id(), name.replace('/', "_")));
        for inner in ["state", "outside"] {
            fs::create_dir_all(folder.join(inner)).expect("folders");
        }
        let judge = judge();
        chown(&folder.join("state"), Some(judge.uid()), Some(judge.gid()))
            .expect("these tests give files away: run as root");
        fs::set_permissions(folder.join("outside"), Permissions::from_mode(0o777)).expect("permissions");
        fs::write(folder.join("outside/secret"), "secret").expect("a file");
        Self(folder)
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn judge() -> Identity {
    Identity::find("rebootping-no-such-user", Role::Judge).expect("a number")
}

/// A judge that may use no file.
fn nothing() -> Sandbox {
    Sandbox {
        role: Role::Judge,
        identity: judge(),
        read: Vec::new(),
        write: Vec::new(),
        sockets: Vec::new(),
        ports: Vec::new(),
        dies_with: None,
    }
}

fn start(attempt: &str, folders: &Folders) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "sandbox::tests::attempt", "--ignored", "--nocapture", "--test-threads=1"])
        .env(ATTEMPT, attempt)
        .env(FOLDERS, &folders.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process")
}

#[track_caller]
fn check(attempt: &str, expected: &Outcome) {
    let folders = Folders::new(attempt);
    let output = start(attempt, &folders).wait_with_output().expect("its end");
    let outcome = match (output.status.code(), output.status.signal()) {
        (Some(WORKED), _) => Outcome::Worked,
        (Some(REFUSED), _) => Outcome::Refused,
        (_, Some(libc::SIGSYS)) => Outcome::Killed,
        _ => Outcome::Other(format!("{output:?}")),
    };
    assert_eq!(&outcome, expected, "{attempt}");
}

#[test]
#[ignore = "the other tests run it, each in a process of its own"]
fn attempt() {
    let attempt = std::env::var(ATTEMPT).expect("run by another test");
    let folders = PathBuf::from(std::env::var_os(FOLDERS).expect("run by another test"));
    let code = match confined(&attempt, &folders) {
        Ok(()) => WORKED,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => REFUSED,
        Err(error) => {
            eprintln!("{attempt}: {error}");
            FAILED_OTHERWISE
        }
    };
    std::process::exit(code);
}

/// Opens what a judge opens at its start, confines this thread (the test harness has another), and makes the attempt.
fn confined(attempt: &str, folders: &Path) -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    let watch = Watch::open(1 << 20)?;
    if let Some(attempt) = attempt.strip_prefix("committer: ") {
        confine_committer_thread().expect("a sandbox");
        return committer_attempt(attempt, folders);
    }
    if let Some(attempt) = attempt.strip_prefix("web: ") {
        return web::confined(attempt, folders);
    }
    if let Some(attempt) = attempt.strip_prefix("courier: ") {
        return courier::confined(attempt, folders);
    }
    for (prefix, role) in [("observer: ", Role::Observer), ("reader: ", Role::Reader)] {
        if let Some(attempt) = attempt.strip_prefix(prefix) {
            return keeping::confined(attempt, folders, role);
        }
    }
    if let Some(attempt) = attempt.strip_prefix("attack: ") {
        return attack::confined(attempt, folders);
    }
    if let Some(process) = attempt.strip_prefix("seeds: ") {
        return seeds::confined(process);
    }
    let of_unit = attempt.strip_prefix("unit: ");
    if of_unit.is_some() {
        unit::become_its_user(attempt)?;
    }
    let attempt = of_unit.unwrap_or(attempt);
    let sandbox = Sandbox {
        role: Role::Judge,
        identity: judge(),
        read: vec!["/etc/hostname".into()],
        write: vec![folders.join("state")],
        sockets: Vec::new(),
        ports: Vec::new(),
        dies_with: Some(getppid()),
    };
    let confinement = confine_thread(&sandbox).expect("a sandbox");
    eprintln!("{confinement}");
    judge_attempt(attempt, folders, &socket, watch)
}

fn judge_attempt(attempt: &str, folders: &Path, socket: &UdpSocket, watch: Watch) -> io::Result<()> {
    match attempt {
        "read what it was given" => fs::read("/etc/hostname").map(drop),
        "write to what it may only read" => File::options().append(true).open("/etc/hostname").map(drop),
        "open /etc/shadow" => File::open("/etc/shadow").map(drop),
        "read outside" => fs::read(folders.join("outside/secret")).map(drop),
        "write outside" => File::create(folders.join("outside/new")).map(drop),
        "list outside" => fs::read_dir(folders.join("outside")).map(drop),
        "keep its state" => keep_state(&folders.join("state")),
        "follow the kernel" => follow(watch),
        "work in a thread" => work_in_a_thread(),
        "survive a panic" => {
            survive_a_panic();
            Ok(())
        }
        "wait for its input" => io::stdin().read(&mut [0]).map(drop),
        "run a command" => Command::new("/bin/true").status().map(drop),
        "open a socket" => UdpSocket::bind("0.0.0.0:0").map(drop),
        "connect a socket it has" => socket.connect("127.0.0.1:9"),
        "connect by TCP" => TcpStream::connect("127.0.0.1:9").map(drop),
        "listen" => TcpListener::bind("127.0.0.1:0").map(drop),
        "trace" => ptrace::traceme().map_err(Into::into),
        "signal its parent" => kill(getppid(), Signal::SIGCONT).map_err(Into::into),
        "become root" => setuid(0.into()).map_err(Into::into),
        "make a folder" => fs::create_dir(folders.join("state/folder")),
        other => panic!("no such attempt: {other}"),
    }
}

fn keep_state(state: &Path) -> io::Result<()> {
    let (new, kept) = (state.join("new"), state.join("kept"));
    for _ in 0..2 {
        let mut file = File::create(&new)?;
        file.write_all(b"state")?;
        file.sync_all()?;
        fs::rename(&new, &kept)?;
    }
    File::open(state)?.sync_all()?;
    assert_eq!(fs::read_to_string(&kept)?, "state");
    assert_eq!(fs::read_dir(state)?.count(), 1);
    fs::remove_file(&kept)
}

fn follow(mut watch: Watch) -> io::Result<()> {
    while !watch.is_settled() {
        watch.receive()?;
        std::thread::yield_now();
    }
    watch.snapshot().link_named("lo").map(drop).ok_or(io::ErrorKind::NotFound.into())
}

fn work_in_a_thread() -> io::Result<()> {
    let work = || {
        std::thread::sleep(Duration::from_millis(1));
        vec![1_u8; 4 << 20].len()
    };
    let thread = std::thread::Builder::new().name("writer".into()).spawn(work)?;
    assert_eq!(thread.join().expect("its result"), 4 << 20);
    Ok(())
}

fn survive_a_panic() {
    let thread = std::thread::spawn(|| panic!("with a backtrace: {}", std::backtrace::Backtrace::force_capture()));
    assert!(thread.join().is_err());
}

fn committer_attempt(attempt: &str, folders: &Path) -> io::Result<()> {
    match attempt {
        "use iptables" => {
            command("iptables -t mangle -A PREROUTING -i lo -j MARK --set-mark 1")?;
            command("ip6tables -A INPUT -i lo -j ACCEPT")?;
            command("ip rule add pref 10050 fwmark 1/0xff lookup 4000")?;
            command("nft list ruleset")
        }
        "write anywhere" => fs::write(folders.join("outside/new"), "new"),
        "confine a judge" => {
            let _ = confine_thread(&nothing())?;
            Ok(())
        }
        // Where there is no such folder it does no harm if it is not refused.
        "mount" => mount(None::<&str>, "/nowhere", Some("tmpfs"), MsFlags::empty(), None::<&str>).map_err(Into::into),
        "trace" => ptrace::traceme().map_err(Into::into),
        other => panic!("no such attempt: {other}"),
    }
}

fn command(words: &str) -> io::Result<()> {
    let mut words = words.split(' ');
    let status = Command::new(words.next().unwrap_or_default()).args(words).status()?;
    if status.success() { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

#[test]
fn a_judge_does_its_work() {
    check("read what it was given", &Outcome::Worked);
    check("keep its state", &Outcome::Worked);
    check("follow the kernel", &Outcome::Worked);
    check("work in a thread", &Outcome::Worked);
    check("survive a panic", &Outcome::Worked);
}

#[test]
fn a_judge_is_refused_files_that_are_not_its_own() {
    check("open /etc/shadow", &Outcome::Refused);
    check("read outside", &Outcome::Refused);
    check("write outside", &Outcome::Refused);
    check("list outside", &Outcome::Refused);
    check("write to what it may only read", &Outcome::Refused);
}

#[test]
fn a_judge_is_killed_at_a_call_it_does_not_need() {
    check("run a command", &Outcome::Killed);
    check("open a socket", &Outcome::Killed);
    check("connect a socket it has", &Outcome::Killed);
    check("connect by TCP", &Outcome::Killed);
    check("listen", &Outcome::Killed);
    check("trace", &Outcome::Killed);
    check("signal its parent", &Outcome::Killed);
    check("become root", &Outcome::Killed);
    check("make a folder", &Outcome::Killed);
}

fn status_of_the_confined_thread(process: u32) -> String {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("its threads");
    let statuses = threads.map(|thread| fs::read_to_string(thread.expect("a thread").path().join("status")));
    let mut confined =
        statuses.map(|status| status.expect("its status")).filter(|status| status.contains("Seccomp:\t2"));
    confined.next().expect("a confined thread")
}

#[test]
fn a_process_of_several_threads_is_not_confined() {
    let error = enter(&nothing()).expect_err("this is not the only thread of the tests").to_string();
    assert!(error.contains("threads run where one should"), "{error}");
}

#[test]
fn a_judge_has_no_power_left() {
    let uid = judge().uid().as_raw();
    let all_users = format!("{uid}\t{uid}\t{uid}\t{uid}");
    let of_root = [("Uid", all_users.as_str()), ("Gid", &all_users), ("Groups", ""), ("CapBnd", NO_CAPABILITY)];
    check_powerless("wait for its input", &of_root);
}

/// Nothing that it was is left to it, and these fields of its status (proc(5)) are so too.
#[track_caller]
fn check_powerless(attempt: &str, more: &[(&str, &str)]) {
    let folders = Folders::new(attempt);
    let mut child = start(attempt, &folders);
    let mut said = [0];
    child.stderr.as_mut().expect("a pipe").read_exact(&mut said).expect("it says that it is confined");
    let status = status_of_the_confined_thread(child.id());
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("its end").code(), Some(WORKED));
    let capabilities = ["CapInh", "CapPrm", "CapEff", "CapAmb"].map(|set| (set, NO_CAPABILITY));
    let confined = [("NoNewPrivs", "1"), ("Seccomp", "2")];
    for (field, expected) in capabilities.iter().chain(&confined).chain(more) {
        let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        assert_eq!(value.map(str::trim), Some(*expected), "{field}");
    }
}

#[test]
fn the_committer_runs_its_commands_and_nothing_that_no_firewall_needs() {
    check("committer: use iptables", &Outcome::Worked);
    check("committer: write anywhere", &Outcome::Worked);
    check("committer: confine a judge", &Outcome::Worked);
    check("committer: mount", &Outcome::Refused);
    check("committer: trace", &Outcome::Refused);
}

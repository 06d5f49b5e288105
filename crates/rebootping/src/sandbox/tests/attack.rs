//! What somebody tries who runs code of their own in a confined process: programs, other processes, other powers of the kernel, ways
//! around what landlock sees.

use super::{Outcome, ROLES, check};
use crate::sandbox::users::Identity;
use crate::sandbox::{Role, Sandbox, confine_committer_thread, confine_thread, files};
use crate::sys::attempt::call;
use libc::c_long as Number;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, connect, recv, send, socket,
};
use nix::unistd::{chown, getppid};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;

/// Any process but the one that tries.
const ANOTHER: Number = 1;
/// A pointer that is not null, to where nothing is.
const SOMETHING: Number = 8;
const ICMP: Number = libc::IPPROTO_ICMP as Number;
const STREAM: Number = libc::SOCK_STREAM as Number;
const DATAGRAMS: Number = libc::SOCK_DGRAM as Number;
const RAW: Number = libc::SOCK_RAW as Number;
const INTERNET: Number = libc::AF_INET as Number;
const FAST_OPEN: Number = libc::MSG_FASTOPEN as Number;
const NEW_USERS: Number = libc::CLONE_NEWUSER as Number;
const RUNS: Number = libc::PROT_EXEC as Number;

/// Calls that end every process but the committer, which has some of them refused.
const CALLS: &[(&str, Number, [Number; 4])] = &[
    ("run a program", libc::SYS_execve, [0; 4]),
    ("run an open file", libc::SYS_execveat, [0; 4]),
    ("make a file in memory", libc::SYS_memfd_create, [0; 4]),
    ("make a secret file in memory", libc::SYS_memfd_secret, [0; 4]),
    ("map code", libc::SYS_mmap, [0, 4096, RUNS, (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as Number]),
    ("make memory code", libc::SYS_mprotect, [0, 0, RUNS, 0]),
    ("make memory code by a key", libc::SYS_pkey_mprotect, [0, 0, RUNS, 0]),
    ("fork", libc::SYS_clone, [libc::SIGCHLD as Number, 0, 0, 0]),
    ("fork among users of its own", libc::SYS_clone, [NEW_USERS | libc::SIGCHLD as Number, 0, 0, 0]),
    ("go among users of its own", libc::SYS_unshare, [NEW_USERS, 0, 0, 0]),
    ("go where another is", libc::SYS_setns, [0; 4]),
    ("trace another", libc::SYS_ptrace, [libc::PTRACE_ATTACH as Number, ANOTHER, 0, 0]),
    ("read another's memory", libc::SYS_process_vm_readv, [ANOTHER, 0, 0, 0]),
    ("write another's memory", libc::SYS_process_vm_writev, [ANOTHER, 0, 0, 0]),
    ("advise another's memory", libc::SYS_process_madvise, [0; 4]),
    ("compare with another", libc::SYS_kcmp, [ANOTHER, ANOTHER, 0, 0]),
    ("hold another", libc::SYS_pidfd_open, [ANOTHER, 0, 0, 0]),
    ("take another's descriptor", libc::SYS_pidfd_getfd, [0; 4]),
    ("signal another it holds", libc::SYS_pidfd_send_signal, [0; 4]),
    ("signal another", libc::SYS_kill, [ANOTHER, 0, 0, 0]),
    ("signal another's thread", libc::SYS_tkill, [ANOTHER, 0, 0, 0]),
    ("signal a thread of another", libc::SYS_tgkill, [ANOTHER, ANOTHER, 0, 0]),
    ("signal another with a word", libc::SYS_rt_sigqueueinfo, [ANOTHER, 0, 0, 0]),
    ("signal a thread of another with a word", libc::SYS_rt_tgsigqueueinfo, [ANOTHER, ANOTHER, 0, 0]),
    ("set up io_uring", libc::SYS_io_uring_setup, [0; 4]),
    ("enter io_uring", libc::SYS_io_uring_enter, [0; 4]),
    ("register with io_uring", libc::SYS_io_uring_register, [0; 4]),
    ("use a keyring", libc::SYS_keyctl, [0; 4]),
    ("add a key", libc::SYS_add_key, [0; 4]),
    ("request a key", libc::SYS_request_key, [0; 4]),
    ("load eBPF", libc::SYS_bpf, [0; 4]),
    ("count events", libc::SYS_perf_event_open, [0; 4]),
    ("handle faults", libc::SYS_userfaultfd, [0; 4]),
    ("filter system calls", libc::SYS_seccomp, [0; 4]),
    ("mount", libc::SYS_mount, [0; 4]),
    ("unmount", libc::SYS_umount2, [0; 4]),
    ("move a mount", libc::SYS_move_mount, [0; 4]),
    ("open a tree of mounts", libc::SYS_open_tree, [0; 4]),
    ("open a file system", libc::SYS_fsopen, [0; 4]),
    ("change its root", libc::SYS_chroot, [0; 4]),
    ("turn its root", libc::SYS_pivot_root, [0; 4]),
    ("open by handle", libc::SYS_open_by_handle_at, [0; 4]),
    ("load a module", libc::SYS_init_module, [0; 4]),
    ("load a module from a file", libc::SYS_finit_module, [0; 4]),
    ("load a kernel", libc::SYS_kexec_load, [0; 4]),
    ("restart the machine", libc::SYS_reboot, [0; 4]),
    ("read the kernel's log", libc::SYS_syslog, [0; 4]),
    ("set the clock", libc::SYS_clock_settime, [0; 4]),
    ("become root", libc::SYS_setresuid, [0; 4]),
    ("join groups", libc::SYS_setgroups, [0; 4]),
    ("take capabilities", libc::SYS_capset, [0; 4]),
    ("change how it runs", libc::SYS_personality, [0; 4]),
    ("be dumped", libc::SYS_prctl, [libc::PR_SET_DUMPABLE as Number, 1, 0, 0]),
    ("raise a limit", libc::SYS_prlimit64, [0, libc::RLIMIT_CORE as Number, SOMETHING, 0]),
    ("type at a terminal", libc::SYS_ioctl, [0, libc::TIOCSTI as Number, 0, 0]),
    ("make a device", libc::SYS_mknodat, [0; 4]),
    ("link a file", libc::SYS_linkat, [0; 4]),
    ("link a name", libc::SYS_symlinkat, [0; 4]),
    ("give a file away", libc::SYS_fchownat, [0; 4]),
    ("mark a file", libc::SYS_setxattr, [0; 4]),
    ("watch the file system", libc::SYS_fanotify_init, [0; 4]),
    ("share memory", libc::SYS_shmget, [0; 4]),
    ("open a queue of messages", libc::SYS_mq_open, [0; 4]),
    ("open a raw socket", libc::SYS_socket, [INTERNET, RAW, ICMP, 0]),
    ("open a socket of echoes", libc::SYS_socket, [INTERNET, DATAGRAMS, ICMP, 0]),
    ("open a packet socket", libc::SYS_socket, [libc::AF_PACKET as Number, RAW, 0, 0]),
    ("ask the kernel by another socket", libc::SYS_socket, [libc::AF_NETLINK as Number, RAW, 0, 0]),
    ("reach the machine's host", libc::SYS_socket, [libc::AF_VSOCK as Number, STREAM, 0, 0]),
    ("use the kernel's ciphers", libc::SYS_socket, [libc::AF_ALG as Number, libc::SOCK_SEQPACKET as Number, 0, 0]),
    ("send a datagram to another process", libc::SYS_socket, [libc::AF_UNIX as Number, DATAGRAMS, 0, 0]),
    ("connect by several paths", libc::SYS_socket, [INTERNET, STREAM, libc::IPPROTO_MPTCP as Number, 0]),
    ("connect by SCTP", libc::SYS_socket, [INTERNET, STREAM, libc::IPPROTO_SCTP as Number, 0]),
    ("connect by sending", libc::SYS_sendto, [0, 0, 0, FAST_OPEN]),
    ("connect by sending a message", libc::SYS_sendmsg, [0, 0, FAST_OPEN, 0]),
    ("send many messages", libc::SYS_sendmmsg, [0; 4]),
    ("make two sockets", libc::SYS_socketpair, [libc::AF_UNIX as Number, STREAM, 0, 0]),
    ("listen", libc::SYS_listen, [0; 4]),
];

/// Those of [`CALLS`] that the committer, which stays root, and all it runs have refused.
const OF_THE_COMMITTER: &[&str] = &[
    "trace another",
    "read another's memory",
    "write another's memory",
    "compare with another",
    "take another's descriptor",
    "set up io_uring",
    "use a keyring",
    "add a key",
    "request a key",
    "load eBPF",
    "count events",
    "handle faults",
    "mount",
    "unmount",
    "move a mount",
    "open a tree of mounts",
    "open a file system",
    "change its root",
    "turn its root",
    "open by handle",
    "load a kernel",
    "restart the machine",
];

/// Confines this thread as the process `named` so, and makes the attempt that follows the name.
pub(super) fn confined(named: &str, folders: &Path) -> io::Result<()> {
    let (name, attempt) = named.split_once(": ").expect("a process and an attempt");
    if name == "committer" {
        confine_committer_thread()?;
        return try_call(attempt);
    }
    let (_, role) = ROLES.into_iter().find(|(known, _)| *known == name).expect("a process");
    let prepared = Prepared::new(folders)?;
    eprintln!("{}", confine_thread(&sandbox(role, folders)?).expect("a sandbox"));
    let another = Path::new("/proc").join(getppid().to_string());
    match attempt {
        "open another's memory" => File::options().write(true).open(another.join("mem")).map(drop),
        "open its own memory" => File::options().write(true).open("/proc/self/mem").map(drop),
        "read another's environment" => File::open(another.join("environ")).map(drop),
        "open another's descriptor" => File::open(another.join("fd/0")).map(drop),
        "look through another's root" => fs::read_dir(another.join("root/etc")).map(drop),
        "write to a device" => File::options().write(true).open("/dev/null").map(drop),
        "change how cores are dumped" => File::options().write(true).open("/proc/sys/kernel/core_pattern").map(drop),
        "ask by an abstract name" => UnixStream::connect_addr(&prepared.name).map(drop),
        "ask a process that is not ours" => UnixStream::connect(folders.join("other/door")).map(drop),
        "connect a socket of TCP it has" => prepared.connect(),
        "take a link down" => prepared.take_down(),
        _ => try_call(attempt),
    }
}

fn try_call(attempt: &str) -> io::Result<()> {
    let (_, number, arguments) = CALLS.iter().find(|(name, ..)| *name == attempt).expect("an attempt");
    call(*number, *arguments)
}

/// As much as a process of that role is ever left.
fn sandbox(role: Role, folders: &Path) -> io::Result<Sandbox> {
    let identity = Identity::find("rebootping-no-such-user", role)?;
    let state = folders.join("state");
    chown(&state, Some(identity.uid()), Some(identity.gid()))?;
    let (read, write, sockets) = match role {
        Role::Judge | Role::Observer | Role::Courier => (Vec::new(), vec![state], Vec::new()),
        Role::Web => (vec![state], Vec::new(), vec![folders.join("outside")]),
        Role::Reader => (Vec::new(), Vec::new(), Vec::new()),
    };
    Ok(Sandbox { role, identity, read, write, sockets, ports: vec![443], dies_with: Some(getppid()) })
}

/// What was open before.
struct Prepared {
    name: SocketAddr,
    stream: OwnedFd,
    kernel: OwnedFd,
    _doors: [UnixListener; 2],
}

impl Prepared {
    fn new(folders: &Path) -> io::Result<Self> {
        let name = SocketAddr::from_abstract_name(folders.as_os_str().as_encoded_bytes())?;
        let other = folders.join("other");
        fs::create_dir(&other)?;
        let doors = [UnixListener::bind_addr(&name)?, UnixListener::bind(other.join("door"))?];
        fs::set_permissions(other.join("door"), Permissions::from_mode(0o666))?;
        let (none, netlink) = (SockFlag::empty(), SockProtocol::NetlinkRoute);
        let stream = socket(AddressFamily::Inet, SockType::Stream, none, None)?;
        let kernel = socket(AddressFamily::Netlink, SockType::Raw, none, netlink)?;
        Ok(Self { name, stream, kernel, _doors: doors })
    }

    fn connect(&self) -> io::Result<()> {
        connect(self.stream.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 9)).map_err(Into::into)
    }

    /// What the kernel answers to an order (rtnetlink(7)) to take down the loopback interface.
    fn take_down(&self) -> io::Result<()> {
        let (length, new_link, request_and_answer, sequence) = (32_u32, 16_u16, 5_u16, 1_u32);
        let mut order = Vec::new();
        order.extend(length.to_ne_bytes());
        order.extend(new_link.to_ne_bytes());
        order.extend(request_and_answer.to_ne_bytes());
        order.extend(sequence.to_ne_bytes());
        order.extend([0; 4 + 4]);
        let (loopback, flags, up) = (1_i32, 0_u32, libc::IFF_UP as u32);
        order.extend(loopback.to_ne_bytes());
        order.extend(flags.to_ne_bytes());
        order.extend(up.to_ne_bytes());
        send(self.kernel.as_raw_fd(), &order, MsgFlags::empty())?;
        let mut answer = [0; 256];
        recv(self.kernel.as_raw_fd(), &mut answer, MsgFlags::empty())?;
        match i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]) {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(-error)),
        }
    }
}

#[track_caller]
fn check_calls(process: &str) {
    for (attempt, ..) in CALLS {
        check(&format!("attack: {process}: {attempt}"), &Outcome::Killed);
    }
}

#[test]
fn a_judge_is_killed_at_every_attack() {
    check_calls("judge");
}

#[test]
fn an_observer_is_killed_at_every_attack() {
    check_calls("observer");
}

#[test]
fn a_web_process_is_killed_at_every_attack() {
    check_calls("web");
}

#[test]
fn a_courier_is_killed_at_every_attack() {
    check_calls("courier");
}

#[test]
fn a_reader_is_killed_at_every_attack() {
    check_calls("reader");
}

#[test]
fn the_committer_and_all_it_runs_are_refused_what_no_firewall_needs() {
    for attempt in OF_THE_COMMITTER {
        check(&format!("attack: committer: {attempt}"), &Outcome::Refused);
    }
}

#[test]
fn nobody_reaches_another_process_or_a_device_by_its_file() {
    for attempt in [
        "open another's memory",
        "open its own memory",
        "read another's environment",
        "open another's descriptor",
        "look through another's root",
        "write to a device",
        "change how cores are dumped",
    ] {
        for process in ["judge", "observer", "web", "courier"] {
            check(&format!("attack: {process}: {attempt}"), &Outcome::Refused);
        }
        check(&format!("attack: reader: {attempt}"), &Outcome::Killed);
    }
}

#[test]
fn a_socket_that_is_open_orders_nothing_and_connects_nowhere() {
    for process in ["judge", "observer", "web", "courier"] {
        check(&format!("attack: {process}: take a link down"), &Outcome::Refused);
    }
    for (process, outcome) in [
        ("judge", Outcome::Killed),
        ("observer", Outcome::Killed),
        ("reader", Outcome::Killed),
        ("web", Outcome::Refused),
        ("courier", Outcome::Refused),
    ] {
        check(&format!("attack: {process}: connect a socket of TCP it has"), &outcome);
    }
}

/// What docs/security.md says of kernels that cannot keep the page's process from it.
#[test]
fn only_the_web_process_can_ask_others_by_unix_sockets_and_newer_kernels_keep_it_to_ours() {
    for attempt in ["ask by an abstract name", "ask a process that is not ours"] {
        for process in ["judge", "observer", "courier", "reader"] {
            check(&format!("attack: {process}: {attempt}"), &Outcome::Killed);
        }
    }
    let since = |abi| if files::offered() >= Some(abi) { Outcome::Refused } else { Outcome::Worked };
    check("attack: web: ask by an abstract name", &since(6));
    check("attack: web: ask a process that is not ours", &since(9));
}

//! Leaves a process only the system calls it needs, by seccomp.
//!
//! A process of ours that makes any other call is killed, not refused. A refusal would turn a list that is one call
//! short into an odd error in a rare branch, found by an operator; a death is found by the first test that gets there.
//! And a process that was taken over does not get to try again. The supervisor sees SIGSYS and starts it anew; the
//! kernel's log has the number of the call.
//!
//! The committer runs the operator's scripts, which try things and go on: it is refused instead.

use super::Role;
use seccompiler::SeccompCmpArgLen::{self as Size, Dword as Int, Qword as Long};
use seccompiler::SeccompCmpOp::{self, Eq, MaskedEq};
use seccompiler::{BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule, apply_filter};
use std::collections::BTreeMap;
use std::io;

/// What any of our processes does: memory, threads, waiting, the clock, its end, and descriptors it has.
const COMMON: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    // Answered with ENOSYS by a second filter: its flags lie in memory, where no filter can read them.
    libc::SYS_clone3,
];

/// Files, of which landlock leaves only its own.
const FILES: &[libc::c_long] = &[
    libc::SYS_openat,
    libc::SYS_lseek,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_getdents64,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    // A panic's backtrace names the program and the folder.
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
];

/// Sockets that are open already; [`sending`] has the rest.
const OPEN_SOCKETS: &[libc::c_long] = &[
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_setsockopt,
    libc::SYS_getsockopt,
    libc::SYS_getsockname,
    libc::SYS_shutdown,
];

/// Folders, modes, the room that is left on a disk, and its being written.
const KEEPING: &[libc::c_long] = &[
    libc::SYS_mkdirat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_syncfs,
    // What is handed out says which kernel captured it.
    libc::SYS_uname,
    // Those who ask what is on the network are answered on a socket that listens already.
    libc::SYS_accept4,
    // SQLite asks whether it is root, to whom its files belong, and whether they are there.
    libc::SYS_geteuid,
    libc::SYS_faccessat,
];

/// Files that are read, and connections that are taken: all that a server of pages does.
const SERVING: &[libc::c_long] = &[
    libc::SYS_openat,
    libc::SYS_lseek,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
    libc::SYS_accept4,
    // To our own processes: landlock leaves it no TCP, and `socket` no other family.
    libc::SYS_connect,
    libc::SYS_getpeername,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
];

/// Connections to others.
const SENDING: &[libc::c_long] = &[
    libc::SYS_connect,
    libc::SYS_getpeername,
    // A UDP socket has its port from the kernel by it; landlock leaves TCP none.
    libc::SYS_bind,
];

/// Older names for some of [`SERVING`].
#[cfg(target_arch = "x86_64")]
const OLDER_NAMES_OF_SERVING: &[libc::c_long] =
    &[libc::SYS_poll, libc::SYS_open, libc::SYS_stat, libc::SYS_lstat, libc::SYS_readlink, libc::SYS_epoll_wait];
#[cfg(not(target_arch = "x86_64"))]
const OLDER_NAMES_OF_SERVING: &[libc::c_long] = &[];

/// Older names for some of [`KEEPING`].
#[cfg(target_arch = "x86_64")]
const OLDER_NAMES_OF_KEEPING: &[libc::c_long] = &[libc::SYS_mkdir, libc::SYS_rmdir, libc::SYS_chmod, libc::SYS_access];
#[cfg(not(target_arch = "x86_64"))]
const OLDER_NAMES_OF_KEEPING: &[libc::c_long] = &[];

/// Older names for some of the above, which newer architectures never had.
#[cfg(target_arch = "x86_64")]
const OLDER_NAMES: &[libc::c_long] = &[
    libc::SYS_poll,
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_rename,
    libc::SYS_unlink,
    libc::SYS_readlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER_NAMES: &[libc::c_long] = &[];

/// What changes the machine itself or looks into other processes. Loading modules is not here, as Shorewall's `reload`
/// calls modprobe.
const NOBODY_NEEDS: &[libc::c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_kexec_load,
    KEXEC_FILE_LOAD,
    libc::SYS_reboot,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
];

#[cfg(target_arch = "x86_64")]
const KEXEC_FILE_LOAD: libc::c_long = 320;
#[cfg(target_arch = "aarch64")]
const KEXEC_FILE_LOAD: libc::c_long = 294;

/// `FIONBIO`, by which the standard library makes a socket nonblocking; its type is another with every C library.
const NONBLOCKING: u64 = 0x5421;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Kills this process at any call that its role does not need; a courier may have one of our own processes to ask.
pub(super) fn allow_only(role: Role, asks_us: bool) -> io::Result<()> {
    let rules = match role {
        Role::Judge => judge().map_err(failed)?,
        Role::Observer => observer().map_err(failed)?,
        Role::Web => web().map_err(failed)?,
        Role::Courier => courier(asks_us).map_err(failed)?,
        Role::Reader => reader().map_err(failed)?,
    };
    let allowed = program(rules, SeccompAction::Allow, SeccompAction::KillProcess)?;
    // The C library then falls back to clone, whose flags can be seen.
    let without_clone3 = always(&[libc::SYS_clone3]);
    let without_clone3 = program(without_clone3, SeccompAction::Errno(libc::ENOSYS as u32), SeccompAction::Allow)?;
    apply_filter(&without_clone3).map_err(failed)?;
    apply_filter(&allowed).map_err(failed)
}

/// Refuses, to this process and all it will start, what no script of a firewall does.
pub(super) fn forbid_what_nobody_needs() -> io::Result<()> {
    let refused = SeccompAction::Errno(libc::EPERM as u32);
    apply_filter(&program(always(NOBODY_NEEDS), refused, SeccompAction::Allow)?).map_err(failed)
}

/// What watching takes, and the judge's sockets follow its links.
fn judge() -> seccompiler::Result<Rules> {
    let mut rules = watching()?;
    let packet_address = size_of::<libc::sockaddr_ll>() as u64;
    rules.insert(libc::SYS_bind, vec![when(2, Int, Eq, packet_address)?]);
    Ok(rules)
}

fn watching() -> seccompiler::Result<Rules> {
    let mut rules = always(COMMON);
    rules.extend(always(FILES));
    rules.extend(always(OPEN_SOCKETS));
    rules.extend(sending()?);
    rules.extend(always(OLDER_NAMES));
    rules.extend(narrowed()?);
    Ok(rules)
}

/// What watching takes, and making folders and keeping a disk from filling up.
fn observer() -> seccompiler::Result<Rules> {
    let mut rules = watching()?;
    rules.extend(always(KEEPING));
    rules.extend(always(OLDER_NAMES_OF_KEEPING));
    Ok(rules)
}

/// What serving takes: it changes no file, and opens no socket but those to our own processes.
fn web() -> seccompiler::Result<Rules> {
    let mut rules = always(COMMON);
    rules.extend(always(OPEN_SOCKETS));
    rules.extend(sending()?);
    rules.extend(always(SERVING));
    rules.extend(always(OLDER_NAMES_OF_SERVING));
    rules.extend(narrowed()?);
    rules.insert(libc::SYS_socket, vec![socket(libc::AF_UNIX, libc::SOCK_STREAM)?]);
    Ok(rules)
}

/// Files of its own, and connections to others by TCP, and by UDP to ask for names. Landlock leaves it few ports of TCP.
fn courier(asks_us: bool) -> seccompiler::Result<Rules> {
    let mut rules = watching()?;
    rules.extend(always(SENDING));
    let mut sockets = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        sockets.push(socket(family, libc::SOCK_STREAM)?);
        sockets.push(socket(family, libc::SOCK_DGRAM)?);
    }
    if asks_us {
        sockets.push(socket(libc::AF_UNIX, libc::SOCK_STREAM)?);
    }
    rules.insert(libc::SYS_socket, sockets);
    Ok(rules)
}

/// Reading, writing and ending: what it is given is open already.
fn reader() -> seccompiler::Result<Rules> {
    let mut rules = always(COMMON);
    rules.extend(narrowed()?);
    Ok(rules)
}

/// Sending over what is connected. TCP that is opened by the data it sends is seen by no check of landlock.
fn sending() -> seccompiler::Result<Rules> {
    let fast_open = libc::MSG_FASTOPEN as u64;
    Ok(BTreeMap::from([
        (libc::SYS_sendto, vec![when(3, Int, MaskedEq(fast_open), 0)?]),
        (libc::SYS_sendmsg, vec![when(2, Int, MaskedEq(fast_open), 0)?]),
    ]))
}

/// A socket of that family and kind, whatever its flags, and of the protocol both have by themselves: landlock takes multipath TCP and
/// the like for no TCP, and leaves them every port.
fn socket(family: libc::c_int, kind: libc::c_int) -> seccompiler::Result<SeccompRule> {
    let kind_without_flags = 0xf;
    Ok(SeccompRule::new(vec![
        SeccompCondition::new(0, Int, Eq, family as u64)?,
        SeccompCondition::new(1, Int, MaskedEq(kind_without_flags), kind as u64)?,
        SeccompCondition::new(2, Int, Eq, 0)?,
    ])?)
}

/// Calls of which only some forms are harmless.
fn narrowed() -> seccompiler::Result<Rules> {
    let own_process = u64::from(std::process::id());
    let thread = libc::CLONE_THREAD as u64;
    let executable = libc::PROT_EXEC as u64;
    Ok(BTreeMap::from([
        (libc::SYS_clone, vec![when(0, Long, MaskedEq(thread), thread)?]),
        (libc::SYS_mmap, vec![when(2, Long, MaskedEq(executable), 0)?]),
        (libc::SYS_mprotect, vec![when(2, Long, MaskedEq(executable), 0)?]),
        (libc::SYS_tgkill, vec![when(0, Int, Eq, own_process)?]),
        (libc::SYS_ioctl, vec![when(1, Int, Eq, NONBLOCKING)?]),
        // Reading a limit, not setting one.
        (libc::SYS_prlimit64, vec![when(2, Long, Eq, 0)?]),
        (
            libc::SYS_prctl,
            vec![when(0, Int, Eq, libc::PR_SET_NAME as u64)?, when(0, Int, Eq, libc::PR_SET_VMA as u64)?],
        ),
    ]))
}

fn always(calls: &[libc::c_long]) -> Rules {
    calls.iter().map(|&call| (call, Vec::new())).collect()
}

fn when(argument: u8, size: Size, comparison: SeccompCmpOp, value: u64) -> seccompiler::Result<SeccompRule> {
    Ok(SeccompRule::new(vec![SeccompCondition::new(argument, size, comparison, value)?])?)
}

fn program(rules: Rules, listed: SeccompAction, other: SeccompAction) -> io::Result<BpfProgram> {
    let architecture = std::env::consts::ARCH.try_into().map_err(failed)?;
    SeccompFilter::new(rules, other, listed, architecture).and_then(TryInto::try_into).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("seccomp: {error}"))
}

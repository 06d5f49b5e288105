//! The fuzzers' seeds, each read inside the sandbox of the process that reads such bytes from a network: none needs what is forbidden there.

use super::{Outcome, ROLES, check};
use crate::fuzzing::DOORS;
use crate::sandbox::users::Identity;
use crate::sandbox::{Role, Sandbox, confine_thread};
use nix::unistd::getppid;
use std::fs;
use std::io;
use std::path::Path;

/// What each process reads of what others wrote, by the names of doors.
fn read_by(role: Role) -> &'static [&'static str] {
    match role {
        Role::Judge => &["reply", "netlink", "leases", "ipc", "state"],
        Role::Observer => &[
            "dns",
            "netbios",
            "dhcp4",
            "dhcp6",
            "ssdp",
            "tls",
            "quic",
            "http",
            "lldp",
            "llc",
            "neighbours",
            "inventory",
            "history",
            "blocks",
            "ipc",
        ],
        Role::Web => &["web", "ipc"],
        Role::Courier => &["answers", "ipc"],
        Role::Reader => &["dhcp_server"],
    }
}

/// What only the committer and commands of the operator's read, which have no list of system calls.
const OF_NO_SANDBOX: [&str; 6] = ["config", "status_file", "providers", "radvd_conf", "duration", "capture"];

/// Confines this thread as that process and reads all seeds it has to do with.
pub(super) fn confined(name: &str) -> io::Result<()> {
    let (_, role) = ROLES.into_iter().find(|(known, _)| *known == name).expect("a process");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let mut seeds = Vec::new();
    for (name, door) in DOORS.into_iter().filter(|(name, _)| read_by(role).contains(name)) {
        for seed in fs::read_dir(folder.join(name))? {
            seeds.push((door, fs::read(seed?.path())?));
        }
    }
    assert!(!seeds.is_empty());
    if role == Role::Web {
        // It opens its source of random numbers at its start.
        DOORS.into_iter().filter(|(name, _)| *name == "web").for_each(|(_, door)| door(b""));
    }
    let identity = Identity::find("rebootping-no-such-user", role)?;
    let (read, write, sockets) = (Vec::new(), Vec::new(), Vec::new());
    let sandbox = Sandbox { role, identity, read, write, sockets, ports: Vec::new(), dies_with: Some(getppid()) };
    eprintln!("{}", confine_thread(&sandbox).expect("a sandbox"));
    for (door, bytes) in &seeds {
        door(bytes);
    }
    Ok(())
}

#[test]
fn every_door_is_known_to_be_read_inside_a_sandbox_or_outside_all() {
    for (door, _) in DOORS {
        let readers = ROLES.iter().filter(|(_, role)| read_by(*role).contains(&door)).count();
        assert_eq!(readers == 0, OF_NO_SANDBOX.contains(&door), "{door}: name it with the process that reads it");
    }
}

#[test]
fn what_comes_from_a_network_is_read_with_no_more_than_the_sandbox_leaves() {
    for (process, _) in ROLES {
        check(&format!("seeds: {process}"), &Outcome::Worked);
    }
}

//! Which user and group a process becomes: the configured user, else numbers nobody else has.

use super::Role;
use nix::unistd::{Gid, Group, Uid, User};
use std::io;

/// The first of the numbers that no user has by Debian's policy (adduser ends at 59999, the policy's own at 64999 begin
/// to be given out from 60000 up) and that systemd leaves alone (60578 to 61183).
const FIRST: u32 = 61_000;

/// How far apart the numbers of one role are: room for as many roles, so that no two ever share one.
const STRIDE: u32 = 8;

/// How many numbers a role tries: the range ends at 61183.
const TRIES: u32 = 20;

/// A user and a group that are not root.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    uid: Uid,
    gid: Gid,
}

impl Identity {
    /// The user of that name and its group; where there is none, the first number of this role that no user and no group
    /// has. Root is refused.
    pub(crate) fn find(user: &str, role: Role) -> io::Result<Self> {
        match User::from_name(user)? {
            Some(found) if found.uid.is_root() || found.gid.as_raw() == 0 => {
                Err(io::Error::other(format!("user {user} is root: name another under [process], or none")))
            }
            Some(found) => Ok(Self { uid: found.uid, gid: found.gid }),
            None => Self::unallocated(role),
        }
    }

    pub(crate) fn uid(self) -> Uid {
        self.uid
    }

    pub(crate) fn gid(self) -> Gid {
        self.gid
    }

    fn unallocated(role: Role) -> io::Result<Self> {
        for number in numbers(role) {
            let (uid, gid) = (Uid::from_raw(number), Gid::from_raw(number));
            if User::from_uid(uid)?.is_none() && Group::from_gid(gid)?.is_none() {
                return Ok(Self { uid, gid });
            }
        }
        Err(io::Error::other(format!("every user number from {FIRST} on is taken: create the users under [process]")))
    }
}

/// The numbers a role tries, in order.
fn numbers(role: Role) -> impl Iterator<Item = u32> {
    let place = match role {
        Role::Judge => 0,
        Role::Observer => 1,
        Role::Web => 2,
        Role::Courier => 3,
        Role::Reader => 5,
    };
    (0..TRIES).map(move |n| FIRST + n * STRIDE + place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_that_exists_is_taken_and_one_that_does_not_gets_a_number_that_stays() {
        let nobody = Identity::find("nobody", Role::Judge).expect("nobody");
        assert_eq!(nobody.uid().as_raw(), 65_534);
        let judge = Identity::find("rebootping-no-such-user", Role::Judge).expect("a number");
        assert!(numbers(Role::Judge).any(|number| number == judge.uid().as_raw()));
        assert_eq!(judge.uid().as_raw(), judge.gid().as_raw());
        assert_eq!(Identity::find("rebootping-no-such-user", Role::Judge).expect("a number"), judge);
    }

    #[test]
    fn root_is_refused() {
        let error = Identity::find("root", Role::Judge).expect_err("root").to_string();
        assert!(error.contains("user root is root"), "{error}");
    }

    #[test]
    fn no_number_leaves_the_range_systemd_does_not_use() {
        let all: Vec<u32> = [Role::Judge, Role::Observer, Role::Web, Role::Courier, Role::Reader]
            .into_iter()
            .flat_map(numbers)
            .collect();
        assert!(all.iter().all(|number| (60_578..=61_183).contains(number)));
        let different: std::collections::BTreeSet<&u32> = all.iter().collect();
        assert_eq!(different.len(), all.len(), "no two roles share one");
    }
}

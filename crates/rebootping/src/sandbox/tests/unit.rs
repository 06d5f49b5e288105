//! A process that a unit started is its user already, and is confined like one that was root.

use super::{Folders, Outcome, check, check_powerless, judge, start};
use nix::unistd::{Uid, setgroups, setresgid, setresuid};
use std::io;

/// Becomes the user a unit names: the judge's, or a wrong one.
pub(super) fn become_its_user(attempt: &str) -> io::Result<()> {
    let identity = judge();
    let uid = if attempt.ends_with("as another user") { Uid::from_raw(65_534) } else { identity.uid() };
    setgroups(&[identity.gid()])?;
    setresgid(identity.gid(), identity.gid(), identity.gid())?;
    setresuid(uid, uid, uid)?;
    Ok(())
}

#[test]
fn a_judge_of_a_unit_does_its_work_and_nothing_else() {
    check("unit: read what it was given", &Outcome::Worked);
    check("unit: keep its state", &Outcome::Worked);
    check("unit: follow the kernel", &Outcome::Worked);
    check("unit: open /etc/shadow", &Outcome::Refused);
    check("unit: write outside", &Outcome::Refused);
    check("unit: run a command", &Outcome::Killed);
    check("unit: connect by TCP", &Outcome::Killed);
    check("unit: become root", &Outcome::Killed);
}

#[test]
fn a_judge_of_a_unit_has_no_power_left() {
    check_powerless("unit: wait for its input", &[]);
}

#[test]
fn a_unit_of_another_user_is_not_taken_for_the_judges() {
    let folders = Folders::new("unit-other");
    let output = start("unit: read as another user", &folders).wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("runs as user 65534 and not as"), "{said}");
}

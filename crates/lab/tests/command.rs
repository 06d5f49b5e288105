//! The program `lab` as one types it.

use std::path::Path;
use std::process::{Command, Output};

fn lab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab")).args(arguments).output().expect("`lab` starts")
}

#[test]
fn a_lab_that_is_up_stays_until_it_is_taken_down() {
    let up = lab(&["up", "--isps", "1"]);
    let text = String::from_utf8_lossy(&up.stdout).into_owned();
    assert!(up.status.success(), "{up:?}");
    let name = text.split(' ').next().expect("it begins with the name").to_owned();
    let gateway = Path::new("/run/netns").join(format!("{name}-gw"));
    let ping = ["netns", "exec", &format!("{name}-lan1"), "ping", "-n", "-c1", "-W1", "8.8.8.8"].map(str::to_owned);
    assert!(gateway.exists() && Command::new("ip").args(ping).output().is_ok_and(|output| output.status.success()));
    assert!(!String::from_utf8_lossy(&lab(&["sweep"]).stdout).contains(&name) && gateway.exists());
    assert!(String::from_utf8_lossy(&lab(&["down"]).stdout).contains(&format!("removed {name}")));
    assert!(!gateway.exists());
}

#[test]
fn a_lab_has_one_to_four_isps() {
    let none = lab(&["up", "--isps", "5"]);
    assert_eq!(none.status.code(), Some(2), "{none:?}");
}

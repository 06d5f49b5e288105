//! A lab leaves nothing behind, however it ends.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use rebootping_lab::{Lab, sweep};

/// What is left on the machine of the lab called `name`.
fn left_of(name: &str) -> Vec<String> {
    let dirs = ["/run/netns", "/etc/netns", "/var/lib/rebootping-lab"];
    let entries = dirs.iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path().display().to_string()).filter(|path| path.contains(name)).collect()
}

#[test]
fn a_dropped_lab_is_gone_with_all_its_processes() {
    let lab = Lab::builder("gone").detect().ipv6_ra(true).build();
    let name = lab.name();
    let pids = lab.isp(1).ns().run(&format!("ip netns pids {}", lab.isp(1).ns().name()));
    assert!(!left_of(&name).is_empty() && pids.split_whitespace().count() >= 2, "dnsmasq and radvd run: {pids:?}");
    drop(lab);
    assert_eq!(left_of(&name), Vec::<String>::new());
    for pid in pids.split_whitespace() {
        let command = fs::read_to_string(Path::new("/proc").join(pid).join("cmdline")).unwrap_or_default();
        assert!(!command.contains("dnsmasq") && !command.contains("radvd"), "{pid} {command}");
    }
}

#[test]
fn a_lab_is_gone_after_a_panic() {
    let mut name = String::new();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let lab = Lab::builder("panic").without_shorewall().build();
        name = lab.name();
        panic!("on purpose");
    }));
    assert!(panic.is_err() && !name.is_empty());
    assert_eq!(left_of(&name), Vec::<String>::new());
}

#[test]
fn sweep_removes_what_the_dead_left_and_nothing_else() {
    let lab = Lab::builder("alive").without_shorewall().build();
    let mut child = Command::new("true").spawn().expect("`true` starts");
    child.wait().expect("it ends");
    let dead = format!("rb-dead-{}-1", child.id());
    for role in ["gw", "isp1"] {
        assert!(
            Command::new("ip").args(["netns", "add", &format!("{dead}-{role}")]).status().is_ok_and(|s| s.success())
        );
    }
    assert!(sweep().contains(&dead));
    assert_eq!(left_of(&dead), Vec::<String>::new());
    assert!(!left_of(&lab.name()).is_empty());
}

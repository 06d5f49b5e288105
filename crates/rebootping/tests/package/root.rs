//! A clean Debian, installed once by debootstrap from wherever this machine gets its packages, and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a gateway has beside Debian's minimum.
const PACKAGES: &str = "conntrack,iproute2,iptables,nftables,procps,shorewall,shorewall6,systemd,systemd-sysv";
/// Says that it is complete, and what it was made of.
const COMPLETE: &str = "complete";

/// The folder it lies in; nothing is ever changed there.
#[track_caller]
pub(crate) fn debian() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("debian");
    let (root, complete) = (place.join("root"), place.join(COMPLETE));
    if fs::read_to_string(&complete).is_ok_and(|made_of| made_of == PACKAGES) {
        return root;
    }
    drop(fs::remove_dir_all(&place));
    fs::create_dir_all(&place).expect("a folder can be made");
    let (mirror, release) = archive();
    println!("installing Debian {release} from this machine's archive");
    let mut command = Command::new("debootstrap");
    command.args(["--variant=minbase", &format!("--include={PACKAGES}"), &release]).arg(&root).arg(&mirror);
    let output = command.output().expect("debootstrap is installed; see tools/need");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // The lab starts Shorewall itself.
    for unit in ["shorewall.service", "shorewall6.service"] {
        let mask = root.join("etc/systemd/system").join(unit);
        drop(fs::remove_file(&mask));
        std::os::unix::fs::symlink("/dev/null", &mask).expect("a link can be made");
    }
    fs::write(&complete, PACKAGES).expect("a file can be written");
    root
}

/// Where this machine gets its packages, and their release.
#[track_caller]
fn archive() -> (String, String) {
    let release = fs::read_to_string("/etc/os-release").expect("this is Debian or Ubuntu");
    let release = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).expect("it has a name");
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(SITE) $(CODENAME)", "Created-By: Packages", "Component: main"]);
    let output = command.output().expect("this is Debian or Ubuntu");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let site = said.lines().find_map(|line| line.strip_suffix(release)?.strip_suffix(' '));
    (site.expect("apt has a source for this release").to_owned(), release.to_owned())
}

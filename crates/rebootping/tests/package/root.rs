//! A clean Debian, installed once by debootstrap from wherever this machine gets its packages, and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a gateway has beside Debian's minimum.
const PACKAGES: &str = "conntrack,iproute2,iptables,nftables,procps,shorewall,shorewall6,systemd,systemd-sysv";
/// Says that it is complete, and what it was made of.
const COMPLETE: &str = "complete";

/// The folder it lies in, where nothing is ever changed; or why it could not be installed.
pub(crate) fn debian() -> Result<PathBuf, String> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("debian");
    let (root, complete) = (place.join("root"), place.join(COMPLETE));
    if fs::read_to_string(&complete).is_ok_and(|made_of| made_of == PACKAGES) {
        return Ok(root);
    }
    drop(fs::remove_dir_all(&place));
    fs::create_dir_all(&place).expect("a folder can be made");
    let (mirror, release) = archive()?;
    println!("installing Debian {release} from this machine's archive");
    let mut command = Command::new("debootstrap");
    command.args(["--variant=minbase", &format!("--include={PACKAGES}"), &release]).arg(&root).arg(&mirror);
    let output = command.output().expect("debootstrap is installed; see tools/need");
    if !output.status.success() {
        return Err(format!("debootstrap: {}", String::from_utf8_lossy(&output.stdout)));
    }
    // The lab starts Shorewall itself.
    for unit in ["shorewall.service", "shorewall6.service"] {
        let mask = root.join("etc/systemd/system").join(unit);
        drop(fs::remove_file(&mask));
        std::os::unix::fs::symlink("/dev/null", &mask).expect("a link can be made");
    }
    fs::write(&complete, PACKAGES).expect("a file can be written");
    Ok(root)
}

/// Where this machine gets its packages, and their release.
fn archive() -> Result<(String, String), String> {
    let release = fs::read_to_string("/etc/os-release").map_err(|error| error.to_string())?;
    let release = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let release = release.ok_or("this is neither Debian nor Ubuntu")?;
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(SITE) $(CODENAME)", "Created-By: Packages", "Component: main"]);
    let output = command.output().map_err(|error| format!("apt-get: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let site = said.lines().find_map(|line| line.strip_suffix(release)?.strip_suffix(' '));
    Ok((site.ok_or("apt has no source for this release")?.to_owned(), release.to_owned()))
}

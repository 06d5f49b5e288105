//! radvd told which prefixes hosts are to avoid: its file is replaced in one step, then SIGHUP, upon which it advertises at once.

use super::radvd_conf::{Avoided, advertises, edited};
use crate::committer::processes::{self, Process};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_core::control::prefix::Prefix;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

/// Its file is no longer, in bytes.
const LONGEST: u64 = 1 << 20;
/// Where radvd(8) keeps it, and its number, unless it was told otherwise.
const CONFIGURATION: &str = "/etc/radvd.conf";
const PID_FILES: [&str; 2] = ["/run/radvd/radvd.pid", "/run/radvd.pid"];

/// One that runs in this network namespace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Radvd {
    /// Its configuration.
    pub(crate) file: PathBuf,
    pid_file: Option<PathBuf>,
    pids: Vec<i32>,
}

impl Radvd {
    /// All that run here; of each, its two processes are one.
    pub(crate) fn all() -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for process in processes::named("radvd") {
            let radvd = Self::of(&process);
            match found.iter_mut().find(|other| other.file == radvd.file) {
                Some(same) => same.pids.extend(radvd.pids),
                None => found.push(radvd),
            }
        }
        found
    }

    fn of(process: &Process) -> Self {
        let file = option(process, "-C", "--config").unwrap_or_else(|| CONFIGURATION.into());
        Self { file, pid_file: option(process, "-p", "--pidfile"), pids: vec![process.pid] }
    }

    /// Hosts hear of that network on that interface.
    pub(crate) fn advertises(&self, interface: &str, network: Prefix) -> bool {
        read(&self.file).is_ok_and(|text| advertises(&text, interface, network))
    }

    /// Has hosts avoid these and no others.
    pub(super) fn tell(&self, avoided: &Avoided) -> Result<(), String> {
        let said = |error: io::Error| format!("radvd's {} cannot be changed: {error}", self.file.display());
        let text = read(&self.file).map_err(said)?;
        let wanted = edited(&text, avoided);
        if wanted == text {
            return Ok(());
        }
        replace(&self.file, &wanted).map_err(said)?;
        let pid = self.pid().ok_or("radvd does not run; it reads its file when it starts")?;
        kill(Pid::from_raw(pid), Signal::SIGHUP).map_err(|error| format!("radvd cannot be told: {error}"))
    }

    /// The process that reads the file: the one in the file of its number, else the first, which started the other.
    fn pid(&self) -> Option<i32> {
        let files = self.pid_file.clone().into_iter().chain(PID_FILES.map(PathBuf::from));
        let mut written = files.filter_map(|file| read(&file).ok()?.trim().parse().ok());
        written.find(|pid| self.pids.contains(pid)).or(self.pids.first().copied())
    }
}

/// The value of an option, in its short form or its long one.
fn option(process: &Process, short: &str, long: &str) -> Option<PathBuf> {
    let attached = |argument: &String| argument.strip_prefix(long)?.strip_prefix('=').map(PathBuf::from);
    let long_form = process.arguments.iter().find_map(attached);
    long_form.or_else(|| process.after(short)).or_else(|| process.after(long))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Replaces a file that is another's: owner and permissions stay, and a link to it stays a link.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let before = fs::metadata(&path)?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".rebootping");
    let beside = path.with_file_name(name);
    let mut file = File::create(&beside)?;
    file.set_permissions(before.permissions())?;
    fchown(&file, Some(before.uid()), Some(before.gid()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, &path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn process(arguments: &[&str]) -> Process {
        Process { pid: 7, arguments: arguments.iter().map(|it| (*it).to_owned()).collect() }
    }

    #[test]
    fn its_file_is_found_in_its_arguments() {
        for arguments in [
            &["radvd", "-C", "/x/a.conf", "-p", "/x/pid"][..],
            &["radvd", "--config", "/x/a.conf", "--pidfile", "/x/pid"],
            &["radvd", "--config=/x/a.conf", "--pidfile=/x/pid"],
        ] {
            let expected = Radvd { file: "/x/a.conf".into(), pid_file: Some("/x/pid".into()), pids: vec![7] };
            assert_eq!(Radvd::of(&process(arguments)), expected);
        }
        assert_eq!(Radvd::of(&process(&["radvd"])).file, PathBuf::from(CONFIGURATION));
    }

    #[test]
    fn a_file_keeps_its_permissions_and_a_link_stays_one() {
        let scratch = Scratch::new("radvd");
        scratch.write("there/radvd.conf", "old");
        let (file, link) = (scratch.path().join("there/radvd.conf"), scratch.path().join("radvd.conf"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("a mode");
        symlink(&file, &link).expect("a link");
        replace(&link, "new").expect("a disk");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), "new");
        assert_eq!(fs::metadata(&file).expect("it is there").mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
        assert_eq!(fs::read_dir(scratch.path().join("there")).expect("a folder").count(), 1);
    }
}

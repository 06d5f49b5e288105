//! One Shorewall product, for IPv4 or IPv6: where its files are, whether it runs, and how it is told.

use super::providers::{self, Provider};
use crate::command::{Command, OUTPUT_KEPT};
use rebootping_core::commit::Firewall;
use rebootping_core::link::Family;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A Shorewall product.
#[derive(Clone, Debug)]
pub(crate) struct Shorewall {
    family: Family,
    etc: PathBuf,
    vardir: PathBuf,
}

/// What a product can be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action<'a> {
    Enable(&'a Provider),
    Disable(&'a Provider),
    Reload,
}

impl Shorewall {
    /// The product of that family, installed or not.
    pub(crate) fn of(family: Family) -> Self {
        Self::below(Path::new("/"), family)
    }

    pub(super) fn below(root: &Path, family: Family) -> Self {
        let product = product(family);
        let etc = root.join("etc").join(product);
        let vardir = vardir(&etc).unwrap_or_else(|| root.join("var/lib").join(product));
        Self { family, etc, vardir }
    }

    /// Its state directory.
    pub(crate) fn vardir(&self) -> &Path {
        &self.vardir
    }

    /// Its configuration directory.
    pub(crate) fn etc(&self) -> &Path {
        &self.etc
    }

    pub(crate) fn is_ipv6(&self) -> bool {
        self.family == Family::Ipv6
    }

    /// The script it was compiled to, which does what the commands do, without looking at the configuration again.
    pub(crate) fn compiled(&self) -> PathBuf {
        self.vardir.join("firewall")
    }

    pub(crate) fn providers(&self) -> Vec<Provider> {
        providers::read(&self.etc)
    }

    /// Whether it obeys commands. Its own state file outlives a reboot, so one from before the boot is not believed until
    /// `has_rules` says that rules of somebody are in the kernel.
    pub(crate) fn state(&self, has_rules: bool) -> Firewall {
        let file = self.vardir.join("state");
        let text = fs::read_to_string(&file).unwrap_or_default();
        match text.split_whitespace().next() {
            Some("Started") if has_rules || !is_from_before_boot(&file) => Firewall::Started,
            Some(_) => Firewall::Stopped,
            None if self.compiled().exists() => Firewall::Stopped,
            None => Firewall::Absent,
        }
    }

    /// Changes whenever the configuration or the compiled script may have.
    pub(crate) fn fingerprint(&self) -> Vec<Option<(i64, i64, u64)>> {
        let etc = ["providers", "interfaces", "params", "isusable", "vardir", "shorewall.conf", "shorewall6.conf"];
        let files = etc.iter().map(|name| self.etc.join(name)).chain([self.compiled()]);
        files
            .map(|file| fs::metadata(file).ok().map(|found| (found.mtime(), found.mtime_nsec(), found.ino())))
            .collect()
    }

    /// The command for `action`: the compiled script, 10 ms quicker than `shorewall` and safe while the operator is editing
    /// the configuration; `shorewall` where it cannot be run. A provider is told by its name: one interface may have several.
    pub(crate) fn command(&self, action: Action<'_>, timeout: Duration) -> Command {
        let compiled = self.compiled();
        let runs =
            fs::metadata(&compiled).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o100 != 0);
        let program = if runs { compiled.into_os_string() } else { product(self.family).into() };
        let arguments: Vec<OsString> = match action {
            Action::Enable(provider) => vec!["enable".into(), provider.name.clone().into()],
            Action::Disable(provider) => vec!["disable".into(), provider.name.clone().into()],
            Action::Reload => vec!["reload".into()],
        };
        Command { program, arguments, input: Vec::new(), timeout, keep: OUTPUT_KEPT }
    }

    /// Removes the note that a `persistent` provider was disabled: with it a reload would not ask the status file.
    pub(crate) fn forget_disabled(&self, provider: &Provider) {
        // Most have none.
        drop(fs::remove_file(self.vardir.join(format!("{}_disabled", provider.interface))));
    }
}

/// The product's name, of its command and its directories.
pub(crate) const fn product(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "shorewall",
        Family::Ipv6 => "shorewall6",
    }
}

/// `VARDIR=…` of the `vardir` file.
fn vardir(etc: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(etc.join("vardir")).ok()?;
    let value = text.lines().rev().find_map(|line| line.trim().strip_prefix("VARDIR="))?;
    let path = PathBuf::from(value.trim().trim_matches(['"', '\'']));
    path.is_absolute().then_some(path)
}

fn is_from_before_boot(file: &Path) -> bool {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let boot = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<i64>().ok());
    let written = fs::metadata(file).map(|found| found.mtime()).ok();
    matches!((written, boot), (Some(written), Some(boot)) if written < boot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committer::scratch::Scratch;

    #[test]
    fn the_state_directory_is_where_the_vardir_file_says() {
        let root = Scratch::new("shorewall-vardir");
        assert_eq!(Shorewall::below(root.path(), Family::Ipv6).vardir(), root.path().join("var/lib/shorewall6"));
        root.write("etc/shorewall/vardir", "# moved\nVARDIR=\"/srv/state\"\n");
        assert_eq!(Shorewall::below(root.path(), Family::Ipv4).vardir(), Path::new("/srv/state"));
    }

    #[test]
    fn it_runs_when_its_state_says_started() {
        let root = Scratch::new("shorewall-state");
        let shorewall = Shorewall::below(root.path(), Family::Ipv4);
        let state = |text: &str| {
            root.write("var/lib/shorewall/state", text);
            shorewall.state(true)
        };
        assert_eq!(shorewall.state(true), Firewall::Absent);
        assert_eq!(state("Started Sun Nov 22 07:31:15 UTC 2026 from /etc/shorewall/\n"), Firewall::Started);
        for text in ["Stopped", "Cleared now", "Stopping", "\u{0}Started"] {
            assert_eq!(state(text), Firewall::Stopped, "{text}");
        }
    }

    #[test]
    fn commands_name_the_provider_and_prefer_the_compiled_script() {
        let root = Scratch::new("shorewall-command");
        let shorewall = Shorewall::below(root.path(), Family::Ipv4);
        root.write("etc/shorewall/providers", "isp1 1 1 - wan1 198.51.100.1 balance\n");
        let providers = shorewall.providers();
        let line = |action| {
            let command = shorewall.command(action, Duration::from_secs(90));
            (command.program, command.arguments)
        };
        let isp1 = providers.first().expect("a provider");
        assert_eq!(line(Action::Disable(isp1)), ("shorewall".into(), vec!["disable".into(), "isp1".into()]));
        root.write("var/lib/shorewall/firewall", "#!/bin/sh\n");
        fs::set_permissions(shorewall.compiled(), fs::Permissions::from_mode(0o700)).expect("a mode");
        assert_eq!(line(Action::Reload), (shorewall.compiled().into_os_string(), vec!["reload".into()]));
    }
}

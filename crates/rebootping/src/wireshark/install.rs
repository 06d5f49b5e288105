//! Puts a script that calls us where Wireshark looks for extcap programs, and takes it away again.

use super::remote::{Address, Fingerprint, Gateway, TOKEN};
use crate::clock;
use crate::command::{self, Command, OUTPUT_KEPT};
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The script's name.
const NAME: &str = "rebootping";
/// By its second line a script is known to be ours.
const OURS: &str = "# Written by `rebootping wireshark install`; `rebootping wireshark install --undo` removes it.";
/// tshark reads all of its preferences before it answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// Writes the script; what was done, in words. A gateway elsewhere is asked who it is first, so that a certificate nobody vouches for
/// is noticed here and not in Wireshark.
pub(super) fn install(
    explicit: Option<&Path>,
    system: bool,
    gateway: Option<&Address>,
    pinned: Option<Fingerprint>,
) -> Result<String, String> {
    let path = folder(system)?.join(NAME);
    refuse_strangers(&path)?;
    let meet = |address: &Address| Gateway { address: address.clone(), pinned, token: None }.meet();
    let called = gateway.map(meet).transpose()?;
    let program = std::env::current_exe().map_err(|error| format!("cannot tell where this program lies: {error}"))?;
    let config = explicit.map(fs::canonicalize).transpose().map_err(|error| error.to_string())?;
    let mut options = Vec::new();
    for (name, value) in
        [("--gateway", gateway.map(ToString::to_string)), ("--fingerprint", pinned.map(|pinned| pinned.to_string()))]
    {
        options.extend(value.map(|value| (name, value)));
    }
    write(&path, &script(&program, config.as_deref(), &options)).map_err(|error| failed(&path, &error))?;
    let path = path.display();
    Ok(match called {
        None => format!("wrote {path}; Wireshark lists this gateway's devices at its next start"),
        Some(called) => {
            format!("wrote {path}; Wireshark lists the devices of {called} at its next start, if {TOKEN} is set for it")
        }
    })
}

/// Removes the script; what was done, in words.
pub(super) fn undo(system: bool) -> Result<String, String> {
    let path = folder(system)?.join(NAME);
    refuse_strangers(&path)?;
    match fs::remove_file(&path) {
        Ok(()) => Ok(format!("removed {}", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(format!("there is no {}, so nothing is left to undo", path.display()))
        }
        Err(error) => Err(failed(&path, &error)),
    }
}

/// Where Wireshark looks, as it says itself: that differs by version and distribution.
fn folder(system: bool) -> Result<PathBuf, String> {
    let tshark = Command {
        program: "tshark".into(),
        arguments: ["-G", "folders"].map(OsString::from).to_vec(),
        input: Vec::new(),
        timeout: PATIENCE,
        keep: OUTPUT_KEPT,
    };
    let unknown = "the folder can be read in Wireshark's Help > About > Folders, as \"Extcap path\"";
    let finished = command::run(&tshark, clock::now)
        .map_err(|error| format!("tshark, which knows where Wireshark looks, cannot be run ({error}); {unknown}"))?;
    let said = String::from_utf8_lossy(&finished.output);
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let found = if system { of_system(&said) } else { home.and_then(|home| of_user(&said, &home)) };
    found.ok_or_else(|| {
        let whose = if system { "for all users" } else { "of this user's own; try --system" };
        format!("this version of tshark names no folder {whose}; {unknown}")
    })
}

fn of_system(said: &str) -> Option<PathBuf> {
    named(said, "Extcap path:")
}

/// We run programs with `/` for a home, so that is what it lies in.
fn of_user(said: &str, home: &Path) -> Option<PathBuf> {
    named(said, "Personal Extcap path:").and_then(|path| Some(home.join(path.strip_prefix("/").ok()?)))
}

fn named(said: &str, label: &str) -> Option<PathBuf> {
    let path = said.lines().find_map(|line| line.trim_start().strip_prefix(label))?.trim();
    // Several folders are separated like those of PATH.
    let first = path.split(':').next()?;
    first.starts_with('/').then(|| PathBuf::from(first.replace("//", "/")))
}

/// An error if the file is there and not ours.
fn refuse_strangers(path: &Path) -> Result<(), String> {
    match fs::read(path) {
        Ok(bytes) if bytes.split(|&byte| byte == b'\n').nth(1) == Some(OURS.as_bytes()) => Ok(()),
        Ok(_) => Err(format!("{} is not ours, so it is left alone; move it away first", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(path, &error)),
    }
}

fn script(program: &Path, config: Option<&Path>, options: &[(&str, String)]) -> Vec<u8> {
    let mut script = format!("#!/bin/sh\n{OURS}\nexec ").into_bytes();
    script.extend(quoted(program));
    if let Some(config) = config {
        script.extend(b" --config ");
        script.extend(quoted(config));
    }
    script.extend(b" extcap");
    for (name, value) in options {
        script.extend(format!(" {name} ").bytes());
        script.extend(quoted(Path::new(value)));
    }
    script.extend(b" \"$@\"\n");
    script
}

/// One word for a shell.
fn quoted(path: &Path) -> Vec<u8> {
    let inside = path.as_os_str().as_bytes().iter();
    let inside = inside.flat_map(|&byte| if byte == b'\'' { b"'\\''".to_vec() } else { vec![byte] });
    [b'\''].into_iter().chain(inside).chain([b'\'']).collect()
}

/// Writes beside the file and renames: Wireshark may start at any time.
fn write(path: &Path, script: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Not executable under this name, in which Wireshark would run it too.
    let beside = path.with_extension("new");
    drop(fs::remove_file(&beside));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(script)?;
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    fs::rename(&beside, path)
}

fn failed(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => format!("{}: {error}; use sudo", path.display()),
        _ => format!("{}: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What tshark 4.0 of Debian says, shortened.
    const SAID: &str = "Temp:                  \t/tmp\nPersonal Extcap path:  \t//.local/lib/wireshark/extcap\nExtcap path:           \t/usr/lib/x86_64-linux-gnu/wireshark/extcap\n";

    #[test]
    fn folders_are_those_tshark_names() {
        assert_eq!(of_system(SAID), Some("/usr/lib/x86_64-linux-gnu/wireshark/extcap".into()));
        assert_eq!(of_user(SAID, Path::new("/home/ann")), Some("/home/ann/.local/lib/wireshark/extcap".into()));
        assert_eq!(of_system("Extcap path: relative"), None);
        assert_eq!(of_user("", Path::new("/home/ann")), None);
    }

    #[test]
    fn paths_are_one_word_each() {
        let options = [("--gateway", "https://gw".to_owned())];
        let script = script(Path::new("/opt/a b/rebootping"), Some(Path::new("/etc/it's.toml")), &options);
        let last = "exec '/opt/a b/rebootping' --config '/etc/it'\\''s.toml' extcap --gateway 'https://gw' \"$@\"\n";
        assert_eq!(String::from_utf8(script), Ok(format!("#!/bin/sh\n{OURS}\n{last}")));
    }
}

//! A folder of captures as a daemon left it, with a configuration that names it, and no daemon.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

pub(crate) const TV: &str = "aa:bb:cc:00:00:01";
/// A moment in 2026, in nanoseconds since 1970: 2026-11-22T10:12:13Z.
const START: u64 = 1_795_342_333_000_000_000;
const NANOS: u64 = 1_000_000_000;

/// The folder, gone at the end.
pub(crate) struct Machine(pub(crate) PathBuf);

impl Machine {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rebootping-shark-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("captures")).expect("a folder");
        let paths = |key: &str| format!("{key} = \"{}\"\n", path.join(key).display());
        let text = format!("[paths]\n{}{}{}", paths("state"), paths("run"), paths("captures"));
        fs::write(path.join("config.toml"), text).expect("a file");
        Self(path)
    }

    /// Writes the segment that begins so many seconds after the first: one packet, or more, of 64 bytes each.
    pub(crate) fn write(&self, owner: &str, second: u64, interface: &str, link: u8, packets: usize) -> PathBuf {
        let folder = self.0.join("captures").join(owner);
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(format!("20261122T1012{:02}.000000000Z.pcapng", 13 + second));
        let packet = packet(START + second * NANOS);
        fs::write(&path, [beginning(interface, link), packet.repeat(packets)].concat()).expect("a file");
        path
    }

    /// `rebootping --config FILE ARGUMENTS`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rebootping"));
        command.arg("--config").arg(self.0.join("config.toml")).args(arguments);
        command.env_remove("SSH_CONNECTION").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What it prints, each stream after the arguments and the exit code, with the folder's name left out.
    pub(crate) fn told(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("it runs");
        let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("UTF-8"));
        let code = output.status.code().expect("it ends by itself");
        let told = format!("$ rebootping {}\n{out}{err}({code})\n", arguments.join(" "));
        told.replace(&self.0.display().to_string(), "DIR").replace(env!("CARGO_PKG_VERSION"), "VERSION")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Section and interface, whose name has four letters, with stamps in nanoseconds.
fn beginning(interface: &str, link: u8) -> Vec<u8> {
    assert_eq!(interface.len(), 4, "as many as need no padding");
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let options = [&[2, 0, 4, 0], interface.as_bytes(), &[9, 0, 1, 0, 9, 0, 0, 0], &[0; 4]].concat();
    let interface = [&[link, 0, 0, 0, 0, 0, 4, 0][..], &options].concat();
    [block(0x0a0d_0d0a, &section), block(1, &interface)].concat()
}

fn packet(stamp: u64) -> Vec<u8> {
    let words = [0, (stamp >> 32) as u32, stamp as u32, 64, 64].map(u32::to_le_bytes).concat();
    block(6, &[words, vec![7; 64]].concat())
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, body, &length].concat()
}

//! `rebootping web enable`, as it is typed after an installation: the LAN is served behind the password that was asked for.

use std::fs;
use std::io::Write;
use std::process::{Child, Stdio};

use rebootping_lab::{Yard, wait_until};

use crate::raw::{connect, exchange};
use crate::site::{LAN, LIMIT, LOOPBACK, PASSWORD, address, login, request};

/// A daemon that reads `/etc/rebootping`, of which it has one of its own.
struct Installed {
    daemon: Child,
    yard: Yard,
}

impl Drop for Installed {
    fn drop(&mut self) {
        // It has ended already where the test failed for that.
        drop(self.daemon.kill());
        drop(self.daemon.wait());
    }
}

impl Installed {
    #[track_caller]
    fn start() -> Self {
        let yard = Yard::build("install", env!("CARGO_BIN_EXE_rebootping"));
        yard.lay_cable("lan0", "02:00:00:00:00:01");
        yard.gw().run("ip addr add 10.0.0.1/24 dev lan0");
        yard.street().run("ip addr add 10.0.0.2/24 dev lan0");
        let place = yard.dir().display().to_string();
        fs::create_dir_all(yard.dir().join("etc/rebootping")).expect("a folder");
        fs::create_dir_all(yard.dir().join("work")).expect("a folder");
        let config = format!("[paths]\nstate = \"{place}/state\"\nrun = \"{place}/run\"\n[capture]\nmode = \"off\"\n");
        fs::write(yard.dir().join("etc/rebootping/rebootping.toml"), config).expect("a file");
        let script = format!(
            "mount -t overlay overlay -o lowerdir=/etc,upperdir={place}/etc,workdir={place}/work /etc && exec {} run",
            env!("CARGO_BIN_EXE_rebootping")
        );
        let mut command = yard.gw().command("sh");
        let daemon = command.args(["-c", &script]).stdin(Stdio::null()).spawn().expect("it starts");
        let installed = Self { daemon, yard };
        wait_until("the page is served", LIMIT, || connect(installed.yard.gw(), address(LOOPBACK)).is_ok());
        installed
    }

    /// Types a command where the daemon is, and answers what it asks.
    #[track_caller]
    fn type_in(&self, words: &[&str], answer: &str) -> String {
        let mut command = self.yard.gw().command("nsenter");
        let pid = self.daemon.id().to_string();
        command.args(["-t", &pid, "-m", "-n", env!("CARGO_BIN_EXE_rebootping")]).args(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        child.stdin.take().expect("a pipe").write_all(answer.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("its end");
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).expect("text")
    }
}

#[test]
fn enabling_serves_the_lan_behind_the_password_that_was_asked_for() {
    let installed = Installed::start();
    assert!(connect(installed.yard.street(), address(LAN)).is_err(), "nothing but loopback is served as installed");
    let said = installed.type_in(&["web", "enable"], &format!("{PASSWORD}\n"));
    assert!(said.contains("http://10.0.0.1:8067/"), "{said}");
    assert!(said.contains("without TLS everybody in that network can read the password"), "{said}");
    let part = fs::read_to_string(installed.yard.dir().join("etc/rebootping/conf.d/web.toml")).expect("it was written");
    assert_eq!(part, "[web]\nlisten = [\"127.0.0.1:8067\", \"10.0.0.1:8067\"]\n");
    let from_lan = |request: &[u8]| {
        connect(installed.yard.street(), address(LAN)).ok().and_then(|stream| exchange(stream, request))
    };
    let mut status = 0;
    wait_until("the LAN is served", LIMIT, || {
        status = from_lan(&request("GET", "/api/v1/status", LAN, &[], "")).map_or(0, |reply| reply.status);
        status != 0
    });
    assert_eq!(status, 401);
    let ours = ["Origin: http://10.0.0.1:8067", "Content-Type: application/json"];
    let reply = from_lan(&request("POST", "/api/v1/session", LAN, &ours, &login(PASSWORD)));
    assert_eq!(reply.expect("an answer").status, 200);
    // A second time nothing is asked: the password stays.
    installed.type_in(&["web", "enable", "--address", "10.0.0.1"], "");
}

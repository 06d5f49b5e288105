//! Servers on the lab's Internet: names, mail with TLS and a password, a web server that takes notes, and one that never answers.

use crate::notes::{Notes, Post};
use rebootping_lab::{Lab, Ns, wait_until};
use serde_json::Value;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The lab's Internet has this address, and all servers are there.
const ADDRESS: &str = "8.8.8.8";
/// What no log and no status may show.
pub(crate) const SECRETS: [&str; 3] = ["path-of-the-hook", "token-of-the-hook", "password-of-the-mail"];
pub(crate) const USER: &str = "gateway";
pub(crate) const MAIL_SERVER: &str = include_str!("mail_server.py");
/// Debian's own interpreter, which has Debian's packages.
pub(crate) const PYTHON: &str = "/usr/bin/python3";
/// A busy machine takes its time to start an interpreter.
pub(crate) const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// The servers, until dropped.
pub(crate) struct Internet {
    folder: PathBuf,
    web: Notes,
    /// Connections to the one that never answers.
    hanging: Arc<Mutex<Vec<TcpStream>>>,
    children: Vec<Child>,
}

impl Internet {
    /// Starts them, and has the lab's gateway ask for names there and trust their authority.
    pub(crate) fn start(lab: &Lab) -> Self {
        let folder = lab.dir();
        let etc = certify(&lab.gw(), &folder, "mail.example");
        fs::write(etc.join("resolv.conf"), format!("nameserver {ADDRESS}\n")).expect("the gateway's resolver");
        fs::write(folder.join("mail_server.py"), MAIL_SERVER).expect("a script");
        let file = |name: &str| folder.join(name).display().to_string();
        let script = [file("mail_server.py"), ADDRESS.into(), "2525".into(), file("mail.crt"), file("mail.key")];
        let mut mail = lab.net().command(PYTHON);
        mail.args(script).args([USER, SECRETS[2]]).arg(folder.join("mails")).arg("starttls");
        let mut names = lab.net().command("dnsmasq");
        names.args(["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--bind-interfaces"]);
        names.args(["--user=root", "--pid-file=", &format!("--listen-address={ADDRESS}")]);
        for name in ["mail.example", "hook.example", "slow.example"] {
            names.arg(format!("--address=/{name}/{ADDRESS}"));
        }
        let children = vec![spawn(&mut mail, &folder.join("mail.log")), spawn(&mut names, &folder.join("names.log"))];
        let [web, slow] = [8080, 8081]
            .map(|port| lab.net().enter(|| TcpListener::bind((ADDRESS, port)).expect("a port on the Internet")));
        let (web, hanging) = (Notes::of(web), Arc::default());
        never_answer(slow, Arc::clone(&hanging));
        let started = || lab.net().enter(|| TcpStream::connect((ADDRESS, 2525)).is_ok());
        wait_until("the mail server listens", STARTED_WITHIN, started);
        Self { folder, web, hanging, children }
    }

    /// `[alerts]` of a gateway that tells all of them.
    pub(crate) fn config(&self) -> String {
        let secret = |name: &str, text: &str| {
            let path = self.folder.join(name);
            fs::write(&path, format!("{text}\n")).expect("a secret");
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode");
            path.display().to_string()
        };
        let [path, token, password] = SECRETS;
        format!(
            "[alerts]\nafter = \"15s\"\nwebhook_url_file = \"{}\"\nwebhook_token_file = \"{}\"\nntfy_url_file = \"{}\"\nsmtp_server = \"mail.example:2525\"\nsmtp_user = \"{USER}\"\nsmtp_password_file = \"{}\"\nsmtp_from = \"gateway@example.org\"\nsmtp_to = [\"admin@example.org\", \"boss@example.org\"]\n",
            secret("hook.url", &format!("http://hook.example:8080/{path}")),
            secret("hook.token", token),
            secret("ntfy.url", "http://slow.example:8081/topic"),
            secret("mail.password", password),
        )
    }

    /// What the web server was sent, in order.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.web.posts()
    }

    /// The mails that were taken, in order.
    pub(crate) fn mails(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join("mails")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Whether somebody waits for the one that never answers.
    pub(crate) fn hangs(&self) -> bool {
        !self.hanging.lock().expect("no panic while it is held").is_empty()
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Both fail only when it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            for log in ["mail.log", "names.log"] {
                eprintln!("--- {log}:\n{}", fs::read_to_string(self.folder.join(log)).unwrap_or_default());
            }
        }
    }
}

/// An authority that this gateway trusts, and a certificate by it for that name; where the gateway's `/etc` is.
pub(crate) fn certify(gw: &Ns, folder: &Path, name: &str) -> PathBuf {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    gw.run(&format!(
        "cd {} && exec 2>&1 && openssl req -x509 {key} -days 2 -subj /CN=lab -keyout ca.key -out ca.crt && openssl req {key} -subj /CN={name} -keyout mail.key -out mail.csr && echo subjectAltName=DNS:{name} > mail.ext && openssl x509 -req -in mail.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile mail.ext -out mail.crt",
        folder.display()
    ));
    let etc = PathBuf::from(format!("/etc/netns/{}", gw.name()));
    fs::create_dir_all(etc.join("ssl/certs")).expect("a folder for the gateway's certificates");
    fs::copy(folder.join("ca.crt"), etc.join("ssl/certs/ca-certificates.crt")).expect("an authority");
    etc
}

pub(crate) fn spawn(command: &mut Command, log: &PathBuf) -> Child {
    let log = fs::File::create(log).expect("a log");
    let err = log.try_clone().expect("a descriptor");
    command.stdin(Stdio::null()).stdout(log).stderr(err).spawn().expect("a server")
}

fn never_answer(listener: TcpListener, hanging: Arc<Mutex<Vec<TcpStream>>>) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            hanging.lock().expect("no panic while it is held").push(stream);
        }
    });
}

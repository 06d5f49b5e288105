//! Servers on the lab's Internet: names, mail with TLS and a password, a web server that takes notes, and one that never answers.

use rebootping_lab::{Lab, wait_until};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The lab's Internet has this address, and all servers are there.
const ADDRESS: &str = "8.8.8.8";
/// What no log and no status may show.
pub(crate) const SECRETS: [&str; 3] = ["path-of-the-hook", "token-of-the-hook", "password-of-the-mail"];
const USER: &str = "gateway";
const MAIL_SERVER: &str = include_str!("mail_server.py");
/// Debian's own interpreter, which has Debian's packages.
const PYTHON: &str = "/usr/bin/python3";
/// A busy machine takes its time to start an interpreter.
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// What a web server was sent.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// The first line and the headers.
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// The servers, until dropped.
pub(crate) struct Internet {
    folder: PathBuf,
    posts: Arc<Mutex<Vec<Post>>>,
    /// Connections to the one that never answers.
    hanging: Arc<Mutex<Vec<TcpStream>>>,
    children: Vec<Child>,
}

impl Internet {
    /// Starts them, and has the lab's gateway ask for names there and trust their authority.
    pub(crate) fn start(lab: &Lab) -> Self {
        let folder = lab.dir();
        let etc = PathBuf::from(format!("/etc/netns/{}", lab.gw().name()));
        fs::create_dir_all(etc.join("ssl/certs")).expect("a folder for the gateway's certificates");
        fs::write(etc.join("resolv.conf"), format!("nameserver {ADDRESS}\n")).expect("the gateway's resolver");
        certify(lab);
        fs::copy(folder.join("ca.crt"), etc.join("ssl/certs/ca-certificates.crt")).expect("an authority");
        fs::write(folder.join("mail_server.py"), MAIL_SERVER).expect("a script");
        let file = |name: &str| folder.join(name).display().to_string();
        let script = [file("mail_server.py"), ADDRESS.into(), "2525".into(), file("mail.crt"), file("mail.key")];
        let mut mail = lab.net().command(PYTHON);
        mail.args(script).args([USER, SECRETS[2]]).arg(folder.join("mails"));
        let mut names = lab.net().command("dnsmasq");
        names.args(["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--bind-interfaces"]);
        names.args(["--user=root", "--pid-file=", &format!("--listen-address={ADDRESS}")]);
        for name in ["mail.example", "hook.example", "slow.example"] {
            names.arg(format!("--address=/{name}/{ADDRESS}"));
        }
        let children = vec![spawn(&mut mail, &folder.join("mail.log")), spawn(&mut names, &folder.join("names.log"))];
        let [web, slow] = [8080, 8081]
            .map(|port| lab.net().enter(|| TcpListener::bind((ADDRESS, port)).expect("a port on the Internet")));
        let (posts, hanging) = (Arc::default(), Arc::default());
        take_notes(web, Arc::clone(&posts));
        never_answer(slow, Arc::clone(&hanging));
        let started = || lab.net().enter(|| TcpStream::connect((ADDRESS, 2525)).is_ok());
        wait_until("the mail server listens", STARTED_WITHIN, started);
        Self { folder, posts, hanging, children }
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
        self.posts.lock().expect("no panic while it is held").clone()
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

/// An authority, and a certificate of the mail server's by it.
fn certify(lab: &Lab) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    lab.net().run(&format!(
        "cd {} && exec 2>&1 && openssl req -x509 {key} -days 2 -subj /CN=lab -keyout ca.key -out ca.crt && openssl req {key} -subj /CN=mail.example -keyout mail.key -out mail.csr && echo subjectAltName=DNS:mail.example > mail.ext && openssl x509 -req -in mail.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile mail.ext -out mail.crt",
        lab.dir().display()
    ));
}

fn spawn(command: &mut Command, log: &PathBuf) -> Child {
    let log = fs::File::create(log).expect("a log");
    let err = log.try_clone().expect("a descriptor");
    command.stdin(Stdio::null()).stdout(log).stderr(err).spawn().expect("a server")
}

fn take_notes(listener: TcpListener, posts: Arc<Mutex<Vec<Post>>>) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Who goes away is no note.
            if let Some(post) = take_note(&stream) {
                posts.lock().expect("no panic while it is held").push(post);
            }
        }
    });
}

fn take_note(mut stream: &TcpStream) -> Option<Post> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "))?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    Some(Post { head, body: serde_json::from_slice(&body).expect("JSON") })
}

fn never_answer(listener: TcpListener, hanging: Arc<Mutex<Vec<TcpStream>>>) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            hanging.lock().expect("no panic while it is held").push(stream);
        }
    });
}

//! What every test here begins with: a gateway with two devices behind it, and words for what those can reach.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use rebootping_lab::{Builder, Daemon, Family, Flows, Lab, Ns, wait_until};
use serde_json::Value;

/// The device that is restricted.
pub(crate) const TABLET: &str = "02:00:00:00:01:01";
/// The gateway, as devices reach it.
pub(crate) const GATEWAY: &str = "10.50.0.1";
/// Start-up asks Shorewall and judges a first round, on a machine that may be slow.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// Five times the two seconds within which a restriction has to be back.
pub(crate) const BACK_LIMIT: Duration = Duration::from_secs(10);
/// What is not answered by then is not answered.
const PATIENCE: Duration = Duration::from_millis(1500);

/// A lab with Shorewall, IPv4 and IPv6, and two devices.
pub(crate) fn lab(prefix: &str) -> Builder {
    Lab::builder(prefix).clients(2).ipv6(true).default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping"))
}

/// Starts the daemon and waits until it knows its links.
#[track_caller]
pub(crate) fn start(lab: &Lab, config: &str) -> Daemon {
    let daemon = lab.gw().daemon(config);
    daemon.wait_ready();
    wait_until("the daemon has judged its links", READY_LIMIT, || {
        let status = daemon.status();
        status["links"].as_array().is_some_and(|links| links.len() == 2 && links.iter().all(|it| it["healthy"] == true))
    });
    daemon
}

/// Has an order carried out, and returns what was said.
#[track_caller]
pub(crate) fn order(daemon: &Daemon, words: &[&str]) -> String {
    let output = daemon.cli(&[&["device"], words].concat());
    assert!(output.status.success(), "{words:?}: {}", both(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Has an order refused, and returns why.
#[track_caller]
pub(crate) fn refused(daemon: &Daemon, words: &[&str]) -> String {
    let output = daemon.cli(&[&["device"], words].concat());
    assert!(!output.status.success() && output.stdout.is_empty(), "{words:?}: {}", both(&output));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Our table, as nft shows it; nothing where there is none.
pub(crate) fn table(lab: &Lab) -> Option<String> {
    let output = lab.gw().try_run("nft list table inet rebootping");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether the kernel has the tablet in one of the sets.
pub(crate) fn is_restricted(lab: &Lab) -> bool {
    table(lab).is_some_and(|table| table.contains(TABLET))
}

/// Flows of both families and protocols from the tablet to the Internet.
pub(crate) fn flows(lab: &Lab) -> [Flows; 2] {
    [Family::V4, Family::V6].map(|family| lab.flows_from(1, family, (2, 2), 50))
}

/// How many questions were answered so far, of each flow.
pub(crate) fn answered(flows: &[Flows; 2]) -> Vec<u64> {
    flows.iter().flat_map(Flows::report).map(|flow| flow.answered).collect()
}

/// Waits until each flow is being answered.
#[track_caller]
pub(crate) fn wait_flowing(flows: &[Flows; 2]) {
    let before = answered(flows);
    wait_until("every flow is answered", READY_LIMIT, || {
        answered(flows).iter().zip(&before).all(|(now, before)| now > before)
    });
}

/// Waits until no flow is answered any more.
#[track_caller]
pub(crate) fn wait_still(flows: &[Flows; 2]) {
    wait_until("no flow is answered", READY_LIMIT, || {
        let before = answered(flows);
        thread::sleep(Duration::from_millis(500));
        answered(flows) == before
    });
}

/// Whether something new from the tablet reaches the Internet, over IPv4 and IPv6.
pub(crate) fn internet(lab: &Lab) -> [bool; 2] {
    [Family::V4, Family::V6].map(|family| lab.new_flows_of(family, (1, 1)).iter().all(Option::is_some))
}

/// Whether a TCP server on the gateway can be reached from the tablet.
pub(crate) fn reaches(lab: &Lab, port: u16) -> bool {
    let at: SocketAddr = format!("{GATEWAY}:{port}").parse().expect("an address");
    let _server = lab.gw().enter(|| TcpListener::bind(at)).expect("nobody else listens there");
    lab.lan(1).enter(|| TcpStream::connect_timeout(&at, PATIENCE)).is_ok()
}

/// Whether the tablet is answered by the gateway's DNS; the address, if it has one there.
pub(crate) fn look_up(device: &Ns, name: &str) -> Option<Vec<u8>> {
    let socket = device.enter(|| UdpSocket::bind("0.0.0.0:0")).expect("a socket binds");
    socket.set_read_timeout(Some(PATIENCE)).expect("a patience above zero");
    let mut question = vec![0x47, 0x11, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(label.len() as u8);
        question.extend_from_slice(label.as_bytes());
    }
    question.extend_from_slice(&[0, 0, 1, 0, 1]);
    socket.send_to(&question, (GATEWAY, 53)).ok()?;
    let mut answer = [0; 1500];
    let length = socket.recv(&mut answer).ok()?;
    // The address stands last where there is one.
    let has_answer = answer[7] > 0;
    Some(if has_answer { answer[length - 4..length].to_vec() } else { Vec::new() })
}

/// dnsmasq on the gateway's LAN, with nothing of this machine's; what a test wants of it is added.
pub(crate) fn dnsmasq(lab: &Lab) -> Command {
    let mut dnsmasq = lab.gw().command("dnsmasq");
    dnsmasq.args(["--keep-in-foreground", "--conf-file=/dev/null", "--interface=lan0", "--bind-interfaces"]);
    dnsmasq.args(["--no-hosts", "--no-ping", "--no-resolv", "--user=root", "--log-facility=-"]);
    dnsmasq.arg("--dhcp-range=10.50.0.100,10.50.0.199,1h");
    dnsmasq
}

/// Has the tablet get a lease, telling the server this name and its MAC as identifier; the address.
pub(crate) fn lease(lab: &Lab, name: &str) -> Option<String> {
    let dir = lab.dir().join("tablet");
    fs::create_dir_all(&dir).expect("a folder can be made");
    let conf = format!(
        "send host-name \"{name}\";\nsend dhcp-client-identifier 1:{TABLET};\nrequest subnet-mask, host-name;\n\
         initial-interval 1;\nretry 2;\ntimeout 6;\n"
    );
    fs::write(dir.join("conf"), conf).expect("a file can be written");
    let dir = dir.display();
    lab.lan(1).try_run(&format!(
        "rm -f {dir}/leases; dhclient -4 -1 -cf {dir}/conf -sf /bin/true -lf {dir}/leases -pf {dir}/pid eth0 > {dir}/log 2>&1; \
         kill $(cat {dir}/pid) 2> /dev/null; true"
    ));
    let leases = fs::read_to_string(lab.dir().join("tablet/leases")).ok()?;
    let address = leases.lines().rev().find_map(|line| line.trim().strip_prefix("fixed-address "))?;
    Some(address.trim_end_matches(';').to_owned())
}

/// The name that the server gave with the latest lease.
pub(crate) fn leased_name(lab: &Lab) -> Option<String> {
    let leases = fs::read_to_string(lab.dir().join("tablet/leases")).ok()?;
    let name = leases.lines().rev().find_map(|line| line.trim().strip_prefix("option host-name "))?;
    Some(name.trim_end_matches(';').trim_matches('"').to_owned())
}

/// A program that ends with its owner.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        let out = File::create(log).expect("a log can be made");
        let err = out.try_clone().expect("a descriptor can be duplicated");
        Self(command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect("it starts"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the daemon says of the tablet.
pub(crate) fn shown(daemon: &Daemon) -> Value {
    let output = daemon.cli(&["device", "show", TABLET, "--json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", both(&output)))
}

//! Who may order what, what needs force, and how orders are written down and undone.

use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::process::Stdio;
use std::time::Duration;

use rebootping_lab::{Daemon, Lab, isp_v4, wait_until};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::support::{Running, TABLET, internet, is_restricted, lab, order, refused, start, table};

/// Long enough for a machine that is ten times too busy.
const LIMIT: Duration = Duration::from_secs(60);

/// The rows of the audit.
fn audit(lab: &Lab) -> Vec<Value> {
    let text = fs::read_to_string(lab.dir().join("state/audit")).expect("it was written");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn what_would_cut_off_others_or_who_asks_needs_force_and_an_end() {
    let lab = lab("force").build();
    let daemon = start(&lab, "");
    lab.gw().run(&format!("ping -q -c 1 -W 5 10.50.0.10 && ping -q -c 1 -W 5 {}", isp_v4(1)));
    let why = refused(&daemon, &["restrict", "02:00:00:00:00:01", "block"]);
    assert!(why.contains("is this gateway's own"), "{why}");
    let why = refused(&daemon, &["restrict", "02:00:00:01:00:01", "block"]);
    assert!(why.contains("is a router"), "{why}");
    let why = refused(&daemon, &["restrict", "02:00:00:01:00:01", "block", "--force"]);
    assert!(why.contains("--force together with --for"), "without an end: {why}");
    order(&daemon, &["restrict", "02:00:00:01:00:01", "pause", "--force", "--for", "1m"]);
    order(&daemon, &["allow", "02:00:00:01:00:01"]);

    // Who works from there is told so, over sudo too, which keeps none of the session's variables.
    let program = env!("CARGO_BIN_EXE_rebootping");
    let session = |then: &str| {
        let line = format!(
            "SSH_CONNECTION='10.50.0.10 50000 10.50.0.1 22' sh -c '{then} {program} --config {} device restrict {TABLET} block; true'",
            daemon.config_path().display()
        );
        let output = lab.gw().try_run(&line);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for then in ["", "env -i"] {
        let why = session(then);
        assert!(why.contains("is the device you work from"), "{then}: {why}");
    }
    lab.gw().run("for last in 81 82 83 84; do ip neigh replace 10.50.0.$last lladdr 02:00:00:00:01:02 dev lan0; done");
    let why = refused(&daemon, &["restrict", "02:00:00:00:01:02", "local"]);
    assert!(why.contains("carries 4 devices") || why.contains("carries 5 devices"), "{why}");
    assert_eq!(table(&lab), None, "nothing of this was done");
}

#[test]
fn who_serves_addresses_or_names_needs_force_and_an_end() {
    let lab = lab("serves").build();
    let daemon = start(&lab, "");
    let server = "02:00:00:00:01:02";
    let log = lab.dir().join("dnsmasq.log");
    let mut dnsmasq = lab.lan(2).command("dnsmasq");
    dnsmasq.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--interface=eth0",
        "--bind-interfaces",
        "--no-hosts",
    ]);
    dnsmasq.args(["--no-ping", "--no-resolv", "--user=root", "--log-facility=-", "--pid-file=", "--leasefile-ro"]);
    dnsmasq.args(["--address=/nas.home/10.50.0.77", "--dhcp-range=10.50.0.100,10.50.0.199,1h"]);
    let serving = Running::start(&mut dnsmasq, &log);
    wait_until("it answers, and that is seen", LIMIT, || {
        ask_name(&lab);
        refusal(&daemon, &["restrict", server, "local"]).is_some_and(|why| why.contains("looks up names for others"))
    });
    wait_until("it leases addresses, and that is seen", LIMIT, || {
        let dir = lab.dir().display().to_string();
        lab.gw().try_run(&format!(
            "rm -f {dir}/dhcp.leases; timeout 10 dhclient -4 -1 -d -sf /bin/true -lf {dir}/dhcp.leases -pf {dir}/dhcp.pid lan0 & \
             sleep 3; kill $!"
        ));
        refusal(&daemon, &["restrict", server, "block", "--force"])
            .is_some_and(|why| why.contains("gives out addresses by DHCP"))
    });
    assert_eq!(table(&lab), None);
    order(&daemon, &["restrict", server, "local", "--force", "--for", "1m"]);
    drop(serving);
}

/// Has the gateway ask the tablet's neighbour for a name.
fn ask_name(lab: &Lab) {
    let socket = lab.gw().enter(|| UdpSocket::bind("10.50.0.1:0")).expect("a socket binds");
    let question =
        [0x47, 0x11, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, b'n', b'a', b's', 4, b'h', b'o', b'm', b'e', 0, 0, 1, 0, 1];
    // Whether it is answered is seen by the daemon.
    drop(socket.send_to(&question, "10.50.0.11:53"));
}

/// Why an order is refused; nothing if it is carried out.
fn refusal(daemon: &Daemon, words: &[&str]) -> Option<String> {
    let output = daemon.cli(&[&["device"], words].concat());
    if output.status.success() {
        order(daemon, &["allow", words[1]]);
        return None;
    }
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_order_is_written_down_with_who_and_what_was_before_and_can_be_undone() {
    let lab = lab("audit").build();
    let daemon = start(&lab, "");
    order(&daemon, &["restrict", TABLET, "pause", "--for", "1h"]);
    order(&daemon, &["restrict", TABLET, "block"]);
    order(&daemon, &["allow", TABLET]);
    let said = order(&daemon, &["undo"]);
    assert!(said.starts_with(&format!("order 3 is undone: {TABLET}: blocked")), "{said}");
    assert!(is_restricted(&lab) && internet(&lab) == [false, false]);
    let said = order(&daemon, &["undo"]);
    assert!(said.starts_with(&format!("order 2 is undone: {TABLET}: no Internet until ")), "{said}");
    let why = refused(&daemon, &["undo", "2"]);
    assert!(why.contains("order 2 is undone already"), "{why}");
    let said = order(&daemon, &["undo", "1"]);
    assert!(said.starts_with(&format!("order 1 is undone: {TABLET} is allowed everything")), "{said}");
    assert_eq!(table(&lab), None);
    let why = refused(&daemon, &["undo"]);
    assert!(why.contains("there is nothing to undo"), "{why}");

    let rows = audit(&lab);
    let verbs: Vec<&str> = rows.iter().filter_map(|row| row["verb"].as_str()).collect();
    assert_eq!(verbs, ["restrict", "restrict", "allow", "undo", "undo", "undo"]);
    assert!(rows.iter().all(|row| row["uid"] == 0 && row["pid"].as_u64() > Some(0) && row["time"].is_string()));
    let changed = &rows[1]["changes"][0];
    assert_eq!(changed["mac"], TABLET);
    assert_eq!(changed["before"]["restriction"]["mode"], "pause");
    assert_eq!(changed["after"]["restriction"], serde_json::json!({"mode": "block", "until": null, "schedule": null}));

    // The history has the same rows, each once, also after everybody was killed.
    wait_until("the history has all of them", LIMIT, || in_history(&lab) == rows);
    daemon.kill9();
    let daemon = start(&lab, "");
    order(&daemon, &["restrict", TABLET, "pause"]);
    wait_until("the history has the next one too", LIMIT, || in_history(&lab) == audit(&lab));
    let why = refused(&daemon, &["forget", TABLET]);
    assert!(why.contains("is restricted") && why.contains("allow"), "{why}");
    order(&daemon, &["allow", TABLET]);
    lab.lan(1).try_run("ping -q -c 1 -W 5 10.50.0.1");
    wait_until("the tablet is listed", LIMIT, || daemon.cli(&["device", "show", TABLET]).status.success());
    wait_until("the history has that too", LIMIT, || in_history(&lab) == audit(&lab));
    order(&daemon, &["forget", TABLET]);
    let left = lab.gw().run(&format!("grep -rl {TABLET} {}/state || true", lab.dir().display()));
    assert_eq!(left, "", "who ordered stays, of whom does not");
    assert!(audit(&lab).iter().all(|row| row["uid"] == 0) && audit(&lab).len() == 8);
}

/// The rows of the audit that the history has, the oldest first.
fn in_history(lab: &Lab) -> Vec<Value> {
    let file = lab.dir().join("state/observer/history.db");
    let store = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("there is a history");
    let mut all = store.prepare("SELECT body FROM audit ORDER BY rowid").expect("it has such rows");
    let bodies = all.query_map([], |row| row.get::<_, String>(0)).expect("they can be read").flatten();
    bodies.filter_map(|body| serde_json::from_str::<Value>(&body).ok()).filter(|row| row["id"].is_u64()).collect()
}

#[test]
fn only_root_may_restrict_and_a_firewall_that_refuses_leaves_nothing_half_done() {
    let lab = lab("mayctl").build();
    let daemon = start(&lab, "");
    let line = format!(
        "setpriv --reuid=65534 --regid=65534 --clear-groups {} --config {} device restrict {TABLET} block",
        env!("CARGO_BIN_EXE_rebootping"),
        daemon.config_path().display()
    );
    let output = lab.gw().try_run(&line);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("only root may restrict and name devices"), "{said}");
    assert_eq!(table(&lab), None);
    assert!(!lab.dir().join("state/audit").exists(), "what was not done is not written down");

    // A table that has an owner can be changed by nobody else.
    let mut owner = lab.gw().command("nft");
    let mut owner = owner.arg("-i").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut input = owner.stdin.take().expect("it was asked for");
    input.write_all(b"add table inet rebootping { flags owner; }\n").expect("it reads");
    wait_until("somebody else has the table", LIMIT, || table(&lab).is_some());
    let why = refused(&daemon, &["restrict", TABLET, "block"]);
    assert!(why.contains("devices are not restricted: nft"), "{why}");
    assert!(!is_restricted(&lab) && internet(&lab) == [true, true]);
    assert!(!lab.dir().join("state/audit").exists(), "what was not done is not written down");
    let kept = fs::read_to_string(lab.dir().join("state/control.json")).unwrap_or_default();
    assert!(!kept.contains(TABLET), "nor kept: {kept}");
    drop(input);
    assert!(owner.wait().is_ok_and(|status| status.success()));
    wait_until("it has gone with its owner", LIMIT, || table(&lab).is_none());
    order(&daemon, &["restrict", TABLET, "block"]);
    assert!(is_restricted(&lab));
}

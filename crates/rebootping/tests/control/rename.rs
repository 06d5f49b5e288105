//! Names for dnsmasq: in DNS at once, never half there, and there when the server comes late.

use std::fs;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use rebootping_lab::{Daemon, Lab, wait_until};

use crate::support::{Running, TABLET, dnsmasq, lab, lease, look_up, order, refused, shown, start};

/// Five times the second within which a name has to be there.
const KNOWN_LIMIT: Duration = Duration::from_secs(5);
/// A server that failed is tried again every ten seconds.
const RETRIED_LIMIT: Duration = Duration::from_secs(30);
const OTHER: &str = "02:00:00:00:01:02";

fn hosts(lab: &Lab) -> PathBuf {
    let folder = lab.dir().join("hosts");
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

/// dnsmasq as an operator would have it, with a folder for names.
fn serve(lab: &Lab) -> Running {
    let mut dnsmasq = dnsmasq(lab);
    dnsmasq.args(["--domain=home", "--dhcp-authoritative"]);
    dnsmasq.arg(format!("--dhcp-hostsdir={}", hosts(lab).display()));
    dnsmasq.arg(format!("--dhcp-leasefile={}", lab.dir().join("leases").display()));
    dnsmasq.arg(format!("--pid-file={}", lab.dir().join("dnsmasq.pid").display()));
    let running = Running::start(&mut dnsmasq, &lab.dir().join("dnsmasq.log"));
    wait_until("dnsmasq answers", RETRIED_LIMIT, || look_up(lab.lan(2), "nobody.home").is_some());
    running
}

/// Waits until the daemon lists the tablet.
fn wait_known(daemon: &Daemon) {
    wait_until("the tablet is listed", RETRIED_LIMIT, || daemon.cli(&["device", "show", TABLET]).status.success());
}

fn octets(address: &str) -> Vec<u8> {
    address.parse::<Ipv4Addr>().expect("an address").octets().to_vec()
}

fn files(lab: &Lab) -> Vec<String> {
    let all = fs::read_dir(hosts(lab)).expect("a folder").flatten();
    let mut all: Vec<String> =
        all.map(|entry| fs::read_to_string(entry.path()).expect("a file").trim_end().to_owned()).collect();
    all.sort();
    all
}

#[test]
fn a_name_is_in_dns_at_once_and_the_address_with_the_next_lease() {
    let lab = lab("rename").build();
    let _dnsmasq = serve(&lab);
    let daemon = start(&lab, "");
    let address = lease(&lab, "esp-1234").expect("a lease");
    assert_eq!(look_up(lab.lan(2), "esp-1234.home"), Some(octets(&address)));
    wait_known(&daemon);
    wait_until("its lease is shown", RETRIED_LIMIT, || shown(&daemon)["lease"]["ip"] == address.as_str());
    let leased = &shown(&daemon)["lease"];
    assert_eq!((&leased["name"], &leased["reserved"]), (&"esp-1234".into(), &false.into()), "{leased}");
    let said = order(&daemon, &["rename", TABLET, "Kitchen-TV"]);
    let took = wait_until("DNS knows the name", KNOWN_LIMIT, || {
        look_up(lab.lan(2), "kitchen-tv.home") == Some(octets(&address))
    });
    println!("{said}in DNS {took:?} after the prompt was back");
    assert_eq!(said, format!("{TABLET} is called kitchen-tv (undo: rebootping device undo 1); dnsmasq knows it\n"));
    assert_eq!(shown(&daemon)["name"], "kitchen-tv");
    assert_eq!(files(&lab), [format!("{TABLET},kitchen-tv")]);

    order(&daemon, &["rename", TABLET, "kitchen-tv", "--address", "10.50.0.177"]);
    wait_until("the next lease has the address", RETRIED_LIMIT, || {
        lease(&lab, "esp-1234").as_deref() == Some("10.50.0.177")
    });
    wait_until("DNS knows it there", KNOWN_LIMIT, || {
        look_up(lab.lan(2), "kitchen-tv.home") == Some(vec![10, 50, 0, 177])
    });

    let said = order(&daemon, &["undo"]);
    assert!(said.starts_with(&format!("{TABLET} is called kitchen-tv")), "{said}");
    assert_eq!(files(&lab), [format!("{TABLET},kitchen-tv")]);
    order(&daemon, &["undo"]);
    assert_eq!(files(&lab), [""; 0]);
    assert_eq!(shown(&daemon)["name"], "esp-1234", "what it calls itself");
}

#[test]
fn a_wrong_name_is_refused_with_the_reason_and_nothing_is_written() {
    let lab = lab("wrongname").build();
    let _dnsmasq = serve(&lab);
    let daemon = start(&lab, "");
    lease(&lab, "esp-1234").expect("a lease");
    wait_known(&daemon);
    let long = "a".repeat(64);
    for (name, reason) in [
        ("kitchen tv", "' ' is none of them"),
        ("tv.home", "'.' is none of them"),
        ("tv,ignore", "',' is none of them"),
        ("tv\n00:00:00:00:00:00,ignore", "is none of them"),
        ("$(reboot)", "'$' is none of them"),
        ("../../etc/cron.d/x", "'.' is none of them"),
        ("<script>", "'<' is none of them"),
        ("t\u{202e}v", "is none of them"),
        (&long, "at most 63 characters"),
        ("tv-", "neither begins nor ends with a hyphen"),
        ("ignore", "DHCP servers read this as an instruction"),
        ("12h", "DHCP servers read this as an instruction"),
        ("localhost", "hosts give this name a meaning"),
    ] {
        let why = refused(&daemon, &["rename", TABLET, name]);
        assert!(why.contains(reason), "{name:?}: {why}");
        // Also where nobody checks it before: what is said to the socket itself.
        let name = serde_json::to_string(name).expect("a text");
        let frame = format!(r#"{{"Control":{{"Name":{{"mac":"{TABLET}","to":{{"label":{name}}}}}}}}}"#);
        assert_eq!(say(&lab, &frame), "", "not even an answer: {name}");
    }
    assert!(
        say(&lab, &format!(r#"{{"Control":{{"Name":{{"mac":"{TABLET}","to":{{"label":"tv"}}}}}}}}"#)).contains("Done")
    );
    lab.lan(2).run("ping -q -c 1 -W 5 10.50.0.1");
    let why = refused(&daemon, &["rename", OTHER, "TV"]);
    assert!(why.contains(&format!("{TABLET} is called tv already; a name has one device")), "{why}");
    assert_eq!(files(&lab), [format!("{TABLET},tv")]);
}

/// Says something to the daemon's socket, and returns what it answers.
fn say(lab: &Lab, message: &str) -> String {
    let mut stream = UnixStream::connect(lab.dir().join("run/control.sock")).expect("the daemon listens");
    stream.set_read_timeout(Some(RETRIED_LIMIT)).expect("a patience above zero");
    stream.write_all(&(message.len() as u32).to_be_bytes()).expect("it can be said");
    stream.write_all(message.as_bytes()).expect("it can be said");
    let mut answer = Vec::new();
    // One that hangs up answers nothing.
    let _hung_up = stream.read_to_end(&mut answer).is_err();
    String::from_utf8_lossy(answer.get(4..).unwrap_or_default()).into_owned()
}

#[test]
fn a_server_that_is_not_there_or_cannot_be_told_is_told_later() {
    let lab = lab("absent").build();
    let folder = hosts(&lab);
    let config = format!(
        "[dhcp]\nserver = \"dnsmasq\"\ndnsmasq_hostsdir = \"{}\"\ndnsmasq_pid_file = \"{}\"\n",
        folder.display(),
        lab.dir().join("dnsmasq.pid").display()
    );
    let daemon = start(&lab, &config);
    lab.lan(1).run("ping -q -c 1 -W 5 10.50.0.1");
    wait_known(&daemon);
    fs::remove_dir(&folder).expect("it is empty");
    let said = order(&daemon, &["rename", TABLET, "tv"]);
    assert!(said.contains("cannot be changed: No such file or directory") && said.contains("tried again"), "{said}");
    assert_eq!(shown(&daemon)["name"], "tv", "the name is ours all the while");
    fs::create_dir(&folder).expect("it can be made");
    wait_until("it was tried again", RETRIED_LIMIT, || files(&lab) == [format!("{TABLET},tv")]);
    let _dnsmasq = serve(&lab);
    let address = lease(&lab, "esp-1234").expect("a lease");
    assert_eq!(look_up(lab.lan(2), "tv.home"), Some(octets(&address)));
}

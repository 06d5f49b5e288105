//! Names for Kea: set and written through its own control socket, with the rest of its configuration untouched.

use std::fs;
use std::time::Duration;

use rebootping_lab::{Lab, wait_until};
use serde_json::{Value, json};

use crate::support::{Running, TABLET, lab, lease, leased_name, order, shown, start};

const LIMIT: Duration = Duration::from_secs(30);

fn configuration(lab: &Lab) -> Value {
    let place = lab.dir().display().to_string();
    json!({"Dhcp4": {
        "interfaces-config": {"interfaces": ["lan0"]},
        "control-socket": {"socket-type": "unix", "socket-name": format!("{place}/kea.sock")},
        "lease-database": {"type": "memfile", "persist": true, "name": format!("{place}/kea-leases.csv")},
        "valid-lifetime": 600,
        "host-reservation-identifiers": ["hw-address", "client-id"],
        "subnet4": [{
            "id": 1, "subnet": "10.50.0.0/24", "pools": [{"pool": "10.50.0.100 - 10.50.0.199"}],
            "reservations": [{"hw-address": "02:00:00:00:01:77", "hostname": "printer", "ip-address": "10.50.0.7"}],
        }],
        "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout"}]}],
    }})
}

fn written(lab: &Lab) -> Value {
    let text = fs::read_to_string(lab.dir().join("kea.json")).expect("a configuration");
    serde_json::from_str(&text).expect("it is JSON")
}

fn serve(lab: &Lab) -> Running {
    let file = lab.dir().join("kea.json");
    if !file.exists() {
        fs::write(&file, configuration(lab).to_string()).expect("a file can be written");
    }
    let mut kea = lab.gw().command("env");
    kea.arg(format!("KEA_PIDFILE_DIR={}", lab.dir().display()))
        .arg(format!("KEA_LOCKFILE_DIR={}", lab.dir().display()));
    kea.args(["kea-dhcp4", "-c"]).arg(file);
    let running = Running::start(&mut kea, &lab.dir().join("kea.log"));
    wait_until("Kea has its socket", LIMIT, || lab.dir().join("kea.sock").exists());
    running
}

#[test]
fn a_name_is_with_kea_at_the_next_lease_and_survives_its_restart() {
    let lab = lab("kea").build();
    let kea = serve(&lab);
    let daemon = start(&lab, "");
    wait_until("the tablet has a lease", LIMIT, || lease(&lab, "esp-1234").is_some());
    wait_until("the tablet is listed", LIMIT, || daemon.cli(&["device", "show", TABLET]).status.success());
    let said = order(&daemon, &["rename", TABLET, "kitchen-tv", "--address", "10.50.0.177"]);
    assert!(said.contains("Kea knows it, and gives it with the next lease"), "{said}");
    let reservations = &written(&lab)["Dhcp4"]["subnet4"][0]["reservations"];
    let of = |mac: &str| reservations.as_array().into_iter().flatten().find(|it| it["hw-address"] == mac).cloned();
    let ours = of(TABLET).expect("it was written");
    assert_eq!((&ours["hostname"], &ours["ip-address"]), (&json!("kitchen-tv"), &json!("10.50.0.177")));
    let theirs = of("02:00:00:00:01:77").expect("nobody else's is touched");
    assert_eq!((&theirs["hostname"], &theirs["ip-address"]), (&json!("printer"), &json!("10.50.0.7")));

    wait_until("the next lease has the address", LIMIT, || lease(&lab, "esp-1234").as_deref() == Some("10.50.0.177"));
    assert_eq!(leased_name(&lab).as_deref(), Some("kitchen-tv"));
    let leases = fs::read_to_string(lab.dir().join("kea-leases.csv")).expect("leases");
    let last = leases.lines().rfind(|line| line.starts_with("10.50.0.177,")).expect("a lease");
    assert!(
        last.contains(&format!("01:{TABLET}")) && last.contains("kitchen-tv"),
        "the client identifier is kept: {last}"
    );

    drop(kea);
    fs::remove_file(lab.dir().join("kea.sock")).ok();
    let said = order(&daemon, &["rename", TABLET, "telly"]);
    assert!(said.contains("tried again every 10 s") || said.contains("no DHCP server that could be told"), "{said}");
    assert_eq!(shown(&daemon)["name"], "telly");
    let _kea = serve(&lab);
    order(&daemon, &["rename", TABLET, "telly"]);
    wait_until("the new Kea knows", LIMIT, || written(&lab).to_string().contains("\"telly\""));
    order(&daemon, &["rename", TABLET, ""]);
    let reservations = &written(&lab)["Dhcp4"]["subnet4"][0]["reservations"];
    assert_eq!(reservations.as_array().map(Vec::len), Some(1), "what was taken back is gone: {reservations}");
}

#[test]
fn a_name_that_kea_refuses_changes_nothing_there_and_is_told() {
    let lab = lab("kearefuses").build();
    let _kea = serve(&lab);
    let daemon = start(&lab, "");
    wait_until("the tablet has a lease", LIMIT, || lease(&lab, "esp-1234").is_some());
    wait_until("the tablet is listed", LIMIT, || daemon.cli(&["device", "show", TABLET]).status.success());
    // The printer has that address: Kea takes no configuration in which two have it.
    let said = order(&daemon, &["rename", TABLET, "tv", "--address", "10.50.0.7"]);
    assert!(said.contains("Kea refuses") && said.contains("tried again"), "{said}");
    assert_eq!(written(&lab), configuration(&lab), "nothing half done");
    assert_eq!(shown(&daemon)["name"], "tv");
    let said = order(&daemon, &["rename", TABLET, "tv", "--address", "10.50.0.8"]);
    assert!(said.contains("Kea knows it"), "{said}");
}

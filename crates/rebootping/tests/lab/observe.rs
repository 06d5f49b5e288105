//! Gateways on which nothing is committed: without Shorewall, and without the operator's consent.

use std::fs;
use std::time::Duration;

use rebootping_lab::{Family, Isusable, SWITCH_LIMIT, wait_until};

use crate::asking::{ask, is_healthy};
use crate::support::{RETURN_LIMIT, hold_down, lab, links, stays_so, wait_out};

/// Start-up judges a first round after at most three seconds.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// A script that many gateways have; it knows nothing of our files.
const FOREIGN_ISUSABLE: &str = "[ -f ${VARDIR}/${1}.state ] && return 1\nreturn 0\n";
const SEED_ISUSABLE: &str = "local state\nstate=0\n\
    [ -f ${VARDIR}/rebootping-${1}.status ] && state=$(cat ${VARDIR}/rebootping-${1}.status)\nreturn $state\n";

#[test]
fn without_shorewall_the_links_are_those_with_a_default_route_and_nothing_is_changed() {
    let lab = lab("plain").without_shorewall().build();
    let daemon = lab.gw().daemon(&hold_down(3600));
    daemon.wait_ready();
    wait_until("both links are healthy", SETTLE_LIMIT, || is_healthy(&daemon));
    let status = daemon.status();
    let names: Vec<&str> = links(&status).filter_map(|link| link["name"].as_str()).collect();
    assert_eq!(names, ["wan1", "wan2"]);
    assert_eq!((&status["commit"]["backend"], &status["commit"]["state"]), (&"observe".into(), &"observing".into()));
    let before = lab.gw().run("ip route show table all; ip rule");
    lab.isp(1).blackhole(true);
    wait_until("wan1 is not chosen", SWITCH_LIMIT, || daemon.link("wan1")["enabled"] == false);
    wait_until("what would be done is said", SWITCH_LIMIT, || daemon.log().contains("would leave wan1"));
    assert_eq!(lab.gw().run("ip route show table all; ip rule"), before);
    assert!(ask(&daemon, "status").out.contains("observing: the choice is shown and not carried out"));
}

#[test]
fn a_link_that_appears_later_is_judged() {
    let lab = lab("later").without_shorewall().build();
    let daemon = lab.gw().daemon(&hold_down(3600));
    daemon.wait_ready();
    wait_until("both links are healthy", SETTLE_LIMIT, || is_healthy(&daemon));
    lab.isp(2).blackhole(true);
    wait_until("wan2 is not chosen", SWITCH_LIMIT, || daemon.link("wan2")["enabled"] == false);
    let (gw, net) = (lab.gw(), lab.net());
    gw.run(&format!("ip link add wan9 type veth peer name wan9 netns {}", net.name()));
    net.run("ip address add 100.64.9.1/24 dev wan9 && ip link set dev wan9 up");
    gw.run("ip address add 100.64.9.2/24 dev wan9 && ip link set dev wan9 up");
    gw.run("ip route add default via 100.64.9.1 dev wan9 metric 500");
    wait_until("wan9 is healthy", SWITCH_LIMIT, || daemon.link("wan9")["healthy"] == true);
    wait_until("it answers all targets", SWITCH_LIMIT, || daemon.link("wan9")["answered"] == 4);
    assert_eq!(daemon.link("wan9")["gateway"], "100.64.9.1");
    assert_eq!(daemon.link("wan2")["enabled"], false, "the others are judged as before");
    gw.run("ip link delete dev wan9");
    wait_until("a link that is gone is shown as gone", SWITCH_LIMIT, || {
        daemon.link("wan9")["reason"]["code"] == "absent"
    });
}

#[test]
fn without_consent_nothing_is_committed_until_the_operator_gives_it() {
    let lab = lab("consent").isusable(Isusable::None).build();
    let etc = lab.gw().etc_dir(Family::V4);
    fs::write(etc.join("isusable"), FOREIGN_ISUSABLE).expect("it can be written");
    assert!(lab.gw().shorewall("reload").status.success());
    let daemon = lab.gw().daemon(&hold_down(3600));
    daemon.wait_ready();
    wait_until("both links are healthy", SETTLE_LIMIT, || is_healthy(&daemon));
    wait_until("it is said why nothing is committed", SWITCH_LIMIT, || {
        daemon.log().contains("shorewall does not read our status files: choices are only shown")
    });
    let says = daemon.log();
    assert!(
        says.contains("install the isusable script as /etc/shorewall/isusable and run: shorewall reload"),
        "{says}"
    );
    lab.isp(1).blackhole(true);
    wait_until("wan1 is not chosen", SWITCH_LIMIT, || daemon.link("wan1")["enabled"] == false);
    stays_so("nothing is committed", Duration::from_secs(3), || {
        lab.gw().balance_has("wan1", Family::V4) && lab.gw().status_file("wan1").is_none()
    });
    assert_eq!(daemon.status()["commit"]["state"], "observing");

    fs::write(etc.join("isusable"), SEED_ISUSABLE).expect("it can be written");
    assert!(lab.gw().shorewall("reload").status.success());
    wait_out(&lab, &daemon, "wan1", RETURN_LIMIT);
    assert!(daemon.log().contains("shorewall reads our status files: choices are committed"), "{}", daemon.log());
    assert_eq!(daemon.status()["commit"]["backend"], "shorewall");
}

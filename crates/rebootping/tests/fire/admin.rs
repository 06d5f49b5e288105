//! An administrator at work on the gateway, again and again: none of it is a reason to change the links in use.

use std::time::Duration;

use rebootping_lab::{Daemon, Family, Lab, SWITCH_LIMIT, gateway_v4, isp_v4, wait_until};

use crate::beat::Beat;
use crate::support::{RETURN_LIMIT, hold_down, lab, start, stays_so};
use crate::times;

/// So many rounds are watched before it counts that nothing came of it.
const AFTERWARDS: Duration = Duration::from_secs(3);

/// Both links are in use by file and kernel, and that was never otherwise.
#[track_caller]
fn assert_no_switch(lab: &Lab, daemon: &Daemon) {
    let both = || {
        let said = ["wan1", "wan2"].map(|link| daemon.link(link));
        said.iter().all(|link| link["enabled"] == true && link["committed"] == true)
    };
    wait_until("both links are in use", SWITCH_LIMIT, both);
    stays_so("both links are in use", AFTERWARDS, both);
    assert!(!daemon.log().contains("new connections use"), "{}", daemon.log());
    for link in ["wan1", "wan2"] {
        assert_eq!(lab.gw().status_file(link).as_deref(), Some("0\n"), "{link}");
        assert!(lab.gw().uses(link, Family::V4), "{link} is in the balance");
    }
}

#[track_caller]
fn shorewall(lab: &Lab, command: &str) {
    let output = lab.gw().shorewall(command);
    assert!(output.status.success(), "shorewall {command}: {output:?}");
}

#[test]
fn reloads_and_restarts_of_shorewall_are_no_reason_to_switch() {
    let lab = lab("reload").build();
    let daemon = start(&lab, &hold_down(3600));
    let beat = Beat::of(&lab);
    for _ in 0..50 {
        shorewall(&lab, "reload");
    }
    for _ in 0..times(10, 50) {
        shorewall(&lab, "restart");
    }
    assert_no_switch(&lab, &daemon);
    beat.assert_unbroken();
}

#[test]
fn a_lan_port_that_goes_up_and_down_and_many_signals_are_no_reason_to_switch() {
    let lab = lab("port").build();
    let daemon = start(&lab, &hold_down(3600));
    let beat = Beat::of(&lab);
    for _ in 0..50 {
        lab.gw().run("ip link set dev lan0 down && ip link set dev lan0 up");
    }
    for read in 1..=50 {
        daemon.reload(None);
        wait_until("the configuration was read again", SWITCH_LIMIT, || {
            daemon.log().matches("the configuration was read again").count() == read
        });
    }
    assert_no_switch(&lab, &daemon);
    beat.assert_unbroken();
}

#[test]
fn rules_of_a_drain_that_somebody_deletes_come_back_and_the_choice_stands() {
    let lab = lab("rules").build();
    let daemon = start(&lab, &hold_down(3600));
    lab.isp(1).lose_target("8.8.8.8", true);
    let ours = || {
        let rules = lab.gw().run("ip rule show");
        rules.lines().filter(|rule| rule.contains("lookup 19001")).count()
    };
    wait_until("wan1 is drained", SWITCH_LIMIT, || ours() > 0 && daemon.link("wan1")["committed"] == true);
    let whole = ours();
    let beat = Beat::of(&lab);
    for _ in 0..times(15, 50) {
        lab.gw().run("while ip rule delete lookup 19001 2>/dev/null; do :; done");
        wait_until("our rules are back", RETURN_LIMIT, || ours() == whole);
    }
    assert_eq!(daemon.log().matches("new connections use").count(), 1, "{}", daemon.log());
    assert!(lab.gw().uses("wan2", Family::V4) && !lab.gw().balance_has("wan1", Family::V4));
    beat.assert_unbroken();
}

#[test]
fn leases_that_are_renewed_are_no_reason_to_switch() {
    let lab = lab("renew").detect().build();
    let daemon = start(&lab, &hold_down(3600));
    let beat = Beat::of(&lab);
    let (host, router, script) = (gateway_v4(1), isp_v4(1), lab.dir().join("dhclient-script"));
    for _ in 0..50 {
        // What dhclient does when its lease is renewed and nothing in it is new.
        lab.gw().run(&format!(
            "reason=RENEW interface=wan1 old_ip_address={host} new_ip_address={host} new_subnet_mask=255.255.255.0 \
             old_routers={router} new_routers={router} sh {}",
            script.display()
        ));
    }
    assert_no_switch(&lab, &daemon);
    beat.assert_unbroken();
}

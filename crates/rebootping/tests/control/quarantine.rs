//! Quarantine: off unless an interface is named, and then for devices that nobody knows.

use std::time::Duration;

use rebootping_lab::{Family, Lab, wait_until};

use crate::support::{TABLET, internet, lab, look_up, order, start, table};

const LIMIT: Duration = Duration::from_secs(20);
const STRANGER: &str = "02:00:00:00:0f:0f";

/// Another device takes the tablet's place on its cable.
fn replace_tablet(lab: &Lab) {
    lab.lan(1).run(&format!(
        "ip link set dev eth0 down && ip link set dev eth0 address {STRANGER} && ip link set dev eth0 up && \
         ip route replace default via 10.50.0.1 && ip -6 addr replace fd61::10/64 dev eth0 nodad && \
         ip -6 route replace default via fd61::1"
    ));
    lab.gw().run("ip neigh flush dev lan0; ip -6 neigh flush dev lan0");
}

#[test]
fn who_was_there_is_known_and_a_stranger_has_no_internet_until_allowed() {
    let lab = lab("quarantine").build();
    lab.gw().run("ping -q -c 1 -W 5 10.50.0.10 && ping -q -c 1 -W 5 10.50.0.11");
    let daemon = start(&lab, "[restrict]\nquarantine = [\"lan0\"]\n");
    wait_until("the table is there", LIMIT, || table(&lab).is_some_and(|table| table.contains(TABLET)));
    assert_eq!(internet(&lab), [true, true], "who was there before is known");
    replace_tablet(&lab);
    assert_eq!(internet(&lab), [false, false]);
    assert!(lab.lan(1).try_run("ping -q -c 1 -W 5 10.50.0.11").status.success(), "its neighbours stay");
    assert!(look_up(lab.lan(1), "x").is_none(), "nobody serves DNS here");
    order(&daemon, &["allow", STRANGER]);
    assert_eq!(internet(&lab), [true, true]);
    assert!(daemon.terminate().0.success());

    let _daemon = start(&lab, "");
    wait_until("off by default, the table is gone", LIMIT, || table(&lab).is_none());
    assert!(lab.new_flows_of(Family::V4, (1, 0)).iter().all(Option::is_some));
}

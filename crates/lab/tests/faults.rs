//! Every fault breaks what it names, that alone, and can be mended.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use rebootping_lab::{Conditions, Family, Lab, wait_until};

const LIMIT: Duration = Duration::from_secs(10);
const NET4: &str = "192.0.2.1";
const NET6: &str = "2001:db8:9::1";
const BOX4: &str = "198.51.100.1";

/// Whether the gateway's own ping over one link is answered.
fn pings(lab: &Lab, link: &str, target: &str) -> bool {
    lab.gw().try_run(&format!("ping -n -c1 -w3 -i0.2 -I {link} {target}")).status.success()
}

#[test]
fn a_blackhole_stops_the_internet_but_not_the_isps_box() {
    let lab = Lab::builder("hole").ipv6(true).build();
    lab.isp(1).blackhole(true);
    assert!(!pings(&lab, "wan1", NET4) && !pings(&lab, "wan1", NET6) && pings(&lab, "wan1", BOX4));
    assert!(pings(&lab, "wan2", NET4) && pings(&lab, "wan2", NET6));
    lab.isp(1).blackhole4(false);
    assert!(pings(&lab, "wan1", NET4) && !pings(&lab, "wan1", NET6));
    lab.isp(1).mend();
    assert!(pings(&lab, "wan1", NET6));
    lab.isp(1).blackhole4(true);
    assert!(!pings(&lab, "wan1", NET4) && pings(&lab, "wan1", NET6));
}

#[test]
fn a_silent_isp_answers_not_even_arp() {
    let lab = Lab::builder("mute").without_shorewall().build();
    lab.isp(1).silence(true);
    lab.gw().run("ip neigh flush dev wan1");
    assert!(!pings(&lab, "wan1", BOX4));
    assert!(!lab.gw().run(&format!("ip neigh show {BOX4} dev wan1")).contains("lladdr"));
    lab.isp(1).silence(false);
    wait_until("the box answers again", LIMIT, || pings(&lab, "wan1", BOX4));
}

#[test]
fn a_pulled_cable_is_seen_and_heals() {
    let lab = Lab::builder("cable").ipv6_ra(true).without_shorewall().build();
    lab.isp(1).carrier(false);
    wait_until("wan1 has no carrier", LIMIT, || lab.gw().run("ip link show dev wan1").contains("NO-CARRIER"));
    assert!(pings(&lab, "wan2", NET4));
    lab.isp(1).carrier(true);
    wait_until("wan1 carries again", LIMIT, || pings(&lab, "wan1", NET4) && pings(&lab, "wan1", NET6));
}

#[test]
fn targets_die_on_one_link_or_everywhere() {
    let lab = Lab::builder("target").without_shorewall().build();
    lab.isp(1).lose_target(NET4, true);
    assert!(!pings(&lab, "wan1", NET4) && pings(&lab, "wan1", "192.0.2.2") && pings(&lab, "wan2", NET4));
    lab.isp(1).lose_target(NET4, false);
    lab.target_dead("192.0.2.2", true);
    assert!(pings(&lab, "wan1", NET4) && !pings(&lab, "wan1", "192.0.2.2") && !pings(&lab, "wan2", "192.0.2.2"));
    lab.target_dead("192.0.2.2", false);
    assert!(pings(&lab, "wan2", "192.0.2.2"));
}

#[test]
fn loss_takes_its_share() {
    let lab = Lab::builder("loss").without_shorewall().build();
    lab.isp(1).lose(30);
    let output = lab.gw().try_run(&format!("ping -n -q -c500 -i0.002 -W1 -I wan1 {NET4}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let received: u32 =
        text.split(" received").next().and_then(|t| t.rsplit(' ').next()?.parse().ok()).expect("a count");
    assert!((290..=410).contains(&received), "{text}");
    lab.isp(1).lose(100);
    assert!(!pings(&lab, "wan1", NET4));
}

#[test]
fn the_isps_box_moves_to_another_address() {
    let lab = Lab::builder("move").without_shorewall().build();
    lab.isp(1).move_gateway(254);
    lab.gw().run("ip neigh flush dev wan1");
    assert!(!pings(&lab, "wan1", BOX4) && pings(&lab, "wan1", "198.51.100.254"));
}

#[test]
fn a_wire_delays_loses_and_survives_a_pulled_cable() {
    let conditions = Conditions::seeded(1).delay(Duration::from_millis(25));
    let lab = Lab::builder("wire").wire(1, conditions).build();
    assert!(lab.gw().balance_has("wan1", Family::V4));
    assert!(pings(&lab, "wan1", NET4));
    let slowest = |wire: &rebootping_lab::Wire| wire.echoes().iter().filter_map(rebootping_lab::Echo::round_trip).max();
    let round_trip = slowest(lab.isp(1).wire()).expect("the wire saw the echo");
    assert!(round_trip >= Duration::from_millis(50), "{round_trip:?}");
    lab.isp(1).wire().set(Conditions::seeded(1).loss(100.0));
    assert!(!pings(&lab, "wan1", NET4));
    lab.isp(1).carrier(false);
    lab.isp(1).wire().set(Conditions::seeded(1).duplicate(50.0).reorder(20.0).jitter(Duration::from_millis(2)));
    wait_until("wan1 has no carrier", LIMIT, || lab.gw().run("ip link show dev wan1").contains("NO-CARRIER"));
    lab.isp(1).carrier(true);
    wait_until("the wire carries again", LIMIT, || pings(&lab, "wan1", NET4));
    let output = lab.gw().try_run(&format!("ping -n -q -c100 -i0.01 -W1 -I wan1 {NET4}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("100 received") && text.contains("duplicates"), "{text}");
}

#[test]
fn a_wire_carries_large_tcp_segments_unharmed() {
    let lab = Lab::builder("bulk").isps(1).wire(1, Conditions::seeded(1).delay(Duration::from_millis(1))).build();
    let listener = lab.net().enter(|| TcpListener::bind("192.0.2.2:9000")).expect("it listens");
    let text: Vec<u8> = (0..10_000_000_u32).map(|n| (n >> 7) as u8).collect();
    let (text, lab) = (&text, &lab);
    let received = thread::scope(|scope| {
        let mut client = lab.lan(1).enter(|| TcpStream::connect("192.0.2.2:9000")).expect("it connects");
        scope.spawn(move || client.write_all(text).and_then(|()| client.shutdown(Shutdown::Write)).expect("it sends"));
        let mut received = Vec::new();
        listener.accept().expect("it accepts").0.read_to_end(&mut received).expect("it receives");
        received
    });
    assert!(received == *text, "{} of {} bytes arrived", received.len(), text.len());
}

#[test]
fn the_gateways_address_changes() {
    let lab = Lab::builder("renumber").without_shorewall().build();
    lab.gw().change_address("wan1", 99);
    assert_eq!(lab.gw().address("wan1", Family::V4), Some("198.51.100.99".parse().expect("an address")));
    assert!(pings(&lab, "wan1", BOX4));
}

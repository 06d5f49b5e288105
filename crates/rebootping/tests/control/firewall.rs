//! Whatever happens to the firewall or to us: a restriction is back at once, and its end is not forgotten.

use rebootping_lab::wait_until;

use crate::support::{
    BACK_LIMIT, TABLET, flows, internet, is_restricted, lab, order, start, table, wait_flowing, wait_still,
};

#[test]
fn no_command_of_shorewall_opens_a_window() {
    let lab = lab("window").build();
    let daemon = start(&lab, "");
    order(&daemon, &["restrict", TABLET, "pause"]);
    let flows = flows(&lab);
    wait_still(&flows);
    let before = table(&lab).expect("it is there");
    for command in ["restart", "stop", "start", "clear", "start", "reload"] {
        lab.gw().shorewall(command);
        lab.gw().shorewall6(command);
        assert!(is_restricted(&lab), "shorewall {command}");
    }
    wait_still(&flows);
    assert_eq!(internet(&lab), [false, false]);
    let rules = |table: &str| table.lines().filter(|line| !line.contains("counter")).collect::<Vec<_>>().join("\n");
    assert_eq!(rules(&table(&lab).expect("it is there")), rules(&before));
}

#[test]
fn what_somebody_takes_out_of_the_firewall_is_back_at_once_and_said() {
    let lab = lab("flush").build();
    let daemon = start(&lab, "");
    order(&daemon, &["restrict", TABLET, "pause"]);
    let harms = [
        "nft flush ruleset",
        "nft delete table inet rebootping",
        "nft flush chain inet rebootping forward",
        "nft flush set inet rebootping pause",
        "nft insert rule inet rebootping forward accept",
        "nft flush set inet rebootping internet",
    ];
    for harm in harms {
        let whole = table(&lab).expect("it is there");
        lab.gw().run(harm);
        let took = wait_until(&format!("the table is whole after {harm}"), BACK_LIMIT, || {
            table(&lab).is_some_and(|table| shape(&table) == shape(&whole))
        });
        println!("{harm}: whole again after {took:?}");
    }
    assert!(daemon.log().contains("somebody took the restrictions of devices out of the firewall"), "{}", daemon.log());
    // Flushing took Shorewall's own rules too.
    lab.gw().shorewall("restart");
    lab.gw().shorewall6("restart");
    assert_eq!(internet(&lab), [false, false]);
}

/// A table without what it has counted.
fn shape(table: &str) -> String {
    let plain = |word: &&str| word.parse::<u64>().is_err();
    table.split_whitespace().filter(plain).collect::<Vec<_>>().join(" ")
}

#[test]
fn neither_a_kill_nor_a_restart_of_ours_opens_a_window() {
    let lab = lab("kill").build();
    let daemon = start(&lab, "");
    let flows = flows(&lab);
    wait_flowing(&flows);
    order(&daemon, &["restrict", TABLET, "pause"]);
    wait_still(&flows);
    daemon.kill9();
    assert!(is_restricted(&lab) && internet(&lab) == [false, false], "it stays while nobody runs");
    let daemon = start(&lab, "");
    assert_eq!(internet(&lab), [false, false]);
    lab.gw().run("nft delete table inet rebootping");
    wait_until("the next daemon keeps it up", BACK_LIMIT, || is_restricted(&lab));
    assert!(daemon.terminate().0.success());
    assert!(is_restricted(&lab));
    // What is lost while nobody runs is back with the next start.
    lab.gw().run("nft delete table inet rebootping");
    let _daemon = start(&lab, "");
    wait_until("it is back with the start", BACK_LIMIT, || is_restricted(&lab));
    assert_eq!(internet(&lab), [false, false]);
}

#[test]
fn release_takes_the_table_away_with_a_daemon_and_without() {
    let lab = lab("ctlrelease").build();
    let daemon = start(&lab, "");
    order(&daemon, &["restrict", TABLET, "pause"]);
    assert!(daemon.cli(&["release"]).status.success());
    wait_until("the table is gone", BACK_LIMIT, || table(&lab).is_none());
    assert_eq!(internet(&lab), [true, true]);
    assert!(daemon.terminate().0.success());

    let daemon = start(&lab, "");
    wait_until("the next start restricts again", BACK_LIMIT, || is_restricted(&lab));
    let config = daemon.config_path().to_owned();
    assert!(daemon.terminate().0.success());
    let mut release = lab.gw().command(env!("CARGO_BIN_EXE_rebootping"));
    let output = release.arg("--config").arg(config).arg("release").output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(table(&lab), None);
}

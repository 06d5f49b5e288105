//! tshark on a link: its packets, and beside them what was judged.

use std::time::{Duration, Instant};

use rebootping_lab::{Lab, SWITCH_LIMIT, wait_until};

use crate::shark::Wireshark;
use crate::support::{KEEP_ALL, captures};

const SETTLE_LIMIT: Duration = Duration::from_secs(30);

#[test]
fn a_link_is_captured_by_its_interface_and_a_verdict_stands_beside_the_packet_after_it() {
    let lab = Lab::builder("verdict").default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping"));
    let lab = lab.without_shorewall().build();
    let daemon = lab.gw().daemon(&format!("{KEEP_ALL}[[link]]\ninterface = \"wan1\"\nlabel = \"fibre\"\n"));
    daemon.wait_ready();
    wait_until("both links are healthy and captured", SETTLE_LIMIT, || {
        ["wan1", "wan2"].iter().all(|link| daemon.link(link)["healthy"] == true && captures(&daemon, link))
    });
    let wireshark = Wireshark::install(&lab.gw(), &daemon, &lab.dir());
    wait_until("the links are listed", SETTLE_LIMIT, || {
        let (_, listed) = wireshark.tshark(&["-D"]);
        listed.contains("rebootping-wan1 (link fibre (wan1))") && listed.contains("rebootping-wan2 (link wan2)")
    });
    let fields = ["-T", "fields", "-E", "separator=|", "-e", "frame.interface_name", "-e", "frame.comment"];
    let capture = wireshark.capture("rebootping-wan1", &fields);
    assert_eq!(capture.line(SETTLE_LIMIT), "wan1|");
    lab.isp(1).blackhole(true);
    let begun = Instant::now();
    let verdict = loop {
        let line = capture.line(SWITCH_LIMIT);
        let (interface, comment) = line.split_once('|').expect("two fields");
        assert_eq!(interface, "wan1");
        if !comment.is_empty() {
            break comment.to_owned();
        }
        assert!(begun.elapsed() < SWITCH_LIMIT * 2, "no verdict came");
    };
    // It may have answered some of the round in which it broke.
    let judged =
        |count| verdict.starts_with(&format!("fibre (IPv4) judged unhealthy, not in use: answered {count} of"));
    assert!(["none", "1", "2", "3"].into_iter().any(judged), "{verdict}");
    capture.stop();
}
